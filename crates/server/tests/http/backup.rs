//! `limpet-server backup` and `restore`.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use limpet_model::{AttachmentId, AttachmentKind, AttachmentState};

use crate::{
    clinic::{Case, Device, file, ok},
    process::{PROGRAM, Process, furnish, made_clip, phone_clip, run, settled, staff},
    uploads::{chunk, create, head, offset, send_clip},
};

/// Where nobody can listen: a server that should not have started does not stay.
const NOWHERE: &str = "203.0.113.1:1";

fn backup(data: &Path, to: &Path, more: &[&str]) -> (bool, String) {
    said(&run(&[&["backup", "--to", to.to_str().unwrap()], more].concat(), data, ""))
}

fn restore(from: &Path, data: &Path) -> (bool, String) {
    said(&run(&["restore", "--from", from.to_str().unwrap()], data, ""))
}

fn said(output: &std::process::Output) -> (bool, String) {
    let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    (output.status.success(), String::from_utf8(text).unwrap())
}

/// The whole backups in a folder, oldest first.
fn backups(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut whole: Vec<PathBuf> = entries.filter(|path| path.join("manifest.json").exists()).collect();
    whole.sort();
    whole
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files_below(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

fn document(n: u32) -> Vec<u8> {
    let mut bytes = b"%PDF-1.4\n".to_vec();
    bytes.extend((0..300_000_u32).map(|at| (at.wrapping_mul(2_654_435_761).wrapping_add(n) >> 11) as u8));
    bytes
}

async fn send_document(device: &Device, case: &Case, bytes: Vec<u8>) -> AttachmentId {
    let id = device.announce(case, file(AttachmentKind::Document, "scan.pdf", bytes.len())).await;
    create(device, id, bytes.len() as i64).await;
    ok(chunk(device, id, 0).body(bytes).send().await.unwrap()).await;
    id
}

async fn original(device: &Device, id: AttachmentId) -> Vec<u8> {
    let response = device.get(&format!("/v1/attachments/{id}/original")).await;
    assert_eq!(response.status(), 200, "{id}");
    response.bytes().await.unwrap().to_vec()
}

#[tokio::test]
async fn what_was_there_when_a_backup_was_taken_under_load_comes_back_byte_for_byte() {
    let (data, to, other) =
        (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    furnish(data.path());
    // Files are sent quicker than they are prepared: some always wait when a backup begins.
    let process = Process::start(data.path(), &["--workers", "1"]);
    let device = staff(&process).await;
    let case = device.open_case().await;
    let (clip, second) = (phone_clip(), made_clip(2));
    let mut sent: BTreeMap<AttachmentId, Vec<u8>> = BTreeMap::new();
    sent.insert(send_clip(&device, &case, clip.clone()).await, clip);
    for id in sent.keys() {
        assert_eq!(settled(&device, *id).await.state, AttachmentState::Ready);
    }
    // A part of a file has arrived, and the rest has not.
    let late = document(7);
    let half = device.announce(&case, file(AttachmentKind::Document, "late.pdf", late.len())).await;
    create(&device, half, late.len() as i64).await;
    ok(chunk(&device, half, 0).body(late[..100_000].to_vec()).send().await.unwrap()).await;

    let over = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..3)
        .map(|writer: u32| {
            let (device, over) = (device.clone(), over.clone());
            tokio::spawn(async move {
                let (mut said, mut files, mut n) = (Vec::new(), Vec::new(), writer);
                while !over.load(Ordering::Relaxed) {
                    n += 10;
                    let id = device.say(&case, &format!("Writer {writer} says {n}")).await;
                    said.push((Instant::now(), id));
                    if n % 3 == 0 {
                        let bytes = document(n);
                        let id = send_document(&device, &case, bytes.clone()).await;
                        files.push((Instant::now(), id, bytes));
                    }
                }
                (said, files)
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let folder = to.path().to_owned();
    let take = async || {
        let (data, to) = (data.path().to_owned(), folder.clone());
        tokio::task::spawn_blocking(move || backup(&data, &to, &[])).await.unwrap()
    };
    let (well, words) = take().await;
    assert!(well, "{words}");
    tokio::time::sleep(Duration::from_millis(500)).await;
    sent.insert(send_clip(&device, &case, second.clone()).await, second);
    let begun = Instant::now();
    let (well, words) = take().await;
    assert!(well, "{words}");
    over.store(true, Ordering::Relaxed);
    let (mut messages, mut later) = (Vec::new(), 0);
    for writer in writers {
        let (said, files) = writer.await.unwrap();
        later += said.iter().filter(|(at, _)| *at >= begun).count();
        // What was answered before the backup began is in it.
        messages.extend(said.iter().filter(|(at, _)| *at < begun).map(|(_, id)| *id));
        let before = files.into_iter().filter(|(at, ..)| *at < begun);
        sent.extend(before.map(|(_, id, bytes)| (id, bytes)));
    }
    assert!(messages.len() > 20 && later > 0, "there was no load: {} {later}", messages.len());
    let newest = device.changes(0, 1000).await;
    device.say(&case, "After the backup").await;
    let mut since = newest.revision;
    loop {
        let page = device.changes(since.0, 1000).await;
        since = page.revision;
        if !page.more {
            break;
        }
    }
    process.kill();

    let (well, words) = restore(to.path(), other.path());
    assert!(well && words.contains("restored"), "{words}");
    let (well, words) = said(&run(&["doctor"], other.path(), ""));
    assert!(well, "{words}");
    let process = Process::start(other.path(), &["--workers", "2"]);
    let device = Device { base: process.base.clone(), ..device };
    // The device has seen more than there is: it is told by a revision that goes backwards.
    assert!(device.changes(since.0, 10).await.revision < since);
    // And by the name of the past, which is another one: the server may have overtaken it meanwhile.
    assert_ne!(device.changes(0, 1).await.epoch, newest.epoch);
    let mut there = Vec::new();
    let mut from = limpet_model::Revision(0);
    loop {
        let page = device.changes(from.0, 1000).await;
        from = page.revision;
        there.extend(page.changes.into_iter().map(|change| change.entity));
        if !page.more {
            break;
        }
    }
    for message in &messages {
        let found = there.iter().any(
            |entity| matches!(entity, limpet_wire::changes::Entity::Message(found) if found.id == *message),
        );
        assert!(found, "{message} is lost");
    }
    for (id, bytes) in &sent {
        let attachment = settled_among(&device, *id).await;
        assert_eq!(attachment, AttachmentState::Ready, "{id}");
        assert!(original(&device, *id).await == *bytes, "{id} is not what was sent");
    }
    let kept = offset(&head(&device, half).await);
    assert_eq!(kept, 100_000, "what had arrived is there");
    ok(chunk(&device, half, kept).body(late[100_000..].to_vec()).send().await.unwrap()).await;
    assert_eq!(settled_among(&device, half).await, AttachmentState::Ready);
    assert!(original(&device, half).await == late);
    assert!(process.terminate().success());
    let (well, words) = said(&run(&["doctor"], other.path(), ""));
    assert!(well, "{words}");
}

/// Like `settled`, where there are more changes than a page.
async fn settled_among(device: &Device, id: AttachmentId) -> AttachmentState {
    let begun = Instant::now();
    loop {
        let response = device.get(&format!("/v1/attachments/{id}/original")).await;
        if response.status() == 200 {
            let mut since = limpet_model::Revision(0);
            loop {
                let page = device.changes(since.0, 1000).await;
                since = page.revision;
                let found = page.changes.into_iter().find_map(|change| match change.entity {
                    limpet_wire::changes::Entity::Attachment(found) if found.id == id => Some(found.state),
                    _ => None,
                });
                if let Some(state @ (AttachmentState::Ready | AttachmentState::Refused { .. })) = found {
                    return state;
                }
                if !page.more {
                    break;
                }
            }
        }
        assert!(begun.elapsed() < Duration::from_secs(120), "{id} never settled");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// A folder with a practice, a session and a few blobs in it, which nobody serves.
async fn quiet_folder() -> (tempfile::TempDir, PathBuf) {
    let data = tempfile::tempdir().unwrap();
    furnish(data.path());
    let process = Process::start(data.path(), &[]);
    let device = staff(&process).await;
    let case = device.open_case().await;
    let id = send_clip(&device, &case, made_clip(1)).await;
    assert_eq!(settled(&device, id).await.state, AttachmentState::Ready);
    assert!(process.terminate().success());
    let poster = files_below(&data.path().join("blobs")).into_iter().find(|path| path.ends_with("poster"));
    (data, poster.unwrap())
}

#[tokio::test]
async fn a_second_backup_copies_what_is_new_and_the_first_one_stays_what_it_was() {
    let (data, poster) = quiet_folder().await;
    let (to, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    assert!(backup(data.path(), to.path(), &[]).0);
    let pool = files_below(&to.path().join("blobs"));
    assert_eq!(pool.len(), 3, "original, poster and rendition: {pool:?}");
    let written = |file: &PathBuf| fs::metadata(file).unwrap().modified().unwrap();
    let times: Vec<_> = pool.iter().map(written).collect();
    let first = fs::read(&poster).unwrap();
    fs::write(&poster, b"another picture").unwrap();
    let (well, words) = backup(data.path(), to.path(), &[]);
    assert!(well, "{words}");
    assert_eq!(files_below(&to.path().join("blobs")).len(), 4);
    assert_eq!(pool.iter().map(written).collect::<Vec<_>>(), times, "nothing was written over");

    let below = poster.strip_prefix(data.path()).unwrap();
    let [old, new] = backups(to.path()).try_into().unwrap();
    assert!(restore(&old, &other.path().join("old")).0);
    assert_eq!(fs::read(other.path().join("old").join(below)).unwrap(), first);
    assert!(restore(to.path(), &other.path().join("new")).0, "the newest");
    assert_eq!(fs::read(other.path().join("new").join(below)).unwrap(), b"another picture");
    // What is restored is backed up without reading it again.
    let (well, words) = backup(&other.path().join("new"), to.path(), &["--keep", "1"]);
    assert!(well, "{words}");
    let left = backups(to.path());
    assert!(left.len() == 1 && left[0] > new, "{left:?}");
    assert_eq!(files_below(&to.path().join("blobs")).len(), 3, "the old picture is nobody's now");
    assert!(restore(to.path(), &other.path().join("again")).0);
}

#[tokio::test]
async fn what_is_wrong_with_a_backup_is_said_before_anything_is_restored() {
    let (data, _) = quiet_folder().await;
    let (to, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let refused = |done: (bool, String), part: &str| {
        assert!(!done.0 && done.1.contains(part), "{part}: {}", done.1);
    };
    refused(backup(other.path(), to.path(), &[]), "there is no database");
    refused(backup(data.path(), &data.path().join("backups"), &[]), "inside the data folder");
    fs::remove_dir(data.path().join("backups")).unwrap();
    refused(restore(to.path(), other.path()), "there is no backup");
    assert!(backup(data.path(), to.path(), &[]).0);
    let whole = backups(to.path()).pop().unwrap();

    let full = other.path().join("full");
    fs::create_dir(&full).unwrap();
    fs::write(full.join("letter.txt"), b"mine").unwrap();
    refused(restore(to.path(), &full), "is not empty");
    assert_eq!(fs::read(full.join("letter.txt")).unwrap(), b"mine");
    let process = Process::start(data.path(), &[]);
    refused(restore(to.path(), data.path()), "at work");
    assert!(process.terminate().success());

    let empty = other.path().join("empty");
    let is_clean = || files_below(&empty).iter().all(|path| path.ends_with("lock"));
    let pool = files_below(&to.path().join("blobs"));
    for changed in [pool[0].clone(), pool[1].clone(), whole.join("limpet.db")] {
        let as_it_was = fs::read(&changed).unwrap();
        let mut bytes = as_it_was.clone();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&changed, bytes).unwrap();
        let name = changed.strip_prefix(to.path()).unwrap_or(&changed);
        let name = if changed.ends_with("limpet.db") { "limpet.db".into() } else { name.with_extension("") };
        refused(restore(to.path(), &empty), &format!("{} of the backup is not what was", name.display()));
        assert!(is_clean(), "nothing is left of it");
        fs::write(&changed, as_it_was).unwrap();
    }
    fs::rename(&pool[2], to.path().join("elsewhere")).unwrap();
    refused(restore(to.path(), &empty), "of the backup is gone");
    fs::rename(to.path().join("elsewhere"), &pool[2]).unwrap();

    let manifest = fs::read_to_string(whole.join("manifest.json")).unwrap();
    let schema = manifest.split("\"schema\":").nth(1).unwrap().split(',').next().unwrap();
    let edit = |from: &str, to: &str| {
        assert!(manifest.contains(from));
        fs::write(whole.join("manifest.json"), manifest.replace(from, to)).unwrap();
    };
    edit(&format!("\"schema\":{schema}"), "\"schema\":9999");
    refused(restore(to.path(), &empty), "step 9999");
    edit("\"format\":1", "\"format\":2");
    refused(restore(to.path(), &empty), "newer limpet-server");
    edit("\"path\":\"limpet.db\"", "\"path\":\"../limpet.db\"");
    refused(restore(to.path(), &empty), "is not what was");
    assert!(!other.path().join("limpet.db").exists());
    fs::write(whole.join("manifest.json"), "{").unwrap();
    refused(restore(to.path(), &empty), "cannot be read");
    fs::write(whole.join("manifest.json"), &manifest).unwrap();

    // A restore that was killed is never served, and is begun anew by the same command.
    let half = other.path().join("half");
    fs::create_dir_all(half.join("restoring")).unwrap();
    fs::create_dir_all(half.join("blobs/moved/already")).unwrap();
    refused(said(&run(&["serve", "--listen", NOWHERE], &half, "")), "not all of it is there");
    let (well, words) = restore(to.path(), &half);
    assert!(well, "{words}");
    assert!(!half.join("blobs/moved").exists());
    assert!(said(&run(&["doctor"], &half, "")).0);
}

/// Makes a blob that takes a while to copy.
fn make_large(data: &Path) {
    let folder = data.join("blobs/strange/large");
    fs::create_dir_all(&folder).unwrap();
    fs::File::create(folder.join("file")).unwrap().set_len(600_000_000).unwrap();
}

#[tokio::test]
async fn a_backup_that_is_broken_off_does_not_look_whole() {
    let (data, _) = quiet_folder().await;
    let (to, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    make_large(data.path());
    let part = to.path().join("blobs/strange/large/file.part");
    for (signal, left) in [("-INT", "there is no backup"), ("-KILL", "was not finished")] {
        // What the one before left.
        let _ = fs::remove_file(&part);
        let mut child = Command::new(PROGRAM)
            .args(["backup", "--data"])
            .arg(data.path())
            .arg("--to")
            .arg(to.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let begun = Instant::now();
        while !part.exists() {
            assert!(begun.elapsed() < Duration::from_secs(60) && child.try_wait().unwrap().is_none());
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
        assert!(!child.wait().unwrap().success(), "{signal}");
        assert!(backups(to.path()).is_empty());
        let (well, words) = restore(to.path(), &other.path().join("empty"));
        assert!(!well && words.contains(left), "{signal}: {words}");
    }
    fs::remove_dir_all(data.path().join("blobs/strange")).unwrap();
    let (well, words) = backup(data.path(), to.path(), &["--keep", "3"]);
    assert!(well, "{words}");
    let left = |path: &PathBuf| path.strip_prefix(to.path()).unwrap().to_string_lossy().contains(".part");
    assert!(!files_below(to.path()).iter().any(left), "{:?}", files_below(to.path()));
    assert!(restore(to.path(), &other.path().join("empty")).0);
}

#[tokio::test]
async fn a_flipped_byte_in_a_backup_is_found_before_it_is_needed() {
    let (data, to, other) =
        (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    furnish(data.path());
    let process = Process::start(data.path(), &[]);
    let device = staff(&process).await;
    let case = device.open_case().await;
    let first = send_document(&device, &case, document(1)).await;
    assert_eq!(settled(&device, first).await.state, AttachmentState::Ready);
    assert!(backup(data.path(), to.path(), &[]).0);
    let second = send_document(&device, &case, document(2)).await;
    assert_eq!(settled(&device, second).await.state, AttachmentState::Ready);
    // Backups are named by the second.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert!(backup(data.path(), to.path(), &[]).0);
    drop(process);
    let check = |from: &Path| said(&limpet(&["restore", "--from", from.to_str().unwrap(), "--check"]));
    let (well, words) = check(to.path());
    assert!(well && words.contains("2 backups") && words.contains("all as they were"), "{words}");
    let whole = backups(to.path());
    let before: Vec<_> = files_below(to.path()).iter().map(|path| fs::read(path).unwrap()).collect();

    let flip = |path: &Path| {
        let mut bytes = fs::read(path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(path, bytes).unwrap();
    };
    let blob = |id: AttachmentId| {
        let found = files_below(&to.path().join("blobs"));
        found.into_iter().find(|path| path.to_str().unwrap().contains(&format!("{id}/original."))).unwrap()
    };
    // One that both need, one that only the newer needs, and a database.
    for (path, of) in [(blob(first), 2), (blob(second), 1), (whole[1].join("limpet.db"), 1)] {
        flip(&path);
        let (well, words) = check(to.path());
        assert!(!well && words.contains(&format!("changed: {}", path.display())), "{words}");
        let named = whole.iter().filter(|it| words.contains(it.file_name().unwrap().to_str().unwrap()));
        // The path of a database holds the name of its backup, too.
        assert_eq!(named.count(), of, "{words}");
        assert!(!check(&whole[1]).0);
        assert_eq!(check(&whole[0]).0, of == 1, "only what is of this one");
        flip(&path);
    }
    let gone = blob(second);
    let kept = fs::read(&gone).unwrap();
    fs::remove_file(&gone).unwrap();
    assert!(check(to.path()).1.contains(&format!("gone: {}", gone.display())));
    fs::write(&gone, kept).unwrap();
    assert!(check(to.path()).0);
    let after: Vec<_> = files_below(to.path()).iter().map(|path| fs::read(path).unwrap()).collect();
    assert!(before == after, "nothing was changed");
    assert!(!check(other.path()).0, "an empty folder is no backup");
    // What was restored says so in the log of the practice.
    let (well, words) = restore(to.path(), &other.path().join("data"));
    assert!(well, "{words}");
    let (_, listed) = said(&run(&["practice", "list"], &other.path().join("data"), ""));
    let practice = listed.split(' ').next().unwrap();
    let (_, log) = said(&run(&["audit", "export", "--practice", practice], &other.path().join("data"), ""));
    let last = log.lines().last().unwrap();
    assert!(
        last.contains("\"restored\"") && last.contains("operator") && last.contains("taken_at"),
        "{last}"
    );
}

/// A command that is given no data folder.
fn limpet(args: &[&str]) -> std::process::Output {
    Command::new(PROGRAM).args(args).output().unwrap()
}

//! `limpet-server backup`: also under load, while something is removed, and broken off.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use limpet_model::{AttachmentId, AttachmentKind, AttachmentState, Millis};
use limpet_server::{
    blobs::{Blobs, Part},
    clock::Clock,
    file_of::FileOf,
    retention::GRACE,
    store::jobs::Lane,
    view::View,
};

use crate::{
    clinic::{Case, Device, file, ok},
    ground,
    process::{PROGRAM, Process, furnish, made_clip, phone_clip, run, settled, staff},
    retention::archive,
    uploads::{chunk, create, head, offset, send_clip},
};

pub fn backup(data: &Path, to: &Path, more: &[&str]) -> (bool, String) {
    said(&run(&[&["backup", "--to", to.to_str().unwrap()], more].concat(), data, ""))
}

pub fn restore(from: &Path, data: &Path) -> (bool, String) {
    said(&run(&["restore", "--from", from.to_str().unwrap()], data, ""))
}

pub fn said(output: &std::process::Output) -> (bool, String) {
    let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    (output.status.success(), String::from_utf8(text).unwrap())
}

/// The whole backups in a folder, oldest first.
pub fn backups(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut whole: Vec<PathBuf> = entries.filter(|path| path.join("manifest.json").exists()).collect();
    whole.sort();
    whole
}

pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files_below(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

pub fn document(n: u32) -> Vec<u8> {
    let mut bytes = b"%PDF-1.4\n".to_vec();
    bytes.extend((0..300_000_u32).map(|at| (at.wrapping_mul(2_654_435_761).wrapping_add(n) >> 11) as u8));
    bytes
}

pub async fn send_document(device: &Device, case: &Case, bytes: Vec<u8>) -> AttachmentId {
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
pub async fn quiet_folder() -> (tempfile::TempDir, PathBuf) {
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

/// A backup of a folder with a blob that takes a while to copy, at the moment when it is being copied. `name` says
/// whether that is before or after what attachments have.
fn taking(data: &Path, to: &Path, name: &str) -> Child {
    let folder = data.join("blobs").join(name).join("large");
    fs::create_dir_all(&folder).unwrap();
    fs::File::create(folder.join("file")).unwrap().set_len(600_000_000).unwrap();
    let part = part_of_large(to, name);
    // What another one left.
    let _ = fs::remove_file(&part);
    let mut child = Command::new(PROGRAM)
        .args(["backup", "--data"])
        .arg(data)
        .arg("--to")
        .arg(to)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while !part.exists() {
        assert!(begun.elapsed() < Duration::from_secs(60) && child.try_wait().unwrap().is_none());
        std::thread::sleep(Duration::from_millis(5));
    }
    child
}

fn part_of_large(to: &Path, name: &str) -> PathBuf {
    to.join("blobs").join(name).join("large/file.part")
}

#[tokio::test]
async fn a_backup_that_is_broken_off_does_not_look_whole() {
    let (data, _) = quiet_folder().await;
    let (to, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for (signal, left) in [("-INT", "there is no backup"), ("-KILL", "was not finished")] {
        let mut child = taking(data.path(), to.path(), "strange");
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

/// Removed after the backup listed the files and before it came to them. Nobody removes the second one: it is lost.
#[tokio::test]
async fn what_is_removed_while_a_backup_is_taken_is_left_out_and_what_is_lost_is_named() {
    let (data, to, other) =
        (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    furnish(data.path());
    let blobs = ground::blobs(data.path());
    let archive = ground::with_store(data.path(), async |store| archive(store, &blobs, 3).await).await;
    let [(removed, file), (_, lost), _] = archive.files[..] else { panic!("three") };
    let child = taking(data.path(), to.path(), "0");
    ground::with_store(data.path(), async |store| {
        let now = Clock::system().now();
        store.plan_retention(Millis(now.0 - GRACE)).await.unwrap();
        let job = store.claim_job(Lane::Removal, "test", now).await.unwrap().unwrap();
        let done = store.remove_conversations(job, &[removed], now).await.unwrap().unwrap();
        assert_eq!(done.conversations, 1);
    })
    .await;
    // All but one part, as a removal that is under way.
    for part in ["original", "rendition"] {
        fs::remove_file(
            data.path().join("blobs").join(Blobs::path_of(file, Part::Original)).with_file_name(part),
        )
        .unwrap();
    }
    assert!(part_of_large(to.path(), "0").exists(), "the backup did not wait for this");
    let (well, words) = said(&child.wait_with_output().unwrap());
    assert!(well && !words.contains("missing"), "{words}");
    assert!(
        !files_below(to.path()).iter().any(|path| is_of(path, file)),
        "it lies there, and no backup has it"
    );
    fs::remove_dir_all(data.path().join("blobs/0")).unwrap();
    assert!(said(&limpet(&["restore", "--from", to.path().to_str().unwrap(), "--check"])).0);
    let (well, words) = restore(to.path(), other.path());
    assert!(well && !words.contains("missing"), "{words}");
    assert_eq!(said(&run(&["doctor"], other.path(), "")), (true, "all is well\n".into()));
    assert!(!files_below(other.path()).iter().any(|path| path.ends_with("poster") && is_of(path, file)));
    ground::with_store(other.path(), async |store| {
        let of = async |of: FileOf| {
            store.attachment(of.practice, View::Staff, of.attachment).await.unwrap().unwrap()
        };
        let state = of(file).await.state;
        assert!(
            matches!(&state, AttachmentState::Refused { reason } if reason.contains("removed")),
            "{state:?}"
        );
        assert_eq!(of(lost).await.state, AttachmentState::Ready);
        store.verify_audit(file.practice).await.unwrap().unwrap();
    })
    .await;

    blobs.remove(lost).await.unwrap();
    let (well, words) = backup(data.path(), to.path(), &[]);
    let named = words.lines().filter(|line| line.starts_with("missing")).collect::<Vec<_>>();
    assert!(!well && named.len() == 3 && named.iter().all(|line| is_of(Path::new(line), lost)), "{words}");
}

fn is_of(path: &Path, of: FileOf) -> bool {
    path.to_str().unwrap().contains(&of.attachment.to_string())
}

/// A command that is given no data folder.
pub fn limpet(args: &[&str]) -> std::process::Output {
    Command::new(PROGRAM).args(args).output().unwrap()
}

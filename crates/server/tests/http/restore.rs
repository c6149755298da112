//! `limpet-server restore`: what is not whole is refused before anything is restored, and nothing is removed at once
//! afterwards.

use std::{fs, path::Path, time::Duration};

use limpet_model::{AttachmentId, AttachmentState, Millis};
use limpet_server::{backup as keeping, clock::Clock, retention::GRACE, store::jobs::Lane};
use limpet_wire::changes::ChangePage;

use crate::{
    backup::{backup, backups, document, files_below, limpet, quiet_folder, restore, said, send_document},
    clinic::Device,
    ground,
    process::{Process, furnish, run, settled, staff},
    retention::{archive, left},
    uploads::until_it_is,
};

/// Where nobody can listen: a server that should not have started does not stay.
const NOWHERE: &str = "203.0.113.1:1";

#[tokio::test]
async fn what_is_wrong_with_a_backup_is_said_before_anything_is_restored() {
    let (data, _) = quiet_folder().await;
    let (to, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let refused = |done: (bool, String), part: &str| {
        assert!(!done.0 && done.1.contains(part), "{part}: {}", done.1);
    };
    refused(backup(other.path(), to.path(), &[]), "there is no database");
    refused(backup(data.path(), &data.path().join("backups"), &[]), "inside the data folder");
    assert!(!data.path().join("backups").exists(), "nothing is made where it must not be");
    refused(backup(data.path(), &data.path().join("a/b"), &[]), "inside the data folder");
    assert!(!data.path().join("a").exists());
    refused(restore(to.path(), other.path()), "there is no backup");
    assert!(backup(data.path(), to.path(), &[]).0);
    let whole = backups(to.path()).pop().unwrap();

    let full = other.path().join("full");
    fs::create_dir(&full).unwrap();
    fs::write(full.join("letter.txt"), b"mine").unwrap();
    refused(restore(to.path(), &full), "is not empty");
    assert_eq!(files_below(&full), [full.join("letter.txt")], "and no lock");
    assert_eq!(fs::read(full.join("letter.txt")).unwrap(), b"mine");
    let process = Process::start(data.path(), &[]);
    refused(restore(to.path(), data.path()), "at work");
    assert!(process.terminate().success());

    let empty = other.path().join("and/empty");
    let is_clean = || !other.path().join("and").exists();
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
        let own = path.ends_with("limpet.db");
        assert_eq!(words.contains("remove that backup's folder"), own, "{words}");
        assert_eq!(words.contains("take another backup"), !own, "{words}");
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

/// What else its backup needs is not known: it is named, and nothing that it may need is removed.
#[tokio::test]
async fn a_manifest_that_says_nothing_or_is_gone_keeps_no_other_backup_from_being_checked_or_taken() {
    let (data, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    furnish(data.path());
    for _ in 0..3 {
        assert!(backup(data.path(), to.path(), &[]).0);
    }
    let check = |from: &Path| said(&limpet(&["restore", "--from", from.to_str().unwrap(), "--check"]));
    let whole = backups(to.path());
    let manifest = whole[1].join("manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    let newer = text.replace("\"format\":1", "\"format\":2");
    let (later, blob) = (whole[2].join("limpet.db"), to.path().join("blobs/of/another"));
    let rows = fs::read(&later).unwrap();
    fs::create_dir_all(blob.parent().unwrap()).unwrap();
    fs::write(&blob, b"which one of the three may need").unwrap();
    fs::write(&later, b"rot").unwrap();
    for (harm, how) in [
        (Some("{"), "cannot be read"),
        (Some(&newer), "of a newer limpet-server and not compared"),
        (None, "gone"),
    ] {
        match harm {
            Some(text) => fs::write(&manifest, text).unwrap(),
            None => fs::remove_file(&manifest).unwrap(),
        }
        let named = format!("{how}: {}, of ", manifest.display());
        let (well, words) = check(to.path());
        assert!(!well && words.contains(&named), "{words}");
        assert!(words.contains(&format!("changed: {}", later.display())), "it goes on: {words}");
        assert!(words.contains("remove that backup's folder"), "{words}");
        let (well, words) = check(&whole[1]);
        assert!(!well && words.contains(&named), "{words}");

        let before = backups(to.path()).len();
        let (well, words) = backup(data.path(), to.path(), &["--keep", "3"]);
        let taken = backups(to.path());
        assert_eq!(taken.len(), before + 1, "nothing old was removed, and the new one is there");
        assert!(words.starts_with(taken.last().unwrap().to_str().unwrap()), "it is named first: {words}");
        assert!(!well && words.contains("nothing old was removed"), "{words}");
        assert!(whole[0].exists() && blob.exists());
        // So that it is among those that are kept the second time, too.
        fs::remove_dir_all(taken.last().unwrap()).unwrap();
    }
    fs::write(&manifest, text).unwrap();
    fs::write(&later, rows).unwrap();
    assert!(check(to.path()).0);
    let (well, words) = backup(data.path(), to.path(), &["--keep", "2"]);
    assert!(well && backups(to.path()).len() == 2 && !blob.exists(), "{words}");
}

/// Holds that were put on since the backup was taken are gone: there is a week to put them on again.
#[tokio::test]
async fn nothing_is_removed_in_the_week_after_a_restore_and_then_it_is() {
    let (data, to, other) =
        (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    furnish(data.path());
    let blobs = ground::blobs(data.path());
    let now = Clock::system().now();
    let archive = ground::with_store(data.path(), async |store| {
        // Due at once.
        store.plan_retention(Millis(now.0 - GRACE - 1)).await.unwrap();
        archive(store, &blobs, 2).await
    })
    .await;
    assert!(backup(data.path(), to.path(), &[]).0);
    let (new, old) = (other.path().join("new"), other.path().join("old"));
    keeping::restore(to.path(), &new, now).await.unwrap();
    ground::with_store(&new, async |store| {
        assert_eq!(store.next_retention(archive.practice).await.unwrap(), Some(Millis(now.0 + GRACE)));
        let early = store.claim_job(Lane::Removal, "test", Millis(now.0 + GRACE - 1)).await.unwrap();
        assert_eq!(early, None);
        assert_eq!(left(store, &archive).await, 2);
    })
    .await;
    // As if it had been restored a week ago.
    keeping::restore(to.path(), &old, Millis(now.0 - GRACE)).await.unwrap();
    let process = Process::start(&old, &[]);
    until_it_is(async || ground::with_store(&old, async |store| left(store, &archive).await).await == 0)
        .await;
    assert!(process.terminate().success());
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_on_the_machine_reads_what_clients_wrote() {
    use std::os::unix::fs::PermissionsExt;
    let place = tempfile::tempdir().unwrap();
    let (data, open, to) =
        (place.path().join("data"), place.path().join("open"), place.path().join("backups"));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let others = |folder: &Path| {
        let names = ["limpet.db", "uploads", "blobs"].map(|name| mode(&folder.join(name)) & 0o007);
        assert_eq!(names, [0; 3], "{}", folder.display());
    };
    furnish(&data);
    assert_eq!(mode(&data), 0o700, "made by `practice add`");
    Process::start(&data, &[]).kill();
    others(&data);
    // One that somebody made stays as it is, and what an older version left open in it is closed.
    let everybodys = fs::Permissions::from_mode(0o755);
    for folder in [data.clone(), data.join("uploads"), data.join("blobs"), data.join("limpet.db")] {
        fs::set_permissions(folder, everybodys.clone()).unwrap();
    }
    Process::start(&data, &[]).kill();
    others(&data);
    assert_eq!(mode(&data), 0o755);
    Process::start(&place.path().join("served"), &[]).kill();
    assert_eq!(mode(&place.path().join("served")), 0o700, "made by `serve`");

    assert!(backup(&data, &to, &[]).0);
    assert!(restore(&to, &place.path().join("restored")).0);
    assert_eq!(mode(&place.path().join("restored")), 0o700, "made by `restore`");
    fs::create_dir(&open).unwrap();
    fs::set_permissions(&open, everybodys).unwrap();
    assert!(restore(&to, &open).0);
    assert_eq!(mode(&open.join("limpet.db")) & 0o007, 0);
}

#[tokio::test]
async fn a_database_that_was_copied_by_hand_begins_another_past_once_no_server_has_it() {
    let data = tempfile::tempdir().unwrap();
    let (well, words) = said(&run(&["restored"], data.path(), ""));
    assert!(!well && words.contains("there is no database"), "{words}");
    furnish(data.path());
    let process = Process::start(data.path(), &[]);
    let device = staff(&process).await;
    device.open_case().await;
    let seen = device.changes(0, 1000).await;
    // It would go on telling devices of the past that it began with.
    let (well, words) = said(&run(&["restored"], data.path(), ""));
    assert!(!well && words.contains("at work"), "{words}");
    process.kill();
    let (well, words) = said(&run(&["restored"], data.path(), ""));
    assert!(well && words.contains("of 1 practice;"), "{words}");
    let process = Process::start(data.path(), &[]);
    let device = Device { base: process.base.clone(), ..device };
    let (since, epoch) = (seen.revision.0, &seen.epoch);
    let page: ChangePage = device.read(&format!("/v1/changes?since={since}&epoch={epoch}")).await;
    assert_eq!((page.revision.0, page.more), (0, true), "it is told to start over");
}

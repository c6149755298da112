//! `limpet-server doctor`.

use std::{
    fs,
    path::Path,
    time::{Duration, SystemTime},
};

use limpet_model::AttachmentState;
use limpet_server::{
    clock::Clock,
    store::{
        Store, file_url,
        jobs::{Lane, PutBack},
    },
};

use crate::{
    clinic::Device,
    process::{Process, furnish, made_clip, run, settled, staff},
    uploads::{send_clip, until_it_is},
};

fn doctor(data: &Path, more: &[&str]) -> (bool, String) {
    let output = run(&[&["doctor"], more].concat(), data, "");
    (output.status.success(), String::from_utf8(output.stdout).unwrap())
}

#[tokio::test]
async fn what_is_missing_is_made_again_and_nobodys_files_go() {
    let data = tempfile::tempdir().unwrap();
    furnish(data.path());
    let process = Process::start(data.path(), &[]);
    let device = staff(&process).await;
    let case = device.open_case().await;
    let id = send_clip(&device, &case, made_clip(2)).await;
    assert_eq!(settled(&device, id).await.state, AttachmentState::Ready);
    assert_eq!(doctor(data.path(), &[]), (true, "all is well\n".into()), "beside the running server");
    assert!(process.terminate().success());

    let blobs = data.path().join("blobs");
    let practice = fs::read_dir(&blobs).unwrap().next().unwrap().unwrap().path();
    let kept = practice.join(id.to_string());
    fs::remove_file(kept.join("poster")).unwrap();
    // As after a restored backup.
    fs::remove_dir_all(data.path().join("uploads")).unwrap();
    let nobodys = limpet_model::AttachmentId::new().to_string();
    fs::create_dir(practice.join(&nobodys)).unwrap();
    let long_ago = SystemTime::now() - Duration::from_secs(2 * 24 * 60 * 60);
    for (name, old) in [("original", true), ("poster", false)] {
        let file = fs::File::create(practice.join(&nobodys).join(name)).unwrap();
        if old {
            file.set_modified(long_ago).unwrap();
        }
    }
    let (well, said) = doctor(data.path(), &[]);
    assert!(!well && said.lines().count() == 2, "{said}");
    let name = practice.file_name().unwrap().to_str().unwrap();
    assert!(said.contains(&format!("missing: the poster of {name}/{id}")), "{said}");
    assert!(said.contains(&format!("nobody's file: {name}/{nobodys}/original")), "{said}");
    let orphan = practice.join(&nobodys).join("original");
    assert!(orphan.exists(), "it only looked");

    let (well, said) = doctor(data.path(), &["--repair"]);
    assert!(well && said.contains("mended"), "{said}");
    assert!(!orphan.exists() && blobs.join("aside").join(name).join(&nobodys).join("original").exists());
    assert!(practice.join(&nobodys).join("poster").exists(), "too young to judge");
    // The server tries, fails for good, and is told to try again.
    let store = Store::open_as_it_is(&file_url(&data.path().join("limpet.db"))).await.unwrap();
    let now = Clock::system().now();
    let job = store.claim_job(Lane::Heavy, "test", now).await.unwrap().unwrap();
    store.put_back_job(job, PutBack::Dead, now, "out of luck").await.unwrap();
    store.close().await;
    let (well, said) = doctor(data.path(), &[]);
    assert!(!well && said.contains(&format!("given up: prepare {id} of {name}: out of luck")), "{said}");
    assert!(doctor(data.path(), &["--repair"]).0);
    let process = Process::start(data.path(), &[]);
    let device = Device { base: process.base.clone(), ..device };
    until_it_is(async || kept.join("poster").exists()).await;
    assert_eq!(settled(&device, id).await.state, AttachmentState::Ready);
    assert!(doctor(data.path(), &[]).0);
    assert!(process.terminate().success());

    // What cannot be made again is said, and left alone.
    fs::write(kept.join("original"), b"a part of it").unwrap();
    let (well, said) = doctor(data.path(), &["--repair"]);
    assert!(!well && said.contains("lost: the original") && said.contains("backup"), "{said}");
    assert!(kept.join("rendition").exists());
}

#[tokio::test]
async fn a_wrong_database_costs_nothing() {
    let (data, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    furnish(other.path());
    let refused = |args: &[&str], part: &str| {
        let output = run(args, data.path(), "");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && said.contains(part), "{said}");
    };
    refused(&["doctor", "--repair"], "there is no database");
    assert_eq!(fs::read_dir(data.path()).unwrap().count(), 0, "and none is made");
    let path = format!("blobs/{}/{}", limpet_model::PracticeId::new(), limpet_model::AttachmentId::new());
    fs::create_dir_all(data.path().join(&path)).unwrap();
    let original = data.path().join(&path).join("original");
    let file = fs::File::create(&original).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(2 * 24 * 60 * 60)).unwrap();
    let url = file_url(&other.path().join("limpet.db"));
    refused(&["doctor", "--repair", "--database", &url], "1 of these cannot be mended");
    assert!(original.exists());
}

#[test]
fn an_installation_that_never_had_a_file_is_well_and_files_that_are_elsewhere_are_not_looked_for_here() {
    let (data, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    furnish(data.path());
    assert!(!data.path().join("blobs").exists());
    for more in [&[][..], &["--repair"]] {
        assert_eq!(doctor(data.path(), more), (true, "all is well\n".into()), "{more:?}");
    }
    let url = file_url(&data.path().join("limpet.db"));
    let output = run(&["doctor", "--database", &url], other.path(), "");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.contains("say --blobs"), "{said}");
    assert_eq!(fs::read_dir(other.path()).unwrap().count(), 0);
}

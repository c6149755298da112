//! `limpet-server doctor`.

use std::{
    fs,
    path::Path,
    time::{Duration, SystemTime},
};

use limpet_model::{AttachmentKind, AttachmentState};

use crate::{
    clinic::{Device, file},
    process::{Process, furnish, made_clip, run, settled, staff},
    uploads::{chunk, create, until},
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
    let clip = made_clip(2);
    let id = device.announce(&case, file(AttachmentKind::Clip, "walk.mov", clip.len())).await;
    create(&device, id, clip.len() as i64).await;
    chunk(&device, id, 0).body(clip).send().await.unwrap();
    assert_eq!(settled(&device, id).await.state, AttachmentState::Ready);
    assert_eq!(doctor(data.path(), &[]), (true, "all is well\n".into()), "beside the running server");
    assert!(process.terminate().success());

    let practice = fs::read_dir(data.path().join("blobs")).unwrap().next().unwrap().unwrap().path();
    let kept = practice.join(id.to_string());
    fs::remove_file(kept.join("poster")).unwrap();
    let nobodys = practice.join(limpet_model::AttachmentId::new().to_string());
    fs::create_dir(&nobodys).unwrap();
    let long_ago = SystemTime::now() - Duration::from_secs(2 * 24 * 60 * 60);
    for (name, old) in [("original", true), ("poster", false)] {
        let file = fs::File::create(nobodys.join(name)).unwrap();
        if old {
            file.set_modified(long_ago).unwrap();
        }
    }
    let (well, said) = doctor(data.path(), &[]);
    assert!(!well && said.lines().count() == 2, "{said}");
    assert!(
        said.contains(&format!("missing: the poster of {}", practice.file_name().unwrap().display())),
        "{said}"
    );
    assert!(said.contains("nobody's file: ") && nobodys.join("original").exists(), "it only looked: {said}");

    let (well, said) = doctor(data.path(), &["--repair"]);
    assert!(well && said.contains("mended"), "{said}");
    assert!(
        !nobodys.join("original").exists() && nobodys.join("poster").exists(),
        "one is too young to judge"
    );
    let process = Process::start(data.path(), &[]);
    let device = Device { base: process.base.clone(), ..device };
    until(|| kept.join("poster").exists()).await;
    assert_eq!(settled(&device, id).await.state, AttachmentState::Ready);
    assert!(doctor(data.path(), &[]).0);

    // What cannot be made again is said, and left alone.
    fs::remove_file(kept.join("original")).unwrap();
    let (well, said) = doctor(data.path(), &["--repair"]);
    assert!(!well && said.contains("lost: the original") && said.contains("backup"), "{said}");
    assert!(kept.join("rendition").exists());
}

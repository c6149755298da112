//! Files in a folder: what a crash or an older version left of those that arrive, and one that nobody answers for.

use std::{fs::OpenOptions, process::Command, time::Duration};

use limpet_model::{AttachmentId, AttachmentKind, AttachmentState, PracticeId, StaffId};
use limpet_server::{
    blobs::Blobs,
    file_of::FileOf,
    intake::{Folder, Intake},
};
use serde_json::{Value, json};

use crate::{
    clinic::{Clinic, file, ok},
    links_by_mail::{fill_in, logo, new_staff},
    uploads::{CLIP, Sender, create, head, offset, send, sender},
};

fn folder(s: &Sender) -> &Folder {
    let Intake::Folder(folder) = &s.clinic.running.app().intake else { panic!("not a folder") };
    folder
}

/// As a crash leaves a file.
fn left_behind(s: &Sender, attachment: AttachmentId, bytes: &[u8]) {
    let path = folder(s).file(FileOf { practice: s.clinic.practice, attachment });
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

#[tokio::test]
async fn an_upload_that_was_whole_when_the_server_stopped_is_finished_at_its_start() {
    let s = sender().await;
    create(&s.phone, s.id, 20).await;
    // The last byte reached the disk; the transaction that says so did not.
    left_behind(&s, s.id, CLIP);
    limpet_server::sweep::once(s.clinic.running.app()).await.unwrap();
    assert_eq!(s.staff.attachment(s.id).await.state, AttachmentState::Processing);
    // And when a device asks before that.
    let second = s.phone.announce(&s.case, file(AttachmentKind::Clip, "b.mov", CLIP.len())).await;
    create(&s.phone, second, 20).await;
    left_behind(&s, second, CLIP);
    assert_eq!(offset(&head(&s.phone, second).await), 20);
    assert_eq!(s.staff.attachment(second).await.state, AttachmentState::Processing);
}

#[tokio::test]
async fn a_file_that_a_crash_left_behind_is_removed_and_no_other() {
    let s = sender().await;
    create(&s.phone, s.id, 20).await;
    send(&s.phone, s.id, 0, &CLIP[..7]).await;
    let nobodys = FileOf { practice: s.clinic.practice, attachment: AttachmentId::new() };
    left_behind(&s, nobodys.attachment, b"x");
    // As older versions left what a job made.
    let beside = folder(&s).file(nobodys).with_extension("rendition-1");
    std::fs::write(&beside, b"x").unwrap();
    // The same id in a practice that knows nothing of it.
    let elsewhere = FileOf { practice: PracticeId::new(), attachment: s.id };
    std::fs::create_dir_all(folder(&s).file(elsewhere).parent().unwrap()).unwrap();
    std::fs::write(folder(&s).file(elsewhere), b"x").unwrap();
    limpet_server::sweep::once(s.clinic.running.app()).await.unwrap();
    let own = FileOf { practice: s.clinic.practice, attachment: s.id };
    assert_eq!(folder(&s).files(), [own]);
    assert!(!beside.exists());
    send(&s.phone, s.id, 7, &CLIP[7..]).await;
    limpet_server::sweep::once(s.clinic.running.app()).await.unwrap();
    assert_eq!(s.stored().await, CLIP, "its job has not looked at it yet");
}

#[tokio::test]
async fn files_of_an_older_version_come_to_their_practice() {
    let s = sender().await;
    let uploads = s.clinic.data.path().join("uploads");
    let (own, shared, unknown) = (AttachmentId::new(), AttachmentId::new(), AttachmentId::new());
    for id in [own, shared, unknown] {
        std::fs::write(uploads.join(id.to_string()), CLIP).unwrap();
    }
    let of = |attachment| FileOf { practice: s.clinic.practice, attachment };
    let elsewhere = FileOf { practice: PracticeId::new(), attachment: shared };
    folder(&s).adopt(&[of(own), of(own), of(shared), elsewhere]).unwrap();
    assert_eq!(std::fs::read(folder(&s).file(of(own))).unwrap(), CLIP);
    assert!(!uploads.join(own.to_string()).exists());
    for left in [shared, unknown] {
        assert!(uploads.join(left.to_string()).exists(), "whose it is cannot be told");
    }
}

#[tokio::test]
async fn a_logo_that_does_not_come_keeps_nobody_from_the_page_that_says_that_the_password_is_set() {
    let clinic = Clinic::open().await;
    let (admin, stranger) = (clinic.admin().await, clinic.stranger());
    let account = format!("/v1/staff/{}", StaffId::new());
    ok(admin.put(&account, &new_staff("ben@example.org", "en")).await).await;
    let invitation: Value =
        admin.post(&format!("{account}/invitation"), &json!({})).await.json().await.unwrap();
    let path = invitation["link"].as_str().unwrap().strip_prefix(&clinic.base()).unwrap().to_owned();
    logo(&admin).await;
    let practice = clinic.running.app().store.practice(clinic.practice).await.unwrap().unwrap();
    let sha256 = practice.settings.logo.unwrap().sha256;
    let kept = clinic.data.path().join("blobs").join(Blobs::path_of_logo(clinic.practice, &sha256));
    // Whoever opens a pipe waits for somebody to write into it.
    std::fs::remove_file(&kept).unwrap();
    assert!(Command::new("mkfifo").arg(&kept).status().unwrap().success());
    let typed = [("password", "five wet otters"), ("again", "five wet otters")];
    let set = tokio::time::timeout(Duration::from_secs(15), fill_in(&stranger, &path, &typed)).await;
    drop(OpenOptions::new().read(true).write(true).open(&kept).unwrap());
    let set = set.expect("the page came without the logo");
    assert_eq!(set.status(), 200);
    let page = set.text().await.unwrap();
    assert!(page.contains("ben@example.org") && !page.contains("data:image"), "{page}");
}

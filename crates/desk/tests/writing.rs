//! Drafts, staged files, refusals.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at what it did not expect"
)]

mod common;

use std::{fs::File, io::Write as _};

use common::*;
use limpet_model::*;
use limpet_testkit::clips::{self, Kind};
use limpet_wire::{Code, calls::Answers as _, desk::*};

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_sent_is_refused_where_it_is_chosen() {
    let practice = Clinic::start();
    let (profile, desk) = practice.desk("ana@example.org").await;
    let (_, _, id) = matter(&desk).await;
    let clip = std::fs::read(clips::make(Kind::Demo, &clips::cache_dir()).unwrap()).unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = profile.folder.path().join(name);
        File::create(&path).unwrap().write_all(bytes).unwrap();
        path
    };
    let large = write("large.mp4", &clip);
    // A hole: it takes no room on the disk.
    File::options().write(true).open(&large).unwrap().set_len(201 * 1024 * 1024).unwrap();
    for (path, code, words) in [
        (write("words.mp4", b"Dear doctor, this is not a video."), Code::Invalid, "video, a photo"),
        (write("nothing.mp4", b""), Code::BadClip, "empty"),
        (large, Code::TooLarge, "200 MB"),
        (write("short.mp4", &clip[..64]), Code::BadClip, ""),
        (profile.folder.path().join("gone.mp4"), Code::NotFound, "no longer there"),
        (profile.folder.path().to_owned(), Code::Invalid, "folder"),
    ] {
        let wanted = StageFile { conversation: id, path: path.to_string_lossy().into_owned() };
        let failure =
            desk.stage_file(wanted).await.err().unwrap_or_else(|| panic!("{} was taken", path.display()));
        assert_eq!(failure.code, code, "{}: {}", path.display(), failure.message);
        assert!(failure.message.contains(words), "{}", failure.message);
    }
    assert_eq!(desk.open_conversation(id).await.unwrap().draft.files, vec![]);
    assert_eq!(std::fs::read_dir(profile.file("outbox/media")).unwrap().count(), 0);

    let path = write("walk.mp4", &clip).to_string_lossy().into_owned();
    let staged = desk.stage_file(StageFile { conversation: id, path }).await.unwrap();
    assert_eq!((staged.kind, staged.mime.as_str()), (AttachmentKind::Clip, "video/mp4"));
    let poster = desk.media(staged.id, limpet_desk::MediaKind::Poster).await.unwrap();
    assert!(poster.bytes.starts_with(b"\xff\xd8"));
    desk.unstage_file(Unstage { conversation: id, file: staged.id }).await.unwrap();
    assert_eq!(std::fs::read_dir(profile.file("outbox/media")).unwrap().count(), 0);

    let failure = desk.send_message(words(id, "   ")).await.err().unwrap();
    assert_eq!(failure.code, Code::Invalid);
    let failure = desk.send_message(words(id, &"x".repeat(10_001))).await.err().unwrap();
    assert!(failure.message.contains("10001"), "{}", failure.message);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_survives_a_crash_with_its_files() {
    let practice = Clinic::start();
    let (profile, desk) = practice.desk("ana@example.org").await;
    let (_, _, id) = matter(&desk).await;
    let path = profile.folder.path().join("photo.png");
    std::fs::write(&path, b"\x89PNG\r\n\x1a\n and more").unwrap();
    let wanted = StageFile { conversation: id, path: path.to_string_lossy().into_owned() };
    let staged = desk.stage_file(wanted).await.unwrap();
    let draft = Draft {
        audience: Audience::Staff,
        files: vec![StagedFile { caption: "The swelling".into(), ..staged }],
        ..words(id, "Half a thought")
    };
    desk.save_draft(draft.clone()).await.unwrap();
    drop(desk);
    let desk = profile.open().await;
    assert_eq!(desk.open_conversation(id).await.unwrap().draft, draft);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_reaches_colleagues_and_never_the_client() {
    let practice = Clinic::start();
    let (_one, ana) = practice.desk("ana@example.org").await;
    let (_two, bob) = practice.desk("bob@example.org").await;
    let (_, _, id) = matter(&ana).await;
    all_sent(&ana).await;
    let phone = phone::Phone::open(practice.server.url(), &ana.invite(id).await.unwrap());
    phone.send("She limps", None);
    message(&ana, id, "She limps").await;
    ana.send_message(Draft { audience: Audience::Staff, ..words(id, "Owner is worried") }).await.unwrap();
    ana.send_message(words(id, "Send a film")).await.unwrap();
    message(&bob, id, "Owner is worried").await;
    message(&bob, id, "Send a film").await;
    assert_eq!(phone.words().into_iter().filter(|words| words == "Owner is worried").count(), 0);
    bob.mark_read(id).await.unwrap();
    delivered(&ana, id, "She limps", |delivery| *delivery == Delivery::Read).await;
    ana.close().await;
    bob.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_change_is_said_and_dropped_with_its_notice() {
    let practice = Clinic::start();
    let (_one, ana) = practice.desk("ana@example.org").await;
    let (client, ..) = matter(&ana).await;
    all_sent(&ana).await;
    ana.save_client(Client { phone: "9".repeat(500), ..client.clone() }).await.unwrap();
    let state = until(&ana, "the refusal is said", async || {
        let state = ana.state(()).await.unwrap();
        state.notice.is_some().then_some(state)
    })
    .await;
    assert!(state.notice.unwrap().message.contains("telephone"));
    assert_eq!((state.unsent, state.refused_changes), (1, 1));
    assert_eq!(ana.dismiss_notice(()).await.unwrap().unsent, 0);
    let found = ana.list_clients(ClientQuery { search: "eva".into(), limit: 5 }).await.unwrap();
    assert_eq!(found[0].client, client);
    ana.close().await;
}

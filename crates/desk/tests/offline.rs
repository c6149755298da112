//! Two desks and a cut network: what is written offline arrives once, and everything seen is there meanwhile.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at what it did not expect"
)]

mod common;

use std::io::Write as _;

use common::{phone::Phone, *};
use limpet_desk::MediaKind;
use limpet_model::*;
use limpet_testkit::clips::{self, Kind};
use limpet_wire::{calls::Answers as _, desk::*};

/// A PDF of this many bytes.
fn pdf(folder: &std::path::Path, bytes: usize) -> String {
    let path = folder.join("report.pdf");
    let mut file = std::fs::File::create(&path).unwrap();
    file.write_all(b"%PDF-1.7\n").unwrap();
    let noise: Vec<u8> = (0..bytes - 9).map(|n| u8::try_from(n * 7 % 251).unwrap()).collect();
    file.write_all(&noise).unwrap();
    path.to_string_lossy().into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_written_offline_arrives_once_and_everything_seen_is_there() {
    let mut practice = Clinic::start();
    let (profile, ana) = practice.desk("ana@example.org").await;
    let (_two, bob) = practice.desk("bob@example.org").await;
    let (_, _, id) = matter(&ana).await;
    all_sent(&ana).await;
    let phone = Phone::open(practice.server.url(), &ana.invite(id).await.unwrap());
    let clip = std::fs::read(clips::make(Kind::Demo, &clips::cache_dir()).unwrap()).unwrap();
    phone.send("Look at her leg", Some(("walk.mp4", &clip)));
    let seen = until(&ana, "the clip is ready", async || {
        let thread = ana.open_conversation(id).await.ok()?;
        let attachment = thread.messages.into_iter().flat_map(|it| it.attachments).next()?;
        (attachment.state == AttachmentState::Ready).then_some(attachment)
    })
    .await;
    // Fetched ahead, without anybody having opened it.
    let original = profile.file(&format!("cache/media/{}-original", seen.id));
    let poster = profile.file(&format!("cache/media/{}-poster", seen.id));
    until(&ana, "the clip is fetched ahead", async || (original.exists() && poster.exists()).then_some(()))
        .await;

    practice.server.cut().unwrap();
    connected(&ana, Connection::Offline).await;
    let query = ConversationQuery { queue: Queue::Waiting, search: "leg luna".into(), offset: 0, limit: 10 };
    assert_eq!(ana.list_conversations(query.clone()).await.unwrap().rows[0].last_words, "Look at her leg");
    assert!(ana.media(seen.id, MediaKind::Poster).await.unwrap().bytes.starts_with(b"\xff\xd8"));
    assert_eq!(ana.media(seen.id, MediaKind::Original).await.unwrap().bytes, clip);

    ana.send_message(words(id, "Rest for a week")).await.unwrap();
    let thread = ana.open_conversation(id).await.unwrap();
    let mine = thread.messages.last().unwrap();
    assert_eq!((mine.delivery.clone(), mine.author.as_str()), (Delivery::Queued, "Ana Gil"));
    assert_eq!(thread.conversation.waiting_since, None);
    assert_eq!(ana.list_conversations(query).await.unwrap().total, 0);
    assert_eq!(ana.state(()).await.unwrap().unsent, 1);

    practice.server.start_again().unwrap();
    message(&bob, id, "Rest for a week").await;
    all_sent(&ana).await;
    delivered(&ana, id, "Rest for a week", |delivery| *delivery == Delivery::Sent).await;
    assert_eq!(phone.words().iter().filter(|words| *words == "Rest for a week").count(), 1);
    for desk in [&ana, &bob] {
        let thread = desk.open_conversation(id).await.unwrap();
        assert_eq!(thread.messages.iter().filter(|it| it.message.body == "Rest for a week").count(), 1);
        desk.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_that_dies_in_the_middle_of_an_upload_goes_on_where_it_was() {
    let practice = Clinic::start();
    let (profile, ana) = practice.desk("ana@example.org").await;
    let (_two, bob) = practice.desk("bob@example.org").await;
    let (_, _, id) = matter(&ana).await;
    let path = pdf(profile.folder.path(), 24 * 1024 * 1024);
    let staged = ana.stage_file(StageFile { conversation: id, path: path.clone() }).await.unwrap();
    assert_eq!((staged.kind, staged.name.as_str()), (AttachmentKind::Document, "report.pdf"));
    // The copy in the encrypted store is what counts from here on.
    let sent = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let mut events = ana.events();
    ana.send_message(Draft { files: vec![staged.clone()], ..words(id, "The report") }).await.unwrap();
    loop {
        let event = tokio::time::timeout(std::time::Duration::from_secs(60), events.recv()).await.unwrap();
        if let Ok(DeskEvent::Progress { sent, total, .. }) = event
            && sent > 0
            && sent < total
        {
            break;
        }
    }
    drop(ana);

    // What a cache had that was rebuilt since: nobody knows of it any more.
    let forgotten = profile.file(&format!("cache/media/{}-original", AttachmentId::new()));
    std::fs::write(&forgotten, "a clip").unwrap();
    let ana = profile.open().await;
    all_sent(&ana).await;
    let arrived = until(&bob, "the report arrives", async || {
        let thread = bob.open_conversation(id).await.ok()?;
        let attachment = thread.messages.into_iter().flat_map(|it| it.attachments).next()?;
        attachment.sha256.is_some().then_some(attachment)
    })
    .await;
    assert_eq!(bob.media(arrived.id, MediaKind::Original).await.unwrap().bytes, sent);
    until(&ana, "what nobody knows is gone", async || (!forgotten.exists()).then_some(())).await;
    assert!(profile.file(&format!("cache/media/{}-original", arrived.id)).exists(), "her own file went too");
    let thread = bob.open_conversation(id).await.unwrap();
    assert_eq!(thread.messages.iter().filter(|it| it.message.body == "The report").count(), 1);
    ana.close().await;
    bob.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_and_conversations_made_offline_reach_the_server_in_order() {
    let mut practice = Clinic::start();
    let (profile, ana) = practice.desk("ana@example.org").await;
    practice.server.cut().unwrap();
    connected(&ana, Connection::Offline).await;
    let (client, patient, id) = matter(&ana).await;
    ana.send_message(words(id, "Please film her walking")).await.unwrap();
    ana.assign(AssignTo { conversation: id, to: Some(practice.ana) }).await.unwrap();
    ana.mark_urgent(MarkUrgent { conversation: id, urgent: true }).await.unwrap();
    let failure = ana.invite(id).await.err().unwrap();
    assert_eq!(failure.code, limpet_wire::Code::Offline);
    // What was done is there after a restart, still offline.
    drop(ana);
    let ana = profile.open().await;
    let query = ConversationQuery { queue: Queue::Mine, search: String::new(), offset: 0, limit: 10 };
    let row = ana.list_conversations(query).await.unwrap().rows.remove(0);
    assert!(row.conversation.urgent);
    assert_eq!((row.client, row.patient, row.assignee), ("Eva Ruiz".into(), "Luna".into(), "Ana Gil".into()));

    practice.server.start_again().unwrap();
    all_sent(&ana).await;
    let (_two, bob) = practice.desk("bob@example.org").await;
    let thread = arrived(&bob, id).await;
    assert_eq!((thread.client, thread.patient), (client, patient));
    assert_eq!((thread.conversation.assignee, thread.conversation.urgent), (Some(practice.ana), true));
    ana.close().await;
    bob.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_set_back_is_followed_and_what_comes_after_arrives() {
    let mut practice = Clinic::start();
    let (_profile, ana) = practice.desk("ana@example.org").await;
    let (_, _, id) = matter(&ana).await;
    ana.send_message(words(id, "Before the backup")).await.unwrap();
    all_sent(&ana).await;
    let backup = tempfile::tempdir().unwrap();
    practice.server.cut().unwrap();
    copy_folder(practice.server.data(), backup.path());
    practice.server.start_again().unwrap();
    online(&ana).await;
    for n in 0..20 {
        ana.send_message(words(id, &format!("After the backup, {n}"))).await.unwrap();
    }
    all_sent(&ana).await;

    practice.server.cut().unwrap();
    std::fs::remove_dir_all(practice.server.data()).unwrap();
    copy_folder(backup.path(), practice.server.data());
    practice.server.start_again().unwrap();
    let bodies = async || -> Option<Vec<String>> {
        let thread = ana.open_conversation(id).await.ok()?;
        Some(thread.messages.into_iter().map(|it| it.message.body).collect())
    };
    until(&ana, "the desk starts over and says so", async || {
        let notice = ana.state(()).await.ok()?.notice?;
        notice.message.contains("set back").then_some(())
    })
    .await;
    online(&ana).await;
    let phone = Phone::open(practice.server.url(), &ana.invite(id).await.unwrap());
    phone.send("Are you there?", None);
    // What the server forgot is gone from the thread, but for what this computer still held: that is sent again.
    until(&ana, "what comes after arrives", async || {
        let bodies = bodies().await?;
        (bodies.first()? == "Before the backup" && bodies.contains(&"Are you there?".to_owned()))
            .then_some(())
    })
    .await;
    ana.close().await;
}

fn copy_folder(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        let copy = to.join(file.file_name());
        if file.file_type().unwrap().is_dir() {
            copy_folder(&file.path(), &copy);
        } else {
            std::fs::copy(file.path(), copy).unwrap();
        }
    }
}

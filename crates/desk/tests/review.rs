//! From a client's clip to a still in the thread, a transcript, and its filing.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at what it did not expect"
)]

mod common;

use common::{phone::Phone, *};
use limpet_desk::{Desk, MediaKind, TranscriptOptions, transcript_beside};
use limpet_model::*;
use limpet_testkit::{
    clips::{self, Kind},
    servers::audit,
};
use limpet_wire::{Code, calls::Answers as _, desk::*, sound::*};

/// A conversation with a clip that is ready at this desk.
async fn with_clip(practice: &Clinic, desk: &Desk) -> (ConversationId, Attachment, Phone) {
    let (_, _, id) = matter(desk).await;
    all_sent(desk).await;
    let phone = Phone::open(practice.server.url(), &desk.invite(id).await.unwrap());
    let clip = std::fs::read(clips::make(Kind::Demo, &clips::cache_dir()).unwrap()).unwrap();
    phone.send("Look at her leg", Some(("walk.mp4", &clip)));
    let ready = until(desk, "the clip is ready", async || {
        let thread = desk.open_conversation(id).await.ok()?;
        let attachment = thread.messages.into_iter().flat_map(|it| it.attachments).next()?;
        (attachment.state == AttachmentState::Ready).then_some(attachment)
    })
    .await;
    (id, ready, phone)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_becomes_a_labelled_still_that_the_client_sees() {
    let practice = Clinic::start();
    let (_one, ana) = practice.desk("ana@example.org").await;
    let (id, clip, phone) = with_clip(&practice, &ana).await;
    let room = ana.open_review(clip.id).await.unwrap();
    assert!(room.socket.starts_with("ws://127.0.0.1:"));
    assert_eq!(ana.open_review(clip.id).await.unwrap().socket, room.socket);
    let still = ana.capture_still(CaptureStill { clip: clip.id, frame: 7 }).await.unwrap();
    assert_eq!(still.kind, AttachmentKind::Still);
    let of = still.still_of.clone().unwrap();
    assert_eq!((of.clip, of.frame), (clip.id, 7));
    for fact in ["Luna", "Eva Ruiz", "walk.mp4", "frame 8"] {
        assert!(still.caption.contains(fact), "{}", still.caption);
    }
    // The label stands under the picture, so it is taller than the clip.
    let picture = ana.media(still.id, MediaKind::Original).await.unwrap();
    assert_eq!(picture.mime, "image/png");
    let height = u32::from_be_bytes(picture.bytes[20..24].try_into().unwrap());
    assert!(height > clip.clip.as_ref().unwrap().height, "{height}");
    let failure = ana.capture_still(CaptureStill { clip: clip.id, frame: 1_000_000 }).await.err().unwrap();
    assert!(failure.message.contains("no frame"), "{}", failure.message);
    ana.close_review(clip.id).await.unwrap();

    let draft = ana.open_conversation(id).await.unwrap().draft;
    assert_eq!(draft.files, vec![still.clone()]);
    ana.send_message(Draft { body: "Here".into(), ..draft }).await.unwrap();
    all_sent(&ana).await;
    let seen = phone.everything().into_iter().any(|entity| {
        matches!(entity, limpet_wire::changes::Entity::Attachment(it) if it.id == still.id && it.kind == AttachmentKind::Still)
    });
    assert!(seen);
    // A copy stays here after it was sent.
    assert_eq!(ana.media(still.id, MediaKind::Original).await.unwrap().bytes, picture.bytes);
    ana.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clip_plays_and_tells_where_it_is() {
    let practice = Clinic::start();
    let (_one, ana) = practice.desk("ana@example.org").await;
    let (_, clip, _) = with_clip(&practice, &ana).await;
    let wanted =
        PlaySound { clip: clip.id, from: Some(Micros(1_000_000)), rate: 1.0, between: None, muted: false };
    assert_eq!(ana.play_sound(wanted).await.err().unwrap().code, Code::NotFound);
    ana.open_review(clip.id).await.unwrap();
    let mut events = ana.events();
    let begun = ana.play_sound(wanted).await.unwrap();
    assert!(begun.playing && begun.at >= Micros(1_000_000) && begun.at < Micros(1_200_000), "{begun:?}");
    assert_eq!(begun.silent, Some(Silence::NoDevice));
    let mut told = Vec::new();
    while told.len() < 3 {
        if let DeskEvent::Sound { clip: of, clock } = events.recv().await.unwrap() {
            assert_eq!(of, clip.id);
            told.push(clock.at);
        }
    }
    assert!(told.is_sorted(), "{told:?}");
    let faster = PlaySound { from: None, rate: 4.0, ..wanted };
    assert!(ana.play_sound(faster).await.unwrap().at >= told[2]);
    let stopped = ana.stop_sound(clip.id).await.unwrap();
    assert!(!stopped.playing && stopped.at > told[2], "{stopped:?}");
    assert_eq!(ana.stop_sound(clip.id).await.unwrap(), stopped);
    ana.play_sound(faster).await.unwrap();
    ana.close_review(clip.id).await.unwrap();
    assert_eq!(ana.stop_sound(clip.id).await.err().unwrap().code, Code::NotFound);
    ana.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clip_that_is_not_here_and_cannot_be_fetched_says_so() {
    let mut practice = Clinic::start();
    let (profile, ana) = practice.desk("ana@example.org").await;
    let (_, clip, _) = with_clip(&practice, &ana).await;
    let original = profile.file(&format!("cache/media/{}-original", clip.id));
    until(&ana, "the clip is fetched ahead", async || original.exists().then_some(())).await;
    practice.server.cut().unwrap();
    connected(&ana, Connection::Offline).await;
    ana.open_review(clip.id).await.unwrap();
    ana.close_review(clip.id).await.unwrap();
    // A damaged copy is as good as none.
    std::fs::write(&original, b"not what was written").unwrap();
    let failure = ana.open_review(clip.id).await.err().unwrap();
    assert_eq!(failure.code, Code::Offline);
    assert!(!original.exists());
    practice.server.start_again().unwrap();
    online(&ana).await;
    ana.open_review(clip.id).await.unwrap();
    ana.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_original_is_saved_byte_for_byte() {
    let practice = Clinic::start();
    let (profile, ana) = practice.desk("ana@example.org").await;
    let (_, clip, _) = with_clip(&practice, &ana).await;
    let path = profile.folder.path().join("walk.mp4").to_string_lossy().into_owned();
    let wanted = SaveAttachment { attachment: clip.id, path: path.clone() };
    let saved = ana.save_attachment(wanted.clone()).await.unwrap();
    assert_eq!((saved.path, Some(saved.sha256)), (path.clone(), clip.sha256));
    let sent = std::fs::read(clips::make(Kind::Demo, &clips::cache_dir()).unwrap()).unwrap();
    assert!(std::fs::read(&path).unwrap() == sent);

    let nowhere = SaveAttachment { path: "/nowhere/at/all.mp4".into(), ..wanted.clone() };
    assert_eq!(ana.save_attachment(nowhere).await.err().unwrap().code, Code::Invalid);
    let unknown = SaveAttachment { attachment: AttachmentId::new(), ..wanted };
    assert_eq!(ana.save_attachment(unknown).await.err().unwrap().code, Code::NotFound);
    ana.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_conversation_is_filed_once_its_folder_is_there() {
    let practice = Clinic::start();
    let (profile, ana) = practice.desk("ana@example.org").await;
    let (id, _, phone) = with_clip(&practice, &ana).await;
    let ending = EndConversation {
        conversation: id,
        summary: "A sprain of the left hind leg".into(),
        plan: "Rest for a week".into(),
        file: true,
        include_notes: false,
    };
    let failure = ana.end_conversation(ending.clone()).await.err().unwrap();
    assert_eq!(failure.code, Code::Invalid);
    assert_eq!(ana.open_conversation(id).await.unwrap().conversation.state, ConversationState::Open);

    let folder = profile.folder.path().join("records");
    let with_folder =
        Settings { filing_folder: folder.to_string_lossy().into_owned(), ..Settings::default() };
    assert_eq!(ana.save_settings(with_folder.clone()).await.err().unwrap().code, Code::Invalid);
    std::fs::create_dir(&folder).unwrap();
    ana.save_settings(with_folder).await.unwrap();
    let away = profile.folder.path().join("away");
    std::fs::rename(&folder, &away).unwrap();

    ana.end_conversation(ending).await.unwrap();
    let waiting = until(&ana, "the filing says what it waits for", async || {
        let thread = ana.open_conversation(id).await.ok()?;
        thread
            .filings
            .into_iter()
            .find(|it| matches!(&it.state, FilingState::Queued { waiting_for } if waiting_for.contains("cannot be reached")))
    })
    .await;
    let thread = ana.open_conversation(id).await.unwrap();
    assert_eq!(thread.conversation.state, ConversationState::Ended);

    // A word of thanks opens the conversation again; the transcript of its end is made and still has its place.
    phone.send("Thank you!", None);
    until(&ana, "the conversation is open again", async || {
        let thread = ana.open_conversation(id).await.ok()?;
        (thread.conversation.state == ConversationState::Open).then_some(())
    })
    .await;

    // It is still asked for after a crash.
    drop(ana);
    std::fs::rename(&away, &folder).unwrap();
    let ana = profile.open().await;
    ana.retry_filing(waiting.id).await.unwrap();
    let (place, sha256) = until(&ana, "the transcript is filed", async || {
        let thread = ana.open_conversation(id).await.ok()?;
        thread.filings.into_iter().find_map(|it| match it.state {
            FilingState::Filed { place, sha256, .. } => Some((place, sha256)),
            _ => None,
        })
    })
    .await;
    let pdf = std::fs::read(&place).unwrap();
    assert!(pdf.starts_with(b"%PDF-") && place.contains("P-4711"), "{place}");
    assert_eq!(sha256.len(), 64);
    let pdfs = std::fs::read_dir(&folder)
        .unwrap()
        .filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|extension| extension == "pdf"));
    assert_eq!(pdfs.count(), 1);
    all_sent(&ana).await;
    let filed = audit(practice.server.data(), practice.id).unwrap();
    let filed = filed.iter().filter(|line| *line == "staff filed conversation").count();
    assert_eq!(filed, 1, "the practice's log holds it, and once");
    ana.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ending_is_filed_only_once_the_server_took_it() {
    let mut practice = Clinic::start();
    let (profile, ana) = practice.desk("ana@example.org").await;
    let (_two, bob) = practice.desk("bob@example.org").await;
    let (_, _, id) = matter(&ana).await;
    all_sent(&ana).await;
    arrived(&bob, id).await;
    let folder = tempfile::tempdir().unwrap();
    let files = || std::fs::read_dir(folder.path()).unwrap().count();
    let filing_folder = folder.path().to_string_lossy().into_owned();
    ana.save_settings(Settings { filing_folder, ..Settings::default() }).await.unwrap();
    let ending = EndConversation {
        conversation: id,
        summary: "A sprain of the left hind leg".into(),
        plan: "Rest for a week".into(),
        file: true,
        include_notes: false,
    };
    practice.server.cut().unwrap();
    connected(&ana, Connection::Offline).await;
    ana.end_conversation(ending.clone()).await.unwrap();
    let filing = async |ana: &Desk| ana.open_conversation(id).await.ok()?.filings.into_iter().next();
    until(&ana, "the filing waits for the server", async || {
        let state = filing(&ana).await?.state;
        matches!(state, FilingState::Queued { waiting_for } if waiting_for.contains("does not know yet"))
            .then_some(())
    })
    .await;
    assert_eq!(files(), 0);
    ana.close().await;

    // Bob is first. Ana's ending is refused, and nothing of it stands in the record.
    practice.server.start_again().unwrap();
    online(&bob).await;
    bob.end_conversation(EndConversation { file: false, ..ending }).await.unwrap();
    all_sent(&bob).await;
    let ana = profile.open().await;
    until(&ana, "the filing is refused with the ending", async || {
        let state = filing(&ana).await?.state;
        matches!(state, FilingState::Refused { reason } if reason.contains("already ended")).then_some(())
    })
    .await;
    assert_eq!(files(), 0);
    ana.close().await;

    // Nobody read the notice: it is there again, and what was typed comes back with it.
    let ana = profile.open().await;
    let notice = ana.state(()).await.unwrap().notice.unwrap();
    assert!(notice.message.contains("did not take a change"), "{}", notice.message);
    assert!(ana.dismiss_notice(()).await.unwrap().notice.is_none());
    let draft = ana.open_conversation(id).await.unwrap().draft;
    // The refused filing is not in anybody's way.
    let left = filing(&ana).await.unwrap();
    ana.discard_filing(left.id).await.unwrap();
    assert_eq!(filing(&ana).await, None);
    assert_eq!(
        (draft.audience, draft.body.as_str()),
        (Audience::Staff, "A sprain of the left hind leg\n\nRest for a week")
    );
    ana.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transcript_is_saved_and_can_be_made_beside_the_open_desk() {
    let practice = Clinic::start();
    let (profile, ana) = practice.desk("ana@example.org").await;
    let (id, ..) = with_clip(&practice, &ana).await;
    let path = profile.folder.path().join("saved.pdf").to_string_lossy().into_owned();
    let wanted = MakeTranscript { conversation: id, include_notes: false, path: path.clone() };
    let saved = ana.save_transcript(wanted.clone()).await.unwrap();
    assert_eq!(saved.path, path);
    let early = ana.file_transcript(wanted.clone()).await.err().unwrap();
    assert_eq!(early.code, Code::Conflict, "an open conversation is not filed");
    let with_picture = std::fs::read(&path).unwrap();
    assert!(with_picture.starts_with(b"%PDF-"));
    let nowhere = MakeTranscript { path: "/nowhere/at/all.pdf".into(), ..wanted };
    assert_eq!(ana.save_transcript(nowhere).await.err().unwrap().code, Code::Invalid);
    all_sent(&ana).await;
    let exported = audit(practice.server.data(), practice.id).unwrap();
    let exported = exported.iter().filter(|line| *line == "staff exported conversation").count();
    assert_eq!(exported, 1, "what was saved, and not what could not be");

    let options = profile.options();
    let beside = |conversation| {
        let wanted = TranscriptOptions { conversation, include_notes: false };
        transcript_beside(&options.profile, options.vault.clone(), options.clock.clone(), wanted)
    };
    assert!(beside(id).await.unwrap().starts_with(b"%PDF-"));
    assert_eq!(beside(ConversationId::new()).await.err().unwrap().code, Code::NotFound);
    ana.close().await;
    assert!(beside(id).await.unwrap().starts_with(b"%PDF-"));
    let stranger = Profile::new().options();
    let failure = transcript_beside(
        &stranger.profile,
        stranger.vault,
        stranger.clock,
        TranscriptOptions { conversation: id, include_notes: false },
    );
    assert_eq!(failure.await.err().unwrap().code, Code::SignedOut);
}

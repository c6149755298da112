//! Uploads in a bucket: what a crash leaves, and what is found at the next look.

use std::time::Duration;

use futures_util::StreamExt;
use limpet_model::{AttachmentId, AttachmentKind, AttachmentState};
use limpet_server::{
    file_of::FileOf,
    intake::{Intake, IntakeError},
    store::{parts::PartOf, turns::Hold},
    sweep,
};

use crate::{
    clinic::{DAY, file},
    ground,
    uploads::{CLIP, Sender, chunk, create, head, offset, send, sender, until_it_is},
};

/// As a crash leaves an upload: the bytes are kept, and what comes after is not done.
async fn left_behind(s: &Sender, id: AttachmentId, bytes: &[u8]) {
    let (of, app) = (FileOf { practice: s.clinic.practice, attachment: id }, s.clinic.running.app());
    let hold = Hold::new(of);
    assert!(app.store.take_turn(&hold, "dead", s.clinic.clock.now()).await.unwrap());
    let begins = app.store.arrived(of).await.unwrap();
    let part =
        PartOf { of, begins, ends: begins + bytes.len() as i64, name: format!("{begins}-{}", hold.token) };
    app.blobs.put_part(of, &part.name, bytes.to_vec().into()).await.unwrap();
    app.store.add_part(&hold, &part).await.unwrap();
}

#[tokio::test]
async fn an_upload_that_was_whole_when_its_node_died_is_finished_by_whoever_looks() {
    let s = sender().await;
    create(&s.phone, s.id, 20).await;
    left_behind(&s, s.id, CLIP).await;
    // The dead node's turn has to run out first.
    sweep::once(s.clinic.running.app()).await.unwrap();
    assert!(matches!(s.staff.attachment(s.id).await.state, AttachmentState::Uploading { .. }));
    s.clinic.clock.advance(limpet_server::store::turns::TURN);
    sweep::once(s.clinic.running.app()).await.unwrap();
    assert_eq!(s.staff.attachment(s.id).await.state, AttachmentState::Processing);
    // A device that asks where to go on does not wait for that.
    let second = s.phone.announce(&s.case, file(AttachmentKind::Clip, "b.mov", CLIP.len())).await;
    create(&s.phone, second, 20).await;
    left_behind(&s, second, CLIP).await;
    assert_eq!(offset(&head(&s.phone, second).await), 20);
    assert_eq!(s.staff.attachment(second).await.state, AttachmentState::Processing);
}

#[tokio::test]
async fn a_dead_nodes_turn_is_taken_within_seconds_by_whoever_asks_where_to_go_on() {
    let s = sender().await;
    create(&s.phone, s.id, 20).await;
    left_behind(&s, s.id, &CLIP[..7]).await;
    assert_eq!(send(&s.phone, s.id, 7, &CLIP[7..]).await.status(), 423);
    let asked = std::time::Instant::now();
    assert_eq!(offset(&head(&s.phone, s.id).await), 7);
    assert!(asked.elapsed() < Duration::from_secs(8));
    assert_eq!(offset(&send(&s.phone, s.id, 7, &CLIP[7..]).await), 20);
    assert_eq!(s.stored().await, CLIP);
}

#[tokio::test]
async fn a_writer_that_lost_its_turn_spoils_nothing() {
    let s = sender().await;
    create(&s.phone, s.id, 20).await;
    let (of, app) = (FileOf { practice: s.clinic.practice, attachment: s.id }, s.clinic.running.app());
    let late = app.intake.take_turn(of).await.unwrap().unwrap();
    let mut writing = app.intake.open(&late, 0).await.unwrap();
    writing.write(&b"XXXX"[..].into()).await.unwrap();
    // Somebody waited too long for it, and writes in the same place.
    app.store.end_turn(late.hold().unwrap()).await.unwrap();
    assert_eq!(offset(&send(&s.phone, s.id, 0, &CLIP[..7]).await), 7);
    assert!(matches!(writing.flush().await, Err(IntakeError::TurnLost)));
    assert!(matches!(app.intake.cut(&late, 0).await, Err(IntakeError::TurnLost)));
    late.give_back().await;
    assert_eq!(s.stored().await, &CLIP[..7]);
    assert_eq!(ground::blobs(s.clinic.data.path()).list_arriving().count().await, 1, "nothing of it is left");
    assert_eq!(offset(&send(&s.phone, s.id, 7, &CLIP[7..]).await), 20);
    assert_eq!(s.stored().await, CLIP);
}

#[tokio::test]
async fn what_a_crash_left_of_a_chunk_with_a_checksum_does_not_count() {
    let s = sender().await;
    create(&s.phone, s.id, 20).await;
    send(&s.phone, s.id, 0, &CLIP[..3]).await;
    let app = s.clinic.running.app();
    let upload = app.store.upload(s.clinic.practice, s.id).await.unwrap().unwrap();
    app.store.mark_unproven(&upload, Some(3), None).await.unwrap();
    left_behind(&s, s.id, b"damaged").await;
    assert_eq!(offset(&head(&s.phone, s.id).await), 3);
    assert_eq!(offset(&send(&s.phone, s.id, 3, &CLIP[3..]).await), 20);
    assert_eq!(s.stored().await, CLIP);
}

#[tokio::test]
async fn parts_of_nobody_are_removed_and_no_others() {
    let s = sender().await;
    let (app, data) = (s.clinic.running.app(), s.clinic.data.path());
    create(&s.phone, s.id, 20).await;
    send(&s.phone, s.id, 0, &CLIP[..7]).await;
    let of = FileOf { practice: s.clinic.practice, attachment: s.id };
    // A node was killed between the object and its row.
    app.blobs.put_part(of, "7-nobody", b"789".to_vec().into()).await.unwrap();
    let nobodys = FileOf { attachment: AttachmentId::new(), ..of };
    app.blobs.put_part(nobodys, "0-nobody", b"x".to_vec().into()).await.unwrap();
    let count = async || ground::blobs(data).list_arriving().count().await;
    sweep::once(app).await.unwrap();
    assert_eq!(count().await, 3, "they may be about to get their rows");
    // The store's clock says when they were put there: today, whatever the tests' clock says.
    let today = limpet_server::clock::Clock::system().now();
    s.clinic.clock.advance(today.0 - s.clinic.clock.now().0 + DAY + 60_000);
    let Intake::Shared(shared) = &app.intake else { panic!("not shared") };
    assert_eq!(shared.sweep().await.unwrap(), 2);
    assert_eq!(count().await, 1);
    assert_eq!(s.stored().await, &CLIP[..7]);
}

#[tokio::test]
async fn a_slow_line_loses_no_more_than_a_few_seconds() {
    let s = sender().await;
    create(&s.phone, s.id, 20).await;
    let (pieces, body) = tokio::sync::mpsc::channel::<Result<&'static [u8], std::io::Error>>(1);
    let body = reqwest::Body::wrap_stream(tokio_stream::wrappers::ReceiverStream::new(body));
    let sending = tokio::spawn(chunk(&s.phone, s.id, 0).body(body).send());
    for byte in 0..7 {
        pieces.send(Ok(&CLIP[byte..=byte])).await.unwrap();
    }
    let begun = std::time::Instant::now();
    until_it_is(async || s.arrived().await.is_some_and(|arrived| arrived == CLIP[..7])).await;
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    drop(pieces);
    let _ = sending.await;
}

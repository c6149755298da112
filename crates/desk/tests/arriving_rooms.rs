//! A review room whose clip still arrives over a slow line: it opens at once, and knows more as more comes.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at what it did not expect"
)]

mod common;

use std::time::{Duration, Instant};

use common::{
    large::{MB, large, read, total},
    scene::Scene,
    *,
};
use limpet_model::Micros;
use limpet_testkit::clips::{self, Kind};
use limpet_video::{FrameSocket, Seen};
use limpet_wire::{calls::Answers as _, desk::*, frames::FrameRequest, sound::*};
use tokio::sync::broadcast::Receiver;

/// The room is open, and its first frame exact, long before the clip is here.
#[tokio::test(flavor = "multi_thread")]
async fn a_room_shows_its_first_frame_before_half_of_the_clip_has_come() {
    let scene = Scene::open(0).await;
    let sent = large(12_000_000);
    let clip = scene.clip(&sent).await;
    scene.line.slow_down(MB / 2);
    let room = scene.desk.open_review(clip.id).await.unwrap();
    let shown = tokio::task::spawn_blocking(move || {
        let mut socket = FrameSocket::connect(&room.socket).unwrap();
        let request = FrameRequest::Show {
            generation: 1,
            frame: 0,
            max_width: 320,
            max_height: 320,
            near_first: false,
        };
        socket.show(&request).unwrap();
        loop {
            match socket.next(Duration::from_secs(60)).unwrap().expect("an answer") {
                Seen::Picture { header, .. } if header.exact => break (header.generation, header.frame),
                Seen::Failed { failure, .. } => panic!("{failure:?}"),
                _ => {}
            }
        }
    });
    assert_eq!(shown.await.unwrap(), (1, 0));
    let carried = scene.line.carried();
    assert!(carried < sent.len() as u64 / 2, "{carried} of {} bytes came", sent.len());
    scene.desk.close_review(clip.id).await.unwrap();
    scene.desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_opens_once_for_all_and_lets_go_at_once() {
    let scene = Scene::open(0).await;
    let sent = large(4_000_000);
    let clip = scene.clip(&sent).await;
    // So slow that it does not open as long as this test takes.
    scene.line.slow_down(1000);
    let began = Instant::now();
    let (opened, ()) = tokio::join!(scene.desk.open_review(clip.id), async {
        until(&scene.desk, "it is asked for", async || (!scene.line.asked().is_empty()).then_some(())).await;
        scene.desk.close_review(clip.id).await.unwrap();
    });
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    let failure = opened.err().unwrap();
    assert!(failure.message.contains("was closed"), "{}", failure.message);
    scene.line.slow_down(3 * MB);
    let carried = scene.quiet().await;
    assert!(carried < MB, "{carried}");

    let (one, other) = tokio::join!(scene.desk.open_review(clip.id), scene.desk.open_review(clip.id));
    assert_eq!(one.unwrap().socket, other.unwrap().socket);
    let still = scene.desk.capture_still(CaptureStill { clip: clip.id, frame: 3 }).await.unwrap();
    assert_eq!(still.still_of.unwrap().frame, 3);
    scene.desk.close_review(clip.id).await.unwrap();
    assert!(total(&scene.line.asked()) < sent.len() as u64 + MB);
    scene.desk.close().await;
}

/// The first clock that is told which is like this.
async fn told(events: &mut Receiver<DeskEvent>, is_so: impl Fn(&SoundClock) -> bool) -> SoundClock {
    let told = async {
        loop {
            match events.recv().await.unwrap() {
                DeskEvent::Sound { clock, .. } if is_so(&clock) => break clock,
                _ => {}
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), told).await.expect("it is told")
}

/// What is known when sound or a still is asked for first is not all that is ever known.
#[tokio::test(flavor = "multi_thread")]
async fn what_becomes_known_of_a_clip_while_it_arrives_is_captured_and_played() {
    let scene = Scene::open(0).await;
    let sent = std::fs::read(clips::make(Kind::LiveWebm, &clips::cache_dir()).unwrap()).unwrap();
    let clip = scene.clip(&sent).await;
    // Its front and its tail are here, and for a while no more comes.
    scene.line.slow_down(MB / 4);
    let source = scene.bytes(&clip).await;
    read(&source, 0, 200_000).await;
    scene.line.slow_down(30_000);
    read(&source, sent.len() as u64 - 10, 10).await;
    scene.line.slow_down(4000);
    drop(source);
    let room = scene.desk.open_review(clip.id).await.unwrap();
    let mut socket = FrameSocket::connect(&room.socket).unwrap();
    let before = socket.clip().clone();
    let still = scene.desk.capture_still(CaptureStill { clip: clip.id, frame: 1 }).await.unwrap();
    assert_eq!(still.still_of.unwrap().at, before.times[1]);
    let end = before.duration;
    let wanted = PlaySound { clip: clip.id, from: Some(end), rate: 1.0, between: None, muted: false };
    let mut events = scene.desk.events();
    scene.desk.play_sound(wanted).await.unwrap();
    assert_eq!(told(&mut events, |clock| !clock.playing).await.at, end);

    // So slowly that all of it is known before the player is at the end that was known when it began.
    let from = Some(Micros(end.0 - 700_000));
    scene.desk.play_sound(PlaySound { from, rate: 0.1, ..wanted }).await.unwrap();
    scene.line.slow_down(0);
    let (whole, shown) = tokio::task::spawn_blocking(move || {
        let whole = loop {
            match socket.next(Duration::from_secs(60)).unwrap().expect("all of it comes") {
                Seen::Ready { clip, whole: true } => break clip,
                Seen::Failed { failure, .. } => panic!("{failure:?}"),
                _ => {}
            }
        };
        let frame = u32::try_from(whole.times.len() - 1).unwrap();
        let show =
            FrameRequest::Show { generation: 1, frame, max_width: 320, max_height: 320, near_first: false };
        socket.show(&show).unwrap();
        loop {
            match socket.next(Duration::from_secs(60)).unwrap().expect("an answer") {
                Seen::Picture { header, .. } if header.exact && header.generation == 1 => {
                    break (whole, header.frame);
                }
                Seen::Failed { failure, .. } => panic!("{failure:?}"),
                _ => {}
            }
        }
    })
    .await
    .unwrap();
    assert!(whole.times.len() > before.times.len() && whole.duration > end);
    let still = scene.desk.capture_still(CaptureStill { clip: clip.id, frame: shown }).await.unwrap();
    assert_eq!(still.still_of.unwrap().at, *whole.times.last().unwrap());
    // What has played since goes on into what has come, and to the end of that.
    let on = told(&mut events, |clock| !clock.playing || clock.at > end).await;
    assert!(on.playing, "{on:?}");
    scene.desk.play_sound(PlaySound { from: None, rate: 4.0, ..wanted }).await.unwrap();
    assert_eq!(told(&mut events, |clock| !clock.playing).await.at, whole.duration);
    scene.desk.close_review(clip.id).await.unwrap();
    scene.desk.close().await;
}

/// Who waits until the clip is known keeps nobody else from the room.
#[tokio::test(flavor = "multi_thread")]
async fn a_room_is_entered_while_its_sound_waits_for_the_clip() {
    let scene = Scene::open(0).await;
    let clip = scene.clip(&large(4_000_000)).await;
    scene.line.slow_down(100_000);
    let room = scene.desk.open_review(clip.id).await.unwrap();
    // What stands at its end does not come as long as this test takes.
    scene.line.slow_down(1000);
    let wanted = PlaySound { clip: clip.id, from: None, rate: 1.0, between: None, muted: false };
    let began = Instant::now();
    let (played, ()) = tokio::join!(scene.desk.play_sound(wanted), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(scene.desk.open_review(clip.id).await.unwrap().socket, room.socket);
        assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
        scene.desk.close_review(clip.id).await.unwrap();
    });
    let failure = played.err().unwrap();
    assert!(failure.message.contains("was closed"), "{failure:?}");
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
    scene.desk.close().await;
}

/// Who waits for a frame of a room that is closed hears of it at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_still_does_not_wait_in_a_room_that_was_closed() {
    let scene = Scene::open(0).await;
    let sent = std::fs::read(clips::make(Kind::Demo, &clips::cache_dir()).unwrap()).unwrap();
    let clip = scene.clip(&sent).await;
    scene.line.slow_down(100_000);
    let room = scene.desk.open_review(clip.id).await.unwrap();
    let known = tokio::task::spawn_blocking(move || {
        let socket = FrameSocket::connect(&room.socket).unwrap();
        u32::try_from(socket.clip().times.len()).unwrap()
    });
    let last = known.await.unwrap() - 1;
    // The last frame does not come as long as this test takes.
    scene.line.slow_down(1000);
    let began = Instant::now();
    let (still, ()) =
        tokio::join!(scene.desk.capture_still(CaptureStill { clip: clip.id, frame: last }), async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            scene.desk.close_review(clip.id).await.unwrap();
        });
    let failure = still.err().unwrap();
    assert!(failure.message.contains("was closed while its clip was still arriving"), "{failure:?}");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    scene.desk.close().await;
}

//! A clip that is read while it arrives over a slow line: what is wanted comes first, nothing comes twice, and what
//! came stays.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at what it did not expect"
)]

mod common;

use std::{
    ops::Range,
    sync::Arc,
    time::{Duration, Instant},
};

use common::{
    large::{MB, Reads as _, boxes, fail, large, read, total},
    scene::{Scene, quick},
    *,
};
use limpet_desk::{Desk, DeskOptions, MediaKind};
use limpet_model::*;
use limpet_sync::plan::Pace;
use limpet_wire::{Code, calls::Answers as _, desk::*};

/// A byte that is far from having come.
fn missing(here: &[Range<u64>], length: usize) -> u64 {
    let ends = here.iter().map(|range| range.end);
    let starts = here.iter().skip(1).map(|range| range.start).chain([length as u64]);
    let hole = ends.zip(starts).max_by_key(|(end, start)| start - end).unwrap();
    u64::midpoint(hole.0, hole.1)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_at_the_end_is_read_before_the_middle_has_come() {
    let scene = Scene::open(0).await;
    let sent = large(12_000_000);
    let clip = scene.clip(&sent).await;
    scene.line.slow_down(MB / 2);
    let source = scene.bytes(&clip).await;
    let reader = Arc::clone(&source);
    let (found, moov) = tokio::task::spawn_blocking(move || {
        assert_eq!(reader.len().unwrap(), 12_764_387);
        let found = boxes(&*reader);
        let moov = found.last().unwrap().1.clone();
        (found, reader.some(moov.start, usize::try_from(moov.end - moov.start).unwrap()).unwrap())
    })
    .await
    .unwrap();
    let carried = scene.line.carried();
    assert_eq!(found, boxes(&sent[..]));
    assert_eq!(moov, sent[sent.len() - moov.len()..]);
    assert!(carried < sent.len() as u64 / 2, "{carried} of {} bytes came", sent.len());
    let arrived = source.arrived().unwrap();
    assert!(arrived.len() > 1 && arrived.last().unwrap().end == sent.len() as u64, "{arrived:?}");

    scene.line.slow_down(4 * MB);
    // The rest follows, each byte once, and then the source is a file like any other.
    assert_eq!(read(&source, 0, sent.len()).await, sent);
    until(&scene.desk, "all of it is here", async || source.arrived().is_none().then_some(())).await;
    assert_eq!(total(&scene.line.asked()), sent.len() as u64);
    assert!(scene.has(&clip, "") && !scene.has(&clip, ".part"));
    assert_eq!(scene.desk.media(clip.id, MediaKind::Original).await.unwrap().bytes, sent);
    scene.desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_follows_the_eye_comes_first_and_then_the_rest_from_the_front() {
    let scene = Scene::open(0).await;
    let sent = large(8_000_000);
    let clip = scene.clip(&sent).await;
    scene.line.slow_down(20_000);
    let source = scene.bytes(&clip).await;
    source.want(6 * MB);
    scene.line.slow_down(3 * MB);
    until(&scene.desk, "all of it is here", async || source.arrived().is_none().then_some(())).await;
    let asked = scene.line.asked();
    let there = asked.iter().position(|range| range.contains(&(6 * MB))).unwrap();
    assert!(there <= 1, "{asked:?}");
    let last = asked.iter().position(|range| range.end == sent.len() as u64).unwrap();
    let (eye, rest) = (&asked[there..=last], &asked[last + 1..]);
    assert!(eye.windows(2).all(|two| two[0].end == two[1].start), "{asked:?}");
    assert!(
        rest.is_sorted_by_key(|range| range.start) && rest.last().unwrap().end == eye[0].start,
        "{asked:?}"
    );
    assert_eq!(total(&asked), sent.len() as u64);
    scene.desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn however_many_want_a_clip_it_comes_once() {
    let scene = Scene::open(0).await;
    let sent = large(4_000_000);
    let clip = scene.clip(&sent).await;
    scene.line.slow_down(2 * MB);
    let (one, other) = (scene.bytes(&clip).await, scene.bytes(&clip).await);
    let path = scene.profile.folder.path().join("walk.mp4").to_string_lossy().into_owned();
    let wanted = SaveAttachment { attachment: clip.id, path: path.clone() };
    let still = CaptureStill { clip: clip.id, frame: 7 };
    let half = sent.len() / 2;
    let (front, back, saved, shown, still) = tokio::join!(
        read(&one, 0, sent.len()),
        read(&other, half as u64, sent.len() - half),
        scene.desk.save_attachment(wanted),
        scene.desk.media(clip.id, MediaKind::Original),
        scene.desk.capture_still(still),
    );
    assert!(front == sent && back == sent[half..] && shown.unwrap().bytes == sent);
    assert_eq!(Some(saved.unwrap().sha256), clip.sha256);
    assert_eq!(std::fs::read(path).unwrap(), sent);
    assert_eq!(still.unwrap().still_of.unwrap().frame, 7);
    assert_eq!(total(&scene.line.asked()), sent.len() as u64);
    scene.desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_waits_while_the_line_is_cut_for_a_moment_and_fails_with_a_sentence_when_it_stays_cut() {
    let scene = Scene::open(0).await;
    let sent = large(4_000_000);
    let clip = scene.clip(&sent).await;
    scene.line.slow_down(MB);
    let source = scene.bytes(&clip).await;
    assert_eq!(read(&source, 0, 10).await, sent[..10]);
    scene.line.cut();
    let tail = sent.len() - 10;
    let (bytes, ()) = tokio::join!(read(&source, tail as u64, 10), async {
        tokio::time::sleep(Duration::from_millis(150)).await;
        scene.line.mend();
    });
    assert_eq!(bytes, sent[tail..]);

    scene.line.cut();
    let here = source.arrived().unwrap();
    let sentence = fail(&source, missing(&here, sent.len())).await;
    assert!(sentence.contains("the server cannot be reached"), "{sentence}");
    let wanted = SaveAttachment { attachment: clip.id, path: String::new() };
    assert_eq!(scene.desk.save_attachment(wanted).await.err().unwrap().code, Code::Offline);
    // What is here is read all the same.
    assert_eq!(read(&source, 0, 10).await, sent[..10]);
    let stays = source.arrived().unwrap();
    assert!(here.iter().all(|range| stays.iter().any(|it| it.start <= range.start && range.end <= it.end)));
    assert!(scene.has(&clip, ".part"));

    // Back on the line it goes on by itself, without anybody asking.
    scene.line.mend();
    until(&scene.desk, "all of it is here", async || source.arrived().is_none().then_some(())).await;
    assert_eq!(read(&source, 0, sent.len()).await, sent);
    let carried = scene.line.carried();
    assert!(carried < sent.len() as u64 + MB, "{carried}");
    scene.desk.close().await;
}

/// The task that fetches it ended with the line; what the next one brings is there at once, too.
#[tokio::test(flavor = "multi_thread")]
async fn what_comes_after_an_outage_is_read_while_the_rest_is_still_coming() {
    let scene = Scene::open(0).await;
    let sent = large(8_000_000);
    let clip = scene.clip(&sent).await;
    scene.line.slow_down(MB);
    let source = scene.bytes(&clip).await;
    assert_eq!(read(&source, 0, 10).await, sent[..10]);
    scene.line.cut();
    let away = missing(&source.arrived().unwrap(), sent.len());
    let sentence = fail(&source, away).await;
    assert!(sentence.contains("the server cannot be reached"), "{sentence}");

    scene.line.slow_down(MB / 2);
    scene.line.mend();
    online(&scene.desk).await;
    let at = usize::try_from(away).unwrap();
    assert_eq!(read(&source, away, 10).await, sent[at..at + 10]);
    let here = source.arrived().expect("the rest is still coming");
    assert!(here.iter().any(|range| range.contains(&away)), "{here:?}");
    assert!(total(&here) < sent.len() as u64 / 2, "{here:?}");
    scene.line.slow_down(0);
    until(&scene.desk, "all of it is here", async || source.arrived().is_none().then_some(())).await;
    assert_eq!(read(&source, 0, sent.len()).await, sent);
    scene.desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_wants_any_more_stops_and_is_gone_on_with_later() {
    let scene = Scene::open(0).await;
    let sent = large(8_000_000);
    let clip = scene.clip(&sent).await;
    scene.line.slow_down(MB);
    let source = scene.bytes(&clip).await;
    assert_eq!(read(&source, MB, 10).await, sent[1_000_000..1_000_010]);
    let other = scene.bytes(&clip).await;
    drop(source);
    // Somebody still wants it.
    assert_eq!(read(&other, 3 * MB, 10).await, sent[3_000_000..3_000_010]);
    drop(other);
    let carried = scene.quiet().await;
    assert!(carried < sent.len() as u64 / 2 + MB, "{carried}");
    assert!(scene.has(&clip, ".part") && !scene.has(&clip, ""));

    // A program that is killed loses nothing of it either, nor does it hang on whoever waits.
    let Scene { practice, line, profile, desk, .. } = scene;
    line.slow_down(1000);
    let source = desk.clip_bytes(clip.id).await.unwrap();
    let (sentence, ()) = tokio::join!(fail(&source, 8 * MB), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        drop(desk);
    });
    assert!(sentence.contains("Sign in"), "{sentence}");
    drop(source);
    line.slow_down(0);
    let desk = Desk::open(quick(&profile, 0)).await.unwrap();
    online(&desk).await;
    let source = desk.clip_bytes(clip.id).await.unwrap();
    assert_eq!(read(&source, 0, sent.len()).await, sent);
    let carried = line.carried();
    assert!(carried < sent.len() as u64 + 2 * MB, "{carried}");
    desk.close().await;
    drop(practice);
}

/// A part that was here before is no sign that the server is there.
#[tokio::test(flavor = "multi_thread")]
async fn a_desk_that_is_offline_says_at_once_that_the_rest_cannot_come() {
    let scene = Scene::open(0).await;
    let sent = large(8_000_000);
    let clip = scene.clip(&sent).await;
    scene.line.slow_down(MB);
    let source = scene.bytes(&clip).await;
    read(&source, MB, 10).await;
    drop(source);
    scene.quiet().await;
    assert!(scene.has(&clip, ".part"));
    scene.desk.close().await;

    scene.line.cut();
    // So slow that trying again would be noticed.
    let options = quick(&scene.profile, 0);
    let pace = Pace { first: Duration::from_secs(5), longest: Duration::from_secs(5), ..options.pace };
    let scene = Scene { desk: Desk::open(DeskOptions { pace, ..options }).await.unwrap(), ..scene };
    connected(&scene.desk, Connection::Offline).await;
    let source = scene.bytes(&clip).await;
    let began = Instant::now();
    let sentence = fail(&source, 8 * MB).await;
    assert!(sentence.contains("the server cannot be reached"), "{sentence}");
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    // What is here is read all the same.
    assert_eq!(read(&source, MB, 10).await, sent[1_000_000..1_000_010]);
    scene.desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_not_what_was_sent_is_found_out_and_comes_again() {
    let scene = Scene::open(0).await;
    let sent = large(2_000_000);
    let clip = scene.clip(&sent).await;
    let kept = find(scene.practice.server.data(), clip.id);
    let mut other = sent.clone();
    other[1_500_000] ^= 1;
    std::fs::write(&kept, &other).unwrap();
    let source = scene.bytes(&clip).await;
    let wanted = SaveAttachment {
        attachment: clip.id,
        path: scene.profile.folder.path().join("walk.mp4").to_string_lossy().into_owned(),
    };
    let failure = scene.desk.save_attachment(wanted.clone()).await.err().unwrap();
    assert!(failure.message.contains("not what was sent"), "{}", failure.message);
    // Nothing more is read of it, not even what was right.
    assert!(fail(&source, 0).await.contains("not what was sent"));
    assert!(!scene.has(&clip, "") && !scene.has(&clip, ".part"));

    std::fs::write(&kept, &sent).unwrap();
    assert_eq!(Some(scene.desk.save_attachment(wanted).await.unwrap().sha256), clip.sha256);
    assert_eq!(read(&scene.bytes(&clip).await, 0, sent.len()).await, sent);
    scene.desk.close().await;
}

/// The original of an attachment in a server's folder.
fn find(folder: &std::path::Path, id: AttachmentId) -> std::path::PathBuf {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.ends_with(format!("{id}/original")) {
                return path;
            }
        }
    }
    panic!("no original of {id}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_waits_for_goes_before_what_is_fetched_ahead() {
    // The server looks at a clip for as long as it takes: both are ready before anything is fetched.
    let scene = Scene::open(0).await;
    let (sent, other) = (large(4_000_000), large(4_000_001));
    let wanted = scene.clip(&sent).await;
    let newest = scene.clip(&other).await;
    scene.desk.close().await;
    // So slow that it does not come as long as nobody waits for anything.
    scene.line.slow_down(20_000);
    let scene = Scene { desk: Desk::open(quick(&scene.profile, 1 << 30)).await.unwrap(), ..scene };
    until(&scene.desk, "it is fetched ahead", async || (!scene.line.asked().is_empty()).then_some(())).await;
    let source = scene.bytes(&wanted).await;
    scene.line.slow_down(3 * MB);
    assert_eq!(read(&source, 0, sent.len()).await, sent);
    drop(source);
    until(&scene.desk, "both are here", async || {
        (scene.has(&newest, "") && scene.has(&wanted, "")).then_some(())
    })
    .await;
    let (newest, wanted) = (newest.id.to_string(), wanted.id.to_string());
    assert_eq!(scene.line.asked_of(), [newest.clone(), wanted, newest]);
    assert_eq!(total(&scene.line.asked()), (sent.len() + other.len()) as u64);
    scene.desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_unfinished_counts_and_goes_first_unless_somebody_holds_it() {
    let scene = Scene::open(0).await;
    let (one, two, three) = (
        scene.clip(&large(2_000_000)).await,
        scene.clip(&large(2_000_001)).await,
        scene.clip(&large(9)).await,
    );
    scene.line.slow_down(MB);
    for clip in [&one, &two] {
        let source = scene.bytes(clip).await;
        read(&source, 0, 10).await;
        drop(source);
        scene.quiet().await;
    }
    // The second made room for itself by dropping the first.
    assert!(!scene.has(&one, ".part") && scene.has(&two, ".part"));
    let held = scene.bytes(&two).await;
    read(&held, 0, 10).await;
    scene.desk.media(three.id, MediaKind::Original).await.unwrap();
    assert!(scene.has(&two, ".part") && scene.has(&three, ""));
    // What is finished goes, too, when something else needs the room.
    scene.desk.media(one.id, MediaKind::Original).await.unwrap();
    assert!(!scene.has(&three, "") && scene.has(&one, ""));
    scene.desk.close().await;
}

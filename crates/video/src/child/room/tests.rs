//! What is known of a clip, what is decoded by it before it is asked for, and until when.

use std::time::{Duration, Instant};

use limpet_testkit::clips::{self, Kind};

use super::{
    known::Known,
    plan::{Gaze, Heading},
    ways::Beyond,
    *,
};
use crate::{
    PlainFile,
    child::facts,
    engine::{Engine, Viewer, Way},
    media::{index::Index, reader::Reader},
};

const KIND: (u32, u32) = (320, 180);

/// A clip with a key frame every 24.
fn stage() -> Arc<Stage> {
    let clip = clips::make(Kind::NoAudio, &clips::cache_dir()).unwrap();
    let source: Arc<dyn ByteSource> = Arc::new(PlainFile::open(&clip).unwrap());
    Arc::new(Stage::new(source, None, 64 << 20))
}

/// Indexes it, as is done again whenever more of a clip has arrived.
fn index(stage: &Stage) -> Arc<Known> {
    let mut demuxer = stage.open(&stage.source()).unwrap();
    let index = Index::build(&mut demuxer, None, &mut || {}).unwrap();
    let description = facts::describe(&demuxer.track, &index, true);
    stage.publish(demuxer.track.clone(), index, description, true);
    stage.known().unwrap()
}

#[test]
fn what_cannot_be_decoded_is_not_tried_again_until_the_clip_is_indexed_anew() {
    let stage = stage();
    let known = index(&stage);
    let gaze = Gaze { frame: 30, kind: KIND, heading: Heading::On };
    assert_eq!(known.few_after(30, 4, KIND), Some(31..35));
    assert_eq!(known.next_views(gaze, 40, true), Some(30..48));
    known.give_up(30..33);
    assert_eq!(known.few_after(30, 4, KIND), Some(33..35));
    assert_eq!(known.next_views(gaze, 40, true), Some(33..48));
    let newer = index(&stage);
    assert_eq!(newer.few_after(30, 4, KIND), Some(31..35));
}

#[test]
fn what_comes_next_can_be_asked_for_without_what_lies_behind() {
    let known = index(&stage());
    let gaze = Gaze { frame: 30, kind: KIND, heading: Heading::On };
    known.give_up(30..known.index.count());
    assert_eq!(known.next_views(gaze, 40, false), None);
    assert_eq!(known.next_views(gaze, 40, true), Some(24..30));
}

#[test]
fn the_hand_runs_on_by_the_newest_index_only() {
    let stage = stage();
    let known = index(&stage);
    let mut way = Beyond { stage: &stage, known: &known, frames: &(31..35) };
    assert!(!way.over());
    let newer = index(&stage);
    assert!(way.over());
    assert!(!Beyond { stage: &stage, known: &newer, frames: &(31..35) }.over());
}

#[test]
fn what_is_told_before_somebody_waits_is_not_missed() {
    let (stage, begin) = (stage(), Instant::now());
    let told = stage.state().told;
    stage.wait_until_told(told, Duration::from_millis(20));
    assert!(begin.elapsed() >= Duration::from_millis(20), "nothing was told");
    stage.tell();
    stage.wait_until_told(told, Duration::from_secs(10));
    assert!(begin.elapsed() < Duration::from_secs(10));
}

#[test]
fn what_the_hand_came_by_on_its_run_is_not_planned_again() {
    let stage = stage();
    let known = index(&stage);
    let reader = Reader::new(stage.open(&stage.source()).unwrap(), Arc::clone(&known.index)).unwrap();
    let mut viewer = Viewer::new(known.track.clone(), Arc::clone(&known.index));
    viewer.resize(KIND);
    let mut way = Beyond { stage: &stage, known: &known, frames: &(31..34) };
    Engine::new(reader).frame_at(33, &mut viewer, &known.views, &mut way).unwrap();
    assert_eq!([30, 31, 33, 34].map(|frame| known.lacks(frame, KIND)), [true, false, false, true]);
    assert_eq!(known.few_after(30, 4, KIND), Some(34..35));
}

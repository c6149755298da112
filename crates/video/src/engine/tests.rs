//! Ways that are given up and taken up again.

use std::sync::Arc;

use limpet_testkit::clips::{self, Kind};

use super::{kept::Digest, *};
use crate::{
    ByteSource, PlainFile,
    media::{demuxer::Demuxer, index::Index},
};

/// Hurries, and gives up after so many packets.
struct Until {
    packets: u32,
    hurries_to: Option<u32>,
}

impl Way<Digest> for Until {
    fn over(&mut self) -> bool {
        self.packets = self.packets.saturating_sub(1);
        self.packets == 0
    }

    fn worth(&self, _: u32) -> Worth {
        Worth::Nothing
    }

    fn near(&self) -> Range<u32> {
        0..0
    }

    fn hurries_to(&self) -> Option<u32> {
        self.hurries_to
    }
}

/// Keeps all that it passes.
struct Keeping;

impl Way<Digest> for Keeping {
    fn over(&mut self) -> bool {
        false
    }

    fn near(&self) -> Range<u32> {
        0..u32::MAX
    }
}

const PATIENT: Until = Until { packets: u32::MAX, hurries_to: None };

fn engine(kind: Kind) -> Engine {
    let clip = clips::make(kind, &clips::cache_dir()).unwrap();
    let source: Arc<dyn ByteSource> = Arc::new(PlainFile::open(&clip).unwrap());
    let mut demuxer = Demuxer::of_pictures(source, None).unwrap();
    let index = Index::build(&mut demuxer, None, &mut || {}).unwrap();
    Engine::new(Reader::after(demuxer, Arc::new(index)).unwrap())
}

fn frame(engine: &mut Engine, frame: u32, mut way: Until) -> Result<[u8; 16], VideoError> {
    engine.frame_at(frame, &mut Hasher, &Shared::new(0), &mut way).map(|digest| digest.0)
}

#[test]
fn what_a_hurried_way_left_out_comes_when_it_is_wanted() {
    let mut engine = engine(Kind::OpenGop);
    let right: Vec<_> = (0..23).map(|at| frame(&mut engine, at, PATIENT).unwrap()).collect();
    for packets in 2..14 {
        for wanted in [1, 2, 3, 5, 10, 11, 16, 21] {
            let given_up = frame(&mut engine, 22, Until { packets, hurries_to: Some(22) });
            assert_eq!(given_up.err(), Some(VideoError::Superseded), "{packets}");
            let hurrying = Until { packets: u32::MAX, hurries_to: Some(wanted) };
            let found = frame(&mut engine, wanted, hurrying).unwrap();
            assert_eq!(found, right[wanted as usize], "{wanted} after {packets} packets");
            // Back to the start.
            frame(&mut engine, 0, PATIENT).unwrap();
        }
    }
}

#[test]
fn what_comes_last_is_of_the_group_that_is_being_decoded() {
    // A key frame every 24.
    let mut engine = engine(Kind::NoAudio);
    assert_eq!(engine.last_to_come(&(0..60), &|_| true), None, "it stands nowhere yet");
    frame(&mut engine, 30, PATIENT).unwrap();
    assert_eq!(engine.last_to_come(&(10..60), &|_| true), Some(47));
    assert_eq!(engine.last_to_come(&(10..41), &|_| true), Some(40));
    assert_eq!(engine.last_to_come(&(10..60), &|frame| frame < 45), Some(44), "the others are there");
    assert_eq!(engine.last_to_come(&(10..31), &|_| true), None, "passed");
    assert_eq!(engine.last_to_come(&(48..60), &|_| true), None, "of the next group");
    frame(&mut engine, 10, PATIENT).unwrap();
    assert_eq!(engine.last_to_come(&(10..60), &|_| true), Some(23), "after going back");
}

#[test]
fn what_the_decoder_has_passed_comes_first() {
    let mut engine = engine(Kind::NoAudio);
    assert_eq!(engine.one_way(26..40), 26..40, "it stands nowhere yet");
    frame(&mut engine, 30, PATIENT).unwrap();
    assert_eq!(engine.one_way(26..40), 26..31, "the others would come, and these would not");
    assert_eq!([engine.one_way(31..40), engine.one_way(20..30)], [31..40, 20..30]);
    let kept = Shared::new(usize::MAX);
    for frames in [engine.one_way(26..40), 31..40] {
        engine.frame_at(frames.end - 1, &mut Hasher, &kept, &mut Keeping).unwrap();
        assert!(frames.clone().all(|frame| kept.has(frame, Hasher.kind())), "{frames:?}");
    }
}

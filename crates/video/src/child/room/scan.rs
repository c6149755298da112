//! Opens and indexes the clip of a room, and shows its first picture meanwhile. Of a clip that is still arriving the
//! index is made again whenever more of it is there.
//!
//! **Invariant:** a frame counts as there only when the index has looked at every packet it takes to decode it.

use std::{io, sync::Arc, thread, time::Duration};

use super::{ahead::Forerunner, hand::Hand, stage::Stage};
use crate::{
    ByteSource, VideoError,
    child::facts,
    engine::{Easel, Engine, Keep, Sketcher, Viewer},
    media::{
        demuxer::Demuxer,
        holes::{Holes, Instead},
        index::Index,
        reader::Reader,
    },
};

/// The view that a first picture is made for, before a window has said how large it is.
const FIRST_VIEW: (u32, u32) = (1280, 720);
/// How often to look whether more has arrived.
const LOOK: Duration = Duration::from_millis(300);

/// Starts the threads of a room.
pub fn start(stage: Arc<Stage>, source: Arc<dyn ByteSource>) -> io::Result<()> {
    let fails = Arc::clone(&stage);
    thread::Builder::new().name("scan".into()).spawn(move || {
        let scan = Scan { stage, source };
        if let Err(error) = scan.run() {
            fails.fail(error);
        }
    })?;
    Ok(())
}

struct Scan {
    stage: Arc<Stage>,
    source: Arc<dyn ByteSource>,
}

impl Scan {
    fn run(self) -> Result<(), VideoError> {
        let holes = Arc::new(Holes::new(Arc::clone(&self.source)));
        let opened = Demuxer::open(Arc::clone(&holes) as Arc<dyn ByteSource>);
        let mut demuxer = if holes.take_failure() { return Err(unreadable()) } else { opened? };
        // From here on bytes that are not there read as nothing: the container's table says what they would be.
        let by_table = matches!(demuxer.track.container.as_str(), "mp4" | "mov");
        holes.leave_out(if by_table { Instead::Zeros } else { Instead::End });
        let first = Arc::clone(&self.stage);
        let source = Arc::clone(&self.source);
        thread::Builder::new()
            .name("first picture".into())
            .spawn(move || show_first(&first, &source))
            .map_err(VideoError::internal)?;
        let mut started = false;
        loop {
            let there = holes.look();
            let whole = there.is_none();
            let indexed = Index::build(&mut demuxer, there.as_deref(), &mut || {});
            if holes.take_failure() {
                return Err(unreadable());
            }
            match indexed {
                Ok(index) => {
                    let track = demuxer.track.clone();
                    let description = facts::describe(&track, &index, whole);
                    self.stage.publish(track, index, description, whole);
                    if !std::mem::replace(&mut started, true) {
                        self.start_hands()?;
                    }
                }
                Err(error) if whole => return Err(error),
                Err(error) => tracing::debug!(%error, "Not enough of a clip has arrived to index it"),
            }
            if whole {
                return Ok(());
            }
            let before = there.map_or(0, |ranges| sum(&ranges));
            loop {
                thread::sleep(LOOK);
                let now = holes.look();
                // The more is there the longer it takes to index it.
                if now.is_none_or(|now| sum(&now) > before + before / 8 + (1 << 20)) {
                    break;
                }
            }
            demuxer = demuxer.reopen()?;
        }
    }

    /// The hand and the thread that decodes ahead, each with a decoder of its own.
    fn start_hands(&self) -> Result<(), VideoError> {
        let known = self.stage.wait_known(&|| {})?;
        let reader = || Reader::new(Demuxer::open(Arc::clone(&self.source))?, Arc::clone(&known.index));
        let viewer = || Viewer::new(known.track.clone(), Arc::clone(&known.index));
        let hand = Hand {
            stage: Arc::clone(&self.stage),
            engine: Engine::new(reader()?),
            viewer: viewer(),
            easel: Easel::default(),
        };
        let ahead = Forerunner {
            stage: Arc::clone(&self.stage),
            engine: Engine::new(reader()?),
            viewer: viewer(),
            sketcher: Sketcher::new(viewer()),
            hopeless: std::collections::HashSet::new(),
        };
        let spawn = |name: &str, run: Box<dyn FnOnce() + Send>| {
            thread::Builder::new().name(name.into()).spawn(run).map(drop).map_err(VideoError::internal)
        };
        spawn("hand", Box::new(|| hand.show_all()))?;
        spawn("ahead", Box::new(|| ahead.run()))
    }
}

fn unreadable() -> VideoError {
    VideoError::Bytes("The bytes of this clip could not be read. Try again.".into())
}

fn sum(ranges: &[std::ops::Range<u64>]) -> u64 {
    ranges.iter().map(|range| range.end - range.start).sum()
}

/// The first picture that the decoder gives, while the rest is being indexed. That there is none is no failure.
fn show_first(stage: &Stage, source: &Arc<dyn ByteSource>) {
    let picture = || {
        let mut demuxer = Demuxer::open(Arc::clone(source))?;
        let index = Arc::new(Index::head(&mut demuxer)?);
        let mut reader = Reader::new(demuxer.reopen()?, Arc::clone(&index))?;
        let mut viewer = Viewer::new(demuxer.track.clone(), index);
        viewer.fit(FIRST_VIEW.0, FIRST_VIEW.1);
        match reader.next_picture(&mut || stage.known().is_some())? {
            Some(fresh) => viewer.keep(0, fresh.picture, fresh.hurt).map(Some),
            None => Ok(None),
        }
    };
    match picture() {
        Ok(Some(view)) => stage.show_first(view),
        Ok(None) => {}
        Err(error) => tracing::debug!(%error, "There is no first picture"),
    }
}

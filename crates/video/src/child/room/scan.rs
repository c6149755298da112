//! Opens and indexes the clip of a room. Of a clip that is still arriving the index is made again whenever a good part
//! more of it is there, or what somebody waits for.
//!
//! **Invariant:** a frame counts as there only when the index has looked at every packet it takes to decode it.

use std::{io, ops::Range, sync::Arc, thread, time::Duration};

use super::stage::Stage;
use crate::{
    ByteSource, VideoError,
    child::facts,
    media::{
        demuxer::Demuxer,
        holes::{Holes, Instead},
        index::Index,
    },
};

/// How often to look whether somebody has come to wait for what is here. What arrives is told.
const LOOK: Duration = Duration::from_millis(300);

/// How long the first picture may take before indexing begins beside it.
const FIRST: Duration = Duration::from_millis(40);

/// Starts to index.
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
        let opened = self.stage.open(&(Arc::clone(&holes) as Arc<dyn ByteSource>));
        let mut demuxer = if holes.take_failure() { return Err(VideoError::unreadable()) } else { opened? };
        self.stage.wait_first(FIRST);
        // From here on bytes that are not there read as nothing: the container's table says what they would be.
        let by_table = matches!(demuxer.track.container.as_str(), "mp4" | "mov");
        holes.leave_out(if by_table { Instead::Zeros } else { Instead::End });
        loop {
            let there = holes.look();
            let whole = there.is_none();
            let indexed = Index::build(&mut demuxer, there.as_deref(), &mut || {});
            if holes.take_failure() {
                return Err(VideoError::unreadable());
            }
            match indexed {
                Ok(index) => {
                    let track = demuxer.track.clone();
                    let description = facts::describe(&track, &index, whole);
                    self.stage.publish(track, index, description, whole);
                }
                Err(error) if whole => return Err(error),
                Err(error) => tracing::debug!(%error, "Not enough of a clip has arrived to index it"),
            }
            if whole {
                return Ok(());
            }
            demuxer = self.wait(&demuxer, &holes, there.unwrap_or_default())?;
        }
    }

    /// Waits until it is worth indexing again what is more than `known`, and opens it for that.
    fn wait(
        &self,
        demuxer: &Demuxer,
        holes: &Holes,
        mut known: Vec<Range<u64>>,
    ) -> Result<Demuxer, VideoError> {
        let before = sum(&known);
        loop {
            let now = self.source.wait_for_arrivals(&known, LOOK);
            // The more is there the longer it takes to index it.
            if now
                .as_ref()
                .is_some_and(|now| !self.stage.has_come(now) && sum(now) <= before + before / 8 + (1 << 20))
            {
                known = now.unwrap_or_default();
                continue;
            }
            let whole = holes.look().is_none();
            match demuxer.reopen() {
                Err(error) if !whole => tracing::debug!(%error, "Word of what has arrived is late"),
                reopened => return reopened,
            }
            known = now.unwrap_or_default();
        }
    }
}

fn sum(ranges: &[Range<u64>]) -> u64 {
    ranges.iter().map(|range| range.end - range.start).sum()
}

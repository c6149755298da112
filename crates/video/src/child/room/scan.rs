//! Opens and indexes the clip of a room. Of a clip that is still arriving the index is made again whenever a good part
//! more of it is there, or what somebody waits for.
//!
//! **Invariant:** a frame counts as there only when the index has looked at every packet it takes to decode it.

use std::{io, sync::Arc, thread, time::Duration};

use super::stage::Stage;
use crate::{
    ByteSource, VideoError,
    child::facts,
    media::{
        holes::{Holes, Instead},
        index::Index,
    },
};

/// How often to look whether more has arrived.
const LOOK: Duration = Duration::from_millis(300);

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
        let mut demuxer = if holes.take_failure() { return Err(unreadable()) } else { opened? };
        // From here on bytes that are not there read as nothing: the container's table says what they would be.
        let by_table = matches!(demuxer.track.container.as_str(), "mp4" | "mov");
        holes.leave_out(if by_table { Instead::Zeros } else { Instead::End });
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
                if now.is_none_or(|now| {
                    self.stage.has_come(&now) || sum(&now) > before + before / 8 + (1 << 20)
                }) {
                    break;
                }
            }
            demuxer = demuxer.reopen()?;
        }
    }
}

fn unreadable() -> VideoError {
    VideoError::Bytes("The bytes of this clip could not be read. Try again.".into())
}

fn sum(ranges: &[std::ops::Range<u64>]) -> u64 {
    ranges.iter().map(|range| range.end - range.start).sum()
}

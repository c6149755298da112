//! Exact frames, fast: the reader of one clip, and a cache of what it has decoded.
//!
//! **Invariant:** a frame is handed out, and cached, only when decoding began at or before the packet the index
//! names as its start. Every such frame that is decoded on the way to another is kept.

mod cache;
mod kept;

use std::sync::Arc;

use ffmpeg_next::frame;

pub use cache::{Cache, Weight};
pub use kept::{Decoded, Decoding, Hasher, View, Viewer};

use crate::{VideoError, media::reader::Reader};

/// How far behind the target's start decoding on beats seeking, packets.
const CLOSE: usize = 3;
/// How many later frames come out before a frame is given up.
const BEYOND: u32 = 16;

/// What is kept of a decoded picture.
pub trait Keep {
    /// What it becomes.
    type Kept: Weight;

    /// Tells apart what is kept of the same frame for different purposes, such as the view size.
    fn kind(&self) -> (u32, u32);

    /// Makes it.
    fn keep(&mut self, frame: u32, picture: frame::Video) -> Result<Self::Kept, VideoError>;
}

/// Gives exact frames of one clip.
pub struct Engine<K> {
    reader: Reader,
    cache: Cache<K>,
    /// The last frame that came out since decoding began; later ones can still come.
    passed: Option<u32>,
}

impl<K: Weight> Engine<K> {
    /// An engine that keeps at most `budget` bytes.
    pub fn new(reader: Reader, budget: usize) -> Self {
        Self { reader, cache: Cache::new(budget), passed: None }
    }

    /// A frame that is already there.
    pub fn cached(&mut self, frame: u32, kind: (u32, u32)) -> Option<Arc<K>> {
        self.cache.get(frame, kind)
    }

    /// The frame nearest to this one that is already there, and its number.
    pub fn nearest(&self, frame: u32, kind: (u32, u32)) -> Option<(u32, Arc<K>)> {
        self.cache.nearest(frame, kind)
    }

    /// Exactly this frame. Before each picture `superseded` is asked whether it is still wanted; each frame
    /// passed on the way goes to `passing`.
    ///
    /// # Errors
    /// `Superseded` when it is no longer wanted; `BadClip` when nothing can be decoded for it.
    pub fn frame_at<P: Keep<Kept = K>>(
        &mut self,
        frame: u32,
        keep: &mut P,
        superseded: &dyn Fn() -> bool,
        passing: &mut dyn FnMut(u32, &Arc<K>),
    ) -> Result<Arc<K>, VideoError> {
        if let Some(kept) = self.cache.get(frame, keep.kind()) {
            return Ok(kept);
        }
        let index = Arc::clone(self.reader.index());
        let frames = u32::try_from(index.frames.len()).unwrap_or(u32::MAX);
        let shown = *index.frames.get(frame as usize).ok_or(VideoError::NoSuchFrame { frame, frames })?;
        if !self.still_comes(frame, shown.start) {
            self.passed = None;
            self.reader.rewind_to(shown.start)?;
        }
        let mut beyond = 0;
        loop {
            if superseded() {
                return Err(VideoError::Superseded);
            }
            let next = self.reader.next_picture().inspect_err(|_| self.passed = Some(u32::MAX))?;
            let Some((sample, picture)) = next else {
                // Nothing more comes without going back.
                self.passed = Some(u32::MAX);
                return Err(damaged());
            };
            let Some(number) = index.samples.get(sample).and_then(|sample| sample.frame) else { continue };
            let start = index.frames.get(number as usize).map_or(0, |shown| shown.start);
            if start < self.reader.from() {
                continue;
            }
            self.passed = self.passed.max(Some(number));
            let kept = match self.cache.get(number, keep.kind()) {
                Some(kept) => kept,
                None => Arc::new(keep.keep(number, picture)?),
            };
            self.cache.put(number, keep.kind(), start, frame, Arc::clone(&kept));
            if number == frame {
                return Ok(kept);
            }
            passing(number, &kept);
            // Pictures come out in display order but for what a damaged file does to it.
            beyond += u32::from(number > frame);
            if beyond > BEYOND {
                return Err(damaged());
            }
        }
    }

    /// Whether decoding on from here brings the frame sooner than going back to its start.
    fn still_comes(&self, frame: u32, start: usize) -> bool {
        self.reader.from() <= start
            && self.reader.at() + CLOSE >= start
            && self.passed.is_none_or(|passed| passed < frame)
    }
}

fn damaged() -> VideoError {
    VideoError::BadClip("This frame is damaged and cannot be shown; the ones around it may be whole.".into())
}

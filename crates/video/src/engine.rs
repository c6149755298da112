//! Exact frames, fast: the reader of one clip, and a cache of what was decoded, which several engines may share.
//!
//! **Invariant:** a frame is handed out, and cached, only when decoding began at or before the packet the index
//! names as its start.

mod cache;
mod kept;
mod sketch;

use std::{ops::Range, sync::Arc};

use ffmpeg_next::frame;

pub use cache::{Shared, Weight};
pub use kept::{Decoded, Decoding, Hasher, View, Viewer};
pub use sketch::{Easel, Sketch, Sketcher};

use crate::{
    VideoError,
    media::{
        index::{Index, Sample},
        reader::{Fresh, Reader},
    },
};

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

    /// Makes it. `hurt` when the decoder had to make up a part of it.
    fn keep(&mut self, frame: u32, picture: frame::Video, hurt: bool) -> Result<Self::Kept, VideoError>;
}

/// What goes on while a frame is decoded.
pub trait Way<K> {
    /// Asked before each packet: whether to give up. May wait.
    fn over(&mut self) -> bool;

    /// Whether a frame passed on the way is worth keeping.
    fn worth(&self, _frame: u32) -> bool {
        true
    }

    /// The frames around the eye, which stay in the cache whatever comes.
    fn near(&self) -> Range<u32>;

    /// A frame that was passed, and kept.
    fn passing(&mut self, _frame: u32, _kept: &Arc<K>) {}

    /// The frame up to which pictures that no other leans on are left out, because nobody wants them.
    fn hurries_to(&self) -> Option<u32> {
        None
    }
}

/// Gives exact frames of one clip.
pub struct Engine {
    reader: Reader,
    /// The last frame that came out since decoding began; later ones can still come.
    passed: Option<u32>,
}

impl Engine {
    /// An engine that reads there.
    pub fn new(reader: Reader) -> Self {
        Self { reader, passed: None }
    }

    /// The index that frames are counted by.
    pub fn index(&self) -> &Arc<Index> {
        self.reader.index()
    }

    /// How many pictures have to be decoded until this frame comes.
    pub fn takes(&self, frame: u32) -> u32 {
        let Some(shown) = self.index().frames.get(frame as usize) else { return 0 };
        let comes = self.still_comes(frame, shown.start, shown.sample);
        let from = if comes { self.reader.at() } else { shown.start };
        u32::try_from(shown.sample.saturating_sub(from)).unwrap_or(u32::MAX)
    }

    /// Counts frames by another index of the same clip from now on.
    pub fn read_by(&mut self, index: Arc<Index>) {
        self.reader.read_by(index);
        self.passed = Some(u32::MAX);
    }

    /// The first shown picture, as far as the index tells, and its packet. Nothing is decoded after it.
    pub fn first(&mut self, over: &mut dyn FnMut() -> bool) -> Result<Option<(Sample, Fresh)>, VideoError> {
        let index = Arc::clone(self.reader.index());
        let Some(shown) = index.frames.first() else { return Ok(None) };
        self.passed = Some(u32::MAX);
        self.reader.rewind_to(shown.start, over)?;
        self.reader.end_after(shown.sample);
        while let Some(fresh) = self.reader.next_picture(over)? {
            let sample = index.samples.get(fresh.sample).copied();
            if let Some(sample) = sample.filter(|sample| !sample.hidden) {
                return Ok(Some((sample, fresh)));
            }
        }
        Ok(None)
    }

    /// Exactly this frame, from the shelf or by decoding; frames passed on the way go to the shelf.
    ///
    /// # Errors
    /// `Superseded` when it was given up; `BadClip` when nothing can be decoded for it.
    pub fn frame_at<P: Keep>(
        &mut self,
        frame: u32,
        keep: &mut P,
        shelf: &Shared<P::Kept>,
        way: &mut dyn Way<P::Kept>,
    ) -> Result<Arc<P::Kept>, VideoError> {
        if let Some(kept) = shelf.get(frame, keep.kind()) {
            return Ok(kept);
        }
        let index = Arc::clone(self.reader.index());
        let frames = index.count();
        let shown = *index.frames.get(frame as usize).ok_or(VideoError::NoSuchFrame { frame, frames })?;
        if !self.still_comes(frame, shown.start, shown.sample) {
            self.passed = None;
            self.reader.rewind_to(shown.start, &mut || way.over())?;
            if let Some(first) = way.hurries_to() {
                let wanted = index.frames.get(first as usize..=frame as usize).unwrap_or_default();
                self.reader.hurry_to(wanted.iter().map(|shown| shown.sample).min().unwrap_or(0));
            }
        }
        let mut beyond = 0;
        loop {
            let next = match self.reader.next_picture(&mut || way.over()) {
                Ok(next) => next,
                Err(error) => {
                    if error != VideoError::Superseded {
                        self.passed = Some(u32::MAX);
                    }
                    return Err(error);
                }
            };
            let Some(fresh) = next else {
                // Nothing more comes without going back.
                self.passed = Some(u32::MAX);
                return Err(damaged());
            };
            let Some(number) = index.samples.get(fresh.sample).and_then(|sample| sample.frame) else {
                continue;
            };
            let start = index.frames.get(number as usize).map_or(0, |shown| shown.start);
            if start < self.reader.from() {
                continue;
            }
            self.passed = self.passed.max(Some(number));
            if number == frame || way.worth(number) {
                let kept = match shelf.get(number, keep.kind()) {
                    Some(kept) => kept,
                    None => Arc::new(keep.keep(number, fresh.picture, fresh.hurt)?),
                };
                shelf.put(number, keep.kind(), start, &way.near(), Arc::clone(&kept));
                if number == frame {
                    return Ok(kept);
                }
                way.passing(number, &kept);
            }
            // Pictures come out in display order but for what a damaged file does to it.
            beyond += u32::from(number > frame);
            if beyond > BEYOND {
                return Err(damaged());
            }
        }
    }

    /// Whether decoding on from here brings the frame sooner than going back to its start.
    pub fn still_comes(&self, frame: u32, start: usize, sample: usize) -> bool {
        self.reader.from() <= start
            && self.reader.at() + CLOSE >= start
            && self.reader.sparse_until() <= sample
            && self.passed.is_none_or(|passed| passed < frame)
    }
}

fn damaged() -> VideoError {
    VideoError::BadClip("This frame is damaged and cannot be shown; the ones around it may be whole.".into())
}

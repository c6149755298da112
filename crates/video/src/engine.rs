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

/// What becomes of a frame passed on the way to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worth {
    /// Nobody wants it.
    Nothing,
    /// It is kept once the one that is wanted is there: see [`Engine::keep_rest`].
    Later,
    /// It is kept at once.
    Now,
}

/// What goes on while a frame is decoded.
pub trait Way<K> {
    /// Asked before each packet: whether to give up. May wait.
    fn over(&mut self) -> bool;

    /// What becomes of a frame passed on the way.
    fn worth(&self, _frame: u32) -> Worth {
        Worth::Now
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
    /// The last frame that came out since decoding began. Later ones can still come, but for those left out.
    passed: Option<u32>,
    /// Passed on the last way, to be kept: number, start of its group, picture.
    rest: Vec<(u32, usize, Fresh)>,
}

impl Engine {
    /// An engine that reads there.
    pub fn new(reader: Reader) -> Self {
        Self { reader, passed: None, rest: Vec::new() }
    }

    /// The index that frames are counted by.
    pub fn index(&self) -> &Arc<Index> {
        self.reader.index()
    }

    /// How many pictures have to be decoded until this frame comes, unless it was left out: of those before the decoder
    /// most were not.
    pub fn takes(&self, frame: u32) -> u32 {
        let Some(shown) = self.index().frames.get(frame as usize) else { return 0 };
        let comes = self.still_comes(frame, shown.start);
        let from = if comes { self.reader.at() } else { shown.start };
        u32::try_from(shown.sample.saturating_sub(from)).unwrap_or(u32::MAX)
    }

    /// Counts frames by another index of the same clip from now on.
    pub fn read_by(&mut self, index: Arc<Index>) {
        self.reader.read_by(index);
        self.passed = Some(u32::MAX);
        self.rest.clear();
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

    /// Exactly this frame, from the shelf or by decoding. What becomes of frames passed on the way, the way says.
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
        self.rest.clear();
        if let Some(kept) = shelf.get(frame, keep.kind()) {
            return Ok(kept);
        }
        let index = Arc::clone(self.reader.index());
        let frames = index.count();
        let shown = *index.frames.get(frame as usize).ok_or(VideoError::NoSuchFrame { frame, frames })?;
        let hurry_to = way.hurries_to().map_or(0, |first| {
            let wanted = index.frames.get(first as usize..=frame as usize).unwrap_or_default();
            wanted.iter().map(|shown| shown.sample).min().unwrap_or(0)
        });
        if self.still_comes(frame, shown.start) {
            self.reader.hurry_to(hurry_to);
        } else {
            self.go_back(shown.start, hurry_to, way)?;
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
            // An earlier way, which hurried further, may have left it out.
            let left_out = shown.sample < self.reader.hurried_to();
            let Some(fresh) = next else {
                if left_out {
                    self.go_back(shown.start, hurry_to, way)?;
                    continue;
                }
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
            let worth = if number == frame { Worth::Now } else { way.worth(number) };
            if worth == Worth::Now {
                let kept = match shelf.get(number, keep.kind()) {
                    Some(kept) => kept,
                    None => Arc::new(keep.keep(number, fresh.picture, fresh.hurt)?),
                };
                shelf.put(number, keep.kind(), start, &way.near(), Arc::clone(&kept));
                if number == frame {
                    return Ok(kept);
                }
                way.passing(number, &kept);
            } else if worth == Worth::Later {
                self.rest.push((number, start, fresh));
            }
            if number > frame && left_out {
                self.go_back(shown.start, hurry_to, way)?;
                continue;
            }
            // Pictures come out in display order but for what a damaged file does to it.
            beyond += u32::from(number > frame);
            if beyond > BEYOND {
                return Err(damaged());
            }
        }
    }

    /// Keeps what was passed on the last way and was to be kept later.
    pub fn keep_rest<P: Keep>(&mut self, keep: &mut P, shelf: &Shared<P::Kept>, near: &Range<u32>) {
        for (number, start, fresh) in self.rest.drain(..) {
            if shelf.has(number, keep.kind()) {
                continue;
            }
            if let Ok(kept) = keep.keep(number, fresh.picture, fresh.hurt) {
                shelf.put(number, keep.kind(), start, near, Arc::new(kept));
            }
        }
    }

    /// Whether decoding on from here brings the frame sooner than going back to its start, unless it was left out.
    pub fn still_comes(&self, frame: u32, start: usize) -> bool {
        self.reader.from() <= start
            && self.reader.at() + CLOSE >= start
            && self.passed.is_none_or(|passed| passed < frame)
    }

    /// Those of these frames that come on one way: all, or where the decoder has passed some of them, just these. For
    /// the others it goes on afterwards.
    pub fn one_way(&self, frames: Range<u32>) -> Range<u32> {
        match self.passed {
            Some(passed) if frames.contains(&passed) => frames.start..passed + 1,
            _ => frames,
        }
    }

    /// The last of these frames that is missing and still comes in the group that is being decoded.
    pub fn last_to_come(&self, frames: &Range<u32>, missing: &dyn Fn(u32) -> bool) -> Option<u32> {
        let start = |frame: u32| self.index().frames.get(frame as usize).map(|shown| shown.start);
        let group = self.passed.map_or(Some(self.reader.from()), start)?;
        let last = frames.clone().rev().find(|frame| start(*frame) == Some(group) && missing(*frame))?;
        self.still_comes(last, group).then_some(last)
    }

    fn go_back<K>(&mut self, start: usize, hurry_to: usize, way: &mut dyn Way<K>) -> Result<(), VideoError> {
        self.passed = None;
        self.reader.rewind_to(start, &mut || way.over())?;
        self.reader.hurry_to(hurry_to);
        Ok(())
    }
}

fn damaged() -> VideoError {
    VideoError::BadClip("This frame is damaged and cannot be shown; the ones around it may be whole.".into())
}

#[cfg(test)]
mod tests;

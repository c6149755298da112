//! What is known of the clip under review: its index, and the frames of it that are kept.
//!
//! **Invariant:** everything kept here is numbered by the index beside it.

use std::{
    collections::HashSet,
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use limpet_wire::frames::ClipIndex;

use super::{
    plan::{self, Gaze, Portion},
    target::Target,
};
use crate::{
    engine::{Shared, Sketch, View, Viewer},
    media::{demuxer::Track, index::Index},
};

/// What is known of the clip.
pub struct Known {
    pub track: Track,
    pub index: Arc<Index>,
    pub description: ClipIndex,
    /// Whether every byte of it was there when it was indexed.
    pub whole: bool,
    /// Another one whenever frames have changed their numbers.
    pub numbering: u32,
    /// Exact frames at view size, numbered by this index.
    pub views: Shared<View>,
    /// Small copies, likewise.
    pub sketches: Shared<Sketch>,
    /// Frames that cannot be decoded.
    pub hopeless: Mutex<HashSet<u32>>,
}

/// A frame in the cache that is near to another.
pub enum Near {
    View(Arc<View>),
    Sketch(Arc<Sketch>),
}

impl Known {
    /// The size of view that a target wants.
    pub fn kind(&self, target: &Target) -> (u32, u32) {
        Viewer::within(self.track.size(), target.max_width, target.max_height)
    }

    /// The kept picture of a target.
    pub fn view(&self, target: &Target) -> Option<Arc<View>> {
        self.views.get(target.frame, self.kind(target))
    }

    /// The nearest frame there is, as a view of a size or as a sketch, and how far off it is.
    pub fn nearest(&self, frame: u32, kind: (u32, u32)) -> Option<(u32, Near)> {
        let off = |(other, near): (u32, Near)| (other.abs_diff(frame), near);
        let view = self.views.nearest(frame, kind).map(|(other, view)| off((other, Near::View(view))));
        let sketch = self.sketches.nearest_of_any(frame).map(|(other, it)| off((other, Near::Sketch(it))));
        // Of two that are as near the first: the view.
        [view, sketch].into_iter().flatten().min_by_key(|(off, _)| *off)
    }

    /// The next frames to decode for an eye that so many views fit around; what lies before it as well, or not.
    pub fn next_views(&self, gaze: Gaze, fits: u32, before_too: bool) -> Option<Range<u32>> {
        let window = gaze.window(self.index.count(), fits);
        let no_need = |frame: u32| (!before_too && frame < gaze.frame) || !self.lacks(frame, gaze.kind);
        gaze.next_job(&self.index, &window, &no_need, Portion::NEAREST)
    }

    /// The frames just after one, so many at most, that are missing.
    pub fn few_after(&self, frame: u32, most: u32, kind: (u32, u32)) -> Option<Range<u32>> {
        plan::few_after(&self.index, frame, most, &|frame| !self.lacks(frame, kind))
    }

    /// Whether a frame is not kept at this size and can be decoded.
    pub fn lacks(&self, frame: u32, kind: (u32, u32)) -> bool {
        !self.views.has(frame, kind) && !self.is_hopeless(frame)
    }

    /// Whether a frame cannot be decoded, ever or until more of the clip is there.
    pub fn is_hopeless(&self, frame: u32) -> bool {
        !self.index.there(frame) || self.given_up().contains(&frame)
    }

    /// These are not tried again.
    pub fn give_up(&self, frames: impl Iterator<Item = u32>) {
        self.given_up().extend(frames);
    }

    fn given_up(&self) -> MutexGuard<'_, HashSet<u32>> {
        self.hopeless.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

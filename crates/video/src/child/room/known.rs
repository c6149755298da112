//! What is known of the clip under review: its index, and the frames of it that are kept.
//!
//! **Invariant:** everything kept here is numbered by the index beside it.

use std::{ops::Range, sync::Arc};

use limpet_wire::frames::ClipIndex;

use super::{
    plan::{Gaze, Portion},
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

    /// The next frames to decode for an eye that so many views fit around; `hopeless` are not tried.
    pub fn next_views(&self, gaze: Gaze, fits: u32, hopeless: &dyn Fn(u32) -> bool) -> Option<Range<u32>> {
        let index = &self.index;
        let window = gaze.window(index.count(), fits);
        let no_need = |frame: u32| self.views.has(frame, gaze.kind) || hopeless(frame) || !index.there(frame);
        gaze.next_job(index, &window, &no_need, Portion::NEAREST)
    }
}

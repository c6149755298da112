//! What is there already: shown by a thread of its own, so that it never waits for what is being decoded.
//!
//! **Invariant:** like the hand it knows only the newest target. What it has shown exactly, the window does not take
//! from the hand again.

use std::{convert::Infallible, sync::Arc};

use super::{
    stage::{Known, Stage},
    target::Target,
};
use crate::engine::{Easel, Viewer};

/// The thread that looks into the cache.
pub struct AtOnce {
    stage: Arc<Stage>,
    easel: Easel,
}

impl AtOnce {
    /// Shows what there is of whatever is wanted, for as long as the process lives.
    pub fn run(stage: Arc<Stage>) -> Infallible {
        let mut at_once = Self { stage, easel: Easel::default() };
        loop {
            let (target, known) = at_once.stage.next_wish();
            at_once.show(&target, &known);
        }
    }

    fn show(&mut self, target: &Target, known: &Known) {
        let kind = Viewer::within(known.track.size(), target.max_width, target.max_height);
        if let Some(view) = known.views.get(target.frame, kind) {
            target.send(&view, true, known);
        } else if target.near_first {
            self.show_near(target, known, kind);
        }
    }

    /// Shows the nearest there is, view or sketch.
    fn show_near(&mut self, target: &Target, known: &Known, kind: (u32, u32)) {
        let distance = |frame: u32| frame.abs_diff(target.frame);
        let view = known.views.nearest(target.frame, kind);
        let sketch = known.sketches.nearest_of_any(target.frame);
        let nearer = match (&view, &sketch) {
            (Some((view, _)), Some((sketch, _))) => distance(*sketch) < distance(*view),
            (view, sketch) => view.is_none() && sketch.is_some(),
        };
        let near = match (view, sketch) {
            (view, Some((_, sketch))) if nearer => {
                self.easel.view(&sketch).ok().or(view.map(|(_, view)| view))
            }
            (view, _) => view.map(|(_, view)| view),
        };
        if let Some(near) = near {
            target.send(&near, false, known);
        }
    }
}

//! What is there already: shown by a thread of its own, so that it never waits for what is being decoded. What may be
//! wanted next goes ahead from here, too, as soon as it is there.
//!
//! **Invariant:** like the hand it knows only the newest target. What it has shown exactly, the window does not take
//! from the hand again.

use std::{convert::Infallible, sync::Arc};

use super::{
    known::{Known, Near},
    stage::{Look, Stage},
    target::Target,
};
use crate::engine::{Easel, View};

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
            match at_once.stage.next_look() {
                (Look::Wish(target), known) => at_once.show(&target, &known),
                (Look::Ahead(target, view), known) => target.bring(&view, &known),
            }
        }
    }

    fn show(&mut self, target: &Target, known: &Known) {
        if let Some(view) = known.view(target) {
            target.send(&view, true, known);
        } else if target.near_first
            && let Some((_, near)) = known.nearest(target.frame, known.kind(target))
            && let Some(view) = self.view(near)
        {
            target.send(&view, false, known);
        }
    }

    fn view(&mut self, near: Near) -> Option<Arc<View>> {
        match near {
            Near::View(view) => Some(view),
            Near::Sketch(sketch) => self.easel.view(&sketch).ok(),
        }
    }
}

//! What becomes of the frames that the hand passes: on the way to a target, over a stretch, and beyond.

use std::{
    ops::Range,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{known::Known, pace::Pace, stage::Stage, target::Target};
use crate::engine::{View, Way, Worth};

/// Frames before the target that are kept after a step back, as more steps back will follow.
pub const KEPT_BEFORE: u32 = 6;
/// The same after any other move: for each of them a picture more may have to be decoded first.
const KEPT_BEFORE_OTHERWISE: u32 = 1;
/// A hand that has not moved for so long rests.
const STILL: Duration = Duration::from_millis(50);

/// On the way to a target.
pub struct Toward<'a> {
    pub stage: &'a Stage,
    pub target: &'a Target,
    pub known: &'a Known,
    /// Whether the eye went back to it by a step.
    pub steps_back: bool,
    /// How far off the nearest is that is shown, or kept for the next wish.
    pub near: Option<u32>,
    pub pace: &'a mut Pace,
}

impl Way<View> for Toward<'_> {
    fn over(&mut self) -> bool {
        self.stage.has_target()
    }

    fn worth(&self, frame: u32) -> Worth {
        if self.helps(frame) || frame == self.target.frame {
            Worth::Now
        } else if (self.first_kept()..self.target.frame).contains(&frame) {
            if self.steps_back { Worth::Now } else { Worth::Later }
        } else {
            Worth::Nothing
        }
    }

    fn near(&self) -> Range<u32> {
        self.stage.around()
    }

    fn passing(&mut self, frame: u32, view: &Arc<View>) {
        if !self.helps(frame) {
            return;
        }
        let due = self.pace.shows(Instant::now());
        if self.near.is_none() || due {
            self.target.send(view, false, self.known);
        }
        self.near = Some(self.off(frame));
    }

    fn hurries_to(&self) -> Option<u32> {
        Some(self.first_kept())
    }
}

impl Toward<'_> {
    fn off(&self, frame: u32) -> u32 {
        frame.abs_diff(self.target.frame)
    }

    fn first_kept(&self) -> u32 {
        self.target.frame.saturating_sub(if self.steps_back { KEPT_BEFORE } else { KEPT_BEFORE_OTHERWISE })
    }

    /// Whether a frame on the way is worth showing to a moving hand: nearer than what it sees, and not too soon.
    fn helps(&self, frame: u32) -> bool {
        let nearer = self.near.is_none_or(|near| self.off(frame) < near);
        let due = self.near.is_none() || self.pace.keeps(Instant::now());
        self.target.near_first && nearer && due
    }
}

/// Over the stretch that the hand drags to and fro over, from where the decoder stands.
pub struct Over<'a, 'b> {
    toward: &'a mut Toward<'b>,
    stretch: Range<u32>,
    hurries_to: u32,
}

impl<'a, 'b> Over<'a, 'b> {
    pub fn new(
        toward: &'a mut Toward<'b>,
        stretch: Range<u32>,
        last: u32,
        missing: &dyn Fn(u32) -> bool,
    ) -> Self {
        // At first those that no other leans on are left out: then there is something everywhere sooner.
        let first_time = stretch.clone().filter(|frame| missing(*frame)).count() * 5 > stretch.len() * 3;
        let hurries_to = if first_time { last } else { stretch.start };
        Self { toward, stretch, hurries_to }
    }
}

impl Way<View> for Over<'_, '_> {
    fn over(&mut self) -> bool {
        self.toward.over() || self.toward.stage.rests(STILL)
    }

    fn worth(&self, frame: u32) -> Worth {
        if self.stretch.contains(&frame) { Worth::Now } else { self.toward.worth(frame) }
    }

    fn near(&self) -> Range<u32> {
        self.toward.near()
    }

    fn passing(&mut self, frame: u32, view: &Arc<View>) {
        let Toward { target, known, stage, .. } = &self.toward;
        if frame != target.frame {
            self.toward.passing(frame, view);
        } else if !target.send(view, true, known) {
            stage.want_again((*target).clone());
        }
    }

    fn hurries_to(&self) -> Option<u32> {
        Some(self.hurries_to)
    }
}

/// Beyond a target that is there.
pub struct Beyond<'a> {
    pub stage: &'a Stage,
    pub known: &'a Known,
    pub frames: &'a Range<u32>,
}

impl Way<View> for Beyond<'_> {
    fn over(&mut self) -> bool {
        let state = self.stage.state();
        state.has_target() || !state.is_known(self.known)
    }

    fn worth(&self, frame: u32) -> Worth {
        // Later ones come when the last of its own cannot be decoded.
        if frame >= self.frames.start { Worth::Now } else { Worth::Nothing }
    }

    fn near(&self) -> Range<u32> {
        self.stage.around()
    }

    fn passing(&mut self, _: u32, _: &Arc<View>) {
        // Somebody may wait for it to be brought.
        self.stage.tell();
    }
}

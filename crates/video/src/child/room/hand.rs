//! The hand: takes the newest target and shows it, exactly and as soon as can be; something near it before, if that was
//! asked for.
//!
//! **Invariant:** a target that was overwritten is never answered exactly.

use std::{
    ops::Range,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    plan::Gaze,
    stage::{Known, Stage},
    target::Target,
};
use crate::{
    VideoError,
    engine::{Easel, Engine, Keep, View, Viewer, Way},
    media::index::Index,
};

/// Frames before the target that are kept on the way, for the steps back that often follow.
const KEPT_BEFORE: u32 = 6;
/// Time between two near pictures for one target.
const BEAT: Duration = Duration::from_millis(33);
/// Decoding one more picture beats a seek by so much, pictures.
const SEEK_COSTS: u32 = 4;

/// The hand's thread.
pub struct Hand {
    pub stage: Arc<Stage>,
    pub engine: Engine,
    pub viewer: Viewer,
    pub easel: Easel,
}

impl Hand {
    /// Shows what is wanted, for as long as the process lives.
    pub fn show_all(mut self) {
        loop {
            let (target, known) = self.stage.next_target();
            self.read_by(&known);
            self.show(target, &known);
        }
    }

    fn read_by(&mut self, known: &Known) {
        if !Arc::ptr_eq(self.engine.index(), &known.index) {
            self.engine.read_by(Arc::clone(&known.index));
            self.viewer.read_by(Arc::clone(&known.index));
        }
    }

    fn show(&mut self, target: Target, known: &Arc<Known>) {
        self.viewer.fit(target.max_width, target.max_height);
        let kind = self.viewer.kind();
        self.look(&target, kind);
        if let Some(view) = known.views.get(target.frame, kind) {
            return target.send(&view, true);
        }
        let near = if target.near_first { self.show_near(&target, known, kind) } else { None };
        if target.frame < known.index.count() && !known.index.there(target.frame) {
            target.waits();
            return self.stage.wait_for_bytes(target, known);
        }
        if let Some(view) = self.brought(&target, known, kind) {
            return target.send(&view, true);
        }
        self.stage.state().hand_decodes = true;
        let mut way = Toward { stage: &self.stage, target: &target, near, shown_at: Instant::now() };
        let outcome = self.engine.frame_at(target.frame, &mut self.viewer, &known.views, &mut way);
        self.stage.state().hand_decodes = false;
        self.stage.tell();
        match outcome {
            Ok(view) => target.send(&view, true),
            Err(VideoError::Superseded) => {}
            Err(error) => target.fail(error),
        }
    }

    fn look(&self, target: &Target, kind: (u32, u32)) {
        let mut state = self.stage.state();
        let gaze = Gaze::moved(state.gaze.map(|(gaze, ..)| gaze), target.frame, kind);
        state.gaze = Some((gaze, Instant::now(), target.near_first));
        drop(state);
        self.stage.tell();
    }

    /// Shows the nearest there is, view or sketch, and says how far off it is.
    fn show_near(&mut self, target: &Target, known: &Known, kind: (u32, u32)) -> Option<u32> {
        let distance = |frame: u32| frame.abs_diff(target.frame);
        let view = known.views.nearest(target.frame, kind);
        let sketch = known.sketches.nearest_of_any(target.frame);
        let nearer = match (&view, &sketch) {
            (Some((view, _)), Some((sketch, _))) => distance(*sketch) < distance(*view),
            (view, sketch) => view.is_none() && sketch.is_some(),
        };
        let (frame, view) = match (view, sketch) {
            (_, Some((frame, sketch))) if nearer => (frame, self.easel.view(&sketch).ok()?),
            (Some(view), _) => view,
            _ => return None,
        };
        target.send(&view, false);
        Some(distance(frame))
    }

    /// The frame, when it is just being decoded ahead and comes sooner that way.
    fn brought(&self, target: &Target, known: &Known, kind: (u32, u32)) -> Option<Arc<View>> {
        let mut state = self.stage.state();
        loop {
            let ahead = state
                .ahead
                .clone()
                .filter(|ahead| ahead.kind == kind && ahead.frames.contains(&target.frame));
            if let Some(view) = known.views.get(target.frame, kind) {
                return Some(view);
            }
            let takes = ahead.map(|ahead| left(&ahead.frames, target.frame, ahead.takes, ahead.done))?;
            if takes > alone(&self.engine, &known.index, target.frame)? || state.has_target() {
                return None;
            }
            state = self.stage.wait(state, Duration::from_millis(100));
        }
    }
}

/// How many more pictures a job decodes until it has a frame.
fn left(frames: &Range<u32>, frame: u32, takes: u32, done: u32) -> u32 {
    takes.saturating_sub(frames.end.saturating_sub(1 + frame)).saturating_sub(done)
}

/// How many pictures have to be decoded for a frame without help.
fn alone(engine: &Engine, index: &Index, frame: u32) -> Option<u32> {
    let shown = index.frames.get(frame as usize)?;
    let from = if engine.still_comes(frame, shown.start, shown.sample) { engine.at() } else { shown.start };
    u32::try_from(shown.sample.saturating_sub(from)).ok().map(|pictures| pictures + SEEK_COSTS)
}

/// On the way to a target.
struct Toward<'a> {
    stage: &'a Stage,
    target: &'a Target,
    /// How far off what is shown already is.
    near: Option<u32>,
    shown_at: Instant,
}

impl Way<View> for Toward<'_> {
    fn over(&mut self) -> bool {
        self.stage.has_newer()
    }

    fn worth(&self, frame: u32) -> bool {
        self.helps(frame) || (self.first_kept()..=self.target.frame).contains(&frame)
    }

    fn near(&self) -> Range<u32> {
        self.stage.around()
    }

    fn passing(&mut self, frame: u32, view: &Arc<View>) {
        if self.helps(frame) {
            self.target.send(view, false);
            self.near = Some(self.off(frame));
            self.shown_at = Instant::now();
        }
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
        self.target.frame.saturating_sub(KEPT_BEFORE)
    }

    /// Whether a frame on the way is worth showing to a moving hand: nearer than what it sees, and not too soon.
    fn helps(&self, frame: u32) -> bool {
        let nearer = self.near.is_none_or(|near| self.off(frame) < near);
        self.target.near_first && nearer && (self.near.is_none() || self.shown_at.elapsed() >= BEAT)
    }
}

//! Decodes ahead: first the frames around the eye, so that steps find them; then, when the eye rests, sketches of the
//! whole clip, so that a drag has something to show everywhere.
//!
//! **Invariant:** while the hand decodes, or is about to, nothing happens here.

use std::{
    ops::Range,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use super::{
    known::Known,
    plan::{Ahead, Gaze, Portion},
    stage::Stage,
};
use crate::{
    ByteSource, VideoError,
    engine::{Engine, Keep, Sketch, Sketcher, View, Viewer, Way, Worth},
    media::reader::Reader,
};

/// What is being decoded stays worth it while the eye is no farther from it, frames.
const BESIDE: u32 = 16;
/// A dragging hand that pauses so long may be there.
const PAUSE: Duration = Duration::from_millis(120);
/// What most sketches take, bytes, or less. How large those of a clip are shows once there are some.
const USUAL_SKETCH: usize = 25 << 10;
/// An eye that rests so long leaves time for sketches.
const REST: Duration = Duration::from_millis(400);

/// The thread that decodes ahead.
pub struct Forerunner {
    stage: Arc<Stage>,
    engine: Engine,
    viewer: Viewer,
    sketcher: Sketcher,
}

/// What to do next.
enum Job {
    Views(Gaze, Range<u32>),
    Sketches(Range<u32>, u32),
}

impl Forerunner {
    /// Runs ahead, with a decoder of its own, for as long as the process lives.
    pub fn run(stage: Arc<Stage>, source: &Arc<dyn ByteSource>) -> Result<(), VideoError> {
        let known = stage.wait_known(&|| {})?;
        let reader = Reader::new(stage.open(source)?, Arc::clone(&known.index))?;
        let viewer = || Viewer::new(known.track.clone(), Arc::clone(&known.index));
        let mut ahead =
            Self { stage, engine: Engine::new(reader), viewer: viewer(), sketcher: Sketcher::new(viewer()) };
        loop {
            let (known, job) = ahead.next();
            match job {
                Job::Views(gaze, frames) => ahead.fill(&known, gaze, frames),
                Job::Sketches(frames, every) => ahead.sketch(&known, frames, every),
            }
        }
    }

    fn next(&mut self) -> (Arc<Known>, Job) {
        loop {
            let told = self.stage.state().told;
            let mut patience = REST;
            if let Some(known) = self.stage.known() {
                self.read_by(&known);
                match self.plan(&known) {
                    Ok(job) => return (known, job),
                    Err(most) => patience = most,
                }
            }
            self.stage.wait_until_told(told, patience);
        }
    }

    fn read_by(&mut self, known: &Known) {
        if !Arc::ptr_eq(self.engine.index(), &known.index) {
            self.engine.read_by(Arc::clone(&known.index));
            self.viewer.read_by(Arc::clone(&known.index));
            self.sketcher.viewer().read_by(Arc::clone(&known.index));
        }
    }

    /// What to do, or after how long to ask again at the latest.
    fn plan(&self, known: &Known) -> Result<Job, Duration> {
        let state = self.stage.state();
        let Some((gaze, since, dragged)) = state.gaze.filter(|_| !state.is_busy()) else { return Err(REST) };
        drop(state);
        let rested = since.elapsed();
        if dragged && rested < PAUSE {
            return Err(PAUSE.saturating_sub(rested));
        }
        if let Some(frames) = known.next_views(gaze, self.stage.fits(gaze.kind), true) {
            return Ok(Job::Views(gaze, frames));
        }
        if rested < REST {
            return Err(REST.saturating_sub(rested));
        }
        self.plan_sketch(known, gaze).ok_or(REST)
    }

    fn plan_sketch(&self, known: &Known, gaze: Gaze) -> Option<Job> {
        let index = &known.index;
        let kind = self.sketcher.kind();
        if known.sketches.is_full() {
            return None;
        }
        let fits = self.stage.sketches_fit(known.sketches.mean().unwrap_or(0).max(USUAL_SKETCH));
        let every = sketch_every(index.count(), fits);
        let no_need = |frame: u32| {
            !wanted_as_sketch(known, frame, every)
                || known.sketches.has(frame, kind)
                || known.is_hopeless(frame)
        };
        // Key frames cost least and lie everywhere: they come first.
        let keys = &known.description.keys;
        let thin = keys.len().div_ceil(fits as usize / 4 + 1).max(1);
        let no_key = |key: &&u32| known.sketches.has(**key, kind) || known.is_hopeless(**key);
        let missing = keys.iter().step_by(thin).filter(|key| !no_key(key));
        if let Some(key) = missing.min_by_key(|key| key.abs_diff(gaze.frame)) {
            return Some(Job::Sketches(*key..key + 1, 1));
        }
        let all = 0..index.count();
        gaze.next_job(index, &all, &no_need, Portion::GROUP).map(|frames| Job::Sketches(frames, every))
    }

    fn fill(&mut self, known: &Arc<Known>, gaze: Gaze, frames: Range<u32>) {
        let frames = self.engine.one_way(frames);
        let Some(last) = frames.end.checked_sub(1) else { return };
        self.viewer.resize(gaze.kind);
        let takes = self.engine.takes(last);
        self.stage.state().ahead = Some(Ahead { frames: frames.clone(), kind: gaze.kind, done: 0, takes });
        let mut way = Filling { stage: &self.stage, known, gaze, frames: &frames };
        let outcome = self.engine.frame_at(last, &mut self.viewer, &known.views, &mut way);
        self.end(known, outcome.err().as_ref(), frames.filter(|frame| !known.views.has(*frame, gaze.kind)));
    }

    fn sketch(&mut self, known: &Arc<Known>, frames: Range<u32>, every: u32) {
        let Some(last) = frames.end.checked_sub(1) else { return };
        let began = self.stage.state().gaze.map(|(.., since, _)| since);
        let mut way = Sketching { stage: &self.stage, known, frames: &frames, every, began };
        let outcome = self.engine.frame_at(last, &mut self.sketcher, &known.sketches, &mut way);
        let kind = self.sketcher.kind();
        self.end(known, outcome.err().as_ref(), frames.filter(|frame| !known.sketches.has(*frame, kind)));
    }

    /// A job is over. What a damaged clip does not give is not tried again; what could not be read is, after a while.
    fn end(&self, known: &Known, error: Option<&VideoError>, left: impl Iterator<Item = u32>) {
        self.stage.state().ahead = None;
        self.stage.tell();
        match error {
            None | Some(VideoError::Superseded) => {}
            Some(VideoError::BadClip(_)) => known.give_up(left),
            Some(_) => thread::sleep(REST),
        }
    }
}

/// Every how-manieth frame gets a sketch when so many fit. A power of two, so that those that are there are still among
/// those that are wanted when it turns out that fewer fit.
fn sketch_every(frames: u32, fits: u32) -> u32 {
    frames.div_ceil(fits).max(1).next_power_of_two()
}

/// Whether a frame is among those that get a sketch when there are too many for all.
fn wanted_as_sketch(known: &Known, frame: u32, every: u32) -> bool {
    frame.is_multiple_of(every) || frame + 1 == known.index.count()
}

/// Filling the window around the eye.
struct Filling<'a> {
    stage: &'a Stage,
    known: &'a Arc<Known>,
    gaze: Gaze,
    frames: &'a Range<u32>,
}

impl Filling<'_> {
    /// Whether the hand came by it meanwhile.
    fn is_done(&self) -> bool {
        self.frames.clone().rev().all(|frame| self.known.views.has(frame, self.gaze.kind))
    }
}

impl Way<View> for Filling<'_> {
    fn over(&mut self) -> bool {
        let mut state = self.stage.state();
        if let Some(ahead) = &mut state.ahead {
            ahead.done += 1;
        }
        loop {
            let Some((now, since, dragged)) = state.gaze else { return true };
            let moved = now != self.gaze;
            if moved {
                let window = now.window(self.known.index.count(), self.stage.fits(now.kind));
                let beside = self.frames.start <= now.frame.saturating_add(BESIDE)
                    && now.frame < self.frames.end.saturating_add(BESIDE);
                let still_useful = now.kind == self.gaze.kind
                    && beside
                    && window.start < self.frames.end
                    && self.frames.start < window.end
                    && !(dragged && since.elapsed() < PAUSE);
                if !still_useful {
                    return true;
                }
                self.gaze = now;
            }
            if !state.is_known(self.known) || self.is_done() {
                return true;
            }
            if !state.is_busy() {
                return false;
            }
            state = self.stage.wait(state, Duration::from_millis(100));
        }
    }

    fn worth(&self, frame: u32) -> Worth {
        if self.frames.contains(&frame) { Worth::Now } else { Worth::Nothing }
    }

    fn near(&self) -> Range<u32> {
        self.stage.around()
    }

    fn passing(&mut self, _: u32, _: &Arc<View>) {
        self.stage.tell();
    }

    fn hurries_to(&self) -> Option<u32> {
        Some(self.frames.start)
    }
}

/// Making sketches while the eye rests.
struct Sketching<'a> {
    stage: &'a Stage,
    known: &'a Arc<Known>,
    frames: &'a Range<u32>,
    every: u32,
    began: Option<Instant>,
}

impl Way<Sketch> for Sketching<'_> {
    fn over(&mut self) -> bool {
        let state = self.stage.state();
        state.is_busy()
            || !state.is_known(self.known)
            || state.gaze.map(|(.., since, _)| since) != self.began
            || self.known.sketches.is_full()
    }

    fn worth(&self, frame: u32) -> Worth {
        let wanted = self.frames.contains(&frame) && wanted_as_sketch(self.known, frame, self.every);
        if wanted { Worth::Now } else { Worth::Nothing }
    }

    fn near(&self) -> Range<u32> {
        0..u32::MAX
    }

    fn hurries_to(&self) -> Option<u32> {
        (self.every > 1).then_some(self.frames.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sketches_thin_out_so_that_those_made_before_stay_wanted() {
        assert_eq!([1, 1000, 1001, 2500].map(|frames| sketch_every(frames, 1000)), [1, 1, 2, 4]);
        for fits in 1..200 {
            let (many, fewer) = (sketch_every(1000, fits), sketch_every(1000, fits / 2 + 1));
            assert!(fewer % many == 0 && 1000_u32.div_ceil(many) <= fits, "{fits}: {many} {fewer}");
        }
    }
}

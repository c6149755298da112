//! The hand: takes the newest target, decodes it and shows it as soon as can be. On the way it shows what comes nearer,
//! if that was asked for.
//!
//! **Invariant:** a target that was overwritten is never answered exactly.

use std::{
    ops::Range,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{known::Known, plan::Gaze, stage::Stage, sway::Sway, target::Target};
use crate::{
    ByteSource, VideoError,
    engine::{Engine, Keep, View, Viewer, Way, Worth},
    media::{
        index::{Index, Sample},
        reader::{Fresh, Reader},
    },
};

/// Frames before the target that are kept after a step back, as more steps back will follow.
const KEPT_BEFORE: u32 = 6;
/// The same after any other move: for each of them a picture more may have to be decoded first.
const KEPT_BEFORE_OTHERWISE: u32 = 1;
/// Time between two near pictures that are shown on the way.
const BEAT: Duration = Duration::from_millis(33);
/// A hand that has not moved for so long rests.
const STILL: Duration = Duration::from_millis(50);
/// The forerunner is waited for when it needs at most so many pictures more than a hand that would have to seek.
const SEEK_COSTS: u32 = 4;

/// The view that a first picture is made for, before a window has said how large it is.
const FIRST_VIEW: (u32, u32) = (1280, 720);
/// Frames decoded on after one that was sought: what is decoded next costs little while the decoder stands here.
const ON: u32 = 4;

/// Whoever asks for one frame after another asks again within this time, and then finds nothing else begun.
const QUICK: Duration = Duration::from_millis(10);

/// The hand's thread.
pub struct Hand {
    stage: Arc<Stage>,
    engine: Engine,
    viewer: Viewer,
    /// The picture that was shown first, until it is known which frame it is.
    first: Option<(Sample, Fresh)>,
    /// When a near picture was shown last on the way to a target.
    shown_at: Option<Instant>,
    /// Whether it goes to and fro.
    sway: Sway,
}

impl Hand {
    /// Opens the clip, shows its first picture while it is being indexed, and from then on what is wanted, for as long
    /// as the process lives.
    pub fn run(stage: Arc<Stage>, source: &Arc<dyn ByteSource>) -> Result<(), VideoError> {
        let mut demuxer = stage.open(source)?;
        let head = Arc::new(Index::head(&mut demuxer)?);
        let viewer = Viewer::new(demuxer.track.clone(), Arc::clone(&head));
        let engine = Engine::new(Reader::after(demuxer, head)?);
        let mut hand = Self { stage, engine, viewer, first: None, shown_at: None, sway: Sway::default() };
        if let Err(error) = hand.show_first() {
            tracing::debug!(%error, "There is no first picture");
        }
        hand.stage.first_is_over();
        loop {
            let (target, known) = hand.stage.next_target();
            hand.read_by(&known);
            hand.show(target, &known);
        }
    }

    /// The first picture that the decoder gives. Which frame it is shows when the clip is known.
    fn show_first(&mut self) -> Result<(), VideoError> {
        let Some((sample, fresh)) = self.engine.first(&mut || false)? else { return Ok(()) };
        if self.stage.known().is_none() {
            self.viewer.fit(FIRST_VIEW.0, FIRST_VIEW.1);
            self.stage.show_first(self.viewer.keep(0, fresh.picture.clone(), fresh.hurt)?);
        }
        self.first = Some((sample, fresh));
        Ok(())
    }

    /// What was decoded first, when it is the frame that is wanted first.
    fn had(&mut self, frame: u32, known: &Known) -> Option<Arc<View>> {
        let (sample, Fresh { picture, hurt, .. }) = self.first.take()?;
        if !known.index.is_all_of(&sample, frame) {
            return None;
        }
        let view = Arc::new(self.viewer.keep(frame, picture, hurt).ok()?);
        let start = known.index.frames.get(frame as usize)?.start;
        known.views.put(frame, self.viewer.kind(), start, &self.stage.around(), Arc::clone(&view));
        Some(view)
    }

    fn read_by(&mut self, known: &Known) {
        if !Arc::ptr_eq(self.engine.index(), &known.index) {
            self.engine.read_by(Arc::clone(&known.index));
            self.viewer.read_by(Arc::clone(&known.index));
            self.sway = Sway::default();
        }
    }

    fn show(&mut self, target: Target, known: &Arc<Known>) {
        self.viewer.fit(target.max_width, target.max_height);
        let kind = self.viewer.kind();
        let steps_back = self.look(&target, kind);
        if target.near_first {
            self.sway.drags(target.frame, Instant::now());
        } else {
            self.sway = Sway::default();
        }
        if let Some(view) = known.views.get(target.frame, kind).or_else(|| self.had(target.frame, known)) {
            if self.answer(&target, &view, known) && self.stage.state().ahead.is_none() {
                self.go_on(&target, known);
            }
            return;
        }
        if target.frame < known.index.count() && !known.index.there(target.frame) {
            return self.stage.wait_for_bytes(target, known);
        }
        if let Some(view) = self.brought(&target, known, kind) {
            self.answer(&target, &view, known);
            return;
        }
        self.goes_first(true);
        self.decode(&target, known, steps_back);
        self.goes_first(false);
    }

    /// Decodes it; before that, what a hand that goes to and fro comes by.
    fn decode(&mut self, target: &Target, known: &Arc<Known>, steps_back: bool) {
        let kind = self.viewer.kind();
        // The nearest is shown meanwhile by [`super::at_once`].
        let near = known.nearest(target.frame, kind).map(|(off, _)| off);
        let mut way =
            Toward { stage: &self.stage, target, known, steps_back, near, shown_at: &mut self.shown_at };
        let missing = |frame: u32| known.index.there(frame) && !known.views.has(frame, kind);
        if let Some(stretch) = self.sway.stretch(target.frame, self.stage.fits(kind), Instant::now())
            && let Some(last) = self.engine.last_to_come(&stretch, &missing)
        {
            let mut over = Over::new(&mut way, stretch, last, &missing);
            // What comes of it is shown on the way; what does not, is tried for the target.
            let _ = self.engine.frame_at(last, &mut self.viewer, &known.views, &mut over);
            if self.stage.has_newer() {
                return;
            }
        }
        match self.engine.frame_at(target.frame, &mut self.viewer, &known.views, &mut way) {
            Ok(view) => {
                if self.answer(target, &view, known) {
                    self.keep_rest(known);
                    self.go_on(target, known);
                }
            }
            Err(VideoError::Superseded) if target.near_first => self.keep_rest(known),
            Err(VideoError::Superseded) => {}
            Err(error) => target.fail(error),
        }
    }

    fn keep_rest(&mut self, known: &Known) {
        self.engine.keep_rest(&mut self.viewer, &known.views, &self.stage.around());
    }

    fn goes_first(&self, now: bool) {
        self.stage.state().hand_first = now;
        self.stage.tell();
    }

    /// False when the window counts frames in another way by now; then the target is wanted again.
    fn answer(&self, target: &Target, view: &View, known: &Known) -> bool {
        let sent = target.send(view, true, known);
        if !sent {
            self.stage.want_again(target.clone());
        }
        sent
    }

    /// Decodes on from the frame that was sought, where the decoder stands close behind it, until something is wanted.
    fn go_on(&mut self, target: &Target, known: &Known) {
        let kind = self.viewer.kind();
        let next = known.index.frames.iter().zip(0..).skip(target.frame as usize + 1).take(ON as usize);
        let missing = next.filter(|(_, frame)| !known.views.has(*frame, kind));
        for (number, (shown, frame)) in missing.enumerate() {
            let close = known.index.there(frame)
                && self.engine.still_comes(frame, shown.start)
                && self.engine.takes(frame) <= 2 * ON;
            if !close {
                break;
            }
            if number == 0 {
                self.goes_first(true);
                // An eye that goes on wants just this next.
                if !self.stage.goes_on() {
                    self.stage.wait_for_newer(QUICK);
                }
            }
            let mut way = Beyond { stage: &self.stage, until: target.frame + ON };
            if self.engine.frame_at(frame, &mut self.viewer, &known.views, &mut way).is_err() {
                break;
            }
            // Somebody may wait for it to be brought.
            self.stage.tell();
        }
        self.goes_first(false);
    }

    /// Moves the eye there. Whether it goes back by a step, or by a few.
    fn look(&self, target: &Target, kind: (u32, u32)) -> bool {
        let mut state = self.stage.state();
        let before = state.gaze.map(|(gaze, ..)| gaze);
        state.gaze = Some((Gaze::moved(before, target.frame, kind), Instant::now(), target.near_first));
        drop(state);
        self.stage.tell();
        before.is_some_and(|gaze| (1..=KEPT_BEFORE).contains(&gaze.frame.saturating_sub(target.frame)))
    }

    /// The frame, when it is just being decoded ahead and comes sooner that way.
    fn brought(&self, target: &Target, known: &Known, kind: (u32, u32)) -> Option<Arc<View>> {
        let start = known.index.frames.get(target.frame as usize)?.start;
        let seeks = if self.engine.still_comes(target.frame, start) { 0 } else { SEEK_COSTS };
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
            if takes > self.engine.takes(target.frame) + seeks || state.has_target() {
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

/// On the way to a target.
struct Toward<'a> {
    stage: &'a Stage,
    target: &'a Target,
    known: &'a Known,
    /// Whether the eye went back to it by a step.
    steps_back: bool,
    /// How far off what is shown already is.
    near: Option<u32>,
    shown_at: &'a mut Option<Instant>,
}

impl Way<View> for Toward<'_> {
    fn over(&mut self) -> bool {
        self.stage.has_newer()
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
        if self.helps(frame) {
            self.target.send(view, false, self.known);
            self.near = Some(self.off(frame));
            *self.shown_at = Some(Instant::now());
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
        self.target.frame.saturating_sub(if self.steps_back { KEPT_BEFORE } else { KEPT_BEFORE_OTHERWISE })
    }

    /// Whether a frame on the way is worth showing to a moving hand: nearer than what it sees, and not too soon.
    fn helps(&self, frame: u32) -> bool {
        let nearer = self.near.is_none_or(|near| self.off(frame) < near);
        let due = self.near.is_none() || self.shown_at.is_none_or(|at| at.elapsed() >= BEAT);
        self.target.near_first && nearer && due
    }
}

/// Over the stretch that the hand drags to and fro over, from where the decoder stands.
struct Over<'a, 'b> {
    toward: &'a mut Toward<'b>,
    stretch: Range<u32>,
    hurries_to: u32,
}

impl<'a, 'b> Over<'a, 'b> {
    fn new(
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
struct Beyond<'a> {
    stage: &'a Stage,
    until: u32,
}

impl Way<View> for Beyond<'_> {
    fn over(&mut self) -> bool {
        self.stage.has_newer()
    }

    fn worth(&self, frame: u32) -> Worth {
        if frame <= self.until { Worth::Now } else { Worth::Nothing }
    }

    fn near(&self) -> Range<u32> {
        self.stage.around()
    }
}

//! The hand: takes the newest target, decodes it and shows it as soon as can be. On the way it shows what comes nearer,
//! if that was asked for.
//!
//! **Invariant:** a target that was overwritten is never answered exactly.

use std::{
    iter,
    ops::Range,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    known::Known,
    pace::Pace,
    plan::Gaze,
    stage::Stage,
    sway::Sway,
    target::Target,
    ways::{Beyond, KEPT_BEFORE, Over, Toward},
};
use crate::{
    ByteSource, VideoError,
    engine::{Engine, Keep, View, Viewer},
    media::{
        index::{Index, Sample},
        reader::{Fresh, Reader},
    },
};

/// The forerunner is waited for when it needs at most so many pictures more than a hand that would have to seek.
const SEEK_COSTS: u32 = 4;

/// The view that a first picture is made for, before a window has said how large it is.
const FIRST_VIEW: (u32, u32) = (1280, 720);
/// Frames decoded on after one that was sought: what is decoded next costs little while the decoder stands here.
const ON: u32 = 4;

/// An eye that has not moved for so long may go anywhere next.
const PAUSE: Duration = Duration::from_millis(200);
/// Whoever asks for one frame after another asks again within this time, and then finds nothing else begun.
const QUICK: Duration = Duration::from_millis(10);

/// The hand's thread.
pub struct Hand {
    stage: Arc<Stage>,
    engine: Engine,
    viewer: Viewer,
    /// The picture that was shown first, until it is known which frame it is.
    first: Option<(Sample, Fresh)>,
    /// Of near pictures on the way to a target.
    pace: Pace,
    /// Whether it goes to and fro.
    sway: Sway,
    /// How often in a row the eye has gone on.
    ons: u32,
}

impl Hand {
    /// Opens the clip, shows its first picture while it is being indexed, and from then on what is wanted, for as long
    /// as the process lives.
    pub fn run(stage: Arc<Stage>, source: &Arc<dyn ByteSource>) -> Result<(), VideoError> {
        let mut demuxer = stage.open(source)?;
        let head = Arc::new(Index::head(&mut demuxer)?);
        let viewer = Viewer::new(demuxer.track.clone(), Arc::clone(&head));
        let engine = Engine::new(Reader::after(demuxer, head)?);
        let mut hand =
            Self { stage, engine, viewer, first: None, pace: Pace::default(), sway: Sway::default(), ons: 0 };
        if let Err(error) = hand.show_first() {
            tracing::debug!(%error, "There is no first picture");
        }
        hand.stage.first_is_over();
        loop {
            let (target, known) = hand.stage.next_target();
            hand.read_by(&known);
            hand.show(target, &known);
            let mut state = hand.stage.state();
            state.hand_first = state.has_target();
            drop(state);
            hand.stage.tell();
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
            if self.answer(&target, &view, known) {
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
        self.decode(&target, known, steps_back);
    }

    /// Decodes it; before that, what a hand that goes to and fro comes by.
    fn decode(&mut self, target: &Target, known: &Arc<Known>, steps_back: bool) {
        let kind = self.viewer.kind();
        // The nearest is shown meanwhile by [`super::at_once`].
        let near = known.nearest(target.frame, kind).map(|(off, _)| off);
        let mut way = Toward { stage: &self.stage, target, known, steps_back, near, pace: &mut self.pace };
        let missing = |frame: u32| known.lacks(frame, kind);
        if let Some(stretch) = self.sway.stretch(target.frame, self.stage.fits(kind), Instant::now())
            && let Some(last) = self.engine.last_to_come(&stretch, &missing)
        {
            let mut over = Over::new(&mut way, stretch, last, &missing);
            // What comes of it is shown on the way; what does not, is tried for the target.
            let swept = self.engine.frame_at(last, &mut self.viewer, &known.views, &mut over);
            if let Err(VideoError::BadClip(_)) = swept {
                known.give_up(iter::once(last));
            }
            if self.stage.has_target() {
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
            Err(error) => {
                if matches!(error, VideoError::BadClip(_)) {
                    known.give_up(iter::once(target.frame));
                }
                target.fail(error);
            }
        }
    }

    fn keep_rest(&mut self, known: &Known) {
        self.engine.keep_rest(&mut self.viewer, &known.views, &self.stage.around());
    }

    /// False when the window counts frames in another way by now; then the target is wanted again.
    fn answer(&self, target: &Target, view: &View, known: &Known) -> bool {
        let sent = target.send(view, true, known);
        if !sent {
            self.stage.want_again(target.clone());
        }
        sent
    }

    /// Decodes on from the frame that was sought, where the decoder stands close behind it, until something is wanted:
    /// a few frames; and before an eye that keeps on all that the forerunner would, whose decoder does not stand there.
    fn go_on(&mut self, target: &Target, known: &Arc<Known>) {
        let kind = self.viewer.kind();
        let mut next = known.few_after(target.frame, ON, kind);
        if self.ons == 0 && next.as_ref().is_some_and(|frames| self.is_close(frames.start, known, kind)) {
            // Who goes on wants just these; anybody else may go elsewhere.
            self.stage.wait_for_target(QUICK);
        }
        while let Some(frames) = next.take().or_else(|| self.what_follows(known))
            && self.is_close(frames.start, known, kind)
        {
            let mut way = Beyond { stage: &self.stage, known, frames: &frames };
            match self.engine.frame_at(frames.end - 1, &mut self.viewer, &known.views, &mut way) {
                Ok(_) => self.stage.tell(),
                Err(VideoError::BadClip(_)) => {
                    return known.give_up(frames.filter(|frame| !known.views.has(*frame, kind)));
                }
                Err(_) => return,
            }
        }
    }

    /// What comes next before an eye that keeps on. If it rests by now, what lies behind it may come first: the
    /// forerunner does that.
    fn what_follows(&self, known: &Known) -> Option<Range<u32>> {
        let (gaze, ..) = self.stage.state().gaze.filter(|_| self.ons > 1)?;
        known.next_views(gaze, self.stage.fits(gaze.kind), self.stage.rests(PAUSE))
    }

    /// Whether a frame comes soon where the decoder stands, and no sooner from the forerunner.
    fn is_close(&self, frame: u32, known: &Known, kind: (u32, u32)) -> bool {
        let Some(shown) = known.index.frames.get(frame as usize) else { return false };
        let takes = self.engine.takes(frame);
        let sooner = self.stage.state().ahead.as_ref().and_then(|ahead| ahead.left(frame, kind));
        let sooner = sooner.is_some_and(|left| left < takes);
        self.engine.still_comes(frame, shown.start) && takes <= 2 * ON && !sooner
    }

    /// Moves the eye there. Whether it goes back by a step, or by a few.
    fn look(&mut self, target: &Target, kind: (u32, u32)) -> bool {
        let mut state = self.stage.state();
        let before = state.gaze.map(|(gaze, ..)| gaze);
        let gaze = Gaze::moved(before, target.frame, kind);
        state.gaze = Some((gaze, Instant::now(), target.near_first));
        drop(state);
        self.stage.tell();
        self.ons = gaze.ons(before, self.ons);
        before.is_some_and(|gaze| (1..=KEPT_BEFORE).contains(&gaze.frame.saturating_sub(target.frame)))
    }

    /// The frame, when it is just being decoded ahead and comes sooner that way.
    fn brought(&self, target: &Target, known: &Known, kind: (u32, u32)) -> Option<Arc<View>> {
        let start = known.index.frames.get(target.frame as usize)?.start;
        let seeks = if self.engine.still_comes(target.frame, start) { 0 } else { SEEK_COSTS };
        let mut state = self.stage.state();
        loop {
            let left = state.ahead.as_ref().and_then(|ahead| ahead.left(target.frame, kind));
            if let Some(view) = known.views.get(target.frame, kind) {
                return Some(view);
            }
            if left? > self.engine.takes(target.frame) + seeks || state.has_target() {
                return None;
            }
            state.hand_first = false;
            state = self.stage.wait_for_others(state, Duration::from_millis(100));
            state.hand_first = true;
        }
    }
}

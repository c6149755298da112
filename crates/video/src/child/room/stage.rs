//! What the threads of a review room share: what is wanted, where the eye is, what is known of the clip, and who is in
//! the room.
//!
//! **Invariant:** there is one target. Putting another in throws the older one away.

use std::{
    ops::Range,
    ptr,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, WaitTimeoutResult},
    time::{Duration, Instant},
};

use limpet_wire::frames::{ClipIndex, FrameEvent};

use super::{
    known::Known,
    plan::{Ahead, Gaze},
    target::{Target, Window},
};
use crate::{
    ByteSource, VideoError,
    engine::{Shared, View},
    media::{
        demuxer::{Demuxer, Track},
        index::Index,
    },
};

/// What the cache is looked through for.
pub enum Look {
    /// A wish: what there is for it is shown.
    Wish(Target),
    /// It may be wanted next, and this is it.
    Ahead(Target, Arc<View>),
}

/// Shared by the threads of a room.
pub struct Stage {
    state: Mutex<State>,
    changed: Condvar,
    /// Bytes of pictures that are kept.
    memory: usize,
    source: Arc<dyn ByteSource>,
    /// The track under review; `None` is the main one.
    track: Option<usize>,
}

#[derive(Default)]
pub struct State {
    /// What the hand takes next.
    target: Option<Target>,
    /// The same, until the cache was looked through for it.
    wish: Option<Target>,
    /// When something was wanted last.
    wanted_at: Option<Instant>,
    /// What may be wanted next: sent ahead, once it is in the cache.
    next: Option<Target>,
    /// What was wanted and has not arrived, and where its bytes lie.
    waiting: Option<(Target, Range<u64>)>,
    /// Where the eye is, since when, and whether it is being dragged.
    pub gaze: Option<(Gaze, Instant, bool)>,
    /// Whether the hand has a target and does not wait for the forerunner, which waits for it.
    pub hand_first: bool,
    /// What is being decoded ahead.
    pub ahead: Option<Ahead>,
    known: Option<Arc<Known>>,
    failed: Option<VideoError>,
    first: Option<Arc<View>>,
    /// Whether there is a first picture, or none to wait for.
    first_is_over: bool,
    windows: Vec<Window>,
    /// How often everybody was woken.
    pub told: u64,
}

impl State {
    /// Whether the hand decodes or is about to.
    pub fn is_busy(&self) -> bool {
        self.hand_first || self.has_target()
    }

    /// Whether something is wanted that nobody has taken.
    pub fn has_target(&self) -> bool {
        self.target.is_some()
    }

    /// Whether this is the newest that is known.
    pub fn is_known(&self, known: &Known) -> bool {
        self.known.as_deref().is_some_and(|newest| ptr::eq(newest, known))
    }

    /// Wants again what had to wait, unless something newer is wanted.
    fn take_up(&mut self) {
        let waiting = self.waiting.take().map(|(target, _)| target);
        if self.target.is_none() && waiting.is_some() {
            self.wish.clone_from(&waiting);
            self.target = waiting;
        }
    }
}

impl Stage {
    /// An empty stage that keeps so many bytes of pictures.
    pub fn new(source: Arc<dyn ByteSource>, track: Option<usize>, memory: usize) -> Self {
        Self { state: Mutex::default(), changed: Condvar::new(), memory, source, track }
    }

    /// How many views of a size stay around the eye: they take five eighths of the memory. Of the other three, two hold
    /// what was looked at before and one holds sketches.
    pub fn fits(&self, (width, height): (u32, u32)) -> u32 {
        let bytes = width as usize * height as usize * 3 / 2;
        u32::try_from(self.memory / 8 * 5 / bytes.max(1)).unwrap_or(u32::MAX)
    }

    /// How many sketches fit, when each is so large.
    pub fn sketches_fit(&self, each: usize) -> u32 {
        u32::try_from(self.memory / 8 / each.max(1)).unwrap_or(u32::MAX).max(1)
    }

    /// The clip's bytes.
    pub fn source(&self) -> Arc<dyn ByteSource> {
        Arc::clone(&self.source)
    }

    /// Opens the track under review.
    pub fn open(&self, source: &Arc<dyn ByteSource>) -> Result<Demuxer, VideoError> {
        Demuxer::of_pictures(Arc::clone(source), self.track)
    }

    /// The state, to look at or to change. Whoever changes it calls [`Self::tell`].
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes everybody who waits. Who has looked and not found, and is about to wait, holds the state or has noted how
    /// much was told: nobody misses it.
    pub fn tell(&self) {
        self.state().told += 1;
        self.changed.notify_all();
    }

    /// Waits until something changes, or for so long.
    pub fn wait<'a>(&self, state: MutexGuard<'a, State>, most: Duration) -> MutexGuard<'a, State> {
        let waited: Result<(_, WaitTimeoutResult), _> = self.changed.wait_timeout(state, most);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// The same after a change that others wait for.
    pub fn wait_for_others<'a>(
        &self,
        mut state: MutexGuard<'a, State>,
        most: Duration,
    ) -> MutexGuard<'a, State> {
        state.told += 1;
        self.changed.notify_all();
        self.wait(state, most)
    }

    /// Overwrites whatever was wanted.
    pub fn want(&self, target: Target) {
        let mut state = self.state();
        state.wish = Some(target.clone());
        state.target = Some(target);
        state.wanted_at = Some(Instant::now());
        (state.next, state.waiting) = (None, None);
        drop(state);
        self.tell();
    }

    /// Has a picture sent ahead, once it is there; what is wanted goes first.
    pub fn bring(&self, target: Target) {
        self.state().next = Some(target);
        self.tell();
    }

    /// Wants again what was decoded by an index that no longer counts, unless something newer is wanted.
    pub fn want_again(&self, target: Target) {
        let mut state = self.state();
        if state.target.is_none() {
            state.wish = Some(target.clone());
            state.target = Some(target);
        }
        // The window, or the hand, is about to hear of the new one.
        drop(self.wait(state, Duration::from_millis(2)));
    }

    /// Puts a target aside until its bytes are there, and has them fetched.
    pub fn wait_for_bytes(&self, target: Target, known: &Known) {
        let missing = known.index.missing(target.frame).unwrap_or_default();
        self.source.want(missing.start);
        target.waits();
        let mut state = self.state();
        if state.target.is_none() {
            state.waiting = Some((target, missing));
        }
        // More may have arrived since the target was taken.
        if !state.is_known(known) {
            state.take_up();
            drop(state);
            self.tell();
        }
    }

    /// Whether what somebody waits for is among these ranges.
    pub fn has_come(&self, there: &[Range<u64>]) -> bool {
        let covers = |missing: &Range<u64>| {
            there.iter().any(|range| range.start <= missing.start && missing.end <= range.end)
        };
        self.state().waiting.as_ref().is_some_and(|(_, missing)| covers(missing))
    }

    /// The frames that stay in the cache.
    pub fn around(&self) -> Range<u32> {
        let state = self.state();
        let (gaze, count) = match (&state.gaze, &state.known) {
            (Some((gaze, ..)), Some(known)) => (*gaze, known.index.count()),
            _ => return 0..0,
        };
        gaze.window(count, self.fits(gaze.kind))
    }

    /// Waits until something has changed since so much was told, or for so long.
    pub fn wait_until_told(&self, told: u64, most: Duration) {
        let waited = self.changed.wait_timeout_while(self.state(), most, |state| state.told == told);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    /// Whether something is wanted that nobody has taken.
    pub fn has_target(&self) -> bool {
        self.state().has_target()
    }

    /// Whether nothing has been wanted for so long.
    pub fn rests(&self, long: Duration) -> bool {
        self.state().wanted_at.is_none_or(|at| at.elapsed() >= long)
    }

    /// Waits for so long, or until something is wanted that nobody has taken.
    pub fn wait_for_target(&self, most: Duration) {
        let waited = self.changed.wait_timeout_while(self.state(), most, |state| state.target.is_none());
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    /// Waits for a target, and for the clip to be known, and takes both. The hand goes first from now on.
    pub fn next_target(&self) -> (Target, Arc<Known>) {
        self.next(|state, _| {
            let target = state.target.take()?;
            state.hand_first = true;
            Some(target)
        })
    }

    /// The same for what is there already: the newest target that nobody has looked for in the cache, or what is to be
    /// sent ahead and is in it.
    pub fn next_look(&self) -> (Look, Arc<Known>) {
        self.next(|state, known| {
            let wish = state.wish.take().map(Look::Wish);
            wish.or_else(|| {
                let view = state.next.as_ref().and_then(|next| known.view(next))?;
                state.next.take().map(|next| Look::Ahead(next, view))
            })
        })
    }

    fn next<T>(&self, take: impl Fn(&mut State, &Known) -> Option<T>) -> (T, Arc<Known>) {
        let mut state = self.state();
        loop {
            if let Some(known) = state.known.clone()
                && let Some(taken) = take(&mut state, &known)
            {
                return (taken, known);
            }
            state = self.wait(state, Duration::from_secs(60));
        }
    }

    /// What is known of the clip now.
    pub fn known(&self) -> Option<Arc<Known>> {
        self.state().known.clone()
    }

    /// Waits until the clip is known. `tick` is called now and then.
    pub fn wait_known(&self, tick: &dyn Fn()) -> Result<Arc<Known>, VideoError> {
        let mut state = self.state();
        loop {
            match (&state.known, &state.failed) {
                (Some(known), _) => return Ok(Arc::clone(known)),
                (None, Some(error)) => return Err(error.clone()),
                (None, None) => state = self.wait(state, Duration::from_millis(500)),
            }
            tick();
        }
    }

    /// Says what is known of the clip to everybody. Pictures that were kept stay when their frames keep their numbers.
    pub fn publish(&self, track: Track, index: Index, description: ClipIndex, whole: bool) {
        let mut state = self.state();
        let same = |before: &&Arc<Known>| before.index.frames.iter().zip(&index.frames).all(|(a, b)| a == b);
        let kept = state.known.as_ref().filter(same);
        let (views, sketches) = match kept {
            Some(before) => (before.views.clone(), before.sketches.clone()),
            None => (Shared::new(self.memory / 8 * 7), Shared::new(self.memory / 8)),
        };
        let before = state.known.as_ref().map_or(0, |before| before.numbering);
        let numbering = if kept.is_some() { before } else { before + 1 };
        let index = Arc::new(index);
        let hopeless = Mutex::default();
        let known =
            Arc::new(Known { track, index, description, whole, numbering, views, sketches, hopeless });
        state.known = Some(Arc::clone(&known));
        state.first = None;
        state.take_up();
        let windows = state.windows.clone();
        drop(state);
        self.tell();
        for window in &windows {
            window.introduce(&known);
        }
    }

    /// Says that the clip cannot be opened.
    pub fn fail(&self, error: VideoError) {
        let mut state = self.state();
        // Every thread of the room finds out by itself.
        if state.failed.is_some() {
            return;
        }
        state.failed = Some(error.clone());
        let windows = state.windows.clone();
        drop(state);
        self.tell();
        let event = FrameEvent::Failed { generation: 0, failure: error.into() };
        for window in windows {
            window.say(&event);
        }
    }

    /// Waits for the first picture, if one comes within that time: whoever begins something else slows it down.
    pub fn wait_first(&self, most: Duration) {
        let waited = self.changed.wait_timeout_while(self.state(), most, |state| !state.first_is_over);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    /// Says that the first picture is there, or that there is none.
    pub fn first_is_over(&self) {
        self.state().first_is_over = true;
        self.tell();
    }

    /// Shows the first picture, before it is known which frame it is.
    pub fn show_first(&self, view: View) {
        let mut state = self.state();
        if state.known.is_some() {
            return;
        }
        let view = Arc::new(view);
        state.first = Some(Arc::clone(&view));
        let windows = state.windows.clone();
        drop(state);
        for window in windows {
            window.show(&view, 0, Some(0), None);
        }
    }

    /// Lets a window in and tells it what is known. False when it is gone already.
    pub fn enter(&self, window: &Window) -> bool {
        let mut state = self.state();
        state.windows.push(window.clone());
        let (known, first, failed) = (state.known.clone(), state.first.clone(), state.failed.clone());
        drop(state);
        if let Some(mut known) = known {
            // What became known meanwhile may have been said to it before this.
            loop {
                if !window.introduce(&known) {
                    return false;
                }
                match self.known() {
                    Some(newest) if !Arc::ptr_eq(&newest, &known) => known = newest,
                    _ => return true,
                }
            }
        }
        if let Some(error) = failed {
            return window.say(&FrameEvent::Failed { generation: 0, failure: error.into() });
        }
        if let Some(first) = first {
            window.show(&first, 0, Some(0), None);
        }
        true
    }

    /// Forgets a window.
    pub fn leave(&self, window: &Window) {
        self.state().windows.retain(|other| !other.is(window));
    }
}

//! The thread that asks the decoder child: for sound, to keep the ring filled a little ahead of the device, and how
//! long the clip is by now.
//!
//! **Invariant:** what was asked for before something else was wanted never reaches the ring afterwards.

use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak},
    thread,
    time::{Duration, Instant},
};

use limpet_model::Micros;
use limpet_video::{Passage, Sample, VideoError};

use crate::{
    device::Shared,
    player::Source,
    timeline::{Part, Wish},
};

/// How far ahead of the device.
const AHEAD: Duration = Duration::from_millis(400);
/// What is asked for at a time. Short, for what is wanted instead comes after it.
const ASK: Duration = Duration::from_millis(120);
/// Where the device is faster than the child, sound goes on from so far ahead.
const LATE: Duration = Duration::from_millis(60);
/// How long to wait before the next look.
const NAP: Duration = Duration::from_millis(10);
/// Longest turn of a loop that is kept, so that short ones are decoded once.
const KEPT: Duration = Duration::from_secs(20);

/// Tells the thread what to get.
pub struct Feed {
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    work: Mutex<Work>,
    changed: Condvar,
}

#[derive(Default)]
struct Work {
    task: Option<Task>,
    /// Which task it is.
    number: u64,
    /// Somebody wants to know how long the clip is; and how long it was when that was wanted last.
    asks_length: bool,
    length: Option<Micros>,
    /// The child is dead.
    dead: bool,
    closing: bool,
}

/// What to get.
#[derive(Clone)]
struct Task {
    part: Part,
    /// Place of its first sample.
    start: u64,
    hz: u32,
    shared: Arc<Shared>,
}

impl Feed {
    /// Starts the thread, which has nothing to do yet and ends with this.
    pub fn start<S: Source>(source: Weak<S>) -> std::io::Result<Self> {
        let state = Arc::new(State::default());
        let own = Arc::clone(&state);
        thread::Builder::new().name("sound feed".into()).spawn(move || run(&own, &source))?;
        Ok(Self { state })
    }

    /// From this place on, this part is wanted.
    pub fn play(&self, part: Part, start: u64, hz: u32, shared: &Arc<Shared>) {
        let mut work = self.state.lock();
        shared.ring.rewind(start);
        work.number += 1;
        work.task = Some(Task { part, start, hz, shared: Arc::clone(shared) });
        self.state.changed.notify_all();
    }

    /// What is wanted goes on for longer: this is the part now.
    pub fn extend(&self, part: Part) {
        if let Some(task) = &mut self.state.lock().task {
            task.part = part;
        }
        self.state.changed.notify_all();
    }

    /// Has the child asked how long the clip is.
    pub fn ask_length(&self) {
        self.state.lock().asks_length = true;
        self.state.changed.notify_all();
    }

    /// The answer, once.
    pub fn length(&self) -> Option<Micros> {
        self.state.lock().length.take()
    }

    /// Nothing is wanted any more.
    pub fn stop(&self) {
        let mut work = self.state.lock();
        work.number += 1;
        work.task = None;
    }

    /// Whether no more sound will come from this child.
    pub fn is_dead(&self) -> bool {
        self.state.lock().dead
    }

    /// Waits until so much is ready, all there is, or it takes too long.
    pub fn wait(&self, ready: u64, patience: Duration) {
        let deadline = Instant::now() + patience;
        let mut work = self.state.lock();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let wanted = work.task.as_ref().filter(|task| {
                let end = task.part.length().map_or(u64::MAX, |length| task.start + length);
                task.shared.ring.written() < ready.min(end)
            });
            if wanted.is_none() || work.dead || left.is_zero() {
                return;
            }
            let waited = self.state.changed.wait_timeout(work, left);
            work = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        // Nobody waits for the thread: the child may take its time with what it was asked.
        self.state.lock().closing = true;
        self.state.changed.notify_all();
    }
}

impl State {
    fn lock(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a moment, or until something else is wanted.
    fn nap<'a>(&self, work: MutexGuard<'a, Work>, time: Duration) -> MutexGuard<'a, Work> {
        self.changed.wait_timeout(work, time).unwrap_or_else(PoisonError::into_inner).0
    }
}

fn run<S: Source>(state: &State, source: &Weak<S>) {
    let mut kept = Kept::default();
    let mut work = state.lock();
    while !work.closing {
        if std::mem::take(&mut work.asks_length) {
            drop(work);
            let Some(source) = source.upgrade() else { return };
            let length = source.duration();
            work = state.lock();
            work.length = Some(length);
            continue;
        }
        let number = work.number;
        let Some(Task { part, start, hz, shared }) = work.task.clone() else {
            work = state.nap(work, Duration::from_secs(3600));
            continue;
        };
        let samples = |time: Duration| u64::from(hz) * u64::try_from(time.as_millis()).unwrap_or(0) / 1000;
        let (written, taken) = (shared.ring.written(), shared.ring.taken());
        let at = if written < taken { taken + samples(LATE) } else { written }.max(start);
        let wish = if at - taken.min(at) < samples(AHEAD) { part.wish(at - start) } else { None };
        let Some(wish) = wish else {
            work = state.nap(work, NAP);
            continue;
        };
        let most = wish.left.min(samples(ASK)).min(shared.ring.room() / 2);
        let sound = if let Some(sound) = kept.find(&wish, most) {
            Ok(sound)
        } else {
            drop(work);
            let Some(source) = source.upgrade() else { return };
            let sound = source.sound(wish.passage, wish.at, u32::try_from(most).unwrap_or(u32::MAX));
            work = state.lock();
            sound
        };
        if work.number != number {
            continue;
        }
        match sound {
            Ok(sound) if sound.is_empty() => work = state.nap(work, NAP),
            Ok(sound) => {
                kept.keep(&wish, &sound, samples(KEPT));
                shared.ring.put(at, &sound);
                state.changed.notify_all();
            }
            Err(VideoError::ChildEnded) => {
                tracing::warn!("The decoder died; there is no more sound");
                work.dead = true;
                work.task = None;
                state.changed.notify_all();
            }
            Err(error) => {
                tracing::warn!(%error, "There is no sound for a moment");
                work = state.nap(work, 10 * NAP);
            }
        }
    }
}

/// One turn of a loop, as far as it has been decoded.
#[derive(Default)]
struct Kept {
    passage: Option<Passage>,
    sound: Vec<Sample>,
}

impl Kept {
    fn find(&self, wish: &Wish, most: u64) -> Option<Vec<Sample>> {
        let ours = wish.again && self.passage == Some(wish.passage);
        let rest =
            self.sound.get(usize::try_from(wish.at).ok()?..).filter(|rest| ours && !rest.is_empty())?;
        let most = usize::try_from(most).unwrap_or(usize::MAX).min(rest.len());
        rest.get(..most).map(<[Sample]>::to_vec)
    }

    fn keep(&mut self, wish: &Wish, sound: &[Sample], most: u64) {
        if !wish.again || wish.at + wish.left > most {
            return;
        }
        if self.passage != Some(wish.passage) {
            *self = Self { passage: Some(wish.passage), sound: Vec::new() };
        }
        if self.sound.len() as u64 == wish.at {
            self.sound.extend_from_slice(sound);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use limpet_video::Speed;

    use super::*;

    const HZ: u32 = 48_000;

    /// A decoder that says what it is asked, and answers when it is told to: with the second its sound is from.
    struct Told {
        asked: Sender<Passage>,
        go_on: Mutex<Receiver<()>>,
    }

    impl Source for Told {
        fn sound(&self, passage: Passage, _: u64, most: u32) -> Result<Vec<Sample>, VideoError> {
            let gone = |_| VideoError::ChildEnded;
            self.asked.send(passage).map_err(|_| VideoError::ChildEnded)?;
            self.go_on.lock().unwrap().recv().map_err(gone)?;
            let second = i16::try_from(passage.from / i64::from(HZ)).unwrap();
            Ok(vec![[second; 2]; most as usize])
        }

        fn has_sound(&self) -> bool {
            true
        }

        fn duration(&self) -> Micros {
            Micros(60_000_000)
        }
    }

    #[test]
    fn what_was_on_its_way_when_something_else_was_wanted_is_not_heard() {
        let (asked, asks) = channel();
        let (go_on, told) = channel();
        let source = Arc::new(Told { asked, go_on: Mutex::new(told) });
        let feed = Feed::start(Arc::downgrade(&source)).unwrap();
        let shared = Arc::new(Shared::new(HZ));
        let end = source.duration();
        let part = |seconds: i64| Part::to_end(HZ, Micros(seconds * 1_000_000), Speed::AS_RECORDED, end);
        feed.play(part(3), 0, HZ, &shared);
        assert_eq!(asks.recv().unwrap().from, 3 * 48_000);
        feed.play(part(7), 0, HZ, &shared);
        go_on.send(()).unwrap();
        assert_eq!(asks.recv().unwrap().from, 7 * 48_000);
        assert_eq!(shared.ring.written(), 0);
        go_on.send(()).unwrap();
        feed.wait(1, Duration::from_secs(5));
        assert_eq!(shared.ring.take(100).collect::<Vec<_>>(), [[7, 7]; 100]);
        drop(go_on);
        feed.wait(u64::MAX, Duration::from_secs(5));
        assert!(feed.is_dead());
    }
}

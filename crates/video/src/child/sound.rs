//! The sound of the open clip, passage by passage, and a little at a time.
//!
//! Sound is laid into the passage by the times that the container gives it: what comes late begins late, a gap stays
//! silent, and after the end it is silent. What follows on what was asked last goes on without a seek.
//!
//! **Invariant:** sample `n` of a passage is the same moment of the clip however one came to it. No ask takes much
//! longer than [`PATIENCE`], and sound that cannot be decoded is silence, never an error.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use crate::{
    media::{
        stretch::Stretch,
        tape::{Take, Tape},
    },
    sound::{Passage, Sample},
};

/// How long one ask may decode, before it answers what there is by then.
const PATIENCE: Duration = Duration::from_millis(150);
/// Times in a container that are off by less than this are how it rounds, milliseconds.
const SLACK_MS: i64 = 20;
/// What a resampler needs to settle, milliseconds.
const WARM_MS: i64 = 20;
/// No clip is so long, in samples.
const FARTHEST: i64 = 1 << 50;
/// Skipping less than this is done by decoding, seconds.
const NEAR: f64 = 3.0;

/// Answers asks for sound.
pub struct Sound {
    /// `None` when the clip has none that can be decoded.
    tape: Option<Tape>,
    run: Option<Run>,
}

impl Sound {
    /// With the clip's sound, if it has any.
    pub fn new(tape: Option<Tape>) -> Self {
        Self { tape, run: None }
    }

    /// Sound of a passage from its sample `at` on: at most so many samples, none when there was no time to get there.
    /// `tick` is called now and then.
    pub fn answer(&mut self, passage: Passage, at: u64, most: usize, tick: &mut dyn FnMut()) -> Vec<Sample> {
        let at = i64::try_from(at).unwrap_or(FARTHEST).min(FARTHEST);
        let passage = Passage { from: passage.from.clamp(-FARTHEST, FARTHEST), ..passage };
        let Some(tape) = &mut self.tape else { return vec![[0; 2]; most] };
        let run = match self.run.take() {
            Some(run) if run.goes_on(passage, at) => self.run.insert(run),
            _ => {
                let run = self.run.insert(Run::new(passage, at));
                tape.seek(run.seconds(at));
                run
            }
        };
        let end = at.saturating_add(i64::try_from(most).unwrap_or(i64::MAX));
        let deadline = Instant::now() + PATIENCE;
        while !run.ended && run.reached < end && Instant::now() < deadline {
            tick();
            match tape.next() {
                Some(take) => run.lay(take),
                None => run.finish(),
            }
        }
        run.serve(at, end)
    }
}

/// A passage that is under way.
struct Run {
    passage: Passage,
    /// Where decoding began: nothing before it is wanted.
    start: i64,
    /// What was answered last ends here.
    served: i64,
    /// Everything before this is known, be it silence.
    reached: i64,
    section: Option<Section>,
    /// Sound with the place of its first sample, in order.
    pieces: VecDeque<(i64, Vec<Sample>)>,
    ended: bool,
}

/// Sound without a gap or a change of its kind.
struct Section {
    stretch: Stretch,
    /// Where the next sample belongs that goes in, at the sound's own rate.
    expected: i64,
    /// Where the next sample belongs that comes out, in the passage.
    next: i64,
}

impl Run {
    fn new(passage: Passage, start: i64) -> Self {
        let (section, pieces) = (None, VecDeque::new());
        Self { passage, start, served: start, reached: i64::MIN, section, pieces, ended: false }
    }

    fn goes_on(&self, passage: Passage, at: i64) -> bool {
        let near = self.seconds(at) - self.seconds(self.served) < NEAR;
        self.passage == passage && at >= self.served && near
    }

    /// Time of a sample of the passage from the first shown frame.
    fn seconds(&self, at: i64) -> f64 {
        (self.passage.from as f64 + at as f64 * self.passage.speed.rate()) / f64::from(self.passage.hz)
    }

    fn lay(&mut self, take: Take) {
        let Take { at, frame } = take;
        let (rate, samples) = (i64::from(frame.rate()), i64::try_from(frame.samples()).unwrap_or(0));
        let broken = self.section.as_ref().is_some_and(|section| {
            !section.stretch.fits(&frame) || (at - section.expected).abs() > rate * SLACK_MS / 1000
        });
        if broken {
            self.close();
        }
        if self.section.is_none() {
            let from = self.source_start(rate);
            if at + samples <= from {
                return;
            }
            let skip = (from - at).max(0);
            let Passage { hz, speed, .. } = self.passage;
            let Some(stretch) = Stretch::open(&frame, skip.unsigned_abs(), hz, speed) else {
                // Nothing but silence can be made of it.
                self.reached = self.reached.max(self.out(at + samples, rate));
                return;
            };
            let next = self.out(at + skip, rate);
            self.reached = self.reached.max(next);
            self.section = Some(Section { stretch, expected: at, next });
        }
        let Some(section) = &mut self.section else { return };
        section.expected += samples;
        match section.stretch.push(frame) {
            Some(sound) => {
                let first = section.next;
                section.next = first.saturating_add(i64::try_from(sound.len()).unwrap_or(0));
                self.put(first, sound);
            }
            None => self.section = None,
        }
    }

    /// The first sample of the sound, at its own rate, that is needed: early enough for a resampler to settle, and
    /// where a sample of the passage falls onto one of the sound, so that it does not matter where one begins.
    fn source_start(&self, rate: i64) -> i64 {
        let hz = i64::from(self.passage.hz);
        let wanted = self.seconds(self.start) * rate as f64;
        #[expect(clippy::cast_possible_truncation, reason = "saturates; such a place is not in any clip")]
        let wanted = (wanted + 1e-6).floor() as i64;
        if rate == hz {
            return wanted;
        }
        let step = rate / common(rate, hz);
        let early = wanted.saturating_sub(rate * WARM_MS / 1000);
        if step <= rate / 10 { early.div_euclid(step) * step } else { early }
    }

    /// Where a sample of the sound belongs in the passage, rounded to nearest.
    fn out(&self, at: i64, rate: i64) -> i64 {
        let Passage { hz, from, speed } = self.passage;
        let over = i128::from(rate) * i128::from(u32::from(speed));
        let samples = (i128::from(at) * i128::from(hz) - i128::from(from) * i128::from(rate)) * 1000;
        let out = (samples + over / 2).div_euclid(over.max(1));
        i64::try_from(out).unwrap_or(if out < 0 { i64::MIN } else { i64::MAX })
    }

    /// Puts sound at its place. What is known already stays as it is: times that go back make nothing sound twice.
    fn put(&mut self, first: i64, mut sound: Vec<Sample>) {
        let end = first.saturating_add(i64::try_from(sound.len()).unwrap_or(0));
        let known = usize::try_from(self.reached.saturating_sub(first)).unwrap_or(0).min(sound.len());
        sound.drain(..known);
        if !sound.is_empty() {
            self.pieces.push_back((first.max(self.reached), sound));
        }
        self.reached = self.reached.max(end);
    }

    /// Ends the section: what comes next is something else.
    fn close(&mut self) {
        if let Some(section) = self.section.take() {
            self.put(section.next, section.stretch.finish());
        }
    }

    fn finish(&mut self) {
        self.close();
        self.ended = true;
    }

    fn serve(&mut self, at: i64, end: i64) -> Vec<Sample> {
        let end = if self.ended { end } else { end.min(self.reached) };
        let mut out = vec![[0; 2]; usize::try_from(end.saturating_sub(at)).unwrap_or(0)];
        while let Some((first, sound)) = self.pieces.front() {
            let into = usize::try_from(first.saturating_sub(at)).unwrap_or(0);
            let from = usize::try_from(at.saturating_sub(*first)).unwrap_or(0);
            let to = out.get_mut(into..).unwrap_or_default();
            for (to, from) in to.iter_mut().zip(sound.get(from..).unwrap_or_default()) {
                *to = *from;
            }
            if first.saturating_add(i64::try_from(sound.len()).unwrap_or(0)) > end {
                break;
            }
            self.pieces.pop_front();
        }
        self.served = end.max(at);
        out
    }
}

/// Greatest common divisor.
fn common(a: i64, b: i64) -> i64 {
    if b == 0 { a.max(1) } else { common(b, a % b) }
}

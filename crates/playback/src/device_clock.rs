//! When a sample is heard, by what the device says as it asks for it, and which of that is to be believed.
//!
//! A device that is being filled has no clock yet. cpal's ALSA host starts it when two periods are in it, and a sound
//! server takes some more at once; all these are asked for back to back, before anything is heard, and how long the way
//! to the ear is stands in none of their delays. It stands in the first that had to be waited for. After an underrun
//! all this begins again. (`WASAPI` is filled after it started, and its place, too, moves only when something is
//! heard.)
//!
//! **Invariant:** time is passed in. Every device comes to say something: to be asked again it must be waited for, or
//! else it takes sound faster than it can be heard, and then it goes by the wall clock.

use std::time::{Duration, Instant};

use crate::heard::lasting;

/// Periods that a device may take at once before it counts as one without a clock: its buffer holds two.
const AT_ONCE: u64 = 4;
/// Sound in which that is decided. Later on, a device that runs a little fast has gained as much.
const JUDGED: Duration = Duration::from_secs(10);
/// Periods that fill a device, at least.
const FILL: u8 = 2;
/// `CoreAudio` asks only while it plays, and knows the whole way from the first time on.
const KNOWS_AT_ONCE: bool = cfg!(target_vendor = "apple");

/// What a device says of itself.
#[derive(Debug, Clone, Copy)]
pub struct Measure {
    /// A sample.
    pub sample: u64,
    /// When it is, or was, heard.
    pub heard: Instant,
    /// When this was said.
    pub said: Instant,
    /// When it took the first sample.
    pub began: Instant,
}

/// One device, as a clock.
#[derive(Debug)]
pub struct DeviceClock {
    hz: u32,
    began: Option<Instant>,
    /// Most samples it has asked for at once.
    period: u64,
    /// When it asked last, and how often since it was empty.
    asked: Option<Instant>,
    asks: u8,
    /// It is full, and heard.
    runs: bool,
    /// It has no clock of its own.
    free: bool,
}

impl DeviceClock {
    /// Of a device that takes so many samples a second.
    pub fn new(hz: u32) -> Self {
        Self { hz, began: None, period: 0, asked: None, asks: 0, runs: KNOWS_AT_ONCE, free: false }
    }

    /// It ran empty, and is filled anew.
    pub fn ran_empty(&mut self) {
        (self.asked, self.asks, self.runs) = (None, 0, KNOWS_AT_ONCE);
    }

    /// It asks for so many samples from this one on, and says how long it takes until that is heard.
    pub fn asks(&mut self, sample: u64, count: u64, now: Instant, delay: Duration) -> Option<Measure> {
        let began = *self.began.get_or_insert(now);
        let due = began + lasting(sample, self.hz);
        self.period = self.period.max(count);
        let is_judged = lasting(sample, self.hz) < JUDGED;
        self.free |= is_judged && due > now + lasting(AT_ONCE * self.period, self.hz);
        let before = self.asked.replace(now);
        let waited =
            before.is_some_and(|before| now.saturating_duration_since(before) >= lasting(count, self.hz) / 2);
        self.runs |= waited && self.asks >= FILL;
        self.asks = self.asks.saturating_add(1);
        let heard = if self.free { due } else { now + delay };
        (self.free || self.runs).then_some(Measure { sample, heard, said: now, began })
    }

    /// Whether it takes whatever it is offered, and has to be held.
    pub fn is_free(&self) -> bool {
        self.free
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heard::Heard;

    const HZ: u32 = 48_000;
    const PERIOD: u64 = 1920;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// A device 100 ms from the ear, as cpal's ALSA host has it say so, when it starts and after an underrun.
    #[cfg(not(target_vendor = "apple"))]
    #[test]
    fn a_device_that_is_filled_is_believed_when_it_runs() {
        let mut clock = DeviceClock::new(HZ);
        let began = Instant::now();
        // Told two at once, or by a server three, whose delays are empty words.
        for (start, first, fill, delays) in [(0, 0, 2, [0, 40, 0]), (500, 10, 3, [0, 0, 77])] {
            clock.ran_empty();
            for (ask, delay) in (0..fill).zip(delays) {
                let at = began + ms(start + ask);
                assert!(
                    clock.asks((first + ask) * PERIOD, PERIOD, at, ms(delay)).is_none(),
                    "ask {ask} at {start}"
                );
            }
            let way = ms((fill - 1) * 40 + 100);
            let mut heard = Heard::from(began, HZ);
            for ask in fill..9 {
                let at = began + ms(start + 40 * (ask + 1 - fill));
                let measure = clock.asks((first + ask) * PERIOD, PERIOD, at, way).unwrap();
                heard.measured(measure.sample, measure.heard);
                let right = start as f64 / 1e3 + 0.1 - first as f64 * 0.04;
                let off = (heard.begins() - began).as_secs_f64() - right;
                assert!(off.abs() < 0.001, "{off:+} s off at ask {ask} after {start} ms");
            }
        }
    }

    #[test]
    fn a_device_without_a_clock_goes_by_the_wall() {
        let mut clock = DeviceClock::new(HZ);
        let began = Instant::now();
        let said =
            (0..9).filter_map(|ask| clock.asks(ask * PERIOD, PERIOD, began, Duration::ZERO)).last().unwrap();
        assert!(clock.is_free());
        assert_eq!(said.heard, began + ms(8 * 40));
    }

    /// Two hours with a device 50 ppm fast, whose second is over a little sooner.
    #[test]
    fn a_fast_device_keeps_its_clock() {
        let mut clock = DeviceClock::new(HZ);
        let began = Instant::now();
        for ask in 0..2 * 3600 * 25 {
            let at = began + ms(ask * 40).mul_f64(1.0 - 50e-6);
            clock.asks(ask * PERIOD, PERIOD, at, ms(40));
            assert!(!clock.is_free(), "after {} s", ask / 25);
        }
    }

    /// `WASAPI` fills its whole buffer at first, and then asks for a little at a time.
    #[test]
    fn a_buffer_of_many_small_periods_is_not_one_without_a_clock() {
        let mut clock = DeviceClock::new(HZ);
        let began = Instant::now();
        clock.asks(0, 9 * 480, began, Duration::ZERO);
        for ask in 0..100 {
            clock.asks((9 + ask) * 480, 480, began + ms(10 * (ask + 1)), ms(90));
            assert!(!clock.is_free(), "{ask}");
        }
    }
}

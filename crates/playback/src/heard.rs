//! Which sample is heard now, worked out from what the device says now and then, or from the wall clock.
//!
//! **Invariant:** it never goes back, and no sample is heard sooner than it can be. A device whose word wavers moves it
//! smoothly; one that stood still is followed at once.

use std::time::{Duration, Instant};

/// Off by more than this, the device did stand still, or began.
const JUMP: f64 = 0.08;
/// Share of a small difference that is believed at once. Devices measure in steps of their buffers.
const BELIEF: f64 = 0.05;

/// No device is faster than this share of the time.
const FAST: f64 = 0.001;

/// The sample that is heard.
#[derive(Debug, Clone)]
pub struct Heard {
    hz: f64,
    began: Instant,
    /// Seconds after `began` at which sample 0 was heard, would it all have gone on as now.
    offset: f64,
    /// How often it was measured.
    measures: u32,
    /// As far as has been said.
    most: f64,
}

impl Heard {
    /// Sample 0 is heard at this moment, or later if the device says so, and the rest by the clock.
    pub fn from(began: Instant, hz: u32) -> Self {
        Self { hz: f64::from(hz), began, offset: 0.0, measures: 0, most: 0.0 }
    }

    /// The device says when a sample is, or was, heard.
    pub fn measured(&mut self, sample: u64, heard: Instant) {
        let heard = if heard >= self.began {
            (heard - self.began).as_secs_f64()
        } else {
            -(self.began - heard).as_secs_f64()
        };
        let error = heard - sample as f64 / self.hz - self.offset;
        // The first word counts in full, the second by half, ..
        self.measures = if error.abs() > JUMP { 1 } else { self.measures.saturating_add(1) };
        self.offset += error * BELIEF.max(1.0 / f64::from(self.measures));
        // A device without a clock takes sound long before it is due, which does not mean that time is over.
        self.offset = self.offset.max(-FAST * heard.max(0.0));
    }

    /// All that was thought so far is wrong: it began at this moment, or later if the device says so.
    pub fn began(&mut self, began: Instant) {
        (self.began, self.offset, self.measures) = (began, 0.0, 0);
    }

    /// When the first sample is, or was, heard.
    pub fn begins(&self) -> Instant {
        self.began + Duration::from_secs_f64(self.offset.max(0.0))
    }

    /// The sample heard at a moment, and the fraction of it that is over.
    pub fn at(&mut self, now: Instant) -> f64 {
        let since = now.saturating_duration_since(self.began).as_secs_f64();
        self.most = self.most.max((since - self.offset) * self.hz);
        self.most
    }
}

/// How long so many samples last.
pub fn lasting(samples: u64, hz: u32) -> Duration {
    Duration::from_secs_f64(samples as f64 / f64::from(hz.max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HZ: u32 = 48_000;

    #[expect(clippy::cast_possible_truncation, reason = "seconds of sound")]
    fn whole(samples: f64) -> i64 {
        samples.round() as i64
    }

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn without_a_device_it_goes_by_the_clock() {
        let began = Instant::now();
        let mut heard = Heard::from(began, HZ);
        assert_eq!(whole(heard.at(began + ms(1500))), 72_000);
        assert_eq!(whole(heard.at(began + ms(1000))), 72_000, "never back");
    }

    #[test]
    fn a_device_that_measures_in_steps_is_followed_smoothly() {
        let began = Instant::now();
        let mut heard = Heard::from(began, HZ);
        let mut before = 0.0;
        for step in 1..400_u64 {
            let now = began + ms(step * 10);
            // In truth sample n is heard 30 ms after n / hz; the device says so give or take 8 ms.
            let wavering = [0, 16, 3, 11, 8][usize::try_from(step % 5).unwrap()];
            heard.measured(step * 480, began + ms(step * 10 + 22 + wavering));
            let at = heard.at(now);
            assert!(at >= before);
            if step > 100 {
                assert!((at - before - 480.0).abs() < 48.0, "{step}: {}", at - before);
                let right = (step * 480) as f64 - 0.03 * f64::from(HZ);
                assert!((at - right).abs() < 0.004 * f64::from(HZ), "{step}: {at} {right}");
            }
            before = at;
        }
    }

    #[test]
    fn a_device_that_takes_everything_at_once_makes_no_time() {
        let began = Instant::now();
        let mut heard = Heard::from(began, HZ);
        for taken in 0..5 {
            heard.measured(taken * 1920, began + ms(1));
            assert!(whole(heard.at(began + ms(1))) <= 48);
        }
        assert_eq!(whole(heard.at(began + ms(100))), 4800);
    }

    #[test]
    fn a_device_that_stood_still_is_followed_at_once_and_a_fast_one_in_time() {
        let began = Instant::now();
        let mut heard = Heard::from(began, HZ);
        heard.measured(48_000, began + ms(1000));
        assert_eq!(whole(heard.at(began + ms(1000))), 48_000);
        // Half a second without sound.
        heard.measured(48_000, began + ms(1500));
        assert_eq!(whole(heard.at(began + ms(1600))), 52_800);
        // A device that runs a thousandth fast.
        for second in 0..100_u64 {
            let (sample, now) = (72_000 + second * 48_048, began + ms(2000 + second * 1000));
            heard.measured(sample, now);
            assert!((heard.at(now) - sample as f64).abs() < 0.025 * f64::from(HZ), "{second}");
        }
    }
}

//! Which sound is meant: a place, a speed, a sample rate. What comes of it are 16-bit stereo samples.
//!
//! **Invariant:** time is counted in whole samples from the first shown frame, so sound and pictures share a zero, and
//! sample `n` of a passage stands for one moment of the clip, whether the clip has sound there or not.

use limpet_model::Micros;
use serde::{Deserialize, Serialize};

/// One moment of sound: left and right.
pub type Sample = [i16; 2];

/// How fast sound goes by, its pitch kept: thousandths of the speed it was recorded at, from a tenth to four times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "u32", into = "u32")]
pub struct Speed(u32);

impl Speed {
    /// As it was recorded.
    pub const AS_RECORDED: Self = Self(1000);

    /// The nearest speed that there is.
    pub fn per_mille(wanted: u32) -> Self {
        Self(wanted.clamp(100, 4000))
    }

    /// The nearest speed that there is.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates and is clamped")]
    pub fn of_rate(rate: f64) -> Self {
        Self::per_mille((rate * 1000.0).round() as u32)
    }

    /// As a factor.
    pub fn rate(self) -> f64 {
        f64::from(self.0) / 1000.0
    }
}

impl From<u32> for Speed {
    fn from(per_mille: u32) -> Self {
        Self::per_mille(per_mille)
    }
}

impl From<Speed> for u32 {
    fn from(speed: Speed) -> Self {
        speed.0
    }
}

/// Sound from a place on, at one speed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passage {
    /// Samples a second: of what comes out, and of `from`.
    pub hz: u32,
    /// Where it begins, in samples from the first shown frame.
    pub from: i64,
    /// How fast it goes by.
    pub speed: Speed,
}

impl Passage {
    /// Fewest samples a second that can be asked for.
    pub const LEAST_HZ: u32 = 8_000;
    /// Most samples a second that can be asked for.
    pub const MOST_HZ: u32 = 192_000;

    /// From a time of the clip on.
    pub fn from_time(time: Micros, hz: u32, speed: Speed) -> Self {
        Self { hz, from: samples(time, hz), speed }
    }
}

/// A time of the clip in samples, rounded to nearest.
pub fn samples(time: Micros, hz: u32) -> i64 {
    let scaled = i128::from(time.0) * i128::from(hz) + 500_000;
    i64::try_from(scaled.div_euclid(1_000_000)).unwrap_or(if time.0 < 0 { i64::MIN } else { i64::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rounded_to_the_nearest_sample() {
        assert_eq!(samples(Micros(1_000_000), 48_000), 48_000);
        assert_eq!(samples(Micros(33_333), 44_100), 1470);
        assert_eq!(samples(Micros(-10), 48_000), 0);
        assert_eq!(samples(Micros(-11), 48_000), -1);
        assert_eq!(samples(Micros(i64::MAX), u32::MAX), i64::MAX);
    }

    #[test]
    fn speeds_are_what_there_is() {
        let per_mille = |rate| u32::from(Speed::of_rate(rate));
        assert_eq!([0.125, 0.0, f64::INFINITY, f64::NAN].map(per_mille), [125, 100, 4000, 100]);
        assert_eq!(Speed::from(1), Speed::per_mille(100), "what came over the pipe");
    }
}

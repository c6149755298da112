//! Time: wall time in UTC milliseconds, media time in a clip's own ticks, and the revision of a practice.
//!
//! **Invariant:** the two times never mix, and media time is never computed as `frame / fps`.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Milliseconds since 1970-01-01 UTC.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[ts(type = "number")]
pub struct Millis(pub i64);

impl Millis {
    /// Whole milliseconds from `earlier` to `self`, never negative.
    pub fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0).max(0)
    }
}

/// Microseconds of media time, rounded to nearest. For people and for tools; never used to seek.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS, Default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[ts(type = "number")]
pub struct Micros(pub i64);

/// A presentation time in the ticks of its clip's [`Timebase`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[ts(type = "number")]
pub struct Pts(pub i64);

/// Seconds per tick, as a fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Timebase {
    /// Numerator, seconds.
    pub num: i32,
    /// Denominator.
    pub den: i32,
}

impl Timebase {
    /// The time of `pts` in microseconds, rounded half away from zero as FFmpeg's `av_rescale_q` does.
    pub fn micros(self, pts: Pts) -> Micros {
        let scaled = i128::from(pts.0) * i128::from(self.num) * 1_000_000;
        let den = i128::from(self.den.max(1));
        let half = den / 2;
        let rounded = if scaled < 0 { (scaled - half) / den } else { (scaled + half) / den };
        Micros(i64::try_from(rounded).unwrap_or(if rounded < 0 { i64::MIN } else { i64::MAX }))
    }
}

/// A practice's change counter. Taken inside each writing transaction, so commit order is revision order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[ts(type = "number")]
pub struct Revision(pub i64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn micros_round_like_ffmpeg() {
        let thirds = Timebase { num: 1, den: 3 };
        assert_eq!(thirds.micros(Pts(1)), Micros(333_333));
        assert_eq!(thirds.micros(Pts(2)), Micros(666_667));
        assert_eq!(thirds.micros(Pts(-2)), Micros(-666_667));
        assert_eq!(Timebase { num: 1, den: 2_000_000 }.micros(Pts(1)), Micros(1));
    }

    #[test]
    fn a_clock_that_went_back_waits_zero() {
        assert_eq!(Millis(5).since(Millis(9)), 0);
        assert_eq!(Millis(9).since(Millis(5)), 4);
    }
}

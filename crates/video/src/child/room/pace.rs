//! How many near pictures a moving hand is given on the way.
//!
//! Each takes time from the exact one, so there is one at a beat, and one more is kept. Decoders give two at once: the
//! second one is shown with the next wish, a moment later, as the nearest there is.

use std::time::{Duration, Instant};

/// Time between two near pictures that are shown.
const BEAT: Duration = Duration::from_millis(33);

/// The beat of near pictures.
#[derive(Default)]
pub struct Pace {
    shown_at: Option<Instant>,
    /// Whether another was kept since.
    kept: bool,
}

impl Pace {
    /// Whether one that comes now is kept.
    pub fn keeps(&self, now: Instant) -> bool {
        self.is_due(now) || !self.kept
    }

    /// One comes and is kept: whether it is shown at once.
    pub fn shows(&mut self, now: Instant) -> bool {
        let due = self.is_due(now);
        if due {
            self.shown_at = Some(now);
        }
        self.kept = !due;
        due
    }

    fn is_due(&self, now: Instant) -> bool {
        self.shown_at.is_none_or(|at| now.saturating_duration_since(at) >= BEAT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_those_that_come_within_a_beat_one_is_shown_and_one_is_kept() {
        let (begin, mut pace) = (Instant::now(), Pace::default());
        let mut comes = |ms: u64| {
            let now = begin + Duration::from_millis(ms);
            (pace.keeps(now), pace.keeps(now) && pace.shows(now))
        };
        assert_eq!(comes(0), (true, true));
        assert_eq!([comes(5), comes(6), comes(32)], [(true, false), (false, false), (false, false)]);
        assert_eq!([comes(33), comes(90), comes(91)], [(true, true), (true, true), (true, false)]);
        assert_eq!([comes(123), comes(124), comes(125)], [(true, true), (true, false), (false, false)]);
    }
}

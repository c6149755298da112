//! How long to wait before trying again.

use std::time::Duration;

/// Shortest and longest waits.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Before the second attempt.
    pub first: Duration,
    /// Never longer than this.
    pub longest: Duration,
    /// How long a live connection may be silent before it counts as broken. The server speaks every 15 s.
    pub silence: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            longest: Duration::from_secs(60),
            silence: Duration::from_secs(45),
        }
    }
}

/// The wait after `attempts` failed ones: doubling, and spread over its upper half by `chance` (0 to 255), so that
/// desks that lost the same server do not all come back at the same moment.
pub fn delay(pace: Pace, attempts: u32, chance: u8) -> Duration {
    let doubled = pace.first.saturating_mul(1_u32 << attempts.saturating_sub(1).min(16));
    let whole = doubled.min(pace.longest);
    let half = whole / 2;
    half + half * u32::from(chance) / 255
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn waits_grow_to_the_longest_and_never_beyond(attempts in 1_u32..1000, chance: u8) {
            let pace = Pace::default();
            let wait = delay(pace, attempts, chance);
            prop_assert!(wait >= pace.first / 2 && wait <= pace.longest);
            // The spread is half of the wait: what comes two attempts later is never sooner.
            prop_assert!(delay(pace, attempts + 2, 0) >= wait.min(pace.longest / 2));
        }
    }
}

//! How long a child may work on one ask, however alive it is.
//!
//! Work on a clip takes a few times as long as the clip, on a slow machine that does several at once up to thirty
//! times. What takes longer was made to: two million tiny packets that each cost a whole picture keep a decoder busy
//! for days.
//!
//! **Invariant:** what ends this way is refused with a sentence and not tried again.

use std::time::Duration;

use crate::VideoError;

/// What a clip of no length may take.
const LEAST: Duration = Duration::from_secs(120);
/// Seconds that a second of a clip may take.
const A_SECOND: u64 = 30;
/// What any clip may take.
const MOST: Duration = Duration::from_secs(2 * 60 * 60);
/// Bytes that make a second, while nothing but bytes is known: the leanest clips that phones and messengers make.
const BYTES_A_SECOND: u64 = 50_000;

/// To open a clip of so many bytes: those that have to be decoded once to know their frames take longest.
pub fn to_open(bytes: u64) -> Duration {
    for_seconds(bytes / BYTES_A_SECOND)
}

/// To make the rendition of a clip that lasts so many microseconds.
pub fn to_render(micros: i64) -> Duration {
    for_seconds(u64::try_from(micros).unwrap_or(0) / 1_000_000)
}

fn for_seconds(seconds: u64) -> Duration {
    LEAST.saturating_add(Duration::from_secs(seconds.saturating_mul(A_SECOND))).min(MOST)
}

/// What is said when it was not enough.
pub fn is_over() -> VideoError {
    VideoError::TooLarge(
        "This clip takes longer to prepare than Limpet gives to one clip. A shorter copy is needed, or one with a \
         smaller picture."
            .into(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn longer_clips_may_take_longer_up_to_an_end() {
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        assert_eq!(to_render(0), minutes(2));
        assert_eq!(to_render(-5), minutes(2));
        assert_eq!(to_render(90_000_000), minutes(47));
        assert_eq!(to_render(36_000_000_000), minutes(120));
        assert_eq!(to_render(i64::MAX), minutes(120));
        assert_eq!(to_open(1_000_000), minutes(12));
        assert_eq!(to_open(200 << 20), minutes(120));
        assert_eq!(to_open(u64::MAX), minutes(120));
    }
}

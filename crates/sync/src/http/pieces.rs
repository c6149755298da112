//! How many bytes to send or ask for with one request: as the line allows.

use std::time::Duration;

/// Bounds of a piece, and how long one should take.
pub(super) struct Pieces {
    pub(super) smallest: u64,
    pub(super) largest: u64,
    pub(super) pace: Duration,
}

impl Pieces {
    /// Twice as much while pieces go quickly, half as much once they take too long.
    pub(super) fn next(&self, size: u64, took: Duration) -> u64 {
        let next = if took < self.pace / 4 {
            size * 2
        } else if took > self.pace {
            size / 2
        } else {
            size
        };
        next.clamp(self.smallest, self.largest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_follow_the_line() {
        let pieces = Pieces { smallest: 1 << 18, largest: 1 << 22, pace: Duration::from_secs(4) };
        let grown = (0..10).fold(1 << 18, |size, _| pieces.next(size, Duration::from_millis(100)));
        assert_eq!(grown, pieces.largest);
        let shrunk = (0..10).fold(grown, |size, _| pieces.next(size, Duration::from_secs(20)));
        assert_eq!(shrunk, pieces.smallest);
        assert_eq!(pieces.next(1 << 20, Duration::from_secs(2)), 1 << 20);
    }
}

//! A hand that drags to and fro over a stretch, as one does to watch a movement again and again.
//!
//! Where frames cannot be decoded as fast as it moves, going back to a key frame at every turn would bring next to
//! nothing: the stretch is decoded from one end to the other instead, and then all of it is there.
//!
//! **Invariant:** nothing here reads a clock or a clip.

use std::{
    ops::Range,
    time::{Duration, Instant},
};

/// Within less, frames are decoded where the hand is.
const LEAST: u32 = 24;
/// The frames of more would not all stay in the cache, nor be decoded while a hand does this.
const MOST: u32 = 300;
/// Who turns less often does something else.
const TURNS_EVERY: Duration = Duration::from_secs(1);

/// Where the hand turned last.
#[derive(Debug, Default)]
pub struct Sway {
    /// Where it is, and whether it came there from an earlier frame.
    at: Option<(u32, bool)>,
    /// The last turn, and the one before it.
    turns: [Option<(u32, Instant)>; 2],
}

impl Sway {
    /// The hand drags to a frame.
    pub fn drags(&mut self, frame: u32, now: Instant) {
        let on = match self.at {
            Some((before, on)) if before == frame => on,
            Some((before, on)) => {
                if on != (frame > before) {
                    self.turns = [Some((before, now)), self.turns[0]];
                }
                frame > before
            }
            None => true,
        };
        self.at = Some((frame, on));
    }

    /// The frames it goes to and fro over.
    pub fn stretch(&self, now: Instant) -> Option<Range<u32>> {
        let [Some((last, turned)), Some((before, turned_before))] = self.turns else { return None };
        let again = now.saturating_duration_since(turned) < TURNS_EVERY
            && turned.saturating_duration_since(turned_before) < TURNS_EVERY;
        (again && (LEAST..=MOST).contains(&last.abs_diff(before)))
            .then(|| last.min(before)..last.max(before).saturating_add(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is taken for a stretch after these frames, so many milliseconds apart.
    fn stretch(frames: &[u32], apart: u64, rest: u64) -> Option<Range<u32>> {
        let (mut sway, mut now) = (Sway::default(), Instant::now());
        for frame in frames {
            now += Duration::from_millis(apart);
            sway.drags(*frame, now);
        }
        sway.stretch(now + Duration::from_millis(rest))
    }

    #[test]
    fn two_turns_are_the_ends_of_a_stretch() {
        assert_eq!(stretch(&[100, 140, 180, 150, 120, 130], 50, 0), Some(120..181));
        assert_eq!(
            stretch(&[180, 150, 120, 120, 150, 170, 165], 50, 0),
            Some(120..171),
            "the other way, with a pause"
        );
        assert_eq!(
            stretch(&[100, 140, 180, 150, 120, 160, 200, 190], 50, 0),
            Some(120..201),
            "the last two count"
        );
    }

    #[test]
    fn other_ways_of_dragging_are_none() {
        assert_eq!(stretch(&[100, 140, 180, 220], 50, 0), None, "one way");
        assert_eq!(stretch(&[100, 140, 180, 150, 120], 50, 0), None, "one turn");
        assert_eq!(stretch(&[100, 110, 105, 112, 104], 50, 0), None, "on the spot");
        assert_eq!(stretch(&[100, 900, 200, 800], 50, 0), None, "over the whole clip");
        assert_eq!(stretch(&[100, 180, 120, 130], 1100, 0), None, "slowly");
        assert_eq!(stretch(&[100, 180, 120, 130], 50, 1000), None, "a while ago");
    }
}

//! A hand that drags to and fro over a stretch, as one does to watch a movement again and again.
//!
//! Where frames cannot be decoded as fast as it moves, going back to a key frame at every turn would bring next to
//! nothing: the stretch is decoded from one end to the other instead, and then it is there.
//!
//! **Invariant:** nothing here reads a clock or a clip.

use std::{
    ops::Range,
    time::{Duration, Instant},
};

/// Within less, frames are decoded where the hand is.
const LEAST: u32 = 24;
/// More takes longer to decode than a hand does this.
const MOST: u32 = 300;
/// A hand that trembles has not turned: one that has comes back by so many frames.
const BACK: u32 = 6;
/// Who turns less often does something else.
const TURNS_EVERY: Duration = Duration::from_secs(1);

/// Where a drag turned last.
#[derive(Debug, Default)]
pub struct Sway {
    /// How far it has come since the last turn, and whether to later frames, once that is known.
    reached: Option<(u32, Option<bool>)>,
    /// The last turn, and the one before it.
    turns: [Option<(u32, Instant)>; 2],
}

impl Sway {
    /// The hand drags to a frame.
    pub fn drags(&mut self, frame: u32, now: Instant) {
        let Some((reached, on)) = self.reached else {
            self.reached = Some((frame, None));
            return;
        };
        let goes_on = frame > reached;
        if on == Some(goes_on) {
            self.reached = Some((frame, on));
        } else if frame.abs_diff(reached) >= BACK {
            if on.is_some() {
                self.turns = [Some((reached, now)), self.turns[0]];
            }
            self.reached = Some((frame, Some(goes_on)));
        }
    }

    /// The frames it goes to and fro over, at most so many, when it is at this one.
    pub fn stretch(&self, frame: u32, most: u32, now: Instant) -> Option<Range<u32>> {
        let [Some((last, turned)), Some((before, turned_before))] = self.turns else { return None };
        let again = now.saturating_duration_since(turned) < TURNS_EVERY
            && turned.saturating_duration_since(turned_before) < TURNS_EVERY;
        let stretch = last.min(before).min(frame)..last.max(before).max(frame).saturating_add(1);
        (again && last.abs_diff(before) >= LEAST && stretch.len() <= MOST.min(most) as usize)
            .then_some(stretch)
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
        sway.stretch(*frames.last()?, 200, now + Duration::from_millis(rest))
    }

    #[test]
    fn two_turns_are_the_ends_of_a_stretch() {
        assert_eq!(stretch(&[100, 140, 180, 150, 120, 130], 50, 0), Some(120..181));
        assert_eq!(stretch(&[180, 150, 120, 120, 150, 170, 160], 50, 0), Some(120..171), "the other way");
        assert_eq!(stretch(&[100, 140, 180, 150, 120, 160, 200, 190], 50, 0), Some(120..201), "the last two");
        assert_eq!(stretch(&[100, 180, 120, 190], 50, 0), Some(120..191), "wider than before");
        assert_eq!(stretch(&[100, 180, 120, 180, 110], 50, 0), Some(110..181), "at the other end");
    }

    #[test]
    fn a_trembling_hand_turns_where_it_turns() {
        let there = [150, 170, 180, 179, 180, 178, 160, 140, 121, 120, 121, 119, 122, 119, 140];
        assert_eq!(stretch(&there, 20, 0), Some(119..181));
        assert_eq!(
            stretch(&[150, 151, 149, 150, 180, 150, 130, 140], 20, 0),
            Some(130..181),
            "at the beginning"
        );
    }

    #[test]
    fn other_ways_of_dragging_are_none() {
        assert_eq!(stretch(&[100, 140, 180, 220], 50, 0), None, "one way");
        assert_eq!(stretch(&[100, 140, 180, 150, 120], 50, 0), None, "one turn");
        assert_eq!(stretch(&[100, 110, 101, 112, 100, 112], 50, 0), None, "on the spot");
        assert_eq!(stretch(&[100, 900, 200, 800], 50, 0), None, "over the whole clip");
        assert_eq!(stretch(&[100, 180, 120, 150, 350], 50, 0), None, "away from there");
        assert_eq!(stretch(&[100, 180, 120, 130], 1100, 0), None, "slowly");
        assert_eq!(stretch(&[100, 180, 120, 130], 50, 1000), None, "a while ago");
    }
}

//! What is played: which moment of the clip each sample that goes to the device stands for.
//!
//! **Invariant:** a pure function of the place. The samples that are asked for and the time that is shown come from
//! the same numbers, so they cannot run apart, not even after a thousand turns of a loop.

use limpet_model::Micros;
use limpet_video::{Passage, Speed, samples};

/// Playing on at one speed, to an end or round and round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    hz: u32,
    from: Micros,
    speed: Speed,
    /// Where a loop begins again; `None` when it ends instead.
    again: Option<Micros>,
    end: Micros,
}

/// Sound to ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish {
    /// Of which passage.
    pub passage: Passage,
    /// From which of its samples on.
    pub at: u64,
    /// How many there are until something else follows.
    pub left: u64,
    /// Whether it comes again and again.
    pub again: bool,
}

impl Part {
    /// From a time to the end of the clip.
    pub fn to_end(hz: u32, from: Micros, speed: Speed, end: Micros) -> Self {
        let end = end.max(Micros(0));
        Self { hz, from: from.clamp(Micros(0), end), speed, again: None, end }
    }

    /// From a time to `b`, then from `a` to `b` again and again. A time outside begins at `a`.
    pub fn looped(hz: u32, from: Micros, speed: Speed, (a, b): (Micros, Micros)) -> Self {
        let a = a.max(Micros(0));
        let end = b.max(Micros(a.0.saturating_add(1000)));
        let from = if (a..end).contains(&from) { from } else { a };
        Self { hz, from, speed, again: Some(a), end }
    }

    /// At which speed.
    pub fn speed(&self) -> Speed {
        self.speed
    }

    /// How many samples it has, when it ends.
    pub fn length(&self) -> Option<u64> {
        if self.again.is_some() { None } else { Some(self.count(self.from)) }
    }

    /// The time of the clip that its sample `at` stands for.
    pub fn time(&self, at: f64) -> Micros {
        let (from, into) = match self.again {
            Some(again) if at >= self.count(self.from) as f64 => {
                let turn = self.count(again) as f64;
                (again, (at - self.count(self.from) as f64) % turn)
            }
            _ => (self.from, at),
        };
        let micros = into * self.speed.rate() * 1e6 / f64::from(self.hz);
        #[expect(clippy::cast_possible_truncation, reason = "saturates; such a time is not in any clip")]
        let time = Micros(from.0.saturating_add(micros as i64));
        let last = if self.again.is_some() { Micros(self.end.0 - 1) } else { self.end };
        time.min(last)
    }

    /// What to ask for to have its sample `at`; `None` after the end.
    pub fn wish(&self, at: u64) -> Option<Wish> {
        let first = self.count(self.from);
        let wish = |from: Micros, at: u64, count: u64, again: bool| Wish {
            passage: Passage::from_time(from, self.hz, self.speed),
            at,
            left: count - at,
            again,
        };
        match self.again {
            _ if at < first => Some(wish(self.from, at, first, false)),
            Some(again) => {
                let turn = self.count(again);
                Some(wish(again, (at - first) % turn, turn, true))
            }
            None => None,
        }
    }

    /// How many samples there are from a time to the end; at least one.
    fn count(&self, from: Micros) -> u64 {
        let per_mille = u64::from(u32::from(self.speed)).max(1);
        let media = (samples(self.end, self.hz) - samples(from, self.hz)).max(0).unsigned_abs();
        ((media * 1000 + per_mille / 2) / per_mille).max(1)
    }
}

/// Parts one after another, each with the place of its first sample.
#[derive(Debug, Clone)]
pub struct Timeline {
    parts: Vec<(u64, Part)>,
}

impl Timeline {
    /// Begins with a part.
    pub fn new(part: Part) -> Self {
        Self { parts: vec![(0, part)] }
    }

    /// From this place on something else is played.
    pub fn change(&mut self, at: u64, part: Part) {
        self.parts.retain(|(start, _)| *start < at);
        // What was heard long ago is forgotten.
        let old = self.parts.len().saturating_sub(8);
        self.parts.drain(..old);
        self.parts.push((at, part));
    }

    /// The clip goes on to there by now, and so does what plays to its end, if that is what is played last.
    pub fn extend(&mut self, end: Micros) -> Option<Part> {
        let (_, part) = self.parts.last_mut().filter(|(_, part)| part.again.is_none())?;
        part.end = part.end.max(end);
        Some(*part)
    }

    /// The part that is played at a place, and the place in it.
    pub fn part(&self, at: f64) -> Option<(&Part, f64)> {
        let begun = self.parts.iter().rev().find(|(start, _)| *start as f64 <= at).or(self.parts.first());
        begun.map(|(start, part)| (part, (at - *start as f64).max(0.0)))
    }

    /// Whether something else follows what is played at a place.
    pub fn changes_after(&self, at: f64) -> bool {
        self.parts.last().is_some_and(|(start, _)| *start as f64 > at)
    }

    /// The time of the clip at a place.
    pub fn time(&self, at: f64) -> Micros {
        self.part(at).map_or(Micros(0), |(part, into)| part.time(into))
    }

    /// Where it ends, unless it goes round and round.
    pub fn end(&self) -> Option<u64> {
        let (start, part) = self.parts.last()?;
        part.length().map(|length| start + length)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HZ: u32 = 48_000;

    fn speed(rate: f64) -> Speed {
        Speed::of_rate(rate)
    }

    #[test]
    fn a_time_begins_exactly_where_it_was_asked_for() {
        // The nearest sample lies before this time; the clock must not say the frame before.
        let part = Part::to_end(HZ, Micros(366_667), speed(1.0), Micros(2_000_000));
        assert_eq!(part.time(0.0), Micros(366_667));
        assert_eq!(part.length(), Some(96_000 - 17_600));
        assert_eq!(part.time(1e12), Micros(2_000_000));
        assert_eq!(part.wish(96_000 - 17_600), None);
        let Wish { passage, at, left, again } = part.wish(100).unwrap();
        assert_eq!((passage.from, at, left, again), (17_600, 100, 96_000 - 17_700, false));
    }

    #[test]
    fn a_loop_goes_round_without_a_sample_more_or_less() {
        let marks = (Micros(500_000), Micros(1_000_000));
        let part = Part::looped(HZ, Micros(750_000), speed(0.5), marks);
        assert_eq!(part.length(), None);
        assert_eq!(part.wish(0).unwrap().left, 24_000, "a quarter of a second at half speed");
        for turn in 0..1000 {
            let begins = 24_000 + turn * 48_000;
            let before = part.wish(begins - 1).unwrap();
            assert_eq!(before.left, 1);
            let Wish { passage, at, left, again } = part.wish(begins).unwrap();
            assert_eq!((passage.from, at, left, again), (24_000, 0, 48_000, true));
            assert_eq!(part.time(begins as f64), Micros(500_000));
            assert!(part.time(begins as f64 - 0.5) < Micros(1_000_000));
            assert!(part.time(begins as f64 - 0.5) > Micros(999_900));
        }
    }

    #[test]
    fn who_is_outside_the_loop_goes_to_its_beginning() {
        let marks = (Micros(500_000), Micros(1_000_000));
        for outside in [0, 499_999, 1_000_000, 5_000_000] {
            assert_eq!(Part::looped(HZ, Micros(outside), speed(1.0), marks).time(0.0), Micros(500_000));
        }
        // Marks on one frame that make no sense still go round.
        let none = Part::looped(HZ, Micros(9), speed(4.0), (Micros(9), Micros(9)));
        assert!(none.wish(12_345).unwrap().left > 0);
    }

    #[test]
    fn a_change_of_speed_goes_on_where_it_is() {
        let mut timeline = Timeline::new(Part::to_end(HZ, Micros(0), speed(1.0), Micros(10_000_000)));
        let at = 48_000;
        let time = timeline.time(at as f64);
        timeline.change(at, Part::to_end(HZ, time, speed(0.25), Micros(10_000_000)));
        assert_eq!(timeline.time(24_000.0), Micros(500_000));
        assert_eq!(timeline.time(48_000.0), Micros(1_000_000));
        assert_eq!(timeline.time(96_000.0), Micros(1_250_000));
        assert_eq!(timeline.end(), Some(48_000 + 9 * 4 * 48_000));
        // A second change before the first is heard takes its place.
        timeline.change(40_000, Part::to_end(HZ, timeline.time(40_000.0), speed(2.0), Micros(10_000_000)));
        assert_eq!(timeline.time(88_000.0), Micros(833_333 + 2_000_000));
    }

    #[test]
    fn what_plays_to_the_end_goes_on_to_a_later_one_and_a_loop_does_not() {
        let mut timeline = Timeline::new(Part::to_end(HZ, Micros(500_000), speed(2.0), Micros(1_000_000)));
        assert_eq!(timeline.end(), Some(12_000));
        let (time, part) = (timeline.time(6_000.0), timeline.extend(Micros(3_000_000)).unwrap());
        assert_eq!((timeline.end(), part.length()), (Some(60_000), Some(60_000)));
        assert_eq!((time, timeline.time(6_000.0)), (Micros(750_000), Micros(750_000)));
        assert_eq!(timeline.time(24_000.0), Micros(1_500_000));
        assert_eq!(timeline.extend(Micros(2_000_000)), Some(part), "it never becomes shorter");
        timeline.change(6_000, Part::looped(HZ, time, speed(1.0), (Micros(0), Micros(900_000))));
        assert_eq!(timeline.extend(Micros(4_000_000)), None);
    }

    proptest! {
        /// Whatever is asked for, sound and clock mean the same moment, and time only goes forward within a turn.
        #[test]
        fn sound_and_clock_agree(
            from in 0_i64..20_000_000, a in 0_i64..20_000_000, length in 1_000_i64..5_000_000,
            per_mille in 100_u32..4000, at in 0_u64..50_000_000, is_loop: bool,
        ) {
            let (a, b) = (Micros(a), Micros(a + length));
            let part = if is_loop {
                Part::looped(HZ, Micros(from), Speed::per_mille(per_mille), (a, b))
            } else {
                Part::to_end(HZ, Micros(from), Speed::per_mille(per_mille), b.max(Micros(from + 1)))
            };
            let Some(wish) = part.wish(at) else { prop_assert!(!is_loop); return Ok(()) };
            let asked = (wish.passage.from as f64 + wish.at as f64 * part.speed().rate()) / f64::from(HZ) * 1e6;
            let shown = part.time(at as f64).0 as f64;
            let step = part.speed().rate() * 1e6 / f64::from(HZ) + 1e6 / f64::from(HZ);
            prop_assert!((asked - shown).abs() <= step + 2.0, "{asked} {shown}");
            prop_assert!(wish.left >= 1);
            if wish.left > 1 {
                prop_assert!(part.time(at as f64 + 1.0) >= part.time(at as f64));
            }
        }
    }
}

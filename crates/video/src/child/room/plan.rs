//! What to decode before it is asked for: decided here, done in [`super::ahead`] or, by who stands there, [`super::hand`].
//!
//! **Invariant:** nothing here reads a clock or a clip. What is planned lies in the window around the eye, and the
//! window fits the cache, so that work done ahead never throws out what it was done for.

use std::ops::Range;

use crate::media::index::Index;

/// An eye that moves by more frames goes nowhere: it has arrived.
const JUMP: u32 = 24;
/// Decoders give a picture at most so many packets after its own. One that has not come by then does not.
const DELAY: u32 = 16;

/// How much of a group is decoded in one go.
#[derive(Debug, Clone, Copy)]
pub struct Portion {
    /// After the eye. Then the edge of a group behind it may be nearer than what comes next.
    on: u32,
    /// Before an edge. On the way to them much can be left out.
    before_edge: u32,
}

impl Portion {
    /// What is nearest to the eye, so that it is there soon.
    pub const NEAREST: Self = Self { on: 12, before_edge: 16 };
    /// All of it, so that nothing is decoded twice.
    pub const GROUP: Self = Self { on: u32::MAX, before_edge: u32::MAX };
}

/// Where the eye is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gaze {
    /// The frame asked for last.
    pub frame: u32,
    /// Size of the views asked for.
    pub kind: (u32, u32),
    /// Where it was going.
    pub heading: Heading,
}

/// Direction of the eye.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heading {
    /// To earlier frames.
    Back,
    /// It has not moved, or jumped here.
    Still,
    /// To later frames.
    On,
}

impl Gaze {
    /// The eye after it has gone to a frame.
    pub fn moved(before: Option<Self>, frame: u32, kind: (u32, u32)) -> Self {
        let heading = match before {
            Some(before) if frame.abs_diff(before.frame) > JUMP => Heading::Still,
            Some(before) if frame < before.frame => Heading::Back,
            Some(before) if frame > before.frame => Heading::On,
            Some(before) => before.heading,
            None => Heading::Still,
        };
        Self { frame, kind, heading }
    }

    /// How often in a row it has gone on, when it came here so: at rest, or asked for once more, it has not moved.
    pub fn ons(&self, before: Option<Self>, ons: u32) -> u32 {
        let moved = before.is_none_or(|before| before.frame != self.frame);
        if self.heading == Heading::On { ons.saturating_add(u32::from(moved)) } else { 0 }
    }

    /// The frames worth having around the eye, when so many fit: three quarters lie where it is going.
    pub fn window(&self, count: u32, fits: u32) -> Range<u32> {
        let fits = fits.clamp(1, count.max(1));
        let behind = match self.heading {
            Heading::Back => fits - fits / 4,
            Heading::Still => fits / 2,
            Heading::On => fits / 4,
        };
        let start = self.frame.saturating_sub(behind).min(count.saturating_sub(fits));
        start..(start + fits).min(count)
    }

    /// The next frames to decode, all of one group of pictures: those nearest to the eye that are missing, where it
    /// is going first. `has` says what needs no decoding.
    pub fn next_job(
        &self,
        index: &Index,
        window: &Range<u32>,
        has: &dyn Fn(u32) -> bool,
        portion: Portion,
    ) -> Option<Range<u32>> {
        let on = (self.frame.max(window.start)..window.end).find(|frame| !has(*frame));
        let back = (window.start..self.frame.min(window.end)).rev().find(|frame| !has(*frame));
        // What lies before takes longer to come, as a whole group may have to be decoded for it.
        let (near, far) = match self.heading {
            Heading::Back => (4, 1),
            Heading::Still => (2, 1),
            Heading::On => (1, 4),
        };
        // Ahead of an eye that goes on, as far as the window reaches.
        let most = if self.heading == Heading::On { u32::MAX } else { portion.on };
        let weighed = |frame: u32, weight: u32| frame.abs_diff(self.frame).saturating_mul(weight);
        match (on, back) {
            (Some(on), Some(back)) if weighed(on, near) > weighed(back, far) => {
                Some(job_before(index, back, window, has, portion.before_edge))
            }
            (Some(on), _) => Some(job_from(index, on, window, has, most)),
            (None, Some(back)) => Some(job_before(index, back, window, has, portion.before_edge)),
            (None, None) => None,
        }
    }
}

/// The frames just after one, so many at most, all of one group of pictures: those that are missing.
pub fn few_after(index: &Index, frame: u32, most: u32, has: &dyn Fn(u32) -> bool) -> Option<Range<u32>> {
    let few = frame + 1..frame.saturating_add(1 + most).min(index.count());
    let first = few.clone().find(|frame| !has(*frame))?;
    Some(job_from(index, first, &few, has, u32::MAX))
}

/// A job under way.
#[derive(Debug, Clone)]
pub struct Ahead {
    /// Its frames, at this size.
    pub frames: Range<u32>,
    pub kind: (u32, u32),
    /// How many pictures were decoded so far and how many it takes.
    pub done: u32,
    pub takes: u32,
}

impl Ahead {
    /// How many more pictures are decoded until it has a frame of this size, if that is one of its own and still comes.
    pub fn left(&self, frame: u32, kind: (u32, u32)) -> Option<u32> {
        let after = self.frames.end.checked_sub(1 + frame)?;
        let takes = self.takes.saturating_sub(after);
        let comes = self.kind == kind && self.frames.contains(&frame) && self.done <= takes + DELAY;
        comes.then(|| takes.saturating_sub(self.done))
    }
}

fn group(index: &Index, frame: u32) -> Option<usize> {
    index.frames.get(frame as usize).map(|shown| shown.start)
}

fn job_from(
    index: &Index,
    first: u32,
    window: &Range<u32>,
    has: &dyn Fn(u32) -> bool,
    most: u32,
) -> Range<u32> {
    let own = group(index, first);
    let end = window.end.min(first.saturating_add(most));
    let more = (first + 1..end).take_while(|frame| !has(*frame) && group(index, *frame) == own).count();
    first..first + 1 + u32::try_from(more).unwrap_or(0)
}

fn job_before(
    index: &Index,
    last: u32,
    window: &Range<u32>,
    has: &dyn Fn(u32) -> bool,
    before_edge: u32,
) -> Range<u32> {
    let own = group(index, last);
    let at_edge = group(index, last + 1) != own;
    let start = if at_edge { window.start.max((last + 1).saturating_sub(before_edge)) } else { window.start };
    let more = (start..last).rev().take_while(|frame| !has(*frame) && group(index, *frame) == own).count();
    last - u32::try_from(more).unwrap_or(0)..last + 1
}

#[cfg(test)]
mod tests {
    use limpet_model::Timebase;

    use super::*;
    use crate::media::index::Sample;

    /// Groups of ten frames.
    fn index(frames: i64) -> Index {
        Index::of_samples((0..frames).map(sample).collect(), Timebase { num: 1, den: 10 })
    }

    fn sample(pts: i64) -> Sample {
        Sample {
            pts,
            timed: true,
            dts: pts,
            pos: pts * 10,
            size: 1,
            duration: 1,
            clean: pts % 10 == 0,
            hidden: false,
            seen: true,
            frame: None,
        }
    }

    fn nearest(
        eye: Gaze,
        index: &Index,
        window: &Range<u32>,
        has: &dyn Fn(u32) -> bool,
    ) -> Option<Range<u32>> {
        eye.next_job(index, window, has, Portion::NEAREST)
    }

    fn gaze(frame: u32, heading: Heading) -> Gaze {
        Gaze { frame, kind: (1, 1), heading }
    }

    #[test]
    fn the_eye_heads_where_it_moved_last() {
        let first = Gaze::moved(None, 5, (1, 1));
        assert_eq!(first.heading, Heading::Still);
        let back = Gaze::moved(Some(first), 4, (1, 1));
        assert_eq!(back.heading, Heading::Back);
        assert_eq!(Gaze::moved(Some(back), 4, (2, 2)).heading, Heading::Back, "another size is no move");
        assert_eq!(Gaze::moved(Some(back), 9, (1, 1)).heading, Heading::On);
        assert_eq!(Gaze::moved(Some(back), 90, (1, 1)).heading, Heading::Still, "it jumped there");
    }

    #[test]
    fn an_eye_goes_on_only_where_it_moves() {
        let counted = |frames: &[u32]| {
            let (mut before, mut ons) = (None, 0);
            for frame in frames {
                let now = Gaze::moved(before, *frame, (1, 1));
                ons = now.ons(before, ons);
                before = Some(now);
            }
            ons
        };
        assert_eq!(counted(&[5, 6, 7]), 2);
        assert_eq!(counted(&[5, 6, 6, 6]), 1, "wanted again, larger");
        assert_eq!(counted(&[5, 6, 6, 7]), 2);
        assert_eq!([counted(&[5]), counted(&[5, 6, 5]), counted(&[5, 6, 7, 90])], [0, 0, 0]);
    }

    #[test]
    fn the_window_lies_where_the_eye_goes_and_within_the_clip() {
        assert_eq!(gaze(50, Heading::On).window(100, 40), 40..80);
        assert_eq!(gaze(50, Heading::Back).window(100, 40), 20..60);
        assert_eq!(gaze(50, Heading::Still).window(100, 40), 30..70);
        assert_eq!(gaze(2, Heading::Back).window(100, 40), 0..40);
        assert_eq!(gaze(99, Heading::On).window(100, 40), 60..100);
        assert_eq!(gaze(0, Heading::On).window(3, 40), 0..3);
        assert_eq!(gaze(0, Heading::Still).window(1, 0), 0..1);
    }

    #[test]
    fn the_group_under_the_eye_is_filled_and_then_the_one_before_it() {
        let index = index(40);
        let eye = gaze(22, Heading::Back);
        let window = eye.window(40, 40);
        assert_eq!(nearest(eye, &index, &window, &|frame| frame == 22), Some(20..22));
        assert_eq!(nearest(eye, &index, &window, &|frame| (20..23).contains(&frame)), Some(10..20));
        assert_eq!(nearest(eye, &index, &window, &|frame| (10..23).contains(&frame)), Some(23..30));
        assert_eq!(nearest(eye, &index, &window, &|_| true), None);
    }

    #[test]
    fn an_eye_going_on_is_run_before() {
        let index = index(40);
        let eye = gaze(22, Heading::On);
        let window = eye.window(40, 40);
        assert_eq!(nearest(eye, &index, &window, &|frame| frame == 22), Some(23..30));
        assert_eq!(nearest(eye, &index, &window, &|frame| (22..30).contains(&frame)), Some(20..22));
        assert_eq!(nearest(eye, &index, &window, &|frame| (20..30).contains(&frame)), Some(30..40));
    }

    #[test]
    fn a_long_group_does_not_keep_the_edge_behind_the_eye_waiting() {
        let frame = |number: u32| Sample { clean: number.is_multiple_of(200), ..sample(i64::from(number)) };
        let index = Index::of_samples((0..600).map(frame).collect(), Timebase { num: 1, den: 10 });
        let eye = gaze(204, Heading::Still);
        let window = eye.window(600, 400);
        assert_eq!(nearest(eye, &index, &window, &|frame| (200..205).contains(&frame)), Some(205..217));
        assert_eq!(nearest(eye, &index, &window, &|frame| (200..217).contains(&frame)), Some(184..200));
        assert_eq!(nearest(eye, &index, &window, &|frame| (184..217).contains(&frame)), Some(4..184));
        assert_eq!(nearest(eye, &index, &window, &|frame| (4..217).contains(&frame)), Some(217..229));
        assert_eq!(
            eye.next_job(&index, &window, &|frame| (200..217).contains(&frame), Portion::GROUP),
            Some(4..200),
            "a whole group at once"
        );
        let eye = gaze(204, Heading::On);
        assert_eq!(
            nearest(eye, &index, &(190..604), &|frame| (190..206).contains(&frame)),
            Some(206..400),
            "who goes on is run before"
        );
    }

    #[test]
    fn the_few_after_a_frame_end_with_its_group_and_where_one_is_there() {
        let index = index(40);
        assert_eq!(few_after(&index, 22, 4, &|_| false), Some(23..27));
        assert_eq!(few_after(&index, 27, 4, &|_| false), Some(28..30), "another group begins");
        assert_eq!(few_after(&index, 29, 4, &|_| false), Some(30..34));
        assert_eq!(few_after(&index, 22, 4, &|frame| frame < 25), Some(25..27));
        assert_eq!(few_after(&index, 22, 4, &|frame| frame == 25), Some(23..25));
        assert_eq!(few_after(&index, 22, 4, &|_| true), None);
        assert_eq!(
            (few_after(&index, 38, 4, &|_| false), few_after(&index, 39, 4, &|_| false)),
            (Some(39..40), None)
        );
    }

    #[test]
    fn a_job_under_way_tells_when_it_has_a_frame() {
        // From the key frame before: 15 pictures.
        let job = Ahead { frames: 20..30, kind: (1, 1), done: 4, takes: 15 };
        assert_eq!([20, 29].map(|frame| job.left(frame, (1, 1))), [Some(2), Some(11)]);
        assert_eq!([19, 30].map(|frame| job.left(frame, (1, 1))), [None, None], "not its own");
        assert_eq!(job.left(20, (2, 2)), None, "of another size");
        let later = |done: u32| Ahead { done, ..job.clone() }.left(20, (1, 1));
        assert_eq!((later(9), later(6 + DELAY)), (Some(0), Some(0)), "any moment");
        assert_eq!(later(7 + DELAY), None, "it cannot be decoded, or the eye would have it");
    }

    #[test]
    fn a_job_ends_at_what_is_there_and_at_the_window() {
        let index = index(40);
        let eye = gaze(25, Heading::Still);
        assert_eq!(nearest(eye, &index, &(23..28), &|frame| frame == 25), Some(23..25));
        assert_eq!(nearest(eye, &index, &(23..28), &|frame| frame < 26), Some(26..28));
        assert_eq!(nearest(eye, &index, &(21..28), &|frame| frame > 24 || frame == 22), Some(23..25));
    }
}

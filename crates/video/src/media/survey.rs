//! Which pictures a clip shows, found out by decoding all of it once: for codecs and containers in which packets
//! are not pictures (fields in packets of their own, packed B-frames, missing times).
//!
//! **Invariant:** the order is that in which FFmpeg's decoder hands pictures out, which is what FFmpeg shows.

use std::sync::Arc;

use super::{
    demuxer::Demuxer,
    index::{Index, Sample},
    reader::{Fresh, Reader},
};
use crate::VideoError;

/// The packets that are shown, in display order, and when. Every time is later than the one before.
pub fn shown(
    demuxer: &Demuxer,
    index: &Index,
    tick: &mut dyn FnMut(),
) -> Result<Vec<(usize, i64)>, VideoError> {
    let mut reader = Reader::new(demuxer.reopen()?, Arc::new(index.clone()))?;
    let mut order: Vec<usize> = Vec::new();
    let mut seen = vec![false; index.samples.len()];
    while let Some(Fresh { sample, .. }) = reader.next_picture(&mut || false)? {
        tick();
        if !std::mem::replace(seen.get_mut(sample).unwrap_or(&mut true), true) {
            order.push(sample);
        }
    }
    let second = i64::from(demuxer.track.timebase.den) / i64::from(demuxer.track.timebase.num.max(1));
    let mut times = times(&index.samples, &order, second);
    for at in 1..times.len() {
        let earliest = times.get(at - 1).map_or(i64::MIN, |before| before.saturating_add(1));
        if let Some(time) = times.get_mut(at) {
            *time = (*time).max(earliest);
        }
    }
    Ok(order.into_iter().zip(times).collect())
}

/// When pictures are shown, by their packets in display order.
fn times(samples: &[Sample], order: &[usize], second: i64) -> Vec<i64> {
    let line = one_line(samples, second);
    let sorted = |time: fn(&Time) -> i64| {
        let mut times: Vec<i64> = order.iter().filter_map(|sample| line.get(*sample).map(time)).collect();
        times.sort_unstable();
        times
    };
    let known = |sample: &usize| samples.get(*sample).is_some_and(|sample| sample.timed);
    if order.iter().all(known) {
        return sorted(|time| time.pts);
    }
    // Where some presentation times are missing, pictures follow each other as their packets do, a delay later.
    let mut times = sorted(|time| time.dts);
    let first = order.iter().position(known);
    let told = first.and_then(|at| line.get(*order.get(at)?)).map(|time| time.pts);
    let delay = told.zip(first.and_then(|at| times.get(at))).map_or(0, |(told, at)| told.saturating_sub(*at));
    for time in &mut times {
        *time = time.saturating_add(delay);
    }
    times
}

/// When a packet is shown and when it is decoded.
struct Time {
    pts: i64,
    dts: i64,
}

/// Times that go on where two recordings were joined and the second begins anew: more than a second back is a new
/// beginning.
fn one_line(samples: &[Sample], second: i64) -> Vec<Time> {
    let (mut offset, mut latest) = (0_i64, i64::MIN);
    let mut line = Vec::with_capacity(samples.len());
    // Packets without any time follow the one before, and those before the first that has one lead up to it.
    let leading: i64 = samples.iter().take_while(|sample| !has_time(sample)).map(step).sum();
    let first = samples.iter().find(|sample| has_time(sample)).map_or(0, |sample| sample.dts);
    let mut follows = first.saturating_sub(leading);
    for sample in samples {
        if !has_time(sample) {
            line.push(Time { pts: follows, dts: follows });
            latest = follows;
            follows = follows.saturating_add(step(sample));
            continue;
        }
        let mut at = sample.dts.saturating_add(offset);
        if at < latest.saturating_sub(second) {
            offset = latest.saturating_add(step(sample)).saturating_sub(sample.dts);
            at = sample.dts.saturating_add(offset);
        }
        latest = latest.max(at);
        follows = latest.saturating_add(step(sample));
        line.push(Time { pts: sample.pts.saturating_add(offset), dts: at });
    }
    line
}

fn has_time(sample: &Sample) -> bool {
    sample.dts != i64::MIN
}

fn step(sample: &Sample) -> i64 {
    sample.duration.clamp(1, i64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(dts: i64, pts: i64) -> Sample {
        Sample {
            pts,
            timed: true,
            dts,
            pos: 0,
            size: 1,
            duration: 40,
            clean: false,
            hidden: false,
            seen: true,
            frame: None,
        }
    }

    #[test]
    fn packets_without_a_time_lead_up_to_or_follow_those_that_have_one() {
        let none = sample(i64::MIN, i64::MIN);
        let line = one_line(&[none, none, sample(1000, 1000), none, sample(1080, 1080)], 1000);
        let times: Vec<i64> = line.iter().map(|time| time.pts).collect();
        assert_eq!(times, [920, 960, 1000, 1040, 1080]);
        assert!(one_line(&[none, none], 1000).iter().map(|time| time.pts).eq([0 - 80, -40]));
    }

    #[test]
    fn a_new_beginning_goes_on_after_what_came_before() {
        let joined = [sample(0, 40), sample(40, 120), sample(5000, 5080), sample(0, 40), sample(40, 120)];
        let times: Vec<i64> = one_line(&joined, 1000).iter().map(|time| time.pts).collect();
        assert_eq!(times, [40, 120, 5080, 5080, 5160]);
    }
}

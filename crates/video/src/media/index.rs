//! The frame index: which packets there are, which of them are shown and when, and where decoding can start.
//!
//! Built by demuxing alone where the codec promises one picture a packet, and by decoding once otherwise
//! ([`super::survey`]). FFmpeg's own seek tables are never believed, but for what they say of bytes that have not
//! arrived: no frame that needs those is shown.
//!
//! **Invariant:** frame numbers are display order. To show frame `f` exactly, decode from packet `f.start`
//! onwards; a picture whose start lies before the packet decoding began at is not to be trusted.

mod look;
mod pass;
mod scan;
mod starts;

use std::{collections::HashMap, ops::Range};

use ffmpeg_next::Packet;
use limpet_model::{Micros, Pts, Timebase};

use super::{demuxer::Demuxer, raw, survey};
use crate::VideoError;
use scan::Scan;
use starts::Starts;

/// One packet, in decoding order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "four things that a packet is or is not")]
pub struct Sample {
    /// Presentation time, ticks; the decoding time where the container has no other.
    pub pts: i64,
    /// Whether the container has a presentation time.
    pub timed: bool,
    /// Decoding time, ticks.
    pub dts: i64,
    /// Place in the file and size, bytes: with `pts`, what a packet is recognised by.
    pub pos: i64,
    /// Bytes.
    pub size: usize,
    /// Length of time, ticks; 0 when unknown.
    pub duration: i64,
    /// Whether decoding can start here.
    pub clean: bool,
    /// Whether it is never shown.
    pub hidden: bool,
    /// Whether its bytes were there to be looked at; where they were not, the container's word counts.
    pub seen: bool,
    /// The frame it becomes, once that is known.
    pub frame: Option<u32>,
}

/// One shown frame, in display order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// Presentation time, ticks of the container.
    pub pts: i64,
    /// Its packet.
    pub sample: usize,
    /// The packet at which decoding has to start.
    pub start: usize,
}

/// The index of one clip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// Every packet, in decoding order.
    pub samples: Vec<Sample>,
    /// Every shown frame, in display order.
    pub frames: Vec<Shown>,
    timebase: Timebase,
    /// Where the container says that the track ends, ticks.
    end: Option<i64>,
    places: HashMap<(i64, i64, usize), usize>,
    /// How many packets up to each were not there to be looked at; empty when all were.
    unseen: Vec<usize>,
    /// Whether a picture that says that no other leans on it can be believed.
    tells_leaves: bool,
    /// Whether every packet is one picture, or none.
    plain: bool,
}

/// Packets looked at for a first picture.
const HEAD: usize = 20;

impl Index {
    /// Reads the whole container once. `there` are the bytes that have arrived, `None` when all have.
    pub fn build(
        demuxer: &mut Demuxer,
        there: Option<&[Range<u64>]>,
        tick: &mut dyn FnMut(),
    ) -> Result<Self, VideoError> {
        let mut scan = Scan::new(&demuxer.track);
        if there.is_some() {
            // FFmpeg asks the packet itself, and one that is not there says no.
            scan.said_keys = demuxer.key_positions();
        }
        match pass::sparing(demuxer, &scan) {
            Some(sparing) => pass::glance_through(demuxer, &sparing, &mut scan, there, tick)?,
            None => pass::read_through(demuxer, &mut scan, there, tick)?,
        }
        if scan.samples.is_empty() {
            return Err(VideoError::BadClip(
                "This clip has no pictures in it; it was probably cut off. It has to be sent again.".into(),
            ));
        }
        // B-frames are shown in another order than they are sent; times that do not say so were made up.
        let reorders = scan.leans_on_later || demuxer.track.facts.delay > 0;
        if scan.packed {
            // A picture may lie in the packet before its own: only from the beginning everything is there.
            scan.samples.iter_mut().skip(1).for_each(|sample| sample.clean = false);
        }
        let trusted = scan.trusted
            && !(reorders
                && scan.samples.len() > 2
                && scan.samples.iter().all(|sample| sample.pts == sample.dts));
        let timebase = demuxer.track.timebase;
        let tells_leaves = scan.tells_leaves();
        let mut index = Self::of_samples(scan.samples, timebase);
        index.end = demuxer.end();
        index.tells_leaves = tells_leaves;
        index.plain = trusted;
        if !trusted && there.is_some() {
            return Err(VideoError::Bytes("This clip can be reviewed once all of it has arrived.".into()));
        }
        if !trusted {
            let order = survey::shown(demuxer, &index, tick)?;
            index.show(order);
        }
        if index.frames.is_empty() {
            return Err(VideoError::BadClip(
                "None of the pictures in this clip can be shown. The original clip is needed.".into(),
            ));
        }
        Ok(index)
    }

    /// The index of the first packets alone: enough for a first picture.
    pub fn head(demuxer: &mut Demuxer) -> Result<Self, VideoError> {
        let mut scan = Scan::new(&demuxer.track);
        let mut packet = Packet::empty();
        while scan.samples.len() < HEAD && demuxer.read(&mut packet) {
            if packet.stream() == demuxer.track.stream && packet.size() > 0 {
                scan.add(&packet, true)?;
            }
        }
        Ok(Self::of_samples(scan.samples, demuxer.track.timebase))
    }

    /// The index where every packet that is not hidden is one picture.
    pub fn of_samples(samples: Vec<Sample>, timebase: Timebase) -> Self {
        let mut order: Vec<usize> = (0..samples.len()).collect();
        order.retain(|at| samples.get(*at).is_some_and(|sample| !sample.hidden));
        order.sort_by_key(|at| samples.get(*at).map(|sample| sample.pts));
        let places = samples.iter().enumerate().rev().map(|(at, sample)| (sample.place(), at)).collect();
        let mut missing = 0;
        let unseen = samples.iter().map(|sample| {
            missing += usize::from(!sample.seen);
            missing
        });
        let unseen: Vec<usize> = unseen.collect();
        let unseen = if missing > 0 { unseen } else { Vec::new() };
        let mut index = Self {
            samples,
            frames: Vec::new(),
            timebase,
            end: None,
            places,
            unseen,
            tells_leaves: true,
            plain: true,
        };
        let times: Vec<(usize, i64)> =
            order.into_iter().filter_map(|at| Some((at, index.samples.get(at)?.pts))).collect();
        index.show(times);
        index
    }

    /// Sets which packets are shown, in display order, and when.
    fn show(&mut self, order: Vec<(usize, i64)>) {
        for sample in &mut self.samples {
            sample.frame = None;
        }
        for (number, (at, _)) in (0..).zip(&order) {
            if let Some(sample) = self.samples.get_mut(*at) {
                sample.frame = Some(number);
            }
        }
        let starts = Starts::new(&self.samples);
        self.frames = order
            .into_iter()
            .zip(0..)
            .map(|((sample, pts), number)| Shown { pts, sample, start: starts.of(sample, number, pts) })
            .collect();
    }

    /// Where a packet stands, recognised by what does not change with how it was reached.
    pub fn locate(&self, packet: &Packet) -> Option<usize> {
        self.places.get(&Sample::read(packet, false).place()).copied()
    }

    /// Whether a packet is the one that stands here.
    pub fn is_at(&self, packet: &Packet, at: usize) -> bool {
        self.samples.get(at).is_some_and(|sample| sample.place() == Sample::read(packet, false).place())
    }

    /// Whether this packet, of another index of the same clip, is all of this frame.
    pub fn is_all_of(&self, sample: &Sample, frame: u32) -> bool {
        let own = self.frames.get(frame as usize).and_then(|shown| self.samples.get(shown.sample));
        self.plain && own.is_some_and(|own| own.place() == sample.place())
    }

    /// Whether the pictures that no other leans on can be told from the rest.
    pub fn tells_leaves(&self) -> bool {
        self.tells_leaves
    }

    /// Whether a packet up to this one was not there to be looked at.
    pub fn holes_before(&self, sample: usize) -> bool {
        self.unseen.get(sample).is_some_and(|missing| *missing > 0)
    }

    /// Whether every packet that a frame takes has been looked at.
    pub fn there(&self, frame: u32) -> bool {
        let Some(shown) = self.frames.get(frame as usize) else { return false };
        let before = shown.start.checked_sub(1).and_then(|at| self.unseen.get(at)).copied().unwrap_or(0);
        self.unseen.get(shown.sample).copied().unwrap_or(0) == before
    }

    /// First and last of each run of frames that are [`Self::there`].
    pub fn arrived(&self) -> Vec<(u32, u32)> {
        let mut runs: Vec<(u32, u32)> = Vec::new();
        for frame in (0..self.count()).filter(|frame| self.there(*frame)) {
            match runs.last_mut() {
                Some((_, last)) if *last + 1 == frame => *last = frame,
                _ => runs.push((frame, frame)),
            }
        }
        runs
    }

    /// Where the bytes lie that a frame takes, from the first that is missing to the last.
    pub fn missing(&self, frame: u32) -> Option<Range<u64>> {
        let shown = self.frames.get(frame as usize)?;
        let takes = self.samples.get(shown.start..=shown.sample)?;
        let mut missing = takes.iter().filter(|sample| !sample.seen).filter_map(Sample::bytes);
        let first = missing.next()?;
        let end = missing.map(|bytes| bytes.end).max().unwrap_or(first.end).max(first.end);
        Some(first.start..end)
    }

    /// How many frames are shown.
    pub fn count(&self) -> u32 {
        u32::try_from(self.frames.len()).unwrap_or(u32::MAX)
    }

    /// Times from the start of the clip, microseconds.
    pub fn times(&self) -> Vec<Micros> {
        (0..self.count()).map(|frame| self.time(frame)).collect()
    }

    /// Time of a frame from the start of the clip, microseconds.
    pub fn time(&self, frame: u32) -> Micros {
        Micros(self.container_time(frame as usize).0.saturating_sub(self.container_time(0).0))
    }

    /// Time of a frame in the container's own time, microseconds; 0 when there is none.
    pub fn container_time(&self, frame: usize) -> Micros {
        self.timebase.micros(Pts(self.frames.get(frame).map_or(0, |shown| shown.pts)))
    }

    /// Numbers of the frames that can be decoded on their own.
    pub fn keys(&self) -> Vec<u32> {
        let alone = |shown: &Shown| shown.start == shown.sample;
        (0..).zip(&self.frames).filter(|(_, shown)| alone(shown)).map(|(frame, _)| frame).collect()
    }

    /// From the first shown frame to the end of the last, microseconds.
    pub fn duration(&self) -> Micros {
        let (Some(first), Some(last)) = (self.frames.first(), self.frames.last()) else { return Micros(0) };
        let named = self.samples.get(last.sample).map_or(0, |sample| sample.duration);
        let usual = self.steps().min().unwrap_or(0);
        let own = last.pts.saturating_add(if named > 0 { named } else { usual });
        let end = self.end.filter(|end| *end > last.pts && *end < own).unwrap_or(own);
        Micros(self.timebase.micros(Pts(end)).0.saturating_sub(self.timebase.micros(Pts(first.pts)).0))
    }

    /// How much longer the container says the track is than the pictures it holds, microseconds: what a file lost
    /// that was cut off. Less than half a second is how containers round, and counts as nothing.
    pub fn cut_off(&self) -> Micros {
        let (Some(end), Some(last)) = (self.end, self.frames.last()) else { return Micros(0) };
        let held =
            self.samples.get(last.sample).map_or(last.pts, |sample| last.pts.saturating_add(sample.duration));
        let gap = self.timebase.micros(Pts(end)).0.saturating_sub(self.timebase.micros(Pts(held)).0);
        Micros(if gap >= 500_000 { gap } else { 0 })
    }

    /// Whether frames stay for different times, more than the rounding of ticks explains.
    pub fn vfr(&self) -> bool {
        let (shortest, longest) = (self.steps().min().unwrap_or(0), self.steps().max().unwrap_or(0));
        longest.saturating_sub(shortest) > 1
    }

    fn steps(&self) -> impl Iterator<Item = i64> + '_ {
        self.frames.windows(2).filter_map(|pair| match pair {
            [a, b] => Some(b.pts.saturating_sub(a.pts)),
            _ => None,
        })
    }
}

impl Sample {
    fn read(packet: &Packet, clean: bool) -> Self {
        let dts = packet.dts().or(packet.pts()).unwrap_or(i64::MIN);
        Self {
            pts: packet.pts().unwrap_or(dts),
            timed: packet.pts().is_some(),
            dts,
            pos: packet.position() as i64,
            size: packet.size(),
            duration: packet.duration(),
            clean,
            hidden: raw::is_hidden(packet),
            seen: true,
            frame: None,
        }
    }

    /// Where it lies in the file.
    fn bytes(&self) -> Option<Range<u64>> {
        let start = u64::try_from(self.pos).ok()?;
        Some(start..start.saturating_add(self.size as u64))
    }

    fn place(&self) -> (i64, i64, usize) {
        (self.pos, self.pts, self.size)
    }
}

#[cfg(test)]
mod tests;

//! Which pictures a clip shows, found out by decoding all of it once: for codecs and containers in which packets
//! are not pictures (fields in packets of their own, packed B-frames, missing times).
//!
//! **Invariant:** the order is that in which FFmpeg's decoder hands pictures out, which is what FFmpeg shows.

use std::sync::Arc;

use super::{demuxer::Demuxer, index::Index, reader::Reader};
use crate::VideoError;

/// The packets that are shown, in display order, and when. Times never go back.
pub fn shown(
    demuxer: &Demuxer,
    index: &Index,
    tick: &mut dyn FnMut(),
) -> Result<Vec<(usize, i64)>, VideoError> {
    let mut reader = Reader::new(demuxer.reopen()?, Arc::new(index.clone()))?;
    let mut order: Vec<(usize, i64)> = Vec::new();
    let mut seen = vec![false; index.samples.len()];
    while let Some((sample, _)) = reader.next_picture()? {
        tick();
        let Some(facts) = index.samples.get(sample) else { continue };
        if std::mem::replace(seen.get_mut(sample).unwrap_or(&mut false), true) {
            continue;
        }
        let latest = order.last().map_or(i64::MIN, |(_, pts)| *pts);
        order.push((sample, facts.pts.max(latest)));
    }
    Ok(order)
}

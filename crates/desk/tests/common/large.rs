//! Clips with their index at the end, far from their head, and sources read as a demuxer reads them.

use std::{ops::Range, sync::Arc};

use limpet_testkit::clips::{self, Kind};
use limpet_video::ByteSource;

pub const MB: u64 = 1_000_000;

pub fn total(ranges: &[Range<u64>]) -> u64 {
    ranges.iter().map(|range| range.end - range.start).sum()
}

/// A clip whose index stands at its end, behind so many bytes that are none of its frames.
pub fn large(bytes: usize) -> Vec<u8> {
    let clip = std::fs::read(clips::make(Kind::Demo, &clips::cache_dir()).unwrap()).unwrap();
    let (kind, moov) = boxes(&clip[..]).pop().unwrap();
    assert_eq!(&kind, b"moov");
    let moov = usize::try_from(moov.start).unwrap();
    let noise = (0..bytes).map(|n| u8::try_from(n * 7 % 251).unwrap());
    let length = u32::try_from(bytes + 8).unwrap().to_be_bytes();
    let free = length.into_iter().chain(*b"free").chain(noise);
    clip[..moov].iter().copied().chain(free).chain(clip[moov..].iter().copied()).collect()
}

/// The boxes of an MP4, read as a demuxer does: by their heads alone.
pub fn boxes(source: &(impl Reads + ?Sized)) -> Vec<([u8; 4], Range<u64>)> {
    let (mut boxes, mut at) = (vec![], 0);
    while let Some(head) = source.some(at, 8) {
        let length = u64::from(u32::from_be_bytes(head[..4].try_into().unwrap()));
        boxes.push((head[4..8].try_into().unwrap(), at..at + length));
        at += length;
    }
    boxes
}

pub trait Reads {
    /// Bytes at a place; none at the end.
    fn some(&self, at: u64, length: usize) -> Option<Vec<u8>>;
}

impl Reads for [u8] {
    fn some(&self, at: u64, length: usize) -> Option<Vec<u8>> {
        self.get(usize::try_from(at).unwrap()..)?.get(..length).map(<[u8]>::to_vec)
    }
}

impl Reads for dyn ByteSource {
    fn some(&self, at: u64, length: usize) -> Option<Vec<u8>> {
        let mut bytes = vec![];
        while bytes.len() < length {
            let mut piece = vec![0; length - bytes.len()];
            let read = self.read_at(at + bytes.len() as u64, &mut piece).unwrap();
            if read == 0 {
                return None;
            }
            bytes.extend_from_slice(&piece[..read]);
        }
        Some(bytes)
    }
}

/// Reads on a thread that may block.
pub async fn read(source: &Arc<dyn ByteSource>, at: u64, length: usize) -> Vec<u8> {
    let source = Arc::clone(source);
    tokio::task::spawn_blocking(move || source.some(at, length).unwrap()).await.unwrap()
}

/// Reads, and answers what went wrong.
pub async fn fail(source: &Arc<dyn ByteSource>, at: u64) -> String {
    let source = Arc::clone(source);
    let read = tokio::task::spawn_blocking(move || source.read_at(at, &mut [0; 10]));
    read.await.unwrap().unwrap_err().to_string()
}

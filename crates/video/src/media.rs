//! FFmpeg, as far as Limpet uses it. Everything in here runs in the child only, except [`limits`].

pub mod avc_sps;
pub mod bits;
pub mod boxes;
pub mod colour;
pub mod demuxer;
pub mod hevc_sps;
pub mod holes;
pub mod index;
pub mod limits;
pub mod nal;
pub mod planes;
pub mod raw;
pub mod reader;
pub mod scaler;
pub mod stretch;
pub mod survey;
pub mod tape;
pub mod tracks;

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

use crate::ByteSource;

/// A byte source as a stream, for FFmpeg.
pub struct Stream {
    source: Arc<dyn ByteSource>,
    len: u64,
    at: u64,
}

impl Stream {
    /// From the start of the source.
    pub fn new(source: Arc<dyn ByteSource>) -> io::Result<Self> {
        let len = source.len()?;
        Ok(Self { source, len, at: 0 })
    }
}

impl Read for Stream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read_at(self.at, buf)?;
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Stream {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.len.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

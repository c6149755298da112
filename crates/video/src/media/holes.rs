//! A clip of which some bytes have not arrived, made readable from end to end for indexing.
//!
//! **Invariant:** until [`Holes::leave_out`] or [`Holes::pretend`] every byte read is the clip's own. Afterwards bytes
//! that are not there read as zero, or as the end; what was made of them is never shown.

use std::{
    io,
    ops::Range,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU8, Ordering},
    },
};

use crate::ByteSource;

const WAIT: u8 = 0;
const ZEROS: u8 = 1;
const END: u8 = 2;

/// What stands in for bytes that are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instead {
    /// Zeros: for containers that say in a table where each packet lies.
    Zeros,
    /// The end: for containers that have to be read from front to back.
    End,
}

/// A source with holes.
pub struct Holes {
    source: Arc<dyn ByteSource>,
    mode: AtomicU8,
    failed: AtomicBool,
    there: Mutex<Option<Vec<Range<u64>>>>,
}

impl Holes {
    /// Waits for missing bytes, until it is to leave them out.
    pub fn new(source: Arc<dyn ByteSource>) -> Self {
        Self { source, mode: AtomicU8::new(WAIT), failed: AtomicBool::new(false), there: Mutex::new(None) }
    }

    /// Waits for nothing from now on.
    pub fn leave_out(&self, instead: Instead) {
        let mode = if instead == Instead::Zeros { ZEROS } else { END };
        self.look();
        self.mode.store(mode, Ordering::Release);
    }

    /// Reads these ranges as zeros from now on, and all the rest as it is.
    pub fn pretend(&self, zeros: &[Range<u64>]) {
        let starts = std::iter::once(0).chain(zeros.iter().map(|range| range.end));
        let ends = zeros.iter().map(|range| range.start).chain([u64::MAX]);
        let rest = starts.zip(ends).filter(|(start, end)| start < end).map(|(start, end)| start..end);
        *self.there.lock().unwrap_or_else(PoisonError::into_inner) = Some(rest.collect());
        self.mode.store(ZEROS, Ordering::Release);
    }

    /// Looks what has arrived: this counts until the next look. `None` when everything is there.
    pub fn look(&self) -> Option<Vec<Range<u64>>> {
        let now = self.source.arrived();
        self.there.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&now);
        now
    }

    /// Whether bytes could not be read since this was asked last: to FFmpeg that looks like the end.
    pub fn take_failure(&self) -> bool {
        self.failed.swap(false, Ordering::AcqRel)
    }

    fn read(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        self.source.read_at(offset, buf).inspect_err(|_| self.failed.store(true, Ordering::Release))
    }

    /// Up to where bytes are there from `offset` on, or, when they are not, up to where they are missing.
    fn run(&self, offset: u64) -> (bool, u64) {
        let there = self.there.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(ranges) = there.as_ref() else { return (true, u64::MAX) };
        match ranges.iter().find(|range| range.end > offset) {
            Some(range) if range.start <= offset => (true, range.end),
            Some(range) => (false, range.start),
            None => (false, u64::MAX),
        }
    }
}

impl ByteSource for Holes {
    fn len(&self) -> io::Result<u64> {
        self.source.len()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let mode = self.mode.load(Ordering::Acquire);
        if mode == WAIT {
            return self.read(offset, buf);
        }
        let (there, until) = self.run(offset);
        let most = until.min(self.len()?).saturating_sub(offset);
        let len = usize::try_from(most).unwrap_or(usize::MAX).min(buf.len());
        let Some(part) = buf.get_mut(..len) else { return Ok(0) };
        if there {
            return self.read(offset, part);
        }
        if mode == END {
            return Ok(0);
        }
        part.fill(0);
        Ok(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Half;

    impl ByteSource for Half {
        fn len(&self) -> io::Result<u64> {
            Ok(10)
        }

        fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
            let whole: Vec<u8> = (1..=10).collect();
            whole.read_at(offset, buf)
        }

        fn arrived(&self) -> Option<Vec<Range<u64>>> {
            Some(vec![0..3, 7..9])
        }
    }

    fn all(holes: &Holes) -> Vec<u8> {
        let (mut read, mut buf) = (Vec::new(), [0; 4]);
        while let Ok(count @ 1..) = holes.read_at(read.len() as u64, &mut buf) {
            read.extend_from_slice(&buf[..count]);
        }
        read
    }

    #[test]
    fn what_is_missing_reads_as_zeros_or_as_the_end() {
        let holes = Holes::new(Arc::new(Half));
        assert_eq!(all(&holes), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], "waits for all of it");
        holes.leave_out(Instead::Zeros);
        assert_eq!(all(&holes), [1, 2, 3, 0, 0, 0, 0, 8, 9, 0]);
        holes.leave_out(Instead::End);
        assert_eq!(all(&holes), [1, 2, 3]);
        holes.pretend(&[0..2, 3..5, 9..10]);
        assert_eq!(all(&holes), [0, 0, 3, 0, 0, 6, 7, 8, 9, 0]);
    }
}

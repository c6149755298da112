//! Where a clip's bytes come from and where a rendition's bytes go.
//!
//! **Invariant:** a source is read only in the parent, so decryption, partial downloads and limits live behind
//! it; the child never learns what kind of source it has.

use std::{
    fs::File,
    io::{self, Seek, SeekFrom, Write},
    ops::Range,
    path::Path,
    sync::Arc,
    thread,
    time::Duration,
};

/// Random access to the bytes of one clip, of which some may still be on their way.
pub trait ByteSource: Send + Sync {
    /// Length in bytes.
    fn len(&self) -> io::Result<u64>;

    /// Whether there is nothing in it.
    fn is_empty(&self) -> io::Result<bool> {
        self.len().map(|len| len == 0)
    }

    /// Reads up to `buf.len()` bytes at `offset`; 0 means the end. Waits for bytes that have not arrived, and has them
    /// fetched before any other.
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize>;

    /// The ranges that are here, in order, with gaps between them; `None` once all are.
    fn arrived(&self) -> Option<Vec<Range<u64>>> {
        None
    }

    /// Waits until something else is here than these ranges, or for so long, and answers what [`Self::arrived`] does. A
    /// source that is not told of arrivals looks once, at the end.
    fn wait_for_arrivals(&self, _known: &[Range<u64>], most: Duration) -> Option<Vec<Range<u64>>> {
        thread::sleep(most);
        self.arrived()
    }

    /// The eye is at this byte: what follows it is fetched first. Returns at once.
    fn want(&self, _offset: u64) {}
}

impl ByteSource for Vec<u8> {
    fn len(&self) -> io::Result<u64> {
        Ok(Vec::len(self) as u64)
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let rest = usize::try_from(offset).ok().and_then(|at| self.get(at..)).unwrap_or_default();
        let (from, to) = (rest.iter(), buf.iter_mut());
        Ok(to.zip(from).map(|(to, from)| *to = *from).count())
    }
}

/// A file that is not encrypted and complete.
#[derive(Debug)]
pub struct PlainFile(File);

impl PlainFile {
    /// Opens a file for reading.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let file = File::open(path)?;
        if file.metadata()?.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "that is a folder, not a file"));
        }
        Ok(Self(file))
    }
}

impl ByteSource for PlainFile {
    fn len(&self) -> io::Result<u64> {
        self.0.metadata().map(|facts| facts.len())
    }

    #[cfg(unix)]
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(&self.0, buf, offset)
    }

    #[cfg(windows)]
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_read(&self.0, buf, offset)
    }
}

/// A range of another source, as a source of its own: the moving part of a photo.
#[derive(Clone)]
pub struct Part {
    source: Arc<dyn ByteSource>,
    range: Range<u64>,
}

impl Part {
    /// Of what the source has in this range.
    pub fn new(source: Arc<dyn ByteSource>, range: Range<u64>) -> Self {
        Self { source, range }
    }
}

impl ByteSource for Part {
    fn len(&self) -> io::Result<u64> {
        let end = self.range.end.min(self.source.len()?);
        Ok(end.saturating_sub(self.range.start))
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let rest = usize::try_from(self.len()?.saturating_sub(offset)).unwrap_or(usize::MAX);
        let most = buf.len().min(rest);
        match buf.get_mut(..most).filter(|buf| !buf.is_empty()) {
            Some(buf) => self.source.read_at(self.range.start + offset, buf),
            None => Ok(0),
        }
    }

    fn arrived(&self) -> Option<Vec<Range<u64>>> {
        let Range { start, end } = self.range;
        let inside =
            |range: Range<u64>| range.start.clamp(start, end) - start..range.end.clamp(start, end) - start;
        let arrived = self.source.arrived()?.into_iter().map(inside);
        Some(arrived.filter(|range| !range.is_empty()).collect())
    }

    fn want(&self, offset: u64) {
        self.source.want(self.range.start.saturating_add(offset));
    }
}

/// Takes the bytes of a rendition. Offsets may go back: an MP4's head is written last.
pub trait ByteSink: Send {
    /// Writes all of `bytes` at `offset`.
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()>;
}

impl ByteSink for File {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.seek(SeekFrom::Start(offset))?;
        self.write_all(bytes)
    }
}

impl ByteSink for Vec<u8> {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let at = usize::try_from(offset).map_err(io::Error::other)?;
        let end = at.checked_add(bytes.len()).ok_or_else(|| io::Error::other("past the end of memory"))?;
        if self.len() < end {
            self.resize(end, 0);
        }
        self.get_mut(at..end).map(|to| to.copy_from_slice(bytes)).ok_or_else(|| io::Error::other("no room"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All but the first and last byte have arrived.
    struct Arriving(Vec<u8>, std::sync::Mutex<Vec<u64>>);

    impl ByteSource for Arriving {
        fn len(&self) -> io::Result<u64> {
            ByteSource::len(&self.0)
        }

        fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
            self.0.read_at(offset, buf)
        }

        fn arrived(&self) -> Option<Vec<Range<u64>>> {
            Some(vec![1..4, 6..9])
        }

        fn want(&self, offset: u64) {
            self.1.lock().unwrap().push(offset);
        }
    }

    #[test]
    fn a_part_is_what_lies_in_its_range() {
        let whole = Arc::new(Arriving(b"0123456789".to_vec(), std::sync::Mutex::default()));
        let part = Part::new(whole.clone(), 3..8);
        assert_eq!(part.len().unwrap(), 5);
        let mut buf = [0; 10];
        assert_eq!((part.read_at(0, &mut buf).unwrap(), &buf[..5]), (5, &b"34567"[..]));
        assert_eq!((part.read_at(3, &mut buf).unwrap(), &buf[..2]), (2, &b"67"[..]));
        assert_eq!(part.read_at(5, &mut buf).unwrap(), 0);
        assert_eq!(part.read_at(u64::MAX, &mut buf).unwrap(), 0);
        assert_eq!(part.arrived(), Some(vec![0..1, 3..5]));
        part.want(2);
        assert_eq!(*whole.1.lock().unwrap(), [5]);
        assert_eq!(Part::new(whole.clone(), 8..99).len().unwrap(), 2);
        assert!(Part::new(whole, 50..60).is_empty().unwrap());
    }
}

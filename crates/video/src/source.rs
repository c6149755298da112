//! Where a clip's bytes come from and where a rendition's bytes go.
//!
//! **Invariant:** a source is read only in the parent, so decryption, partial downloads and limits live behind
//! it; the child never learns what kind of source it has.

use std::{
    fs::File,
    io::{self, Seek, SeekFrom, Write},
    ops::Range,
    path::Path,
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

    /// The eye is at this byte: what follows it is fetched first.
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

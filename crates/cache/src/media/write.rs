//! Writing a media file whose bytes are on this computer, from front to back.
//!
//! **Invariant:** until [`MediaWriter::finish`] the file has no last chunk and does not open for reading.

use std::{
    fs::File,
    io::{self, Write as _},
    path::Path,
};

use super::format::{CHUNK, SEALED, Seal, damaged};

/// A media file being written.
pub struct MediaWriter {
    file: File,
    seal: Seal,
    chunk: u32,
    held: Vec<u8>,
}

impl MediaWriter {
    pub(super) fn create(path: &Path, key: &[u8; 32], name: &str) -> io::Result<Self> {
        let mut file = File::create(path)?;
        let (header, seal) = Seal::create(key, name)?;
        file.write_all(&header)?;
        Ok(Self { file, seal, chunk: 0, held: Vec::with_capacity(SEALED) })
    }

    /// How many plain bytes were taken so far.
    pub fn position(&self) -> u64 {
        u64::from(self.chunk) * CHUNK as u64 + self.held.len() as u64
    }

    /// Takes the next bytes.
    pub fn append(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            // A full chunk is written only once more bytes follow: only then it is known not to be the last.
            if self.held.len() == CHUNK {
                self.write_held(false)?;
            }
            let (now, later) = bytes.split_at(bytes.len().min(CHUNK - self.held.len()));
            self.held.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    /// Writes the last chunk and waits until everything is on the disk.
    pub fn finish(mut self) -> io::Result<()> {
        self.write_held(true)?;
        self.file.sync_all()
    }

    fn write_held(&mut self, last: bool) -> io::Result<()> {
        self.seal.seal(self.chunk, last, &mut self.held)?;
        self.file.write_all(&self.held)?;
        self.held.clear();
        self.chunk = self.chunk.checked_add(1).ok_or_else(|| damaged("too long"))?;
        Ok(())
    }
}

impl io::Write for MediaWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.append(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

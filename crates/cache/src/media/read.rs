//! Reading a media file at any place.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use super::{
    chunks::Chunks,
    format::{HEADER, Seal, Shape, damaged},
};

/// A complete media file.
pub struct MediaFile(Chunks);

impl MediaFile {
    /// Opens it and authenticates its length. `InvalidData` when it is damaged, cut or not finished.
    pub(super) fn open(path: &Path, key: &[u8; 32], name: &str) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let mut header = [0; HEADER];
        file.read_exact(&mut header).map_err(|_| damaged("the header is cut short"))?;
        let seal = Seal::of(key, name, &header)?;
        let shape = Shape::on_disk(file.metadata()?.len())?;
        let chunks = Chunks::new(file, seal, shape);
        // Only the last chunk knows that it is the last: opening it is what proves the length.
        chunks.open(shape.chunks - 1)?;
        Ok(Self(chunks))
    }

    /// Length of the plain bytes.
    pub fn len(&self) -> u64 {
        self.0.shape.length
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Fills `buf` from `offset` as far as there are bytes; 0 at the end.
    pub fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read_at(offset, buf, |number| self.0.open(number).map(Some))
    }

    /// Everything at once, up to the 200 MB that a file may have. What reviews clips reads pieces.
    pub fn read_all(&self) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(self.len()).map_err(|_| damaged("too long"))?];
        let read = self.read_at(0, &mut bytes)?;
        bytes.truncate(read);
        Ok(bytes)
    }
}

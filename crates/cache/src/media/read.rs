//! Reading a media file at any place.

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use super::format::{CHUNK, HEADER, SEALED, Seal, TAG, damaged};

/// Opened chunks kept for reads that come back to the same place, as a demuxer's do.
const KEPT: usize = 16;

/// A complete media file.
pub struct MediaFile {
    seal: Seal,
    chunks: u32,
    length: u64,
    inner: Mutex<Inner>,
}

struct Inner {
    file: File,
    opened: VecDeque<(u32, Arc<[u8]>)>,
}

impl MediaFile {
    /// Opens it and authenticates its length. `InvalidData` when it is damaged, cut or not finished.
    pub(super) fn open(path: &Path, key: &[u8; 32], name: &str) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let mut header = [0; HEADER];
        file.read_exact(&mut header).map_err(|_| damaged("the header is cut short"))?;
        let seal = Seal::of(key, name, &header)?;
        let sealed = file.metadata()?.len().saturating_sub(HEADER as u64);
        let chunks = u32::try_from(sealed.div_ceil(SEALED as u64)).map_err(|_| damaged("too long"))?;
        let length = sealed
            .checked_sub(u64::from(chunks) * TAG as u64)
            .filter(|_| chunks > 0)
            .ok_or_else(|| damaged("the last chunk is cut short"))?;
        let inner = Mutex::new(Inner { file, opened: VecDeque::with_capacity(KEPT) });
        let file = Self { seal, chunks, length, inner };
        // Only the last chunk knows that it is the last: opening it is what proves the length.
        file.chunk(chunks - 1)?;
        Ok(file)
    }

    /// Length of the plain bytes.
    pub fn len(&self) -> u64 {
        self.length
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Fills `buf` from `offset` as far as there are bytes; 0 at the end.
    pub fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let mut done = 0;
        while let Some(rest) = buf.get_mut(done..).filter(|rest| !rest.is_empty()) {
            let at = offset.saturating_add(done as u64);
            if at >= self.length {
                break;
            }
            let number = u32::try_from(at / CHUNK as u64).map_err(|_| damaged("too long"))?;
            let chunk = self.chunk(number)?;
            let within = usize::try_from(at % CHUNK as u64).map_err(|_| damaged("too long"))?;
            let there = chunk.get(within..).unwrap_or_default();
            let count = there.len().min(rest.len());
            rest.iter_mut().zip(there).for_each(|(to, from)| *to = *from);
            done += count;
        }
        Ok(done)
    }

    /// Everything at once, up to the 200 MB that a file may have. What reviews clips reads pieces.
    pub fn read_all(&self) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(self.length).map_err(|_| damaged("too long"))?];
        let read = self.read_at(0, &mut bytes)?;
        bytes.truncate(read);
        Ok(bytes)
    }

    fn chunk(&self, number: u32) -> io::Result<Arc<[u8]>> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, bytes)) = inner.opened.iter().find(|(kept, _)| *kept == number) {
            return Ok(Arc::clone(bytes));
        }
        inner.file.seek(SeekFrom::Start(HEADER as u64 + u64::from(number) * SEALED as u64))?;
        let last = number + 1 == self.chunks;
        let mut sealed = Vec::with_capacity(SEALED);
        (&mut inner.file).take(SEALED as u64).read_to_end(&mut sealed)?;
        self.seal.open(number, last, &mut sealed)?;
        if !last && sealed.len() != CHUNK {
            return Err(damaged("a chunk is cut short"));
        }
        let bytes: Arc<[u8]> = sealed.into();
        if inner.opened.len() == KEPT {
            inner.opened.pop_front();
        }
        inner.opened.push_back((number, Arc::clone(&bytes)));
        Ok(bytes)
    }
}

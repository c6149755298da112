//! The sealed chunks of one open file: each is read, and written, in its place.
//!
//! **Invariant:** bytes leave here only after their chunk was authenticated.

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::format::{CHUNK, SEALED, Seal, Shape, TAG, damaged};

/// Opened chunks kept for reads that come back to the same place, as a demuxer's do.
const KEPT: usize = 16;

/// The chunks of a file that is open.
pub(super) struct Chunks {
    pub(super) shape: Shape,
    seal: Seal,
    inner: Mutex<Inner>,
}

struct Inner {
    file: File,
    opened: VecDeque<(u32, Arc<[u8]>)>,
}

impl Chunks {
    pub(super) fn new(file: File, seal: Seal, shape: Shape) -> Self {
        Self { shape, seal, inner: Mutex::new(Inner { file, opened: VecDeque::with_capacity(KEPT) }) }
    }

    /// The plain bytes of a chunk. `InvalidData` when it is not what was written.
    pub(super) fn open(&self, number: u32) -> io::Result<Arc<[u8]>> {
        let mut inner = self.inner();
        if let Some((_, bytes)) = inner.opened.iter().find(|(kept, _)| *kept == number) {
            return Ok(Arc::clone(bytes));
        }
        let mut sealed = Vec::with_capacity(SEALED);
        sealed.resize(self.shape.plain(number) + TAG, 0);
        inner.file.seek(SeekFrom::Start(Shape::start_of(number)))?;
        inner.file.read_exact(&mut sealed).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => damaged("a chunk is cut short"),
            _ => error,
        })?;
        self.seal.open(number, self.shape.is_last(number), &mut sealed)?;
        let bytes: Arc<[u8]> = sealed.into();
        if inner.opened.len() == KEPT {
            inner.opened.pop_front();
        }
        inner.opened.push_back((number, Arc::clone(&bytes)));
        Ok(bytes)
    }

    /// Seals the plain bytes of a chunk and writes it, its tag last.
    pub(super) fn put(&self, number: u32, mut plain: Vec<u8>) -> io::Result<()> {
        self.seal.seal(number, self.shape.is_last(number), &mut plain)?;
        let mut inner = self.inner();
        inner.file.seek(SeekFrom::Start(Shape::start_of(number)))?;
        inner.file.write_all(&plain)
    }

    /// The tag of a chunk as it stands on the disk; zeros where nothing was written.
    pub(super) fn tag(&self, number: u32) -> io::Result<[u8; TAG]> {
        let mut tag = [0; TAG];
        let mut inner = self.inner();
        let place = Shape::start_of(number) + self.shape.plain(number) as u64;
        inner.file.seek(SeekFrom::Start(place))?;
        inner.file.read_exact(&mut tag)?;
        Ok(tag)
    }

    /// Fills `buf` from `offset`, chunk by chunk, up to the end or the first chunk that `chunk` does not have.
    pub(super) fn read_at(
        &self,
        offset: u64,
        buf: &mut [u8],
        chunk: impl Fn(u32) -> io::Result<Option<Arc<[u8]>>>,
    ) -> io::Result<usize> {
        let mut done = 0;
        while let Some(rest) = buf.get_mut(done..).filter(|rest| !rest.is_empty()) {
            let at = offset.saturating_add(done as u64);
            if at >= self.shape.length {
                break;
            }
            let number = u32::try_from(at / CHUNK as u64).map_err(|_| damaged("too long"))?;
            let Some(chunk) = chunk(number)? else { break };
            let within = usize::try_from(at % CHUNK as u64).map_err(|_| damaged("too long"))?;
            let there = chunk.get(within..).unwrap_or_default();
            let count = there.len().min(rest.len());
            rest.iter_mut().zip(there).for_each(|(to, from)| *to = *from);
            done += count;
        }
        Ok(done)
    }

    /// Waits until everything is on the disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.inner().file.sync_all()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

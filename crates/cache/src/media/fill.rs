//! A media file that fills in any order, and is read while it does.
//!
//! It has its final length and layout from the start, with holes. Which chunks are here survives a crash without a
//! list of them: a chunk is written with its tag last, and where nothing was written there are zeros.
//!
//! **Invariant:** every byte answered is authenticated; a chunk that does not open, after a power cut say, is one
//! that is not here. **Invariant:** a chunk that is here is not written again. Nonces depend on the chunk's number
//! alone, so the bytes of a file that goes on after a break must be those it was begun with.

use std::{
    fs::OpenOptions,
    io::{self, Read as _, Write as _},
    ops::Range,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{
    chunks::Chunks,
    format::{CHUNK, HEADER, Seal, Shape, TAG, damaged},
};

/// A media file on its way, of a length that is known.
pub struct Filling {
    chunks: Chunks,
    map: Mutex<Map>,
}

/// Which chunks are here, and how many plain bytes they hold.
struct Map {
    here: Vec<bool>,
    bytes: u64,
}

impl Filling {
    pub(super) fn create(path: &Path, key: &[u8; 32], name: &str, length: u64) -> io::Result<Self> {
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path)?;
        let shape = Shape::of(length)?;
        let (header, seal) = Seal::create(key, name)?;
        file.write_all(&header)?;
        file.set_len(shape.stored())?;
        let here = vec![false; shape.chunks as usize];
        let filling =
            Self { chunks: Chunks::new(file, seal, shape), map: Mutex::new(Map { here, bytes: 0 }) };
        if length == 0 {
            filling.put(0, Vec::new())?;
        }
        Ok(filling)
    }

    /// Goes on with a file that was broken off. `InvalidData` when there is none of this length.
    pub(super) fn resume(path: &Path, key: &[u8; 32], name: &str, length: u64) -> io::Result<Self> {
        let mut file = OpenOptions::new().read(true).write(true).open(path)?;
        let mut header = [0; HEADER];
        file.read_exact(&mut header).map_err(|_| damaged("the header is cut short"))?;
        let seal = Seal::of(key, name, &header)?;
        let shape = Shape::of(length)?;
        if file.metadata()?.len() != shape.stored() {
            return Err(damaged("it was begun with another length"));
        }
        let chunks = Chunks::new(file, seal, shape);
        let (mut here, mut bytes) = (Vec::with_capacity(shape.chunks as usize), 0);
        for number in 0..shape.chunks {
            let written = chunks.tag(number)? != [0; TAG];
            here.push(written);
            bytes += if written { shape.plain(number) as u64 } else { 0 };
        }
        Ok(Self { chunks, map: Mutex::new(Map { here, bytes }) })
    }

    /// Length of the plain bytes, once all are here.
    pub fn len(&self) -> u64 {
        self.chunks.shape.length
    }

    /// Whether it never has any.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many plain bytes are here.
    pub fn bytes_here(&self) -> u64 {
        self.map().bytes
    }

    /// Whether all are.
    pub fn is_full(&self) -> bool {
        self.map().here.iter().all(|here| *here)
    }

    /// Whether the byte at `offset` can be read, or lies past the end.
    pub fn has(&self, offset: u64) -> bool {
        offset >= self.len() || number(offset).is_some_and(|number| self.map().has(number))
    }

    /// The ranges that can be read, in order, with gaps between them.
    pub fn arrived(&self) -> Vec<Range<u64>> {
        let mut ranges: Vec<Range<u64>> = Vec::new();
        for (number, _) in self.map().here.iter().enumerate().filter(|(_, here)| **here) {
            let range = self.range(number);
            match ranges.last_mut() {
                Some(last) if last.end == range.start => last.end = range.end,
                _ if range.is_empty() => {}
                _ => ranges.push(range),
            }
        }
        ranges
    }

    /// What to get next: the first bytes from `offset` on that are not here, about `most` of them at most. Begins
    /// where a chunk does, and ends where one does.
    pub fn gap(&self, offset: u64, most: u64) -> Option<Range<u64>> {
        let map = self.map();
        let from = usize::try_from(offset / CHUNK as u64).ok()?;
        let first = from + map.here.get(from..)?.iter().position(|here| !here)?;
        let most = usize::try_from(most / CHUNK as u64).unwrap_or(usize::MAX).max(1);
        let count = map.here.get(first..)?.iter().take(most).take_while(|here| !**here).count();
        Some(self.range(first).start..self.range(first + count - 1).end)
    }

    /// Fills `buf` from `offset` as far as bytes are here; 0 where the first one is not, and at the end.
    pub fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        self.chunks.read_at(offset, buf, |number| self.open(number))
    }

    /// Hands over everything from front to back, authenticated. False when something of it is not here.
    pub fn read_through(&self, each: &mut dyn FnMut(&[u8])) -> io::Result<bool> {
        for number in 0..self.chunks.shape.chunks {
            match self.open(number)? {
                Some(bytes) => each(&bytes),
                None => return Ok(false),
            }
        }
        Ok(true)
    }

    /// Takes the bytes that follow `offset`; what comes before the next chunk begins is passed over.
    pub fn pour(self: &Arc<Self>, offset: u64) -> Pour {
        Pour { filling: Arc::clone(self), at: offset, held: Vec::with_capacity(CHUNK + TAG) }
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        self.chunks.sync()
    }

    fn open(&self, number: u32) -> io::Result<Option<Arc<[u8]>>> {
        if !self.map().has(number) {
            return Ok(None);
        }
        match self.chunks.open(number) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                tracing::warn!(chunk = number, %error, "A chunk of a download is damaged and comes again");
                self.map().set(number, false, self.chunks.shape);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn put(&self, number: u32, plain: Vec<u8>) -> io::Result<u64> {
        let bytes = plain.len() as u64;
        if self.map().has(number) {
            return Ok(0);
        }
        self.chunks.put(number, plain)?;
        self.map().set(number, true, self.chunks.shape);
        Ok(bytes)
    }

    fn range(&self, number: usize) -> Range<u64> {
        let start = number as u64 * CHUNK as u64;
        start..(start + CHUNK as u64).min(self.len())
    }

    fn map(&self) -> MutexGuard<'_, Map> {
        self.map.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Map {
    fn has(&self, number: u32) -> bool {
        self.here.get(number as usize).is_some_and(|here| *here)
    }

    fn set(&mut self, number: u32, is_here: bool, shape: Shape) {
        let Some(here) = self.here.get_mut(number as usize).filter(|here| **here != is_here) else { return };
        *here = is_here;
        let bytes = shape.plain(number) as u64;
        self.bytes = if is_here { self.bytes + bytes } else { self.bytes - bytes };
    }
}

/// The chunk that holds the byte at `offset`.
fn number(offset: u64) -> Option<u32> {
    u32::try_from(offset / CHUNK as u64).ok()
}

/// Bytes on their way into a [`Filling`], in order from some offset.
pub struct Pour {
    filling: Arc<Filling>,
    at: u64,
    held: Vec<u8>,
}

impl Pour {
    /// Takes the next bytes, and answers how many can be read from now on that could not before.
    pub fn append(&mut self, mut bytes: &[u8]) -> io::Result<u64> {
        let mut arrived = 0;
        while !bytes.is_empty() {
            let shape = self.filling.chunks.shape;
            let number = number(self.at).filter(|number| *number < shape.chunks);
            let number = number.ok_or_else(|| damaged("more bytes than the file has"))?;
            let within = usize::try_from(self.at % CHUNK as u64).map_err(|_| damaged("too long"))?;
            let room = shape.plain(number).saturating_sub(within);
            if room == 0 {
                return Err(damaged("more bytes than the file has"));
            }
            let (now, later) = bytes.split_at(bytes.len().min(room));
            self.held.extend_from_slice(now);
            if now.len() == room {
                // What began within the chunk is less than all of it.
                if self.held.len() == shape.plain(number) {
                    let whole = std::mem::replace(&mut self.held, Vec::with_capacity(CHUNK + TAG));
                    arrived += self.filling.put(number, whole)?;
                }
                self.held.clear();
            }
            self.at += now.len() as u64;
            bytes = later;
        }
        Ok(arrived)
    }
}

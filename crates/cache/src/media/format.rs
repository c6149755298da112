//! The layout of a media file: header, then sealed chunks.
//!
//! | offset | bytes | |
//! |---|---|---|
//! | 0 | 8 | `LIMPETM1` |
//! | 8 | 19 | random prefix of every nonce |
//! | 27 | 5 | zero |
//! | 32 | 65552 each | chunks: 65536 bytes sealed, 16 bytes tag; the last may be shorter |
//!
//! Nonce: prefix, chunk number (u32, big endian), 1 for the last chunk and 0 for the others.
//! Associated data: magic and the file's own name, so that one file cannot stand in for another.

use std::io;

use chacha20poly1305::{AeadInPlace as _, KeyInit as _, Tag, XChaCha20Poly1305, XNonce};

pub(super) const MAGIC: &[u8; 8] = b"LIMPETM1";
pub(super) const HEADER: usize = 32;
/// Plain bytes in a chunk.
pub(super) const CHUNK: usize = 64 * 1024;
pub(super) const TAG: usize = 16;
/// Bytes a whole chunk takes on disk.
pub(super) const SEALED: usize = CHUNK + TAG;
const PREFIX: usize = 19;

/// How many plain bytes a file has, and which chunks that makes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub length: u64,
    pub chunks: u32,
}

impl Shape {
    pub(super) fn of(length: u64) -> io::Result<Self> {
        // A file of no bytes has one chunk, an empty one: something has to say that it ends there.
        let chunks = u32::try_from(length.div_ceil(CHUNK as u64).max(1)).map_err(|_| damaged("too long"))?;
        Ok(Self { length, chunks })
    }

    /// Of a file that takes so many bytes on disk.
    pub(super) fn on_disk(stored: u64) -> io::Result<Self> {
        let sealed = stored.saturating_sub(HEADER as u64);
        let length = sealed.checked_sub(sealed.div_ceil(SEALED as u64) * TAG as u64);
        let shape = length.map(Self::of).transpose()?;
        shape.filter(|shape| shape.stored() == stored).ok_or_else(|| damaged("the last chunk is cut short"))
    }

    /// Bytes the file takes on disk.
    pub(super) fn stored(self) -> u64 {
        HEADER as u64 + self.length + u64::from(self.chunks) * TAG as u64
    }

    /// Where a chunk begins on disk.
    pub(super) fn start_of(chunk: u32) -> u64 {
        HEADER as u64 + u64::from(chunk) * SEALED as u64
    }

    /// Plain bytes of a chunk.
    pub(super) fn plain(self, chunk: u32) -> usize {
        let rest = self.length.saturating_sub(u64::from(chunk) * CHUNK as u64);
        usize::try_from(rest).unwrap_or(CHUNK).min(CHUNK)
    }

    pub(super) fn is_last(self, chunk: u32) -> bool {
        chunk + 1 == self.chunks
    }
}

/// Seals and opens the chunks of one file.
pub(super) struct Seal {
    cipher: XChaCha20Poly1305,
    prefix: [u8; PREFIX],
    bound_to: Vec<u8>,
}

impl Seal {
    /// For a new file: the header to write, and its seal.
    pub(super) fn create(key: &[u8; 32], name: &str) -> io::Result<([u8; HEADER], Self)> {
        let mut prefix = [0; PREFIX];
        getrandom::fill(&mut prefix).map_err(|_| io::Error::other("the system has no randomness"))?;
        let mut header = [0; HEADER];
        let (magic, rest) = header.split_at_mut(MAGIC.len());
        magic.copy_from_slice(MAGIC);
        rest.iter_mut().zip(prefix).for_each(|(to, from)| *to = from);
        Ok((header, Self::new(key, name, prefix)))
    }

    /// For a file that begins with `header`.
    pub(super) fn of(key: &[u8; 32], name: &str, header: &[u8; HEADER]) -> io::Result<Self> {
        let (magic, rest) = header.split_at(MAGIC.len());
        if magic != MAGIC {
            return Err(damaged("not a media file"));
        }
        let mut prefix = [0; PREFIX];
        prefix.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        Ok(Self::new(key, name, prefix))
    }

    fn new(key: &[u8; 32], name: &str, prefix: [u8; PREFIX]) -> Self {
        let bound_to = [MAGIC.as_slice(), name.as_bytes()].concat();
        Self { cipher: XChaCha20Poly1305::new(key.into()), prefix, bound_to }
    }

    fn nonce(&self, chunk: u32, last: bool) -> XNonce {
        let mut nonce = XNonce::default();
        let parts = self.prefix.into_iter().chain(chunk.to_be_bytes()).chain([u8::from(last)]);
        nonce.iter_mut().zip(parts).for_each(|(to, from)| *to = from);
        nonce
    }

    /// Seals `plain` in place and appends its tag.
    pub(super) fn seal(&self, chunk: u32, last: bool, plain: &mut Vec<u8>) -> io::Result<()> {
        let tag = self
            .cipher
            .encrypt_in_place_detached(&self.nonce(chunk, last), &self.bound_to, plain)
            .map_err(|_| io::Error::other("a chunk could not be sealed"))?;
        plain.extend_from_slice(&tag);
        Ok(())
    }

    /// Opens a sealed chunk in place and removes its tag.
    pub(super) fn open(&self, chunk: u32, last: bool, sealed: &mut Vec<u8>) -> io::Result<()> {
        let Some(length) = sealed.len().checked_sub(TAG) else {
            return Err(damaged("a chunk is cut short"));
        };
        let tag = Tag::clone_from_slice(&sealed.split_off(length));
        self.cipher
            .decrypt_in_place_detached(&self.nonce(chunk, last), &self.bound_to, sealed, &tag)
            .map_err(|_| damaged("a chunk was changed, moved or cut"))
    }
}

pub(super) fn damaged(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

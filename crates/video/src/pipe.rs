//! The two pipes between a parent and its decoder child.
//!
//! A message is its length (u32, little endian, what follows), its kind (one byte) and its body. Ids are chosen
//! by the side that asks and come back in the answer.
//!
//! | kind | from | body |
//! |---|---|---|
//! | hello | child | [`GREETING`]; its first message |
//! | ask | parent | u32 ask, JSON of [`Ask`] |
//! | chunk | child | u32 ask, bytes: the next part of an answer |
//! | write | child | u32 ask, u64 offset, bytes of a rendition |
//! | alive | child | nothing: work goes on |
//! | done | child | u32 ask, JSON of `Result<Value, VideoError>`: the end of an answer |
//! | read | child | u32 read, u64 offset, u32 length: bytes of the clip, please |
//! | bytes | parent | u32 read, u8 (1 when reading failed), bytes; none at the end |
//! | arrived | parent | u8 (1 once everything is here), u64 start and u64 end of each range that is |
//! | want | child | u64 offset: what follows it is fetched first |
//!
//! **Invariant:** no message is longer than [`LONGEST`], and neither side allocates for a length it has not
//! checked.

use std::io::{self, Read, Write};

use limpet_model::Micros;
use serde::{Deserialize, Serialize};

use crate::{Order, Passage};

/// First bytes of a child that is what we think it is.
pub const GREETING: &[u8] = b"limpet decoder 1";
/// Longest message in bytes, kind included.
pub const LONGEST: usize = MOST_BYTES + 64;
/// Most bytes of clip, picture or rendition in one message.
pub const MOST_BYTES: usize = 1 << 20;

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    Hello = 1,
    Ask = 2,
    Chunk = 3,
    Write = 4,
    Alive = 5,
    Done = 6,
    Read = 7,
    Bytes = 8,
    Arrived = 9,
    Want = 10,
}

impl Kind {
    fn from_byte(byte: u8) -> Option<Self> {
        use Kind::{Alive, Arrived, Ask, Bytes, Chunk, Done, Hello, Read, Want, Write};
        let all = [Hello, Ask, Chunk, Write, Alive, Done, Read, Bytes, Arrived, Want];
        all.into_iter().find(|kind| *kind as u8 == byte)
    }
}

/// What a parent asks of its child.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Ask {
    /// Open the clip of `len` bytes, this track or the main one, and index it. Chunks: JSON of
    /// [`crate::clip::Opened`].
    Open { len: u64, track: Option<usize> },
    /// Serve the frame socket for this track, or the main one, of the clip of `len` bytes, which is opened and indexed
    /// meanwhile, and keep so many bytes of its pictures. Value: its address.
    Serve { len: u64, track: Option<usize>, memory: u64 },
    /// What is known of the clip behind the frame socket, once it is. Chunks as for open.
    Facts,
    /// One frame at full resolution, by what is known of the clip now. Value: [`Taken`]. Chunks: RGB8.
    Still { frame: u32 },
    /// How long the clip is by what is known of it now. Value: [`Length`].
    Length,
    /// A picture of the clip, its longest side at most this. Value: [`Size`]. Chunks: RGB8.
    Poster { max_side: u32 },
    /// The browser-playable copy, in writes.
    Rendition,
    /// Hash every frame in this order. Chunks: [`crate::clip::FrameHash`] records.
    Hashes { order: Order },
    /// Hash every frame as the frame socket would send it, decoded from the start without a seek. Chunks as for
    /// hashes.
    Views { max_width: u32, max_height: u32 },
    /// The same for the small copies that are shown under a moving hand.
    Sketches,
    /// Decode a photo of `len` bytes. Value: [`Size`]. Chunks: RGB8.
    Photo { len: u64, max_side: u32 },
    /// Where in a photo of `len` bytes its moving part lies. Value: a range of bytes, or null.
    Motion { len: u64 },
    /// Sound of a passage from its sample `at` on. Chunks: 16-bit stereo, little endian, at most `most` samples.
    Sound { passage: Passage, at: u64, most: u32 },
    /// What the child has used so far. Value: [`crate::Usage`].
    Usage,
}

/// Size of a picture that follows in chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    pub width: u32,
    pub height: u32,
}

/// A frame that follows in chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    #[serde(flatten)]
    pub size: Size,
    /// Its time from the start of the clip.
    pub at: Micros,
}

/// How long a clip is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Length {
    /// From its first frame to the end of the last one that is known.
    pub duration: Micros,
    /// Whether nothing more can become known.
    pub whole: bool,
}

/// Writes one message and flushes.
pub fn send(to: &mut impl Write, kind: Kind, body: &[&[u8]]) -> io::Result<()> {
    let len = 1 + body.iter().map(|part| part.len()).sum::<usize>();
    let len = u32::try_from(len).ok().filter(|len| *len as usize <= LONGEST).ok_or_else(too_long)?;
    let mut head = Vec::with_capacity(64);
    head.extend_from_slice(&len.to_le_bytes());
    head.push(kind as u8);
    let (small, big): (Vec<&[u8]>, Vec<&[u8]>) = match body {
        [all @ .., last] if last.len() > 4096 => (all.to_vec(), vec![last]),
        all => (all.to_vec(), Vec::new()),
    };
    for part in small {
        head.extend_from_slice(part);
    }
    to.write_all(&head)?;
    big.iter().try_for_each(|part| to.write_all(part))?;
    to.flush()
}

/// Reads one message. `None` at the end of the pipe.
pub fn receive(from: &mut impl Read) -> io::Result<Option<(Kind, Vec<u8>)>> {
    let mut head = [0; 4];
    match from.read_exact(&mut head) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let len = u32::from_le_bytes(head) as usize;
    if len == 0 || len > LONGEST {
        return Err(too_long());
    }
    let mut kind = [0];
    from.read_exact(&mut kind)?;
    let [kind] = kind;
    let kind = Kind::from_byte(kind).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))?;
    let mut body = vec![0; len - 1];
    from.read_exact(&mut body)?;
    Ok(Some((kind, body)))
}

fn too_long() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "a message between parent and decoder has an impossible length",
    )
}

/// Takes numbers off the front of a message body.
pub struct Body<'a>(pub &'a [u8]);

impl<'a> Body<'a> {
    fn take<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let (front, rest) = self.0.split_first_chunk().ok_or(io::ErrorKind::UnexpectedEof)?;
        self.0 = rest;
        Ok(*front)
    }

    pub fn u8(&mut self) -> io::Result<u8> {
        self.take().map(|[byte]| byte)
    }

    pub fn u32(&mut self) -> io::Result<u32> {
        self.take().map(u32::from_le_bytes)
    }

    pub fn u64(&mut self) -> io::Result<u64> {
        self.take().map(u64::from_le_bytes)
    }

    pub fn rest(self) -> &'a [u8] {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_out_as_they_went_in() {
        let big = vec![7; MOST_BYTES];
        let mut pipe = Vec::new();
        send(&mut pipe, Kind::Ask, &[&5_u32.to_le_bytes(), b"{}"]).unwrap();
        send(&mut pipe, Kind::Bytes, &[&6_u32.to_le_bytes(), &[0], &big]).unwrap();
        let mut from = pipe.as_slice();
        let (kind, body) = receive(&mut from).unwrap().unwrap();
        assert_eq!(kind, Kind::Ask);
        let mut body = Body(&body);
        assert_eq!(body.u32().unwrap(), 5);
        assert_eq!(body.rest(), b"{}");
        let (kind, body) = receive(&mut from).unwrap().unwrap();
        assert_eq!((kind, body.len()), (Kind::Bytes, MOST_BYTES + 5));
        assert!(receive(&mut from).unwrap().is_none());
    }

    #[test]
    fn impossible_messages_are_refused() {
        let too_long = u32::try_from(LONGEST + 1).unwrap().to_le_bytes();
        assert!(receive(&mut too_long.as_slice()).is_err());
        assert!(receive(&mut [0, 0, 0, 0].as_slice()).is_err());
        assert!(receive(&mut [1, 0, 0, 0, 99].as_slice()).is_err());
        assert!(receive(&mut [9, 0, 0, 0, 1, 1].as_slice()).is_err(), "cut off in the middle");
        assert!(send(&mut Vec::new(), Kind::Chunk, &[&vec![0; LONGEST]]).is_err());
    }
}

//! What the bytes of a packet say of its picture, from all of them or from a glance at where they tell.
//!
//! **Invariant:** a glance sees what a look at the whole packet sees.

use std::{io, ops::Range, thread};

use ffmpeg_next::codec::Id;

use super::Sample;
use crate::{
    ByteSource,
    media::nal::{self, AvcPicture, HevcPicture, MOST_UNITS, Packing},
};

/// What the bytes of a packet say.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Nothing: they were not looked at, or have nothing to say.
    #[default]
    Nothing,
    /// H.264.
    Avc {
        picture: AvcPicture,
        /// See [`nal::avc_leans_on_later`].
        leans_on_later: bool,
    },
    /// HEVC.
    Hevc {
        picture: HevcPicture,
        /// Whether it ends its sequence.
        ends: bool,
        /// See [`nal::hevc_layer`].
        layer: Option<(u8, bool)>,
    },
    /// Whether decoding can start there, and whether it holds more than one picture.
    Mpeg { clean: bool, packed: bool },
    /// Whether it is never shown.
    Vp8 { hidden: bool },
}

impl Look {
    /// Looks at all of a packet.
    pub fn at(data: &[u8], codec: Id, packing: Packing) -> Self {
        match codec {
            Id::H264 | Id::HEVC => Self::of_units(codec, &packing.units(data)),
            Id::VP8 => Self::Vp8 { hidden: nal::vp8_is_hidden(data) },
            Id::MPEG1VIDEO | Id::MPEG2VIDEO => Self::Mpeg { clean: nal::mpeg2_is_intra(data), packed: false },
            Id::MPEG4 => Self::Mpeg { clean: nal::mpeg4_is_intra(data), packed: nal::mpeg4_is_packed(data) },
            Id::H263 => Self::Mpeg { clean: nal::h263_is_intra(data), packed: false },
            _ => Self::Nothing,
        }
    }

    fn of_units(codec: Id, units: &[&[u8]]) -> Self {
        if codec == Id::H264 {
            let picture = nal::avc_picture(units);
            return Self::Avc { picture, leans_on_later: nal::avc_leans_on_later(units) };
        }
        let (picture, ends) = nal::hevc_picture(units);
        Self::Hevc { picture, ends, layer: nal::hevc_layer(units) }
    }
}

/// Looks at packets of units without reading all of them.
#[derive(Debug, Clone, Copy)]
pub struct Glance {
    codec: Id,
    /// Length of a unit's length.
    bytes: usize,
}

/// Read of a packet at once: what stands before its first slice, and the beginning of that, mostly.
const HEAD: usize = 256;
/// Packets that are longer than this, bytes, cost more to read than to look at.
const WORTH: u64 = 16 << 10;
/// Looks at one time.
const READERS: usize = 4;
/// Bytes of a unit that tell what it is: its head, and the kind of its slice, which stands behind a block's number.
const TELLS: usize = 16;
/// Supplemental information, H.264, is read whole up to this long.
const MOST_SEI: usize = 64 << 10;

impl Glance {
    /// `None` when that takes all of a packet.
    pub fn at_packets_of(codec: Id, packing: Packing) -> Option<Self> {
        match (codec, packing) {
            (Id::H264 | Id::HEVC, Packing::Lengths(bytes)) => Some(Self { codec, bytes }),
            _ => None,
        }
    }

    /// Whether it costs less than reading so many packets of so many bytes together.
    pub fn is_worth(packets: usize, bytes: u64) -> bool {
        bytes / (packets as u64).max(1) > WORTH
    }

    /// Looks at each of these packets, at several at a time: most of a look is waiting for bytes.
    pub fn at_all(self, source: &dyn ByteSource, packets: &[Sample]) -> io::Result<Vec<Look>> {
        let part = packets.len().div_ceil(READERS).max(1);
        thread::scope(|scope| {
            let look = |packets: &[Sample]| packets.iter().map(|packet| self.at(source, packet)).collect();
            // The system may have no thread left.
            let begin = |part| thread::Builder::new().spawn_scoped(scope, move || look(part));
            let parts: Vec<_> = packets.chunks(part).map(begin).collect();
            let mut looks = Vec::with_capacity(packets.len());
            for part in parts {
                let part: io::Result<Vec<Look>> =
                    part?.join().map_err(|_| io::Error::other("a look failed"))?;
                looks.extend(part?);
            }
            Ok(looks)
        })
    }

    /// What is not there is not looked at.
    fn at(self, source: &dyn ByteSource, sample: &Sample) -> io::Result<Look> {
        let Some(packet) = sample.bytes().filter(|_| sample.seen) else { return Ok(Look::Nothing) };
        self.in_bytes(source, packet)
    }

    fn in_bytes(self, source: &dyn ByteSource, packet: Range<u64>) -> io::Result<Look> {
        let mut window = Window { source, packet: packet.clone(), begins: packet.start, bytes: Vec::new() };
        let (mut units, mut at) = (Vec::new(), packet.start);
        while units.len() < MOST_UNITS {
            let length = window.get(at, self.bytes)?;
            if length.len() < self.bytes {
                break;
            }
            let length = length.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
            at += self.bytes as u64;
            let length = length.min(packet.end.saturating_sub(at));
            if length == 0 {
                break;
            }
            let head = window.get(at, 1)?;
            let is_sei = self.codec == Id::H264 && head.first().is_some_and(|head| head & 0x1f == 6);
            let most = if is_sei { MOST_SEI } else { TELLS };
            let unit = window.get(at, usize::try_from(length).unwrap_or(most).min(most))?;
            units.push(unit.to_vec());
            at += length;
        }
        let units: Vec<&[u8]> = units.iter().map(Vec::as_slice).collect();
        Ok(Look::of_units(self.codec, &units))
    }
}

/// The part of a packet that was read last.
struct Window<'a> {
    source: &'a dyn ByteSource,
    packet: Range<u64>,
    begins: u64,
    bytes: Vec<u8>,
}

impl Window<'_> {
    /// So many bytes from there on, fewer at the end of the packet or of the clip.
    fn get(&mut self, at: u64, count: usize) -> io::Result<&[u8]> {
        let left = usize::try_from(self.packet.end.saturating_sub(at)).unwrap_or(usize::MAX);
        let count = count.min(left);
        if at < self.begins || at + count as u64 > self.begins + self.bytes.len() as u64 {
            self.begins = at;
            self.bytes.resize(count.max(HEAD).min(left), 0);
            let mut read = 0;
            while let Some(rest) = self.bytes.get_mut(read..).filter(|rest| !rest.is_empty()) {
                match self.source.read_at(at + read as u64, rest)? {
                    0 => break,
                    more => read += more,
                }
            }
            self.bytes.truncate(read);
        }
        let from = usize::try_from(at - self.begins).unwrap_or(usize::MAX);
        let upto = from.saturating_add(count).min(self.bytes.len());
        Ok(self.bytes.get(from..upto).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A source that gives few bytes at a time.
    struct Drops(Vec<u8>);

    impl ByteSource for Drops {
        fn len(&self) -> io::Result<u64> {
            Ok(self.0.len() as u64)
        }

        fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
            let most = buf.len().min(3);
            self.0.read_at(offset, &mut buf[..most])
        }
    }

    fn unit() -> impl Strategy<Value = Vec<u8>> {
        let kinds = prop_oneof![Just(0x06_u8), Just(0x65), Just(0x41), any::<u8>()];
        let rest = prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..400),
            Just(vec![5, 1, 0xaa, 6, 1, 0xc0, 0x80])
        ];
        (kinds, rest).prop_map(|(kind, rest)| [vec![kind], rest].concat())
    }

    proptest! {
        #[test]
        fn a_glance_sees_what_a_look_does(
            units in proptest::collection::vec(unit(), 0..6),
            bytes in 2..5_usize,
            cut in 0..64_usize,
            before in 0..5_usize,
        ) {
            let mut packet = Vec::new();
            for unit in &units {
                packet.extend_from_slice(&u32::try_from(unit.len()).unwrap().to_be_bytes()[4 - bytes..]);
                packet.extend_from_slice(unit);
            }
            packet.truncate(packet.len().saturating_sub(cut));
            let place = before as u64..(before + packet.len()) as u64;
            let file = Drops([vec![0x65; before], packet.clone(), vec![0x65; 9]].concat());
            for codec in [Id::H264, Id::HEVC] {
                let packing = Packing::Lengths(bytes);
                let glance = Glance::at_packets_of(codec, packing).unwrap();
                prop_assert_eq!(
                    glance.in_bytes(&file, place.clone()).unwrap(),
                    Look::at(&packet, codec, packing)
                );
            }
        }
    }
}

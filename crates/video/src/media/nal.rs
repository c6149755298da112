//! Just enough of H.264 and HEVC bitstreams to know where decoding can start and which pictures are never shown.
//!
//! Source: ITU-T H.264 7.3.1, D.1.8; ITU-T H.265 7.3.1.2, table 7-1, 8.1.3.
//!
//! **Invariant:** any bytes are accepted; what is not understood is not a clean start.

use super::bits::Bits;

/// How NAL units are packed in a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// Each after its length in this many bytes, as in MP4.
    Lengths(usize),
    /// Each after a start code, as in transport streams.
    StartCodes,
}

/// Units looked at in one packet; a picture's kind stands in the first few.
pub const MOST_UNITS: usize = 64;

impl Packing {
    /// From an `avcC` record, H.264.
    pub fn of_avc(extradata: &[u8]) -> Self {
        match extradata {
            [1, _, _, _, lengths, ..] => Self::Lengths(usize::from(lengths & 3) + 1),
            _ => Self::StartCodes,
        }
    }

    /// From an `hvcC` record, HEVC.
    pub fn of_hevc(extradata: &[u8]) -> Self {
        match extradata.get(21) {
            Some(lengths) if extradata.first() == Some(&1) => Self::Lengths(usize::from(lengths & 3) + 1),
            _ => Self::StartCodes,
        }
    }

    /// The units of a packet, at most the first 64.
    pub fn units(self, mut data: &[u8]) -> Vec<&[u8]> {
        let mut units = Vec::new();
        while units.len() < MOST_UNITS {
            let next = match self {
                Self::Lengths(bytes) => split_length(data, bytes),
                Self::StartCodes => split_start_code(data),
            };
            let Some((unit, rest)) = next else { break };
            if !unit.is_empty() {
                units.push(unit);
            }
            data = rest;
        }
        units
    }
}

fn split_length(data: &[u8], bytes: usize) -> Option<(&[u8], &[u8])> {
    let (length, rest) = data.split_at_checked(bytes)?;
    let length = length.iter().fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte));
    Some(rest.split_at(length.min(rest.len()))).filter(|(unit, _)| !unit.is_empty())
}

fn split_start_code(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let start = data.windows(3).position(|code| code == [0, 0, 1])? + 3;
    let body = data.get(start..)?;
    let end = body.windows(3).position(|code| code == [0, 0, 1]).unwrap_or(body.len());
    Some(body.split_at(end))
}

/// What an H.264 packet is, as far as starting to decode goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AvcPicture {
    /// Starts afresh.
    Idr,
    /// A recovery point at this very picture: starts afresh for everything shown after it.
    RecoveryPoint,
    /// Needs what came before.
    Other,
}

/// Classifies an H.264 packet.
pub fn avc_picture(units: &[&[u8]]) -> AvcPicture {
    let kind = |unit: &&[u8]| unit.first().map_or(0, |head| head & 0x1f);
    if units.iter().any(|unit| kind(unit) == 5) {
        AvcPicture::Idr
    } else if units.iter().filter(|unit| kind(unit) == 6).any(|sei| recovers_at_once(sei)) {
        AvcPicture::RecoveryPoint
    } else {
        AvcPicture::Other
    }
}

/// Whether a packet holds a picture, H.264, that may lean on later ones (slice type B): it is shown before them.
pub fn avc_leans_on_later(units: &[&[u8]]) -> bool {
    units.iter().any(|unit| match unit {
        [head, slice @ ..] if head & 0x1f == 1 => {
            let mut bits = Bits::new(slice);
            let kind = bits.number().and_then(|_first| bits.number());
            kind.is_some_and(|kind| kind % 5 == 1)
        }
        _ => false,
    })
}

/// Whether an SEI unit holds a recovery point (payload type 6) with `recovery_frame_cnt` 0 that promises exact
/// pictures (`exact_match_flag`): an approximate one may lean on what came before it.
fn recovers_at_once(sei: &[u8]) -> bool {
    let mut bits = Bits::new(sei);
    let sei: Vec<u8> = std::iter::from_fn(|| u8::try_from(bits.take(8)?).ok()).collect();
    let mut rest = sei.get(1..).unwrap_or_default();
    while rest.len() > 2 {
        let Some((kind, after)) = sei_number(rest) else { return false };
        let Some((size, after)) = sei_number(after) else { return false };
        let Some((payload, after)) = after.split_at_checked(size) else { return false };
        if kind == 6 {
            // ue(v), of which a leading one bit is 0, then the flag.
            return payload.first().is_some_and(|first| first & 0xc0 == 0xc0);
        }
        rest = after;
    }
    false
}

fn sei_number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let full = bytes.iter().take_while(|byte| **byte == 0xff).count();
    let last = bytes.get(full)?;
    Some((full * 255 + usize::from(*last), bytes.get(full + 1..)?))
}

/// What an HEVC packet is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HevcPicture {
    /// IDR: starts afresh, nothing before it is referred to by anything after.
    Idr,
    /// Clean random access: starts afresh for everything shown after it; RASL pictures need what came before.
    Cra,
    /// Broken link: as CRA, and its RASL pictures are never shown.
    Bla,
    /// Random access skipped leading: shown before its CRA, decodable only when decoding began earlier.
    Rasl,
    /// Anything else.
    Other,
}

/// Classifies an HEVC packet by its first picture unit, and says whether it ends the sequence.
pub fn hevc_picture(units: &[&[u8]]) -> (HevcPicture, bool) {
    let kinds = || units.iter().filter_map(|unit| unit.first()).map(|head| head >> 1 & 0x3f);
    let picture = match kinds().find(|kind| *kind < 32) {
        Some(19 | 20) => HevcPicture::Idr,
        Some(21) => HevcPicture::Cra,
        Some(16..=18) => HevcPicture::Bla,
        Some(8 | 9) => HevcPicture::Rasl,
        _ => HevcPicture::Other,
    };
    (picture, kinds().any(|kind| kind == 36 || kind == 37))
}

/// The temporal layer of an HEVC picture, and whether no other of its layer leans on it (ITU-T H.265 7.4.2.2: even
/// types below 16 are sub-layer non-reference pictures).
pub fn hevc_layer(units: &[&[u8]]) -> Option<(u8, bool)> {
    units.iter().find_map(|unit| match unit {
        [first, second, ..] if first >> 1 & 0x3f < 32 => {
            let kind = first >> 1 & 0x3f;
            Some(((second & 7).saturating_sub(1), kind < 16 && kind.is_multiple_of(2)))
        }
        _ => None,
    })
}

/// Whether a VP8 packet is a picture that is only referred to, never shown (RFC 6386, 9.1).
pub fn vp8_is_hidden(data: &[u8]) -> bool {
    data.first().is_some_and(|tag| tag & 0x10 == 0)
}

/// Whether an MPEG-1 or MPEG-2 packet begins with a picture coded on its own (ISO/IEC 13818-2, 6.3.9).
pub fn mpeg2_is_intra(data: &[u8]) -> bool {
    after_code(data, 0x00).is_some_and(|header| header.get(1).is_some_and(|byte| byte >> 3 & 7 == 1))
}

/// Whether an MPEG-4 part 2 packet begins with a picture coded on its own (ISO/IEC 14496-2, 6.3.5).
pub fn mpeg4_is_intra(data: &[u8]) -> bool {
    after_code(data, 0xb6).is_some_and(|header| header.first().is_some_and(|byte| byte >> 6 == 0))
}

/// Whether an MPEG-4 part 2 packet holds more than one picture, as AVI files do that were made for old players.
pub fn mpeg4_is_packed(data: &[u8]) -> bool {
    after_code(data, 0xb6).is_some_and(|rest| after_code(rest, 0xb6).is_some())
}

/// Whether an H.263 packet is a picture coded on its own (ITU-T H.263, 5.1).
pub fn h263_is_intra(data: &[u8]) -> bool {
    let mut head = [0; 16];
    let Some(start) = data.get(..data.len().min(16)) else { return false };
    head.iter_mut().zip(start).for_each(|(to, from)| *to = *from);
    let head = u128::from_be_bytes(head);
    let bits = |at: u32, count: u32| head >> (128 - at - count) & ((1 << count) - 1);
    if bits(0, 22) != 0x20 {
        return false;
    }
    match (bits(35, 3), bits(38, 3)) {
        // PLUSPTYPE, with or without its first part.
        (7, 1) => bits(59, 3) == 0,
        (7, _) => bits(41, 3) == 0,
        _ => bits(38, 1) == 0,
    }
}

/// What follows the first start code of this kind.
fn after_code(data: &[u8], kind: u8) -> Option<&[u8]> {
    let at = data.windows(4).position(|code| code == [0, 0, 1, kind])?;
    data.get(at + 4..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_of_old_codecs_say_whether_they_stand_alone() {
        assert!(mpeg2_is_intra(&[0, 0, 1, 0xb3, 9, 0, 0, 1, 0, 0, 0b0000_1000]));
        assert!(!mpeg2_is_intra(&[0, 0, 1, 0, 0, 0b0001_0000]));
        assert!(mpeg4_is_intra(&[0, 0, 1, 0xb6, 0b0010_0000]));
        assert!(!mpeg4_is_intra(&[0, 0, 1, 0xb6, 0b0110_0000]), "an empty picture after a key frame");
        assert!(h263_is_intra(&[0, 0, 0x80, 0x02, 0b0000_1100, 0]));
        assert!(!h263_is_intra(&[0, 0, 0x80, 0x02, 0b0000_1110, 0]));
        assert!(!h263_is_intra(&[]) && !mpeg2_is_intra(&[]) && !mpeg4_is_intra(&[0, 0, 1, 0xb6]));
    }

    #[test]
    fn units_come_apart_in_both_packings() {
        let lengths = [0, 0, 0, 2, 0x65, 1, 0, 0, 0, 1, 0x41];
        assert_eq!(Packing::Lengths(4).units(&lengths), [&[0x65, 1][..], &[0x41]]);
        let codes = [0, 0, 0, 1, 0x65, 1, 0, 0, 1, 0x41];
        assert_eq!(avc_picture(&Packing::StartCodes.units(&codes)), AvcPicture::Idr);
        assert_eq!(Packing::StartCodes.units(&codes).len(), 2);
    }

    #[test]
    fn a_recovery_point_counts_only_when_it_recovers_at_once() {
        let point = |first: u8| [0x06, 5, 1, 0xaa, 6, 1, first, 0x80];
        assert_eq!(avc_picture(&[&point(0b1100_0000), &[0x41]]), AvcPicture::RecoveryPoint);
        assert_eq!(avc_picture(&[&point(0b0101_0000), &[0x41]]), AvcPicture::Other);
        assert_eq!(avc_picture(&[&point(0b1000_0000), &[0x41]]), AvcPicture::Other, "only about right");
        // Three bytes that keep start codes out are no part of the six that are said to come.
        let other = [0x06, 5, 9, 0, 0, 3, 0, 0, 3, 0, 0, 3, 6, 1, 0xc0, 0x80];
        assert_eq!(avc_picture(&[&other, &[0x41]]), AvcPicture::Other);
    }

    #[test]
    fn a_picture_that_leans_on_later_ones_is_told() {
        // First block 0, then the type: 5 (P), 6 (B), 1 (B), 7 (I).
        let leans = |slice: u8| avc_leans_on_later(&[&[0x06, 0xff], &[0x41, slice, 0]]);
        assert_eq!(
            [0b1001_1000, 0b1001_1100, 0b1010_0000, 0b1000_1000].map(leans),
            [false, true, true, false]
        );
        assert!(!avc_leans_on_later(&[&[0x65, 0b1010_0000], &[1]]));
    }

    #[test]
    fn hevc_kinds_are_told_apart() {
        let unit = |kind: u8| [kind << 1, 1];
        assert_eq!(hevc_picture(&[&unit(32), &unit(21)]), (HevcPicture::Cra, false));
        assert_eq!(hevc_picture(&[&unit(9), &unit(36)]), (HevcPicture::Rasl, true));
        assert_eq!(hevc_picture(&[&unit(1)]), (HevcPicture::Other, false));
        assert_eq!(hevc_layer(&[&unit(32), &[1 << 1, 3]]), Some((2, false)));
        assert_eq!(hevc_layer(&[&[2 << 1, 1]]), Some((0, true)));
        assert_eq!(hevc_layer(&[&unit(32), &[2]]), None);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_accepted(data: Vec<u8>, bytes in 1_usize..5) {
            for packing in [Packing::Lengths(bytes), Packing::StartCodes] {
                let units = packing.units(&data);
                avc_picture(&units);
                hevc_picture(&units);
                hevc_layer(&units);
            }
            mpeg2_is_intra(&data);
            mpeg4_is_intra(&data);
            mpeg4_is_packed(&data);
            h263_is_intra(&data);
        }
    }
}

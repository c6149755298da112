//! The moving part of a photo: a clip of some seconds that phones put behind or into it.
//!
//! Where it lies is said in a different way by every maker and year: in XMP (`GCamera:MicroVideoOffset`, the lengths
//! of `Container:Item`), before a trailer (Samsung's `MotionPhoto_Data`), in a box (`mpvd` of a HEIC). What lies there
//! is always the same, a whole MP4. So it is looked for, which also finds it where an editor has moved it, and believed
//! when its boxes lead from one to the next and one of them is the description.
//!
//! **Invariant:** any bytes are accepted; at most [`CANDIDATES`] places and [`BOXES`] boxes at each are looked at.

use std::ops::Range;

use crate::{StillBrand, media::boxes::Head};

/// Places that could be a beginning. By chance there are none.
const CANDIDATES: usize = 32;
/// Boxes of one clip.
const BOXES: usize = 64;
/// Boxes that an MP4 has at the top.
const TOP: [&[u8; 4]; 12] = [
    b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"uuid", b"meta", b"moof", b"mfra", b"sidx",
    b"pdin",
];

/// Where in a photo the clip lies; `None` when there is none.
pub fn find(photo: &[u8]) -> Option<Range<u64>> {
    // What a HEIC itself begins with is the photo.
    let names = photo.windows(4).enumerate().skip(5).filter(|(_, name)| name == b"ftyp");
    names.take(CANDIDATES).find_map(|(at, _)| clip(photo, at - 4))
}

fn clip(photo: &[u8], start: usize) -> Option<Range<u64>> {
    if StillBrand::of(photo.get(start..)?).is_some() {
        return None;
    }
    let (mut at, mut described) = (start, false);
    for n in 0..BOXES {
        let Some(Head { name, size, .. }) = Head::read(photo.get(at..)?) else { break };
        if !TOP.contains(&&name) || (n > 0 && &name == b"ftyp") {
            break;
        }
        described |= &name == b"moov";
        let size = size.and_then(|size| usize::try_from(size).ok());
        at = size.map_or(photo.len(), |size| at.saturating_add(size).min(photo.len()));
    }
    described.then_some(start as u64..at as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const JPEG: &[u8] = b"\xff\xd8\xff\xe0 a picture \xff\xd9";
    const MP4: &[u8] = b"\0\0\0\x10ftypmp42\0\0\0\0\0\0\0\x0cmdat1234\0\0\0\x08moov";

    fn found(parts: &[&[u8]]) -> Option<(usize, usize)> {
        let range = find(&parts.concat())?;
        Some((usize::try_from(range.start).unwrap(), usize::try_from(range.end).unwrap()))
    }

    #[test]
    fn it_ends_where_its_boxes_end() {
        let (from, to) = (JPEG.len(), JPEG.len() + MP4.len());
        assert_eq!(found(&[JPEG, MP4]), Some((from, to)));
        assert_eq!(found(&[JPEG, MP4, b"\0\0\x01\x02SEFH trailer"]), Some((from, to)));
        assert_eq!(found(&[JPEG, b"MotionPhoto_Data", MP4]), Some((from + 16, to + 16)));
        let large = b"\0\0\0\x10ftypmp42\0\0\0\0\0\0\0\x08moov\0\0\0\x01mdat\0\0\0\0\0\0\0\x141234";
        assert_eq!(found(&[JPEG, large]), Some((from, from + large.len())));
        let heic = b"\0\0\0\x10ftypheic\0\0\0\0\0\0\0\x08meta\0\0\0\x2cmpvd";
        assert_eq!(found(&[heic, MP4]), Some((heic.len(), heic.len() + MP4.len())));
    }

    #[test]
    fn without_a_description_there_is_no_clip() {
        assert_eq!(found(&[JPEG]), None);
        assert_eq!(found(&[JPEG, &MP4[..28]]), None);
        assert_eq!(found(&[JPEG, b"\0\0\0\x10ftypmif1\0\0\0\0\0\0\0\x08moov"]), None);
        assert_eq!(found(&[JPEG, b"\0\0\0\x03ftypmp42\0\0\0\x08moov"]), None);
    }

    /// From every beginning boxes lead to the end: this would take the square of its length.
    #[test]
    fn a_chain_of_beginnings_takes_no_time() {
        let chain = b"\0\0\0\x10free\0\0\0\x08ftyp".repeat(1 << 20);
        assert_eq!(found(&[JPEG, &chain]), None);
    }
}

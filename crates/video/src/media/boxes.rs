//! Boxes, of which MP4, QuickTime and HEIC files are made, and in which of them packets lie.
//!
//! Source: ISO/IEC 14496-12 4.2.
//!
//! **Invariant:** any bytes are accepted. Whatever is in a box, the next one begins behind it.

use std::ops::Range;

use crate::ByteSource;

/// Boxes at the top of a file that is not made of fragments.
const MOST_BOXES: usize = 32;

/// What stands before the inside of a box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Its name.
    pub name: [u8; 4],
    /// Bytes of this head.
    pub len: u64,
    /// Bytes of the whole box, this head too; `None` when it reaches to the end of the file.
    pub size: Option<u64>,
}

/// Most bytes of a head.
const HEAD: usize = 16;

impl Head {
    /// Of the box that begins with these bytes. `None` when there is none.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let (size, rest) = bytes.split_first_chunk()?;
        let (name, rest) = rest.split_first_chunk()?;
        let (len, size) = match u32::from_be_bytes(*size) {
            0 => (8, None),
            1 => (16, Some(u64::from_be_bytes(*rest.first_chunk()?))),
            size => (8, Some(u64::from(size))),
        };
        size.is_none_or(|size| size >= len).then_some(Self { name: *name, len, size })
    }
}

/// The insides of the boxes that hold nothing but packets. `None` when the file is in fragments, or is not understood.
pub fn packets(source: &dyn ByteSource) -> Option<Vec<Range<u64>>> {
    let len = source.len().ok()?;
    let (mut packets, mut at) = (Vec::new(), 0_u64);
    for _ in 0..MOST_BOXES {
        if at >= len {
            return Some(packets);
        }
        let mut bytes = [0; HEAD];
        let read = source.read_at(at, &mut bytes).ok()?;
        let head = Head::read(bytes.get(..read)?)?;
        if matches!(&head.name, b"moof" | b"sidx") {
            return None;
        }
        let end = head.size.map_or(Some(len), |size| at.checked_add(size))?;
        if &head.name == b"mdat" {
            packets.push((at + head.len).min(len)..end.min(len));
        }
        at = end;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(boxes: &[(&[u8; 4], usize)]) -> Vec<u8> {
        let each = boxes.iter().map(|(kind, inside)| {
            let size = u32::try_from(inside + 8).unwrap().to_be_bytes();
            [&size[..], *kind, &vec![7; *inside]].concat()
        });
        each.collect::<Vec<_>>().concat()
    }

    fn ranges(file: &Vec<u8>) -> Vec<(u64, u64)> {
        packets(file).unwrap().into_iter().map(|range| (range.start, range.end)).collect()
    }

    #[test]
    fn a_box_is_not_shorter_than_its_head() {
        let head = |bytes: &[u8]| Head::read(bytes).map(|head| (head.len, head.size));
        assert_eq!(head(b"\0\0\0\x08free"), Some((8, Some(8))));
        assert_eq!(head(b"\0\0\0\x07free"), None);
        assert_eq!(head(b"\0\0\0\x01free\0\0\0\0\0\0\0\x10"), Some((16, Some(16))));
        assert_eq!(head(b"\0\0\0\x01free\0\0\0\0\0\0\0\x0f"), None);
        assert_eq!(head(b"\0\0\0\0mdat"), Some((8, None)));
        assert_eq!(head(b"\0\0\0\x08fre"), None);
    }

    #[test]
    fn packets_lie_in_media_data() {
        let plain = file(&[(b"ftyp", 12), (b"mdat", 100), (b"moov", 30), (b"mdat", 5)]);
        assert_eq!(ranges(&plain), [(28, 128), (174, 179)]);
        let mut long = file(&[(b"ftyp", 12), (b"mdat", 40), (b"moov", 30)]);
        long[20..24].copy_from_slice(&1_u32.to_be_bytes());
        long[28..36].copy_from_slice(&48_u64.to_be_bytes());
        assert_eq!(ranges(&long), [(36, 68)]);
        let mut open = file(&[(b"ftyp", 12), (b"mdat", 40)]);
        open[20..24].copy_from_slice(&[0; 4]);
        assert_eq!(ranges(&open), [(28, 68)], "to the end");
        let cut = file(&[(b"moov", 30), (b"mdat", 100)]);
        assert_eq!(ranges(&cut[..80].to_vec()), [(46, 80)]);
    }

    #[test]
    fn fragments_and_what_is_not_understood_are_read_whole() {
        assert_eq!(packets(&file(&[(b"moov", 9), (b"moof", 9), (b"mdat", 9)])), None);
        assert_eq!(packets(&file(&[(b"moov", 9), (b"sidx", 9), (b"mdat", 9)])), None);
        assert_eq!(packets(&file(&[(b"free", 0); 40])), None);
        assert_eq!(packets(&vec![0, 0, 0, 4, 1, 2, 3, 4]), None);
        let endless = [&[0, 0, 0, 8][..], b"free", &[0, 0, 0, 1], b"mdat", &[255; 8]].concat();
        assert_eq!(packets(&endless), None);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_accepted(file: Vec<u8>) {
            let _ = packets(&file);
        }
    }
}

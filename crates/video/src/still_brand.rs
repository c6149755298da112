//! What an ISO media file says it is in its first box, where that is a photo. The one place that decides it, for
//! whoever sorts files by their first bytes.
//!
//! Source: ISO/IEC 14496-12 4.3 (`ftyp`), ISO/IEC 23008-12 annexes B and C (the brands).
//!
//! **Invariant:** any bytes are accepted; nothing past the `ftyp` box is looked at.

/// A photo in an ISO media file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StillBrand {
    /// HEIC, or HEIF that does not say how it is coded.
    Heic,
    /// AVIF, which is the same container with AV1 in it.
    Avif,
}

/// HEVC pictures and sequences of them.
const HEVC: [&[u8; 4]; 6] = [b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"];
const AV1: [&[u8; 4]; 2] = [b"avif", b"avis"];
/// Pictures and sequences, however they are coded.
const ANY: [&[u8; 4]; 4] = [b"mif1", b"mif2", b"msf1", b"miaf"];

impl StillBrand {
    /// By the first bytes of a file; `None` when it is something else.
    ///
    /// The major brand decides where it names a codec. Where it only says "a picture", the others are asked; a file
    /// of another major brand is a video, whatever else it says it can be read as.
    pub fn of(head: &[u8]) -> Option<Self> {
        let (size, rest) = head.split_first_chunk()?;
        let brands = rest.strip_prefix(b"ftyp")?;
        // A box of size 0 or 1 has its size elsewhere, which no writer does here.
        let brands = brands.get(..(u32::from_be_bytes(*size) as usize).checked_sub(8)?).unwrap_or(brands);
        let (major, others) = brands.split_first_chunk()?;
        if HEVC.contains(&major) {
            return Some(Self::Heic);
        }
        if AV1.contains(&major) {
            return Some(Self::Avif);
        }
        if !ANY.contains(&major) {
            return None;
        }
        // After the minor version.
        let others = others.get(4..).unwrap_or_default();
        let says = |brands: &[&[u8; 4]]| others.chunks_exact(4).any(|one| brands.iter().any(|b| one == *b));
        Some(if says(&AV1) && !says(&HEVC) { Self::Avif } else { Self::Heic })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ftyp(brands: &[u8]) -> Vec<u8> {
        let size = u32::try_from(brands.len() + 8).unwrap();
        [&size.to_be_bytes()[..], b"ftyp", brands, b"\0\0\0\x08mdatmoovmif1heic"].concat()
    }

    #[test]
    fn photos_are_told_from_videos() {
        let cases: [(&[u8], Option<StillBrand>); 12] = [
            (b"heic\0\0\0\0mif1heic", Some(StillBrand::Heic)),
            (b"heix\0\0\0\0", Some(StillBrand::Heic)),
            (b"msf1\0\0\0\0hevc", Some(StillBrand::Heic)),
            (b"mif1\0\0\0\0mif1heicmiaf", Some(StillBrand::Heic)),
            (b"mif1\0\0\0\0mif1", Some(StillBrand::Heic)),
            (b"mif1\0\0\0\0mif1avifmiaf", Some(StillBrand::Avif)),
            (b"avif\0\0\0\0mif1heic", Some(StillBrand::Avif)),
            (b"mp42\0\0\0\0mif1heic", None),
            (b"mmp4\0\0\0\0", None),
            (b"qt  \0\0\0\0qt  ", None),
            (b"isom\0\0\0\0", None),
            (b"hei", None),
        ];
        for (brands, what) in cases {
            assert_eq!(StillBrand::of(&ftyp(brands)), what, "{}", String::from_utf8_lossy(brands));
        }
    }

    #[test]
    fn any_bytes_will_do() {
        let whole = ftyp(b"mif1\0\0\0\0mif1avif");
        for end in 0..whole.len() {
            let _ = StillBrand::of(&whole[..end]);
        }
        assert_eq!(StillBrand::of(b"\0\0\0\x00ftypheic"), None);
        assert_eq!(StillBrand::of(b"\xff\xff\xff\xffftypheic"), Some(StillBrand::Heic));
        assert_eq!(StillBrand::of(b"\xff\xd8\xff\xe0"), None);
    }
}

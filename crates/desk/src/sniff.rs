//! What a file is, by its first bytes. Its name is not asked.

use limpet_model::AttachmentKind;
use limpet_video::StillBrand;
use limpet_wire::{Code, Failure};

/// How many bytes of a file are looked at.
pub(crate) const HEAD: usize = 512;

/// What a file is and its media type, or the sentence that says what can be sent.
pub(crate) fn sniff(head: &[u8]) -> Result<(AttachmentKind, &'static str), Failure> {
    use AttachmentKind::{Clip, Document, Photo};
    let at = |offset: usize, what: &[u8]| head.get(offset..).is_some_and(|rest| rest.starts_with(what));
    let brand = head.get(8..12).unwrap_or_default();
    let found = if at(0, b"\xff\xd8\xff") {
        (Photo, "image/jpeg")
    } else if at(0, b"\x89PNG\r\n\x1a\n") {
        (Photo, "image/png")
    } else if at(0, b"RIFF") && at(8, b"WEBP") {
        (Photo, "image/webp")
    } else if let Some(still) = StillBrand::of(head) {
        match still {
            StillBrand::Heic => (Photo, "image/heic"),
            StillBrand::Avif => {
                return Err(Failure::new(
                    Code::Invalid,
                    "An AVIF picture cannot be sent. Save it as JPEG and choose that.",
                ));
            }
        }
    } else if at(4, b"ftyp") && brand == b"qt  " {
        (Clip, "video/quicktime")
    } else if at(4, b"ftyp") && brand.starts_with(b"3g") {
        (Clip, "video/3gpp")
    } else if at(4, b"ftyp") && brand != b"M4A " {
        (Clip, "video/mp4")
    // QuickTime from before `ftyp` begins with one of its other boxes.
    } else if [b"moov", b"mdat", b"wide", b"free", b"skip"].iter().any(|kind| at(4, *kind)) {
        (Clip, "video/quicktime")
    } else if at(0, b"\x1a\x45\xdf\xa3") {
        (
            Clip,
            if head.windows(4).any(|window| window == b"webm") { "video/webm" } else { "video/x-matroska" },
        )
    } else if at(0, b"RIFF") && at(8, b"AVI ") {
        (Clip, "video/x-msvideo")
    } else if at(0, b"\x47") && at(188, b"\x47") && at(376, b"\x47") {
        (Clip, "video/mp2t")
    } else if at(0, b"%PDF-") {
        (Document, "application/pdf")
    } else {
        return Err(Failure::new(
            Code::Invalid,
            "This kind of file cannot be sent. Choose a video, a photo (JPEG, PNG, WebP, HEIC) or a PDF.",
        ));
    };
    Ok(found)
}

/// A media type that is safe to hand to a page; anything else is only bytes.
pub(crate) fn safe_mime(mime: &str) -> String {
    let known = ["image/jpeg", "image/png", "image/webp", "image/heic", "application/pdf"];
    let mime = mime.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if known.contains(&mime.as_str()) || mime.starts_with("video/") {
        mime
    } else {
        "application/octet-stream".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_decide() {
        let kind = |head: &[u8]| sniff(head).ok();
        assert_eq!(kind(b"\xff\xd8\xff\xe0..JFIF"), Some((AttachmentKind::Photo, "image/jpeg")));
        assert_eq!(kind(b"\0\0\0\x14ftypqt  "), Some((AttachmentKind::Clip, "video/quicktime")));
        assert_eq!(kind(b"\0\0\0\x18ftypmp42"), Some((AttachmentKind::Clip, "video/mp4")));
        assert_eq!(kind(b"\0\0\0\x18ftypheic"), Some((AttachmentKind::Photo, "image/heic")));
        assert_eq!(kind(b"\0\0\0\x18ftypavif"), None);
        assert_eq!(kind(b"\x1a\x45\xdf\xa3\x01webm"), Some((AttachmentKind::Clip, "video/webm")));
        assert_eq!(kind(b"%PDF-1.7"), Some((AttachmentKind::Document, "application/pdf")));
        for refused in [b"".as_slice(), b"Dear doctor,", b"<svg xmlns", b"PK\x03\x04", b"GIF89a"] {
            assert!(sniff(refused).is_err());
        }
    }

    #[test]
    fn a_page_is_never_handed_a_script() {
        assert_eq!(safe_mime("image/JPEG; x=y"), "image/jpeg");
        assert_eq!(safe_mime("image/svg+xml"), "application/octet-stream");
        assert_eq!(safe_mime("text/html"), "application/octet-stream");
    }
}

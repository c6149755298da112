//! What a file is, from its first bytes. Its name and the sender's word for it are not believed.

use limpet_model::AttachmentKind;
use limpet_video::StillBrand;

/// How many bytes are looked at.
pub const HEAD: usize = 4096;

/// What a file turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// A video, and its media type.
    Video(&'static str),
    /// A picture that can be shown, and its media type.
    Picture(&'static str),
    /// A picture as newer cameras can keep it, which cannot be shown.
    Avif,
    /// A PDF.
    Pdf,
    /// Nothing that a practice accepts.
    Other,
}

/// Looks at the first bytes of a file.
pub fn sniff(head: &[u8]) -> Seen {
    match StillBrand::of(head) {
        // As iPhones keep it. Browsers show its poster.
        Some(StillBrand::Heic) => return Seen::Picture("image/heic"),
        Some(StillBrand::Avif) => return Seen::Avif,
        None => {}
    }
    if let Some(brand) = brand(head) {
        return match brand {
            b"qt  " => Seen::Video("video/quicktime"),
            [b'3', b'g', ..] => Seen::Video("video/3gpp"),
            _ => Seen::Video("video/mp4"),
        };
    }
    match head {
        [0xFF, 0xD8, 0xFF, ..] => Seen::Picture("image/jpeg"),
        [0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => Seen::Picture("image/png"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Seen::Picture("image/webp"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'A', b'V', b'I', b' ', ..] => Seen::Video("video/x-msvideo"),
        [b'%', b'P', b'D', b'F', b'-', ..] => Seen::Pdf,
        [0x1A, 0x45, 0xDF, 0xA3, ..] => {
            let webm = head.windows(4).any(|window| window == b"webm");
            Seen::Video(if webm { "video/webm" } else { "video/x-matroska" })
        }
        // QuickTime from before brands: a top-level box right at the start.
        [_, _, _, _, b'm', b'o', b'o', b'v', ..]
        | [_, _, _, _, b'm', b'd', b'a', b't', ..]
        | [_, _, _, _, b'w', b'i', b'd', b'e', ..] => Seen::Video("video/quicktime"),
        [0x00, 0x00, 0x01, 0xBA, ..] => Seen::Video("video/mpeg"),
        _ if is_transport_stream(head) => Seen::Video("video/mp2t"),
        _ => Seen::Other,
    }
}

/// The major brand of an ISO media file.
fn brand(head: &[u8]) -> Option<&[u8; 4]> {
    if head.get(4..8)? != b"ftyp" {
        return None;
    }
    head.get(8..12)?.try_into().ok()
}

fn is_transport_stream(head: &[u8]) -> bool {
    [0, 188, 376].iter().all(|at| head.get(*at) == Some(&0x47))
}

/// Why a file is not what it was announced as, and what to do; `None` when it is.
pub fn mismatch(announced: AttachmentKind, seen: Seen) -> Option<&'static str> {
    use AttachmentKind::{Clip, Document, Photo, Still};
    match (announced, seen) {
        (Clip, Seen::Video(_)) | (Photo | Still, Seen::Picture(_)) | (Document, Seen::Pdf) => None,
        (Clip, Seen::Pdf) => Some("This file is a PDF document, not a video. Send it as a document."),
        (Clip, Seen::Picture(_) | Seen::Avif) => {
            Some("This file is a picture, not a video. Send it as a photo.")
        }
        (Clip, Seen::Other) => Some(
            "This file is not a video, whatever its name says. Send the original clip from the phone's camera.",
        ),
        (Photo | Still, Seen::Video(_)) => Some("This file is a video, not a photo. Send it as a clip."),
        (Photo | Still, Seen::Pdf) => {
            Some("This file is a PDF document, not a photo. Send it as a document.")
        }
        (Photo | Still, Seen::Avif) => Some(
            "This photo is in a format that cannot be shown here (AVIF). Send it as JPEG, or send a screenshot of it.",
        ),
        (Photo | Still, Seen::Other) => {
            Some("This file is not a photo, whatever its name says. Send a JPEG or PNG picture.")
        }
        (Document, Seen::Video(_)) => Some("This file is a video, not a PDF document. Send it as a clip."),
        (Document, Seen::Picture(_) | Seen::Avif) => {
            Some("This file is a picture, not a PDF document. Send it as a photo.")
        }
        (Document, Seen::Other) => Some("This file is not a PDF document. Save it as PDF and send it again."),
    }
}

/// The media type of what was seen, where it is accepted.
pub fn mime(seen: Seen) -> Option<&'static str> {
    match seen {
        Seen::Video(mime) | Seen::Picture(mime) => Some(mime),
        Seen::Avif => Some("image/avif"),
        Seen::Pdf => Some("application/pdf"),
        Seen::Other => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_at_bytes_and_not_at_names() {
        let cases: [(&[u8], Seen); 10] = [
            (b"\0\0\0\x14ftypqt  \0\0\0\0", Seen::Video("video/quicktime")),
            (b"\0\0\0\x18ftypmp42\0\0\0\0", Seen::Video("video/mp4")),
            (b"\0\0\0\x18ftypheic\0\0\0\0", Seen::Picture("image/heic")),
            (b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif", Seen::Avif),
            (b"\x1A\x45\xDF\xA3....B\x82\x84webm", Seen::Video("video/webm")),
            (b"\xFF\xD8\xFF\xE1", Seen::Picture("image/jpeg")),
            (b"RIFF\0\0\0\0WEBPVP8 ", Seen::Picture("image/webp")),
            (b"%PDF-1.7", Seen::Pdf),
            (b"Dear doctor, he limps", Seen::Other),
            (b"", Seen::Other),
        ];
        for (head, seen) in cases {
            assert_eq!(sniff(head), seen, "{head:?}");
        }
    }

    #[test]
    fn a_pdf_is_not_a_clip() {
        assert!(mismatch(AttachmentKind::Clip, sniff(b"%PDF-1.4")).is_some());
        assert_eq!(mismatch(AttachmentKind::Document, sniff(b"%PDF-1.4")), None);
    }
}

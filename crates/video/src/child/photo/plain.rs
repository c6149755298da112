//! JPEG, PNG and WebP photos, decoded by the `image` crate.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageReader, Limits};

use super::{Stored, colour::Colours};
use crate::{VideoError, media::limits};

/// A photo of these kinds, not yet turned.
pub fn decode(bytes: Vec<u8>) -> Result<Stored, VideoError> {
    let coded = png_colours(&bytes);
    let mut reader =
        ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(VideoError::internal)?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(limits::SIDE);
    limits.max_image_height = Some(limits::SIDE);
    limits.max_alloc = Some(limits::ALLOCATION as u64);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(unreadable)?;
    let (width, height) = decoder.dimensions();
    limits::picture(width, height)?;
    let orientation = decoder.orientation().map_err(unreadable)?;
    // A profile that cannot be read is as good as none.
    let profile = decoder.icc_profile().ok().flatten();
    let pixels = DynamicImage::from_decoder(decoder).map_err(unreadable)?;
    let colours = coded.or(profile.map(Colours::Profile)).unwrap_or(Colours::Ordinary);
    Ok(Stored { pixels, orientation, colours })
}

/// What a PNG's `cICP` chunk says, which counts before its profile.
///
/// Source: PNG, third edition, 11.3.2.6.
fn png_colours(bytes: &[u8]) -> Option<Colours> {
    let mut rest = bytes.strip_prefix(b"\x89PNG\r\n\x1a\n")?;
    loop {
        let (len, after) = rest.split_first_chunk()?;
        let (kind, after) = after.split_first_chunk::<4>()?;
        match (kind, after) {
            (b"cICP", [primaries, transfer, ..]) => {
                return Some(Colours::Numbers { primaries: *primaries, transfer: *transfer });
            }
            (b"IDAT", _) => return None,
            // And four bytes of checksum.
            _ => rest = after.get(u32::from_be_bytes(*len) as usize..)?.get(4..)?,
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in map_err, which passes by value")]
fn unreadable(error: image::ImageError) -> VideoError {
    if matches!(error, image::ImageError::Limits(_)) {
        return VideoError::TooLarge(
            "This photo has more pixels than Limpet can show. A copy of at most 8K is needed.".into(),
        );
    }
    VideoError::BadClip(
        "This file is not a photo that Limpet can read (JPEG, PNG, WebP or HEIC), or it is damaged. The \
         original is needed."
            .into(),
    )
}

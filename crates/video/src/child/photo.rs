//! Photos, in the child.

use std::{io::Cursor, sync::Arc};

use image::{DynamicImage, ImageDecoder, ImageReader, Limits, Rgb, RgbImage};

use crate::{ByteSource, Picture, VideoError, media::limits};

/// Largest photo file that is read, bytes.
const LONGEST: u64 = 64 << 20;

/// A photo upright on white, its longest side at most `max_side`.
pub fn decode(source: &Arc<dyn ByteSource>, max_side: u32) -> Result<Picture, VideoError> {
    let len = source.len().map_err(|error| VideoError::bytes(&error))?;
    if len > LONGEST {
        return Err(VideoError::TooLarge(
            "This photo is larger than 64 MB. A smaller copy is needed.".into(),
        ));
    }
    let bytes = read_all(source, usize::try_from(len).map_err(VideoError::internal)?)?;
    let heic = matches!(bytes.get(4..12), Some([b'f', b't', b'y', b'p', b'h' | b'm', ..]));
    let mut reader =
        ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(VideoError::internal)?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(limits::SIDE);
    limits.max_image_height = Some(limits::SIDE);
    limits.max_alloc = Some(limits::ALLOCATION as u64);
    reader.limits(limits);
    let unreadable = |_| {
        VideoError::BadClip(if heic {
            "This photo is in Apple's HEIC format, which Limpet cannot show yet. It is needed as JPEG; \
             the original is kept."
                .into()
        } else {
            "This file is not a photo that Limpet can read (JPEG, PNG or WebP), or it is damaged. The \
             original is needed."
                .into()
        })
    };
    let mut decoder = reader.into_decoder().map_err(unreadable)?;
    let (width, height) = decoder.dimensions();
    limits::picture(width, height)?;
    let orientation = decoder.orientation().map_err(unreadable)?;
    let mut photo = DynamicImage::from_decoder(decoder).map_err(unreadable)?;
    if width.max(height) > max_side {
        photo = photo.thumbnail(max_side, max_side);
    }
    photo.apply_orientation(orientation);
    let rgb = on_white(photo);
    Ok(Picture { width: rgb.width(), height: rgb.height(), rgb: rgb.into_raw() })
}

fn on_white(photo: DynamicImage) -> RgbImage {
    if !photo.color().has_alpha() {
        return photo.into_rgb8();
    }
    let photo = photo.into_rgba8();
    RgbImage::from_fn(photo.width(), photo.height(), |x, y| {
        let [r, g, b, a] = photo.get_pixel(x, y).0.map(u32::from);
        let over = |v: u32| u8::try_from((v * a + 255 * (255 - a) + 127) / 255).unwrap_or(u8::MAX);
        Rgb([over(r), over(g), over(b)])
    })
}

fn read_all(source: &Arc<dyn ByteSource>, len: usize) -> Result<Vec<u8>, VideoError> {
    let mut bytes = vec![0; len];
    let mut done = 0;
    while let Some(rest) = bytes.get_mut(done..).filter(|rest| !rest.is_empty()) {
        match source.read_at(done as u64, rest) {
            Ok(0) => break,
            Ok(count) => done += count,
            Err(error) => return Err(VideoError::bytes(&error)),
        }
    }
    bytes.truncate(done);
    Ok(bytes)
}

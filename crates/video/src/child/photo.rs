//! Photos, in the child: read, decoded, brought to sRGB, turned upright.
//!
//! **Invariant:** what leaves is sRGB and upright, whatever the file was; each photo is turned exactly once.

mod colour;
mod heic;
mod motion;
mod plain;

use std::{ops::Range, sync::Arc};

use colour::Colours;
use image::{DynamicImage, ImageBuffer, Rgb, metadata::Orientation};

use crate::{ByteSource, Picture, StillBrand, VideoError};

/// Largest photo file that is read, bytes.
const LONGEST: u64 = 64 << 20;

/// A photo as its file has it.
struct Stored {
    pixels: DynamicImage,
    /// What is still to be done to make it stand upright.
    orientation: Orientation,
    colours: Colours,
}

/// A photo upright on white, its longest side at most `max_side`.
pub fn decode(source: &Arc<dyn ByteSource>, max_side: u32) -> Result<Picture, VideoError> {
    let bytes = whole(source)?;
    let stored = match StillBrand::of(&bytes) {
        Some(StillBrand::Heic) => heic::decode(&bytes)?,
        Some(StillBrand::Avif) => {
            return Err(VideoError::BadClip(
                "This photo is in the AVIF format, which Limpet cannot show. It is needed as JPEG; the \
                 original is kept."
                    .into(),
            ));
        }
        None => plain::decode(bytes)?,
    };
    let mut photo = on_white(stored.pixels);
    if photo.width().max(photo.height()) > max_side {
        photo = photo.thumbnail(max_side, max_side);
    }
    let mut photo = DynamicImage::ImageRgb8(colour::to_srgb(photo, stored.colours)?);
    photo.apply_orientation(stored.orientation);
    let rgb = photo.into_rgb8();
    Ok(Picture { width: rgb.width(), height: rgb.height(), rgb: rgb.into_raw() })
}

/// Where in a photo its moving part lies.
pub fn motion(source: &Arc<dyn ByteSource>) -> Result<Option<Range<u64>>, VideoError> {
    Ok(motion::find(&whole(source)?))
}

/// Before anything is scaled, so that what lies under transparent pixels never shows.
fn on_white(photo: DynamicImage) -> DynamicImage {
    let colour = photo.color();
    if !colour.has_alpha() {
        return photo;
    }
    let (width, height) = (photo.width(), photo.height());
    if colour.bytes_per_pixel() > colour.channel_count() {
        let photo = photo.into_rgba16();
        ImageBuffer::from_fn(width, height, |x, y| Rgb(over(photo.get_pixel(x, y).0, u16::MAX))).into()
    } else {
        let photo = photo.into_rgba8();
        ImageBuffer::from_fn(width, height, |x, y| Rgb(over(photo.get_pixel(x, y).0, u8::MAX))).into()
    }
}

fn over<V: Copy + Into<u64> + TryFrom<u64>>([r, g, b, a]: [V; 4], white: V) -> [V; 3] {
    let (a, full): (u64, u64) = (a.into(), white.into());
    [r, g, b].map(|v| V::try_from((v.into() * a + full * (full - a) + full / 2) / full).unwrap_or(white))
}

fn whole(source: &Arc<dyn ByteSource>) -> Result<Vec<u8>, VideoError> {
    let len = source.len().map_err(|error| VideoError::bytes(&error))?;
    if len > LONGEST {
        return Err(VideoError::TooLarge(
            "This photo is larger than 64 MB. A smaller copy is needed.".into(),
        ));
    }
    let mut bytes = vec![0; usize::try_from(len).map_err(VideoError::internal)?];
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

//! Pictures made as small as their place on the paper allows.
//!
//! **Invariant:** a picture in the PDF is a JPEG of at most 200 dots per inch of the largest place it is shown in.

use std::{collections::BTreeMap, io::Cursor};

use image::{DynamicImage, ImageReader, Limits, RgbImage, codecs::jpeg::JpegEncoder, imageops::FilterType};
use limpet_model::AttachmentId;

use crate::Picture;

/// Dots per inch of paper.
const DENSITY: f32 = 200.0;
/// JPEG quality: edges in a still have to stay edges.
const QUALITY: u8 = 85;
/// A picture larger than this along a side is refused, whatever it claims to hold.
const LARGEST_SIDE: u32 = 16_384;

/// A picture as it goes into the PDF.
pub(crate) struct Shown {
    /// Width in pixels.
    pub(crate) width: u32,
    /// Height in pixels.
    pub(crate) height: u32,
    /// JPEG, three components.
    pub(crate) jpeg: Vec<u8>,
}

/// The pictures of a transcript, each once.
#[derive(Default)]
pub(crate) struct Pictures {
    shown: BTreeMap<AttachmentId, Shown>,
}

impl Pictures {
    /// Reads all of them, for places of at most so many points. Those that cannot be read are left out.
    pub(crate) fn read(
        given: &BTreeMap<AttachmentId, Picture>,
        place: impl Fn(AttachmentId) -> (f32, f32),
    ) -> Self {
        let read = |(id, picture): (&AttachmentId, &Picture)| {
            let (width, height) = place(*id);
            Some((*id, shown(picture, width, height)?))
        };
        Self { shown: given.iter().filter_map(read).collect() }
    }

    /// The same with one more, for a place of at most so many points.
    pub(crate) fn with(mut self, id: AttachmentId, picture: &Picture, place: (f32, f32)) -> Self {
        if let Some(shown) = shown(picture, place.0, place.1) {
            self.shown.insert(id, shown);
        }
        self
    }

    /// One of them.
    pub(crate) fn get(&self, id: AttachmentId) -> Option<&Shown> {
        self.shown.get(&id)
    }
}

impl Shown {
    /// Its size in points within a box, never larger than one pixel per point.
    pub(crate) fn within(&self, width: f32, height: f32) -> (f32, f32) {
        let (own_width, own_height) = (self.width.max(1) as f32, self.height.max(1) as f32);
        let scale = (width / own_width).min(height / own_height).min(1.0);
        (own_width * scale, own_height * scale)
    }
}

fn shown(picture: &Picture, width: f32, height: f32) -> Option<Shown> {
    let full = decode(picture)?;
    let dots = |points: f32| (points / 72.0 * DENSITY).max(1.0);
    let scale = (dots(width) / full.width() as f32).min(dots(height) / full.height() as f32);
    let fitted = if scale < 1.0 {
        let side = |pixels: u32| scaled(pixels, scale);
        full.resize_exact(side(full.width()), side(full.height()), FilterType::Triangle)
    } else {
        full
    };
    let fitted = fitted.into_rgb8();
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, QUALITY).encode_image(&fitted).ok()?;
    Some(Shown { width: fitted.width(), height: fitted.height(), jpeg })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a side shrunk stays within its own range"
)]
fn scaled(pixels: u32, scale: f32) -> u32 {
    ((pixels as f32 * scale).round() as u32).max(1)
}

fn decode(picture: &Picture) -> Option<DynamicImage> {
    let decoded = match picture {
        Picture::Encoded(bytes) => {
            let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?;
            let mut limits = Limits::default();
            limits.max_image_width = Some(LARGEST_SIDE);
            limits.max_image_height = Some(LARGEST_SIDE);
            reader.limits(limits);
            reader.decode().ok()?
        }
        Picture::Rgb { width, height, rgb } => {
            DynamicImage::ImageRgb8(RgbImage::from_raw(*width, *height, rgb.clone())?)
        }
    };
    (decoded.width() > 0 && decoded.height() > 0).then_some(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rgb(width: u32, height: u32) -> Picture {
        Picture::Rgb { width, height, rgb: vec![128; (width * height * 3) as usize] }
    }

    #[test]
    fn pictures_shrink_to_their_place_and_never_grow() {
        let large = shown(&rgb(1920, 1080), 144.0, 144.0).unwrap();
        assert_eq!((large.width, large.height), (400, 225));
        let small = shown(&rgb(100, 50), 144.0, 144.0).unwrap();
        assert_eq!((small.width, small.height), (100, 50));
        assert_eq!(small.within(144.0, 144.0), (100.0, 50.0));
        assert_eq!(large.within(144.0, 144.0), (144.0, 81.0));
    }

    #[test]
    fn what_is_no_picture_is_left_out() {
        assert!(shown(&Picture::Encoded(b"not a picture".to_vec()), 100.0, 100.0).is_none());
        assert!(shown(&Picture::Rgb { width: 2, height: 2, rgb: vec![0; 3] }, 100.0, 100.0).is_none());
        assert!(shown(&rgb(0, 0), 100.0, 100.0).is_none());
    }
}

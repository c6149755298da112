//! A practice's logo: what an administrator sends becomes a small PNG of our own.
//!
//! **Invariant:** what was sent is never served: it is decoded within limits and encoded anew.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, ImageReader, Limits, RgbImage};
use sha2::{Digest, Sha256};

use limpet_model::Logo;

use crate::sniff::{Seen, sniff};

/// Most bytes that are taken.
pub const MOST_BYTES: usize = 2 * 1024 * 1024;
/// Longest side that is decoded, pixels.
const MOST_PIXELS: u32 = 6000;
/// Longest side of what is kept, pixels: sharp on paper at five centimetres.
const SIDE: u32 = 600;

/// The PNG of what was sent.
///
/// # Errors
/// The sentence that says what would do.
pub fn redraw(sent: &[u8]) -> Result<(Logo, Vec<u8>), &'static str> {
    let format = match sniff(sent) {
        Seen::Picture("image/png") => ImageFormat::Png,
        Seen::Picture("image/jpeg") => ImageFormat::Jpeg,
        Seen::Picture("image/webp") => ImageFormat::WebP,
        _ => return Err("The logo has to be a PNG, JPEG or WebP picture."),
    };
    let mut reader = ImageReader::with_format(Cursor::new(sent), format);
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(MOST_PIXELS), Some(MOST_PIXELS));
    limits.max_alloc = Some(256 * 1024 * 1024);
    reader.limits(limits);
    let picture = reader
        .decode()
        .map_err(|_| "This picture cannot be read. Save it again as PNG, at most 6000 pixels wide.")?;
    let small =
        if picture.width().max(picture.height()) > SIDE { picture.thumbnail(SIDE, SIDE) } else { picture };
    let (width, height) = (small.width(), small.height());
    let mut png = Vec::new();
    on_white(&small)
        .write_to(&mut Cursor::new(&mut png), ImageFormat::Png)
        .map_err(|_| "This picture cannot be kept. Save it again as PNG.")?;
    let sha256 = hex::encode(Sha256::digest(&png));
    Ok((Logo { sha256, width, height }, png))
}

/// What is transparent is paper.
fn on_white(picture: &DynamicImage) -> RgbImage {
    let mut flat = RgbImage::new(picture.width(), picture.height());
    for (to, from) in flat.pixels_mut().zip(picture.to_rgba8().pixels()) {
        let [red, green, blue, alpha] = from.0;
        let over = |part: u8| (u16::from(part) * u16::from(alpha) + 255 * u16::from(255 - alpha)) / 255;
        to.0 = [red, green, blue].map(|part| u8::try_from(over(part)).unwrap_or(u8::MAX));
    }
    flat
}

#[cfg(test)]
mod tests {
    use image::RgbaImage;

    use super::*;

    fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
        let mut sent = Vec::new();
        let drawn = RgbaImage::from_pixel(width, height, image::Rgba([10, 90, 80, 255]));
        DynamicImage::ImageRgba8(drawn).to_rgb8().write_to(&mut Cursor::new(&mut sent), format).unwrap();
        sent
    }

    #[test]
    fn a_picture_becomes_a_small_png_without_what_else_was_in_the_file() {
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
            let mut sent = picture(1200, 300, format);
            sent.extend(b"<script>hidden</script>");
            let (logo, png) = redraw(&sent).unwrap();
            assert_eq!((logo.width, logo.height), (600, 150));
            assert_eq!(sniff(&png), Seen::Picture("image/png"));
            assert!(!png.windows(6).any(|part| part == b"hidden"));
        }
    }

    #[test]
    fn what_is_transparent_becomes_white() {
        let mut clear = RgbaImage::from_pixel(2, 1, image::Rgba([0, 0, 0, 0]));
        clear.put_pixel(1, 0, image::Rgba([200, 0, 0, 255]));
        let flat = on_white(&DynamicImage::ImageRgba8(clear));
        assert_eq!((flat.get_pixel(0, 0).0, flat.get_pixel(1, 0).0), ([255, 255, 255], [200, 0, 0]));
    }

    #[test]
    fn what_is_no_picture_or_too_large_is_refused_in_words() {
        assert!(redraw(b"%PDF-1.7").unwrap_err().contains("PNG, JPEG or WebP"));
        assert!(redraw(b"<svg onload='x'/>").is_err() && redraw(b"").is_err());
        assert!(redraw(&picture(6001, 1, ImageFormat::Png)).unwrap_err().contains("6000"));
        let whole = picture(40, 40, ImageFormat::Png);
        assert!(redraw(&whole[..whole.len() / 2]).unwrap_err().contains("cannot be read"));
    }
}

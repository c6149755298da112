//! A practice's logo: what an administrator sends becomes a small PNG of our own.
//!
//! **Invariant:** what was sent is never served: it is decoded within limits, one at a time, and encoded anew.

use std::{io::Cursor, sync::Arc, time::Duration};

use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, RgbImage};
use limpet_model::Logo;
use limpet_wire::Code;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use crate::{
    failure::{Answer, Problem},
    sniff::{Seen, sniff},
};

/// Most bytes that are taken.
pub const MOST_BYTES: usize = 2 * 1024 * 1024;
/// Longest side that is decoded, pixels.
const LONGEST_SIDE: u32 = 6000;
/// Pixels that are decoded at most.
const MOST_PIXELS: u64 = 12_000_000;
/// Bytes that a decoder may take.
const MOST_MEMORY: u64 = 64 * 1024 * 1024;
/// Longest wait for whoever draws another one.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest side of what is kept, pixels: sharp on paper at five centimetres.
const SIDE: u32 = 600;

/// Where logos are drawn, one at a time: each may take as much memory as a thousand requests.
pub struct Easel(Arc<Semaphore>);

impl Default for Easel {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(1)))
    }
}

impl Easel {
    /// The PNG of what was sent.
    ///
    /// # Errors
    /// When it will not do, or others take too long.
    pub async fn redraw(&self, sent: Vec<u8>) -> Answer<(Logo, Vec<u8>)> {
        let place = tokio::time::timeout(PATIENCE, Arc::clone(&self.0).acquire_owned()).await;
        let busy = || {
            Problem::new(Code::TooMany, "Other logos are being drawn. Try again in a minute.").retry_after(60)
        };
        let place = place.map_err(|_| busy())?;
        // Work that has begun keeps its place until it is done, also when nobody waits for it any more.
        let work = move || {
            let drawn = redraw(&sent);
            drop(place);
            drawn
        };
        let drawn = tokio::task::spawn_blocking(work).await;
        drawn.map_err(|error| Problem::internal(&error))?.map_err(Problem::invalid)
    }
}

/// The PNG of what was sent.
///
/// # Errors
/// The sentence that says what would do.
fn redraw(sent: &[u8]) -> Result<(Logo, Vec<u8>), &'static str> {
    let format = match sniff(sent) {
        Seen::Picture("image/png") => ImageFormat::Png,
        Seen::Picture("image/jpeg") => ImageFormat::Jpeg,
        Seen::Picture("image/webp") => ImageFormat::WebP,
        _ => return Err("The logo has to be a PNG, JPEG or WebP picture."),
    };
    let mut reader = ImageReader::with_format(Cursor::new(sent), format);
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(LONGEST_SIDE), Some(LONGEST_SIDE));
    limits.max_alloc = Some(MOST_MEMORY);
    reader.limits(limits.clone());
    let unreadable = |_| "This picture cannot be read. Save it again as PNG, at most 6000 pixels wide and of 12 megapixels.";
    // Its header comes first, of which some decoders know the size before they take memory for it.
    let mut decoder = reader.into_decoder().map_err(unreadable)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MOST_PIXELS {
        return Err("This picture has more than 12 megapixels. Save it smaller.");
    }
    limits.reserve(decoder.total_bytes()).map_err(unreadable)?;
    decoder.set_limits(limits).map_err(unreadable)?;
    let picture = DynamicImage::from_decoder(decoder).map_err(unreadable)?;
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
        for format in [ImageFormat::Png, ImageFormat::Jpeg] {
            assert!(redraw(&picture(4001, 3000, format)).unwrap_err().contains("12 megapixels"));
        }
        let deep = image::ImageBuffer::<image::Rgba<u16>, _>::from_pixel(3400, 2600, image::Rgba([0; 4]));
        let mut sent = Vec::new();
        deep.write_to(&mut Cursor::new(&mut sent), ImageFormat::Png).unwrap();
        assert!(redraw(&sent).unwrap_err().contains("cannot be read"), "eight bytes a pixel are too many");
        let whole = picture(40, 40, ImageFormat::Png);
        assert!(redraw(&whole[..whole.len() / 2]).unwrap_err().contains("cannot be read"));
    }

    #[tokio::test]
    async fn one_is_drawn_at_a_time() {
        let easel = Easel::default();
        let place = Arc::clone(&easel.0).acquire_owned().await.unwrap();
        let draw = || easel.redraw(picture(20, 20, ImageFormat::Png));
        assert!(tokio::time::timeout(Duration::from_millis(300), draw()).await.is_err(), "somebody draws");
        drop(place);
        assert!(draw().await.is_ok());
    }

    #[test]
    fn work_that_nobody_waits_for_any_more_keeps_its_place() {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_time().max_blocking_threads(1).build().unwrap().block_on(async {
            let easel = Easel::default();
            let (free, wait) = std::sync::mpsc::channel::<()>();
            // Something else is done first, so that the picture is not done before anybody looks.
            let busy = tokio::task::spawn_blocking(move || wait.recv());
            let draw = easel.redraw(picture(20, 20, ImageFormat::Png));
            assert!(tokio::time::timeout(Duration::from_millis(50), draw).await.is_err());
            assert_eq!(easel.0.available_permits(), 0);
            drop(free);
            assert!(busy.await.unwrap().is_err());
            let place = tokio::time::timeout(Duration::from_secs(10), easel.0.acquire()).await;
            assert!(place.is_ok(), "it is given back");
        });
    }
}

//! HEIC photos: HEVC pictures in an ISO media file, read by libheif and decoded by libde265.
//!
//! libheif turns, mirrors and crops as the file's own properties say (`irot`, `imir`, `clap`). EXIF says the same once
//! more and is not asked.
//!
//! **Invariant:** libheif holds at most [`MEMORY`] and decodes in at most [`THREADS`] threads, and only what [`claims`]
//! has found bearable.

mod claims;
mod items;

use image::{DynamicImage, ImageBuffer, metadata::Orientation};
use libheif_rs::{
    ColorSpace, DecodingOptions, HeifContext, HeifError, HeifErrorCode, HeifErrorSubCode, Image, LibHeif,
    RgbChroma, SecurityLimits,
};

use super::{Stored, colour::Colours};
use crate::{VideoError, child::watch::Watched, media::limits};

/// Bytes that libheif may hold at once: the planes of a picture of the most pixels in 16 bits, and what it becomes.
const MEMORY: u64 = 2 << 30;
/// Pieces of a picture decoded at the same time: phones store a grid of them.
const THREADS: u32 = 4;
/// Pieces of a picture. The largest phones make some 200.
const TILES: u64 = 4096;
/// Longest colour profile, bytes. Those with tables reach a few hundred thousand.
const PROFILE: u32 = 4 << 20;

/// The main picture of a HEIC file, upright.
pub fn decode(bytes: &[u8]) -> Result<Stored, VideoError> {
    let library = LibHeif::new();
    let mut context = HeifContext::new().map_err(unreadable)?;
    context.set_security_limits(&limits(context.security_limits())).map_err(unreadable)?;
    context.set_max_decoding_threads(THREADS);
    context.read_bytes(bytes).map_err(unreadable)?;
    let picture = context.primary_image_handle().map_err(unreadable)?;
    limits::picture(picture.width(), picture.height())?;
    claims::check(bytes, &context, picture.item_id())?;
    let deep = (9..=16).contains(&picture.luma_bits_per_pixel());
    let wanted = ColorSpace::Rgb(match (deep, picture.has_alpha_channel()) {
        (false, false) => RgbChroma::Rgb,
        (false, true) => RgbChroma::Rgba,
        (true, false) => RgbChroma::HdrRgbLe,
        (true, true) => RgbChroma::HdrRgbaLe,
    });
    let decoder = Watched::new();
    let busy = decoder.begin();
    let image = library.decode(&picture, wanted, Some(options()?)).map_err(unreadable)?;
    drop(busy);
    // What the coded picture itself says counts for the matrix only: phones write a `colr` box.
    let numbers = picture.color_profile_nclx().map(|numbers| Colours::Numbers {
        primaries: u8::try_from(numbers.color_primaries() as u32).unwrap_or(0),
        transfer: u8::try_from(numbers.transfer_characteristics() as u32).unwrap_or(0),
    });
    let profile = picture.color_profile_raw().map(|profile| Colours::Profile(profile.data));
    let colours = match (numbers, profile) {
        // Next to a profile, numbers are there for the matrix; high dynamic range is never said by a profile alone.
        (Some(numbers), Some(_)) if numbers.is_high_range() => numbers,
        (_, Some(profile)) => profile,
        (numbers, None) => numbers.unwrap_or(Colours::Ordinary),
    };
    Ok(Stored { pixels: pixels(&image)?, orientation: Orientation::NoTransforms, colours })
}

fn limits(mut limits: SecurityLimits) -> SecurityLimits {
    limits.set_max_image_size_pixels(limits::PIXELS);
    limits.set_max_number_of_tiles(TILES);
    limits.set_max_color_profile_size(PROFILE);
    limits.set_max_memory_block_size(limits::ALLOCATION as u64);
    limits.set_max_total_memory(MEMORY);
    limits
}

fn options() -> Result<DecodingOptions, VideoError> {
    let mut options = DecodingOptions::new().ok_or_else(|| VideoError::internal("libheif has no options"))?;
    // The only one that is compiled in; a libheif of the system may bring others.
    options.set_decoder_id(Some("libde265")).map_err(VideoError::internal)?;
    options.set_num_codec_threads(1);
    // Colours stay what they are: they are brought to sRGB by us.
    options.set_output_image_nclx_profile_passthrough(true);
    Ok(options)
}

/// RGB or RGBA in 8 or 16 bits.
fn pixels(image: &Image) -> Result<DynamicImage, VideoError> {
    let plane = image.planes().interleaved.ok_or_else(damaged)?;
    let (width, height) = (plane.width, plane.height);
    limits::picture(width, height)?;
    let bits = u32::from(plane.bits_per_pixel);
    let row = width as usize * usize::from(plane.storage_bits_per_pixel) / 8;
    let rows = plane.data.chunks(plane.stride.max(1)).take(height as usize);
    let bytes = rows.flat_map(|line| line.get(..row).unwrap_or_default());
    let photo = match plane.storage_bits_per_pixel {
        24 => ImageBuffer::from_raw(width, height, bytes.copied().collect()).map(DynamicImage::ImageRgb8),
        32 => ImageBuffer::from_raw(width, height, bytes.copied().collect()).map(DynamicImage::ImageRgba8),
        48 => ImageBuffer::from_raw(width, height, deep(bytes, bits)).map(DynamicImage::ImageRgb16),
        64 => ImageBuffer::from_raw(width, height, deep(bytes, bits)).map(DynamicImage::ImageRgba16),
        _ => None,
    };
    let mut photo = photo.ok_or_else(damaged)?;
    if image.is_premultiplied_alpha() {
        divide(&mut photo);
    }
    Ok(photo)
}

/// Samples of so many bits in two bytes each, little endian, stretched to 16.
fn deep<'a>(bytes: impl Iterator<Item = &'a u8>, bits: u32) -> Vec<u16> {
    let most = (1_u32 << bits.clamp(1, 16)) - 1;
    let mut bytes = bytes.copied();
    let samples = std::iter::from_fn(|| Some(u16::from_le_bytes([bytes.next()?, bytes.next()?])));
    samples.map(|v| u16::try_from(u32::from(v).min(most) * 65535 / most).unwrap_or(u16::MAX)).collect()
}

/// Undoes that colours were multiplied with their alpha.
fn divide(photo: &mut DynamicImage) {
    fn by<V: Copy + Into<u64> + TryFrom<u64>>([r, g, b, a]: [V; 4], full: V) -> [V; 4] {
        let divided = |v: V| V::try_from(v.into() * full.into() / a.into().max(1)).unwrap_or(full);
        [divided(r), divided(g), divided(b), a]
    }
    match photo {
        DynamicImage::ImageRgba8(photo) => {
            photo.pixels_mut().for_each(|pixel| pixel.0 = by(pixel.0, u8::MAX));
        }
        DynamicImage::ImageRgba16(photo) => {
            photo.pixels_mut().for_each(|pixel| pixel.0 = by(pixel.0, u16::MAX));
        }
        _ => {}
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in map_err, which passes by value")]
fn unreadable(error: HeifError) -> VideoError {
    tracing::debug!(%error, "libheif refused a photo");
    match (error.code, error.sub_code) {
        (HeifErrorCode::MemoryAllocationError, _) | (_, HeifErrorSubCode::SecurityLimitExceeded) => {
            too_large()
        }
        (_, HeifErrorSubCode::EndOfData) => VideoError::BadClip(
            "This photo is cut off: part of it is missing, usually because the copy was not finished. It has \
             to be sent again."
                .into(),
        ),
        (HeifErrorCode::UnsupportedFeature | HeifErrorCode::UnsupportedFileType, _) => unsupported(),
        _ => damaged(),
    }
}

fn unsupported() -> VideoError {
    VideoError::BadClip(
        "This photo (HEIC) is coded in a way that Limpet cannot show. It is needed as JPEG; the original is kept."
            .into(),
    )
}

fn too_large() -> VideoError {
    VideoError::TooLarge(
        "This photo is larger than Limpet can show, or damaged. A copy of at most 8K is needed.".into(),
    )
}

fn damaged() -> VideoError {
    VideoError::BadClip(
        "This photo (HEIC) is damaged. It has to be sent again, or a copy of it as JPEG.".into(),
    )
}

//! How big things may be. Hostile files claim anything; these are what we believe.

use crate::VideoError;

/// Longest side of a picture, pixels.
pub const SIDE: u32 = 16_384;
/// Most pixels in a picture.
pub const PIXELS: u64 = 64 << 20;
/// Most packets in a video track: 4.6 hours at 120 frames a second.
pub const PACKETS: usize = 2_000_000;
/// Longest JSON of an index: every time and key as decimal digits.
pub const INDEX_JSON: usize = 96 << 20;
/// Longest rendition, bytes.
pub const RENDITION: u64 = 2 << 30;
/// Most bytes FFmpeg may allocate at once. An uncompressed 16-bit RGB picture of [`PIXELS`] fits.
pub const ALLOCATION: usize = 512 << 20;

/// Whether a picture may have this size.
pub fn picture(width: u32, height: u32) -> Result<(), VideoError> {
    if width == 0 || height == 0 {
        return Err(VideoError::BadClip(
            "This file has no picture size. The original clip is needed.".into(),
        ));
    }
    if width > SIDE || height > SIDE || u64::from(width) * u64::from(height) > PIXELS {
        return Err(VideoError::TooLarge(format!(
            "This picture has {width} by {height} pixels, which is more than Limpet can show. A copy of \
             at most 8K is needed."
        )));
    }
    Ok(())
}

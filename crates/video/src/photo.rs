//! Photos: decoded in a child too, shown upright.

use std::sync::Arc;

use crate::{ByteSource, VideoError, clip::Link, pipe::Ask};

/// A JPEG to show in place of a photo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhotoPoster {
    /// JPEG file.
    pub jpeg: Vec<u8>,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
}

/// Decodes a JPEG, PNG or WebP photo in a child, turns it upright as its EXIF orientation says, and shrinks it
/// until its longest side is at most `max_side`. Never enlarges.
///
/// # Errors
/// `BadClip` when it is not a photo of these kinds, `TooLarge` when it has too many pixels.
pub fn photo_poster(source: Arc<dyn ByteSource>, max_side: u32) -> Result<PhotoPoster, VideoError> {
    let len = source.len().map_err(|error| VideoError::bytes(&error))?;
    if len == 0 {
        return Err(VideoError::BadClip(
            "This file is empty: it has no bytes. It has to be sent again.".into(),
        ));
    }
    let max_side = max_side.clamp(16, 8192);
    let picture = Link::start(source)?.picture(&Ask::Photo { len, max_side }, max_side)?;
    Ok(PhotoPoster { jpeg: picture.to_jpeg(85)?, width: picture.width, height: picture.height })
}

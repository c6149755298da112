//! Photos: decoded in a child too, shown upright.

use std::{ops::Range, sync::Arc};

use crate::{ByteSource, StillBrand, VideoError, clip::Link, pipe::Ask};

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

/// Decodes a JPEG, PNG, WebP or HEIC photo in a child, turns it upright, brings its colours to sRGB, and shrinks it
/// until its longest side is at most `max_side`. Never enlarges.
///
/// # Errors
/// `BadClip` when it is not a photo of these kinds or makes the decoder crash or hang, `TooLarge` when it has too many
/// pixels.
pub fn photo_poster(source: Arc<dyn ByteSource>, max_side: u32) -> Result<PhotoPoster, VideoError> {
    let len = len(&*source)?;
    let max_side = max_side.clamp(16, 8192);
    let picture = Link::start(source)?.picture(&Ask::Photo { len, max_side }, max_side).map_err(ended)?;
    Ok(PhotoPoster { jpeg: picture.to_jpeg(85)?, width: picture.width, height: picture.height })
}

/// Where in a photo its moving part lies: the clip of some seconds that makes it a motion photo. `None` when it has
/// none, or is something else than a JPEG or HEIC photo. The photo itself is shown by [`photo_poster`] as if it had
/// none; a [`Part`](crate::Part) makes the clip.
///
/// # Errors
/// `TooLarge` when the file is larger than a photo may be, `Bytes` when the source fails.
pub fn photo_motion(source: Arc<dyn ByteSource>) -> Result<Option<Range<u64>>, VideoError> {
    let len = len(&*source)?;
    let mut head = [0; 64];
    let read = source.read_at(0, &mut head).map_err(|error| VideoError::bytes(&error))?;
    let head = head.get(..read).unwrap_or_default();
    if !head.starts_with(&[0xff, 0xd8, 0xff]) && StillBrand::of(head).is_none() {
        return Ok(None);
    }
    let link = Link::start(source)?;
    let (range, _) = link.collect(&Ask::Motion { len }, 0).map_err(ended)?;
    let range: Option<Range<u64>> = serde_json::from_value(range).map_err(|_| link.distrust())?;
    match range {
        Some(Range { start, end }) if start == 0 || start >= end || end > len => Err(link.distrust()),
        range => Ok(range),
    }
}

/// A photo is decoded by a child of its own: when that ends it was the photo, and would be again.
fn ended(error: VideoError) -> VideoError {
    match error {
        VideoError::ChildEnded => VideoError::BadClip(
            "This photo is damaged: the decoder stopped while working on it. It has to be sent again, or a copy of it \
             as JPEG."
                .into(),
        ),
        error => error,
    }
}

fn len(source: &dyn ByteSource) -> Result<u64, VideoError> {
    match source.len().map_err(|error| VideoError::bytes(&error))? {
        0 => Err(VideoError::BadClip("This file is empty: it has no bytes. It has to be sent again.".into())),
        len => Ok(len),
    }
}

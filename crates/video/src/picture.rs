//! A picture as a person sees it: upright, standard range, eight bits of red, green and blue.

mod label;

use std::{fmt, io::Cursor};

use image::{ExtendedColorType, ImageEncoder, codecs};

use crate::VideoError;

/// RGB8 rows from the top, without padding.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// `width * height * 3` bytes.
    pub rgb: Vec<u8>,
}

/// Its size: what is in a picture belongs in no log.
impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Picture({} x {})", self.width, self.height)
    }
}

impl Picture {
    /// The picture as PNG.
    pub fn to_png(&self) -> Result<Vec<u8>, VideoError> {
        let mut out = Cursor::new(Vec::new());
        codecs::png::PngEncoder::new(&mut out)
            .write_image(&self.rgb, self.width, self.height, ExtendedColorType::Rgb8)
            .map_err(VideoError::internal)?;
        Ok(out.into_inner())
    }

    /// The picture as JPEG, `quality` from 1 to 100.
    pub fn to_jpeg(&self, quality: u8) -> Result<Vec<u8>, VideoError> {
        let mut out = Cursor::new(Vec::new());
        codecs::jpeg::JpegEncoder::new_with_quality(&mut out, quality.clamp(1, 100))
            .write_image(&self.rgb, self.width, self.height, ExtendedColorType::Rgb8)
            .map_err(VideoError::internal)?;
        Ok(out.into_inner())
    }

    /// The picture with `lines` of black text on a white strip under it. The text grows with the picture's
    /// width, wraps where it is too long for one row, and is never cut off: the strip grows instead.
    #[must_use]
    pub fn labelled(&self, lines: &[String]) -> Picture {
        label::under(self, lines)
    }
}

//! A decoded picture as a person sees it: square pixels, standard range, upright.
//!
//! **Invariant:** stills, posters and renditions go through here and nowhere else, so they look the same.

mod upright;

use ffmpeg_next::frame;
pub use upright::Upright;

use crate::{
    Orientation, Picture, VideoError,
    media::{
        colour::Colour,
        demuxer::Track,
        scaler::{Planes, Scaler, Target},
    },
    tonemap::{self, Table},
};

/// Renders pictures of one clip.
pub struct Renderer {
    orientation: Orientation,
    shown: (u32, u32),
    scaler: Scaler,
    to_video: Scaler,
    table: Option<(Colour, Table)>,
}

impl Renderer {
    /// For the pictures of a track.
    pub fn new(track: &Track) -> Self {
        Self {
            orientation: track.orientation,
            shown: track.shown_size(),
            scaler: Scaler::default(),
            to_video: Scaler::default(),
            table: None,
        }
    }

    /// Size of the upright picture in full, pixels.
    pub fn shown(&self) -> (u32, u32) {
        self.shown
    }

    /// RGB, upright, of this upright size.
    pub fn picture(&mut self, decoded: &frame::Video, size: (u32, u32)) -> Result<Picture, VideoError> {
        let colour = Colour::of(decoded);
        let lying = self.orientation.size(size.0, size.1);
        let planes = if colour.is_ordinary() {
            self.scaler.scale(decoded, colour, lying, Target::Rgb24, true)?
        } else {
            self.standard_range(decoded, colour, lying)?
        };
        let (w, h) = (planes.width as usize, planes.height as usize);
        let rgb = self.orientation.turn(&planes.bytes, planes.stride, w, h, 3);
        Ok(Picture { width: size.0, height: size.1, rgb })
    }

    /// Planes for an encoder, upright, of this upright size, and what their numbers mean.
    pub fn video(
        &mut self,
        decoded: &frame::Video,
        size: (u32, u32),
    ) -> Result<(Upright, Colour), VideoError> {
        let colour = Colour::of(decoded);
        let lying = self.orientation.size(size.0, size.1);
        // An encoder can name two matrices that every player knows; anything else is turned into one of them.
        let can_be_named = matches!(colour.matrix, 1 | 6);
        let (planes, colour) = if colour.is_ordinary() && can_be_named {
            let planes = self.scaler.scale(decoded, colour, lying, Target::LimitedI420, false)?;
            (planes, Colour { full_range: false, ..colour })
        } else {
            let rgb = self.standard_range(decoded, colour, lying)?;
            let ordinary = Colour { matrix: 1, full_range: false, transfer: 1, primaries: tonemap::BT709 };
            (self.to_video.encode_rgb(&rgb)?, ordinary)
        };
        Ok((Upright::turn(&planes, self.orientation), colour))
    }

    /// RGB24 rows, still lying, after the tone map. Scaled first: fewer pixels to map.
    fn standard_range(
        &mut self,
        decoded: &frame::Video,
        colour: Colour,
        size: (u32, u32),
    ) -> Result<Planes, VideoError> {
        let deep = self.scaler.scale(decoded, colour, size, Target::Rgb48, true)?;
        if self.table.as_ref().is_none_or(|(of, _)| *of != colour) {
            self.table = Some((colour, Table::new(colour.transfer(), colour.primaries)));
        }
        let Some((_, table)) = &self.table else { return Err(VideoError::internal("no table")) };
        let mut out = Planes::new(Target::Rgb24, size.0, size.1)?;
        let width = size.0 as usize;
        let rows = deep.bytes.chunks_exact(deep.stride).zip(out.bytes.chunks_exact_mut(out.stride));
        for (from, to) in rows.take(size.1 as usize) {
            for (from, to) in from.chunks_exact(6).zip(to.chunks_exact_mut(3)).take(width) {
                if let [r0, r1, g0, g1, b0, b1] = *from {
                    let signal = [[r0, r1], [g0, g1], [b0, b1]].map(u16::from_ne_bytes);
                    to.copy_from_slice(&table.at(signal));
                }
            }
        }
        Ok(out)
    }
}

/// The size with the same shape whose longer side is at most `long` and shorter side at most `short`; never
/// larger than it was.
pub fn fit((width, height): (u32, u32), long: u32, short: u32) -> (u32, u32) {
    let (longer, shorter) = (width.max(height).max(1), width.min(height).max(1));
    let (by, of) = if u64::from(long) * u64::from(shorter) < u64::from(short) * u64::from(longer) {
        (long, longer)
    } else {
        (short, shorter)
    };
    if by >= of {
        return (width.max(1), height.max(1));
    }
    let scale = |side: u32| {
        let side = (u64::from(side) * u64::from(by) + u64::from(of) / 2) / u64::from(of);
        u32::try_from(side).unwrap_or(u32::MAX).max(1)
    };
    (scale(width), scale(height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_fit_without_growing() {
        assert_eq!(fit((3840, 2160), 1920, 1080), (1920, 1080));
        assert_eq!(fit((1080, 1920), 1920, 1080), (1080, 1920));
        assert_eq!(fit((1440, 1440), 1920, 1080), (1080, 1080));
        assert_eq!(fit((640, 480), 1920, 1080), (640, 480));
        assert_eq!(fit((4000, 100), 1920, 1080), (1920, 48));
        assert_eq!(fit((10_000, 1), 320, 320), (320, 1));
    }
}

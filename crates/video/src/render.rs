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
    tonemap::{self, EDGE},
};

/// Renders pictures of one clip.
pub struct Renderer {
    orientation: Orientation,
    shown: (u32, u32),
    scaler: Scaler,
    to_video: Scaler,
    table: Option<(Colour, Vec<[u16; 3]>)>,
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
            self.table = Some((colour, tonemap::fine_lut(colour.transfer(), colour.primaries)));
        }
        let Some((_, table)) = &self.table else { return Err(VideoError::internal("no table")) };
        let mut out = Planes::new(Target::Rgb24, size.0, size.1)?;
        let width = size.0 as usize;
        let rows = deep.bytes.chunks_exact(deep.stride).zip(out.bytes.chunks_exact_mut(out.stride));
        for (from, to) in rows.take(size.1 as usize) {
            for (from, to) in from.chunks_exact(6).zip(to.chunks_exact_mut(3)).take(width) {
                if let [r0, r1, g0, g1, b0, b1] = *from {
                    let signal = [[r0, r1], [g0, g1], [b0, b1]].map(u16::from_ne_bytes);
                    to.copy_from_slice(&look_up(table, signal));
                }
            }
        }
        Ok(out)
    }
}

/// Between the four nodes of the tetrahedron a signal lies in, in proportion. Unlike between all eight of its cube,
/// grey is made of grey nodes alone and keeps its brightness.
pub fn look_up(table: &[[u16; 3]], signal: [u16; 3]) -> [u8; 3] {
    const STEPS: u64 = EDGE as u64 - 1;
    const WHOLE: u64 = 65535;
    let mut axes = [(0, 1), (0, EDGE), (0, EDGE * EDGE)];
    let mut at = 0;
    for ((weight, step), value) in axes.iter_mut().zip(signal) {
        let scaled = u64::from(value) * STEPS;
        let node = (scaled / WHOLE).min(STEPS - 1);
        *weight = scaled - node * WHOLE;
        at += usize::try_from(node).unwrap_or(0) * *step;
    }
    // From the nearest corner to the farthest, along the axis with most of the way to go first.
    axes.sort_unstable_by(|a, b| b.cmp(a));
    let mut sum = [0; 3];
    let mut left = WHOLE;
    for (weight, step) in axes.into_iter().chain([(0, 0)]) {
        let node = table.get(at).copied().unwrap_or_default();
        for (sum, value) in sum.iter_mut().zip(node) {
            *sum += (left - weight) * u64::from(value);
        }
        left = weight;
        at += step;
    }
    // 65535 squared -> 255, rounded.
    sum.map(|v| u8::try_from((v / WHOLE + 128) / 257).unwrap_or(u8::MAX))
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
    use limpet_wire::frames::Transfer;

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

    #[test]
    fn the_table_agrees_with_the_formulas_between_its_nodes() {
        for transfer in [Transfer::Hlg, Transfer::Pq] {
            let table = tonemap::fine_lut(transfer, tonemap::BT2020);
            let (mut worst, mut sum, mut count) = (0.0_f64, 0.0, 0.0);
            for i in 0..16384_u32 {
                let signal =
                    [i * 37 % 4096, i * 101 % 4096, i % 4096].map(|v| u16::try_from(v * 16).unwrap());
                let exact = tonemap::map(transfer, tonemap::BT2020, signal.map(|v| f64::from(v) / 65535.0));
                for (got, exact) in look_up(&table, signal).into_iter().zip(exact) {
                    let off = (f64::from(got) - exact * 255.0).abs();
                    (sum, count) = (sum + off, count + 1.0);
                    // Colours outside BT.709 are cut off at nothing, where the screen's curve is steep.
                    if (0.1..0.999).contains(&exact) {
                        worst = worst.max(off);
                    }
                }
            }
            assert!(worst < 20.0 && sum / count < 0.8, "{transfer:?}: {worst} {}", sum / count);
            for v in 0..=255_u16 {
                let exact = tonemap::map(transfer, tonemap::BT2020, [f64::from(v) / 255.0; 3]);
                let grey = f64::from(look_up(&table, [v * 257; 3])[1]);
                assert!(
                    (grey - exact[1] * 255.0).abs() < 1.5,
                    "{transfer:?} grey {v}: {grey} {}",
                    exact[1] * 255.0
                );
            }
        }
        let plain = tonemap::fine_lut(Transfer::Sdr, tonemap::BT709);
        for v in 0..=255_u16 {
            let got = look_up(&plain, [v * 257, 0, 65535]);
            assert_eq!(got, [u8::try_from(v).unwrap(), 0, 255]);
        }
    }
}

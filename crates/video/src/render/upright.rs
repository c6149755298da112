//! Planar 4:2:0 turned upright, for an encoder.

use crate::{Orientation, media::scaler::Planes};

/// Y, U and V without padding.
pub struct Upright {
    /// Pixels of Y.
    pub width: usize,
    /// Pixels of Y.
    pub height: usize,
    /// Rows of Y, U and V; the latter are half as wide and high, rounded up.
    pub planes: [Vec<u8>; 3],
}

impl Upright {
    /// Turns planes that still lie as stored.
    pub fn turn(lying: &Planes, orientation: Orientation) -> Self {
        let (w, h) = (lying.width as usize, lying.height as usize);
        let [_, u, v] = lying.offsets();
        let plane = |from: usize, stride: usize, w: usize, h: usize| {
            orientation.turn(lying.bytes.get(from..).unwrap_or_default(), stride, w, h, 1)
        };
        let (cw, ch) = (w.div_ceil(2), h.div_ceil(2));
        let planes = [
            plane(0, lying.stride, w, h),
            plane(u, lying.chroma_stride, cw, ch),
            plane(v, lying.chroma_stride, cw, ch),
        ];
        let (width, height) = if orientation.swaps() { (h, w) } else { (w, h) };
        Self { width, height, planes }
    }
}

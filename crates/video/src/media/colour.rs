//! What the numbers of a picture mean: matrix, range, transfer function, primaries.
//!
//! **Invariant:** what the file says counts; where it says nothing, what phones and cameras mean by nothing.

use ffmpeg_next::{format::Pixel, frame};
use limpet_wire::frames::{Matrix, Transfer};

use super::raw;
use crate::{Range, tonemap};

/// The colour description of a decoded picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Colour {
    /// Y'CbCr matrix.
    pub matrix: u8,
    /// Whether samples use the full range.
    pub full_range: bool,
    /// H.273 number of the transfer function, 1 for any standard range.
    pub transfer: u8,
    /// H.273 number of the primaries: 1, 9 or 12.
    pub primaries: u8,
}

impl Colour {
    /// Of a decoded picture.
    pub fn of(picture: &frame::Video) -> Self {
        let (matrix, primaries, transfer, full) = raw::frame_colour(picture);
        let matrix = match matrix {
            1 => Matrix::Bt709,
            5 | 6 => Matrix::Bt601,
            9 | 10 => Matrix::Bt2020,
            // Says nothing: high definition means BT.709, as in every player.
            _ if picture.width() >= 1280 || picture.height() > 576 => Matrix::Bt709,
            _ => Matrix::Bt601,
        };
        let primaries = primaries_of(primaries);
        let full_range = full || is_full_range_format(picture.format());
        Self { matrix: matrix as u8, full_range, transfer: transfer_of(transfer) as u8, primaries }
    }

    /// The matrix as the frame socket names it.
    pub fn matrix(self) -> Matrix {
        [Matrix::Bt601, Matrix::Bt2020].into_iter().find(|m| *m as u8 == self.matrix).unwrap_or(Matrix::Bt709)
    }

    /// The transfer function as the frame socket names it.
    pub fn transfer(self) -> Transfer {
        transfer_of(u32::from(self.transfer))
    }

    /// Whether an ordinary screen shows it as it is.
    pub fn is_ordinary(self) -> bool {
        self.transfer() == Transfer::Sdr && self.primaries == tonemap::BT709
    }
}

/// The transfer function that matters to us, from its H.273 number.
pub fn transfer_of(number: u32) -> Transfer {
    match number {
        16 => Transfer::Pq,
        18 => Transfer::Hlg,
        _ => Transfer::Sdr,
    }
}

/// The primaries that matter to us, from their H.273 number.
pub fn primaries_of(number: u32) -> u8 {
    match number {
        9 => tonemap::BT2020,
        11 | 12 => tonemap::DISPLAY_P3,
        _ => tonemap::BT709,
    }
}

/// Sample range, from FFmpeg's number and the pixel format.
pub fn range_of(range: u32, format: Option<Pixel>) -> Range {
    if range == 2 || format.is_some_and(is_full_range_format) { Range::Full } else { Range::Limited }
}

/// FFmpeg's old names for full range formats.
fn is_full_range_format(format: Pixel) -> bool {
    matches!(format, Pixel::YUVJ420P | Pixel::YUVJ422P | Pixel::YUVJ444P | Pixel::YUVJ440P | Pixel::YUVJ411P)
}

//! The frame number in the picture, for people and for programs.
//!
//! People read large digits. Programs read a strip along the top edge: [`CELLS`] cells of equal width over the
//! whole width, [`strip_height`] high, black or white:
//!
//! `white black | bit 15 .. bit 0 | parity | white black`
//!
//! Parity makes the number of white cells among the seventeen even. The guards at both ends say which end is
//! which and how bright black and white came out, so that a strip survives scaling, chroma subsampling, lossy
//! coding and tone mapping; a picture that is turned or mirrored does not read as a number.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "positions are fractions of the picture's size"
)]

use super::canvas::{Canvas, Colour};

/// Cells in the strip.
pub const CELLS: usize = 21;
const BITS: usize = 16;
const BLACK: Colour = [0; 3];
const WHITE: Colour = [255; 3];

/// A picture to read from: rows of 8-bit RGB from the top, without padding.
#[derive(Clone, Copy)]
pub struct Rgb<'a> {
    /// Width, pixels.
    pub width: usize,
    /// Height, pixels.
    pub height: usize,
    /// `width * height * 3` bytes.
    pub bytes: &'a [u8],
}

/// Height of the strip in a picture of this height: a sixteenth.
pub fn strip_height(height: usize) -> usize {
    height.div_ceil(16).max(4)
}

fn cells(number: u16) -> [bool; CELLS] {
    let mut cells = [false; CELLS];
    let bits = (0..BITS).map(|i| number >> (BITS - 1 - i) & 1 == 1);
    let parity = number.count_ones() % 2 == 1;
    let all = [true, false].into_iter().chain(bits).chain([parity, true, false]);
    for (cell, white) in cells.iter_mut().zip(all) {
        *cell = white;
    }
    cells
}

/// Draws the strip.
pub fn draw_strip(canvas: &mut Canvas, number: u16) {
    let (width, height) = canvas.size();
    for (i, white) in cells(number).into_iter().enumerate() {
        let (from, to) = (i * width / CELLS, (i + 1) * width / CELLS);
        canvas.rect(from, 0, to - from, strip_height(height), if white { WHITE } else { BLACK });
    }
}

/// Reads the strip of an upright picture of any size.
///
/// `None` when there is none, when it is damaged, or when the picture is not upright.
pub fn read_number(picture: Rgb<'_>) -> Option<u16> {
    let brightness: Vec<f32> = (0..CELLS).map(|i| picture.cell(i)).collect::<Option<_>>()?;
    let guard = |places: [usize; 2]| -> Option<f32> {
        Some((brightness.get(*places.first()?)? + brightness.get(*places.last()?)?) / 2.0)
    };
    let (white, black) = (guard([0, CELLS - 2])?, guard([1, CELLS - 1])?);
    if white - black < 60.0 {
        return None;
    }
    let mut read = [false; CELLS];
    for (cell, &level) in read.iter_mut().zip(&brightness) {
        let share = (level - black) / (white - black);
        if (0.35..0.65).contains(&share) {
            return None;
        }
        *cell = share > 0.5;
    }
    let number = read.iter().skip(2).take(BITS).fold(0, |number, &bit| number << 1 | u16::from(bit));
    (cells(number) == read).then_some(number)
}

impl Rgb<'_> {
    /// Mean brightness of the middle of a cell, 0 to 255.
    fn cell(self, index: usize) -> Option<f32> {
        let cell = self.width as f32 / CELLS as f32;
        let columns = middle(index as f32 * cell, cell);
        let rows = middle(0.0, self.height as f32 / 16.0);
        let (mut sum, mut count) = (0.0, 0.0);
        for y in rows {
            for x in columns.clone() {
                let start = (y * self.width + x) * 3;
                for &byte in self.bytes.get(start..start + 3)? {
                    sum += f32::from(byte);
                    count += 1.0;
                }
            }
        }
        Some(sum / count)
    }
}

/// The middle half of a stretch, at least one pixel.
fn middle(from: f32, length: f32) -> std::ops::RangeInclusive<usize> {
    let first = (from + length * 0.25).round() as usize;
    let last = ((from + length * 0.75).round() as usize).max(first + 1) - 1;
    first..=last
}

/// Rows of each digit, five columns, most significant bit left.
const DIGITS: [[u8; 7]; 10] = [
    [14, 17, 19, 21, 25, 17, 14],
    [4, 12, 4, 4, 4, 4, 14],
    [14, 17, 1, 2, 4, 8, 31],
    [31, 2, 4, 2, 1, 17, 14],
    [2, 6, 10, 18, 31, 2, 2],
    [31, 16, 30, 1, 1, 17, 14],
    [6, 8, 16, 30, 17, 17, 14],
    [31, 1, 2, 4, 8, 8, 8],
    [14, 17, 17, 14, 17, 17, 14],
    [14, 17, 17, 15, 1, 2, 12],
];

/// Draws the number in large digits on a dark plate at the lower right.
pub fn draw_digits(canvas: &mut Canvas, number: u16) {
    let (width, height) = canvas.size();
    let dot = (width.min(height) / 90).max(1);
    let text = number.to_string();
    let (plate_width, plate_height) = ((text.len() * 6 + 1) * dot, 9 * dot);
    let left = width.saturating_sub(plate_width + 2 * dot);
    let top = height.saturating_sub(plate_height + 2 * dot);
    canvas.rect(left, top, plate_width, plate_height, [24, 30, 32]);
    for (place, digit) in text.chars().filter_map(|c| c.to_digit(10)).enumerate() {
        let Some(rows) = DIGITS.get(digit as usize) else { continue };
        for (y, row) in rows.iter().enumerate() {
            for x in (0..5).filter(|x| row >> (4 - x) & 1 == 1) {
                let (x, y) = (left + dot * (1 + place * 6 + x), top + dot * (1 + y));
                canvas.rect(x, y, dot, dot, [255, 214, 102]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rgb(canvas: &Canvas) -> Rgb<'_> {
        let (width, height) = canvas.size();
        Rgb { width, height, bytes: canvas.rgb() }
    }

    #[test]
    fn every_kind_of_number_is_read_back_at_odd_sizes() {
        for (width, height) in [(1920, 1080), (641, 359), (63, 65), (1080, 1920)] {
            for number in [0, 1, 2, 255, 256, 0x5555, 0xAAAA, u16::MAX] {
                let mut canvas = Canvas::new(width, height, [90, 120, 60]);
                draw_strip(&mut canvas, number);
                draw_digits(&mut canvas, number);
                assert_eq!(read_number(rgb(&canvas)), Some(number), "{number} at {width}x{height}");
            }
        }
    }

    #[test]
    fn a_flipped_bit_or_a_mirrored_strip_is_no_number() {
        let mut canvas = Canvas::new(640, 360, [90; 3]);
        draw_strip(&mut canvas, 300);
        let mut mirrored = canvas.clone();
        for y in 0..360 {
            for x in 0..640 {
                mirrored.set(639 - x, y, canvas.at(x, y));
            }
        }
        assert_eq!(read_number(rgb(&mirrored)), None);
        canvas.rect(640 * 5 / CELLS, 0, 640 / CELLS, 30, WHITE);
        assert_eq!(read_number(rgb(&canvas)), None);
        assert_eq!(read_number(rgb(&Canvas::new(640, 360, [90; 3]))), None);
    }
}

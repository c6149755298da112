//! How a stored picture stands upright.
//!
//! **Invariant:** everywhere in Limpet rotation means *degrees clockwise to turn the stored picture so that it
//! stands upright*, after an optional mirroring left to right. FFmpeg's `rotation=` means the opposite turn.

/// What to do with a stored picture: mirror it left to right if `reflected`, then turn it clockwise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Orientation {
    /// 0, 90, 180 or 270 degrees clockwise.
    pub rotation: u16,
    /// Mirrored left to right before it is turned.
    pub reflected: bool,
}

impl Orientation {
    /// From a display matrix as FFmpeg and ISO/IEC 14496-12 store it: nine 32-bit numbers, of which
    /// `[a b u; c d v; x y w]` takes a stored point `(p, q)` to `(a p + c q + x, b p + d q + y)` with `q` and
    /// `y` counted downwards. Turns that are not a multiple of 90 degrees go to the nearest.
    pub fn from_matrix(matrix: [i32; 9]) -> Self {
        let [a, b, _, c, d, ..] = matrix.map(f64::from);
        if a * d - b * c == 0.0 {
            return Self::default();
        }
        // Mirroring first negates the image of the first axis.
        let reflected = a * d - b * c < 0.0;
        let (a, b) = if reflected { (-a, -b) } else { (a, b) };
        // The stored x axis points to (a, b) with y downwards, so growing angles turn clockwise.
        let turn = b.atan2(a).to_degrees();
        let rotation = [(0.0, 0), (90.0, 90), (-90.0, 270)]
            .into_iter()
            .find(|(angle, _)| (turn - angle).abs() < 45.0)
            .map_or(180, |(_, rotation)| rotation);
        Self { rotation, reflected }
    }

    /// Whether width and height change places.
    pub fn swaps(self) -> bool {
        self.rotation % 180 == 90
    }

    /// Size of the upright picture.
    pub fn size(self, width: u32, height: u32) -> (u32, u32) {
        if self.swaps() { (height, width) } else { (width, height) }
    }

    /// The upright plane of `width` x `height` elements of `element` bytes each; `rows` is `stride` bytes a row.
    /// The answer has no padding.
    pub(crate) fn turn(
        self,
        rows: &[u8],
        stride: usize,
        width: usize,
        height: usize,
        element: usize,
    ) -> Vec<u8> {
        let (out_width, out_height) = if self.swaps() { (height, width) } else { (width, height) };
        let mut out = Vec::with_capacity(out_width * out_height * element);
        for y in 0..out_height {
            for x in 0..out_width {
                let (p, q) = match self.rotation {
                    90 => (y, height - 1 - x),
                    180 => (width - 1 - x, height - 1 - y),
                    270 => (width - 1 - y, x),
                    _ => (x, y),
                };
                let p = if self.reflected { width - 1 - p } else { p };
                let at = q * stride + p * element;
                out.extend_from_slice(rows.get(at..at + element).unwrap_or_default());
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: i32 = 1 << 16;

    fn matrix(a: i32, b: i32, c: i32, d: i32) -> Orientation {
        Orientation::from_matrix([a * ONE, b * ONE, 0, c * ONE, d * ONE, 0, 0, 0, 1 << 30])
    }

    fn turned(orientation: Orientation) -> Vec<u8> {
        // A B C
        // D E F
        orientation.turn(b"ABC.DEF.", 4, 3, 2, 1)
    }

    #[test]
    fn a_phone_held_upright_stores_ninety_degrees() {
        // What every phone in portrait writes: 0 1 0 / -1 0 0, "rotation=-90" in ffprobe.
        let portrait = matrix(0, 1, -1, 0);
        assert_eq!(portrait, Orientation { rotation: 90, reflected: false });
        assert_eq!(turned(portrait), b"DAEBFC");
        assert_eq!(portrait.size(1920, 1080), (1080, 1920));
    }

    #[test]
    fn every_matrix_moves_the_corners_where_it_says() {
        for (a, b, c, d) in [
            (1, 0, 0, 1),
            (0, 1, -1, 0),
            (-1, 0, 0, -1),
            (0, -1, 1, 0),
            (-1, 0, 0, 1),
            (1, 0, 0, -1),
            (0, 1, 1, 0),
            (0, -1, -1, 0),
        ] {
            let picture = turned(matrix(a, b, c, d));
            // Apply the matrix to each pixel centre and sort by where it lands: that is the definition.
            let mut landed: Vec<_> = (0..)
                .zip(b"ABCDEF")
                .map(|(i, letter): (i32, _)| {
                    let (p, q) = (i % 3, i / 3);
                    ((b * p + d * q, a * p + c * q), *letter)
                })
                .collect();
            landed.sort_unstable();
            let expected: Vec<u8> = landed.into_iter().map(|(_, letter)| letter).collect();
            assert_eq!(picture, expected, "{a} {b} {c} {d}");
        }
    }

    #[test]
    fn an_empty_matrix_is_upright() {
        assert_eq!(Orientation::from_matrix([0; 9]), Orientation::default());
    }
}

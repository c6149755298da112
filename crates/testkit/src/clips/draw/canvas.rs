//! A picture of 8-bit RGB and one way to draw on it: fill a convex shape, with soft edges.
//!
//! Whole runs of a row are copied, never pixels one by one, so that drawing keeps up with the encoder even in
//! an unoptimised build.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "coordinates are clipped to the picture before they become indices"
)]

use std::f32::consts::TAU;

/// A colour, sRGB.
pub type Colour = [u8; 3];
/// A point, pixels from the top left corner.
pub type Point = (f32, f32);

/// Lines looked at in each row of pixels; the edges are that much softer.
const LINES: usize = 4;

/// A picture being drawn.
#[derive(Clone)]
pub struct Canvas {
    width: usize,
    height: usize,
    rgb: Vec<u8>,
}

impl Canvas {
    /// A picture of one colour.
    pub fn new(width: usize, height: usize, colour: Colour) -> Self {
        Self { width, height, rgb: colour.repeat(width * height) }
    }

    /// Width and height, pixels.
    pub fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    /// Rows of RGB from the top, without padding.
    pub fn rgb(&self) -> &[u8] {
        &self.rgb
    }

    /// The colour at a place; black outside.
    pub fn at(&self, x: usize, y: usize) -> Colour {
        let start = (y * self.width + x) * 3;
        match self.rgb.get(start..start + 3).and_then(|pixel| pixel.try_into().ok()) {
            Some(colour) if x < self.width => colour,
            _ => [0; 3],
        }
    }

    /// Sets one pixel; nothing happens outside.
    pub fn set(&mut self, x: usize, y: usize, colour: Colour) {
        if x < self.width {
            let start = (y * self.width + x) * 3;
            if let Some(pixel) = self.rgb.get_mut(start..start + 3) {
                pixel.copy_from_slice(&colour);
            }
        }
    }

    /// Fills a rectangle with hard edges.
    pub fn rect(&mut self, x: usize, y: usize, width: usize, height: usize, colour: Colour) {
        let ink = colour.repeat(width.min(self.width));
        for row in y..(y + height).min(self.height) {
            self.run(row, x, (x + width).min(self.width), &ink);
        }
    }

    /// Fills a convex shape given by its corners, in either direction.
    pub fn fill(&mut self, corners: &[Point], colour: Colour) {
        let Some(lines) = Lines::of(corners, self.height) else { return };
        let widest = self.width.min((lines.right - lines.left).max(0.0) as usize + 2);
        let ink = colour.repeat(widest);
        for (row, spans) in lines.spans.chunks(LINES).enumerate() {
            self.fill_row(lines.top + row, spans, colour, &ink);
        }
    }

    /// A disc.
    pub fn disc(&mut self, centre: Point, radius: f32, colour: Colour) {
        self.ellipse(centre, (radius, radius), 0.0, colour);
    }

    /// An ellipse turned by `angle` radians, clockwise as seen.
    pub fn ellipse(&mut self, centre: Point, radii: (f32, f32), angle: f32, colour: Colour) {
        let (sin, cos) = angle.sin_cos();
        let corners: Vec<Point> = (0..40_u8)
            .map(|i| {
                let (y, x) = (f32::from(i) / 40.0 * TAU).sin_cos();
                let (x, y) = (x * radii.0, y * radii.1);
                (centre.0 + x * cos - y * sin, centre.1 + x * sin + y * cos)
            })
            .collect();
        self.fill(&corners, colour);
    }

    /// A limb: round at both ends, `from` and `to` with their own radius.
    pub fn limb(&mut self, from: (Point, f32), to: (Point, f32), colour: Colour) {
        let ((x0, y0), (x1, y1)) = (from.0, to.0);
        let (dx, dy) = (x1 - x0, y1 - y0);
        let length = dx.hypot(dy);
        if length > f32::EPSILON {
            let (nx, ny) = (-dy / length, dx / length);
            self.fill(
                &[
                    (x0 + nx * from.1, y0 + ny * from.1),
                    (x1 + nx * to.1, y1 + ny * to.1),
                    (x1 - nx * to.1, y1 - ny * to.1),
                    (x0 - nx * from.1, y0 - ny * from.1),
                ],
                colour,
            );
        }
        self.disc(from.0, from.1, colour);
        self.disc(to.0, to.1, colour);
    }

    fn fill_row(&mut self, row: usize, spans: &[(f32, f32)], colour: Colour, ink: &[u8]) {
        let limit = self.width as f32;
        let clipped = || spans.iter().map(|&(lo, hi)| (lo.clamp(0.0, limit), hi.clamp(0.0, limit)));
        let outer =
            clipped().filter(|(lo, hi)| lo < hi).fold((limit, 0.0_f32), |o, s| (o.0.min(s.0), o.1.max(s.1)));
        if outer.0 >= outer.1 {
            return;
        }
        let inner = clipped().fold((0.0_f32, limit), |i, s| (i.0.max(s.0), i.1.min(s.1)));
        let (first, last) = (outer.0.floor() as usize, outer.1.ceil() as usize);
        let solid = if spans.len() == LINES && inner.0 + 1.0 < inner.1 {
            (inner.0.ceil() as usize, inner.1.floor() as usize)
        } else {
            (last, last)
        };
        self.run(row, solid.0, solid.1, ink);
        for x in (first..solid.0.min(last)).chain(solid.1.max(first)..last) {
            let (left, right) = (x as f32, x as f32 + 1.0);
            let covered: f32 = clipped().map(|(lo, hi)| (hi.min(right) - lo.max(left)).max(0.0)).sum();
            self.blend(x, row, colour, covered / LINES as f32);
        }
    }

    fn run(&mut self, row: usize, from: usize, to: usize, ink: &[u8]) {
        if from < to {
            let start = (row * self.width + from) * 3;
            let length = (to - from) * 3;
            if let (Some(pixels), Some(ink)) = (self.rgb.get_mut(start..start + length), ink.get(..length)) {
                pixels.copy_from_slice(ink);
            }
        }
    }

    fn blend(&mut self, x: usize, y: usize, colour: Colour, share: f32) {
        let under = self.at(x, y);
        let mut mixed = under;
        for ((out, under), over) in mixed.iter_mut().zip(under).zip(colour) {
            *out = (f32::from(under) + (f32::from(over) - f32::from(under)) * share).round() as u8;
        }
        self.set(x, y, mixed);
    }
}

/// Where a shape begins and ends on each line, from the row `top` down.
struct Lines {
    top: usize,
    left: f32,
    right: f32,
    spans: Vec<(f32, f32)>,
}

impl Lines {
    fn of(corners: &[Point], height: usize) -> Option<Self> {
        let bound =
            |pick: fn(&Point) -> f32, better: fn(f32, f32) -> f32| corners.iter().map(pick).reduce(better);
        let (top, bottom) = (bound(|p| p.1, f32::min)?, bound(|p| p.1, f32::max)?);
        let (left, right) = (bound(|p| p.0, f32::min)?, bound(|p| p.0, f32::max)?);
        let first = top.floor().clamp(0.0, height as f32) as usize;
        let last = bottom.ceil().clamp(0.0, height as f32) as usize;
        if first >= last {
            return None;
        }
        let mut spans = vec![(f32::INFINITY, f32::NEG_INFINITY); (last - first) * LINES];
        for (a, b) in corners.iter().zip(corners.iter().cycle().skip(1)) {
            edge(&mut spans, first, *a, *b);
        }
        Some(Self { top: first, left, right, spans })
    }
}

/// Widens every span that the edge from `a` to `b` crosses.
fn edge(spans: &mut [(f32, f32)], top: usize, a: Point, b: Point) {
    let (upper, lower) = if a.1 <= b.1 { (a, b) } else { (b, a) };
    if lower.1 - upper.1 < 1e-6 {
        return;
    }
    let slope = (lower.0 - upper.0) / (lower.1 - upper.1);
    let line = |y: f32| (y - top as f32) * LINES as f32 - 0.5;
    let first = line(upper.1).ceil().max(0.0) as usize;
    let last = line(lower.1).ceil().max(0.0) as usize;
    for (index, span) in spans.iter_mut().enumerate().take(last).skip(first) {
        let y = top as f32 + (index as f32 + 0.5) / LINES as f32;
        let x = upper.0 + (y - upper.1) * slope;
        *span = (span.0.min(x), span.1.max(x));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_square_covers_its_pixels_and_half_pixels() {
        let mut canvas = Canvas::new(6, 6, [0; 3]);
        canvas.fill(&[(1.0, 1.0), (4.5, 1.0), (4.5, 4.0), (1.0, 4.0)], [200; 3]);
        assert_eq!(canvas.at(0, 2), [0; 3]);
        assert_eq!(canvas.at(1, 1), [200; 3]);
        assert_eq!(canvas.at(3, 3), [200; 3]);
        assert_eq!(canvas.at(4, 2), [100; 3]);
        assert_eq!(canvas.at(3, 4), [0; 3]);
    }

    #[test]
    fn shapes_may_hang_over_every_edge() {
        let mut canvas = Canvas::new(8, 8, [0; 3]);
        canvas.disc((0.0, 0.0), 100.0, [9; 3]);
        assert!(canvas.rgb().iter().all(|&byte| byte == 9));
        canvas.disc((-50.0, 4.0), 10.0, [1; 3]);
        assert!(canvas.rgb().iter().all(|&byte| byte == 9));
    }
}

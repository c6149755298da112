//! Where it happens: a path with a fence and trees, or a room, passing by behind the figure.

use super::{
    canvas::{Canvas, Colour, Point},
    shade,
};

/// How the scene maps onto the picture. The figure stands in the middle, one body height is `unit` pixels.
#[derive(Clone, Copy)]
pub struct View {
    /// Pixels of one body height.
    pub unit: f32,
    /// Where the middle of the figure meets the ground.
    pub ground: Point,
    /// Picture size, pixels.
    pub size: Point,
}

impl View {
    /// The view of a picture.
    pub fn of(canvas: &Canvas) -> Self {
        let (width, height) = canvas.size();
        let (width, height) = (width as f32, height as f32);
        let unit = (height * 0.52).min(width * 0.42);
        Self { unit, ground: (width * 0.5, height * 0.5 + unit * 0.56), size: (width, height) }
    }

    /// A point `forward` and `up` of the spot the figure stands on, in body heights.
    pub fn at(self, forward: f32, up: f32) -> Point {
        (self.ground.0 + forward * self.unit, self.ground.1 - up * self.unit)
    }
}

const SKY: Colour = [196, 216, 222];
const HAZE: Colour = [222, 230, 224];
const GRASS: Colour = [142, 160, 118];
const PATH: Colour = [206, 194, 172];
const WALL: Colour = [222, 214, 200];
const FLOOR: Colour = [176, 148, 118];

/// What never moves.
pub fn backdrop(width: usize, height: usize, indoors: bool) -> Canvas {
    let mut canvas = Canvas::new(width, height, if indoors { WALL } else { SKY });
    let view = View::of(&canvas);
    let (right, bottom) = view.size;
    let mut band = |up: f32, colour: Colour| {
        let top = view.ground.1 - up * view.unit;
        canvas.fill(&[(0.0, top), (right, top), (right, bottom), (0.0, bottom)], colour);
    };
    if indoors {
        band(0.32, shade(WALL, 0.86));
        band(0.26, FLOOR);
    } else {
        band(0.75, HAZE);
        band(0.42, GRASS);
        band(0.12, PATH);
        band(-0.28, shade(GRASS, 0.9));
    }
    canvas
}

/// What passes by after `walked` body heights: something far, something near, marks on the ground.
pub fn passing(canvas: &mut Canvas, view: View, walked: f32, indoors: bool) {
    if indoors {
        for x in repeats(view, walked * 0.7, 1.9) {
            window(canvas, view, x);
        }
    } else {
        for x in repeats(view, walked * 0.35, 1.3) {
            tree(canvas, view, x);
        }
        fence(canvas, view, walked);
    }
    let mark = if indoors { shade(FLOOR, 0.86) } else { shade(PATH, 0.84) };
    for x in repeats(view, walked, 0.5) {
        let (from, to) = (view.at(x, 0.02), view.at(x - 0.12, -0.2));
        let thick = view.unit * 0.008;
        canvas.limb((from, thick), (to, thick), mark);
    }
}

/// Places of things that repeat every `every` body heights, moved back by `walked`.
fn repeats(view: View, walked: f32, every: f32) -> impl Iterator<Item = f32> {
    let half = view.size.0 / view.unit / 2.0 + every;
    let start = -half - walked.rem_euclid(every);
    (0..64_u8).map(move |i| start + f32::from(i) * every).take_while(move |&x| x < half + every)
}

fn tree(canvas: &mut Canvas, view: View, x: f32) {
    let leaf = [128, 152, 122];
    canvas.limb((view.at(x, 0.4), view.unit * 0.022), (view.at(x, 0.75), view.unit * 0.016), [124, 108, 92]);
    for (dx, up, radius) in [(-0.1, 0.78, 0.13), (0.1, 0.8, 0.14), (0.0, 0.92, 0.15)] {
        canvas.disc(view.at(x + dx, up), view.unit * radius, leaf);
    }
}

fn fence(canvas: &mut Canvas, view: View, walked: f32) {
    let wood = [168, 150, 128];
    let thick = view.unit * 0.012;
    for up in [0.24, 0.36] {
        let (left, right) = ((0.0, view.at(0.0, up).1), (view.size.0, view.at(0.0, up).1));
        canvas.limb((left, thick), (right, thick), wood);
    }
    for x in repeats(view, walked * 0.8, 0.62) {
        canvas.limb((view.at(x, 0.14), thick * 1.5), (view.at(x, 0.44), thick * 1.5), shade(wood, 0.9));
    }
}

fn window(canvas: &mut Canvas, view: View, x: f32) {
    let quad = |left: f32, right: f32, low: f32, high: f32| {
        [view.at(x + left, high), view.at(x + right, high), view.at(x + right, low), view.at(x + left, low)]
    };
    canvas.fill(&quad(-0.3, 0.3, 0.55, 1.15), shade(WALL, 0.8));
    canvas.fill(&quad(-0.27, -0.015, 0.58, 1.12), [188, 208, 214]);
    canvas.fill(&quad(0.015, 0.27, 0.58, 1.12), [188, 208, 214]);
}

/// A dial at the lower left that turns once in two seconds, so that no two frames are alike even when the
/// figure is still.
pub fn clock_hand(canvas: &mut Canvas, view: View, seconds: f32) {
    let radius = view.size.0.min(view.size.1) * 0.045;
    let centre = (radius * 1.6, view.size.1 - radius * 1.6);
    canvas.disc(centre, radius, [24, 30, 32]);
    let (sin, cos) = (seconds * std::f32::consts::PI).sin_cos();
    let tip = (centre.0 + sin * radius * 0.72, centre.1 - cos * radius * 0.72);
    canvas.limb((centre, radius * 0.11), (tip, radius * 0.08), [255, 214, 102]);
}

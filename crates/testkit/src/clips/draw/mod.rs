//! Drawing the frames of a clip: a place, somebody walking through it, and the frame's number.

mod beast;
pub mod canvas;
mod gait;
pub mod number;
mod place;

use canvas::{Canvas, Colour};
pub use gait::Lame;

/// Who is in the clip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// A dog.
    Dog,
    /// A cat.
    Cat,
    /// A rabbit, hopping.
    Rabbit,
    /// A horse.
    Horse,
}

/// What the figure does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Doing {
    /// Walks on the spot while the place passes by, sparing one leg by `0.0` (sound) to `1.0` (carries it).
    Walking(Lame, f32),
    /// Lies down and breathes, this many breaths a minute.
    Resting(f32),
}

/// Everything that decides what the pictures look like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scene {
    /// Who is in it.
    pub who: Who,
    /// What it does.
    pub doing: Doing,
    /// The coat, or the coat on the coat rack.
    pub coat: Colour,
    /// Collar or scarf.
    pub collar: Colour,
    /// Whether it is indoors.
    pub indoors: bool,
}

/// Draws scenes of one size.
pub struct Painter {
    scene: Scene,
    backdrop: Canvas,
}

impl Painter {
    /// Prepares what is the same in every frame.
    pub fn new(scene: Scene, width: usize, height: usize) -> Self {
        Self { scene, backdrop: place::backdrop(width, height, scene.indoors) }
    }

    /// The frame with this number, `seconds` from the start.
    pub fn frame(&self, number: u16, seconds: f32) -> Canvas {
        let mut canvas = self.plain(seconds);
        let view = place::View::of(&canvas);
        place::clock_hand(&mut canvas, view, seconds);
        number::draw_digits(&mut canvas, number);
        number::draw_strip(&mut canvas, number);
        canvas
    }

    /// The scene alone.
    pub fn plain(&self, seconds: f32) -> Canvas {
        let mut canvas = self.backdrop.clone();
        let view = place::View::of(&canvas);
        let walked = match self.scene.doing {
            Doing::Walking(..) => seconds * gait::stride(self.scene.who) * gait::cadence(self.scene.who),
            Doing::Resting(_) => 0.0,
        };
        place::passing(&mut canvas, view, walked, self.scene.indoors);
        beast::draw(&mut canvas, view, &self.scene, seconds);
        canvas
    }
}

/// A lighter (`by` above 1) or darker colour.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a byte")]
fn shade(colour: Colour, by: f32) -> Colour {
    colour.map(|byte| (f32::from(byte) * by).round().clamp(0.0, 255.0) as u8)
}

//! Generated clips: a figure walks with a limp, every frame carries its number, every file is a real one that
//! the `ffmpeg` program wrote.
//!
//! A clip is made once and kept under a name that contains a hash of its recipe and of the code that draws and
//! encodes it, so a change to either makes a new file and an old one is never taken for it.

mod bad;
mod draw;
mod encode;
mod keep;
mod kinds;
mod mp4;
mod picture;
mod read;
mod recipe;

pub use bad::Bad;
pub use draw::{
    Doing, Lame, Scene, Who,
    number::{Rgb, read_number},
};
pub use keep::{cache_dir, keep};
pub use kinds::Kind;
pub use read::{Picture, numbers_by_ffmpeg, pictures_by_ffmpeg};
pub use recipe::{Coding, Container, Recipe, Sound, Timing, Turn};

use std::path::{Path, PathBuf};

use anyhow::Result;

/// A photo as an iPhone keeps it, with the number 12 in it, 480 by 270. `fixtures/README.md` says how it was made.
pub const HEIC: &[u8] = include_bytes!("../../fixtures/photo.heic");

/// Makes a clip, or finds the one made before, in `dir`.
///
/// # Errors
/// When the `ffmpeg` program is missing or lacks an encoder, or `dir` cannot be written.
pub fn make(kind: Kind, dir: &Path) -> Result<PathBuf> {
    make_recipe(&kind.recipe(), dir)
}

/// Makes the clip of a recipe, or finds the one made before, in `dir`.
pub fn make_recipe(recipe: &Recipe, dir: &Path) -> Result<PathBuf> {
    let identity = format!("{recipe:?}");
    keep(dir, &recipe.name, recipe.container.extension(), &identity, |path| encode::encode(recipe, path))
}

/// Makes a frame of a recipe's clip as a JPEG, as it was drawn, or finds the one made before, in `dir`.
pub fn make_still(recipe: &Recipe, number: u16, dir: &Path) -> Result<PathBuf> {
    let identity = format!("still {number} of {recipe:?}");
    keep(dir, &format!("{}-{number}", recipe.name), "jpg", &identity, |path| {
        picture::write(recipe, Some(number), path)
    })
}

/// Makes a photo of a recipe's first moment, without a number, or finds the one made before, in `dir`.
pub fn make_photo(recipe: &Recipe, dir: &Path) -> Result<PathBuf> {
    let identity = format!("photo of {recipe:?}");
    keep(dir, &recipe.name, "jpg", &identity, |path| picture::write(recipe, None, path))
}

/// Makes a file that is not the clip it claims to be, or finds the one made before, in `dir`.
pub fn make_bad(bad: Bad, dir: &Path) -> Result<PathBuf> {
    keep(dir, bad.name(), "mp4", bad.name(), |path| bad::write(bad, path, dir))
}

//! One picture of a scene as a JPEG: what a still or a photo holds.

use std::{fs::File, io::BufWriter, path::Path};

use anyhow::Result;
use image::{ExtendedColorType, ImageEncoder as _, codecs::jpeg::JpegEncoder};

use super::{draw::Painter, recipe::Recipe};

/// Writes the frame with this number; without one, the first moment with no number on it.
pub fn write(recipe: &Recipe, number: Option<u16>, path: &Path) -> Result<()> {
    let (width, height) = recipe.size;
    let painter = Painter::new(recipe.scene, width.into(), height.into());
    let canvas = match number {
        Some(number) => painter.frame(number, recipe.timing.moment(number)),
        None => painter.plain(0.0),
    };
    let encoder = JpegEncoder::new_with_quality(BufWriter::new(File::create(path)?), 90);
    encoder.write_image(canvas.rgb(), width.into(), height.into(), ExtendedColorType::Rgb8)?;
    Ok(())
}

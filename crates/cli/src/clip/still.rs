//! `limpet-cli still`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Args;

/// Writes the frame shown at a time as PNG: full resolution, upright, square pixels, standard range.
#[derive(Args)]
pub struct Still {
    /// A video file, or a photo with a moving part.
    clip: PathBuf,
    /// Microseconds of the container's own time, as `frames` prints them. Before the first frame that is the first
    /// one, after the last the last.
    #[arg(long, allow_negative_numbers = true)]
    at_us: i64,
    /// The PNG file to write; one that is there is replaced.
    #[arg(short, long)]
    output: PathBuf,
}

impl Still {
    pub fn run(&self) -> Result<()> {
        let is_png = self.output.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("png"));
        ensure!(is_png, "The picture is written as PNG. Name a file that ends in .png.");
        let place = |path: &Path| path.canonicalize().ok();
        ensure!(
            place(&self.output).is_none_or(|output| Some(output) != place(&self.clip)),
            "The picture would replace the clip. Name another file."
        );
        let clip = super::open(&self.clip)?;
        let png = clip.still(super::frame_at(&clip, self.at_us))?.to_png()?;
        std::fs::write(&self.output, png)
            .with_context(|| format!("The picture could not be written to {}", self.output.display()))
    }
}

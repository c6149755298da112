//! `limpet-cli still`.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;

/// Writes the frame shown at a time as PNG: full resolution, upright, square pixels, standard range.
#[derive(Args)]
pub struct Still {
    /// A video file.
    clip: PathBuf,
    /// Microseconds of the container's own time, as `frames` prints them.
    #[arg(long, allow_negative_numbers = true)]
    at_us: i64,
    /// The PNG file to write.
    #[arg(short, long)]
    output: PathBuf,
}

impl Still {
    pub fn run(&self) -> Result<()> {
        let clip = super::open(&self.clip)?;
        let png = clip.still(super::frame_at(&clip, self.at_us))?.to_png()?;
        std::fs::write(&self.output, png)
            .with_context(|| format!("The picture could not be written to {}", self.output.display()))
    }
}

//! `limpet-cli probe`.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

/// Prints one JSON object: container, codec, width and height (as stored), rotation (degrees clockwise that make it
/// stand upright), reflected (mirrored left to right before that), frames (shown), packets (all of the video track),
/// duration_us, start_us, missing_us (cut off at the end), vfr, transfer (sdr, hlg or pq), range (limited or full),
/// audio (codec or null), shown_width and shown_height (upright, square pixels), tracks (all tracks of pictures:
/// stream, codec, readable, width, height, duration_us, default, chosen).
#[derive(Args)]
pub struct Probe {
    /// A video file, or a photo with a moving part.
    clip: PathBuf,
}

impl Probe {
    pub fn run(&self) -> Result<()> {
        super::print_json(super::open(&self.clip)?.probe())
    }
}

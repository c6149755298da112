//! Pictures of a clip as the `ffmpeg` program shows them: an opinion independent of our own engine.

use std::{path::Path, process::Command};

use anyhow::{Context as _, Result, ensure};

use super::draw::number::{Rgb, read_number};

/// A picture, upright.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Width, pixels.
    pub width: usize,
    /// Height, pixels.
    pub height: usize,
    /// Rows of RGB from the top, without padding.
    pub rgb: Vec<u8>,
}

impl Picture {
    /// The number burnt into it.
    pub fn number(&self) -> Option<u16> {
        read_number(Rgb { width: self.width, height: self.height, bytes: &self.rgb })
    }
}

/// Every frame of a clip that is shown, in order, upright, of this size (as a person sees it).
pub fn pictures_by_ffmpeg(clip: &Path, (width, height): (usize, usize)) -> Result<Vec<Picture>> {
    let output = Command::new("ffmpeg")
        .args(["-hide_banner", "-nostdin", "-loglevel", "error", "-i"])
        .arg(clip)
        .args(["-map", "0:v:0", "-fps_mode", "passthrough", "-vf", &format!("scale={width}:{height}")])
        .args(["-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"])
        .output()
        .context("the ffmpeg program is missing: script/bootstrap installs it")?;
    ensure!(output.status.success(), "ffmpeg: {}", String::from_utf8_lossy(&output.stderr).trim());
    let length = width * height * 3;
    ensure!(output.stdout.len() % length == 0, "ffmpeg stopped inside a picture");
    Ok(output.stdout.chunks_exact(length).map(|rgb| Picture { width, height, rgb: rgb.to_vec() }).collect())
}

/// The numbers burnt into every frame that is shown, in order; `None` where one cannot be read.
pub fn numbers_by_ffmpeg(clip: &Path, size: (u16, u16)) -> Result<Vec<Option<u16>>> {
    // Small pictures are enough for the strip, and keep a long clip in memory.
    let small =
        |side: u16| usize::from(side).min(usize::from(side) * 640 / usize::from(size.0.max(size.1))).max(2);
    Ok(pictures_by_ffmpeg(clip, (small(size.0), small(size.1)))?.iter().map(Picture::number).collect())
}

//! Facts about a clip, from its index and not from its name.

use limpet_model::{ClipFacts, Micros};
use serde::{Deserialize, Serialize};

/// Sample range of the luma and chroma planes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Range {
    /// 16..235, "tv".
    Limited,
    /// 0..255, "pc"; usual on phones.
    Full,
}

/// What `limpet-cli probe` prints as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// `mp4`, `mov`, `webm`, `matroska`, or FFmpeg's name of anything else.
    pub container: String,
    /// FFmpeg's name of the video codec: `h264`, `hevc`, `vp9`, ..
    pub codec: String,
    /// Stored width, pixels.
    pub width: u32,
    /// Stored height, pixels.
    pub height: u32,
    /// Degrees clockwise to turn the stored picture so that it stands upright: 0, 90, 180 or 270.
    pub rotation: u16,
    /// Whether the stored picture is mirrored left to right before it is turned.
    pub reflected: bool,
    /// How many frames are shown.
    pub frames: u32,
    /// How many packets the video track has; those hidden by an edit list count.
    pub packets: u32,
    /// Length from the first shown frame to the end of the last, microseconds.
    pub duration_us: i64,
    /// Time of the first shown frame in the container's own time, microseconds.
    pub start_us: i64,
    /// How much is missing at its end, because the file was cut off, microseconds; 0 for a whole clip.
    pub missing_us: i64,
    /// Whether frame durations differ.
    pub vfr: bool,
    /// `sdr`, `hlg` or `pq`.
    pub transfer: String,
    /// Sample range.
    pub range: Range,
    /// FFmpeg's name of the audio codec; null without sound.
    pub audio: Option<String>,
    /// Width as a person sees it: upright and with square pixels.
    pub shown_width: u32,
    /// Height as a person sees it.
    pub shown_height: u32,
    /// Every track of pictures; all else here is about the chosen one.
    pub tracks: Vec<TrackFacts>,
}

/// A track of pictures in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackFacts {
    /// Number of the stream in the container, as `limpet-cli frames --track` takes it.
    pub stream: usize,
    /// FFmpeg's name of the codec.
    pub codec: String,
    /// Whether Limpet reads this codec.
    pub readable: bool,
    /// Stored width, pixels.
    pub width: u32,
    /// Stored height, pixels.
    pub height: u32,
    /// Length as the container says, microseconds; 0 where it says nothing.
    pub duration_us: i64,
    /// Whether the file wants it shown by default.
    pub default: bool,
    /// Whether it is the one that was opened.
    pub chosen: bool,
}

impl Probe {
    /// The facts that travel with an attachment.
    pub fn facts(&self) -> ClipFacts {
        ClipFacts {
            duration: Micros(self.duration_us),
            missing: Micros(self.missing_us),
            width: self.shown_width,
            height: self.shown_height,
            frames: self.frames,
            audio: self.audio.is_some(),
        }
    }
}

//! What a clip is made of. Its `Debug` text is its identity in the cache.

use super::draw::Scene;

/// Everything that decides what is in the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Recipe {
    /// Name of the file, without hash and extension.
    pub name: String,
    /// What is to be seen.
    pub scene: Scene,
    /// Width and height as a person sees it, pixels.
    pub size: (u16, u16),
    /// How many frames are encoded; the first ones may be hidden by `skip`.
    pub frames: u16,
    /// When frames are shown.
    pub timing: Timing,
    /// How the picture is stored.
    pub turn: Turn,
    /// Frames at the start that an edit list hides.
    pub skip: u16,
    /// Picture coding.
    pub coding: Coding,
    /// Sound.
    pub sound: Sound,
    /// File format.
    pub container: Container,
}

/// When frames are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timing {
    /// So many a second.
    Constant(u16),
    /// A phone at 30 a second that drops a frame now and then: 33 ms, and 67 ms after every fifth frame.
    Phone,
}

impl Timing {
    /// Frames a second before any is dropped.
    pub fn rate(self) -> u16 {
        match self {
            Self::Constant(rate) => rate,
            Self::Phone => 30,
        }
    }

    /// When a frame is shown, in frame durations from the start.
    pub fn slot(self, number: u16) -> u32 {
        match self {
            Self::Constant(_) => u32::from(number),
            Self::Phone => u32::from(number) + (u32::from(number) + 1) / 5,
        }
    }

    /// When a frame is shown, as the painter counts: seconds from the start.
    #[expect(clippy::cast_possible_truncation, reason = "a clip is seconds long")]
    pub fn moment(self, number: u16) -> f32 {
        self.seconds(number) as f32
    }

    /// Length of a clip of so many frames, seconds.
    pub fn seconds(self, frames: u16) -> f64 {
        f64::from(self.slot(frames)) / f64::from(self.rate())
    }
}

/// How the stored picture has to be turned to stand upright: first mirrored left to right, if it says so, then
/// turned clockwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Stored upright.
    Upright,
    /// A quarter turn clockwise.
    Quarter,
    /// Half a turn.
    Half,
    /// Three quarters clockwise.
    ThreeQuarters,
    /// Mirrored only.
    Mirrored,
    /// Mirrored, then a quarter turn clockwise.
    MirroredQuarter,
}

impl Turn {
    /// Degrees clockwise, and whether it is mirrored before.
    pub fn degrees(self) -> (u16, bool) {
        match self {
            Self::Upright => (0, false),
            Self::Quarter => (90, false),
            Self::Half => (180, false),
            Self::ThreeQuarters => (270, false),
            Self::Mirrored => (0, true),
            Self::MirroredQuarter => (90, true),
        }
    }
}

/// Picture coding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// H.264, 8 bit 4:2:0, limited range.
    H264 {
        /// B-frames in a row at most.
        b_frames: u8,
        /// Frames between key frames.
        keys: u16,
    },
    /// H.264, full range, as many Android phones write it.
    H264Full,
    /// H.264, 4:4:4, which may have an odd width and height.
    H264Fine,
    /// H.264, 10 bit 4:2:2.
    H264TenBit,
    /// HEVC with open groups of pictures: pictures after a key frame that lean on the one before it.
    HevcOpen,
    /// HEVC, 10 bit, hybrid log-gamma, BT.2020.
    HevcHlg,
    /// VP8.
    Vp8,
    /// VP9.
    Vp9,
}

/// Sound.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Sound {
    /// None.
    None,
    /// A sine.
    Tone,
    /// Noise that swells and fades, so many times a minute.
    Breathing(f32),
}

/// File format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Container {
    /// MP4 with its index at the end, as cameras write it.
    Mp4,
    /// QuickTime, as iPhones write it.
    Mov,
    /// WebM.
    Webm,
    /// WebM as a browser's MediaRecorder writes it: no duration, no cues.
    WebmLive,
}

impl Container {
    /// File name extension.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Mp4 => "mp4",
            Self::Mov => "mov",
            Self::Webm | Self::WebmLive => "webm",
        }
    }
}

impl Recipe {
    /// The numbers burnt into the frames that are shown, in display order.
    pub fn numbers(&self) -> Vec<u16> {
        (self.skip..self.frames).collect()
    }

    /// Length as it is shown, seconds.
    pub fn seconds(&self) -> f64 {
        self.timing.seconds(self.frames) - self.timing.seconds(self.skip)
    }
}

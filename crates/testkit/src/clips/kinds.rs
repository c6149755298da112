//! The table of clips that tests are about: each kind has one difficulty of its own, the last two have several.

use std::str::FromStr;

use super::{
    draw::{Doing, Lame, Scene, Who},
    recipe::{Coding, Container, Recipe, Sound, Timing, Turn},
};

macro_rules! kinds {
    ($($(#[doc = $doc:literal])* $kind:ident = $name:literal;)*) => {
        /// A kind of clip.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Kind {
            $($(#[doc = $doc])* $kind,)*
        }

        impl Kind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$kind,)*];

            /// The name, as the command line and the file have it.
            pub fn name(self) -> &'static str {
                match self { $(Self::$kind => $name,)* }
            }
        }
    };
}

kinds! {
    /// 1080p30 H.264 without B-frames, with sound.
    Plain = "plain";
    /// 720p30 H.264 with sound: what the demo is made of.
    Demo = "demo";
    /// B-frames, so that an edit list moves the start, and nothing is hidden.
    BFrames = "b-frames";
    /// An edit list that hides the first frames after the key frame.
    EditList = "edit-list";
    /// Frames of 33 and of 67 ms.
    Vfr = "vfr";
    /// Stored a quarter turn to the left.
    Rotated90 = "rotated-90";
    /// Stored upside down.
    Rotated180 = "rotated-180";
    /// Stored a quarter turn to the right.
    Rotated270 = "rotated-270";
    /// Stored mirrored.
    Reflected = "reflected";
    /// Stored mirrored and turned.
    ReflectedRotated = "reflected-rotated";
    /// HEVC whose groups of pictures are open.
    OpenGop = "open-gop";
    /// 10-bit HEVC, hybrid log-gamma.
    Hlg = "hlg";
    /// WebM without duration and cues.
    LiveWebm = "live-webm";
    /// No sound.
    NoAudio = "no-audio";
    /// One frame.
    OneFrame = "one-frame";
    /// 641x359, 4:4:4 in MP4.
    OddFine = "odd-444";
    /// 641x359, 4:2:0 in WebM.
    OddWebm = "odd-webm";
    /// Full range.
    FullRange = "full-range";
    /// 10 bit, 4:2:2.
    TenBit422 = "ten-bit-422";
    /// Four times 1080p, short.
    Uhd = "uhd";
    /// As an iPhone writes it: HEVC, 10 bit, HLG, turned, VFR, edit list, QuickTime.
    Iphone = "iphone";
    /// A long clip with few key frames, for scrubbing: 720p, 20 s.
    Long = "long";
}

const REX: Scene = Scene {
    who: Who::Dog,
    doing: Doing::Walking(Lame::RightHind, 0.6),
    coat: [176, 124, 78],
    collar: [24, 104, 108],
    indoors: false,
};

impl Kind {
    /// What it is made of.
    pub fn recipe(self) -> Recipe {
        let h264 = Coding::H264 { b_frames: 0, keys: 24 };
        let base = Recipe {
            name: self.name().to_owned(),
            scene: REX,
            size: (640, 360),
            frames: 75,
            timing: Timing::Constant(30),
            turn: Turn::Upright,
            skip: 0,
            coding: h264,
            sound: Sound::Tone,
            container: Container::Mp4,
        };
        let turned = |turn| Recipe { turn, frames: 40, ..base.clone() };
        match self {
            Self::Plain => Recipe { size: (1920, 1080), frames: 90, ..base },
            Self::Demo => Recipe {
                size: (1280, 720),
                frames: 240,
                coding: Coding::H264 { b_frames: 2, keys: 60 },
                sound: Sound::Breathing(30.0),
                ..base
            },
            Self::BFrames => Recipe { coding: Coding::H264 { b_frames: 3, keys: 30 }, ..base },
            Self::EditList => Recipe { coding: Coding::H264 { b_frames: 2, keys: 30 }, skip: 11, ..base },
            Self::Vfr => Recipe { timing: Timing::Phone, ..base },
            Self::Rotated90 => turned(Turn::Quarter),
            Self::Rotated180 => turned(Turn::Half),
            Self::Rotated270 => Recipe { size: (360, 640), ..turned(Turn::ThreeQuarters) },
            Self::Reflected => turned(Turn::Mirrored),
            Self::ReflectedRotated => Recipe { size: (360, 640), ..turned(Turn::MirroredQuarter) },
            Self::OpenGop => Recipe { coding: Coding::HevcOpen, frames: 90, ..base },
            Self::Hlg => Recipe { coding: Coding::HevcHlg, size: (1280, 720), frames: 45, ..base },
            Self::LiveWebm => Recipe {
                coding: Coding::Vp8,
                container: Container::WebmLive,
                sound: Sound::Breathing(24.0),
                ..base
            },
            Self::NoAudio => Recipe { sound: Sound::None, ..base },
            Self::OneFrame => Recipe { frames: 1, sound: Sound::None, ..base },
            Self::OddFine => Recipe { size: (641, 359), coding: Coding::H264Fine, frames: 40, ..base },
            Self::OddWebm => Recipe {
                size: (641, 359),
                coding: Coding::Vp9,
                container: Container::Webm,
                frames: 40,
                ..base
            },
            Self::FullRange => Recipe { coding: Coding::H264Full, frames: 40, ..base },
            Self::TenBit422 => Recipe { coding: Coding::H264TenBit, frames: 40, ..base },
            Self::Uhd => Recipe { size: (3840, 2160), frames: 24, sound: Sound::None, ..base },
            Self::Iphone => Recipe {
                size: (1080, 1920),
                frames: 80,
                timing: Timing::Phone,
                turn: Turn::Quarter,
                skip: 9,
                coding: Coding::HevcHlg,
                container: Container::Mov,
                sound: Sound::Breathing(28.0),
                ..base
            },
            Self::Long => Recipe {
                size: (1280, 720),
                frames: 600,
                coding: Coding::H264 { b_frames: 2, keys: 150 },
                ..base
            },
        }
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|kind| kind.name()).collect();
            format!("there is no clip {name:?}; there are {}", names.join(", "))
        })
    }
}

//! Playing with sound: what the UI asks for, and the clock that its pictures follow.
//!
//! The desk plays the sound and owns the clock. It says where it is a few times a second; in between the UI counts on
//! by itself.

use limpet_model::{AttachmentId, Micros};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Play a clip that is open for review, or go on differently while it plays.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, TS)]
pub struct PlaySound {
    /// Which.
    pub clip: AttachmentId,
    /// From where, from the start of the clip; `null` goes on where it is.
    pub from: Option<Micros>,
    /// How fast: 0.1 to 4, the pitch kept.
    pub rate: f64,
    /// Round and round; `null` plays to the end.
    pub between: Option<Between>,
    /// Not to be heard. The clock goes all the same.
    pub muted: bool,
}

/// A loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Between {
    /// Its first time.
    pub a: Micros,
    /// Its end: the first time that is not in it.
    pub b: Micros,
}

/// Where the sound is, and with it the clip.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct SoundClock {
    /// The time of the clip that is heard now.
    pub at: Micros,
    /// How fast it goes by.
    pub rate: f64,
    /// Whether it goes on.
    pub playing: bool,
    /// Why nothing is heard, if so; mute is not one of the reasons.
    pub silent: Option<Silence>,
}

/// Why nothing is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Silence {
    /// The clip has no sound that can be decoded.
    NoSound,
    /// This computer has no sound device, or it cannot be used.
    NoDevice,
    /// The sound device is gone, or stands still.
    DeviceLost,
    /// The decoder died.
    Decoder,
}

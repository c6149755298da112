//! Playing a clip: its sound on this computer's device, and the clock that its pictures follow.
//!
//! The decoder child gives samples, this process owns the device. What the device has been given and how long it
//! takes to be heard is the clock: sound leads, pictures follow. Without a device, or without sound, the same clock
//! goes by the wall.
//!
//! **Invariant:** nothing that goes wrong with sound stops playing. A device that is missing, breaks or is unplugged,
//! a decoder that dies or is slow: the clock goes on, and says why nothing is heard.
//!
//! A crate of its own, and no part of `limpet-video`: the server decodes too, and must not need a sound system.

mod device;
mod device_clock;
mod feed;
mod heard;
mod player;
mod ring;
mod stage;
mod timeline;

pub use device::Outlet;
pub use player::{Player, Source, Wanted};

//! What tests and the demo are made of: generated clips, the real server on a free port, a demo practice.
//!
//! **Invariant:** nothing here is simulated. Clips are real files made by the `ffmpeg` program, the server is
//! the real binary, and the demo practice reaches it over HTTP like any other device.

pub mod clinic;
pub mod clips;
pub mod servers;

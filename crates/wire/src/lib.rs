//! What crosses a boundary, and nothing else: HTTP bodies between a device and the server, the change
//! feed, the calls and events between the desktop and its UI, the frame socket, and failures.
//!
//! **Invariant:** TypeScript has no type of its own for any of this; it is generated from here by
//! `cargo xtask gen`, and `cargo xtask check` fails when what is committed differs.

pub mod calls;
pub mod changes;
pub mod desk;
mod failure;
pub mod frames;
pub mod http;
pub mod integrations;
pub mod sound;
pub mod typescript;

pub use failure::{Code, Failure};

//! Change feed to cache, outbox to server.
//!
//! What to do is decided in [`plan`]: functions of what is known, without I/O, clock or chance, tested with
//! generated histories. [`http`] is the one place that talks to a server; [`engine`] runs one against the other.
//!
//! **Invariant:** everything sent can be sent again: each write carries the id of what it makes. An entry is done
//! when the server accepted it *and* the feed was followed past that point.

pub mod clock;
pub mod engine;
pub mod http;
mod overlay;
pub mod plan;
mod store;

pub use engine::{Engine, Link, SyncEvent};
pub use http::{Server, ServerError};
pub use overlay::lay_over;
pub use store::{Folders, Store};

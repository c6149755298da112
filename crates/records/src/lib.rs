//! Filing into practice management systems: one trait, one module a system.
//!
//! **Invariant:** a transcript is filed once. Repeating a filing with the same content finds it filed; nothing
//! already in a practice's records is ever overwritten, and a filing is never repeated under another name.

mod hash;
mod name;
mod target;
mod watched_folder;

pub use target::{Filed, FilingOutcome, Paper, Target, Whereabouts};
pub use watched_folder::WatchedFolder;

//! Media files, encrypted: downloaded ones in the cache folder, outgoing ones beside the outbox.
//!
//! A file is a header and chunks of 64 KiB, each sealed with XChaCha20-Poly1305. The construction
//! is STREAM (Hoang, Reyhanitabar, Rogaway, Vizár 2015): a random prefix a file, a counter, and a flag on the
//! last chunk, so that cutting, reordering, swapping and extending are all found out. A chunk can be read alone.
//!
//! What is on this computer is written from front to back ([`MediaWriter`]); what is downloaded fills in any order
//! and can be read meanwhile ([`Filling`]). Both end as the same kind of file.
//!
//! **Invariant:** a [`MediaFile`] that opens is complete, and every byte it answers is authenticated.

mod chunks;
mod fill;
mod folder;
mod format;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub use fill::{Filling, Pour};
pub use folder::{MediaFolder, MediaKind};
pub use read::MediaFile;
pub use write::MediaWriter;

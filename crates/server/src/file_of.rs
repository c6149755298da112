//! Whose file: names what arrives and what is kept.
//!
//! **Invariant:** a file is always named by its practice too. Whoever sends it makes the id of the attachment, and may
//! make one that another practice has.

use limpet_model::{AttachmentId, PracticeId};

/// The file, or the files, of an attachment of a practice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileOf {
    /// Whose it is.
    pub practice: PracticeId,
    /// What it is the bytes of.
    pub attachment: AttachmentId,
}

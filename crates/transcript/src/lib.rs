//! A conversation becomes a PDF.
//!
//! **Invariant:** [`transcript`] is a pure function: no file, no clock, no chance. The same input gives the
//! same bytes, so that a transcript can be hashed, filed once and recognised later.

mod input;

pub use input::{Language, Picture, Transcript};

/// Why a transcript could not be made.
#[derive(Debug, thiserror::Error)]
pub enum TranscriptError {
    /// A typeface that is part of this program cannot be read.
    #[error("The transcript could not be made: the typeface {0} that belongs to Limpet is damaged. Install Limpet again.")]
    Typeface(&'static str),
    /// The document could not be put together.
    #[error("The transcript could not be made: {0}. The conversation itself is not affected.")]
    Document(String),
}

/// Makes the PDF of a conversation.
///
/// # Errors
/// Only for reasons that lie in this program; no conversation is too long or too odd.
pub fn transcript(input: &Transcript) -> Result<Vec<u8>, TranscriptError> {
    let _ = input;
    Err(TranscriptError::Document("not yet".to_owned()))
}

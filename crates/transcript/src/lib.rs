//! A conversation becomes a PDF.
//!
//! **Invariant:** [`transcript`] is a pure function: no file, no clock, no chance. The same input gives the
//! same bytes, so that a transcript can be hashed, filed once and recognised later.
//!
//! The way of a transcript: [`Transcript`] -> pieces that are never divided (`front`, `thread`, `card`) -> sheets
//! (`sheet`) -> operations (`ink`) -> the file (`document`). Only the last two know that it is a PDF.

mod card;
mod document;
mod face;
mod front;
mod ink;
mod input;
mod layout;
mod lines;
mod links;
mod missing;
mod picture;
mod qr;
mod running;
mod sheet;
mod text;
mod thread;
mod typeset;
mod when;
mod words;

pub use input::{Language, Picture, Transcript};

/// Why a transcript could not be made.
#[derive(Debug, thiserror::Error)]
pub enum TranscriptError {
    /// A typeface that is part of this program cannot be read.
    #[error(
        "The transcript could not be made: the typeface {0} that belongs to Limpet is damaged. Install Limpet again."
    )]
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
    let layout = layout::Layout::new(input)?;
    let mut pieces = front::front(&layout);
    pieces.extend(thread::thread(&layout));
    let mut sheets = sheet::fill(pieces, layout.height());
    running::header_and_footer(&layout, &mut sheets);
    document::document(&layout, &sheets)
}

//! What can go wrong with a clip, in sentences.
//!
//! **Invariant:** the text of every variant that reaches a person says what happened and what to do, and holds
//! nothing of the clip's content, name or place.

use std::io;

use limpet_wire::{Code, Failure};
use serde::{Deserialize, Serialize};

/// Why something with a clip did not work.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "text", rename_all = "snake_case")]
pub enum VideoError {
    /// The file cannot be read as a clip (or photo); the sentence says why.
    #[error("{0}")]
    BadClip(String),
    /// Over a limit; the sentence says which.
    #[error("{0}")]
    TooLarge(String),
    /// There is no such frame in the clip.
    #[error("There is no frame {frame} in this clip: it has {frames}, counted from 0.")]
    NoSuchFrame {
        /// What was asked for.
        frame: u32,
        /// How many there are.
        frames: u32,
    },
    /// The bytes of the clip could not be read, or those of the rendition not be written.
    #[error("{0}")]
    Bytes(String),
    /// The bytes that a frame takes have not arrived. They are fetched now.
    #[error("This frame has not arrived yet. Try again when its part of the clip is here.")]
    NotHere,
    /// The decoder child ended or fell silent. Opening the clip again starts a new one.
    #[error("The video decoder stopped while working on this clip. Open the clip again to go on.")]
    ChildEnded,
    /// A newer target came before this one was done. Never leaves the child.
    #[error("A newer frame was asked for.")]
    Superseded,
    /// Our fault. The text is for the log, not for a person.
    #[error("Something went wrong inside Limpet with this clip: {0}")]
    Internal(String),
}

impl VideoError {
    /// Nothing in the file can be recognised.
    pub(crate) fn not_a_clip() -> Self {
        Self::BadClip("This file is not a video that Limpet can read. The original clip is needed.".into())
    }

    /// An error of the byte source or sink, seen in the parent.
    pub(crate) fn bytes(error: &io::Error) -> Self {
        Self::Bytes(format!("The bytes of this clip could not be read or written: {error}."))
    }

    /// An error of the byte source, seen in the child, which is told no more than that.
    pub(crate) fn unreadable() -> Self {
        Self::Bytes("The bytes of this clip could not be read. Try again.".into())
    }

    /// Something that only a mistake of ours explains.
    #[expect(clippy::needless_pass_by_value, reason = "it stands in map_err, which passes by value")]
    pub(crate) fn internal(what: impl ToString) -> Self {
        Self::Internal(what.to_string())
    }
}

impl From<VideoError> for Failure {
    fn from(error: VideoError) -> Self {
        let code = match &error {
            VideoError::BadClip(_) => Code::BadClip,
            VideoError::TooLarge(_) => Code::TooLarge,
            VideoError::NoSuchFrame { .. } => Code::Invalid,
            VideoError::Bytes(_) | VideoError::NotHere | VideoError::ChildEnded | VideoError::Superseded => {
                Code::Internal
            }
            VideoError::Internal(what) => {
                let mut number = [0; 4];
                // Without randomness the number is 0, and the log line still carries it.
                let _ = getrandom::fill(&mut number);
                let number = hex::encode(number);
                tracing::error!(number, what, "Video failed inside Limpet");
                return Self::new(
                    Code::Internal,
                    format!(
                        "Something went wrong inside Limpet with this clip. Try again; if it happens again, \
                         tell support the number {number}."
                    ),
                );
            }
        };
        Self::new(code, error.to_string())
    }
}

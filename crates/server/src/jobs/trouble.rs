//! Why a job is not done.

use std::io;

use crate::{
    blobs::{BlobError, is_full},
    intake::IntakeError,
    store::StoreError,
};

/// Why a job is not done.
pub(super) enum Trouble {
    /// The server is stopping.
    Interrupted,
    /// The lease ran out and somebody else has the job.
    Lost,
    /// The disk is full; nothing is lost, it goes on when there is room.
    Full,
    /// The blob store does not do what it is asked; it goes on when it does. The text is for the log.
    Away(String),
    /// Worth another attempt. The text is for the log.
    Again(String),
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full => Self::Full,
            StoreError::Stopping => Self::Interrupted,
            error => Self::Again(error.to_string()),
        }
    }
}

impl From<BlobError> for Trouble {
    fn from(error: BlobError) -> Self {
        match error {
            BlobError::Full => Self::Full,
            BlobError::Read(error) => error.into(),
            BlobError::Store(error) => Self::Away(error.to_string()),
            error => Self::Again(error.to_string()),
        }
    }
}

impl From<IntakeError> for Trouble {
    fn from(error: IntakeError) -> Self {
        match error {
            IntakeError::Full => Self::Full,
            IntakeError::Store(error) => error.into(),
            IntakeError::Blobs(error) => error.into(),
            error => Self::Again(error.to_string()),
        }
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        if is_full(&error) { Self::Full } else { Self::Again(error.to_string()) }
    }
}

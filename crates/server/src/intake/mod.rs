//! Files that are still arriving, of one of two kinds: a file in a folder of this node, or parts in a bucket, with which
//! any node can go on.
//!
//! **Invariant:** what is told as arrived is kept, also over a kill or the death of the node; nothing but what is kept
//! needs to be remembered for an upload to go on. **Invariant:** at most one request writes to an upload, on whichever
//! node.

mod folder;
mod memory;
mod shared;
mod turn;

use std::{io, time::Duration};

use bytes::Bytes;
use tokio::{io::AsyncWriteExt, time::Instant};

pub use self::{
    folder::Folder,
    shared::{Filling, Shared},
    turn::Turn,
};
use crate::{
    blobs::{BlobError, is_full},
    file_of::FileOf,
    scratch::Working,
    store::StoreError,
};

/// How long to wait for a writer that was asked to stop.
const PATIENCE: Duration = Duration::from_secs(5);

/// What arrives could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// There is no room left. What has arrived is kept.
    #[error("no room left for what arrives")]
    Full,
    /// Somebody else writes to it by now.
    #[error("somebody else writes to this upload now")]
    TurnLost,
    /// The folder.
    #[error(transparent)]
    Folder(io::Error),
    /// The bucket.
    #[error(transparent)]
    Blobs(BlobError),
    /// The rows.
    #[error(transparent)]
    Store(StoreError),
}

impl From<io::Error> for IntakeError {
    fn from(error: io::Error) -> Self {
        if is_full(&error) { Self::Full } else { Self::Folder(error) }
    }
}

impl From<BlobError> for IntakeError {
    fn from(error: BlobError) -> Self {
        match error {
            BlobError::Full => Self::Full,
            BlobError::Read(error) => error.into(),
            error => Self::Blobs(error),
        }
    }
}

impl From<StoreError> for IntakeError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full => Self::Full,
            StoreError::TurnLost => Self::TurnLost,
            error => Self::Store(error),
        }
    }
}

/// Short for what every function here answers.
pub type Result<T, E = IntakeError> = std::result::Result<T, E>;

/// What is arriving. Cheap to clone.
#[derive(Clone)]
pub enum Intake {
    /// In a folder of this node.
    Folder(Folder),
    /// In a bucket, for all nodes.
    Shared(Shared),
}

impl Intake {
    /// The right to write to an upload. `None` while somebody has it.
    pub async fn take_turn(&self, of: FileOf) -> Result<Option<Turn>> {
        match self {
            Self::Folder(folder) => Ok(folder.take_turn(of)),
            Self::Shared(shared) => shared.take_turn(of).await,
        }
    }

    /// Asks whoever is writing to an upload to stop, and waits a moment for it.
    pub async fn ask_to_give_way(&self, of: FileOf) -> Result<()> {
        match self {
            Self::Folder(folder) => folder.ask_to_give_way(of).await,
            Self::Shared(shared) => shared.ask_to_give_way(of).await?,
        }
        Ok(())
    }

    /// How many bytes of an upload have arrived.
    pub async fn received(&self, of: FileOf) -> Result<u64> {
        match self {
            Self::Folder(folder) => Ok(folder.received(of).await?),
            Self::Shared(shared) => shared.received(of).await,
        }
    }

    /// Begins to write at the end of an upload, which is at `from`.
    pub async fn open(&self, turn: &Turn, from: u64) -> Result<Writer> {
        Ok(match (self, turn.hold()) {
            (Self::Shared(shared), Some(hold)) => Writer::Parts(Box::new(shared.open(hold.clone(), from))),
            (Self::Folder(folder), _) => Writer::File { file: folder.open(turn.of()).await?, end: from },
            (Self::Shared(_), None) => return Err(IntakeError::TurnLost),
        })
    }

    /// Takes away the end of an upload, from `length` on.
    pub async fn cut(&self, turn: &Turn, length: u64) -> Result<()> {
        match (self, turn.hold()) {
            (Self::Shared(shared), Some(hold)) => shared.cut(hold, length).await,
            (Self::Folder(folder), _) => Ok(folder.cut(turn.of(), length).await?),
            (Self::Shared(_), None) => Err(IntakeError::TurnLost),
        }
    }

    /// The whole file on this node's disk, if all of it is here: where it arrived, or copied to `copy`.
    pub async fn whole(&self, of: FileOf, bytes: u64, copy: Working) -> Result<Option<Working>> {
        match self {
            Self::Folder(folder) if folder.received(of).await? == bytes => {
                Ok(Some(Working::found(folder.file(of))))
            }
            Self::Folder(_) => Ok(None),
            Self::Shared(shared) => shared.whole(of, bytes, copy).await,
        }
    }

    /// Takes away what has arrived of something that is no longer under way.
    pub async fn remove(&self, of: FileOf) -> Result<()> {
        match self {
            Self::Folder(folder) => Ok(folder.remove(of).await?),
            Self::Shared(shared) => shared.remove(of).await,
        }
    }

    /// Everything of which something has arrived.
    pub async fn all(&self) -> Result<Vec<FileOf>> {
        match self {
            Self::Folder(folder) => Ok(folder.files()),
            Self::Shared(shared) => shared.all().await,
        }
    }

    /// Whether somebody is writing to its file. Parts have no such moment: their rows say what they are of.
    pub fn is_busy(&self, of: FileOf) -> bool {
        match self {
            Self::Folder(folder) => folder.is_busy(of),
            Self::Shared(_) => false,
        }
    }
}

/// Writes at the end of an upload.
pub enum Writer {
    /// To a file, which grows with every byte.
    File {
        /// The file.
        file: tokio::fs::File,
        /// Its length, with what is on its way into it.
        end: u64,
    },
    /// To parts in memory, each of which is put away whole.
    Parts(Box<Filling>),
}

impl Writer {
    /// Takes more bytes.
    pub async fn write(&mut self, bytes: &Bytes) -> Result<()> {
        match self {
            Self::File { file, end } => {
                file.write_all(bytes).await?;
                *end += bytes.len() as u64;
                Ok(())
            }
            Self::Parts(filling) => filling.write(bytes).await,
        }
    }

    /// When [`Writer::flush`] should be called although nothing more has come.
    pub fn due(&self) -> Option<Instant> {
        match self {
            Self::File { .. } => None,
            Self::Parts(filling) => filling.due(),
        }
    }

    /// Sees to it that everything written is kept.
    pub async fn flush(&mut self) -> Result<()> {
        match self {
            Self::File { file, .. } => Ok(file.flush().await?),
            Self::Parts(filling) => filling.flush().await,
        }
    }

    /// How many bytes of the upload may be told to have arrived.
    pub fn arrived(&self) -> u64 {
        match self {
            Self::File { end, .. } => *end,
            Self::Parts(filling) => filling.arrived(),
        }
    }

    /// Ends writing. After a full disk this may fail; what has arrived is what [`Intake::received`] answers.
    pub async fn close(mut self) -> Result<()> {
        self.flush().await?;
        match self {
            Self::File { file, .. } => Ok(file.sync_data().await?),
            Self::Parts(_) => Ok(()),
        }
    }
}

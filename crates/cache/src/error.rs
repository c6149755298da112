//! Why a file of this device could not be used. Turned into a sentence for a person in one place: here.

use limpet_wire::{Code, Failure};

/// Why a file of this device could not be used.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// The key does not fit, or the first page is damaged: SQLCipher cannot tell the two apart.
    #[error("the file does not open with this key")]
    WrongKey,
    /// The file is a plain SQLite database. Never used, never written to.
    #[error("the file is not encrypted")]
    NotEncrypted,
    /// The library in use has no encryption at all.
    #[error("this build has no SQLCipher")]
    NoCipher,
    /// Pages or rows are damaged.
    #[error("the file is damaged")]
    Damaged,
    /// A newer Limpet wrote it.
    #[error("the file has schema {found}, this program knows {known}")]
    Newer {
        /// Schema of the file.
        found: i32,
        /// Newest schema known here.
        known: i32,
    },
    /// An older Limpet wrote it and it was opened for reading only.
    #[error("the file has the older schema {found}")]
    Older {
        /// Schema of the file.
        found: i32,
    },
    /// There is no room left on the disk.
    #[error("the disk is full")]
    DiskFull,
    /// The file system said no.
    #[error("file: {0}")]
    File(#[from] std::io::Error),
    /// Anything else from the database.
    #[error("database: {0}")]
    Sql(#[source] rusqlite::Error),
    /// The thing asked for is not there.
    #[error("not found")]
    NotFound,
    /// It is not in a state for that.
    #[error("{0}")]
    Conflict(&'static str),
    /// Not readable as what was written.
    #[error("stored text: {0}")]
    Text(#[from] serde_json::Error),
}

impl CacheError {
    /// Whether the file itself is unusable, so that a cache is rebuilt and an outbox set aside.
    pub fn is_unusable_file(&self) -> bool {
        matches!(self, Self::WrongKey | Self::NotEncrypted | Self::Damaged)
    }
}

impl From<rusqlite::Error> for CacheError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{DatabaseCorrupt, DiskFull, NotADatabase, OutOfMemory};
        match error.sqlite_error_code() {
            Some(NotADatabase) => Self::WrongKey,
            // A page that SQLCipher cannot decrypt comes out of SQLite's pager as "out of memory", which is what a
            // codec without an answer once meant.
            Some(DatabaseCorrupt | OutOfMemory) => Self::Damaged,
            Some(DiskFull) => Self::DiskFull,
            _ => Self::Sql(error),
        }
    }
}

impl From<CacheError> for Failure {
    fn from(error: CacheError) -> Self {
        let (code, message) = match &error {
            CacheError::NotFound => (Code::NotFound, "This is no longer here. Open the list again.".to_owned()),
            CacheError::Conflict(why) => (Code::Conflict, (*why).to_owned()),
            CacheError::DiskFull => (Code::NoRoom, full_disk()),
            CacheError::File(io) if io.kind() == std::io::ErrorKind::StorageFull => (Code::NoRoom, full_disk()),
            CacheError::Newer { .. } => (
                Code::Internal,
                "This profile was used with a newer version of Limpet. Update Limpet on this computer.".to_owned(),
            ),
            CacheError::Older { .. } => (
                Code::Internal,
                "This profile was last used with an older version of Limpet. Open the desktop app once, then try again."
                    .to_owned(),
            ),
            CacheError::WrongKey | CacheError::NotEncrypted | CacheError::Damaged => (
                Code::Internal,
                "The local copy on this computer is damaged. Close Limpet and open it again; it repairs itself."
                    .to_owned(),
            ),
            CacheError::NoCipher => (
                Code::Internal,
                "This build of Limpet cannot encrypt and therefore stores nothing. Install an official build.".to_owned(),
            ),
            CacheError::File(_) | CacheError::Sql(_) | CacheError::Text(_) => {
                tracing::error!(%error, "A local file could not be used");
                (
                    Code::Internal,
                    "The local copy on this computer could not be used. Check that the disk has room and is writable, then try again."
                        .to_owned(),
                )
            }
        };
        Self { code, message }
    }
}

fn full_disk() -> String {
    "The disk of this computer is full. Make room, then try again; nothing was lost.".to_owned()
}

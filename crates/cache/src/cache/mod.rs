//! The cache: what the server said, in tables, with an overlay of what this device has changed since.
//!
//! **Invariant:** the tables of the file hold only what the feed brought; a row gives way only to a higher
//! revision. What is pending on this device lives in temporary tables ([`Overlay`]) that are computed from the
//! outbox and never written to the file, so a row is never half the server's and half ours.

mod attachment;
mod client;
mod conversation;
mod feed;
mod lists;
mod media;
mod message;
mod overlay;
mod patient;
mod people;
mod practice;
mod queue;
mod schema;
mod staff;

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use limpet_model::Revision;
use rusqlite::Connection;

pub use feed::Applied;
pub use overlay::Overlay;
pub use queue::{LastWords, ListedConversation};

use crate::{CacheError, StoreKey, aside, database};

/// The cache of one profile. One connection behind a lock: every question takes milliseconds at most, and one
/// writer needs no retries.
pub struct Cache {
    path: PathBuf,
    key: StoreKey,
    conn: Mutex<Connection>,
}

impl Cache {
    /// Opens or creates it. When the program did not close it the last time, every page is checked first.
    pub fn open(path: &Path, key: &StoreKey) -> Result<Self, CacheError> {
        let conn = connect(path, key)?;
        Ok(Self { path: path.to_owned(), key: key.clone(), conn: Mutex::new(conn) })
    }

    /// Opens it, and when the file is unusable sets it aside and starts an empty one; says where the old one is.
    pub fn open_or_rebuild(path: &Path, key: &StoreKey) -> Result<(Self, Option<PathBuf>), CacheError> {
        match Self::open(path, key) {
            Ok(cache) => Ok((cache, None)),
            Err(error) if error.is_unusable_file() => {
                tracing::warn!(%error, "The cache was set aside and is rebuilt");
                let kept = aside::keep(path)?;
                Ok((Self::open(path, key)?, kept))
            }
            Err(error) => Err(error),
        }
    }

    /// Opens it for reading while the desktop app may have it open, too.
    pub fn open_beside(path: &Path, key: &StoreKey) -> Result<Self, CacheError> {
        let conn = database::open_beside(path, &key.derive("cache"), schema::MIGRATIONS)?;
        conn.execute_batch(&overlay::create_tables())?;
        Ok(Self { path: path.to_owned(), key: key.clone(), conn: Mutex::new(conn) })
    }

    /// Sets the damaged file aside and goes on with an empty one; the feed starts over.
    pub fn rebuild(&self) -> Result<Option<PathBuf>, CacheError> {
        let mut conn = self.conn();
        // The file must be closed before it is moved; an empty database in memory holds the place meanwhile.
        *conn = Connection::open_in_memory()?;
        let kept = aside::keep(&self.path)?;
        *conn = connect(&self.path, &self.key)?;
        Ok(kept)
    }

    /// Empties it, for a sign-in at another practice.
    pub fn clear(&self) -> Result<(), CacheError> {
        let mut conn = self.conn();
        *conn = Connection::open_in_memory()?;
        aside::remove(&self.path)?;
        *conn = connect(&self.path, &self.key)?;
        Ok(())
    }

    /// Up to which revision everything is here.
    pub fn position(&self) -> Result<Revision, CacheError> {
        feed::position(&self.conn())
    }

    /// Checks every page and notes that all is well, so that the next opening need not. What is damaged is left
    /// for the next opening to find.
    pub fn close(&self) -> Result<(), CacheError> {
        let conn = self.conn();
        database::check(&conn)?;
        conn.execute("UPDATE feed SET closed = 1", [])?;
        Ok(())
    }

    fn conn(&self) -> MutexGuard<'_, Connection> {
        // A panic elsewhere leaves the connection usable: an open transaction is rolled back by its guard.
        self.conn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn connect(path: &Path, key: &StoreKey) -> Result<Connection, CacheError> {
    let conn = database::open(path, &key.derive("cache"), database::Durability::Normal, schema::MIGRATIONS)?;
    let closed: bool = conn.query_row("SELECT closed FROM feed", [], |row| row.get(0))?;
    if !closed {
        database::check(&conn)?;
    }
    conn.execute("UPDATE feed SET closed = 0", [])?;
    feed::read_again(&conn)?;
    conn.execute_batch(&overlay::create_tables())?;
    Ok(conn)
}

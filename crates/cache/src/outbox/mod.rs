//! The outbox: everything a person did on this device that the server does not know yet, and what only this
//! device knows: drafts, staged files, filings, settings, and whose outbox it is.
//!
//! **Invariant:** what a call answered is in this file before the call returned (`synchronous = FULL`).
//! **Invariant:** an entry leaves only when the server has it and the feed has brought it back, or when a person
//! drops it.

mod changes;
mod draft;
mod entry;
mod filing;
mod schema;
mod settings;

use std::{
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use rusqlite::{Connection, Transaction, TransactionBehavior};

pub use entry::{Discarded, Entry, EntryState, Work};
pub use filing::FilingEntry;
pub use settings::Owner;

use crate::{CacheError, StoreKey, database};

/// The outbox of one profile.
pub struct Outbox {
    conn: Mutex<Connection>,
}

impl Outbox {
    /// Opens or creates it, and checks every page. Entries that were being sent when the program ended are
    /// queued again: whether the server took them is found out by repeating them.
    pub fn open(path: &Path, key: &StoreKey) -> Result<Self, CacheError> {
        let conn =
            database::open(path, &key.derive("outbox"), database::Durability::Full, schema::MIGRATIONS)?;
        database::check(&conn)?;
        conn.execute("UPDATE entry SET state = 'queued' WHERE state = 'sending'", [])?;
        Ok(Self { conn: Mutex::new(conn) })
    }

    /// Opens it for reading while the desktop app may have it open, too.
    pub fn open_beside(path: &Path, key: &StoreKey) -> Result<Self, CacheError> {
        let conn = database::open_beside(path, &key.derive("outbox"), schema::MIGRATIONS)?;
        Ok(Self { conn: Mutex::new(conn) })
    }

    fn conn(&self) -> MutexGuard<'_, Connection> {
        // A panic elsewhere leaves the connection usable: an open transaction is rolled back by its guard.
        self.conn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `change` in one transaction.
    fn write<T>(
        &self,
        change: impl FnOnce(&Transaction<'_>) -> Result<T, CacheError>,
    ) -> Result<T, CacheError> {
        let mut conn = self.conn();
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let answer = change(&tx)?;
        tx.commit()?;
        Ok(answer)
    }
}

//! The two engines, and the few places where they differ: how a connection is prepared and how a
//! transaction begins.

use std::{path::Path, str::FromStr, time::Duration};

use sqlx::{
    AnyPool, Connection, Executor,
    any::{AnyConnectOptions, AnyPoolOptions},
};

use super::Result;

/// What the rows are kept in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// One file, one machine.
    Sqlite,
    /// A server, which several nodes may share; they share a bucket for their files too (ADR 5).
    Postgres,
}

impl Engine {
    /// How a writing transaction begins. SQLite takes the write lock at once: taking it half way fails when
    /// somebody else wrote since.
    pub(super) fn begin_write(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN IMMEDIATE",
            Self::Postgres => "BEGIN",
        }
    }

    /// How a reading transaction that sees one moment begins.
    pub(super) fn begin_snapshot(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN DEFERRED",
            Self::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        }
    }
}

/// The address of a SQLite file.
pub fn file_url(path: &Path) -> String {
    // Percent-encode what an address cannot hold; `Url` leaves a path segment's other characters alone.
    let path = path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    format!("sqlite://{path}?mode=rwc")
}

pub(super) async fn connect(url: &str) -> Result<(Engine, AnyPool)> {
    sqlx::any::install_default_drivers();
    let engine = if url.starts_with("sqlite:") { Engine::Sqlite } else { Engine::Postgres };
    let options = AnyConnectOptions::from_str(url)?;
    let pool = AnyPoolOptions::new()
        .max_connections(8)
        .acquire_timeout(Duration::from_secs(20))
        .after_connect(move |connection, _| {
            Box::pin(async move {
                if engine == Engine::Sqlite {
                    // WAL: readers never wait for the writer. FULL: what was answered is on the disk.
                    for pragma in [
                        "PRAGMA busy_timeout = 10000",
                        "PRAGMA journal_mode = WAL",
                        "PRAGMA synchronous = FULL",
                        "PRAGMA foreign_keys = ON",
                    ] {
                        connection.execute(pragma).await?;
                    }
                }
                Ok(())
            })
        })
        .before_acquire(|connection, _| {
            // When its disk is full SQLite rolls a transaction back by itself, and sqlx goes on believing in it:
            // such a connection is not used again.
            Box::pin(async move { Ok(!connection.is_in_transaction()) })
        })
        .connect_with(options)
        .await?;
    Ok((engine, pool))
}

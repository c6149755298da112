//! Everything that is remembered, in SQLite or PostgreSQL, through one dialect of SQL.
//!
//! **Invariant:** what belongs to a practice is read and written with the practice's id. Asked without one are only the
//! doors, where a token, a link or an e-mail address says which practice it is, and what works for all practices beside
//! the requests: workers, sweep, doctor.
//! **Invariant:** what a device can see changes only inside a [`Write`], which takes the practice's next
//! revision before it does anything else. Commit order is revision order, because the practice's row is locked.

pub mod account_links;
pub mod attachments;
pub mod audit;
pub mod changes;
pub mod clients;
pub mod consents;
mod conversation_changes;
pub mod conversations;
mod copies;
mod delivered;
pub mod devices;
mod due;
mod edits;
mod endings;
mod engine;
mod exports;
mod findings;
pub mod holds;
mod imports;
pub mod invitations;
pub mod jobs;
mod keeper;
mod kept_files;
pub mod listings;
pub mod mails;
mod merges;
pub mod messages;
mod moving;
mod notices;
mod open_sessions;
pub mod openings;
mod own_words;
pub mod parts;
pub mod patients;
pub mod practices;
pub mod quota;
pub mod retention;
mod row;
pub mod second_steps;
pub mod secrets;
pub mod sessions;
mod sorting;
pub mod staff;
pub mod tables;
pub mod terms;
pub mod tokens;
pub mod tombstones;
pub mod turns;
mod upgrade;
pub mod uploads;
pub mod webhooks;
mod write;

use std::{cmp::Ordering, path::Path, sync::Arc};

use sqlx::{
    Any, AnyPool, Transaction,
    migrate::{MigrateError, Migrator},
};
use tokio::sync::Mutex;
use tokio_util::task::TaskTracker;

pub use self::{
    changes::Place,
    engine::{Engine, file_url},
    row::Flag,
    write::{Quiet, Write},
};
use self::{notices::Notices, row::Columns};
use crate::{bells::Bells, by::By, clock::Clock, live::Live, metrics::Durations};

/// The steps that made the schema what it is.
static STEPS: Migrator = sqlx::migrate!("./migrations");

/// The newest step that this version knows.
pub fn newest_step() -> i64 {
    STEPS.iter().map(|step| step.version).max().unwrap_or(0)
}

/// A store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database said no.
    #[error(transparent)]
    Database(sqlx::Error),
    /// The disk or the database is full. Nothing was changed.
    #[error("no room left for the database")]
    Full,
    /// What was referred to is not there, or is another practice's.
    #[error("no such {0}")]
    Missing(&'static str),
    /// The id is taken by something else, or the thing is not in a state for this.
    #[error("{0}")]
    Conflict(&'static str),
    /// It does not fit what is there, and the sentence says how. Nothing was changed.
    #[error("{0}")]
    Unfit(String),
    /// The practice takes files of up to so many bytes. Nothing was changed.
    #[error("a file is larger than {0} bytes")]
    TooLarge(i64),
    /// The practice may not keep as many bytes of files. Nothing was changed.
    #[error("the practice has no room left for these files")]
    OverQuota,
    /// Somebody else has the turn to write to an upload. Nothing was changed.
    #[error("somebody else writes to this upload now")]
    TurnLost,
    /// Somebody else changed it since the asker looked.
    #[error("changed since it was looked at")]
    Changed,
    /// A stored value does not say what it should.
    #[error("unreadable {0} in the database")]
    Unreadable(&'static str),
    /// The schema could not be brought up to date.
    #[error("cannot bring the database up to date: {0}")]
    Migration(MigrateError),
    /// The schema has a step that this version does not know.
    #[error(
        "this database was brought up to date by a newer limpet-server (step {0} is not known here); nothing was \
         changed. Start that version or a newer one"
    )]
    Newer(i64),
    /// The schema lacks a step that this version knows.
    #[error("this database has not been brought up to date by this version; start its server once")]
    Older,
    /// An installation is being moved in.
    #[error(
        "an installation is being moved into this database and not all of it is there; give the same `limpet-server \
         move` again to finish it"
    )]
    Moving,
    /// No randomness.
    #[error(transparent)]
    NoRandomness(#[from] crate::secrets::NoRandomness),
    /// The writing task was stopped with the server.
    #[error("the server is stopping")]
    Stopping,
}

impl From<MigrateError> for StoreError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::VersionMissing(step) => Self::Newer(step),
            error => Self::Migration(error),
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        // SQLITE_FULL, SQLITE_IOERR_WRITE and SQLITE_IOERR_SHMSIZE; PostgreSQL's disk_full.
        let full = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
        match full.as_deref() {
            Some("13" | "778" | "4874" | "53100") => Self::Full,
            _ => Self::Database(error),
        }
    }
}

/// Short for what every function here answers.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// The store. Cheap to clone; all clones share one pool.
#[derive(Clone)]
pub struct Store {
    pool: AnyPool,
    /// Its address; may hold a password and is never logged.
    url: Arc<str>,
    engine: Engine,
    /// SQLite takes one writer at a time. Waiting here is fair and never ends in "database is locked".
    turn: Arc<Mutex<()>>,
    live: Live,
    notices: Arc<Notices>,
    bells: Arc<Bells>,
    tasks: TaskTracker,
    /// How long each writing transaction had the floor.
    writes: Durations,
}

impl Store {
    /// Opens the SQLite database at `path`, creating it, and brings its schema up to date.
    pub async fn open_file(path: &Path, live: Live, tasks: TaskTracker) -> Result<Self> {
        Self::open(&engine::file_url(path), live, tasks).await
    }

    /// Opens a database that is there and as this version knows it, and changes nothing.
    ///
    /// # Errors
    /// `Older` when the schema is not up to date, `Newer` when it is of a newer version.
    pub async fn open_as_it_is(url: &str) -> Result<Self> {
        let store = Self::open_at_any_step(url).await?;
        let newest = store.step().await?;
        let wrong = match newest.cmp(&newest_step()) {
            Ordering::Less => StoreError::Older,
            Ordering::Greater => StoreError::Newer(newest),
            Ordering::Equal => return Ok(store),
        };
        store.close().await;
        Err(wrong)
    }

    /// Opens a database that is there, whatever version it is of, and changes nothing.
    pub async fn open_at_any_step(url: &str) -> Result<Self> {
        let (engine, pool) = engine::connect(&url.replace("mode=rwc", "mode=rw")).await?;
        Ok(Self::with(url, engine, pool, Live::default(), TaskTracker::new()))
    }

    /// The newest step that made this schema.
    pub(crate) async fn step(&self) -> Result<i64> {
        let row =
            sqlx::query("SELECT MAX(version) AS newest FROM _sqlx_migrations").fetch_one(self.pool()).await?;
        Ok(row.maybe_int("newest")?.unwrap_or(0))
    }

    /// Opens the database at a `sqlite:` or `postgres:` address and brings its schema up to date.
    pub async fn open(url: &str, live: Live, tasks: TaskTracker) -> Result<Self> {
        let _turn = upgrade::turn(url).await;
        let (engine, pool) = engine::connect(url).await?;
        STEPS.run(&pool).await?;
        let store = Self::with(url, engine, pool, live, tasks);
        if store.moving().await?.is_some() {
            store.close().await;
            return Err(StoreError::Moving);
        }
        Ok(store)
    }

    fn with(url: &str, engine: Engine, pool: AnyPool, live: Live, tasks: TaskTracker) -> Self {
        Self {
            pool,
            url: url.into(),
            engine,
            turn: Arc::default(),
            live,
            notices: Arc::default(),
            bells: Arc::default(),
            tasks,
            writes: Durations::default(),
        }
    }

    /// Wakes workers when there is something to do.
    pub fn bells(&self) -> &Bells {
        &self.bells
    }

    /// Which engine it runs on.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// A view of everything as it is at one moment, for answers that read more than one table.
    pub async fn snapshot(&self) -> Result<Transaction<'static, Any>> {
        Ok(self.pool.begin_with(self.engine.begin_snapshot()).await?)
    }

    /// Begins a change of a practice, by somebody: takes the practice's next revision.
    pub async fn write(&self, by: By) -> Result<Write> {
        Write::begin(self, by).await
    }

    /// Begins a change that no device sees and that nobody has to answer for: offsets, leases, what slides.
    pub async fn quiet(&self) -> Result<Quiet> {
        Quiet::begin(self).await
    }

    /// Asks the database for nothing.
    pub async fn answers(&self) -> Result<()> {
        sqlx::query("SELECT 1").fetch_one(&self.pool).await?;
        Ok(())
    }

    /// How many milliseconds the database's clock is ahead of this one. Where the database is a file of this machine there
    /// is no other clock.
    pub async fn is_ahead_of(&self, clock: &Clock) -> Result<i64> {
        if self.engine == Engine::Sqlite {
            return Ok(0);
        }
        let asked = clock.own();
        let row = sqlx::query("SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT) AS now")
            .fetch_one(&self.pool)
            .await?;
        // It was read somewhere between asking and hearing.
        let heard = clock.own();
        Ok(row.int("now")? - i64::midpoint(asked.0, heard.0))
    }

    /// How long writing transactions took, from the moment they had their turn.
    pub(crate) fn writes(&self) -> &Durations {
        &self.writes
    }

    /// How many connections there are, and how many of them have nothing to do.
    pub(crate) fn connections(&self) -> (usize, usize) {
        (self.pool.size() as usize, self.pool.num_idle())
    }

    /// For reading outside a transaction.
    pub(crate) fn pool(&self) -> &AnyPool {
        &self.pool
    }

    /// Waits for running statements and closes every connection.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

//! Transactions that change something.
//!
//! **Invariant:** once a commit has begun it is seen through and told to the listeners, also when the request
//! that asked for it is gone.

use limpet_model::{PracticeId, Revision};
use sqlx::{Any, AnyConnection, Row, Transaction};
use tokio::sync::OwnedMutexGuard;
use tokio_util::task::TaskTracker;

use super::{Engine, Result, Store, StoreError};
use crate::live::Live;

/// Where PostgreSQL carries new revisions from node to node: `<practice> <revision>`.
pub(super) const CHANNEL: &str = "limpet_revisions";

/// A change that no device sees.
pub struct Quiet {
    tx: Transaction<'static, Any>,
    turn: Option<OwnedMutexGuard<()>>,
    tasks: TaskTracker,
}

impl Quiet {
    pub(super) async fn begin(store: &Store) -> Result<Self> {
        let turn = match store.engine {
            Engine::Sqlite => Some(store.turn.clone().lock_owned().await),
            Engine::Postgres => None,
        };
        let tx = store.pool.begin_with(store.engine.begin_write()).await?;
        Ok(Self { tx, turn, tasks: store.tasks.clone() })
    }

    /// The connection, for the functions of the tables.
    pub fn connection(&mut self) -> &mut AnyConnection {
        &mut self.tx
    }

    /// Makes it so.
    pub async fn commit(self) -> Result<()> {
        let Self { tx, turn, tasks } = self;
        let commit = tasks.spawn(async move {
            let done = tx.commit().await;
            drop(turn);
            done
        });
        Ok(commit.await.map_err(|_| StoreError::Stopping)??)
    }

    /// Leaves everything as it was.
    pub async fn discard(self) -> Result<()> {
        Ok(self.tx.rollback().await?)
    }
}

/// A change that devices see, at the practice's next revision.
pub struct Write {
    quiet: Quiet,
    engine: Engine,
    live: Live,
    practice: PracticeId,
    revision: Revision,
}

impl Write {
    pub(super) async fn begin(store: &Store, practice: PracticeId) -> Result<Self> {
        let mut quiet = Quiet::begin(store).await?;
        let row = sqlx::query(
            "UPDATE practices SET counter = counter + 1 WHERE id = $1 RETURNING counter AS counter",
        )
        .bind(practice.to_string())
        .fetch_optional(quiet.connection())
        .await?
        .ok_or(StoreError::Missing("practice"))?;
        let revision = Revision(row.try_get("counter")?);
        Ok(Self { quiet, engine: store.engine, live: store.live.clone(), practice, revision })
    }

    /// The practice.
    pub fn practice(&self) -> PracticeId {
        self.practice
    }

    /// The revision that every changed row is stamped with.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// The connection, for the functions of the tables.
    pub fn connection(&mut self) -> &mut AnyConnection {
        self.quiet.connection()
    }

    /// Makes it so and tells whoever listens.
    pub async fn commit(mut self) -> Result<Revision> {
        if self.engine == Engine::Postgres {
            // Other nodes hear of it when, and only if, the transaction is committed.
            sqlx::query("SELECT pg_notify($1, $2)")
                .bind(CHANNEL)
                .bind(format!("{} {}", self.practice, self.revision.0))
                .execute(self.connection())
                .await?;
        }
        let Self { quiet: Quiet { tx, turn, tasks }, live, practice, revision, .. } = self;
        let commit = tasks.spawn(async move {
            let done = tx.commit().await;
            drop(turn);
            if done.is_ok() {
                live.tell(practice, revision);
            }
            done
        });
        commit.await.map_err(|_| StoreError::Stopping)??;
        Ok(revision)
    }

    /// Makes it so where nothing that a device sees has changed: nobody is woken. The number is skipped.
    pub async fn commit_quietly(self) -> Result<()> {
        self.quiet.commit().await
    }

    /// Leaves everything as it was; the revision is not used up.
    pub async fn discard(self) -> Result<()> {
        self.quiet.discard().await
    }
}

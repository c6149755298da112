//! Transactions that change something.
//!
//! **Invariant:** once a commit has begun it is seen through and told to the listeners, also when the request
//! that asked for it is gone.

use std::sync::Arc;

use limpet_model::{ClientId, PracticeId, Revision};
use serde_json::Value;
use sqlx::{Any, AnyConnection, Transaction};
use tokio::sync::OwnedMutexGuard;
use tokio_util::task::TaskTracker;

use super::{
    Engine, Result, Store, StoreError,
    audit::{self, Act, Deed, Head, Subject},
    jobs::Lane,
    notices::Notices,
    row::Columns,
};
use crate::{
    bells::Bells,
    by::By,
    live::{Live, Reach},
    metrics::Took,
};

/// A change that no device sees.
pub struct Quiet {
    tx: Transaction<'static, Any>,
    turn: Option<OwnedMutexGuard<()>>,
    tasks: TaskTracker,
    bells: Arc<Bells>,
    /// Who has something to do once this is so.
    rings: Vec<Lane>,
    took: Took,
}

impl Quiet {
    pub(super) async fn begin(store: &Store) -> Result<Self> {
        let turn = match store.engine {
            Engine::Sqlite => Some(store.turn.clone().lock_owned().await),
            Engine::Postgres => None,
        };
        let tx = store.pool.begin_with(store.engine.begin_write()).await?;
        Ok(Self {
            tx,
            turn,
            tasks: store.tasks.clone(),
            bells: store.bells.clone(),
            rings: Vec::new(),
            took: store.writes.begin(),
        })
    }

    /// The connection, for the functions of the tables.
    pub fn connection(&mut self) -> &mut AnyConnection {
        &mut self.tx
    }

    /// Has a worker of this lane look for work once this is so.
    pub(super) fn ring(&mut self, lane: Lane) {
        self.rings.push(lane);
    }

    /// Makes it so.
    pub async fn commit(self) -> Result<()> {
        self.commit_then(|| {}).await
    }

    async fn commit_then(self, tell: impl FnOnce() + Send + 'static) -> Result<()> {
        let Self { tx, turn, tasks, bells, rings, took } = self;
        let commit = tasks.spawn(async move {
            let done = tx.commit().await;
            drop((turn, took));
            if done.is_ok() {
                tell();
                for lane in rings {
                    bells.ring(lane);
                }
            }
            done
        });
        Ok(commit.await.map_err(|_| StoreError::Stopping)??)
    }

    /// Leaves everything as it was.
    pub async fn discard(self) -> Result<()> {
        Ok(self.tx.rollback().await?)
    }
}

/// A change of a practice, by somebody. What devices see of it is stamped with the practice's next revision.
pub struct Write {
    quiet: Quiet,
    live: Live,
    /// Where there are other nodes.
    notices: Option<Arc<Notices>>,
    by: By,
    revision: Revision,
    reach: Reach,
    head: Head,
    deeds: Vec<Deed>,
}

impl Write {
    pub(super) async fn begin(store: &Store, by: By) -> Result<Self> {
        let mut quiet = Quiet::begin(store).await?;
        let row = sqlx::query(
            "UPDATE practices SET counter = counter + 1 WHERE id = $1 \
             RETURNING counter AS counter, audit_number AS audit_number, audit_hash AS audit_hash",
        )
        .bind(by.practice.to_string())
        .fetch_optional(quiet.connection())
        .await?
        .ok_or(StoreError::Missing("practice"))?;
        let revision = Revision(row.int("counter")?);
        let head = Head { number: row.int("audit_number")?, hash: row.text("audit_hash")? };
        let notices = (store.engine == Engine::Postgres).then(|| store.notices.clone());
        let (live, reach, deeds) = (store.live.clone(), Reach::default(), Vec::new());
        Ok(Self { quiet, live, notices, by, revision, reach, head, deeds })
    }

    /// Who changes it, and when.
    pub fn by(&self) -> By {
        self.by
    }

    /// The practice.
    pub fn practice(&self) -> PracticeId {
        self.by.practice
    }

    /// The revision that every changed row is stamped with.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// The connection, for the functions of the tables.
    pub fn connection(&mut self) -> &mut AnyConnection {
        self.quiet.connection()
    }

    /// The transaction below it, for what no device sees.
    pub(super) fn quiet(&mut self) -> &mut Quiet {
        &mut self.quiet
    }

    /// Says which client sees something of this; staff see everything.
    pub(super) fn seen_by(&mut self, client: ClientId) {
        self.reach.join(Reach::Clients([client].into()));
    }

    /// Says that everybody sees something of this.
    pub(super) fn seen_by_everybody(&mut self) {
        self.reach = Reach::Everybody;
    }

    /// Has the audit log say that this was done. `detail` holds ids and facts, never what somebody wrote.
    pub(super) fn log(&mut self, act: Act, subject: impl Into<Subject>, detail: Value) {
        self.deeds.push(Deed { act, subject: subject.into(), detail });
    }

    /// Makes it so and tells whoever listens.
    pub async fn commit(mut self) -> Result<Revision> {
        self.end_log(0).await?;
        let Self { quiet, live, notices, by, revision, reach, .. } = self;
        let tell = move || {
            live.tell(by.practice, revision, &reach);
            if let Some(notices) = notices {
                notices.add(by.practice, revision, reach);
            }
        };
        quiet.commit_then(tell).await?;
        Ok(revision)
    }

    /// Makes it so where nothing that a device sees has changed: nobody is woken, and the revision is not used up.
    pub async fn commit_quietly(mut self) -> Result<()> {
        self.end_log(1).await?;
        self.quiet.commit().await
    }

    /// Leaves everything as it was; the revision is not used up.
    pub async fn discard(self) -> Result<()> {
        self.quiet.discard().await
    }

    /// Writes down what was done, and gives back `unused` revisions.
    async fn end_log(&mut self, unused: i64) -> Result<()> {
        let (by, before, deeds) = (self.by, self.head.clone(), std::mem::take(&mut self.deeds));
        let head = audit::append(self.connection(), by, before, deeds).await?;
        if head == self.head && unused == 0 {
            return Ok(());
        }
        sqlx::query(
            "UPDATE practices SET counter = counter - $2, audit_number = $3, audit_hash = $4 WHERE id = $1",
        )
        .bind(by.practice.to_string())
        .bind(unused)
        .bind(head.number)
        .bind(head.hash.clone())
        .execute(self.connection())
        .await?;
        self.head = head;
        Ok(())
    }
}

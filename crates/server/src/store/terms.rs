//! On which terms something is changed, and what was done under a key.
//!
//! **Invariant:** a key is written down in the transaction that does what it stands for, also when there was nothing to
//! do: whoever repeats it after an answer that was lost changes nothing, whatever others did in between.

use limpet_model::Revision;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{Result, StoreError, Write, row::Columns};

/// How long a key is remembered, milliseconds.
const REMEMBERED: i64 = 90 * 24 * 60 * 60 * 1000;

/// Which state a thing has to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OnlyIf {
    /// Any.
    There,
    /// One of these.
    At(Vec<Revision>),
}

/// A write that is done once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once {
    /// Its maker's name for it; two makers never share one.
    pub key: String,
}

/// What a write says about itself. By default nothing: the last one to write wins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Terms {
    /// It is done only if the thing is so.
    pub only_if: Option<OnlyIf>,
    /// It is done once.
    pub once: Option<Once>,
}

impl Terms {
    /// Whether this very write was done before. If not, it is written down as being done now.
    ///
    /// # Errors
    /// `Conflict` when the key was used for something else.
    pub(super) async fn was_done(&self, write: &mut Write, what: &impl Serialize) -> Result<bool> {
        let Some(Once { key }) = &self.once else { return Ok(false) };
        let (at, (kind, id)) = (write.by().at, write.by().actor.words());
        let by = format!("{kind}:{id}");
        let json = serde_json::to_vec(what).map_err(|_| StoreError::Unreadable("write"))?;
        let hash = hex::encode(Sha256::digest(json));
        let practice = write.practice().to_string();
        let before = sqlx::query(
            "SELECT content_hash FROM done_writes WHERE practice_id = $1 AND done_by = $2 AND write_key = $3",
        )
        .bind(practice.clone())
        .bind(by.clone())
        .bind(key.clone())
        .fetch_optional(write.connection())
        .await?;
        if let Some(before) = before {
            return if before.text("content_hash")? == hash {
                Ok(true)
            } else {
                Err(StoreError::Conflict("This Idempotency-Key was used for something else. Use a new one."))
            };
        }
        sqlx::query("DELETE FROM done_writes WHERE practice_id = $1 AND done_at < $2")
            .bind(practice.clone())
            .bind(at.0 - REMEMBERED)
            .execute(write.connection())
            .await?;
        sqlx::query(
            "INSERT INTO done_writes (practice_id, done_by, write_key, content_hash, done_at) \
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(practice)
        .bind(by.clone())
        .bind(key.clone())
        .bind(hash)
        .bind(at.0)
        .execute(write.connection())
        .await?;
        Ok(false)
    }

    /// Ends a write that found nothing to do. What was done under a key is written down all the same.
    pub(super) async fn leave(&self, write: Write) -> Result<()> {
        if self.once.is_some() { write.commit_quietly().await } else { write.discard().await }
    }

    /// Whether the thing is as it has to be; `None` is a thing that is not there.
    ///
    /// # Errors
    /// `Changed` when it is not.
    pub(super) fn hold(&self, now_at: Option<Revision>) -> Result<()> {
        match (&self.only_if, now_at) {
            (None, _) | (Some(OnlyIf::There), Some(_)) => Ok(()),
            (Some(OnlyIf::At(seen)), Some(revision)) if seen.contains(&revision) => Ok(()),
            _ => Err(StoreError::Changed),
        }
    }
}

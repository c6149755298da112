//! How many bytes of files a practice may keep.
//!
//! **Invariant:** what was announced counts as if it were there, so that a practice comes to its limit before a byte is
//! sent and not in the middle of a clip; what was given up does not count.

use limpet_model::PracticeId;

use serde_json::json;

use super::{Result, Store, StoreError, Write, audit::Act, row::Columns};
use crate::by::By;

/// What a practice keeps, and what it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Bytes of files, with those announced.
    pub kept: i64,
    /// How many there may be; `None` is no limit.
    pub quota: Option<i64>,
}

const ROOM: &str = "SELECT p.quota_bytes AS quota, (SELECT CAST(SUM(a.bytes) AS BIGINT) FROM attachments a \
     WHERE a.practice_id = p.id AND (a.uploaded_at IS NOT NULL OR a.state = 'uploading')) AS kept \
     FROM practices p WHERE p.id = $1";

impl Store {
    /// How much room a practice has.
    pub async fn room(&self, practice: PracticeId) -> Result<Room> {
        let row = sqlx::query(ROOM)
            .bind(practice.to_string())
            .fetch_optional(self.pool())
            .await?
            .ok_or(StoreError::Missing("practice"))?;
        Ok(Room { kept: row.maybe_int("kept")?.unwrap_or(0), quota: row.maybe_int("quota")? })
    }

    /// Limits what a practice may keep, in bytes; `None` lifts the limit. What is kept already stays.
    pub async fn set_quota(&self, by: By, quota: Option<i64>) -> Result<()> {
        let mut write = self.write(by).await?;
        sqlx::query("UPDATE practices SET quota_bytes = $2 WHERE id = $1")
            .bind(by.practice.to_string())
            .bind(quota)
            .execute(write.connection())
            .await?;
        write.log(Act::Changed, by.practice, json!({ "set": ["quota"], "bytes": quota }));
        write.commit_quietly().await
    }
}

/// Goes on only if so many bytes more are within the limit. The practice's row is locked: two at once are seen one after
/// the other.
pub(super) async fn check(write: &mut Write, more: i64) -> Result<()> {
    let practice = write.practice().to_string();
    let limited = sqlx::query("SELECT 1 FROM practices WHERE id = $1 AND quota_bytes IS NOT NULL")
        .bind(practice.clone())
        .fetch_optional(write.connection())
        .await?;
    if limited.is_none() {
        return Ok(());
    }
    let row = sqlx::query(ROOM).bind(practice).fetch_one(write.connection()).await?;
    let kept = row.maybe_int("kept")?.unwrap_or(0);
    match row.maybe_int("quota")? {
        Some(quota) if kept.saturating_add(more) > quota => Err(StoreError::OverQuota),
        _ => Ok(()),
    }
}

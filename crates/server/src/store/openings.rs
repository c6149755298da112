//! Who opened which media link when, without keeping anybody's address.

use limpet_model::{AttachmentId, Millis, PracticeId};

use serde_json::json;

use super::{Result, Store, audit::Act, row::Columns};
use crate::by::By;

const HOUR: i64 = 60 * 60 * 1000;

/// The hour that a moment is in.
pub fn hour_of(at: Millis) -> i64 {
    at.0.div_euclid(HOUR)
}

/// The openings of one thing from one address within an hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// `page`, `original`, `rendition` or `poster`.
    pub what: String,
    /// Keyed hash of the address it was opened from.
    pub address_hash: String,
    /// When first.
    pub first_at: Millis,
    /// When last.
    pub last_at: Millis,
    /// How many requests.
    pub count: i64,
}

impl Store {
    /// Writes down that a file was opened, or how often more within the hour. `from` is the hash of an address, or
    /// the id of a session.
    pub async fn log_opening(
        &self,
        by: By,
        attachment: AttachmentId,
        what: &str,
        from: &str,
        times: i64,
    ) -> Result<()> {
        let mut write = self.write(by).await?;
        let row = sqlx::query(
            "INSERT INTO openings \
             (practice_id, attachment_id, what, address_hash, hour, first_at, last_at, count) \
             VALUES ($1, $2, $3, $4, $5, $6, $6, $7) \
             ON CONFLICT (practice_id, attachment_id, what, address_hash, hour) \
             DO UPDATE SET last_at = excluded.last_at, count = openings.count + excluded.count \
             RETURNING count AS count",
        )
        .bind(by.practice.to_string())
        .bind(attachment.to_string())
        .bind(what.to_owned())
        .bind(from.to_owned())
        .bind(hour_of(by.at))
        .bind(by.at.0)
        .bind(times)
        .fetch_one(write.connection())
        .await?;
        if row.int("count")? == times {
            write.log(Act::Opened, attachment, json!({ "what": what, "from": from }));
        }
        write.commit_quietly().await
    }

    /// The openings of an attachment's link, oldest first.
    pub async fn openings(&self, practice: PracticeId, attachment: AttachmentId) -> Result<Vec<Opening>> {
        let rows = sqlx::query(
            "SELECT what, address_hash, first_at, last_at, count FROM openings \
             WHERE practice_id = $1 AND attachment_id = $2 ORDER BY first_at, what",
        )
        .bind(practice.to_string())
        .bind(attachment.to_string())
        .fetch_all(self.pool())
        .await?;
        rows.iter()
            .map(|row| {
                Ok(Opening {
                    what: row.text("what")?,
                    address_hash: row.text("address_hash")?,
                    first_at: row.time("first_at")?,
                    last_at: row.time("last_at")?,
                    count: row.int("count")?,
                })
            })
            .collect()
    }
}

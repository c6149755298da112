//! Devices that somebody signed in on before.
//!
//! **Invariant:** being known lets nobody in. It only keeps what others get wrong from being held against a device.

use limpet_model::{Millis, PracticeId, StaffId};
use sqlx::AnyConnection;

use super::{Result, Store};

/// How long a device is known that nobody signs in on, milliseconds.
pub const KNOWN_FOR: i64 = 180 * 24 * 60 * 60 * 1000;

/// Devices that one person is known on.
pub const MOST: i64 = 30;

impl Store {
    /// Whether this person signed in on a device with this mark.
    pub async fn is_known_device(
        &self,
        practice: PracticeId,
        staff: StaffId,
        mark_hash: &str,
        now: Millis,
    ) -> Result<bool> {
        let row = sqlx::query(
            "SELECT seen_at FROM known_devices \
             WHERE practice_id = $1 AND staff_id = $2 AND mark_hash = $3 AND seen_at > $4",
        )
        .bind(practice.to_string())
        .bind(staff.to_string())
        .bind(mark_hash.to_owned())
        .bind(now.0 - KNOWN_FOR)
        .fetch_optional(self.pool())
        .await?;
        Ok(row.is_some())
    }

    /// Whether anybody of the practice did: the mark may be kept for the next one.
    pub async fn is_mark_of(&self, practice: PracticeId, mark_hash: &str, now: Millis) -> Result<bool> {
        let row = sqlx::query(
            "SELECT seen_at FROM known_devices WHERE practice_id = $1 AND mark_hash = $2 AND seen_at > $3",
        )
        .bind(practice.to_string())
        .bind(mark_hash.to_owned())
        .bind(now.0 - KNOWN_FOR)
        .fetch_optional(self.pool())
        .await?;
        Ok(row.is_some())
    }

    /// This person has signed in on the device. Those that are not known any more are swept away in passing, and of more
    /// than [`MOST`] the ones that were not used for longest.
    pub async fn know_device(
        &self,
        practice: PracticeId,
        staff: StaffId,
        mark_hash: &str,
        now: Millis,
    ) -> Result<()> {
        let mut quiet = self.quiet().await?;
        sqlx::query("DELETE FROM known_devices WHERE practice_id = $1 AND seen_at <= $2")
            .bind(practice.to_string())
            .bind(now.0 - KNOWN_FOR)
            .execute(quiet.connection())
            .await?;
        sqlx::query(
            "INSERT INTO known_devices (practice_id, staff_id, mark_hash, seen_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (practice_id, staff_id, mark_hash) DO UPDATE SET seen_at = excluded.seen_at",
        )
        .bind(practice.to_string())
        .bind(staff.to_string())
        .bind(mark_hash.to_owned())
        .bind(now.0)
        .execute(quiet.connection())
        .await?;
        sqlx::query(
            "DELETE FROM known_devices WHERE practice_id = $1 AND staff_id = $2 AND mark_hash NOT IN \
             (SELECT mark_hash FROM known_devices WHERE practice_id = $1 AND staff_id = $2 \
             ORDER BY seen_at DESC, mark_hash LIMIT $3)",
        )
        .bind(practice.to_string())
        .bind(staff.to_string())
        .bind(MOST)
        .execute(quiet.connection())
        .await?;
        quiet.commit().await
    }
}

pub(super) async fn forget(
    connection: &mut AnyConnection,
    practice: PracticeId,
    staff: StaffId,
) -> Result<()> {
    sqlx::query("DELETE FROM known_devices WHERE practice_id = $1 AND staff_id = $2")
        .bind(practice.to_string())
        .bind(staff.to_string())
        .execute(connection)
        .await?;
    Ok(())
}

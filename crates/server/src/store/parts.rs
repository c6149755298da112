//! The parts of a file that arrives in a store which several nodes share.
//!
//! **Invariant:** a part has its row only once its bytes are safe, and the parts of a file have no gap: the end of the
//! last one is the offset that a sender is told.

use sqlx::{AnyConnection, any::AnyRow};

use super::{Result, Store, StoreError, row::Columns, turns, turns::Hold};
use crate::file_of::FileOf;

/// A part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartOf {
    /// What it is a part of.
    pub of: FileOf,
    /// Its first byte.
    pub begins: i64,
    /// One past its last byte.
    pub ends: i64,
    /// What its object is called.
    pub name: String,
}

fn from_row(row: &AnyRow) -> Result<PartOf> {
    Ok(PartOf {
        of: FileOf { practice: row.id("practice_id")?, attachment: row.id("attachment_id")? },
        begins: row.int("begins")?,
        ends: row.int("ends")?,
        name: row.text("name")?,
    })
}

impl Store {
    /// How many bytes have arrived.
    pub async fn arrived(&self, of: FileOf) -> Result<i64> {
        let row =
            sqlx::query("SELECT MAX(ends) AS ends FROM parts WHERE practice_id = $1 AND attachment_id = $2")
                .bind(of.practice.to_string())
                .bind(of.attachment.to_string())
                .fetch_one(self.pool())
                .await?;
        Ok(row.maybe_int("ends")?.unwrap_or(0))
    }

    /// Writes a part down whose bytes are safe.
    ///
    /// # Errors
    /// `TurnLost` when somebody else writes to it by now, `Missing` when it is no longer under way.
    pub async fn add_part(&self, hold: &Hold, part: &PartOf) -> Result<()> {
        let mut quiet = self.quiet().await?;
        turns::check(quiet.connection(), Some(hold)).await?;
        let added = sqlx::query(
            "INSERT INTO parts (practice_id, attachment_id, begins, ends, name) \
             SELECT practice_id, attachment_id, $3, $4, $5 FROM uploads \
             WHERE practice_id = $1 AND attachment_id = $2",
        )
        .bind(part.of.practice.to_string())
        .bind(part.of.attachment.to_string())
        .bind(part.begins)
        .bind(part.ends)
        .bind(part.name.clone())
        .execute(quiet.connection())
        .await?
        .rows_affected();
        if added == 0 {
            quiet.discard().await?;
            return Err(StoreError::Missing("upload"));
        }
        quiet.commit().await
    }

    /// Forgets the parts from `length` on. Answers the names of their objects.
    pub async fn cut_parts(&self, hold: &Hold, length: i64) -> Result<Vec<String>> {
        let mut quiet = self.quiet().await?;
        turns::check(quiet.connection(), Some(hold)).await?;
        let rows = sqlx::query(
            "DELETE FROM parts WHERE practice_id = $1 AND attachment_id = $2 AND begins >= $3 \
             RETURNING name AS name",
        )
        .bind(hold.of.practice.to_string())
        .bind(hold.of.attachment.to_string())
        .bind(length)
        .fetch_all(quiet.connection())
        .await?;
        quiet.commit().await?;
        rows.iter().map(|row| row.text("name")).collect()
    }

    /// Forgets the parts of what is no longer under way. Answers the names of their objects.
    pub async fn forget_parts(&self, of: FileOf) -> Result<Vec<String>> {
        let mut quiet = self.quiet().await?;
        let rows = sqlx::query(
            "DELETE FROM parts WHERE practice_id = $1 AND attachment_id = $2 AND NOT EXISTS \
             (SELECT 1 FROM uploads WHERE practice_id = $1 AND attachment_id = $2) RETURNING name AS name",
        )
        .bind(of.practice.to_string())
        .bind(of.attachment.to_string())
        .fetch_all(quiet.connection())
        .await?;
        quiet.commit().await?;
        rows.iter().map(|row| row.text("name")).collect()
    }

    /// The parts of a file, in order.
    pub async fn parts(&self, of: FileOf) -> Result<Vec<PartOf>> {
        let rows = sqlx::query(
            "SELECT practice_id, attachment_id, begins, ends, name FROM parts \
             WHERE practice_id = $1 AND attachment_id = $2 ORDER BY begins",
        )
        .bind(of.practice.to_string())
        .bind(of.attachment.to_string())
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(from_row).collect()
    }

    /// Every part, of all practices.
    pub async fn all_parts(&self) -> Result<Vec<PartOf>> {
        let rows = sqlx::query("SELECT practice_id, attachment_id, begins, ends, name FROM parts")
            .fetch_all(self.pool())
            .await?;
        rows.iter().map(from_row).collect()
    }

    /// What has parts, of all practices.
    pub async fn files_with_parts(&self) -> Result<Vec<FileOf>> {
        let rows = sqlx::query("SELECT DISTINCT practice_id, attachment_id FROM parts")
            .fetch_all(self.pool())
            .await?;
        let of = |row: &AnyRow| {
            Ok(FileOf { practice: row.id("practice_id")?, attachment: row.id("attachment_id")? })
        };
        rows.iter().map(of).collect()
    }

    /// Whether a part is known by this name.
    pub async fn knows_part(&self, of: FileOf, name: &str) -> Result<bool> {
        let row =
            sqlx::query("SELECT 1 FROM parts WHERE practice_id = $1 AND attachment_id = $2 AND name = $3")
                .bind(of.practice.to_string())
                .bind(of.attachment.to_string())
                .bind(name.to_owned())
                .fetch_optional(self.pool())
                .await?;
        Ok(row.is_some())
    }
}

/// Forgets what an earlier upload of the same attachment left, so that a new one begins at its beginning. The objects
/// are swept away.
pub(super) async fn begin_anew(connection: &mut AnyConnection, of: FileOf) -> Result<()> {
    sqlx::query("DELETE FROM parts WHERE practice_id = $1 AND attachment_id = $2")
        .bind(of.practice.to_string())
        .bind(of.attachment.to_string())
        .execute(connection)
        .await?;
    Ok(())
}

//! Practices: the tenants, and each one's revision.

use limpet_model::{Millis, Practice, PracticeId, Revision};
use limpet_wire::changes::{Change, Entity};
use sqlx::{AnyConnection, any::AnyRow};

use super::{Result, Store, StoreError, changes::Span, row::Columns};
use crate::view::{View, per_view};

fn from_row(row: &AnyRow) -> Result<Practice> {
    Ok(Practice {
        id: row.id("id")?,
        name: row.text("name")?,
        address: row.text("address")?,
        phone: row.text("phone")?,
        time_zone: row.text("time_zone")?,
    })
}

impl Store {
    /// Adds a practice.
    pub async fn add_practice(&self, practice: &Practice, now: Millis) -> Result<()> {
        let mut quiet = self.quiet().await?;
        sqlx::query(
            "INSERT INTO practices (id, counter, revision, name, address, phone, time_zone, created_at) \
             VALUES ($1, 1, 1, $2, $3, $4, $5, $6)",
        )
        .bind(practice.id.to_string())
        .bind(practice.name.clone())
        .bind(practice.address.clone())
        .bind(practice.phone.clone())
        .bind(practice.time_zone.clone())
        .bind(now.0)
        .execute(quiet.connection())
        .await?;
        quiet.commit().await
    }

    /// Every practice there is.
    pub async fn practices(&self) -> Result<Vec<PracticeId>> {
        let rows = sqlx::query("SELECT id FROM practices").fetch_all(self.pool()).await?;
        rows.iter().map(|row| row.id("id")).collect()
    }

    /// The practice with this id.
    pub async fn practice(&self, practice: PracticeId) -> Result<Option<Practice>> {
        let row = sqlx::query("SELECT id, name, address, phone, time_zone FROM practices WHERE id = $1")
            .bind(practice.to_string())
            .fetch_optional(self.pool())
            .await?;
        row.as_ref().map(from_row).transpose()
    }

    /// The practice's newest revision.
    pub async fn revision(&self, practice: PracticeId) -> Result<Revision> {
        current_revision(&mut *self.pool().acquire().await?, practice).await
    }
}

pub(super) async fn current_revision(
    connection: &mut AnyConnection,
    practice: PracticeId,
) -> Result<Revision> {
    let row = sqlx::query("SELECT counter FROM practices WHERE id = $1")
        .bind(practice.to_string())
        .fetch_optional(connection)
        .await?
        .ok_or(StoreError::Missing("practice"))?;
    row.int("counter").map(Revision)
}

pub(super) async fn changed(
    connection: &mut AnyConnection,
    practice: PracticeId,
    view: View,
    span: Span,
) -> Result<Vec<Change>> {
    let sql = per_view!(view;
        "SELECT id, revision, name, address, phone, time_zone FROM practices WHERE id = $1 AND ",
        seen(practices),
        " AND revision > $3 AND revision <= $4"
    );
    span.changes(connection, sql, practice, view, |row| from_row(row).map(Entity::Practice)).await
}

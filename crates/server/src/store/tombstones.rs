//! What is gone, from everybody's view, from that of staff, or from one client's.
//!
//! **Invariant:** a device that was here within [`KEPT`] hears of everything that went meanwhile. One that was away for
//! longer starts over, so that a new device is not told for ever what it never had.

use limpet_model::{ClientId, Millis, PracticeId};
use limpet_wire::changes::{Change, Entity, Tombstone};
use sqlx::{AnyConnection, any::AnyRow};

use super::{Result, Store, Write, changes::Span, row::Columns};
use crate::view::{View, per_view};

/// For how long it is said that something went, milliseconds.
pub const KEPT: i64 = 400 * 24 * 60 * 60 * 1000;

/// The view of staff, where a client's has an id and everybody's nothing.
const STAFF: &str = "staff";

/// Says that something left a client's view, or everybody's.
pub(super) async fn bury(write: &mut Write, from: Option<ClientId>, kind: &str, id: &str) -> Result<()> {
    bury_in(write, &from.map(|client| client.to_string()).unwrap_or_default(), kind, id).await?;
    match from {
        Some(client) => write.seen_by(client),
        None => write.seen_by_everybody(),
    }
    Ok(())
}

async fn bury_in(write: &mut Write, view: &str, kind: &str, id: &str) -> Result<()> {
    let (practice, revision, now) = (write.practice(), write.revision(), write.by().at);
    sqlx::query(
        "INSERT INTO tombstones (practice_id, client_id, kind, id, revision, buried_at) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (practice_id, client_id, kind, id) \
         DO UPDATE SET revision = excluded.revision, buried_at = excluded.buried_at",
    )
    .bind(practice.to_string())
    .bind(view.to_owned())
    .bind(kind.to_owned())
    .bind(id.to_owned())
    .bind(revision.0)
    .bind(now.0)
    .execute(write.connection())
    .await?;
    Ok(())
}

/// Says that something is gone which nobody saw but staff and one client: no other client's device hears of it.
pub(super) async fn bury_for(write: &mut Write, client: ClientId, kind: &str, id: &str) -> Result<()> {
    bury_in(write, STAFF, kind, id).await?;
    bury(write, Some(client), kind, id).await
}

/// Says that something is back in a client's view.
pub(super) async fn unbury(write: &mut Write, client: ClientId, kind: &str, id: &str) -> Result<()> {
    let practice = write.practice();
    sqlx::query("DELETE FROM tombstones WHERE practice_id = $1 AND client_id = $2 AND kind = $3 AND id = $4")
        .bind(practice.to_string())
        .bind(client.to_string())
        .bind(kind.to_owned())
        .bind(id.to_owned())
        .execute(write.connection())
        .await?;
    Ok(())
}

pub(super) async fn changed(
    connection: &mut AnyConnection,
    practice: PracticeId,
    view: View,
    span: Span,
) -> Result<Vec<Change>> {
    let sql = per_view!(view;
        "SELECT kind, id, revision FROM tombstones WHERE practice_id = $1 AND ",
        seen(tombstones),
        " AND revision > $3 AND revision <= $4"
    );
    let tombstone =
        |row: &AnyRow| Ok(Entity::Tombstone(Tombstone { of: row.text("kind")?, id: row.text("id")? }));
    span.changes(connection, sql, practice, view, tombstone).await
}

impl Store {
    /// Says no longer what went so long ago that a device which has not heard of it starts over anyway.
    pub async fn forget_tombstones(&self, practice: PracticeId, now: Millis) -> Result<()> {
        let mut quiet = self.quiet().await?;
        // Those of an older version: since when is not known.
        sqlx::query("UPDATE tombstones SET buried_at = $2 WHERE practice_id = $1 AND buried_at = 0")
            .bind(practice.to_string())
            .bind(now.0)
            .execute(quiet.connection())
            .await?;
        let cut = now.0 - KEPT;
        let newest = sqlx::query(
            "SELECT MAX(revision) AS newest FROM tombstones WHERE practice_id = $1 AND buried_at < $2",
        )
        .bind(practice.to_string())
        .bind(cut)
        .fetch_one(quiet.connection())
        .await?
        .maybe_int("newest")?;
        let Some(newest) = newest else { return quiet.commit().await };
        sqlx::query("UPDATE practices SET feed_floor = $2 WHERE id = $1 AND feed_floor < $2")
            .bind(practice.to_string())
            .bind(newest)
            .execute(quiet.connection())
            .await?;
        sqlx::query("DELETE FROM tombstones WHERE practice_id = $1 AND buried_at < $2")
            .bind(practice.to_string())
            .bind(cut)
            .execute(quiet.connection())
            .await?;
        quiet.commit().await
    }
}

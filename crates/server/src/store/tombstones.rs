//! What is gone, from everybody's view, from that of staff, or from one client's.

use limpet_model::ClientId;
use limpet_wire::changes::{Entity, Tombstone};

use super::{Result, Write, changes::Fed, row::Columns};
use crate::view::per_view;

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
    let (practice, revision) = (write.practice(), write.revision());
    sqlx::query(
        "INSERT INTO tombstones (practice_id, client_id, kind, id, revision) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (practice_id, client_id, kind, id) DO UPDATE SET revision = excluded.revision",
    )
    .bind(practice.to_string())
    .bind(view.to_owned())
    .bind(kind.to_owned())
    .bind(id.to_owned())
    .bind(revision.0)
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

/// What the feed tells of them.
pub(super) const FED: Fed = Fed {
    sql: |view| {
        per_view!(view;
            "SELECT kind, id, revision FROM tombstones WHERE practice_id = $1 AND ",
            seen(tombstones),
            " AND revision > $3 AND revision <= $4"
        )
    },
    read: |row| Ok(Entity::Tombstone(Tombstone { of: row.text("kind")?, id: row.text("id")? })),
};

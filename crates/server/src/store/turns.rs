//! The turn to write to an upload in a store that several nodes share.
//!
//! **Invariant:** whatever is written under a turn is written in a transaction that first asks for the turn's row, by its
//! token: who lost the turn changes nothing, however late it comes. The lease only says when the turn of a dead node may
//! be taken; no clock is trusted with more than that.

use limpet_model::Millis;
use sqlx::AnyConnection;

use super::{Result, Store, StoreError, row::Columns};
use crate::file_of::FileOf;

/// How long a node may be silent before its turns are somebody else's, milliseconds.
pub const TURN: i64 = 10 * 1000;

/// A turn, as the database knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// What may be written to.
    pub of: FileOf,
    /// Which turn it is.
    pub token: String,
}

impl Hold {
    /// A turn that nobody has taken yet.
    pub fn new(of: FileOf) -> Self {
        Self { of, token: uuid::Uuid::new_v4().simple().to_string() }
    }
}

impl Store {
    /// Takes a turn for a node, unless somebody has it.
    pub async fn take_turn(&self, hold: &Hold, node: &str, now: Millis) -> Result<bool> {
        let mut quiet = self.quiet().await?;
        let taken = sqlx::query(
            "INSERT INTO turns (practice_id, attachment_id, node, token, lease_until, give_way) \
             VALUES ($1, $2, $3, $4, $5, 0) ON CONFLICT (practice_id, attachment_id) DO UPDATE SET \
             node = excluded.node, token = excluded.token, lease_until = excluded.lease_until, give_way = 0 \
             WHERE turns.lease_until <= $6",
        )
        .bind(hold.of.practice.to_string())
        .bind(hold.of.attachment.to_string())
        .bind(node.to_owned())
        .bind(hold.token.clone())
        .bind(now.0 + TURN)
        .bind(now.0)
        .execute(quiet.connection())
        .await?
        .rows_affected();
        quiet.commit().await?;
        Ok(taken > 0)
    }

    /// Ends a turn: by its holder, or by who has waited for it long enough.
    pub async fn end_turn(&self, hold: &Hold) -> Result<()> {
        let mut quiet = self.quiet().await?;
        sqlx::query("DELETE FROM turns WHERE practice_id = $1 AND attachment_id = $2 AND token = $3")
            .bind(hold.of.practice.to_string())
            .bind(hold.of.attachment.to_string())
            .bind(hold.token.clone())
            .execute(quiet.connection())
            .await?;
        quiet.commit().await
    }

    /// After a start: the turns this node held before it stopped are nobody's.
    pub async fn forget_turns(&self, node: &str) -> Result<()> {
        let mut quiet = self.quiet().await?;
        sqlx::query("DELETE FROM turns WHERE node = $1")
            .bind(node.to_owned())
            .execute(quiet.connection())
            .await?;
        quiet.commit().await
    }

    /// Holds on to all turns of a node. Answers them, and for which of them somebody waits.
    pub async fn renew_turns(&self, node: &str, now: Millis) -> Result<Vec<(Hold, bool)>> {
        let mut quiet = self.quiet().await?;
        let rows = sqlx::query(
            "UPDATE turns SET lease_until = $2 WHERE node = $1 RETURNING practice_id AS practice_id, \
             attachment_id AS attachment_id, token AS token, give_way AS give_way",
        )
        .bind(node.to_owned())
        .bind(now.0 + TURN)
        .fetch_all(quiet.connection())
        .await?;
        quiet.commit().await?;
        let read = |row: &sqlx::any::AnyRow| {
            let of = FileOf { practice: row.id("practice_id")?, attachment: row.id("attachment_id")? };
            Ok((Hold { of, token: row.text("token")? }, row.flag("give_way")?))
        };
        rows.iter().map(read).collect()
    }

    /// Asks whoever has the turn to give way. `None` when nobody has it.
    pub async fn ask_for_turn(&self, of: FileOf, now: Millis) -> Result<Option<Hold>> {
        let mut quiet = self.quiet().await?;
        let row = sqlx::query(
            "UPDATE turns SET give_way = 1 WHERE practice_id = $1 AND attachment_id = $2 AND lease_until > $3 \
             RETURNING token AS token",
        )
        .bind(of.practice.to_string())
        .bind(of.attachment.to_string())
        .bind(now.0)
        .fetch_optional(quiet.connection())
        .await?;
        quiet.commit().await?;
        row.map(|row| Ok(Hold { of, token: row.text("token")? })).transpose()
    }

    /// Whether this turn goes on.
    pub async fn turn_goes_on(&self, hold: &Hold, now: Millis) -> Result<bool> {
        let row = sqlx::query(
            "SELECT 1 FROM turns WHERE practice_id = $1 AND attachment_id = $2 AND token = $3 AND lease_until > $4",
        )
        .bind(hold.of.practice.to_string())
        .bind(hold.of.attachment.to_string())
        .bind(hold.token.clone())
        .bind(now.0)
        .fetch_optional(self.pool())
        .await?;
        Ok(row.is_some())
    }
}

/// Goes on only if the turn is still held. `None` needs none: where the store is a folder, the process itself knows who
/// writes.
pub(super) async fn check(connection: &mut AnyConnection, hold: Option<&Hold>) -> Result<()> {
    let Some(hold) = hold else { return Ok(()) };
    // Writes, so that nobody can take the turn before this is committed.
    let held = sqlx::query(
        "UPDATE turns SET token = token WHERE practice_id = $1 AND attachment_id = $2 AND token = $3",
    )
    .bind(hold.of.practice.to_string())
    .bind(hold.of.attachment.to_string())
    .bind(hold.token.clone())
    .execute(connection)
    .await?
    .rows_affected();
    if held > 0 { Ok(()) } else { Err(StoreError::TurnLost) }
}

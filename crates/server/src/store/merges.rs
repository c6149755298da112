//! Two conversations about one patient become one.
//!
//! **Invariant:** nothing of the one that goes is lost: its messages, files, endings and links are the other's, and what
//! a device says about it later is taken as said about the other.

use limpet_model::{Conversation, ConversationId, ConversationState, PracticeId};
use serde_json::json;
use sqlx::AnyConnection;

use super::{Result, Store, StoreError, Write, audit::Act, conversations, holds, row::Columns, tombstones};
use crate::{by::By, limits::TAGS_LIMIT, view::View};

impl Store {
    /// Makes `from` part of `into`. Repeating it changes nothing.
    ///
    /// # Errors
    /// `Missing` for an unknown conversation, `Conflict` when they are about different patients.
    pub async fn merge_conversations(
        &self,
        by: By,
        from: ConversationId,
        into: ConversationId,
    ) -> Result<()> {
        let mut write = self.write(by).await?;
        let practice = by.practice;
        let missing = StoreError::Missing("conversation");
        let mut kept = find_now(write.connection(), practice, View::Staff, into).await?.ok_or(missing)?;
        let Some(gone) = find_now(write.connection(), practice, View::Staff, from).await? else {
            return Err(StoreError::Missing("conversation"));
        };
        if gone.id == kept.id {
            return write.discard().await;
        }
        if (gone.client, gone.patient) != (kept.client, kept.patient) {
            return Err(StoreError::Conflict("These conversations are about different patients."));
        }
        join(&mut kept, &gone);
        move_all(&mut write, gone.id, kept.id).await?;
        conversations::update(&mut write, &kept).await?;
        conversations::remove(&mut write, gone.id).await?;
        tombstones::bury_for(&mut write, kept.client, "conversation", &gone.id.to_string()).await?;
        write.log(Act::Merged, kept.id, json!({ "from": gone.id }));
        write.commit().await.map(drop)
    }
}

/// What the two are together: open if one of them is, waiting since the earlier.
fn join(kept: &mut Conversation, gone: &Conversation) {
    let open = [kept.state, gone.state].contains(&ConversationState::Open);
    if open {
        (kept.state, kept.ending) = (ConversationState::Open, None);
    }
    kept.urgent |= gone.urgent;
    kept.assignee = kept.assignee.or(gone.assignee);
    kept.department = kept.department.or(gone.department);
    let more: Vec<_> = gone.tags.iter().copied().filter(|tag| !kept.tags.contains(tag)).collect();
    kept.tags.extend(more);
    kept.tags.truncate(TAGS_LIMIT);
    kept.waiting_since = kept.waiting_since.into_iter().chain(gone.waiting_since).min();
    kept.escalated_at = kept.escalated_at.into_iter().chain(gone.escalated_at).min();
    kept.read_by_staff = kept.read_by_staff.min(gone.read_by_staff);
    kept.delivered_to_client = kept.delivered_to_client.min(gone.delivered_to_client);
    kept.read_by_client = kept.read_by_client.min(gone.read_by_client);
    if gone.snooze.is_none() {
        kept.snooze = None;
    }
}

async fn move_all(write: &mut Write, from: ConversationId, into: ConversationId) -> Result<()> {
    let (practice, revision, now) = (write.practice(), write.revision(), write.by().at);
    for sql in [
        "UPDATE messages SET revision = $4, conversation_id = $3 WHERE practice_id = $1 AND conversation_id = $2",
        "UPDATE attachments SET revision = $4, conversation_id = $3 WHERE practice_id = $1 AND conversation_id = $2",
    ] {
        sqlx::query(sql)
            .bind(practice.to_string())
            .bind(from.to_string())
            .bind(into.to_string())
            .bind(revision.0)
            .execute(write.connection())
            .await?;
    }
    for sql in [
        "UPDATE endings SET conversation_id = $3 WHERE practice_id = $1 AND conversation_id = $2",
        "UPDATE sessions SET conversation_id = $3 WHERE practice_id = $1 AND conversation_id = $2",
        "UPDATE invitations SET conversation_id = $3 WHERE practice_id = $1 AND conversation_id = $2",
        "UPDATE exports SET conversation_id = $3 WHERE practice_id = $1 AND conversation_id = $2",
        "UPDATE merges SET into_id = $3 WHERE practice_id = $1 AND into_id = $2",
    ] {
        sqlx::query(sql)
            .bind(practice.to_string())
            .bind(from.to_string())
            .bind(into.to_string())
            .execute(write.connection())
            .await?;
    }
    holds::move_on(write, &from.to_string(), &into.to_string()).await?;
    sqlx::query("INSERT INTO merges (practice_id, from_id, into_id, at) VALUES ($1, $2, $3, $4)")
        .bind(practice.to_string())
        .bind(from.to_string())
        .bind(into.to_string())
        .bind(now.0)
        .execute(write.connection())
        .await?;
    Ok(())
}

/// A conversation, or the one that it became part of.
pub(super) async fn find_now(
    connection: &mut AnyConnection,
    practice: PracticeId,
    view: View,
    id: ConversationId,
) -> Result<Option<Conversation>> {
    if let Some(found) = conversations::find(connection, practice, view, id).await? {
        return Ok(Some(found));
    }
    let row = sqlx::query("SELECT into_id FROM merges WHERE practice_id = $1 AND from_id = $2")
        .bind(practice.to_string())
        .bind(id.to_string())
        .fetch_optional(&mut *connection)
        .await?;
    match row {
        Some(row) => conversations::find(connection, practice, view, row.id("into_id")?).await,
        None => Ok(None),
    }
}

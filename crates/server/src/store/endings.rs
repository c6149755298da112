//! How a conversation ends and is opened again.
//!
//! **Invariant:** endings are only ever added. A device that repeats an ending it already asked for, also after
//! the client has opened the conversation again, changes nothing.

use limpet_model::{Conversation, ConversationState, Ending, Millis};
use limpet_wire::integrations::Event;
use serde_json::json;

use super::{Result, StoreError, Write, own_words, row::Columns, staff, webhooks};

/// Ends it, for a device that knows messages up to `seen`. What changes about the conversation is left for the
/// caller to write.
pub(super) async fn end(
    write: &mut Write,
    conversation: &mut Conversation,
    ending: Ending,
    seen: Option<Millis>,
    now: Millis,
) -> Result<()> {
    if was_asked_before(write, conversation, &ending).await? {
        return Ok(());
    }
    if conversation.state == ConversationState::Ended {
        return Err(StoreError::Conflict("Somebody else has already ended this conversation."));
    }
    if wrote_unseen(write, conversation, seen.unwrap_or(Millis(0))).await? {
        return Err(StoreError::Conflict(
            "The client wrote again in the meantime. Read the new message, then end the conversation.",
        ));
    }
    let practice = write.practice();
    sqlx::query(
        "INSERT INTO endings (practice_id, conversation_id, ended_by, ended_at, summary, plan) \
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(practice.to_string())
    .bind(conversation.id.to_string())
    .bind(ending.by.to_string())
    .bind(ending.at.0)
    .bind(ending.summary.clone())
    .bind(ending.plan.clone())
    .execute(write.connection())
    .await?;
    own_words::announce(write, conversation, "Conversation ended", ending.at, now).await?;
    let about = json!({ "practice": practice, "conversation": conversation.id, "ended_by": ending.by });
    webhooks::tell(write, Event::ConversationEnded, about).await?;
    conversation.state = ConversationState::Ended;
    (conversation.waiting_since, conversation.escalated_at) = (None, None);
    conversation.snooze = None;
    conversation.ending = Some(ending);
    Ok(())
}

/// Opens it again, if it was ended.
pub(super) async fn reopen(write: &mut Write, conversation: &mut Conversation, now: Millis) -> Result<()> {
    if conversation.state == ConversationState::Open {
        return Ok(());
    }
    own_words::announce(write, conversation, "Conversation reopened", now, now).await?;
    conversation.state = ConversationState::Open;
    conversation.ending = None;
    // Whoever answered it may have left since.
    if let Some(assignee) = conversation.assignee {
        let practice = write.practice();
        let member = staff::find(write.connection(), practice, assignee).await?;
        conversation.assignee = member.filter(|member| member.active).map(|member| member.id);
    }
    Ok(())
}

async fn was_asked_before(write: &mut Write, conversation: &Conversation, ending: &Ending) -> Result<bool> {
    let practice = write.practice();
    let row = sqlx::query(
        "SELECT ended_at FROM endings \
         WHERE practice_id = $1 AND conversation_id = $2 AND ended_by = $3 AND ended_at = $4",
    )
    .bind(practice.to_string())
    .bind(conversation.id.to_string())
    .bind(ending.by.to_string())
    .bind(ending.at.0)
    .fetch_optional(write.connection())
    .await?;
    Ok(row.is_some())
}

/// Whether the client wrote after `seen` something that nobody at the practice has seen: ending it now would bury
/// it. All times here are the server's; a device's clock has no say in what was seen.
async fn wrote_unseen(write: &mut Write, conversation: &Conversation, seen: Millis) -> Result<bool> {
    let practice = write.practice();
    let row = sqlx::query(
        "SELECT COUNT(*) AS unseen FROM messages WHERE practice_id = $1 AND conversation_id = $2 \
         AND author_kind = 'client' AND received_at > $3 AND received_at > $4",
    )
    .bind(practice.to_string())
    .bind(conversation.id.to_string())
    .bind(conversation.read_by_staff.0)
    .bind(seen.0)
    .fetch_one(write.connection())
    .await?;
    Ok(row.int("unseen")? > 0)
}

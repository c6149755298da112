//! Limpet's own words in a thread: what happened to a conversation, and automatic replies.
//!
//! **Invariant:** nobody has answered with them: a client who waits goes on waiting.

use limpet_model::{Audience, Author, Conversation, Message, MessageId, Millis};

use super::{Result, StoreError, Write, messages, practices, row::Columns};
use crate::automatic::{self, Arrived};

/// The automatic reply to a client's message that arrived just now, if there is one to be given. Nobody has answered
/// with it: the client goes on waiting.
pub(super) async fn reply(
    write: &mut Write,
    conversation: &Conversation,
    language: &str,
    at: Millis,
) -> Result<()> {
    let id = write.practice();
    let practice = practices::find(write.connection(), id).await?.ok_or(StoreError::Missing("practice"))?;
    let row = sqlx::query(
        "SELECT COUNT(CASE WHEN author_kind = 'client' THEN 1 END) AS written, \
         MAX(CASE WHEN automatic = 1 THEN received_at END) AS replied FROM messages \
         WHERE practice_id = $1 AND conversation_id = $2",
    )
    .bind(id.to_string())
    .bind(conversation.id.to_string())
    .fetch_one(write.connection())
    .await?;
    let arrived = Arrived { at, first: row.int("written")? == 1, last: row.maybe_time("replied")?, language };
    match automatic::reply(&practice, arrived) {
        Some(words) => say(write, conversation, &words, true, at, at).await,
        None => Ok(()),
    }
}

/// Limpet's own words in a thread.
pub(super) async fn announce(
    write: &mut Write,
    conversation: &Conversation,
    words: &str,
    sent_at: Millis,
    now: Millis,
) -> Result<()> {
    say(write, conversation, words, false, sent_at, now).await
}

async fn say(
    write: &mut Write,
    conversation: &Conversation,
    words: &str,
    automatic: bool,
    sent_at: Millis,
    now: Millis,
) -> Result<()> {
    let practice = write.practice();
    let received_at = messages::next_moment(write.connection(), practice, conversation.id, now).await?;
    let message = Message {
        id: MessageId::new(),
        conversation: conversation.id,
        author: Author::System,
        audience: Audience::Everyone,
        automatic,
        body: words.into(),
        attachments: Vec::new(),
        sent_at,
        received_at,
        mentions: Vec::new(),
        due_at: None,
        edited_at: None,
        deleted_at: None,
    };
    messages::insert(write, conversation, &message, "").await
}

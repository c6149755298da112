//! Messages and notes.
//!
//! **Invariant:** a message never changes once it is taken. Within a conversation `received_at` only grows, so
//! it orders the thread whatever the clocks do.

use limpet_model::{
    AttachmentId, Audience, Author, Conversation, ConversationId, Message, MessageId, Millis, PracticeId,
};
use limpet_wire::{
    changes::{Change, Entity},
    http::NewMessage,
};
use sha2::{Digest, Sha256};
use sqlx::{AnyConnection, any::AnyRow};

use super::{Result, Store, StoreError, Write, attachments, changes::Span, conversations, row::Columns};
use crate::view::{View, per_view};

pub(super) fn audience_word(audience: Audience) -> &'static str {
    match audience {
        Audience::Everyone => "everyone",
        Audience::Staff => "staff",
    }
}

pub(super) fn read_audience(word: &str) -> Option<Audience> {
    [Audience::Everyone, Audience::Staff].into_iter().find(|audience| audience_word(*audience) == word)
}

pub(super) fn author_words(author: Author) -> (&'static str, Option<String>) {
    match author {
        Author::Staff(id) => ("staff", Some(id.to_string())),
        Author::Client(id) => ("client", Some(id.to_string())),
        Author::System => ("system", None),
    }
}

fn read_author(row: &AnyRow) -> Result<Author> {
    match row.text("author_kind")?.as_str() {
        "staff" => Ok(Author::Staff(row.id("author_id")?)),
        "client" => Ok(Author::Client(row.id("author_id")?)),
        "system" => Ok(Author::System),
        _ => Err(StoreError::Unreadable("author_kind")),
    }
}

fn from_row(row: &AnyRow) -> Result<Message> {
    let attachments = row
        .text("attachment_ids")?
        .split_whitespace()
        .map(|id| id.parse::<AttachmentId>().map_err(|_| StoreError::Unreadable("attachment_ids")))
        .collect::<Result<Vec<_>>>()?;
    Ok(Message {
        id: row.id("id")?,
        conversation: row.id("conversation_id")?,
        author: read_author(row)?,
        audience: row.word("audience", read_audience)?,
        body: row.text("body")?,
        attachments,
        sent_at: row.time("sent_at")?,
        received_at: row.time("received_at")?,
    })
}

/// What was asked for and by whom, as one number to compare repetitions with.
fn content_hash(author: Author, new: &NewMessage) -> Result<String> {
    let json = serde_json::to_vec(&(author, new)).map_err(|_| StoreError::Unreadable("message"))?;
    Ok(hex::encode(Sha256::digest(json)))
}

impl Store {
    /// Takes a message. Repeating it changes nothing.
    ///
    /// # Errors
    /// `Conflict` when the id is another message's or an attachment's id is taken; `Missing` when the view does
    /// not hold the conversation, or a still's clip is not in it.
    pub async fn put_message(
        &self,
        practice: PracticeId,
        view: View,
        author: Author,
        id: MessageId,
        new: &NewMessage,
        now: Millis,
    ) -> Result<()> {
        let hash = content_hash(author, new)?;
        let mut write = self.write(practice).await?;
        if let Some(there) = find_hash(write.connection(), practice, id).await? {
            write.discard().await?;
            return if there == hash {
                Ok(())
            } else {
                Err(StoreError::Conflict("There is already another message with this id."))
            };
        }
        let mut conversation = conversations::find(write.connection(), practice, view, new.conversation)
            .await?
            .ok_or(StoreError::Missing("conversation"))?;
        // A client's message opens an ended conversation first, so that the thread reads in that order.
        let at = next_moment(write.connection(), practice, conversation.id, now).await?;
        conversations::message_arrived(&mut write, &mut conversation, author, new.audience, at).await?;
        let received_at = next_moment(write.connection(), practice, conversation.id, now).await?;
        let message = Message {
            id,
            conversation: conversation.id,
            author,
            audience: new.audience,
            body: new.body.clone(),
            attachments: new.attachments.iter().map(|attachment| attachment.id).collect(),
            sent_at: new.sent_at,
            received_at,
        };
        insert(&mut write, &conversation, &message, &hash).await?;
        for (position, attachment) in (0_i64..).zip(&new.attachments) {
            attachments::announce(&mut write, &conversation, &message, position, attachment).await?;
        }
        write.commit().await.map(drop)
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
    let practice = write.practice();
    let received_at = next_moment(write.connection(), practice, conversation.id, now).await?;
    let message = Message {
        id: MessageId::new(),
        conversation: conversation.id,
        author: Author::System,
        audience: Audience::Everyone,
        body: words.into(),
        attachments: Vec::new(),
        sent_at,
        received_at,
    };
    insert(write, conversation, &message, "").await
}

/// Now, or just after the newest message of the conversation where the clock went back.
async fn next_moment(
    connection: &mut AnyConnection,
    practice: PracticeId,
    conversation: ConversationId,
    now: Millis,
) -> Result<Millis> {
    let newest = newest(connection, practice, View::Staff, conversation).await?;
    Ok(newest.map_or(now, |newest| Millis(newest.0 + 1).max(now)))
}

/// When the newest message of a conversation was taken that this view holds: a client must not learn from it when
/// a note was written.
pub(super) async fn newest(
    connection: &mut AnyConnection,
    practice: PracticeId,
    view: View,
    conversation: ConversationId,
) -> Result<Option<Millis>> {
    let row = sqlx::query(per_view!(view;
        "SELECT MAX(received_at) AS newest FROM messages WHERE practice_id = $1 AND conversation_id = $3 AND ",
        seen(messages)
    ))
    .bind(practice.to_string())
    .bind(view.scope())
    .bind(conversation.to_string())
    .fetch_one(connection)
    .await?;
    row.maybe_time("newest")
}

async fn insert(
    write: &mut Write,
    conversation: &Conversation,
    message: &Message,
    content_hash: &str,
) -> Result<()> {
    let (practice, revision) = (write.practice(), write.revision());
    let (author_kind, author_id) = author_words(message.author);
    let attachment_ids = message.attachments.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    sqlx::query(
        "INSERT INTO messages (practice_id, id, revision, conversation_id, client_id, author_kind, author_id, \
         audience, body, attachment_ids, sent_at, received_at, content_hash) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
    )
    .bind(practice.to_string())
    .bind(message.id.to_string())
    .bind(revision.0)
    .bind(conversation.id.to_string())
    .bind(conversation.client.to_string())
    .bind(author_kind)
    .bind(author_id)
    .bind(audience_word(message.audience))
    .bind(message.body.clone())
    .bind(attachment_ids)
    .bind(message.sent_at.0)
    .bind(message.received_at.0)
    .bind(content_hash.to_owned())
    .execute(write.connection())
    .await?;
    Ok(())
}

async fn find_hash(
    connection: &mut AnyConnection,
    practice: PracticeId,
    id: MessageId,
) -> Result<Option<String>> {
    let row = sqlx::query("SELECT content_hash FROM messages WHERE practice_id = $1 AND id = $2")
        .bind(practice.to_string())
        .bind(id.to_string())
        .fetch_optional(connection)
        .await?;
    row.map(|row| row.text("content_hash")).transpose()
}

pub(super) async fn changed(
    connection: &mut AnyConnection,
    practice: PracticeId,
    view: View,
    span: Span,
) -> Result<Vec<Change>> {
    let sql = per_view!(view;
        "SELECT id, revision, conversation_id, author_kind, author_id, audience, body, attachment_ids, sent_at, \
         received_at FROM messages WHERE practice_id = $1 AND ",
        seen(messages),
        " AND revision > $3 AND revision <= $4 ORDER BY revision, received_at"
    );
    span.changes(connection, sql, practice, view, |row| from_row(row).map(Entity::Message)).await
}

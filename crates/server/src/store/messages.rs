//! Messages and notes.
//!
//! **Invariant:** what a message said is kept for ever: new words, or none when it is taken back, leave the old ones in
//! `earlier_words`. Within a conversation `received_at` only grows, so it orders the thread whatever the clocks do.

use limpet_model::{Audience, Author, Conversation, ConversationId, Message, MessageId, Millis, PracticeId};
use limpet_wire::{
    changes::{Change, Entity},
    http::NewMessage,
    integrations::Event,
};
use serde_json::json;
use sha2::{Digest, Sha256};
use sqlx::{AnyConnection, any::AnyRow};

use super::{
    Flag, Result, Store, StoreError, Write, attachments,
    audit::Act,
    changes::told,
    conversation_changes, conversations,
    jobs::{self, Work},
    merges, own_words, practices, quota,
    row::{Columns, write_ids},
    staff, webhooks,
};
use crate::{
    by::By,
    hours,
    view::{View, per_view},
};

macro_rules! columns {
    () => {
        "id, revision, conversation_id, author_kind, author_id, audience, automatic, body, attachment_ids, sent_at, \
         received_at, mentions, due_at, edited_at, deleted_at"
    };
}

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
    Ok(Message {
        id: row.id("id")?,
        conversation: row.id("conversation_id")?,
        author: read_author(row)?,
        audience: row.word("audience", read_audience)?,
        automatic: row.flag("automatic")?,
        body: row.text("body")?,
        attachments: row.ids("attachment_ids")?,
        sent_at: row.time("sent_at")?,
        received_at: row.time("received_at")?,
        mentions: row.ids("mentions")?,
        due_at: row.maybe_time("due_at")?,
        edited_at: row.maybe_time("edited_at")?,
        deleted_at: row.maybe_time("deleted_at")?,
    })
}

/// What was asked for and by whom, as one number to compare repetitions with.
fn content_hash(author: Author, new: &NewMessage) -> Result<String> {
    let json = serde_json::to_vec(&(author, new)).map_err(|_| StoreError::Unreadable("message"))?;
    Ok(hex::encode(Sha256::digest(json)))
}

impl Store {
    /// Takes a message. Repeating it changes nothing. A client's may get an automatic reply.
    ///
    /// # Errors
    /// `Conflict` when the id is another message's or an attachment's id is taken; `Missing` when the view does
    /// not hold the conversation, or what has the id, or a still's clip is not in the conversation; `TooLarge` when a
    /// file is larger than the practice takes, `OverQuota` when its files are more than it may keep.
    pub async fn put_message(&self, by: By, view: View, id: MessageId, new: &NewMessage) -> Result<()> {
        self.put_message_in("en", by, view, id, new).await
    }

    /// The same, from a device in this language.
    pub async fn put_message_in(
        &self,
        language: &str,
        by: By,
        view: View,
        id: MessageId,
        new: &NewMessage,
    ) -> Result<()> {
        let (practice, author, now) = (by.practice, by.author(), by.at);
        let hash = content_hash(author, new)?;
        let mut write = self.write(by).await?;
        if let Some(there) = find_hash(write.connection(), practice, id).await? {
            // Of what the asker may not see it is not even said that it is there.
            let seen = ONE.find(write.connection(), practice, view, id).await?.is_some();
            write.discard().await?;
            return match (seen, there == hash) {
                (false, _) => Err(StoreError::Missing("message")),
                (true, true) => Ok(()),
                (true, false) => Err(StoreError::Conflict("There is already another message with this id.")),
            };
        }
        let mut conversation = merges::find_now(write.connection(), practice, view, new.conversation)
            .await?
            .ok_or(StoreError::Missing("conversation"))?;
        for called in &new.mentions {
            let member = staff::find(write.connection(), practice, *called).await?;
            if !member.is_some_and(|member| member.active) {
                return Err(StoreError::Missing("staff member"));
            }
        }
        let wanted = if new.when_open { opening(&mut write, now).await? } else { new.due_at };
        let due_at = wanted.filter(|due| *due > now);
        if !new.attachments.is_empty() {
            // Not before: what was taken under another limit is taken when it is repeated.
            let found = practices::find(write.connection(), practice)
                .await?
                .ok_or(StoreError::Missing("practice"))?;
            let limit = found.settings.upload_limit;
            if new.attachments.iter().any(|attachment| attachment.bytes > limit) {
                write.discard().await?;
                return Err(StoreError::TooLarge(limit));
            }
            let bytes = new.attachments.iter().map(|attachment| attachment.bytes);
            quota::check(&mut write, bytes.fold(0, i64::saturating_add)).await?;
        }
        // A client's message opens an ended conversation first, so that the thread reads in that order.
        let at = next_moment(write.connection(), practice, conversation.id, now).await?;
        if let Some(due) = due_at {
            jobs::queue(write.quiet(), practice, Work::Send(id), due, now).await?;
        } else {
            conversation_changes::message_arrived(&mut write, &mut conversation, author, new.audience, at)
                .await?;
        }
        let received_at = next_moment(write.connection(), practice, conversation.id, now).await?;
        let message = Message {
            id,
            conversation: conversation.id,
            author,
            audience: if due_at.is_some() { Audience::Staff } else { new.audience },
            automatic: false,
            body: new.body.clone(),
            attachments: new.attachments.iter().map(|attachment| attachment.id).collect(),
            sent_at: new.sent_at,
            received_at,
            mentions: new.mentions.clone(),
            due_at,
            edited_at: None,
            deleted_at: None,
        };
        insert(&mut write, &conversation, &message, &hash).await?;
        if due_at.is_none() {
            tell_webhooks(&mut write, &message).await?;
        }
        for (position, attachment) in (0_i64..).zip(&new.attachments) {
            attachments::announce(&mut write, view, &conversation, &message, position, attachment).await?;
        }
        let detail = json!({
            "conversation": conversation.id,
            "note": new.audience == Audience::Staff,
            "attachments": message.attachments,
            "content": hash,
            "due_at": due_at,
        });
        write.log(Act::Wrote, id, detail);
        if matches!(author, Author::Client(_)) {
            own_words::reply(&mut write, &conversation, language, received_at).await?;
        }
        write.commit().await.map(drop)
    }
}

impl Store {
    /// A message, if this view holds it.
    pub async fn message(&self, practice: PracticeId, view: View, id: MessageId) -> Result<Option<Message>> {
        find(&mut *self.pool().acquire().await?, practice, view, id).await
    }
}

/// When the practice's chat hours begin, which is now while they last and for a practice that has none ahead.
async fn opening(write: &mut Write, now: Millis) -> Result<Option<Millis>> {
    let id = write.practice();
    let practice = practices::find(write.connection(), id).await?.ok_or(StoreError::Missing("practice"))?;
    Ok(hours::opens_next(&practice.settings.chat_hours, &hours::zone(&practice.time_zone), now))
}

/// Shows a message that was to be sent later to its client, as the newest of its conversation.
pub(super) async fn send_now(write: &mut Write, message: &Message) -> Result<()> {
    let (practice, revision, now) = (write.practice(), write.revision(), write.by().at);
    let found = conversations::find(write.connection(), practice, View::Staff, message.conversation).await?;
    let mut conversation = found.ok_or(StoreError::Missing("conversation"))?;
    let at = next_moment(write.connection(), practice, message.conversation, now).await?;
    let audience = Audience::Everyone;
    conversation_changes::message_arrived(write, &mut conversation, message.author, audience, at).await?;
    sqlx::query(
        "UPDATE messages SET revision = $3, audience = $4, received_at = $5, due_at = NULL \
         WHERE practice_id = $1 AND id = $2",
    )
    .bind(practice.to_string())
    .bind(message.id.to_string())
    .bind(revision.0)
    .bind(audience_word(audience))
    .bind(at.0)
    .execute(write.connection())
    .await?;
    write.seen_by(conversation.client);
    tell_webhooks(write, &Message { audience, ..message.clone() }).await
}

/// Somebody wrote, and it is there to be read.
async fn tell_webhooks(write: &mut Write, message: &Message) -> Result<()> {
    let about = json!({
        "practice": write.practice(), "conversation": message.conversation, "message": message.id,
        "author": message.author, "audience": message.audience,
    });
    webhooks::tell(write, Event::MessageCreated, about).await
}

/// Now, or just after the newest message of the conversation where the clock went back.
pub(super) async fn next_moment(
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

pub(super) async fn insert(
    write: &mut Write,
    conversation: &Conversation,
    message: &Message,
    content_hash: &str,
) -> Result<()> {
    let (practice, revision) = (write.practice(), write.revision());
    let (author_kind, author_id) = author_words(message.author);
    sqlx::query(
        "INSERT INTO messages (practice_id, id, revision, conversation_id, client_id, author_kind, author_id, \
         audience, body, attachment_ids, sent_at, received_at, content_hash, mentions, due_at, automatic) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
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
    .bind(write_ids(&message.attachments))
    .bind(message.sent_at.0)
    .bind(message.received_at.0)
    .bind(content_hash.to_owned())
    .bind(write_ids(&message.mentions))
    .bind(message.due_at.map(|at| at.0))
    .bind(Flag::store(message.automatic))
    .execute(write.connection())
    .await?;
    if message.audience == Audience::Everyone {
        write.seen_by(conversation.client);
    }
    Ok(())
}

/// A message, if this view holds it.
pub(super) async fn find(
    connection: &mut AnyConnection,
    practice: PracticeId,
    view: View,
    id: MessageId,
) -> Result<Option<Message>> {
    Ok(match ONE.find(connection, practice, view, id).await? {
        Some(Change { entity: Entity::Message(message), .. }) => Some(message),
        _ => None,
    })
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

told!(
    messages,
    " FROM messages WHERE practice_id = $1 AND ",
    Entity::Message,
    " ORDER BY revision, received_at"
);

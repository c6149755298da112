//! New words for a message, and taking one back.
//!
//! **Invariant:** what a message said before is only ever added to: it is what the practice and the client went by.

use limpet_model::{Audience, Message, MessageId, Millis, PracticeId};
use limpet_wire::http::EarlierWords;
use serde_json::Value;
use sqlx::any::AnyRow;

use super::{
    Result, Store, StoreError, Write, attachments, audit::Act, conversations, messages, row::Columns,
};
use crate::{by::By, view::View};

impl Store {
    /// Gives a message new words. Repeating it changes nothing.
    ///
    /// # Errors
    /// `Missing` when the view does not hold it or somebody else wrote it; `Conflict` when it was taken back, or
    /// would be empty.
    pub async fn edit_message(&self, by: By, view: View, id: MessageId, body: &str) -> Result<()> {
        let mut write = self.write(by).await?;
        let mut message = own(&mut write, view, id).await?;
        if message.deleted_at.is_some() {
            return Err(StoreError::Conflict("This message was taken back. Write a new one."));
        }
        if body.trim().is_empty() && message.attachments.is_empty() {
            return Err(StoreError::Conflict("The message would be empty. Take it back instead."));
        }
        if message.body == body {
            return write.discard().await;
        }
        if message.due_at.is_none() {
            keep_words(&mut write, &message).await?;
            message.edited_at = Some(by.at);
        }
        body.clone_into(&mut message.body);
        put_words(&mut write, &message).await?;
        write.log(Act::Changed, id, Value::Null);
        write.commit().await.map(drop)
    }

    /// Takes a message back: its words are gone from every device, and what went with it from the client's. `anybodys`
    /// takes back what somebody else wrote. Repeating it changes nothing.
    ///
    /// # Errors
    /// `Missing` when the view does not hold it, or somebody else wrote it.
    pub async fn delete_message(&self, by: By, view: View, id: MessageId, anybodys: bool) -> Result<()> {
        let mut write = self.write(by).await?;
        let mut message = if anybodys {
            let found = messages::find(write.connection(), by.practice, view, id).await?;
            found.ok_or(StoreError::Missing("message"))?
        } else {
            own(&mut write, view, id).await?
        };
        if message.deleted_at.is_some() {
            return write.discard().await;
        }
        keep_words(&mut write, &message).await?;
        message.body.clear();
        message.deleted_at = Some(by.at);
        put_words(&mut write, &message).await?;
        attachments::hide(&mut write, &message).await?;
        write.log(Act::Deleted, id, Value::Null);
        write.commit().await.map(drop)
    }

    /// What a message said before, oldest first.
    pub async fn earlier_words(&self, practice: PracticeId, id: MessageId) -> Result<Vec<EarlierWords>> {
        let rows = sqlx::query(
            "SELECT body, replaced_at FROM earlier_words \
             WHERE practice_id = $1 AND message_id = $2 ORDER BY number",
        )
        .bind(practice.to_string())
        .bind(id.to_string())
        .fetch_all(self.pool())
        .await?;
        let read = |row: &AnyRow| {
            Ok(EarlierWords { body: row.text("body")?, replaced_at: row.time("replaced_at")? })
        };
        rows.iter().map(read).collect()
    }
}

async fn own(write: &mut Write, view: View, id: MessageId) -> Result<Message> {
    let by = write.by();
    let found = messages::find(write.connection(), by.practice, view, id).await?;
    found.filter(|message| message.author == by.author()).ok_or(StoreError::Missing("message"))
}

async fn keep_words(write: &mut Write, message: &Message) -> Result<()> {
    let by = write.by();
    let (actor, actor_id) = by.actor.words();
    sqlx::query(
        "INSERT INTO earlier_words (practice_id, message_id, number, body, actor, actor_id, replaced_at) \
         SELECT $1, $2, COUNT(*) + 1, $3, $4, $5, $6 FROM earlier_words WHERE practice_id = $1 AND message_id = $2",
    )
    .bind(by.practice.to_string())
    .bind(message.id.to_string())
    .bind(message.body.clone())
    .bind(actor)
    .bind(actor_id)
    .bind(by.at.0)
    .execute(write.connection())
    .await?;
    Ok(())
}

async fn put_words(write: &mut Write, message: &Message) -> Result<()> {
    let (practice, revision) = (write.practice(), write.revision());
    let time = |at: Option<Millis>| at.map(|at| at.0);
    sqlx::query(
        "UPDATE messages SET revision = $3, body = $4, edited_at = $5, deleted_at = $6 \
         WHERE practice_id = $1 AND id = $2",
    )
    .bind(practice.to_string())
    .bind(message.id.to_string())
    .bind(revision.0)
    .bind(message.body.clone())
    .bind(time(message.edited_at))
    .bind(time(message.deleted_at))
    .execute(write.connection())
    .await?;
    if message.audience == Audience::Everyone {
        let found =
            conversations::find(write.connection(), practice, View::Staff, message.conversation).await?;
        write.seen_by(found.ok_or(StoreError::Missing("conversation"))?.client);
    }
    Ok(())
}

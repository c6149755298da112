//! Messages and notes, and the words in them.

use limpet_model::{Author, ConversationId, Message, MessageId, Millis, Revision};
use rusqlite::{Connection, OptionalExtension as _, Row, named_params};

use super::Cache;
use crate::{
    CacheError,
    columns::{from_word, id, json, word},
};

pub(super) const CREATE: &str = "
CREATE TABLE message (
    nr           INTEGER PRIMARY KEY,
    id           TEXT    NOT NULL UNIQUE,
    conversation TEXT    NOT NULL,
    author_kind  TEXT    NOT NULL,
    author       TEXT,
    audience     TEXT    NOT NULL,
    body         TEXT    NOT NULL,
    attachments  TEXT    NOT NULL, -- JSON array of ids, in order
    sent_at      INTEGER NOT NULL,
    received_at  INTEGER NOT NULL,
    revision     INTEGER NOT NULL
) STRICT;
CREATE INDEX message_by_conversation ON message (conversation, received_at, id);
CREATE VIRTUAL TABLE message_words USING fts5 (
    body,
    content = 'message', content_rowid = 'nr', tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'
);
CREATE TRIGGER message_added AFTER INSERT ON message BEGIN
    INSERT INTO message_words (rowid, body) VALUES (new.nr, new.body);
END;
CREATE TRIGGER message_gone AFTER DELETE ON message BEGIN
    INSERT INTO message_words (message_words, rowid, body) VALUES ('delete', old.nr, old.body);
END;
CREATE TRIGGER message_changed AFTER UPDATE ON message BEGIN
    INSERT INTO message_words (message_words, rowid, body) VALUES ('delete', old.nr, old.body);
    INSERT INTO message_words (rowid, body) VALUES (new.nr, new.body);
END;";

pub(super) const ADD_EDITS: &str = "
ALTER TABLE message ADD COLUMN mentions   TEXT NOT NULL DEFAULT '[]'; -- JSON array of ids
ALTER TABLE message ADD COLUMN due_at     INTEGER;
ALTER TABLE message ADD COLUMN edited_at  INTEGER;
ALTER TABLE message ADD COLUMN deleted_at INTEGER;
UPDATE message SET revision = 0;";

pub(super) const ADD_AUTOMATIC: &str = "
ALTER TABLE message ADD COLUMN automatic INTEGER NOT NULL DEFAULT 0; -- written by the server by itself
UPDATE message SET revision = 0;";

pub(super) const COLUMNS: &str = "id, conversation, author_kind, author, audience, automatic, body, attachments, \
     sent_at, received_at, mentions, due_at, edited_at, deleted_at";

pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Message> {
    let kind: String = row.get("author_kind")?;
    Ok(Message {
        id: id(row, "id")?,
        conversation: id(row, "conversation")?,
        author: match kind.as_str() {
            "staff" => Author::Staff(id(row, "author")?),
            "client" => Author::Client(id(row, "author")?),
            _ => Author::System,
        },
        audience: from_word(row, "audience")?,
        automatic: row.get("automatic")?,
        body: row.get("body")?,
        attachments: json(row, "attachments")?,
        sent_at: Millis(row.get("sent_at")?),
        received_at: Millis(row.get("received_at")?),
        mentions: json(row, "mentions")?,
        due_at: row.get::<_, Option<i64>>("due_at")?.map(Millis),
        edited_at: row.get::<_, Option<i64>>("edited_at")?.map(Millis),
        deleted_at: row.get::<_, Option<i64>>("deleted_at")?.map(Millis),
    })
}

fn author(author: Author) -> (&'static str, Option<String>) {
    match author {
        Author::Staff(id) => ("staff", Some(id.to_string())),
        Author::Client(id) => ("client", Some(id.to_string())),
        Author::System => ("system", None),
    }
}

pub(super) fn write(conn: &Connection, it: &Message, revision: Revision) -> Result<(), CacheError> {
    let (author_kind, author) = author(it.author);
    conn.execute(
        "INSERT INTO message (id, conversation, author_kind, author, audience, automatic, body, attachments, sent_at,
             received_at, mentions, due_at, edited_at, deleted_at, revision)
         VALUES (:id, :conversation, :author_kind, :author, :audience, :automatic, :body, :attachments, :sent_at,
             :received_at, :mentions, :due_at, :edited_at, :deleted_at, :revision)
         ON CONFLICT (id) DO UPDATE SET conversation = excluded.conversation,
             author_kind = excluded.author_kind, author = excluded.author, audience = excluded.audience,
             automatic = excluded.automatic, body = excluded.body, attachments = excluded.attachments, sent_at = excluded.sent_at,
             received_at = excluded.received_at, mentions = excluded.mentions, due_at = excluded.due_at,
             edited_at = excluded.edited_at,
             deleted_at = excluded.deleted_at, revision = excluded.revision",
        named_params! {
            ":id": it.id.to_string(), ":conversation": it.conversation.to_string(),
            ":author_kind": author_kind, ":author": author, ":audience": word(&it.audience)?,
            ":automatic": it.automatic, ":body": it.body, ":attachments": serde_json::to_string(&it.attachments)?,
            ":sent_at": it.sent_at.0, ":received_at": it.received_at.0,
            ":mentions": serde_json::to_string(&it.mentions)?, ":due_at": it.due_at.map(|at| at.0),
            ":edited_at": it.edited_at.map(|at| at.0), ":deleted_at": it.deleted_at.map(|at| at.0),
            ":revision": revision.0,
        },
    )?;
    Ok(())
}

pub(super) fn lay_over(conn: &Connection, it: &Message) -> Result<(), CacheError> {
    let (author_kind, author) = author(it.author);
    conn.execute(
        "INSERT INTO temp.message_over (id, conversation, author_kind, author, audience, automatic, body, attachments,
             sent_at, received_at, mentions, due_at)
         VALUES (:id, :conversation, :author_kind, :author, :audience, :automatic, :body, :attachments, :sent_at,
             :received_at, :mentions, :due_at)",
        named_params! {
            ":id": it.id.to_string(), ":conversation": it.conversation.to_string(),
            ":author_kind": author_kind, ":author": author, ":audience": word(&it.audience)?,
            ":automatic": it.automatic, ":body": it.body, ":attachments": serde_json::to_string(&it.attachments)?,
            ":sent_at": it.sent_at.0, ":received_at": it.received_at.0,
            ":mentions": serde_json::to_string(&it.mentions)?, ":due_at": it.due_at.map(|at| at.0),
        },
    )?;
    Ok(())
}

impl Cache {
    /// The messages of a conversation in order, those of this device that the feed has not brought yet last.
    pub fn messages(&self, conversation: ConversationId) -> Result<Vec<Message>, CacheError> {
        let conn = self.conn();
        let mut query = conn.prepare(&format!(
            "SELECT {COLUMNS} FROM message_now WHERE conversation = ?1 ORDER BY pending, received_at, id"
        ))?;
        let rows = query.query_map([conversation.to_string()], read)?.collect::<Result<_, _>>()?;
        Ok(rows)
    }

    /// When the server took the newest message of a conversation that the feed has brought; 0 when there is none.
    pub fn newest_received(&self, conversation: ConversationId) -> Result<Millis, CacheError> {
        let newest: Option<i64> = self.conn().query_row(
            "SELECT MAX(received_at) FROM main.message WHERE conversation = ?1",
            [conversation.to_string()],
            |row| row.get(0),
        )?;
        Ok(Millis(newest.unwrap_or_default()))
    }

    /// Whether the feed has brought this message.
    pub fn has_message(&self, message: MessageId) -> Result<bool, CacheError> {
        Ok(self
            .conn()
            .query_row("SELECT 1 FROM main.message WHERE id = ?1", [message.to_string()], |_| Ok(()))
            .optional()?
            .is_some())
    }
}

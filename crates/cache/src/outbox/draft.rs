//! Drafts and staged files: what is being written, kept with every key stroke that was saved.

use limpet_model::{AttachmentId, Audience, ConversationId, MessageId, Micros, Millis, StillOf};
use limpet_wire::{
    desk::{Draft, StagedFile},
    http::{NewAttachment, NewMessage},
};
use rusqlite::{Connection, OptionalExtension as _, Row, named_params};

use super::{Outbox, Work, entry};
use crate::{
    CacheError,
    columns::{from_word, id, maybe_id, word},
};

pub(super) const CREATE: &str = "
CREATE TABLE draft (
    conversation TEXT    NOT NULL PRIMARY KEY,
    audience     TEXT    NOT NULL,
    body         TEXT    NOT NULL,
    changed_at   INTEGER NOT NULL
) STRICT;
CREATE TABLE staged (
    id           TEXT    NOT NULL PRIMARY KEY,
    conversation TEXT    NOT NULL,
    message      TEXT,            -- NULL while it belongs to the draft
    place        INTEGER NOT NULL,
    kind         TEXT    NOT NULL,
    name         TEXT    NOT NULL,
    mime         TEXT    NOT NULL,
    bytes        INTEGER NOT NULL,
    caption      TEXT    NOT NULL,
    captured_at  INTEGER,
    still_clip   TEXT,
    still_frame  INTEGER,
    still_at     INTEGER
) STRICT;
CREATE INDEX staged_by_conversation ON staged (conversation, place);";

const STAGED: &str = "id, kind, name, mime, bytes, caption, captured_at, still_clip, still_frame, still_at";

fn read_staged(row: &Row<'_>) -> rusqlite::Result<(StagedFile, Option<Millis>)> {
    let still_of = match maybe_id(row, "still_clip")? {
        Some(clip) => {
            Some(StillOf { clip, frame: row.get("still_frame")?, at: Micros(row.get("still_at")?) })
        }
        None => None,
    };
    let file = StagedFile {
        id: id(row, "id")?,
        kind: from_word(row, "kind")?,
        name: row.get("name")?,
        mime: row.get("mime")?,
        bytes: row.get("bytes")?,
        caption: row.get("caption")?,
        still_of,
    };
    Ok((file, row.get::<_, Option<i64>>("captured_at")?.map(Millis)))
}

fn staged_of_draft(
    conn: &Connection,
    conversation: ConversationId,
) -> Result<Vec<(StagedFile, Option<Millis>)>, CacheError> {
    let mut query = conn.prepare(&format!(
        "SELECT {STAGED} FROM staged WHERE conversation = ?1 AND message IS NULL ORDER BY place, id"
    ))?;
    let rows = query.query_map([conversation.to_string()], read_staged)?.collect::<Result<_, _>>()?;
    Ok(rows)
}

fn put(
    conn: &Connection,
    conversation: ConversationId,
    audience: Audience,
    body: &str,
    now: Millis,
) -> Result<(), CacheError> {
    conn.execute(
        "INSERT INTO draft (conversation, audience, body, changed_at)
         VALUES (:conversation, :audience, :body, :now)
         ON CONFLICT (conversation) DO UPDATE SET audience = excluded.audience, body = excluded.body,
             changed_at = excluded.changed_at",
        named_params! {
            ":conversation": conversation.to_string(), ":audience": word(&audience)?, ":body": body,
            ":now": now.0,
        },
    )?;
    Ok(())
}

/// Adds words to a draft without losing those it has. A note's words never become a reply's: where the two differ,
/// the draft is a note.
pub(super) fn append(
    conn: &Connection,
    conversation: ConversationId,
    audience: Audience,
    body: &str,
    now: Millis,
) -> Result<(), CacheError> {
    let before: Option<(Audience, String)> = conn
        .query_row(
            "SELECT audience, body FROM draft WHERE conversation = ?1",
            [conversation.to_string()],
            |row| Ok((from_word(row, "audience")?, row.get("body")?)),
        )
        .optional()?;
    match before.filter(|(_, words)| !words.trim().is_empty()) {
        Some((for_whom, words)) => {
            let audience = if for_whom == audience { audience } else { Audience::Staff };
            put(conn, conversation, audience, &format!("{words}\n\n{body}"), now)
        }
        None => put(conn, conversation, audience, body, now),
    }
}

/// Puts a sent file back into the draft.
pub(super) fn take_back(conn: &Connection, file: &str) -> Result<(), CacheError> {
    conn.execute("UPDATE staged SET message = NULL WHERE id = ?1", [file])?;
    Ok(())
}

/// Forgets a file.
pub(super) fn drop_file(conn: &Connection, file: AttachmentId) -> Result<(), CacheError> {
    conn.execute("DELETE FROM staged WHERE id = ?1", [file.to_string()])?;
    Ok(())
}

impl Outbox {
    /// What is being written in a conversation.
    pub fn draft(&self, conversation: ConversationId) -> Result<Draft, CacheError> {
        let conn = self.conn();
        let written = conn
            .query_row(
                "SELECT audience, body FROM draft WHERE conversation = ?1",
                [conversation.to_string()],
                |row| Ok((from_word(row, "audience")?, row.get("body")?)),
            )
            .optional()?;
        let (audience, body) = written.unwrap_or((Audience::Everyone, String::new()));
        let files = staged_of_draft(&conn, conversation)?.into_iter().map(|(file, _)| file).collect();
        Ok(Draft { conversation, audience, body, files })
    }

    /// Keeps what is being written: words, audience, and the order and captions of the files it names.
    pub fn save_draft(&self, draft: &Draft, now: Millis) -> Result<(), CacheError> {
        self.write(|tx| {
            put(tx, draft.conversation, draft.audience, &draft.body, now)?;
            for (place, file) in (0_i64..).zip(&draft.files) {
                tx.execute(
                    "UPDATE staged SET place = ?3, caption = ?4
                     WHERE id = ?1 AND conversation = ?2 AND message IS NULL",
                    (file.id.to_string(), draft.conversation.to_string(), place, &file.caption),
                )?;
            }
            Ok(())
        })
    }

    /// Conversations with words or files that were never sent.
    pub fn drafts(&self) -> Result<Vec<ConversationId>, CacheError> {
        let conn = self.conn();
        let mut query = conn.prepare(
            "SELECT conversation FROM draft WHERE trim(body) <> ''
             UNION SELECT conversation FROM staged WHERE message IS NULL",
        )?;
        let rows = query.query_map([], |row| id(row, "conversation"))?.collect::<Result<_, _>>()?;
        Ok(rows)
    }

    /// Adds a file to a draft. Its bytes are in the media folder already.
    pub fn stage(
        &self,
        conversation: ConversationId,
        file: &StagedFile,
        captured_at: Option<Millis>,
    ) -> Result<(), CacheError> {
        let still = file.still_of.as_ref();
        self.conn().execute(
            "INSERT INTO staged (id, conversation, place, kind, name, mime, bytes, caption, captured_at,
                 still_clip, still_frame, still_at)
             VALUES (:id, :conversation,
                 (SELECT coalesce(max(place), -1) + 1 FROM staged WHERE conversation = :conversation AND message IS NULL),
                 :kind, :name, :mime, :bytes, :caption, :captured_at, :still_clip, :still_frame, :still_at)",
            named_params! {
                ":id": file.id.to_string(), ":conversation": conversation.to_string(),
                ":kind": word(&file.kind)?, ":name": file.name, ":mime": file.mime, ":bytes": file.bytes,
                ":caption": file.caption, ":captured_at": captured_at.map(|at| at.0),
                ":still_clip": still.map(|still| still.clip.to_string()),
                ":still_frame": still.map(|still| still.frame), ":still_at": still.map(|still| still.at.0),
            },
        )?;
        Ok(())
    }

    /// Drops a file from a draft; `false` when it is not in it.
    pub fn unstage(&self, conversation: ConversationId, file: AttachmentId) -> Result<bool, CacheError> {
        Ok(self.conn().execute(
            "DELETE FROM staged WHERE id = ?1 AND conversation = ?2 AND message IS NULL",
            (file.to_string(), conversation.to_string()),
        )? == 1)
    }

    /// Whether the bytes of a file are still needed here.
    pub fn is_staged(&self, file: AttachmentId) -> Result<bool, CacheError> {
        Ok(self
            .conn()
            .query_row("SELECT 1 FROM staged WHERE id = ?1", [file.to_string()], |_| Ok(()))
            .optional()?
            .is_some())
    }

    /// A staged file, sent or not.
    pub fn staged(&self, file: AttachmentId) -> Result<Option<StagedFile>, CacheError> {
        let sql = format!("SELECT {STAGED} FROM staged WHERE id = ?1");
        Ok(self.conn().query_row(&sql, [file.to_string()], read_staged).optional()?.map(|(file, _)| file))
    }

    /// Turns a draft into a message with its uploads, in one transaction: afterwards the draft is empty and the
    /// message is durable.
    pub fn send(&self, draft: &Draft, id: MessageId, now: Millis) -> Result<(), CacheError> {
        self.write(|tx| {
            let there = staged_of_draft(tx, draft.conversation)?;
            let mut attachments = Vec::with_capacity(draft.files.len());
            for wanted in &draft.files {
                let (file, captured_at) = there.iter().find(|(file, _)| file.id == wanted.id).ok_or(
                    CacheError::Conflict("A file of this message is no longer there. Attach it again."),
                )?;
                attachments.push(NewAttachment {
                    id: file.id,
                    kind: file.kind,
                    name: file.name.clone(),
                    mime: file.mime.clone(),
                    bytes: file.bytes,
                    caption: wanted.caption.clone(),
                    captured_at: *captured_at,
                    still_of: file.still_of.clone(),
                });
            }
            let new = NewMessage {
                conversation: draft.conversation,
                audience: draft.audience,
                body: draft.body.clone(),
                sent_at: now,
                attachments,
                mentions: Vec::new(),
                due_at: None,
                when_open: false,
            };
            let uploads: Vec<Work> = new
                .attachments
                .iter()
                .map(|file| Work::Upload {
                    attachment: file.id,
                    message: id,
                    conversation: draft.conversation,
                    bytes: file.bytes,
                })
                .collect();
            entry::add(tx, &Work::Message { id, new }, now)?;
            for (upload, file) in uploads.iter().zip(&draft.files) {
                entry::add(tx, upload, now)?;
                tx.execute(
                    "UPDATE staged SET message = ?2 WHERE id = ?1",
                    (file.id.to_string(), id.to_string()),
                )?;
            }
            tx.execute("DELETE FROM draft WHERE conversation = ?1", [draft.conversation.to_string()])?;
            Ok(())
        })
    }
}

//! Entries: one thing each that the server has to be told, in the order it was done.

use limpet_model::{AttachmentId, Client, ConversationId, ExportId, MessageId, Millis, Patient};
use limpet_wire::{
    Code, Failure,
    http::{ConversationChange, NewConversation, NewExport, NewMessage},
};
use rusqlite::{Connection, OptionalExtension as _, Row, named_params};
use serde::{Deserialize, Serialize};

use super::{Outbox, draft};
use crate::{
    CacheError,
    columns::{from_word, json, word},
};

pub(super) const CREATE: &str = "
CREATE TABLE entry (
    nr          INTEGER PRIMARY KEY AUTOINCREMENT,
    kind        TEXT    NOT NULL,
    about       TEXT    NOT NULL, -- id of the message, attachment, conversation, client or patient
    work        TEXT    NOT NULL, -- JSON of Work: what is sent, word for word
    state       TEXT    NOT NULL CHECK (state IN ('queued', 'sending', 'accepted', 'refused')),
    code        TEXT,             -- of the refusal
    reason      TEXT    NOT NULL, -- of the refusal
    attempts    INTEGER NOT NULL,
    not_before  INTEGER NOT NULL,
    sent        INTEGER NOT NULL, -- bytes of an upload that the server has
    created_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX entry_by_subject ON entry (about, kind);";

/// One thing to tell the server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "of", rename_all = "snake_case")]
pub enum Work {
    /// A client as it is now.
    Client(Client),
    /// A patient as it is now.
    Patient(Patient),
    /// A new conversation.
    Conversation {
        /// Its id.
        id: ConversationId,
        /// The rest.
        new: NewConversation,
    },
    /// A change to a conversation.
    Change {
        /// Which.
        conversation: ConversationId,
        /// What.
        change: ConversationChange,
    },
    /// Everything up to `at` was seen.
    Read {
        /// Of which conversation.
        conversation: ConversationId,
        /// `received_at` of the last message seen.
        at: Millis,
    },
    /// Something left Limpet; told for the practice's audit log.
    Export {
        /// Its id.
        id: ExportId,
        /// The rest.
        new: NewExport,
    },
    /// A message.
    Message {
        /// Its id.
        id: MessageId,
        /// The rest.
        new: NewMessage,
    },
    /// The bytes of an attachment that was announced with its message.
    Upload {
        /// Which attachment.
        attachment: AttachmentId,
        /// The message it goes with.
        message: MessageId,
        /// Where.
        conversation: ConversationId,
        /// Bytes in all.
        bytes: i64,
    },
}

impl Work {
    /// The word for its kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Client(_) => "client",
            Self::Patient(_) => "patient",
            Self::Conversation { .. } => "conversation",
            Self::Change { .. } => "change",
            Self::Read { .. } => "read",
            Self::Export { .. } => "export",
            Self::Message { .. } => "message",
            Self::Upload { .. } => "upload",
        }
    }

    fn about(&self) -> String {
        match self {
            Self::Client(it) => it.id.to_string(),
            Self::Patient(it) => it.id.to_string(),
            Self::Conversation { id, .. } => id.to_string(),
            Self::Change { conversation, .. } | Self::Read { conversation, .. } => conversation.to_string(),
            Self::Export { id, .. } => id.to_string(),
            Self::Message { id, .. } => id.to_string(),
            Self::Upload { attachment, .. } => attachment.to_string(),
        }
    }

    /// The conversation it belongs to, if any.
    pub fn conversation(&self) -> Option<ConversationId> {
        match self {
            Self::Client(_) | Self::Patient(_) => None,
            Self::Conversation { id, .. } => Some(*id),
            Self::Export { new, .. } => Some(new.conversation),
            Self::Message { new, .. } => Some(new.conversation),
            Self::Change { conversation, .. }
            | Self::Read { conversation, .. }
            | Self::Upload { conversation, .. } => Some(*conversation),
        }
    }
}

/// What discarding a message came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discarded {
    /// In which conversation.
    pub conversation: ConversationId,
    /// Files that are no longer needed; their bytes can go.
    pub dropped: Vec<AttachmentId>,
}

/// How far an entry has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryState {
    /// Waiting for its turn.
    Queued,
    /// On its way.
    Sending,
    /// The server has it; the feed has not brought it back yet.
    Accepted,
    /// The server said no.
    Refused(Failure),
}

/// An entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its place: lower numbers were done earlier.
    pub nr: i64,
    /// What to tell the server.
    pub work: Work,
    /// How far it has come.
    pub state: EntryState,
    /// How often it was tried.
    pub attempts: u32,
    /// Not to be tried before.
    pub not_before: Millis,
    /// Bytes of an upload that the server has.
    pub sent: i64,
    /// When it was done.
    pub created_at: Millis,
}

pub(super) const COLUMNS: &str = "nr, work, state, code, reason, attempts, not_before, sent, created_at";

pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let state: String = row.get("state")?;
    Ok(Entry {
        nr: row.get("nr")?,
        work: json(row, "work")?,
        state: match state.as_str() {
            "sending" => EntryState::Sending,
            "accepted" => EntryState::Accepted,
            "refused" => {
                let code = if row.get::<_, Option<String>>("code")?.is_some() {
                    from_word(row, "code")?
                } else {
                    Code::Internal
                };
                EntryState::Refused(Failure { code, message: row.get("reason")? })
            }
            _ => EntryState::Queued,
        },
        attempts: row.get("attempts")?,
        not_before: Millis(row.get("not_before")?),
        sent: row.get("sent")?,
        created_at: Millis(row.get("created_at")?),
    })
}

/// A message and its uploads, those that are still here.
fn of_message(conn: &Connection, message: &str) -> Result<Vec<Entry>, CacheError> {
    let mut query = conn.prepare(&format!(
        "SELECT {COLUMNS} FROM entry WHERE kind = 'message' AND about = ?1
             OR kind = 'upload' AND json_extract(work, '$.of.message') = ?1 ORDER BY nr"
    ))?;
    let rows = query.query_map([message], read)?.collect::<Result<_, _>>()?;
    Ok(rows)
}

pub(super) fn add(conn: &Connection, work: &Work, now: Millis) -> Result<i64, CacheError> {
    conn.execute(
        "INSERT INTO entry (kind, about, work, state, reason, attempts, not_before, sent, created_at)
         VALUES (:kind, :about, :work, 'queued', '', 0, 0, 0, :now)",
        named_params! {
            ":kind": work.kind(), ":about": work.about(), ":work": serde_json::to_string(work)?,
            ":now": now.0,
        },
    )?;
    Ok(conn.last_insert_rowid())
}

impl Outbox {
    /// Queues something. A client, a patient or a read mark that is still waiting (or was refused) is replaced
    /// by its newer state and keeps its place.
    pub fn add(&self, work: &Work, now: Millis) -> Result<i64, CacheError> {
        self.write(|tx| {
            if matches!(work, Work::Client(_) | Work::Patient(_) | Work::Read { .. }) {
                let waiting: Option<i64> = tx
                    .query_row(
                        "SELECT nr FROM entry WHERE kind = ?1 AND about = ?2 AND state IN ('queued', 'refused')",
                        (work.kind(), work.about()),
                        |row| row.get(0),
                    )
                    .optional()?;
                if let Some(nr) = waiting {
                    tx.execute(
                        "UPDATE entry SET work = ?2, state = 'queued', code = NULL, reason = '', attempts = 0,
                             not_before = 0, created_at = ?3 WHERE nr = ?1",
                        (nr, serde_json::to_string(work)?, now.0),
                    )?;
                    return Ok(nr);
                }
            }
            add(tx, work, now)
        })
    }

    /// Every entry, in the order it was done.
    pub fn entries(&self) -> Result<Vec<Entry>, CacheError> {
        let conn = self.conn();
        let mut query = conn.prepare(&format!("SELECT {COLUMNS} FROM entry ORDER BY nr"))?;
        let rows = query.query_map([], read)?.collect::<Result<_, _>>()?;
        Ok(rows)
    }

    /// Takes an entry in hand and answers it as it is at that moment; `None` when it is no longer waiting.
    pub fn start(&self, nr: i64) -> Result<Option<Entry>, CacheError> {
        let sql = format!(
            "UPDATE entry SET state = 'sending', attempts = attempts + 1 WHERE nr = ?1 AND state = 'queued'
             RETURNING {COLUMNS}"
        );
        Ok(self.conn().query_row(&sql, [nr], read).optional()?)
    }

    /// The server has it.
    pub fn accept(&self, nr: i64) -> Result<(), CacheError> {
        self.conn()
            .execute("UPDATE entry SET state = 'accepted', code = NULL, reason = '' WHERE nr = ?1", [nr])?;
        Ok(())
    }

    /// The server said no.
    pub fn refuse(&self, nr: i64, failure: &Failure) -> Result<(), CacheError> {
        self.conn().execute(
            "UPDATE entry SET state = 'refused', code = ?2, reason = ?3 WHERE nr = ?1",
            (nr, word(&failure.code)?, &failure.message),
        )?;
        Ok(())
    }

    /// It did not work out; try again at `not_before`.
    pub fn wait(&self, nr: i64, not_before: Millis) -> Result<(), CacheError> {
        self.conn().execute(
            "UPDATE entry SET state = 'queued', not_before = ?2 WHERE nr = ?1 AND state = 'sending'",
            (nr, not_before.0),
        )?;
        Ok(())
    }

    /// What waits for its time may go now: the server is back.
    pub fn hurry(&self) -> Result<(), CacheError> {
        self.conn()
            .execute("UPDATE entry SET not_before = 0 WHERE state = 'queued' AND not_before > 0", [])?;
        Ok(())
    }

    /// Queues what is marked as being sent and is in nobody's hand: its sender ended, or could not note what came
    /// of it. The server takes a repetition for what it is.
    pub fn requeue(&self, in_hand: &[i64]) -> Result<(), CacheError> {
        self.conn().execute(
            "UPDATE entry SET state = 'queued' WHERE state = 'sending' AND nr NOT IN (SELECT value FROM json_each(?1))",
            [serde_json::to_string(in_hand)?],
        )?;
        Ok(())
    }

    /// Notes how many bytes of an upload the server has.
    pub fn sent(&self, nr: i64, bytes: i64) -> Result<(), CacheError> {
        self.conn().execute("UPDATE entry SET sent = ?2 WHERE nr = ?1", (nr, bytes))?;
        Ok(())
    }

    /// Numbers of the entries that the server has; to be [settled](Self::settle) once the feed caught up.
    pub fn accepted(&self) -> Result<Vec<i64>, CacheError> {
        let conn = self.conn();
        let mut query = conn.prepare("SELECT nr FROM entry WHERE state = 'accepted' ORDER BY nr")?;
        let rows = query.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        Ok(rows)
    }

    /// Queues what the server had accepted once more: it has been set back and may have forgotten.
    pub fn repeat_accepted(&self) -> Result<(), CacheError> {
        self.conn()
            .execute("UPDATE entry SET state = 'queued', not_before = 0 WHERE state = 'accepted'", [])?;
        Ok(())
    }

    /// The feed has brought what these entries did: they are done.
    pub fn settle(&self, entries: &[i64]) -> Result<(), CacheError> {
        self.write(|tx| {
            for nr in entries {
                // A message's staged files are settled with their own uploads.
                tx.execute(
                    "DELETE FROM staged WHERE id IN (SELECT about FROM entry
                         WHERE nr = ?1 AND kind = 'upload' AND state = 'accepted')",
                    [nr],
                )?;
                tx.execute("DELETE FROM entry WHERE nr = ?1 AND state = 'accepted'", [nr])?;
            }
            Ok(())
        })
    }

    /// How many things a person did are not at the server yet. That something was read does not count.
    pub fn unsent(&self) -> Result<u32, CacheError> {
        Ok(self.conn().query_row(
            "SELECT count(*) FROM entry WHERE state <> 'accepted' AND kind NOT IN ('read', 'upload')
                 OR state <> 'accepted' AND kind = 'upload'
                     AND NOT EXISTS (SELECT 1 FROM entry m WHERE m.kind = 'message' AND m.state <> 'accepted'
                                     AND m.about = json_extract(entry.work, '$.of.message'))",
            [],
            |row| row.get(0),
        )?)
    }

    /// Queues a refused message and its uploads again.
    pub fn retry_message(&self, message: MessageId) -> Result<(), CacheError> {
        let changed = self.conn().execute(
            "UPDATE entry SET state = 'queued', code = NULL, reason = '', attempts = 0, not_before = 0
             WHERE state IN ('refused', 'queued') AND (kind = 'message' AND about = ?1
                 OR kind = 'upload' AND json_extract(work, '$.of.message') = ?1)",
            [message.to_string()],
        )?;
        if changed == 0 { Err(CacheError::NotFound) } else { Ok(()) }
    }

    /// Drops a refused message; its words and files become the draft of its conversation again, after what the
    /// draft already says. When only files were refused, the words have arrived: the refused files are dropped, for
    /// the server knows their ids as that message's; the others stay on their way.
    pub fn discard_message(&self, message: MessageId, now: Millis) -> Result<Discarded, CacheError> {
        self.write(|tx| {
            let mut dropped = Vec::new();
            let id = message.to_string();
            let about = of_message(tx, &id)?;
            let conversation = about.iter().find_map(|entry| entry.work.conversation());
            let conversation = conversation.ok_or(CacheError::NotFound)?;
            if !about.iter().any(|entry| matches!(entry.state, EntryState::Refused(_))) {
                return Err(CacheError::Conflict("This message is not refused, so it stays on its way."));
            }
            let arrived = !about.iter().any(|entry| {
                matches!(entry.work, Work::Message { .. }) && entry.state != EntryState::Accepted
            });
            for entry in about {
                match (&entry.work, &entry.state) {
                    // Its words are at the server; the feed brings them.
                    (Work::Message { .. }, EntryState::Accepted) => continue,
                    (Work::Message { new, .. }, _) => {
                        draft::append(tx, new.conversation, new.audience, &new.body, now)?;
                    }
                    (_, EntryState::Accepted) => continue,
                    (Work::Upload { .. }, state) if arrived && !matches!(state, EntryState::Refused(_)) => {
                        continue;
                    }
                    (Work::Upload { attachment, .. }, _) if arrived => {
                        draft::drop_file(tx, *attachment)?;
                        dropped.push(*attachment);
                    }
                    (work, _) => draft::take_back(tx, &work.about())?,
                }
                tx.execute("DELETE FROM entry WHERE nr = ?1", [entry.nr])?;
            }
            Ok(Discarded { conversation, dropped })
        })
    }
}

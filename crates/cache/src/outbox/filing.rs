//! Filings: transcripts on their way into the practice management system.
//!
//! The PDF is made once, kept as a media file, and the same bytes are offered until the target has them: a
//! target that compares names and contents then recognises a repetition.

use limpet_model::{ConversationId, Filing, FilingId, FilingState, Millis};
use rusqlite::{Connection, OptionalExtension as _, Row, named_params};

use super::{Outbox, Work, entry};
use crate::{CacheError, columns::id};

pub(super) const CREATE: &str = "
CREATE TABLE filing (
    id            TEXT    NOT NULL PRIMARY KEY,
    conversation  TEXT    NOT NULL,
    include_notes INTEGER NOT NULL,
    target        TEXT    NOT NULL,
    requested_at  INTEGER NOT NULL,
    state         TEXT    NOT NULL CHECK (state IN ('queued', 'filed', 'refused')),
    words         TEXT    NOT NULL, -- what it waits for, where it is, or why it was refused
    filed_at      INTEGER,
    sha256        TEXT,
    attempts      INTEGER NOT NULL,
    not_before    INTEGER NOT NULL
) STRICT;
CREATE INDEX filing_by_conversation ON filing (conversation, requested_at);";

/// A filing with what only the queue needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilingEntry {
    /// What a person sees.
    pub filing: Filing,
    /// Whether the transcript contains notes.
    pub include_notes: bool,
    /// How often it was tried.
    pub attempts: u32,
    /// Not to be tried before.
    pub not_before: Millis,
}

const COLUMNS: &str = "id, conversation, include_notes, target, requested_at, state, words, filed_at, sha256, \
     attempts, not_before";

fn read(row: &Row<'_>) -> rusqlite::Result<FilingEntry> {
    let (state, words): (String, String) = (row.get("state")?, row.get("words")?);
    Ok(FilingEntry {
        filing: Filing {
            id: id(row, "id")?,
            conversation: id(row, "conversation")?,
            target: row.get("target")?,
            requested_at: Millis(row.get("requested_at")?),
            state: match state.as_str() {
                "filed" => FilingState::Filed {
                    at: Millis(row.get::<_, Option<i64>>("filed_at")?.unwrap_or_default()),
                    place: words,
                    sha256: row.get::<_, Option<String>>("sha256")?.unwrap_or_default(),
                },
                "refused" => FilingState::Refused { reason: words },
                _ => FilingState::Queued { waiting_for: words },
            },
        },
        include_notes: row.get("include_notes")?,
        attempts: row.get("attempts")?,
        not_before: Millis(row.get("not_before")?),
    })
}

fn add(conn: &Connection, filing: &FilingEntry) -> Result<(), CacheError> {
    conn.execute(
        "INSERT INTO filing (id, conversation, include_notes, target, requested_at, state, words, attempts,
                 not_before)
             VALUES (:id, :conversation, :include_notes, :target, :requested_at, 'queued', '', 0, 0)",
        named_params! {
            ":id": filing.filing.id.to_string(), ":conversation": filing.filing.conversation.to_string(),
            ":include_notes": filing.include_notes, ":target": filing.filing.target,
            ":requested_at": filing.filing.requested_at.0,
        },
    )?;
    Ok(())
}

impl Outbox {
    /// Queues a filing.
    pub fn add_filing(&self, filing: &FilingEntry) -> Result<(), CacheError> {
        add(&self.conn(), filing)
    }

    /// Queues the end of a conversation and the filing of its transcript: both or neither.
    pub fn add_with_filing(&self, work: &Work, filing: &FilingEntry, now: Millis) -> Result<(), CacheError> {
        self.write(|tx| {
            entry::add(tx, work, now)?;
            add(tx, filing)
        })
    }

    /// Filings of a conversation, latest first.
    pub fn filings(&self, conversation: ConversationId) -> Result<Vec<Filing>, CacheError> {
        let conn = self.conn();
        let mut query = conn.prepare(&format!(
            "SELECT {COLUMNS} FROM filing WHERE conversation = ?1 ORDER BY requested_at DESC, id DESC"
        ))?;
        let rows = query
            .query_map([conversation.to_string()], read)?
            .map(|row| row.map(|row| row.filing))
            .collect::<Result<_, _>>()?;
        Ok(rows)
    }

    /// Filings that wait, oldest first.
    pub fn filings_waiting(&self) -> Result<Vec<FilingEntry>, CacheError> {
        let conn = self.conn();
        let mut query = conn.prepare(&format!(
            "SELECT {COLUMNS} FROM filing WHERE state = 'queued' ORDER BY requested_at, id"
        ))?;
        let rows = query.query_map([], read)?.collect::<Result<_, _>>()?;
        Ok(rows)
    }

    /// How many transcripts are not filed: those that wait and those that were refused.
    pub fn filings_open(&self) -> Result<usize, CacheError> {
        let open: i64 =
            self.conn()
                .query_row("SELECT count(*) FROM filing WHERE state <> 'filed'", [], |row| row.get(0))?;
        Ok(usize::try_from(open).unwrap_or(usize::MAX))
    }

    /// One filing.
    pub fn filing(&self, filing: FilingId) -> Result<Option<FilingEntry>, CacheError> {
        let sql = format!("SELECT {COLUMNS} FROM filing WHERE id = ?1");
        Ok(self.conn().query_row(&sql, [filing.to_string()], read).optional()?)
    }

    /// Notes the outcome of an attempt at `target`. A filing that still waits is tried again at `not_before`.
    pub fn filing_came_to(
        &self,
        filing: FilingId,
        target: &str,
        state: &FilingState,
        not_before: Millis,
    ) -> Result<(), CacheError> {
        let (word, words, filed_at, sha256) = match state {
            FilingState::Queued { waiting_for } => ("queued", waiting_for, None, None),
            FilingState::Filed { at, place, sha256 } => ("filed", place, Some(at.0), Some(sha256)),
            FilingState::Refused { reason } => ("refused", reason, None, None),
        };
        self.conn().execute(
            "UPDATE filing SET target = :target, state = :state, words = :words, filed_at = :filed_at, sha256 = :sha256,
                 attempts = attempts + 1, not_before = :not_before WHERE id = :id",
            named_params! {
                ":id": filing.to_string(), ":target": target, ":state": word, ":words": words, ":filed_at": filed_at,
                ":sha256": sha256, ":not_before": not_before.0,
            },
        )?;
        Ok(())
    }

    /// Puts a waiting or refused filing in front of now.
    pub fn retry_filing(&self, filing: FilingId) -> Result<(), CacheError> {
        let changed = self.conn().execute(
            "UPDATE filing SET state = 'queued', words = '', attempts = 0, not_before = 0
             WHERE id = ?1 AND state <> 'filed'",
            [filing.to_string()],
        )?;
        if changed == 0 { Err(CacheError::NotFound) } else { Ok(()) }
    }

    /// Drops a filing that is not filed; answers of which conversation.
    pub fn discard_filing(&self, filing: FilingId) -> Result<ConversationId, CacheError> {
        self.write(|tx| {
            let sql = "DELETE FROM filing WHERE id = ?1 AND state <> 'filed' RETURNING conversation";
            let dropped =
                tx.query_row(sql, [filing.to_string()], |row| id(row, "conversation")).optional()?;
            dropped.ok_or(CacheError::NotFound)
        })
    }
}

//! Conversations.

use limpet_model::{Conversation, ConversationId, Ending, Millis, Revision, Snooze};
use rusqlite::{Connection, OptionalExtension as _, Row, ToSql, named_params};

use super::Cache;
use crate::{
    CacheError,
    columns::{from_word, id, json, maybe_id, text, word},
};

pub(super) const CREATE: &str = "
CREATE TABLE conversation (
    nr             INTEGER PRIMARY KEY,
    id             TEXT    NOT NULL UNIQUE,
    client         TEXT    NOT NULL,
    patient        TEXT    NOT NULL,
    subject        TEXT    NOT NULL,
    state          TEXT    NOT NULL,
    urgent         INTEGER NOT NULL,
    assignee       TEXT,
    opened_at      INTEGER NOT NULL,
    waiting_since  INTEGER,
    read_by_staff  INTEGER NOT NULL,
    read_by_client INTEGER NOT NULL,
    ended_at       INTEGER,
    ended_by       TEXT,
    summary        TEXT    NOT NULL,
    plan           TEXT    NOT NULL,
    revision       INTEGER NOT NULL
) STRICT;
CREATE INDEX conversation_by_state ON conversation (state, ended_at);
CREATE VIRTUAL TABLE conversation_words USING fts5 (
    subject,
    content = 'conversation', content_rowid = 'nr', tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'
);
CREATE TRIGGER conversation_added AFTER INSERT ON conversation BEGIN
    INSERT INTO conversation_words (rowid, subject) VALUES (new.nr, new.subject);
END;
CREATE TRIGGER conversation_gone AFTER DELETE ON conversation BEGIN
    INSERT INTO conversation_words (conversation_words, rowid, subject) VALUES ('delete', old.nr, old.subject);
END;
CREATE TRIGGER conversation_changed AFTER UPDATE ON conversation BEGIN
    INSERT INTO conversation_words (conversation_words, rowid, subject) VALUES ('delete', old.nr, old.subject);
    INSERT INTO conversation_words (rowid, subject) VALUES (new.nr, new.subject);
END;";

pub(super) const ADD_SNOOZE: &str = "
ALTER TABLE conversation ADD COLUMN snoozed       INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversation ADD COLUMN snoozed_until INTEGER;
ALTER TABLE conversation ADD COLUMN escalated_at  INTEGER;
ALTER TABLE conversation ADD COLUMN delivered     INTEGER NOT NULL DEFAULT 0; -- to the client, up to this time
UPDATE conversation SET revision = 0;";

pub(super) const ADD_SORTING: &str = "
ALTER TABLE conversation ADD COLUMN department TEXT;
ALTER TABLE conversation ADD COLUMN tags TEXT NOT NULL DEFAULT '[]'; -- JSON array of ids, in order
UPDATE conversation SET revision = 0;";

pub(super) const COLUMNS: &str = "id, client, patient, subject, state, urgent, assignee, department, tags, \
     opened_at, waiting_since, escalated_at, snoozed, snoozed_until, read_by_staff, delivered, read_by_client, \
     ended_at, ended_by, summary, plan";

pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Conversation> {
    let ended = row.get::<_, Option<i64>>("ended_at")?.zip(maybe_id(row, "ended_by")?);
    Ok(Conversation {
        id: id(row, "id")?,
        client: id(row, "client")?,
        patient: id(row, "patient")?,
        subject: row.get("subject")?,
        state: from_word(row, "state")?,
        urgent: row.get("urgent")?,
        assignee: maybe_id(row, "assignee")?,
        department: maybe_id(row, "department")?,
        tags: json(row, "tags")?,
        opened_at: Millis(row.get("opened_at")?),
        waiting_since: row.get::<_, Option<i64>>("waiting_since")?.map(Millis),
        escalated_at: row.get::<_, Option<i64>>("escalated_at")?.map(Millis),
        snooze: snooze(row)?,
        read_by_staff: Millis(row.get("read_by_staff")?),
        delivered_to_client: Millis(row.get("delivered")?),
        read_by_client: Millis(row.get("read_by_client")?),
        ending: match ended {
            Some((at, by)) => {
                Some(Ending { at: Millis(at), by, summary: row.get("summary")?, plan: row.get("plan")? })
            }
            None => None,
        },
    })
}

fn snooze(row: &Row<'_>) -> rusqlite::Result<Option<Snooze>> {
    let until: Option<i64> = row.get("snoozed_until")?;
    Ok(row.get::<_, bool>("snoozed")?.then_some(Snooze { until: until.map(Millis) }))
}

/// The values of [`COLUMNS`] go to `table`; with a revision, they replace an older row.
fn store(
    conn: &Connection,
    table: &str,
    it: &Conversation,
    revision: Option<Revision>,
) -> Result<(), CacheError> {
    let ending = it.ending.as_ref();
    let (more, value, replace) = match revision {
        Some(_) => (", revision", ", :revision", REPLACE),
        None => ("", "", ""),
    };
    let mut values: Vec<(&str, &dyn ToSql)> = Vec::new();
    let (id, client, patient) = (it.id.to_string(), it.client.to_string(), it.patient.to_string());
    let (state, assignee) = (word(&it.state)?, text(it.assignee));
    let (department, tags) = (text(it.department), serde_json::to_string(&it.tags)?);
    let (waiting, ended_at) = (it.waiting_since.map(|at| at.0), ending.map(|ending| ending.at.0));
    let escalated_at = it.escalated_at.map(|at| at.0);
    let (snoozed, snoozed_until) =
        (it.snooze.is_some(), it.snooze.and_then(|snooze| snooze.until).map(|at| at.0));
    let ended_by = ending.map(|ending| ending.by.to_string());
    let summary = ending.map_or("", |ending| ending.summary.as_str());
    let plan = ending.map_or("", |ending| ending.plan.as_str());
    values.extend_from_slice(named_params! {
        ":id": id, ":client": client, ":patient": patient, ":subject": it.subject, ":state": state,
        ":urgent": it.urgent, ":assignee": assignee, ":department": department, ":tags": tags,
        ":opened_at": it.opened_at.0, ":waiting_since": waiting,
        ":escalated_at": escalated_at, ":snoozed": snoozed, ":snoozed_until": snoozed_until,
        ":read_by_staff": it.read_by_staff.0, ":delivered": it.delivered_to_client.0, ":read_by_client": it.read_by_client.0, ":ended_at": ended_at,
        ":ended_by": ended_by, ":summary": summary, ":plan": plan,
    });
    let revision = revision.map(|revision| revision.0);
    if revision.is_some() {
        values.push((":revision", &revision));
    }
    conn.execute(
        &format!(
            "INSERT INTO {table} ({COLUMNS}{more}) VALUES (:id, :client, :patient, :subject, :state, :urgent,
                 :assignee, :department, :tags, :opened_at, :waiting_since, :escalated_at, :snoozed, :snoozed_until,
                 :read_by_staff, :delivered, :read_by_client, :ended_at, :ended_by,
                 :summary, :plan{value}) {replace}"
        ),
        values.as_slice(),
    )?;
    Ok(())
}

const REPLACE: &str = "ON CONFLICT (id) DO UPDATE SET client = excluded.client, patient = excluded.patient,
     subject = excluded.subject, state = excluded.state, urgent = excluded.urgent,
     assignee = excluded.assignee, department = excluded.department, tags = excluded.tags,
     opened_at = excluded.opened_at, waiting_since = excluded.waiting_since,
     escalated_at = excluded.escalated_at, snoozed = excluded.snoozed, snoozed_until = excluded.snoozed_until,
     read_by_staff = excluded.read_by_staff, delivered = excluded.delivered, read_by_client = excluded.read_by_client,
     ended_at = excluded.ended_at, ended_by = excluded.ended_by, summary = excluded.summary,
     plan = excluded.plan, revision = excluded.revision";

pub(super) fn write(conn: &Connection, it: &Conversation, revision: Revision) -> Result<(), CacheError> {
    store(conn, "conversation", it, Some(revision))
}

pub(super) fn lay_over(conn: &Connection, it: &Conversation) -> Result<(), CacheError> {
    store(conn, "temp.conversation_over", it, None)
}

impl Cache {
    /// A conversation as this device sees it, pending changes included.
    pub fn conversation(&self, conversation: ConversationId) -> Result<Option<Conversation>, CacheError> {
        let sql = format!("SELECT {COLUMNS} FROM conversation_now WHERE id = ?1");
        Ok(self.conn().query_row(&sql, [conversation.to_string()], read).optional()?)
    }

    /// A conversation as the server last told it; what overlays are computed from.
    pub fn conversation_at_server(
        &self,
        conversation: ConversationId,
    ) -> Result<Option<Conversation>, CacheError> {
        let sql = format!("SELECT {COLUMNS} FROM main.conversation WHERE id = ?1");
        Ok(self.conn().query_row(&sql, [conversation.to_string()], read).optional()?)
    }
}

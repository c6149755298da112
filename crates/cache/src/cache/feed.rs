//! The change feed into the tables: which row gives way to which, and how far the feed was followed.
//!
//! **Invariant:** an entity is replaced only by a higher revision, a tombstone included, so pages may be
//! repeated and may overlap. **Invariant:** a page and the position after it are one transaction.

use std::collections::BTreeSet;

use limpet_model::{ConversationId, Revision};
use limpet_wire::changes::{ChangePage, Entity};
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior};

use super::{Cache, attachment, client, conversation, message, patient, practice, staff};
use crate::CacheError;

pub(super) const CREATE: &str = "
CREATE TABLE feed (
    one      INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    position INTEGER NOT NULL,
    closed   INTEGER NOT NULL -- 0 while a program has the file open
) STRICT;
INSERT INTO feed (one, position, closed) VALUES (1, 0, 1);
CREATE TABLE tombstone (
    kind     TEXT    NOT NULL,
    id       TEXT    NOT NULL,
    revision INTEGER NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;";

/// What a page changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Conversations of which something changed.
    pub conversations: BTreeSet<ConversationId>,
    /// Whether anything changed at all.
    pub changed: bool,
}

pub(super) fn position(conn: &Connection) -> Result<Revision, CacheError> {
    Ok(Revision(conn.query_row("SELECT position FROM feed", [], |row| row.get(0))?))
}

impl Cache {
    /// Applies a page that was asked for with `since`. The position moves only when nothing lies between.
    pub fn apply(&self, since: Revision, page: &ChangePage) -> Result<Applied, CacheError> {
        let mut conn = self.conn();
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut applied = Applied::default();
        for change in &page.changes {
            apply_one(&tx, &change.entity, change.revision, &mut applied)?;
        }
        let position = position(&tx)?;
        if since <= position && page.revision > position {
            tx.execute("UPDATE feed SET position = ?1", [page.revision.0])?;
        }
        tx.commit()?;
        Ok(applied)
    }
}

/// The table an entity lives in, by the word that tombstones use.
fn table(of: &str) -> Option<&'static str> {
    Some(match of {
        "practice" => "practice",
        "staff_member" => "staff",
        "client" => "client",
        "patient" => "patient",
        "conversation" => "conversation",
        "message" => "message",
        "attachment" => "attachment",
        _ => return None,
    })
}

fn apply_one(
    conn: &Connection,
    entity: &Entity,
    revision: Revision,
    applied: &mut Applied,
) -> Result<(), CacheError> {
    let (of, id) = match entity {
        Entity::Practice(it) => ("practice", it.id.to_string()),
        Entity::StaffMember(it) => ("staff_member", it.id.to_string()),
        Entity::Client(it) => ("client", it.id.to_string()),
        Entity::Patient(it) => ("patient", it.id.to_string()),
        Entity::Conversation(it) => ("conversation", it.id.to_string()),
        Entity::Message(it) => ("message", it.id.to_string()),
        Entity::Attachment(it) => ("attachment", it.id.to_string()),
        Entity::Tombstone(it) => (it.of.as_str(), it.id.clone()),
    };
    let Some(table) = table(of) else {
        tracing::warn!(of, "The feed brought something this version does not know");
        return Ok(());
    };
    if known(conn, table, of, &id)?.is_some_and(|known| known >= revision) {
        return Ok(());
    }
    applied.changed = true;
    match entity {
        Entity::Practice(it) => practice::write(conn, it, revision)?,
        Entity::StaffMember(it) => staff::write(conn, it, revision)?,
        Entity::Client(it) => client::write(conn, it, revision)?,
        Entity::Patient(it) => patient::write(conn, it, revision)?,
        Entity::Conversation(it) => {
            applied.conversations.insert(it.id);
            conversation::write(conn, it, revision)?;
        }
        Entity::Message(it) => {
            applied.conversations.insert(it.conversation);
            message::write(conn, it, revision)?;
        }
        Entity::Attachment(it) => {
            applied.conversations.insert(it.conversation);
            attachment::write(conn, it, revision)?;
        }
        Entity::Tombstone(_) => {
            applied.conversations.extend(conversation_of(conn, table, &id)?);
            conn.execute(&format!("DELETE FROM {table} WHERE id = ?1"), [&id])?;
            conn.execute(
                "INSERT OR REPLACE INTO tombstone (kind, id, revision) VALUES (?1, ?2, ?3)",
                (of, &id, revision.0),
            )?;
        }
    }
    Ok(())
}

/// The highest revision this cache has of a thing, gone or not.
fn known(conn: &Connection, table: &str, of: &str, id: &str) -> Result<Option<Revision>, CacheError> {
    let highest: Option<i64> = conn.query_row(
        &format!(
            "SELECT max(revision) FROM (SELECT revision FROM {table} WHERE id = ?2
             UNION ALL SELECT revision FROM tombstone WHERE kind = ?1 AND id = ?2)"
        ),
        (of, id),
        |row| row.get(0),
    )?;
    Ok(highest.map(Revision))
}

fn conversation_of(conn: &Connection, table: &str, id: &str) -> Result<Option<ConversationId>, CacheError> {
    let column = match table {
        "conversation" => "id",
        "message" | "attachment" => "conversation",
        _ => return Ok(None),
    };
    let text: Option<String> = conn
        .query_row(&format!("SELECT {column} FROM {table} WHERE id = ?1"), [id], |row| row.get(0))
        .optional()?;
    Ok(text.and_then(|text| text.parse().ok()))
}

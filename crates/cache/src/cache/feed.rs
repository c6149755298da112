//! The change feed into the tables: which row gives way to which, and how far the feed was followed.
//!
//! **Invariant:** an entity is replaced only by a higher revision, a tombstone included, so pages may be
//! repeated and may overlap. **Invariant:** a page and the position after it are one transaction. **Invariant:** what
//! this version could not read is asked for again by the next one.

use std::collections::BTreeSet;

use limpet_model::{ConversationId, Revision};
use limpet_wire::changes::{ChangePage, Entity};
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior};

use super::{Cache, attachment, client, conversation, lists, message, patient, practice, staff};
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

pub(super) const ADD_UNREAD: &str = "
ALTER TABLE feed ADD COLUMN unread INTEGER; -- first revision of which something could not be read
ALTER TABLE feed ADD COLUMN unread_by TEXT; -- by which version of the program";

pub(super) const ADD_EPOCH: &str = "
ALTER TABLE feed ADD COLUMN epoch TEXT NOT NULL DEFAULT ''; -- the server's past that the position counts in";

/// After a step that has room for more of things that the cache has already: they are asked for again. Their rows have
/// to be at revision 0, so that what comes replaces them. A cache of before there were epochs says one that no server
/// has: it is not empty, so it starts over rather than begins.
pub(super) const FROM_THE_START: &str =
    "UPDATE feed SET epoch = '-' WHERE epoch = '' AND position > 0; UPDATE feed SET position = 0;";

/// This version of the program, as it is kept.
const VERSION: &str = env!("CARGO_PKG_VERSION");

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

/// Goes back to before what another version of the program could not read.
pub(super) fn read_again(conn: &Connection) -> Result<(), CacheError> {
    conn.execute(
        "UPDATE feed SET position = min(position, unread - 1), unread = NULL, unread_by = NULL \
         WHERE unread_by <> ?1",
        [VERSION],
    )?;
    Ok(())
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
        if !page.epoch.is_empty() {
            tx.execute("UPDATE feed SET epoch = ?1", [&page.epoch])?;
        }
        tx.commit()?;
        Ok(applied)
    }

    /// The server's past that the position counts in, if it has told.
    pub fn epoch(&self) -> Result<Option<String>, CacheError> {
        let epoch: String = self.conn().query_row("SELECT epoch FROM feed", [], |row| row.get(0))?;
        Ok(Some(epoch).filter(|epoch| !epoch.is_empty()))
    }
}

/// The table an entity lives in, by the word that tombstones use.
fn table(of: &str) -> Option<&'static str> {
    Some(match of {
        "practice" => "practice",
        "staff_member" => "staff",
        "department" => "department",
        "tag" => "tag",
        "template" => "template",
        "consent" => "consent",
        "hold" => "hold",
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
        Entity::Unread => return leave(conn, revision),
        Entity::Practice(it) => ("practice", it.id.to_string()),
        Entity::StaffMember(it) => ("staff_member", it.id.to_string()),
        Entity::Department(it) => ("department", it.id.to_string()),
        Entity::Tag(it) => ("tag", it.id.to_string()),
        Entity::Template(it) => ("template", it.id.to_string()),
        Entity::Consent(it) => ("consent", it.id.to_string()),
        Entity::Hold(it) => ("hold", it.id.to_string()),
        Entity::Client(it) => ("client", it.id.to_string()),
        Entity::Patient(it) => ("patient", it.id.to_string()),
        Entity::Conversation(it) => ("conversation", it.id.to_string()),
        Entity::Message(it) => ("message", it.id.to_string()),
        Entity::Attachment(it) => ("attachment", it.id.to_string()),
        Entity::Tombstone(it) => (it.of.as_str(), it.id.clone()),
    };
    let Some(table) = table(of) else {
        return leave(conn, revision);
    };
    if known(conn, table, of, &id)?.is_some_and(|known| known >= revision) {
        return Ok(());
    }
    if went_with(conn, entity, revision)? {
        return Ok(());
    }
    applied.changed = true;
    match entity {
        Entity::Unread => {}
        Entity::Practice(it) => practice::write(conn, it, revision)?,
        Entity::StaffMember(it) => staff::write(conn, it, revision)?,
        Entity::Department(it) => lists::write(conn, "department", &id, it, revision)?,
        Entity::Tag(it) => lists::write(conn, "tag", &id, it, revision)?,
        Entity::Template(it) => lists::write(conn, "template", &id, it, revision)?,
        Entity::Consent(it) => lists::write(conn, "consent", &id, it, revision)?,
        Entity::Hold(it) => lists::write(conn, "hold", &id, it, revision)?,
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
            take_along(conn, of, &id, revision)?;
        }
    }
    Ok(())
}

/// Whether it is part of something that is gone since: a page that comes late does not bring it back.
fn went_with(conn: &Connection, entity: &Entity, revision: Revision) -> Result<bool, CacheError> {
    let (of, id) = match entity {
        Entity::Message(it) => ("conversation", it.conversation.to_string()),
        Entity::Attachment(it) => ("conversation", it.conversation.to_string()),
        Entity::Consent(it) => ("client", it.client.to_string()),
        Entity::Hold(it) => it.of.words(),
        _ => return Ok(false),
    };
    let sql = "SELECT 1 FROM tombstone WHERE kind = ?1 AND id = ?2 AND revision > ?3";
    Ok(conn.query_row(sql, (of, &id, revision.0), |_| Ok(())).optional()?.is_some())
}

/// What goes with something that is gone, but for what is of a higher revision. A message that became part of another
/// conversation has one; where that is only in a later page, it comes back with it.
fn take_along(conn: &Connection, of: &str, id: &str, revision: Revision) -> Result<(), CacheError> {
    if of == "conversation" {
        // Their media files are told by these. Less than its own revision: what is said of one in the same breath is newer.
        conn.execute(
            "INSERT OR REPLACE INTO tombstone (kind, id, revision)
             SELECT 'attachment', id, ?2 - 1 FROM attachment WHERE conversation = ?1 AND revision < ?2",
            (id, revision.0),
        )?;
        for table in ["attachment", "message"] {
            conn.execute(
                &format!("DELETE FROM {table} WHERE conversation = ?1 AND revision < ?2"),
                (id, revision.0),
            )?;
        }
    }
    if of == "client" {
        conn.execute(
            "DELETE FROM consent WHERE document ->> 'client' = ?1 AND revision < ?2",
            (id, revision.0),
        )?;
    }
    conn.execute(
        "DELETE FROM hold WHERE document -> 'of' ->> 'id' = ?1 AND revision < ?2",
        (id, revision.0),
    )?;
    Ok(())
}

/// Notes that something could not be read.
fn leave(conn: &Connection, revision: Revision) -> Result<(), CacheError> {
    tracing::warn!(
        revision = revision.0,
        "The feed brought something that this version of Limpet does not know"
    );
    conn.execute(
        "UPDATE feed SET unread = min(coalesce(unread, ?1), ?1), unread_by = ?2",
        (revision.0, VERSION),
    )?;
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

#[cfg(test)]
mod tests {
    use limpet_wire::changes::Change;

    use super::*;
    use crate::StoreKey;

    #[test]
    fn what_could_not_be_read_is_asked_for_again_by_the_next_version() {
        let folder = tempfile::tempdir().unwrap();
        let key = StoreKey::from_hex(&"07".repeat(32)).unwrap();
        let open = || Cache::open(&folder.path().join("cache.db"), &key).unwrap();
        let change = |revision| Change { revision: Revision(revision), entity: Entity::Unread };
        let page = ChangePage {
            revision: Revision(9),
            changes: vec![change(5), change(7)],
            more: false,
            epoch: String::new(),
        };
        let cache = open();
        assert_eq!(cache.apply(Revision(0), &page).unwrap(), Applied::default());
        assert_eq!(cache.position().unwrap(), Revision(9));
        drop(cache);
        let cache = open();
        assert_eq!(cache.position().unwrap(), Revision(9), "this version would not read it either");
        cache.conn().execute("UPDATE feed SET unread_by = '0.0.0'", []).unwrap();
        drop(cache);
        assert_eq!(open().position().unwrap(), Revision(4));
        assert_eq!(open().position().unwrap(), Revision(4), "and it goes on from there");
    }
}

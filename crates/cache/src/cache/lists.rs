//! Departments, tags, templates, consents and holds: each as the server said it, in a table by kind.

use limpet_model::{ClientId, Consent, Department, Hold, Revision, Tag, Template};
use rusqlite::{Connection, Row};
use serde::{Serialize, de::DeserializeOwned};

use super::Cache;
use crate::{CacheError, columns::json};

pub(super) const ADD: &str = "
CREATE TABLE department (id TEXT NOT NULL PRIMARY KEY, document TEXT NOT NULL, revision INTEGER NOT NULL) STRICT;
CREATE TABLE tag (id TEXT NOT NULL PRIMARY KEY, document TEXT NOT NULL, revision INTEGER NOT NULL) STRICT;
CREATE TABLE template (id TEXT NOT NULL PRIMARY KEY, document TEXT NOT NULL, revision INTEGER NOT NULL) STRICT;
CREATE TABLE consent (id TEXT NOT NULL PRIMARY KEY, document TEXT NOT NULL, revision INTEGER NOT NULL) STRICT;
CREATE INDEX consent_by_client ON consent (document ->> 'client');";

pub(super) const ADD_HOLDS: &str = "
CREATE TABLE hold (id TEXT NOT NULL PRIMARY KEY, document TEXT NOT NULL, revision INTEGER NOT NULL) STRICT;";

/// Writes one of them; `table` is one of [`ADD`]'s, or `hold`.
pub(super) fn write<T: Serialize>(
    conn: &Connection,
    table: &'static str,
    id: &str,
    it: &T,
    revision: Revision,
) -> Result<(), CacheError> {
    conn.execute(
        &format!(
            "INSERT INTO {table} (id, document, revision) VALUES (?1, ?2, ?3)
             ON CONFLICT (id) DO UPDATE SET document = excluded.document, revision = excluded.revision"
        ),
        (id, serde_json::to_string(it)?, revision.0),
    )?;
    Ok(())
}

fn read<T: DeserializeOwned>(row: &Row<'_>) -> rusqlite::Result<T> {
    json(row, "document")
}

impl Cache {
    fn all<T: DeserializeOwned>(&self, sql: &str) -> Result<Vec<T>, CacheError> {
        let conn = self.conn();
        let mut query = conn.prepare(sql)?;
        let rows = query.query_map([], read)?.collect::<Result<_, _>>()?;
        Ok(rows)
    }

    /// The departments in their order, archived ones too.
    pub fn departments(&self) -> Result<Vec<Department>, CacheError> {
        self.all("SELECT document FROM department ORDER BY document ->> 'position', document ->> 'name', id")
    }

    /// The tags in their order, archived ones too.
    pub fn tags(&self) -> Result<Vec<Tag>, CacheError> {
        self.all("SELECT document FROM tag ORDER BY document ->> 'position', document ->> 'name', id")
    }

    /// The templates in their order, archived ones too.
    pub fn templates(&self) -> Result<Vec<Template>, CacheError> {
        self.all("SELECT document FROM template ORDER BY document ->> 'position', document ->> 'title', id")
    }

    /// What was put on hold, lifted ones too, the first one first.
    pub fn holds(&self) -> Result<Vec<Hold>, CacheError> {
        self.all("SELECT document FROM hold ORDER BY document ->> 'at', id")
    }

    /// What a client said to the consent texts, the last answer first.
    pub fn consents(&self, client: ClientId) -> Result<Vec<Consent>, CacheError> {
        let conn = self.conn();
        let mut query = conn.prepare(
            "SELECT document FROM consent WHERE document ->> 'client' = ?1 ORDER BY document ->> 'at' DESC, id",
        )?;
        let rows = query.query_map([client.to_string()], read)?.collect::<Result<_, _>>()?;
        Ok(rows)
    }
}

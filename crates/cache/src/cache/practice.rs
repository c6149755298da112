//! The practice. One row.

use limpet_model::{Practice, Revision};
use rusqlite::{Connection, OptionalExtension as _, Row, named_params};

use super::Cache;
use crate::{
    CacheError,
    columns::{id, json},
};

pub(super) const CREATE: &str = "
CREATE TABLE practice (
    id        TEXT    NOT NULL PRIMARY KEY,
    name      TEXT    NOT NULL,
    address   TEXT    NOT NULL,
    phone     TEXT    NOT NULL,
    time_zone TEXT    NOT NULL,
    revision  INTEGER NOT NULL
) STRICT;";

pub(super) const ADD_SETTINGS: &str = "
ALTER TABLE practice ADD COLUMN settings TEXT NOT NULL DEFAULT '{}'; -- JSON
UPDATE practice SET revision = 0;";

pub(super) const ADD_LOGO: &str = "
CREATE TABLE logo (
    sha256 TEXT NOT NULL PRIMARY KEY,
    png    BLOB NOT NULL
) STRICT;";

fn read(row: &Row<'_>) -> rusqlite::Result<Practice> {
    Ok(Practice {
        id: id(row, "id")?,
        name: row.get("name")?,
        address: row.get("address")?,
        phone: row.get("phone")?,
        time_zone: row.get("time_zone")?,
        settings: json(row, "settings")?,
    })
}

pub(super) fn write(conn: &Connection, it: &Practice, revision: Revision) -> Result<(), CacheError> {
    conn.execute(
        "INSERT INTO practice (id, name, address, phone, time_zone, settings, revision)
         VALUES (:id, :name, :address, :phone, :time_zone, :settings, :revision)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, address = excluded.address,
             phone = excluded.phone, time_zone = excluded.time_zone, settings = excluded.settings,
             revision = excluded.revision",
        named_params! {
            ":id": it.id.to_string(), ":name": it.name, ":address": it.address, ":phone": it.phone,
            ":time_zone": it.time_zone, ":settings": serde_json::to_string(&it.settings)?,
            ":revision": revision.0,
        },
    )?;
    Ok(())
}

impl Cache {
    /// The logo with this SHA-256, if it was fetched.
    pub fn logo(&self, sha256: &str) -> Result<Option<Vec<u8>>, CacheError> {
        let sql = "SELECT png FROM logo WHERE sha256 = ?1";
        Ok(self.conn().query_row(sql, [sha256], |row| row.get(0)).optional()?)
    }

    /// Keeps a logo in place of any other.
    pub fn keep_logo(&self, sha256: &str, png: &[u8]) -> Result<(), CacheError> {
        let mut conn = self.conn();
        let tx = conn.transaction()?;
        tx.execute("DELETE FROM logo", [])?;
        tx.execute("INSERT INTO logo (sha256, png) VALUES (?1, ?2)", (sha256, png))?;
        tx.commit()?;
        Ok(())
    }

    /// The practice, once the feed has brought it.
    pub fn practice(&self) -> Result<Option<Practice>, CacheError> {
        Ok(self
            .conn()
            .query_row("SELECT id, name, address, phone, time_zone, settings FROM practice", [], read)
            .optional()?)
    }
}

//! The practice. One row.

use limpet_model::{Practice, Revision};
use rusqlite::{Connection, OptionalExtension as _, Row, named_params};

use super::Cache;
use crate::{CacheError, columns::id};

pub(super) const CREATE: &str = "
CREATE TABLE practice (
    id        TEXT    NOT NULL PRIMARY KEY,
    name      TEXT    NOT NULL,
    address   TEXT    NOT NULL,
    phone     TEXT    NOT NULL,
    time_zone TEXT    NOT NULL,
    revision  INTEGER NOT NULL
) STRICT;";

fn read(row: &Row<'_>) -> rusqlite::Result<Practice> {
    Ok(Practice {
        id: id(row, "id")?,
        name: row.get("name")?,
        address: row.get("address")?,
        phone: row.get("phone")?,
        time_zone: row.get("time_zone")?,
    })
}

pub(super) fn write(conn: &Connection, it: &Practice, revision: Revision) -> Result<(), CacheError> {
    conn.execute(
        "INSERT INTO practice (id, name, address, phone, time_zone, revision)
         VALUES (:id, :name, :address, :phone, :time_zone, :revision)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, address = excluded.address,
             phone = excluded.phone, time_zone = excluded.time_zone, revision = excluded.revision",
        named_params! {
            ":id": it.id.to_string(), ":name": it.name, ":address": it.address, ":phone": it.phone,
            ":time_zone": it.time_zone, ":revision": revision.0,
        },
    )?;
    Ok(())
}

impl Cache {
    /// The practice, once the feed has brought it.
    pub fn practice(&self) -> Result<Option<Practice>, CacheError> {
        Ok(self
            .conn()
            .query_row("SELECT id, name, address, phone, time_zone FROM practice", [], read)
            .optional()?)
    }
}

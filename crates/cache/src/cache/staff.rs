//! Staff members.

use limpet_model::{Revision, StaffId, StaffMember};
use rusqlite::{Connection, OptionalExtension as _, Row, named_params};

use super::Cache;
use crate::{
    CacheError,
    columns::{from_word, id, word},
};

pub(super) const CREATE: &str = "
CREATE TABLE staff (
    id       TEXT    NOT NULL PRIMARY KEY,
    name     TEXT    NOT NULL,
    role     TEXT    NOT NULL,
    email    TEXT    NOT NULL,
    active   INTEGER NOT NULL,
    revision INTEGER NOT NULL
) STRICT;";

fn read(row: &Row<'_>) -> rusqlite::Result<StaffMember> {
    Ok(StaffMember {
        id: id(row, "id")?,
        name: row.get("name")?,
        role: from_word(row, "role")?,
        email: row.get("email")?,
        active: row.get("active")?,
    })
}

pub(super) fn write(conn: &Connection, it: &StaffMember, revision: Revision) -> Result<(), CacheError> {
    conn.execute(
        "INSERT INTO staff (id, name, role, email, active, revision)
         VALUES (:id, :name, :role, :email, :active, :revision)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, role = excluded.role, email = excluded.email,
             active = excluded.active, revision = excluded.revision",
        named_params! {
            ":id": it.id.to_string(), ":name": it.name, ":role": word(&it.role)?, ":email": it.email,
            ":active": it.active, ":revision": revision.0,
        },
    )?;
    Ok(())
}

impl Cache {
    /// Everybody, by name; those who left, too, since old messages are theirs.
    pub fn staff(&self) -> Result<Vec<StaffMember>, CacheError> {
        let conn = self.conn();
        let mut query = conn.prepare("SELECT id, name, role, email, active FROM staff ORDER BY name, id")?;
        let rows = query.query_map([], read)?.collect::<Result<_, _>>()?;
        Ok(rows)
    }

    /// One of them.
    pub fn staff_member(&self, staff: StaffId) -> Result<Option<StaffMember>, CacheError> {
        Ok(self
            .conn()
            .query_row(
                "SELECT id, name, role, email, active FROM staff WHERE id = ?1",
                [staff.to_string()],
                read,
            )
            .optional()?)
    }
}

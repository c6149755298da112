//! Clients, and the words to find them by.

use limpet_model::{Client, ClientId, Revision};
use rusqlite::{Connection, OptionalExtension as _, Row, named_params};

use super::Cache;
use crate::{CacheError, columns::id};

pub(super) const CREATE: &str = "
CREATE TABLE client (
    nr       INTEGER PRIMARY KEY,
    id       TEXT    NOT NULL UNIQUE,
    name     TEXT    NOT NULL,
    email    TEXT    NOT NULL,
    phone    TEXT    NOT NULL,
    address  TEXT    NOT NULL,
    pms_id   TEXT    NOT NULL,
    revision INTEGER NOT NULL
) STRICT;
CREATE VIRTUAL TABLE client_words USING fts5 (
    name, email, phone,
    content = 'client', content_rowid = 'nr', tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'
);
CREATE TRIGGER client_added AFTER INSERT ON client BEGIN
    INSERT INTO client_words (rowid, name, email, phone) VALUES (new.nr, new.name, new.email, new.phone);
END;
CREATE TRIGGER client_gone AFTER DELETE ON client BEGIN
    INSERT INTO client_words (client_words, rowid, name, email, phone)
    VALUES ('delete', old.nr, old.name, old.email, old.phone);
END;
CREATE TRIGGER client_changed AFTER UPDATE ON client BEGIN
    INSERT INTO client_words (client_words, rowid, name, email, phone)
    VALUES ('delete', old.nr, old.name, old.email, old.phone);
    INSERT INTO client_words (rowid, name, email, phone) VALUES (new.nr, new.name, new.email, new.phone);
END;";

pub(super) const COLUMNS: &str = "id, name, email, phone, address, pms_id";

pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Client> {
    Ok(Client {
        id: id(row, "id")?,
        name: row.get("name")?,
        email: row.get("email")?,
        phone: row.get("phone")?,
        address: row.get("address")?,
        pms_id: row.get("pms_id")?,
    })
}

pub(super) fn write(conn: &Connection, it: &Client, revision: Revision) -> Result<(), CacheError> {
    conn.execute(
        "INSERT INTO client (id, name, email, phone, address, pms_id, revision)
         VALUES (:id, :name, :email, :phone, :address, :pms_id, :revision)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, email = excluded.email, phone = excluded.phone,
             address = excluded.address, pms_id = excluded.pms_id, revision = excluded.revision",
        named_params! {
            ":id": it.id.to_string(), ":name": it.name, ":email": it.email, ":phone": it.phone,
            ":address": it.address, ":pms_id": it.pms_id, ":revision": revision.0,
        },
    )?;
    Ok(())
}

pub(super) fn lay_over(conn: &Connection, it: &Client) -> Result<(), CacheError> {
    conn.execute(
        "INSERT INTO temp.client_over (id, name, email, phone, address, pms_id)
         VALUES (:id, :name, :email, :phone, :address, :pms_id)",
        named_params! {
            ":id": it.id.to_string(), ":name": it.name, ":email": it.email, ":phone": it.phone,
            ":address": it.address, ":pms_id": it.pms_id,
        },
    )?;
    Ok(())
}

impl Cache {
    /// A client as this device sees it, pending changes included.
    pub fn client(&self, client: ClientId) -> Result<Option<Client>, CacheError> {
        Ok(self
            .conn()
            .query_row(&format!("SELECT {COLUMNS} FROM client_now WHERE id = ?1"), [client.to_string()], read)
            .optional()?)
    }
}

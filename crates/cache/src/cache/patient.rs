//! Patients, and the words to find them by.

use limpet_model::{ClientId, Patient, PatientId, Revision};
use rusqlite::{Connection, OptionalExtension as _, Row, named_params};

use super::Cache;
use crate::{
    CacheError,
    columns::{from_word, id, word},
};

pub(super) const CREATE: &str = "
CREATE TABLE patient (
    nr        INTEGER PRIMARY KEY,
    id        TEXT    NOT NULL UNIQUE,
    client    TEXT    NOT NULL,
    name      TEXT    NOT NULL,
    species   TEXT    NOT NULL,
    breed     TEXT    NOT NULL,
    sex       TEXT    NOT NULL,
    born      TEXT    NOT NULL,
    colour    TEXT    NOT NULL,
    weight_kg REAL,
    alert     TEXT    NOT NULL,
    pms_id    TEXT    NOT NULL,
    revision  INTEGER NOT NULL
) STRICT;
CREATE INDEX patient_by_client ON patient (client, name);
CREATE VIRTUAL TABLE patient_words USING fts5 (
    name,
    content = 'patient', content_rowid = 'nr', tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'
);
CREATE TRIGGER patient_added AFTER INSERT ON patient BEGIN
    INSERT INTO patient_words (rowid, name) VALUES (new.nr, new.name);
END;
CREATE TRIGGER patient_gone AFTER DELETE ON patient BEGIN
    INSERT INTO patient_words (patient_words, rowid, name) VALUES ('delete', old.nr, old.name);
END;
CREATE TRIGGER patient_changed AFTER UPDATE ON patient BEGIN
    INSERT INTO patient_words (patient_words, rowid, name) VALUES ('delete', old.nr, old.name);
    INSERT INTO patient_words (rowid, name) VALUES (new.nr, new.name);
END;";

pub(super) const COLUMNS: &str =
    "id, client, name, species, breed, sex, born, colour, weight_kg, alert, pms_id";

pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Patient> {
    Ok(Patient {
        id: id(row, "id")?,
        client: id(row, "client")?,
        name: row.get("name")?,
        species: row.get("species")?,
        breed: row.get("breed")?,
        sex: from_word(row, "sex")?,
        born: row.get("born")?,
        colour: row.get("colour")?,
        weight_kg: row.get("weight_kg")?,
        alert: row.get("alert")?,
        pms_id: row.get("pms_id")?,
    })
}

pub(super) fn write(conn: &Connection, it: &Patient, revision: Revision) -> Result<(), CacheError> {
    conn.execute(
        "INSERT INTO patient (id, client, name, species, breed, sex, born, colour, weight_kg, alert, pms_id,
             revision)
         VALUES (:id, :client, :name, :species, :breed, :sex, :born, :colour, :weight_kg, :alert, :pms_id,
             :revision)
         ON CONFLICT (id) DO UPDATE SET client = excluded.client, name = excluded.name,
             species = excluded.species, breed = excluded.breed, sex = excluded.sex, born = excluded.born,
             colour = excluded.colour, weight_kg = excluded.weight_kg, alert = excluded.alert,
             pms_id = excluded.pms_id, revision = excluded.revision",
        named_params! {
            ":id": it.id.to_string(), ":client": it.client.to_string(), ":name": it.name,
            ":species": it.species, ":breed": it.breed, ":sex": word(&it.sex)?, ":born": it.born,
            ":colour": it.colour, ":weight_kg": it.weight_kg, ":alert": it.alert, ":pms_id": it.pms_id,
            ":revision": revision.0,
        },
    )?;
    Ok(())
}

pub(super) fn lay_over(conn: &Connection, it: &Patient) -> Result<(), CacheError> {
    conn.execute(
        "INSERT INTO temp.patient_over (id, client, name, species, breed, sex, born, colour, weight_kg, alert,
             pms_id)
         VALUES (:id, :client, :name, :species, :breed, :sex, :born, :colour, :weight_kg, :alert, :pms_id)",
        named_params! {
            ":id": it.id.to_string(), ":client": it.client.to_string(), ":name": it.name,
            ":species": it.species, ":breed": it.breed, ":sex": word(&it.sex)?, ":born": it.born,
            ":colour": it.colour, ":weight_kg": it.weight_kg, ":alert": it.alert, ":pms_id": it.pms_id,
        },
    )?;
    Ok(())
}

impl Cache {
    /// A patient as this device sees it, pending changes included.
    pub fn patient(&self, patient: PatientId) -> Result<Option<Patient>, CacheError> {
        Ok(self
            .conn()
            .query_row(
                &format!("SELECT {COLUMNS} FROM patient_now WHERE id = ?1"),
                [patient.to_string()],
                read,
            )
            .optional()?)
    }

    /// The animals of a client, by name.
    pub fn patients_of(&self, client: ClientId) -> Result<Vec<Patient>, CacheError> {
        let conn = self.conn();
        let mut query =
            conn.prepare(&format!("SELECT {COLUMNS} FROM patient_now WHERE client = ?1 ORDER BY name, id"))?;
        let rows = query.query_map([client.to_string()], read)?.collect::<Result<_, _>>()?;
        Ok(rows)
    }
}

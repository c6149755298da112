//! Settings of this device, and whose outbox this is.

use limpet_model::{Practice, StaffMember};
use limpet_wire::desk::Settings;
use rusqlite::{OptionalExtension as _, named_params};

use super::Outbox;
use crate::{CacheError, columns::json};

pub(super) const CREATE: &str = "
CREATE TABLE settings (
    one           INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    filing_folder TEXT    NOT NULL,
    language      TEXT    NOT NULL,
    theme         TEXT    NOT NULL
) STRICT;
INSERT INTO settings (one, filing_folder, language, theme) VALUES (1, '', '', '');
CREATE TABLE owner (
    one      INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    server   TEXT    NOT NULL,
    practice TEXT    NOT NULL, -- JSON, as told at sign-in
    staff    TEXT    NOT NULL  -- JSON, as told at sign-in
) STRICT;";

/// Version 2: megabytes of pictures that a review room keeps.
pub(super) const ADD_REVIEW_MEMORY: &str =
    "ALTER TABLE settings ADD COLUMN review_memory_mb INTEGER NOT NULL DEFAULT 0;";

/// Whose outbox it is: who signed in last, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// Address of the server.
    pub server: String,
    /// The practice.
    pub practice: Practice,
    /// The staff member.
    pub staff: StaffMember,
}

impl Outbox {
    /// Settings of this device.
    pub fn settings(&self) -> Result<Settings, CacheError> {
        let columns = "SELECT filing_folder, language, theme, review_memory_mb FROM settings";
        Ok(self.conn().query_row(columns, [], |row| {
            Ok(Settings {
                filing_folder: row.get("filing_folder")?,
                language: row.get("language")?,
                theme: row.get("theme")?,
                review_memory_mb: row.get("review_memory_mb")?,
            })
        })?)
    }

    /// Changes them.
    pub fn save_settings(&self, settings: &Settings) -> Result<(), CacheError> {
        self.conn().execute(
            "UPDATE settings SET filing_folder = :filing_folder, language = :language, theme = :theme,
             review_memory_mb = :review_memory_mb",
            named_params! {
                ":filing_folder": settings.filing_folder, ":language": settings.language,
                ":theme": settings.theme, ":review_memory_mb": settings.review_memory_mb,
            },
        )?;
        Ok(())
    }

    /// Who signed in last.
    pub fn owner(&self) -> Result<Option<Owner>, CacheError> {
        Ok(self
            .conn()
            .query_row("SELECT server, practice, staff FROM owner", [], |row| {
                Ok(Owner {
                    server: row.get("server")?,
                    practice: json(row, "practice")?,
                    staff: json(row, "staff")?,
                })
            })
            .optional()?)
    }

    /// Notes who signed in.
    pub fn set_owner(&self, owner: &Owner) -> Result<(), CacheError> {
        self.conn().execute(
            "INSERT OR REPLACE INTO owner (one, server, practice, staff) VALUES (1, :server, :practice, :staff)",
            named_params! {
                ":server": owner.server, ":practice": serde_json::to_string(&owner.practice)?,
                ":staff": serde_json::to_string(&owner.staff)?,
            },
        )?;
        Ok(())
    }
}

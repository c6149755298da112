//! Which downloaded media files are on the disk, and which go first when room is needed.
//!
//! **Invariant:** a row exists only for a finished file; the file may be missing (a person cleared the folder),
//! never the other way round for long: what has no row is found again by the download.

use limpet_model::{AttachmentId, Millis};
use rusqlite::named_params;

use super::Cache;
use crate::{CacheError, columns::id, media::MediaKind};

pub(super) const CREATE: &str = "
CREATE TABLE media (
    attachment TEXT    NOT NULL,
    kind       TEXT    NOT NULL,
    bytes      INTEGER NOT NULL,
    used_at    INTEGER NOT NULL,
    PRIMARY KEY (attachment, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX media_by_use ON media (used_at);";

impl Cache {
    /// Notes that a file is here, or that it was used again.
    pub fn media_used(
        &self,
        attachment: AttachmentId,
        kind: MediaKind,
        bytes: u64,
        now: Millis,
    ) -> Result<(), CacheError> {
        self.conn().execute(
            "INSERT INTO media (attachment, kind, bytes, used_at) VALUES (:attachment, :kind, :bytes, :now)
             ON CONFLICT (attachment, kind) DO UPDATE SET used_at = excluded.used_at",
            named_params! {
                ":attachment": attachment.to_string(), ":kind": kind.word(),
                ":bytes": i64::try_from(bytes).unwrap_or(i64::MAX), ":now": now.0,
            },
        )?;
        Ok(())
    }

    /// Forgets a file.
    pub fn media_gone(&self, attachment: AttachmentId, kind: MediaKind) -> Result<(), CacheError> {
        self.conn().execute(
            "DELETE FROM media WHERE attachment = ?1 AND kind = ?2",
            (attachment.to_string(), kind.word()),
        )?;
        Ok(())
    }

    /// How many bytes finished files have.
    pub fn media_held(&self) -> Result<u64, CacheError> {
        let sum = "SELECT coalesce(sum(bytes), 0) FROM media";
        let held: i64 = self.conn().query_row(sum, [], |row| row.get(0))?;
        Ok(u64::try_from(held).unwrap_or(0))
    }

    /// What has to go, longest unused first, so that the rest and `room` more bytes fit into `budget`.
    /// Posters stay: they are small and every list shows them.
    pub fn media_to_drop(
        &self,
        budget: u64,
        room: u64,
    ) -> Result<Vec<(AttachmentId, MediaKind)>, CacheError> {
        let mut over = self.media_held()?.saturating_add(room).saturating_sub(budget);
        let conn = self.conn();
        let mut query = conn
            .prepare("SELECT attachment, kind, bytes FROM media WHERE kind <> 'poster' ORDER BY used_at")?;
        let mut rows = query.query([])?;
        let mut drop = Vec::new();
        while over > 0 {
            let Some(row) = rows.next()? else { break };
            let kind: String = row.get("kind")?;
            if let Some(kind) = MediaKind::from_word(&kind) {
                drop.push((id(row, "attachment")?, kind));
            }
            over = over.saturating_sub(u64::try_from(row.get::<_, i64>("bytes")?).unwrap_or(0));
        }
        Ok(drop)
    }

    /// Files of attachments that are gone.
    pub fn media_orphans(&self) -> Result<Vec<(AttachmentId, MediaKind)>, CacheError> {
        let conn = self.conn();
        let mut query = conn.prepare(
            "SELECT m.attachment, m.kind FROM media m
             WHERE EXISTS (SELECT 1 FROM tombstone t WHERE t.kind = 'attachment' AND t.id = m.attachment)
             AND NOT EXISTS (SELECT 1 FROM attachment a WHERE a.id = m.attachment)",
        )?;
        let mut rows = query.query([])?;
        let mut orphans = Vec::new();
        while let Some(row) = rows.next()? {
            let kind: String = row.get("kind")?;
            if let Some(kind) = MediaKind::from_word(&kind) {
                orphans.push((id(row, "attachment")?, kind));
            }
        }
        Ok(orphans)
    }
}

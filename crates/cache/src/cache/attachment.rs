//! Attachments: what goes with a message. Their bytes are media files.

use limpet_model::{
    Attachment, AttachmentId, AttachmentState, ClipFacts, ConversationId, Micros, Millis, Revision, StillOf,
};
use rusqlite::{Connection, OptionalExtension as _, Row, ToSql, named_params};

use super::Cache;
use crate::{
    CacheError,
    columns::{from_word, id, maybe_id, word},
};

pub(super) const CREATE: &str = "
CREATE TABLE attachment (
    id            TEXT    NOT NULL PRIMARY KEY,
    conversation  TEXT    NOT NULL,
    message       TEXT    NOT NULL,
    kind          TEXT    NOT NULL,
    name          TEXT    NOT NULL,
    mime          TEXT    NOT NULL,
    bytes         INTEGER NOT NULL,
    state         TEXT    NOT NULL,
    received      INTEGER NOT NULL,
    reason        TEXT    NOT NULL,
    sha256        TEXT,
    duration      INTEGER,
    width         INTEGER,
    height        INTEGER,
    frames        INTEGER,
    audio         INTEGER,
    still_clip    TEXT,
    still_frame   INTEGER,
    still_at      INTEGER,
    caption       TEXT    NOT NULL,
    captured_at   INTEGER,
    uploaded_at   INTEGER,
    link          TEXT,
    has_poster    INTEGER NOT NULL,
    has_rendition INTEGER NOT NULL,
    revision      INTEGER NOT NULL
) STRICT;
CREATE INDEX attachment_by_conversation ON attachment (conversation, kind);";

/// Version 2: how much of a clip is missing at its end.
pub(super) const ADD_MISSING: &str = "ALTER TABLE attachment ADD COLUMN missing INTEGER;";

pub(super) const COLUMNS: &str = "id, conversation, message, kind, name, mime, bytes, state, received, reason, \
     sha256, duration, missing, width, height, frames, audio, still_clip, still_frame, still_at, caption, captured_at, \
     uploaded_at, link, has_poster, has_rendition";

const VALUES: &str = ":id, :conversation, :message, :kind, :name, :mime, :bytes, :state, :received, :reason, \
     :sha256, :duration, :missing, :width, :height, :frames, :audio, :still_clip, :still_frame, :still_at, :caption, \
     :captured_at, :uploaded_at, :link, :has_poster, :has_rendition";

pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Attachment> {
    let state: String = row.get("state")?;
    let clip = match row.get::<_, Option<i64>>("duration")? {
        Some(duration) => Some(ClipFacts {
            duration: Micros(duration),
            missing: Micros(row.get::<_, Option<i64>>("missing")?.unwrap_or_default()),
            width: row.get("width")?,
            height: row.get("height")?,
            frames: row.get("frames")?,
            audio: row.get("audio")?,
        }),
        None => None,
    };
    let still_of = match maybe_id(row, "still_clip")? {
        Some(clip) => {
            Some(StillOf { clip, frame: row.get("still_frame")?, at: Micros(row.get("still_at")?) })
        }
        None => None,
    };
    Ok(Attachment {
        id: id(row, "id")?,
        conversation: id(row, "conversation")?,
        message: id(row, "message")?,
        kind: from_word(row, "kind")?,
        name: row.get("name")?,
        mime: row.get("mime")?,
        bytes: row.get("bytes")?,
        state: match state.as_str() {
            "uploading" => AttachmentState::Uploading { received: row.get("received")? },
            "ready" => AttachmentState::Ready,
            "refused" => AttachmentState::Refused { reason: row.get("reason")? },
            _ => AttachmentState::Processing,
        },
        sha256: row.get("sha256")?,
        clip,
        still_of,
        caption: row.get("caption")?,
        captured_at: row.get::<_, Option<i64>>("captured_at")?.map(Millis),
        uploaded_at: row.get::<_, Option<i64>>("uploaded_at")?.map(Millis),
        link: row.get("link")?,
        has_poster: row.get("has_poster")?,
        has_rendition: row.get("has_rendition")?,
    })
}

fn store(
    conn: &Connection,
    table: &str,
    it: &Attachment,
    revision: Option<Revision>,
) -> Result<(), CacheError> {
    let (state, received, reason) = match &it.state {
        AttachmentState::Uploading { received } => ("uploading", *received, ""),
        AttachmentState::Processing => ("processing", it.bytes, ""),
        AttachmentState::Ready => ("ready", it.bytes, ""),
        AttachmentState::Refused { reason } => ("refused", it.bytes, reason.as_str()),
    };
    let (clip, still) = (it.clip.as_ref(), it.still_of.as_ref());
    let (attachment, conversation, message) =
        (it.id.to_string(), it.conversation.to_string(), it.message.to_string());
    let kind = word(&it.kind)?;
    let still_clip = still.map(|still| still.clip.to_string());
    let mut values: Vec<(&str, &dyn ToSql)> = Vec::new();
    let (duration, missing) = (clip.map(|clip| clip.duration.0), clip.map(|clip| clip.missing.0));
    let (width, height) = (clip.map(|clip| clip.width), clip.map(|clip| clip.height));
    let (frames, audio) = (clip.map(|clip| clip.frames), clip.map(|clip| clip.audio));
    let (still_frame, still_at) = (still.map(|still| still.frame), still.map(|still| still.at.0));
    let (captured_at, uploaded_at) = (it.captured_at.map(|at| at.0), it.uploaded_at.map(|at| at.0));
    values.extend_from_slice(named_params! {
        ":id": attachment, ":conversation": conversation, ":message": message, ":kind": kind,
        ":name": it.name, ":mime": it.mime, ":bytes": it.bytes, ":state": state, ":received": received,
        ":reason": reason, ":sha256": it.sha256, ":duration": duration, ":missing": missing, ":width": width, ":height": height,
        ":frames": frames, ":audio": audio, ":still_clip": still_clip, ":still_frame": still_frame,
        ":still_at": still_at, ":caption": it.caption, ":captured_at": captured_at,
        ":uploaded_at": uploaded_at, ":link": it.link, ":has_poster": it.has_poster,
        ":has_rendition": it.has_rendition,
    });
    let revision = revision.map(|revision| revision.0);
    let sql = if revision.is_some() {
        values.push((":revision", &revision));
        format!("INSERT OR REPLACE INTO {table} ({COLUMNS}, revision) VALUES ({VALUES}, :revision)")
    } else {
        format!("INSERT INTO {table} ({COLUMNS}) VALUES ({VALUES})")
    };
    conn.execute(&sql, values.as_slice())?;
    Ok(())
}

pub(super) fn write(conn: &Connection, it: &Attachment, revision: Revision) -> Result<(), CacheError> {
    store(conn, "attachment", it, Some(revision))
}

pub(super) fn lay_over(conn: &Connection, it: &Attachment) -> Result<(), CacheError> {
    store(conn, "temp.attachment_over", it, None)
}

impl Cache {
    /// One attachment.
    pub fn attachment(&self, attachment: AttachmentId) -> Result<Option<Attachment>, CacheError> {
        let sql = format!("SELECT {COLUMNS} FROM attachment_now WHERE id = ?1");
        Ok(self.conn().query_row(&sql, [attachment.to_string()], read).optional()?)
    }

    /// The attachments of a conversation, in no particular order: a message lists its own in order.
    pub fn attachments(&self, conversation: ConversationId) -> Result<Vec<Attachment>, CacheError> {
        let conn = self.conn();
        let mut query =
            conn.prepare(&format!("SELECT {COLUMNS} FROM attachment_now WHERE conversation = ?1"))?;
        let rows = query.query_map([conversation.to_string()], read)?.collect::<Result<_, _>>()?;
        Ok(rows)
    }

    /// Complete attachments of open conversations, newest first: what is worth having before somebody asks.
    pub fn attachments_worth_having(&self, limit: u32) -> Result<Vec<Attachment>, CacheError> {
        let conn = self.conn();
        let columns =
            COLUMNS.split(", ").map(|column| format!("a.{}", column.trim())).collect::<Vec<_>>().join(", ");
        let mut query = conn.prepare(&format!(
            "SELECT {columns} FROM main.attachment a
             JOIN main.conversation c ON c.id = a.conversation
             WHERE a.state IN ('ready', 'refused') AND c.state = 'open'
             ORDER BY a.uploaded_at DESC, a.id DESC LIMIT ?1"
        ))?;
        let rows = query.query_map([limit], read)?.collect::<Result<_, _>>()?;
        Ok(rows)
    }
}

//! Attachments: announced with their message, then filled by an upload, then looked at by a job.

use limpet_model::{
    Attachment, AttachmentId, AttachmentKind, AttachmentState, Audience, Author, ClipFacts, Conversation,
    Message, Millis, PracticeId, StillOf,
};
use limpet_wire::{changes::Entity, http::NewAttachment};
use serde_json::Value;
use sqlx::{AnyConnection, any::AnyRow};

use super::{
    Flag, Result, Store, StoreError, Write,
    audit::Act,
    changes::Fed,
    jobs::{self, Work},
    messages::{audience_word, author_words, read_audience},
    row::Columns,
    tombstones,
};
use crate::{
    by::{Actor, By},
    view::{View, per_view},
};

macro_rules! columns {
    () => {
        "id, revision, conversation_id, message_id, kind, name, mime, bytes, state, received, reason, sha256, \
         clip_duration_us, clip_missing_us, clip_width, clip_height, clip_frames, clip_audio, still_clip_id, still_frame, \
         still_at_us, caption, captured_at, uploaded_at, capability, revoked_at, has_poster, has_rendition"
    };
}

fn kind_word(kind: AttachmentKind) -> &'static str {
    match kind {
        AttachmentKind::Clip => "clip",
        AttachmentKind::Photo => "photo",
        AttachmentKind::Still => "still",
        AttachmentKind::Document => "document",
    }
}

fn read_kind(word: &str) -> Option<AttachmentKind> {
    [AttachmentKind::Clip, AttachmentKind::Photo, AttachmentKind::Still, AttachmentKind::Document]
        .into_iter()
        .find(|kind| kind_word(*kind) == word)
}

fn read_state(row: &AnyRow) -> Result<AttachmentState> {
    match row.text("state")?.as_str() {
        "uploading" => Ok(AttachmentState::Uploading { received: row.int("received")? }),
        "processing" => Ok(AttachmentState::Processing),
        "ready" => Ok(AttachmentState::Ready),
        "refused" => Ok(AttachmentState::Refused { reason: row.text("reason")? }),
        _ => Err(StoreError::Unreadable("state")),
    }
}

fn read_facts(row: &AnyRow) -> Result<Option<ClipFacts>> {
    let Some(duration) = row.maybe_micros("clip_duration_us")? else { return Ok(None) };
    let count = |column| row.maybe_count(column)?.ok_or(StoreError::Unreadable(column));
    Ok(Some(ClipFacts {
        duration,
        missing: row.maybe_micros("clip_missing_us")?.unwrap_or_default(),
        width: count("clip_width")?,
        height: count("clip_height")?,
        frames: count("clip_frames")?,
        audio: row.maybe_int("clip_audio")? == Some(1),
    }))
}

fn read_still(row: &AnyRow) -> Result<Option<StillOf>> {
    let parts =
        (row.maybe_id("still_clip_id")?, row.maybe_count("still_frame")?, row.maybe_micros("still_at_us")?);
    Ok(match parts {
        (Some(clip), Some(frame), Some(at)) => Some(StillOf { clip, frame, at }),
        _ => None,
    })
}

/// The path of an attachment's media page.
fn link(row: &AnyRow) -> Result<Option<String>> {
    let revoked = row.maybe_time("revoked_at")?.is_some();
    let capability = row.maybe_text("capability")?.filter(|_| !revoked);
    Ok(capability.map(|capability| format!("/m/{capability}")))
}

fn from_row(row: &AnyRow) -> Result<Attachment> {
    Ok(Attachment {
        id: row.id("id")?,
        conversation: row.id("conversation_id")?,
        message: row.id("message_id")?,
        kind: row.word("kind", read_kind)?,
        name: row.text("name")?,
        mime: row.text("mime")?,
        bytes: row.int("bytes")?,
        state: read_state(row)?,
        sha256: row.maybe_text("sha256")?,
        clip: read_facts(row)?,
        still_of: read_still(row)?,
        caption: row.text("caption")?,
        captured_at: row.maybe_time("captured_at")?,
        uploaded_at: row.maybe_time("uploaded_at")?,
        link: link(row)?,
        has_poster: row.flag("has_poster")?,
        has_rendition: row.flag("has_rendition")?,
    })
}

impl Store {
    /// An attachment, if this view holds it. Its link is a path.
    pub async fn attachment(
        &self,
        practice: PracticeId,
        view: View,
        id: AttachmentId,
    ) -> Result<Option<Attachment>> {
        find(&mut *self.pool().acquire().await?, practice, view, id).await
    }

    /// Whether this author wrote the message that an attachment goes with: nobody else may send its bytes.
    pub async fn is_author_of(&self, practice: PracticeId, author: Author, id: AttachmentId) -> Result<bool> {
        let (author_kind, author_id) = author_words(author);
        let row = sqlx::query(
            "SELECT m.id FROM attachments a \
             JOIN messages m ON m.practice_id = a.practice_id AND m.id = a.message_id \
             WHERE a.practice_id = $1 AND a.id = $2 AND m.author_kind = $3 AND m.author_id = $4",
        )
        .bind(practice.to_string())
        .bind(id.to_string())
        .bind(author_kind)
        .bind(author_id)
        .fetch_optional(self.pool())
        .await?;
        Ok(row.is_some())
    }

    /// A door: what a media link opens. `None` as well when it was revoked.
    pub async fn attachment_by_capability(
        &self,
        capability: &str,
    ) -> Result<Option<(PracticeId, Attachment)>> {
        let sql = concat!(
            "SELECT practice_id, ",
            columns!(),
            " FROM attachments WHERE capability = $1 AND revoked_at IS NULL"
        );
        let row = sqlx::query(sql).bind(capability.to_owned()).fetch_optional(self.pool()).await?;
        row.map(|row| Ok((row.id("practice_id")?, from_row(&row)?))).transpose()
    }

    /// Closes a media link for good. Whether there was one.
    pub async fn revoke_capability(&self, capability: &str, actor: Actor, now: Millis) -> Result<bool> {
        let Some((practice, attachment)) = self.attachment_by_capability(capability).await? else {
            return Ok(false);
        };
        let mut write = self.write(By::new(practice, actor, now)).await?;
        let revision = write.revision();
        let row = sqlx::query(
            "UPDATE attachments SET revision = $3, revoked_at = $4 WHERE practice_id = $1 AND id = $2 \
             RETURNING client_id AS client_id, audience AS audience",
        )
        .bind(practice.to_string())
        .bind(attachment.id.to_string())
        .bind(revision.0)
        .bind(now.0)
        .fetch_one(write.connection())
        .await?;
        seen_by_its_client(&mut write, &row)?;
        write.log(Act::Revoked, attachment.id, Value::Null);
        write.commit().await?;
        Ok(true)
    }
}

/// Writes down an attachment whose bytes are still to come.
pub(super) async fn announce(
    write: &mut Write,
    view: View,
    conversation: &Conversation,
    message: &Message,
    position: i64,
    new: &NewAttachment,
) -> Result<()> {
    let (practice, revision) = (write.practice(), write.revision());
    if find(write.connection(), practice, View::Staff, new.id).await?.is_some() {
        // Of what the asker may not see it is not even said that it is there.
        let seen = find(write.connection(), practice, view, new.id).await?.is_some();
        return Err(if seen {
            StoreError::Conflict("There is already another attachment with this id.")
        } else {
            StoreError::Missing("attachment")
        });
    }
    if jobs::waits(write.connection(), practice, Work::Forget(new.id)).await? {
        return Err(StoreError::Conflict("A file with this id was removed here. Choose the file again."));
    }
    if let Some(still) = &new.still_of {
        let clip = find(write.connection(), practice, View::Staff, still.clip).await?;
        if clip.is_none_or(|clip| clip.conversation != conversation.id) {
            return Err(StoreError::Missing("clip"));
        }
    }
    let still = new.still_of.as_ref();
    sqlx::query(
        "INSERT INTO attachments (practice_id, id, revision, conversation_id, message_id, client_id, audience, \
         position, kind, name, mime, bytes, state, received, reason, still_clip_id, still_frame, still_at_us, \
         caption, captured_at, has_poster, has_rendition) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'uploading', 0, '', $13, $14, $15, $16, \
         $17, 0, 0)",
    )
    .bind(practice.to_string())
    .bind(new.id.to_string())
    .bind(revision.0)
    .bind(conversation.id.to_string())
    .bind(message.id.to_string())
    .bind(conversation.client.to_string())
    .bind(audience_word(message.audience))
    .bind(position)
    .bind(kind_word(new.kind))
    .bind(new.name.clone())
    .bind(new.mime.clone())
    .bind(new.bytes)
    .bind(still.map(|still| still.clip.to_string()))
    .bind(still.map(|still| i64::from(still.frame)))
    .bind(still.map(|still| still.at.0))
    .bind(new.caption.clone())
    .bind(new.captured_at.map(|at| at.0))
    .execute(write.connection())
    .await?;
    if message.audience == Audience::Everyone {
        write.seen_by(conversation.client);
    }
    Ok(())
}

/// Writes down how far an attachment has come and what was found out about it.
pub(super) async fn update(write: &mut Write, attachment: &Attachment) -> Result<()> {
    let (practice, revision) = (write.practice(), write.revision());
    let (state, received, reason) = match &attachment.state {
        AttachmentState::Uploading { received } => ("uploading", *received, ""),
        AttachmentState::Processing => ("processing", attachment.bytes, ""),
        AttachmentState::Ready => ("ready", attachment.bytes, ""),
        AttachmentState::Refused { reason } => ("refused", attachment.bytes, reason.as_str()),
    };
    let clip = attachment.clip.as_ref();
    let row = sqlx::query(
        "UPDATE attachments SET revision = $3, mime = $4, state = $5, received = $6, reason = $7, sha256 = $8, \
         clip_duration_us = $9, clip_width = $10, clip_height = $11, clip_frames = $12, clip_audio = $13, \
         uploaded_at = $14, has_poster = $15, has_rendition = $16, clip_missing_us = $17 WHERE practice_id = $1 AND id = $2 \
         RETURNING client_id AS client_id, audience AS audience",
    )
    .bind(practice.to_string())
    .bind(attachment.id.to_string())
    .bind(revision.0)
    .bind(attachment.mime.clone())
    .bind(state)
    .bind(received)
    .bind(reason.to_owned())
    .bind(attachment.sha256.clone())
    .bind(clip.map(|clip| clip.duration.0))
    .bind(clip.map(|clip| i64::from(clip.width)))
    .bind(clip.map(|clip| i64::from(clip.height)))
    .bind(clip.map(|clip| i64::from(clip.frames)))
    .bind(clip.map(|clip| Flag::store(clip.audio)))
    .bind(attachment.uploaded_at.map(|at| at.0))
    .bind(Flag::store(attachment.has_poster))
    .bind(Flag::store(attachment.has_rendition))
    .bind(clip.map(|clip| clip.missing.0))
    .fetch_optional(write.connection())
    .await?;
    row.map_or(Ok(()), |row| seen_by_its_client(write, &row))
}

fn seen_by_its_client(write: &mut Write, row: &AnyRow) -> Result<()> {
    if row.word("audience", read_audience)? == Audience::Everyone {
        write.seen_by(row.id("client_id")?);
    }
    Ok(())
}

/// Takes what went with a message out of its client's view, and closes its links.
pub(super) async fn hide(write: &mut Write, message: &Message) -> Result<()> {
    let (practice, revision, now) = (write.practice(), write.revision(), write.by().at);
    let hidden = sqlx::query(
        "UPDATE attachments SET revision = $3, audience = 'staff', revoked_at = COALESCE(revoked_at, $4) \
         WHERE practice_id = $1 AND message_id = $2 RETURNING id AS id, client_id AS client_id",
    )
    .bind(practice.to_string())
    .bind(message.id.to_string())
    .bind(revision.0)
    .bind(now.0)
    .fetch_all(write.connection())
    .await?;
    if message.audience == Audience::Everyone {
        for row in hidden {
            tombstones::bury(write, Some(row.id("client_id")?), "attachment", &row.text("id")?).await?;
        }
    }
    Ok(())
}

/// Shows what goes with a message to its client.
pub(super) async fn show(write: &mut Write, message: &Message) -> Result<()> {
    let (practice, revision) = (write.practice(), write.revision());
    sqlx::query(
        "UPDATE attachments SET revision = $3, audience = 'everyone' WHERE practice_id = $1 AND message_id = $2",
    )
    .bind(practice.to_string())
    .bind(message.id.to_string())
    .bind(revision.0)
    .execute(write.connection())
    .await?;
    Ok(())
}

/// Gives an attachment its link, once.
pub(super) async fn give_capability(write: &mut Write, id: AttachmentId, capability: &str) -> Result<()> {
    let practice = write.practice();
    sqlx::query(
        "UPDATE attachments SET capability = $3 WHERE practice_id = $1 AND id = $2 AND capability IS NULL",
    )
    .bind(practice.to_string())
    .bind(id.to_string())
    .bind(capability.to_owned())
    .execute(write.connection())
    .await?;
    Ok(())
}

pub(super) async fn find(
    connection: &mut AnyConnection,
    practice: PracticeId,
    view: View,
    id: AttachmentId,
) -> Result<Option<Attachment>> {
    let sql = per_view!(view;
        "SELECT ",
        columns!(),
        " FROM attachments WHERE practice_id = $1 AND ",
        seen(attachments),
        " AND id = $3"
    );
    let row = sqlx::query(sql)
        .bind(practice.to_string())
        .bind(view.scope())
        .bind(id.to_string())
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(from_row).transpose()
}

/// What the feed tells of them.
pub(super) const FED: Fed = Fed {
    sql: |view| {
        per_view!(view;
            "SELECT ",
            columns!(),
            " FROM attachments WHERE practice_id = $1 AND ",
            seen(attachments),
            " AND revision > $3 AND revision <= $4 ORDER BY revision, position"
        )
    },
    read: |row| from_row(row).map(Entity::Attachment),
};

//! Uploads under way: what their files are to become. How far each has come is the length of its file, or the end of its
//! last part.
//!
//! **Invariant:** an upload is finished, its attachment is being processed and its job is queued in one
//! transaction: after a crash either all of it is so or none. **Invariant:** where several nodes share the files, each of
//! these steps is one of whoever holds the turn (`turns`).

use limpet_model::{Attachment, AttachmentId, AttachmentState, Millis, PracticeId};
use serde_json::Value;
use sqlx::{AnyConnection, any::AnyRow};

use super::{
    Result, Store, StoreError, Write, attachments,
    audit::Act,
    jobs::{self, Work},
    parts, quota,
    row::Columns,
    turns::{self, Hold},
};
use crate::{by::By, file_of::FileOf, view::View};

/// How long an upload is kept after its last byte, milliseconds.
pub const UPLOAD_LIFETIME: i64 = 7 * 24 * 60 * 60 * 1000;

/// An upload under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// The practice.
    pub practice: PracticeId,
    /// What it is the bytes of.
    pub attachment: AttachmentId,
    /// How many there are to be.
    pub bytes: i64,
    /// When it is given up unless more arrives.
    pub expires_at: Millis,
    /// Where a chunk whose checksum is not yet known began.
    pub unproven_from: Option<i64>,
}

impl Upload {
    /// Its file.
    pub fn file_of(&self) -> FileOf {
        FileOf { practice: self.practice, attachment: self.attachment }
    }
}

fn from_row(row: &AnyRow) -> Result<Upload> {
    Ok(Upload {
        practice: row.id("practice_id")?,
        attachment: row.id("attachment_id")?,
        bytes: row.int("bytes")?,
        expires_at: row.time("expires_at")?,
        unproven_from: row.maybe_int("unproven_from")?,
    })
}

impl Store {
    /// Begins an upload, or finds the one that was begun before.
    pub async fn begin_upload(&self, by: By, attachment: &Attachment) -> Result<Upload> {
        let (practice, now) = (by.practice, by.at);
        if let Some(upload) = self.upload(practice, attachment.id).await?
            && upload.expires_at > now
        {
            return Ok(upload);
        }
        let mut write = self.write(by).await?;
        if !matches!(attachment.state, AttachmentState::Uploading { .. }) {
            // It was given up, and did not count since.
            quota::check(&mut write, attachment.bytes).await?;
        }
        if find(write.connection(), practice, attachment.id).await?.is_none() {
            parts::begin_anew(write.connection(), FileOf { practice, attachment: attachment.id }).await?;
        }
        sqlx::query(
            "INSERT INTO uploads (practice_id, attachment_id, bytes, created_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (practice_id, attachment_id) \
             DO UPDATE SET expires_at = excluded.expires_at, unproven_from = NULL",
        )
        .bind(practice.to_string())
        .bind(attachment.id.to_string())
        .bind(attachment.bytes)
        .bind(now.0)
        .bind(now.0 + UPLOAD_LIFETIME)
        .execute(write.connection())
        .await?;
        let upload =
            find(write.connection(), practice, attachment.id).await?.ok_or(StoreError::Missing("upload"))?;
        if matches!(attachment.state, AttachmentState::Uploading { .. }) {
            write.commit_quietly().await?;
        } else {
            mark_received(&mut write, attachment, 0).await?;
            write.commit().await?;
        }
        Ok(upload)
    }

    /// An upload under way, also one that has run out and is still to be swept away.
    pub async fn upload(&self, practice: PracticeId, attachment: AttachmentId) -> Result<Option<Upload>> {
        find(&mut *self.pool().acquire().await?, practice, attachment).await
    }

    /// Every upload under way, of all practices.
    pub async fn uploads(&self) -> Result<Vec<Upload>> {
        let rows = sqlx::query(
            "SELECT practice_id, attachment_id, bytes, expires_at, unproven_from FROM uploads ORDER BY expires_at",
        )
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(from_row).collect()
    }

    /// Notes that a chunk with a checksum begins at `from`, or with `None` that it was proven.
    pub async fn mark_unproven(&self, upload: &Upload, from: Option<i64>, hold: Option<&Hold>) -> Result<()> {
        let mut quiet = self.quiet().await?;
        turns::check(quiet.connection(), hold).await?;
        sqlx::query("UPDATE uploads SET unproven_from = $3 WHERE practice_id = $1 AND attachment_id = $2")
            .bind(upload.practice.to_string())
            .bind(upload.attachment.to_string())
            .bind(from)
            .execute(quiet.connection())
            .await?;
        quiet.commit().await
    }

    /// Tells devices how many bytes have arrived, and keeps the upload for as long again.
    pub async fn upload_progress(&self, upload: &Upload, received: i64, now: Millis) -> Result<()> {
        let mut write = self.write(By::server(upload.practice, now)).await?;
        let attachment =
            attachments::find(write.connection(), upload.practice, View::Staff, upload.attachment)
                .await?
                .ok_or(StoreError::Missing("attachment"))?;
        sqlx::query("UPDATE uploads SET expires_at = $3 WHERE practice_id = $1 AND attachment_id = $2")
            .bind(upload.practice.to_string())
            .bind(upload.attachment.to_string())
            .bind(now.0 + UPLOAD_LIFETIME)
            .execute(write.connection())
            .await?;
        if attachment.state == (AttachmentState::Uploading { received }) {
            return write.commit_quietly().await;
        }
        mark_received(&mut write, &attachment, received).await?;
        write.commit().await.map(drop)
    }

    /// The last byte is safe: queues the job that looks at the file.
    pub async fn finish_upload(&self, upload: &Upload, hold: Option<&Hold>, now: Millis) -> Result<()> {
        let mut write = self.write(By::server(upload.practice, now)).await?;
        turns::check(write.connection(), hold).await?;
        let mut attachment =
            attachments::find(write.connection(), upload.practice, View::Staff, upload.attachment)
                .await?
                .ok_or(StoreError::Missing("attachment"))?;
        if !delete(write.connection(), upload.practice, upload.attachment).await? {
            return write.discard().await;
        }
        attachment.state = AttachmentState::Processing;
        attachment.uploaded_at = Some(now);
        attachments::update(&mut write, &attachment).await?;
        jobs::queue(write.quiet(), upload.practice, Work::Prepare(upload.attachment), now, now).await?;
        write.commit().await.map(drop)
    }

    /// Attachments that were announced before a time and whose upload nobody ever began.
    pub async fn never_begun(&self, before: Millis) -> Result<Vec<(PracticeId, AttachmentId)>> {
        let rows = sqlx::query(
            "SELECT a.practice_id AS practice_id, a.id AS id FROM attachments a \
             JOIN messages m ON m.practice_id = a.practice_id AND m.id = a.message_id \
             LEFT JOIN uploads u ON u.practice_id = a.practice_id AND u.attachment_id = a.id \
             WHERE a.state = 'uploading' AND u.attachment_id IS NULL AND m.received_at < $1",
        )
        .bind(before.0)
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(|row| Ok((row.id("practice_id")?, row.id("id")?))).collect()
    }

    /// Gives an upload up, begun or not, with a sentence for the person who sent it. What has arrived stays.
    pub async fn abandon_upload(
        &self,
        by: By,
        id: AttachmentId,
        hold: Option<&Hold>,
        reason: &str,
    ) -> Result<()> {
        let practice = by.practice;
        let mut write = self.write(by).await?;
        turns::check(write.connection(), hold).await?;
        let mut attachment = attachments::find(write.connection(), practice, View::Staff, id)
            .await?
            .ok_or(StoreError::Missing("attachment"))?;
        if !matches!(attachment.state, AttachmentState::Uploading { .. }) {
            return write.discard().await;
        }
        delete(write.connection(), practice, id).await?;
        attachment.state = AttachmentState::Refused { reason: reason.to_owned() };
        attachments::update(&mut write, &attachment).await?;
        write.log(Act::GaveUp, id, Value::Null);
        write.commit().await.map(drop)
    }
}

async fn mark_received(write: &mut Write, attachment: &Attachment, received: i64) -> Result<()> {
    let mut attachment = attachment.clone();
    attachment.state = AttachmentState::Uploading { received };
    attachments::update(write, &attachment).await
}

/// Whether it was there.
async fn delete(connection: &mut AnyConnection, practice: PracticeId, id: AttachmentId) -> Result<bool> {
    let gone = sqlx::query("DELETE FROM uploads WHERE practice_id = $1 AND attachment_id = $2")
        .bind(practice.to_string())
        .bind(id.to_string())
        .execute(connection)
        .await?
        .rows_affected();
    Ok(gone > 0)
}

async fn find(
    connection: &mut AnyConnection,
    practice: PracticeId,
    attachment: AttachmentId,
) -> Result<Option<Upload>> {
    let row = sqlx::query(
        "SELECT practice_id, attachment_id, bytes, expires_at, unproven_from FROM uploads \
         WHERE practice_id = $1 AND attachment_id = $2",
    )
    .bind(practice.to_string())
    .bind(attachment.to_string())
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(from_row).transpose()
}

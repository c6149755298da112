//! The files that the rows say are there, of all practices: for what looks after files.

use limpet_model::{AttachmentState, Millis};
use sqlx::any::AnyRow;

use super::{Result, Store, attachments, row::Columns};
use crate::{blobs::Part, by::By, file_of::FileOf, view::View};

/// What is read where a file was, in a backup that was taken while its conversation was removed.
const REMOVED: &str = "This file was kept long enough and was removed with its conversation.";

impl Store {
    /// The parts that every attachment has in the blob store, and how many bytes its original has.
    pub async fn kept_parts(&self) -> Result<Vec<(FileOf, u64, Vec<Part>)>> {
        let rows = sqlx::query(
            "SELECT practice_id, id, bytes, has_poster, has_rendition FROM attachments WHERE sha256 IS NOT NULL",
        )
        .fetch_all(self.pool())
        .await?;
        let read = |row: &AnyRow| {
            let of = FileOf { practice: row.id("practice_id")?, attachment: row.id("id")? };
            let more = [(Part::Poster, "has_poster"), (Part::Rendition, "has_rendition")];
            let mut parts = vec![Part::Original];
            for (part, column) in more {
                if row.flag(column)? {
                    parts.push(part);
                }
            }
            Ok((of, u64::try_from(row.int("bytes")?).unwrap_or(0), parts))
        };
        rows.iter().map(read).collect()
    }

    /// The SHA-256 of every attachment's original, as it arrived.
    pub async fn original_hashes(&self) -> Result<Vec<(FileOf, String)>> {
        let rows = sqlx::query("SELECT practice_id, id, sha256 FROM attachments WHERE sha256 IS NOT NULL")
            .fetch_all(self.pool())
            .await?;
        let read = |row: &AnyRow| {
            let of = FileOf { practice: row.id("practice_id")?, attachment: row.id("id")? };
            Ok((of, row.text("sha256")?))
        };
        rows.iter().map(read).collect()
    }

    /// All attachments, whether their files have arrived or not.
    pub async fn attachments_there_are(&self) -> Result<Vec<FileOf>> {
        let rows = sqlx::query("SELECT practice_id, id FROM attachments").fetch_all(self.pool()).await?;
        let read = |row: &AnyRow| Ok(FileOf { practice: row.id("practice_id")?, attachment: row.id("id")? });
        rows.iter().map(read).collect()
    }

    /// Says of an attachment that its original and what was made of it are gone.
    pub async fn files_were_removed(&self, of: FileOf, now: Millis) -> Result<()> {
        let mut write = self.write(By::server(of.practice, now)).await?;
        let found = attachments::find(write.connection(), of.practice, View::Staff, of.attachment).await?;
        let Some(mut attachment) = found else { return write.discard().await };
        attachment.state = AttachmentState::Refused { reason: REMOVED.to_owned() };
        (attachment.sha256, attachment.has_poster, attachment.has_rendition) = (None, false, false);
        attachments::update(&mut write, &attachment).await?;
        write.commit().await.map(drop)
    }
}

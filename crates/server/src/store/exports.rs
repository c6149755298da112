//! What left Limpet: transcripts that were filed or saved, and files that were saved.

use limpet_model::ExportId;
use limpet_wire::http::{ExportKind, NewExport};
use serde_json::json;

use super::{Result, Store, StoreError, attachments, audit::Act, merges};
use crate::{by::By, view::View};

impl Store {
    /// Writes down what a device says has left. Repeating it changes nothing.
    ///
    /// # Errors
    /// `Missing` for an unknown conversation, or an attachment that is not in it.
    pub async fn put_export(&self, by: By, id: ExportId, new: &NewExport) -> Result<()> {
        let practice = by.practice;
        let mut write = self.write(by).await?;
        let found = merges::find_now(write.connection(), practice, View::Staff, new.conversation).await?;
        let conversation = found.ok_or(StoreError::Missing("conversation"))?.id;
        if let Some(attachment) = new.attachment {
            let found = attachments::find(write.connection(), practice, View::Staff, attachment).await?;
            found
                .filter(|attachment| attachment.conversation == conversation)
                .ok_or(StoreError::Missing("attachment"))?;
        }
        let (act, how) = match new.how {
            ExportKind::Filed => (Act::Filed, "filed"),
            ExportKind::Saved => (Act::Exported, "saved"),
        };
        let added = sqlx::query(
            "INSERT INTO exports (practice_id, id, conversation_id, attachment_id, how, sha256, at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (practice_id, id) DO NOTHING",
        )
        .bind(practice.to_string())
        .bind(id.to_string())
        .bind(conversation.to_string())
        .bind(new.attachment.map(|attachment| attachment.to_string()))
        .bind(how)
        .bind(new.sha256.clone())
        .bind(new.at.0)
        .execute(write.connection())
        .await?
        .rows_affected();
        if added == 0 {
            return write.discard().await;
        }
        let detail = json!({ "sha256": new.sha256, "at": new.at });
        match new.attachment {
            Some(attachment) => write.log(act, attachment, detail),
            None => write.log(act, conversation, detail),
        }
        write.commit_quietly().await
    }
}

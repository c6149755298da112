//! What the job that prepares an attachment found out.

use limpet_model::{Attachment, AttachmentState, Millis};

use serde_json::Value;

use super::{
    Result, Store, StoreError, attachments,
    audit::Act,
    jobs::{self, Job, Work},
};
use crate::{
    by::{Actor, By},
    file_of::FileOf,
    secrets::new_token,
    view::View,
};

impl Store {
    /// Writes down what was found out; `done` when there is nothing left to do. The first time, the attachment gets its
    /// link. False, and nothing is written, when the claim no longer counts.
    pub async fn write_findings(
        &self,
        job: Job,
        found: &Attachment,
        done: bool,
        now: Millis,
    ) -> Result<bool> {
        let capability = new_token()?;
        let mut write = self.write(By::server(job.practice, now)).await?;
        let stored = attachments::find(write.connection(), job.practice, View::Staff, found.id).await?;
        if stored.is_none() {
            return Err(StoreError::Missing("attachment"));
        }
        if !jobs::hold(write.connection(), job, done).await? {
            write.discard().await?;
            return Ok(false);
        }
        attachments::update(&mut write, found).await?;
        attachments::give_capability(&mut write, found.id, &capability).await?;
        write.commit().await?;
        Ok(true)
    }

    /// Has an attachment prepared once more, from its original.
    pub async fn prepare_again(&self, of: FileOf, now: Millis) -> Result<()> {
        let mut write = self.write(By::new(of.practice, Actor::Operator, now)).await?;
        let stored = attachments::find(write.connection(), of.practice, View::Staff, of.attachment).await?;
        let Some(mut attachment) = stored else { return Err(StoreError::Missing("attachment")) };
        attachment.state = AttachmentState::Processing;
        // They are made again, or there are none any more.
        (attachment.has_poster, attachment.has_rendition) = (false, false);
        attachments::update(&mut write, &attachment).await?;
        jobs::queue(write.quiet(), of.practice, Work::Prepare(of.attachment), now, now).await?;
        write.log(Act::MadeAgain, of.attachment, Value::Null);
        write.commit().await.map(drop)
    }
}

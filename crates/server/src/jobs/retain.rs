//! Removing what is old enough: once a day, a few conversations at a time, and after them their files.

use std::time::Duration;

use limpet_model::{AttachmentId, ConversationId, PracticeId};

use super::trouble::Trouble;
use crate::{
    app::App,
    file_of::FileOf,
    retention::{bounds, next_run},
    store::jobs::{Job, PutBack},
};

/// Conversations in a transaction, and in a look for more.
const AT_ONCE: i64 = 20;
/// How long others have the turn to write between two transactions, and devices to hear of the last.
const PAUSE: Duration = Duration::from_millis(100);

/// Removes everything of a practice that is due, and comes back tomorrow.
pub(super) async fn retain(app: &App, job: Job, id: PracticeId) -> Result<(), Trouble> {
    let Some(practice) = app.store.practice(id).await? else {
        return if app.store.finish_job(job).await? { Ok(()) } else { Err(Trouble::Lost) };
    };
    let removed = conversations(app, job).await?;
    let mut people = 0;
    while app.store.remove_somebody(job, app.now()).await?.ok_or(Trouble::Lost)? {
        people += 1;
        tokio::time::sleep(PAUSE).await;
    }
    if removed > 0 || people > 0 {
        tracing::info!(practice = %id, conversations = removed, people, "Removed what was kept long enough");
    }
    let tomorrow = next_run(&practice, app.now());
    Ok(app.store.put_back_job(job, PutBack::Interrupted, tomorrow, "").await?)
}

async fn conversations(app: &App, job: Job) -> Result<usize, Trouble> {
    let (mut removed, mut after): (usize, Option<ConversationId>) = (0, None);
    loop {
        // Asked again each time: it may have been set otherwise meanwhile.
        let practice = app.store.practice(job.practice).await?;
        let Some(bounds) = practice.and_then(|practice| bounds(&practice, app.now())) else {
            return Ok(removed);
        };
        let found = app.store.ended_before(job.practice, bounds, after, AT_ONCE).await?;
        let Some(last) = found.last() else { return Ok(removed) };
        after = Some(last.id);
        let mut due: Vec<ConversationId> = found.iter().filter(|it| !it.held).map(|it| it.id).collect();
        while !due.is_empty() {
            let done = app.store.remove_conversations(job, &due, app.now()).await?.ok_or(Trouble::Lost)?;
            app.metrics.removed("conversation", done.conversations);
            removed += done.conversations;
            due.drain(..done.looked_at);
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Takes away the files of an attachment that is gone.
pub(super) async fn forget(app: &App, job: Job, attachment: AttachmentId) -> Result<(), Trouble> {
    app.blobs.remove(FileOf { practice: job.practice, attachment }).await?;
    app.metrics.removed("file", 1);
    if app.store.finish_job(job).await? { Ok(()) } else { Err(Trouble::Lost) }
}

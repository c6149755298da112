//! Sending one entry.

use std::sync::Arc;

use limpet_cache::{
    media::MediaKind,
    outbox::{Entry, Work},
};
use limpet_wire::{Code, Failure};

use super::{Shared, SyncEvent};
use crate::{
    ServerError,
    plan::{Answer, Verdict, verdict},
};

pub(super) async fn perform(shared: Arc<Shared>, entry: Entry) -> (Entry, Verdict) {
    let sent = match &entry.work {
        Work::Upload { .. } => upload(&shared, &entry).await,
        work => shared.parts.server.tell(work, &key_of(&entry)).await,
    };
    let verdict = match sent {
        Ok(()) => verdict(Answer::Done),
        Err(error) => {
            tracing::info!(kind = entry.work.kind(), attempts = entry.attempts, %error, "An entry was not sent");
            match error.answer() {
                Some(answer) => verdict(answer),
                None => Verdict::Refused(unreadable_file()),
            }
        }
    };
    (entry, verdict)
}

async fn upload(shared: &Arc<Shared>, entry: &Entry) -> Result<(), ServerError> {
    let Work::Upload { attachment, bytes, .. } = entry.work else { return Ok(()) };
    let store = &shared.parts.store;
    let progress = |sent: u64| {
        let sent = i64::try_from(sent).unwrap_or(i64::MAX);
        // One short write every few megabytes; the next attempt asks the server anyway.
        if let Err(error) = store.outbox.sent(entry.nr, sent) {
            tracing::warn!(%error, "The progress of an upload could not be noted");
        }
        shared.tell(SyncEvent::Progress { attachment, sent, total: bytes });
    };
    let length = u64::try_from(bytes).unwrap_or(0);
    shared.parts.server.upload(&store.outgoing, attachment, length, &progress).await?;
    // The server has it; what was outgoing is now a copy that may go when room is needed.
    let now = shared.parts.clock.now();
    let handed_over = shared.on_disk(move |store| {
        for kind in [MediaKind::Original, MediaKind::Poster] {
            store.outgoing.hand_over(&store.arrived, attachment, kind)?;
        }
        store.cache.media_used(attachment, MediaKind::Original, length, now)
    });
    if let Err(error) = handed_over.await {
        tracing::warn!(%attachment, %error, "A sent file could not be moved to the cache");
    }
    Ok(())
}

/// Names what this entry says now. Said again after an answer that was lost, it must not undo what somebody else did
/// meanwhile; said anew with other words, it has another name.
fn key_of(entry: &Entry) -> String {
    format!("{}-{}", entry.created_at.0, entry.nr)
}

fn unreadable_file() -> Failure {
    Failure::new(
        Code::Internal,
        "The copy of this file on this computer cannot be read. Discard the message and attach the file again.",
    )
}

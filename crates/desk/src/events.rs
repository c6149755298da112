//! What the synchronisation reports becomes what the UI is told.

use std::sync::Arc;

use limpet_sync::{Link, SyncEvent};
use limpet_wire::{Failure, desk::DeskEvent};
use tokio::sync::mpsc;

use crate::{hub::Hub, presence, profile, session};

pub(crate) async fn pump(hub: Arc<Hub>, mut heard: mpsc::UnboundedReceiver<SyncEvent>) {
    while let Some(event) = heard.recv().await {
        match event {
            SyncEvent::Link => {
                let link = hub.signed_in().map(|here| here.engine.link());
                if link == Some(Link::SignedOut) {
                    session::session_over(&hub).await;
                }
                if link == Some(Link::Online) {
                    hub.fetches.go_on();
                    hub.ahead.notify_one();
                }
                hub.tell(DeskEvent::State);
            }
            SyncEvent::Arrived(ids) => {
                if !ids.is_empty() {
                    hub.tell(DeskEvent::Conversations { ids: ids.into_iter().collect() });
                }
                hub.tell(DeskEvent::Lists);
                hub.ahead.notify_one();
            }
            SyncEvent::Present(present) => presence::hear(&hub, present),
            SyncEvent::NobodyKnown => presence::forget(&hub),
            SyncEvent::Outbox(conversation) => {
                // The ending that a filing waits for may have arrived.
                hub.filing.notify_one();
                if let Some(id) = conversation {
                    hub.tell_conversation(id);
                }
                hub.tell(DeskEvent::State);
            }
            SyncEvent::Progress { attachment, sent, total } => {
                hub.tell(DeskEvent::Progress { attachment, sent, total });
            }
            SyncEvent::ChangeRefused(failure) => {
                hub.set_notice(change_refused(&failure));
                // A filing that waits for an ending is refused with it.
                hub.filing.notify_one();
            }
            SyncEvent::CacheRebuilt(kept) => hub.set_notice(profile::cache_rebuilt(kept.as_deref())),
            SyncEvent::Trouble(failure) => hub.set_notice(failure),
        }
    }
}

/// The notice about a change that the server did not take.
pub(crate) fn change_refused(failure: &Failure) -> Failure {
    Failure::new(
        failure.code,
        format!(
            "The server did not take a change: {} Try again, or close this notice to drop the change; what was \
             written about the end of a conversation then comes back as a note there.",
            failure.message
        ),
    )
}

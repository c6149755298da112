//! The care of a conversation: opening, assigning, urgency, ending, inviting the client.

use std::sync::Arc;

use limpet_cache::{
    CacheError,
    outbox::{EntryState, Work},
};
use limpet_model::{ConversationId, ConversationState};
use limpet_sync::lay_over;
use limpet_wire::{
    Code, Failure,
    desk::{AssignTo, DeskEvent, EndConversation, MarkUrgent, StartConversation},
    http::{Assign, ConversationChange, Invitation, MESSAGE_LIMIT, NewConversation},
};

use crate::{filings, hub::Hub};

pub(crate) async fn start(hub: &Arc<Hub>, wanted: StartConversation) -> Result<ConversationId, Failure> {
    let subject = wanted.subject.trim().to_owned();
    if subject.is_empty() {
        return Err(Failure::new(Code::Invalid, "Say in a few words what the conversation is about."));
    }
    let (client, patient) = (wanted.client, wanted.patient);
    hub.on_disk(move |here| {
        let cache = &here.store.cache;
        let belongs = cache.patient(patient)?.is_some_and(|patient| patient.client == client);
        if belongs && cache.client(client)?.is_some() {
            Ok(())
        } else {
            Err(Failure::new(
                Code::NotFound,
                "This client or patient is no longer here. Choose again from the list.",
            ))
        }
    })
    .await?;
    let id = ConversationId::new();
    let new = NewConversation { client, patient, subject, opened_at: hub.clock.now() };
    hub.queue(Work::Conversation { id, new }).await?;
    Ok(id)
}

pub(crate) async fn assign(hub: &Arc<Hub>, wanted: AssignTo) -> Result<(), Failure> {
    change(
        hub,
        wanted.conversation,
        ConversationChange { assign: Some(Assign { to: wanted.to }), ..Default::default() },
    )
    .await
}

pub(crate) async fn mark_urgent(hub: &Arc<Hub>, wanted: MarkUrgent) -> Result<(), Failure> {
    change(hub, wanted.conversation, ConversationChange { urgent: Some(wanted.urgent), ..Default::default() })
        .await
}

pub(crate) async fn reopen(hub: &Arc<Hub>, id: ConversationId) -> Result<(), Failure> {
    change(hub, id, ConversationChange { state: Some(ConversationState::Open), ..Default::default() }).await
}

pub(crate) async fn end(hub: &Arc<Hub>, wanted: EndConversation) -> Result<(), Failure> {
    let id = wanted.conversation;
    let now = hub.clock.now();
    for text in [&wanted.summary, &wanted.plan] {
        if text.chars().count() > MESSAGE_LIMIT {
            return Err(Failure::new(
                Code::Invalid,
                format!("The summary and the plan may have {MESSAGE_LIMIT} characters each. Shorten them."),
            ));
        }
    }
    let seen = hub.on_disk(move |here| Ok(here.store.cache.newest_received(id)?)).await?;
    let ending = ConversationChange {
        state: Some(ConversationState::Ended),
        at: Some(now),
        seen: Some(seen),
        summary: Some(wanted.summary),
        plan: Some(wanted.plan),
        ..Default::default()
    };
    if !wanted.file {
        return change(hub, id, ending).await;
    }
    hub.on_disk(move |here| {
        let filing = filings::new(&here.store, id, wanted.include_notes, now)?;
        exists(here, id)?;
        let work = Work::Change { conversation: id, change: ending };
        here.store.outbox.add_with_filing(&work, &filing, now)?;
        lay_over(&here.store, here.signed_in.staff.id)?;
        Ok(())
    })
    .await?;
    hub.filing.notify_one();
    hub.queued(Some(id))
}

async fn change(hub: &Arc<Hub>, id: ConversationId, change: ConversationChange) -> Result<(), Failure> {
    hub.on_disk(move |here| exists(here, id)).await?;
    hub.queue(Work::Change { conversation: id, change }).await
}

fn exists(here: &crate::hub::Here, id: ConversationId) -> Result<(), Failure> {
    here.store.cache.conversation(id)?.map(drop).ok_or_else(|| CacheError::NotFound.into())
}

pub(crate) async fn invite(hub: &Arc<Hub>, id: ConversationId) -> Result<Invitation, Failure> {
    let here = hub.here()?;
    let known = hub
        .on_disk(move |here| {
            let mut entries = here.store.outbox.entries()?.into_iter();
            Ok(!entries.any(|entry| {
                entry.state != EntryState::Accepted
                    && matches!(entry.work, Work::Conversation { id: new, .. } if new == id)
            }))
        })
        .await?;
    if !known {
        return Err(Failure::new(
            Code::Offline,
            "The server does not know this conversation yet. Try again when Limpet is online.",
        ));
    }
    here.signed_in.engine.try_now();
    here.signed_in.engine.server().invite(id).await.map_err(|error| match Failure::from(error) {
        Failure { code: Code::Offline, .. } => Failure::new(
            Code::Offline,
            "A link for the client can only be made online. Try again when Limpet is online.",
        ),
        other => other,
    })
}

/// Takes the notice down and with it the changes that the server refused. A conversation in which messages wait is
/// not dropped: its notice stays.
pub(crate) async fn drop_refused(hub: &Arc<Hub>) -> Result<(), Failure> {
    hub.clear_notice();
    if hub.here().is_err() {
        return Ok(());
    }
    let now = hub.clock.now();
    let left = hub
        .on_disk(move |here| {
            if here.store.outbox.drop_refused_changes(now)? > 0 {
                lay_over(&here.store, here.signed_in.staff.id)?;
            }
            Ok(here.store.outbox.refused_changes()?)
        })
        .await?;
    for failure in left {
        hub.set_notice(Failure::new(
            failure.code,
            format!(
                "The server did not take a new conversation in which messages wait: {} Mend that and try again, or \
                 discard the messages first.",
                failure.message
            ),
        ));
    }
    hub.tell(DeskEvent::Lists);
    hub.queued(None)
}

/// Sends once more what the server refused.
pub(crate) async fn retry_refused(hub: &Arc<Hub>) -> Result<(), Failure> {
    // Taken down first: what is refused meanwhile has a notice of its own.
    let notice = hub.notice();
    hub.clear_notice();
    let queued = hub
        .on_disk(|here| {
            here.store.outbox.retry_changes()?;
            Ok(lay_over(&here.store, here.signed_in.staff.id)?)
        })
        .await;
    if let Some(notice) = notice.filter(|_| queued.is_err()) {
        hub.set_notice(notice);
    }
    queued?;
    hub.queued(None)
}

//! Who else is in a conversation now, as the server said last, and saying so of oneself.
//!
//! **Invariant:** it passes. Nothing of it is kept, nothing of it waits in the outbox, and without a connection nobody is
//! anywhere.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use limpet_model::ConversationId;
use limpet_sync::Link;
use limpet_wire::{
    Failure,
    desk::{BeHere, DeskEvent, PersonHere},
    http::{Presence, Present, PresentAs, PresentPerson},
};

use crate::hub::Hub;

/// What has not been told by then is old news.
const PATIENCE: Duration = Duration::from_secs(5);

/// Who is where.
#[derive(Default)]
pub(crate) struct Presences(Mutex<HashMap<ConversationId, Vec<PresentPerson>>>);

impl Presences {
    fn all(&self) -> MutexGuard<'_, HashMap<ConversationId, Vec<PresentPerson>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The server says who is in a conversation.
pub(crate) fn hear(hub: &Hub, present: Present) {
    let conversation = present.conversation;
    if present.people.is_empty() {
        hub.presences.all().remove(&conversation);
    } else {
        hub.presences.all().insert(conversation, present.people);
    }
    hub.tell(DeskEvent::Presence { conversation });
}

/// The line broke: nobody is known to be anywhere.
pub(crate) fn forget(hub: &Hub) {
    let known = std::mem::take(&mut *hub.presences.all());
    for conversation in known.into_keys() {
        hub.tell(DeskEvent::Presence { conversation });
    }
}

/// Everybody else who is in a conversation.
pub(crate) async fn who(hub: &Arc<Hub>, id: ConversationId) -> Result<Vec<PersonHere>, Failure> {
    let people = hub.presences.all().get(&id).cloned().unwrap_or_default();
    if people.is_empty() {
        return Ok(Vec::new());
    }
    hub.on_disk(move |here| {
        let (cache, me) = (&here.store.cache, here.signed_in.staff.id);
        let mut others = Vec::new();
        for PresentPerson { who, typing } in people {
            let name = match who {
                PresentAs::Staff(staff) if staff == me => continue,
                PresentAs::Staff(staff) => cache.staff_member(staff)?.map(|member| member.name),
                PresentAs::Client => match cache.conversation(id)? {
                    Some(conversation) => cache.client(conversation.client)?.map(|client| client.name),
                    None => None,
                },
                PresentAs::Practice => None,
            };
            // Whom this computer does not know yet is told of as soon as the feed has come that far.
            let Some(name) = name else { continue };
            others.push(PersonHere { name, is_client: who == PresentAs::Client, typing });
        }
        Ok(others)
    })
    .await
}

/// Tells the server that one is in a conversation, or writing there. That it could not be told is no news to anybody.
pub(crate) async fn be_here(hub: &Arc<Hub>, wanted: BeHere) -> Result<(), Failure> {
    let here = hub.here()?;
    let BeHere { conversation, here: is_here, typing } = wanted;
    if here.signed_in.engine.link() == Link::Online {
        let said = Presence { here: is_here, typing };
        let told = here.signed_in.engine.server().be_present(conversation, said);
        let _ = tokio::time::timeout(PATIENCE, told).await;
    }
    Ok(())
}

//! A conversation with everything around it, put together from cache and outbox.

use std::{collections::HashMap, sync::Arc};

use limpet_cache::outbox::{Entry, EntryState, Work};
use limpet_model::{
    Attachment, AttachmentId, AttachmentState, Audience, Author, Client, Conversation, ConversationId,
    Message, MessageId, Patient, Sex, StaffMember,
};
use limpet_sync::Store;
use limpet_wire::{
    Failure,
    desk::{Delivery, Thread, ThreadMessage},
};

use crate::hub::Hub;

pub(crate) async fn open(hub: &Arc<Hub>, id: ConversationId) -> Result<Thread, Failure> {
    hub.on_disk(move |here| read(&here.store, id)).await
}

/// Everybody seen in the last messages: moves the staff's read mark to the newest of them.
pub(crate) async fn mark_read(hub: &Arc<Hub>, id: ConversationId) -> Result<(), Failure> {
    let newest = hub
        .on_disk(move |here| {
            let conversation =
                here.store.cache.conversation(id)?.ok_or(limpet_cache::CacheError::NotFound)?;
            let messages = here.store.cache.messages(id)?;
            let from_client = messages.iter().filter(|message| matches!(message.author, Author::Client(_)));
            let newest = from_client.map(|message| message.received_at).max();
            Ok(newest.filter(|newest| *newest > conversation.read_by_staff))
        })
        .await?;
    match newest {
        Some(at) => hub.queue(Work::Read { conversation: id, at }).await,
        None => Ok(()),
    }
}

/// The thread as this device sees it.
pub(crate) fn read(store: &Store, id: ConversationId) -> Result<Thread, Failure> {
    let cache = &store.cache;
    let conversation = cache.conversation(id)?.ok_or(limpet_cache::CacheError::NotFound)?;
    let staff = cache.staff()?;
    let client = cache.client(conversation.client)?.unwrap_or_else(|| unknown_client(&conversation));
    let patient = cache.patient(conversation.patient)?.unwrap_or_else(|| unknown_patient(&conversation));
    let pending = Pending::of(store.outbox.entries()?, id);
    let mut attachments: HashMap<AttachmentId, Attachment> =
        cache.attachments(id)?.into_iter().map(|attachment| (attachment.id, attachment)).collect();
    let messages = cache
        .messages(id)?
        .into_iter()
        .map(|message| ThreadMessage {
            author: author(&message, &client, &staff),
            delivery: pending.delivery(&message, &conversation),
            attachments: message
                .attachments
                .iter()
                .filter_map(|id| attachments.remove(id))
                .map(|attachment| pending.uploaded(attachment))
                .collect(),
            message,
        })
        .collect();
    let filings = store.outbox.filings(id)?;
    let draft = store.outbox.draft(id)?;
    let staff = staff.into_iter().filter(|member| member.active).collect();
    Ok(Thread { conversation, client, patient, messages, filings, draft, staff })
}

fn author(message: &Message, client: &Client, staff: &[StaffMember]) -> String {
    match message.author {
        Author::Staff(id) => {
            staff.iter().find(|member| member.id == id).map(|member| member.name.clone()).unwrap_or_default()
        }
        Author::Client(_) => client.name.clone(),
        Author::System => "Limpet".to_owned(),
    }
}

/// The part of the outbox that is about one conversation's messages.
struct Pending {
    of_message: HashMap<MessageId, Vec<EntryState>>,
    sent: HashMap<AttachmentId, i64>,
}

impl Pending {
    fn of(entries: Vec<Entry>, conversation: ConversationId) -> Self {
        let mut pending = Self { of_message: HashMap::new(), sent: HashMap::new() };
        for entry in entries.into_iter().filter(|entry| entry.work.conversation() == Some(conversation)) {
            let message = match entry.work {
                Work::Message { id, .. } => id,
                Work::Upload { attachment, message, .. } => {
                    pending.sent.insert(attachment, entry.sent);
                    message
                }
                _ => continue,
            };
            pending.of_message.entry(message).or_default().push(entry.state);
        }
        pending
    }

    fn delivery(&self, message: &Message, conversation: &Conversation) -> Delivery {
        let states = self.of_message.get(&message.id).map(Vec::as_slice).unwrap_or_default();
        if let Some(reason) = states.iter().find_map(|state| match state {
            EntryState::Refused(reason) => Some(reason.clone()),
            _ => None,
        }) {
            return Delivery::Refused { reason };
        }
        if states.contains(&EntryState::Sending) {
            return Delivery::Sending;
        }
        if states.contains(&EntryState::Queued) {
            return Delivery::Queued;
        }
        let at = message.received_at;
        match (message.author, message.audience) {
            // Until the feed brings it back, its time is only ours.
            _ if !states.is_empty() => Delivery::Sent,
            (Author::Staff(_), Audience::Everyone) if at <= conversation.read_by_client => Delivery::Read,
            (Author::Staff(_), Audience::Everyone) if at <= conversation.delivered_to_client => {
                Delivery::Delivered
            }
            (Author::Client(_), _) if at <= conversation.read_by_staff => Delivery::Read,
            _ => Delivery::Sent,
        }
    }

    fn uploaded(&self, mut attachment: Attachment) -> Attachment {
        if let (Some(sent), AttachmentState::Uploading { received }) =
            (self.sent.get(&attachment.id), &mut attachment.state)
        {
            *received = (*received).max(*sent);
        }
        attachment
    }
}

/// The feed brings a client after its conversation when the client changed later; until then there is no name.
fn unknown_client(conversation: &Conversation) -> Client {
    Client {
        id: conversation.client,
        name: String::new(),
        email: String::new(),
        phone: String::new(),
        address: String::new(),
        pms_id: String::new(),
    }
}

fn unknown_patient(conversation: &Conversation) -> Patient {
    Patient {
        id: conversation.patient,
        client: conversation.client,
        name: String::new(),
        species: String::new(),
        breed: String::new(),
        sex: Sex::Unknown,
        born: String::new(),
        colour: String::new(),
        weight_kg: None,
        alert: String::new(),
        pms_id: String::new(),
    }
}

//! What a person on this device should see: the server's state with everything pending applied.
//!
//! **Invariant:** a pending change is shown until the server's own row contains it; a refused change to a
//! conversation is not shown, for it is not so; refused words of a person are, for they are theirs.

use std::collections::{BTreeMap, BTreeSet};

use limpet_cache::{
    cache::Overlay,
    outbox::{Entry, EntryState, Work},
};
use limpet_model::{
    Attachment, AttachmentState, Audience, Author, ClientId, Conversation, ConversationId, ConversationState,
    Ending, Message, MessageId, Millis, PatientId, StaffId,
};
use limpet_wire::http::{ConversationChange, NewAttachment, NewConversation, NewMessage};

/// What the cache has of the things the outbox is about.
#[derive(Debug, Default)]
pub struct Known {
    /// Conversations as the server last told them.
    pub conversations: BTreeMap<ConversationId, Conversation>,
    /// Messages that the feed has brought.
    pub messages: BTreeSet<MessageId>,
}

/// The overlay for these entries, in the order in which they were done. `me` is whose outbox it is.
pub fn overlay(entries: &[Entry], me: StaffId, known: &Known) -> Overlay {
    let mut clients = BTreeMap::<ClientId, _>::new();
    let mut patients = BTreeMap::<PatientId, _>::new();
    let mut conversations = BTreeMap::<ConversationId, Conversation>::new();
    let mut over = Overlay::default();
    for entry in entries {
        let refused = matches!(entry.state, EntryState::Refused(_));
        let mut on_conversation = |id: ConversationId, change: &mut dyn FnMut(&mut Conversation)| {
            if let Some(there) = conversations.get_mut(&id) {
                change(there);
            } else if let Some(there) = known.conversations.get(&id) {
                let mut there = there.clone();
                change(&mut there);
                conversations.insert(id, there);
            }
        };
        match &entry.work {
            Work::Client(client) => {
                clients.insert(client.id, client.clone());
            }
            Work::Patient(patient) => {
                patients.insert(patient.id, patient.clone());
            }
            Work::Conversation { id, new } => {
                if !known.conversations.contains_key(id) {
                    conversations.insert(*id, opened(*id, new));
                }
            }
            Work::Change { conversation, change } if !refused => {
                on_conversation(*conversation, &mut |it| apply(it, change, me, entry.created_at));
            }
            Work::Read { conversation, at } if !refused => {
                on_conversation(*conversation, &mut |it| it.read_by_staff = it.read_by_staff.max(*at));
            }
            Work::Message { id, new } if !known.messages.contains(id) => {
                if !refused && new.audience == Audience::Everyone && new.due_at.is_none() {
                    on_conversation(new.conversation, &mut |it| {
                        it.waiting_since = it.waiting_since.filter(|since| *since > new.sent_at);
                    });
                }
                over.messages.push(message(*id, new, me));
                over.attachments.extend(new.attachments.iter().map(|file| attachment(*id, new, file)));
            }
            Work::Change { .. }
            | Work::Read { .. }
            | Work::Export { .. }
            | Work::Message { .. }
            | Work::Upload { .. } => {}
        }
    }
    over.clients = clients.into_values().collect();
    over.patients = patients.into_values().collect();
    over.conversations = conversations.into_values().collect();
    over
}

fn opened(id: ConversationId, new: &NewConversation) -> Conversation {
    Conversation {
        id,
        client: new.client,
        patient: new.patient,
        subject: new.subject.clone(),
        state: ConversationState::Open,
        urgent: false,
        assignee: None,
        department: None,
        tags: Vec::new(),
        opened_at: new.opened_at,
        waiting_since: None,
        escalated_at: None,
        snooze: None,
        read_by_staff: Millis(0),
        delivered_to_client: Millis(0),
        read_by_client: Millis(0),
        ending: None,
    }
}

fn apply(it: &mut Conversation, change: &ConversationChange, me: StaffId, at: Millis) {
    if let Some(urgent) = change.urgent {
        it.urgent = urgent;
    }
    if let Some(assign) = change.assign {
        it.assignee = assign.to;
    }
    if let Some(snooze) = change.snooze {
        it.snooze = snooze.to;
    }
    if let Some(department) = change.department {
        it.department = department.to;
    }
    if let Some(tags) = &change.tags {
        it.tags.clone_from(tags);
    }
    if change.wave_off == Some(true) {
        (it.waiting_since, it.escalated_at) = (None, None);
    }
    match change.state {
        Some(ConversationState::Ended) => {
            it.state = ConversationState::Ended;
            it.waiting_since = None;
            it.snooze = None;
            it.ending = Some(Ending {
                at: change.at.unwrap_or(at),
                by: me,
                summary: change.summary.clone().unwrap_or_default(),
                plan: change.plan.clone().unwrap_or_default(),
            });
        }
        Some(ConversationState::Open) => {
            it.state = ConversationState::Open;
            it.ending = None;
        }
        None => {}
    }
}

fn message(id: MessageId, new: &NewMessage, me: StaffId) -> Message {
    Message {
        id,
        conversation: new.conversation,
        author: Author::Staff(me),
        audience: new.audience,
        automatic: false,
        body: new.body.clone(),
        attachments: new.attachments.iter().map(|file| file.id).collect(),
        sent_at: new.sent_at,
        // Until the server says when it took it.
        received_at: new.sent_at,
        mentions: new.mentions.clone(),
        due_at: new.due_at,
        edited_at: None,
        deleted_at: None,
    }
}

fn attachment(message: MessageId, new: &NewMessage, file: &NewAttachment) -> Attachment {
    Attachment {
        id: file.id,
        conversation: new.conversation,
        message,
        kind: file.kind,
        name: file.name.clone(),
        mime: file.mime.clone(),
        bytes: file.bytes,
        state: AttachmentState::Uploading { received: 0 },
        sha256: None,
        clip: None,
        still_of: file.still_of.clone(),
        caption: file.caption.clone(),
        captured_at: file.captured_at,
        uploaded_at: None,
        link: None,
        has_poster: false,
        has_rendition: false,
    }
}

#[cfg(test)]
mod tests;

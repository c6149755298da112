//! What a server answers that takes messages and tells of them in its feed, where nothing is wrong with it but what a
//! test says.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::wildcard_imports,
    missing_docs,
    unreachable_pub,
    reason = "a test stops at what it did not expect"
)]

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use limpet_model::*;
use limpet_wire::{
    changes::{Change, ChangePage, Entity},
    http::NewMessage,
};

use crate::faulty::{Reply, Seen};

/// What stands at the other end: messages by id, in the order in which they were first taken.
#[derive(Default)]
pub struct Taken {
    pub messages: BTreeMap<MessageId, (i64, Message)>,
    pub order: Vec<MessageId>,
}

/// A server that takes messages and answers the feed; `fault` decides about each PUT.
pub fn taking(
    taken: Arc<Mutex<Taken>>,
    fault: impl Fn(usize) -> Fault + Send + Sync + 'static,
) -> impl Fn(&Seen) -> Reply + Send + Sync {
    let puts = Mutex::new(0_usize);
    move |seen| {
        let mut taken = taken.lock().unwrap();
        if seen.is("GET", "/v1/live") {
            return Reply::new(200).body(": hello\n\n").then_silence();
        }
        if seen.is("GET", "/v1/changes") {
            let since: i64 = seen.path.split(['=', '&']).nth(1).unwrap().parse().unwrap();
            let changes = taken
                .messages
                .values()
                .filter(|(revision, _)| *revision > since)
                .map(|(revision, message)| Change {
                    revision: Revision(*revision),
                    entity: Entity::Message(message.clone()),
                })
                .collect();
            let newest = Revision(i64::try_from(taken.order.len()).unwrap());
            return Reply::json(&ChangePage { revision: newest, changes, more: false, epoch: String::new() });
        }
        if seen.method == "PUT" {
            let mut puts = puts.lock().unwrap();
            *puts += 1;
            let fault = fault(*puts);
            if let Fault::Busy = fault {
                return Reply::new(503);
            }
            let id: MessageId = seen.path.rsplit('/').next().unwrap().parse().unwrap();
            let new: NewMessage = serde_json::from_slice(&seen.body).unwrap();
            if !taken.messages.contains_key(&id) {
                taken.order.push(id);
                let revision = i64::try_from(taken.order.len()).unwrap();
                taken.messages.insert(id, (revision, message(id, new)));
            }
            return if let Fault::LostAnswer = fault { Reply::vanish() } else { Reply::new(204) };
        }
        Reply::new(404)
    }
}

/// What the feed answers while nothing happens; `None` to everything else.
pub fn nothing_new(seen: &Seen) -> Option<Reply> {
    match (seen.method.as_str(), seen.path.as_str()) {
        ("GET", "/v1/live") => Some(Reply::new(200).body(": hello\n\n").then_silence()),
        ("GET", _) => Some(Reply::json(&ChangePage {
            revision: Revision(1),
            changes: vec![],
            more: false,
            epoch: String::new(),
        })),
        _ => None,
    }
}

/// What goes wrong with a PUT.
pub enum Fault {
    None,
    LostAnswer,
    Busy,
}

fn message(id: MessageId, new: NewMessage) -> Message {
    Message {
        id,
        conversation: new.conversation,
        author: Author::System,
        audience: new.audience,
        automatic: false,
        body: new.body,
        attachments: vec![],
        sent_at: new.sent_at,
        received_at: new.sent_at,
        mentions: Vec::new(),
        due_at: None,
        edited_at: None,
        deleted_at: None,
    }
}

//! The change feed: the current state of everything that changed since a revision.
//!
//! `GET /v1/changes?since=R&limit=N` answers a [`ChangePage`]; `GET /v1/live` (server-sent events) sends one
//! `data: <revision>` per change and nothing else. First sync is `since=0`.
//!
//! **Invariant:** a revision is never split over two pages, so `ChangePage::revision` can always be resumed from.
//! **Invariant:** replaying any page any number of times, in any order, ends in the same state: a higher
//! revision of an entity replaces a lower one.

use limpet_model::{Attachment, Client, Conversation, Message, Patient, Practice, Revision, StaffMember};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The current state of one thing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", content = "state", rename_all = "snake_case")]
pub enum Entity {
    /// The practice itself.
    Practice(Practice),
    /// A staff member.
    StaffMember(StaffMember),
    /// A client.
    Client(Client),
    /// A patient.
    Patient(Patient),
    /// A conversation.
    Conversation(Conversation),
    /// A message or, for staff, a note.
    Message(Message),
    /// An attachment.
    Attachment(Attachment),
    /// Something that is gone.
    Tombstone(Tombstone),
}

/// What is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Tombstone {
    /// `client`, `patient`, `conversation`, `message`, `attachment` or `staff_member`.
    pub of: String,
    /// Its id.
    pub id: String,
}

/// One thing and the revision at which it last changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Change {
    /// When it last changed.
    pub revision: Revision,
    /// Its state now.
    pub entity: Entity,
}

/// A page of the feed, in revision order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ChangePage {
    /// Ask for `since` this next.
    pub revision: Revision,
    /// What changed.
    pub changes: Vec<Change>,
    /// Whether there is more right now.
    pub more: bool,
}

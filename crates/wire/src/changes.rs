//! The change feed: the current state of everything that changed since a revision.
//!
//! `GET /v1/changes?since=R&limit=N&epoch=E` answers a [`ChangePage`]; `GET /v1/live` (server-sent events) sends one
//! `data: <revision>` per change and nothing else. First sync is `since=0` without an epoch, and tells of nothing that
//! was gone by then. A page whose revision is lower than `since`, or the same although there is more, is of another past:
//! the device forgets what it has, and begins.
//!
//! **Invariant:** a revision is never split over two pages, so `ChangePage::revision` can always be resumed from.
//! **Invariant:** replaying any page any number of times, in any order, ends in the same state: a higher
//! revision of an entity replaces a lower one.
//! **Invariant:** a page is read by every version of a device. What it cannot read of one is [`Entity::Unread`], and
//! the version that can asks for it again.

use limpet_model::{
    Attachment, Client, Consent, Conversation, Department, Hold, Message, Patient, Practice, Revision,
    StaffMember, Tag, Template,
};
use serde::{Deserialize, Deserializer, Serialize};
use ts_rs::TS;

/// The current state of one thing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", content = "state", rename_all = "snake_case")]
pub enum Entity {
    /// The practice itself.
    Practice(Practice),
    /// A staff member.
    StaffMember(StaffMember),
    /// A department.
    Department(Department),
    /// A tag.
    Tag(Tag),
    /// A template.
    Template(Template),
    /// A client.
    Client(Client),
    /// What a client said to the consent text.
    Consent(Consent),
    /// A patient.
    Patient(Patient),
    /// A conversation.
    Conversation(Conversation),
    /// A message or, for staff, a note.
    Message(Message),
    /// An attachment.
    Attachment(Attachment),
    /// A hold. Only staff are sent them.
    Hold(Hold),
    /// Something that is gone. What was in a conversation goes with it, but for what has a higher revision.
    Tombstone(Tombstone),
    /// Something that this version of the device cannot read. No server sends it.
    #[serde(skip)]
    Unread,
}

/// What is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Tombstone {
    /// The `kind` of the entity it was.
    pub of: String,
    /// Its id.
    pub id: String,
}

/// One thing and the revision at which it last changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Change {
    /// When it last changed.
    pub revision: Revision,
    /// Its state now.
    #[serde(deserialize_with = "entity")]
    pub entity: Entity,
}

fn entity<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Entity, D::Error> {
    let sent = serde_json::Value::deserialize(deserializer)?;
    Ok(Entity::deserialize(sent).unwrap_or(Entity::Unread))
}

/// A page of the feed, in revision order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChangePage {
    /// Ask for `since` this next.
    pub revision: Revision,
    /// What changed.
    pub changes: Vec<Change>,
    /// Whether there is more right now.
    pub more: bool,
    /// Names the past that the revisions count in (a server that was restored from a backup has another one) and where
    /// the device began in it. Keep it as it is, and say it with the next `since`.
    #[serde(default)]
    pub epoch: String,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_newer_server_says_hides_nothing_else_of_a_page() {
        let known = json!({"kind": "tombstone", "state": {"of": "patient", "id": "7", "why": "a new field"}});
        let page = json!({"revision": 9, "more": false, "changes": [
            {"revision": 7, "entity": {"kind": "invoice", "state": {"total": 12}}},
            {"revision": 8, "entity": {"kind": "tombstone", "state": {"of": 12}}},
            {"revision": 9, "entity": known},
        ]});
        let page: ChangePage = serde_json::from_value(page).unwrap();
        let entities: Vec<Entity> = page.changes.into_iter().map(|change| change.entity).collect();
        let gone = Entity::Tombstone(Tombstone { of: "patient".into(), id: "7".into() });
        assert_eq!(entities, [Entity::Unread, Entity::Unread, gone]);
    }
}

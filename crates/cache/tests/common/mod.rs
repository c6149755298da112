//! A small practice for the tests of the cache.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::wildcard_imports,
    dead_code,
    missing_docs,
    unreachable_pub,
    reason = "each test takes what it needs, and stops at what it did not expect"
)]

use limpet_cache::{Cache, Outbox, StoreKey};
use limpet_model::*;
use limpet_wire::changes::{Change, ChangePage, Entity, Tombstone};

pub fn key() -> StoreKey {
    StoreKey::from_hex(&"07".repeat(32)).unwrap()
}

pub fn cache() -> (tempfile::TempDir, Cache) {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::open(&folder.path().join("cache.db"), &key()).unwrap();
    (folder, cache)
}

pub fn outbox() -> (tempfile::TempDir, Outbox) {
    let folder = tempfile::tempdir().unwrap();
    let outbox = Outbox::open(&folder.path().join("outbox.db"), &key()).unwrap();
    (folder, outbox)
}

pub fn client(name: &str) -> Client {
    Client {
        id: ClientId::new(),
        name: name.into(),
        email: format!("{}@example.org", name.to_lowercase().replace(' ', ".")),
        phone: "+34 600 000 001".into(),
        address: "Calle Mayor 1\nMadrid".into(),
        pms_id: String::new(),
    }
}

pub fn patient(of: &Client, name: &str) -> Patient {
    Patient {
        id: PatientId::new(),
        client: of.id,
        name: name.into(),
        species: "Dog".into(),
        breed: "Podenco".into(),
        sex: Sex::FemaleNeutered,
        born: "2019-05".into(),
        colour: "Tan".into(),
        weight_kg: Some(12.4),
        alert: String::new(),
        pms_id: "4711".into(),
    }
}

pub fn conversation(client: &Client, patient: &Patient, subject: &str, opened_at: i64) -> Conversation {
    Conversation {
        id: ConversationId::new(),
        client: client.id,
        patient: patient.id,
        subject: subject.into(),
        state: ConversationState::Open,
        urgent: false,
        assignee: None,
        department: None,
        tags: vec![],
        opened_at: Millis(opened_at),
        waiting_since: None,
        escalated_at: None,
        snooze: None,
        read_by_staff: Millis(0),
        delivered_to_client: Millis(0),
        read_by_client: Millis(0),
        ending: None,
    }
}

pub fn message(of: &Conversation, author: Author, body: &str, at: i64) -> Message {
    Message {
        id: MessageId::new(),
        conversation: of.id,
        author,
        audience: Audience::Everyone,
        automatic: false,
        body: body.into(),
        attachments: vec![],
        sent_at: Millis(at),
        received_at: Millis(at),
        mentions: Vec::new(),
        due_at: None,
        edited_at: None,
        deleted_at: None,
    }
}

pub fn clip(of: &Message, name: &str) -> Attachment {
    Attachment {
        id: AttachmentId::new(),
        conversation: of.conversation,
        message: of.id,
        kind: AttachmentKind::Clip,
        name: name.into(),
        mime: "video/mp4".into(),
        bytes: 1000,
        state: AttachmentState::Ready,
        sha256: Some("00".repeat(32)),
        clip: Some(ClipFacts {
            duration: Micros(1_500_000),
            width: 1080,
            height: 1920,
            frames: 45,
            missing: Micros(0),
            audio: true,
        }),
        still_of: None,
        caption: "on the stairs".into(),
        captured_at: Some(Millis(5)),
        uploaded_at: Some(Millis(6)),
        link: Some("https://example.org/m/x".into()),
        has_poster: true,
        has_rendition: false,
    }
}

pub fn gone(of: &str, id: &impl ToString) -> Entity {
    Entity::Tombstone(Tombstone { of: of.into(), id: id.to_string() })
}

/// One page with these entities at revisions 1, 2, 3, ...
pub fn page(entities: Vec<Entity>) -> ChangePage {
    let changes: Vec<Change> =
        (1..).zip(entities).map(|(n, entity)| Change { revision: Revision(n), entity }).collect();
    ChangePage {
        revision: Revision(i64::try_from(changes.len()).unwrap()),
        changes,
        more: false,
        epoch: String::new(),
    }
}

//! Queues and search, with and without pending changes.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at what it did not expect"
)]

mod common;

use common::*;
use limpet_cache::{
    Cache,
    cache::{ListedConversation, Overlay},
};
use limpet_model::*;
use limpet_wire::{changes::Entity, desk::Queue};

struct Clinic {
    _folder: tempfile::TempDir,
    cache: Cache,
    me: StaffId,
    owner: Client,
    animal: Patient,
    matters: Vec<Conversation>,
}

/// Five conversations: waiting since 300, waiting since 200, urgent and not waiting, mine, ended.
fn clinic() -> Clinic {
    let (folder, cache) = cache();
    let me = StaffId::new();
    let owner = client("José Núñez");
    let animal = patient(&owner, "Luna");
    let other = client("Eva Ruiz");
    let cat = patient(&other, "Milo");
    let mut matters = vec![
        conversation(&owner, &animal, "Cough at night", 1),
        conversation(&owner, &animal, "Limps", 2),
        conversation(&other, &cat, "Seizure", 3),
        conversation(&other, &cat, "Vaccination", 4),
        conversation(&other, &cat, "Old matter", 5),
    ];
    matters[0].waiting_since = Some(Millis(300));
    matters[1].waiting_since = Some(Millis(200));
    matters[2].urgent = true;
    matters[3].assignee = Some(me);
    matters[4].state = ConversationState::Ended;
    matters[4].ending = Some(Ending { at: Millis(50), by: me, summary: String::new(), plan: String::new() });
    let words = [
        message(&matters[0], Author::Client(owner.id), "She coughs\n  when lying down", 300),
        message(&matters[1], Author::Client(owner.id), "The left hind leg", 200),
        message(&matters[4], Author::Staff(me), "Rest for a week", 40),
    ];
    let mut entities: Vec<Entity> = vec![
        Entity::Client(owner.clone()),
        Entity::Patient(animal.clone()),
        Entity::Client(other),
        Entity::Patient(cat),
    ];
    entities.extend(matters.iter().cloned().map(Entity::Conversation));
    entities.extend(words.into_iter().map(Entity::Message));
    cache.apply(Revision(0), &page(entities)).unwrap();
    Clinic { _folder: folder, cache, me, owner, animal, matters }
}

impl Clinic {
    fn list(&self, queue: Queue, search: &str) -> Vec<ListedConversation> {
        self.cache.list(queue, self.me, search, 0, 50).unwrap().0
    }

    fn subjects(&self, queue: Queue, search: &str) -> Vec<String> {
        self.list(queue, search).into_iter().map(|row| row.conversation.subject).collect()
    }
}

#[test]
fn urgent_first_then_longest_waiting() {
    let clinic = clinic();
    assert_eq!(clinic.subjects(Queue::Open, ""), ["Seizure", "Limps", "Cough at night", "Vaccination"]);
    assert_eq!(clinic.subjects(Queue::Waiting, ""), ["Limps", "Cough at night"]);
    assert_eq!(clinic.subjects(Queue::Mine, ""), ["Vaccination"]);
    assert_eq!(clinic.subjects(Queue::Unassigned, ""), ["Seizure", "Limps", "Cough at night"]);
    assert_eq!(clinic.subjects(Queue::Ended, ""), ["Old matter"]);
    let counts = clinic.cache.counts(clinic.me).unwrap();
    assert_eq!((counts.waiting, counts.mine, counts.unassigned, counts.open, counts.ended), (2, 1, 3, 4, 1));
}

#[test]
fn a_row_shows_who_and_the_last_words_on_one_line() {
    let clinic = clinic();
    let rows = clinic.list(Queue::Waiting, "");
    let cough = &rows[1];
    assert_eq!(
        (cough.client.as_str(), cough.patient.as_str(), cough.species.as_str()),
        ("José Núñez", "Luna", "Dog")
    );
    assert_eq!(cough.last_line(), "She coughs when lying down");
    assert_eq!((cough.last_by_staff(), cough.last_at(), cough.unread), (false, Millis(300), true));
}

#[test]
fn pages_do_not_overlap_and_know_their_total() {
    let clinic = clinic();
    let page = |offset| {
        let (rows, total) = clinic.cache.list(Queue::Open, clinic.me, "", offset, 3).unwrap();
        (rows.into_iter().map(|row| row.conversation.subject).collect::<Vec<_>>(), total)
    };
    assert_eq!(page(0), (vec!["Seizure".into(), "Limps".into(), "Cough at night".into()], 4));
    assert_eq!(page(3), (vec!["Vaccination".into()], 4));
}

#[test]
fn every_word_is_found_wherever_it_stands() {
    let clinic = clinic();
    // In a message; without its accents, in a client's name; at a word's beginning; in patient and subject together.
    assert_eq!(clinic.subjects(Queue::Open, "lying"), ["Cough at night"]);
    assert_eq!(clinic.subjects(Queue::Open, "nunez"), ["Limps", "Cough at night"]);
    assert_eq!(clinic.subjects(Queue::Open, "cou"), ["Cough at night"]);
    assert_eq!(clinic.subjects(Queue::Open, "milo vacc"), ["Vaccination"]);
    assert_eq!(clinic.subjects(Queue::Open, "luna seizure"), Vec::<String>::new());
    assert_eq!(clinic.subjects(Queue::Ended, "week"), ["Old matter"]);
    // What means something to the index is only letters to a person.
    for typed in ["\"", "NEAR(", "a* OR b", "-", "'; DROP TABLE message", "subject:x", "%"] {
        clinic.list(Queue::Open, typed);
    }
}

#[test]
fn pending_changes_are_seen_in_lists_and_leave_the_server_rows_alone() {
    let clinic = clinic();
    let mut changed = clinic.matters[1].clone();
    changed.urgent = true;
    let mut new = conversation(&clinic.owner, &clinic.animal, "Itches", 9);
    new.assignee = Some(clinic.me);
    let reply = message(&new, Author::Staff(clinic.me), "Please send a photo of the ñandú", 10);
    let renamed = Client { name: "José Ñíguez".into(), ..clinic.owner.clone() };
    let overlay = Overlay {
        clients: vec![renamed],
        conversations: vec![changed, new],
        messages: vec![reply],
        ..Overlay::default()
    };
    clinic.cache.lay_over(&overlay).unwrap();
    assert_eq!(
        clinic.subjects(Queue::Open, ""),
        ["Limps", "Seizure", "Cough at night", "Itches", "Vaccination"]
    );
    let itches = clinic.list(Queue::Mine, "itches").remove(0);
    assert_eq!(
        (itches.client.as_str(), itches.last_line().as_str()),
        ("José Ñíguez", "Please send a photo of the ñandú")
    );
    assert_eq!(clinic.subjects(Queue::Open, "photo"), ["Itches"]);
    assert!(!clinic.cache.conversation_at_server(clinic.matters[1].id).unwrap().unwrap().urgent);

    clinic.cache.lay_over(&Overlay::default()).unwrap();
    assert_eq!(clinic.subjects(Queue::Open, ""), ["Seizure", "Limps", "Cough at night", "Vaccination"]);
}

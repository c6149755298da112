//! Writers and readers at random, all at once, with restarts: every reader comes to the same state, and no client's
//! device ever sees a note or another client's row.

use std::{collections::BTreeMap, sync::Arc};

use limpet_model::{
    AttachmentId, AttachmentKind, Audience, Author, Client, ClientId, ConversationId, ConversationState,
    MessageId, Millis, Patient, PatientId, Revision,
};
use limpet_server::{
    by::{Actor, By},
    live::Live,
    store::{Place, Store, StoreError},
    view::View,
};
use limpet_wire::{
    changes::{Change, Entity},
    http::{Assign, ConversationChange, NewAttachment, NewConversation, NewMessage},
};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};

use crate::{
    open, open_heard,
    suite::{Case, NOW, author_of, open_case, operator},
};

/// What a writer does, about one of the two clients.
#[derive(Debug, Clone, Copy)]
enum Op {
    Say { client: usize, by_client: bool },
    Note { client: usize },
    File { client: usize, noted: bool },
    Rename { client: usize },
    Give { patient: usize, to: usize },
    Change { client: usize, urgent: bool, assign: bool },
    End { client: usize },
    Read { client: usize, by_client: bool, at: i64 },
}

fn op() -> impl Strategy<Value = Op> {
    let client = 0..2_usize;
    prop_oneof![
        4 => (client.clone(), any::<bool>()).prop_map(|(client, by_client)| Op::Say { client, by_client }),
        3 => client.clone().prop_map(|client| Op::Note { client }),
        2 => (client.clone(), any::<bool>()).prop_map(|(client, noted)| Op::File { client, noted }),
        1 => client.clone().prop_map(|client| Op::Rename { client }),
        3 => (client.clone(), client.clone()).prop_map(|(patient, to)| Op::Give { patient, to }),
        2 => (client.clone(), any::<bool>(), any::<bool>())
            .prop_map(|(client, urgent, assign)| Op::Change { client, urgent, assign }),
        1 => client.clone().prop_map(|client| Op::End { client }),
        1 => (client, any::<bool>(), 0..90_i64)
            .prop_map(|(client, by_client, at)| Op::Read { client, by_client, at }),
    ]
}

/// What a few writers do at once, up to the next restart.
fn phase() -> impl Strategy<Value = Vec<Vec<Op>>> {
    prop::collection::vec(prop::collection::vec(op(), 0..12), 1..4)
}

/// Two clients of one practice.
struct World {
    case: Case,
    clients: [Client; 2],
    patients: [Patient; 2],
    conversations: [ConversationId; 2],
}

async fn world(store: &Store) -> World {
    let case = open_case(store).await;
    let second = Client { id: ClientId::new(), name: "Jonas".into(), ..case.client.clone() };
    store.put_client(operator(case.practice), &second).await.unwrap();
    let cat = Patient { id: PatientId::new(), client: second.id, ..case.patient.clone() };
    store.put_patient(operator(case.practice), &cat).await.unwrap();
    let conversation = ConversationId::new();
    let new =
        NewConversation { client: second.id, patient: cat.id, subject: "Coughs".into(), opened_at: NOW };
    store
        .open_conversation(author_of(case.practice, Author::Staff(case.vet), NOW), conversation, &new)
        .await
        .unwrap();
    World {
        clients: [case.client.clone(), second],
        patients: [case.patient.clone(), cat],
        conversations: [case.conversation, conversation],
        case,
    }
}

impl World {
    async fn apply(&self, store: &Store, op: Op, number: usize) {
        let (practice, vet) = (self.case.practice, self.case.vet);
        let now = Millis(NOW.0 + i64::try_from(number).unwrap());
        match op {
            Op::Say { client, by_client } => {
                let id = self.clients[client].id;
                let (view, author) = if by_client {
                    (View::Client(id), Author::Client(id))
                } else {
                    (View::Staff, Author::Staff(vet))
                };
                self.write(store, client, view, author, Audience::Everyone, false, now).await;
            }
            Op::Note { client } => {
                self.write(store, client, View::Staff, Author::Staff(vet), Audience::Staff, false, now).await;
            }
            Op::File { client, noted } => {
                let audience = if noted { Audience::Staff } else { Audience::Everyone };
                self.write(store, client, View::Staff, Author::Staff(vet), audience, true, now).await;
            }
            Op::Rename { client } => {
                let renamed = Client { name: format!("Client {number}"), ..self.clients[client].clone() };
                store.put_client(operator(practice), &renamed).await.unwrap();
            }
            Op::Give { patient, to } => {
                let given = Patient { client: self.clients[to].id, ..self.patients[patient].clone() };
                store.put_patient(operator(practice), &given).await.unwrap();
            }
            Op::Change { client, urgent, assign } => {
                let assign = assign.then_some(Assign { to: Some(vet) });
                let change = ConversationChange { urgent: Some(urgent), assign, ..Default::default() };
                self.change(store, client, change, now).await;
            }
            Op::End { client } => {
                let change = ConversationChange {
                    state: Some(ConversationState::Ended),
                    at: Some(now),
                    seen: Some(Millis(i64::MAX)),
                    summary: Some("SECRET summary".into()),
                    plan: Some("SECRET plan".into()),
                    ..Default::default()
                };
                self.change(store, client, change, now).await;
            }
            Op::Read { client, by_client, at } => {
                let view = if by_client { View::Client(self.clients[client].id) } else { View::Staff };
                let at = Millis(NOW.0 + at);
                let by = By::server(practice, now);
                store.read_up_to(by, view, self.conversations[client], at).await.unwrap();
            }
        }
    }

    async fn change(&self, store: &Store, client: usize, change: ConversationChange, now: Millis) {
        let of = self.conversations[client];
        let by = By::new(self.case.practice, Actor::Staff(self.case.vet), now);
        let done = store.change_conversation(by, of, &change).await;
        // Somebody else may have ended it first.
        assert!(matches!(done, Ok(()) | Err(StoreError::Conflict(_))), "{done:?}");
    }

    #[expect(clippy::too_many_arguments, reason = "who, where, for whom, what and when")]
    async fn write(
        &self,
        store: &Store,
        client: usize,
        view: View,
        author: Author,
        audience: Audience,
        with_file: bool,
        now: Millis,
    ) {
        let secret = if audience == Audience::Staff { "SECRET " } else { "" };
        let file = NewAttachment {
            id: AttachmentId::new(),
            kind: AttachmentKind::Clip,
            name: format!("{secret}walk.mov"),
            mime: String::new(),
            bytes: 10,
            caption: String::new(),
            captured_at: None,
            still_of: None,
        };
        let new = NewMessage {
            conversation: self.conversations[client],
            audience,
            body: format!("{secret}words"),
            sent_at: now,
            attachments: if with_file { vec![file] } else { Vec::new() },
            mentions: Vec::new(),
            due_at: None,
            when_open: false,
        };
        store
            .put_message(author_of(self.case.practice, author, now), view, MessageId::new(), &new)
            .await
            .unwrap();
    }
}

/// A device that follows the feed.
struct Reader {
    view: View,
    limit: u32,
    position: Revision,
    /// The newest revision when it began.
    begun: Option<Revision>,
    kept: BTreeMap<String, (Revision, Option<String>)>,
}

impl Reader {
    fn new(view: View, limit: u32) -> Self {
        Self { view, limit, position: Revision(0), begun: None, kept: BTreeMap::new() }
    }

    /// One page. Whether there is more.
    async fn pull(&mut self, store: &Store, world: &World) -> bool {
        let practice = world.case.practice;
        let begun = match self.begun {
            Some(begun) => begun,
            None => *self.begun.insert(store.revision(practice).await.unwrap()),
        };
        let place = Place { since: self.position, begun };
        let page = store.changes(practice, self.view, place, self.limit).await.unwrap();
        assert!(page.revision >= self.position);
        for change in &page.changes {
            assert!(change.revision > self.position && change.revision <= page.revision);
            self.check(change, world);
            let json = serde_json::to_value(&change.entity).unwrap();
            let (key, state) = if let Entity::Tombstone(gone) = &change.entity {
                (format!("{} {}", gone.of, gone.id), None)
            } else {
                let id = json["state"]["id"].as_str().unwrap();
                (format!("{} {id}", json["kind"].as_str().unwrap()), Some(json.to_string()))
            };
            if self.kept.get(&key).is_none_or(|(known, _)| *known < change.revision) {
                self.kept.insert(key, (change.revision, state));
            }
        }
        self.position = page.revision;
        page.more
    }

    fn check(&self, change: &Change, world: &World) {
        let View::Client(own) = self.view else { return };
        let text = serde_json::to_string(change).unwrap();
        assert!(!text.contains("SECRET"), "{text}");
        for (other, conversation) in world.clients.iter().zip(world.conversations) {
            let own = other.id == own;
            assert!(own || !text.contains(&other.id.to_string()), "{text}");
            assert!(own || !text.contains(&conversation.to_string()), "{text}");
        }
        if let Entity::Conversation(conversation) = &change.entity {
            assert_eq!(conversation.assignee, None);
        }
    }

    fn alive(&self) -> BTreeMap<&str, &str> {
        let alive = self.kept.iter().filter_map(|(key, (_, state))| Some((key.as_str(), state.as_deref()?)));
        alive.collect()
    }
}

pub async fn every_reader_comes_to_the_same_state(url: &str) {
    let mut runner = TestRunner::new(Config::default());
    let histories = (prop::collection::vec(phase(), 1..4), 1..9_u32);
    for _ in 0..16 {
        let (history, limit) = histories.new_tree(&mut runner).unwrap().current();
        println!("pages of {limit}: {history:?}");
        run(url, history, limit).await;
    }
}

async fn run(url: &str, history: Vec<Vec<Vec<Op>>>, limit: u32) {
    let mut store = open(url).await;
    let world = Arc::new(world(&store).await);
    let views = [View::Staff, View::Client(world.clients[0].id), View::Client(world.clients[1].id)];
    let mut readers = Vec::new();
    for phase in history {
        // Some devices begin in the middle of it.
        readers.extend(views.map(|view| Reader::new(view, limit)));
        let mut writers = tokio::task::JoinSet::new();
        for (writer, ops) in phase.into_iter().enumerate() {
            let (store, world) = (store.clone(), Arc::clone(&world));
            writers.spawn(async move {
                for (number, op) in ops.into_iter().enumerate() {
                    world.apply(&store, op, writer * 30 + number).await;
                }
            });
        }
        // They read while it is written.
        while !writers.is_empty() {
            for reader in &mut readers {
                reader.pull(&store, &world).await;
            }
            while let Some(done) = writers.try_join_next() {
                done.unwrap();
            }
        }
        store.close().await;
        store = open(url).await;
    }
    for reader in &mut readers {
        while reader.pull(&store, &world).await {}
        let mut fresh = Reader::new(reader.view, 1000);
        while fresh.pull(&store, &world).await {}
        assert!(fresh.kept.values().all(|(_, state)| state.is_some()), "it heard of what it never saw");
        assert_eq!(reader.alive(), fresh.alive(), "{:?}", reader.view);
        assert_eq!(reader.position, fresh.position);
        assert!(reader.alive().len() >= 4, "{:?}", reader.view);
    }
    store.close().await;
}

/// A client's device is woken by what it sees, and by nothing else.
pub async fn a_device_is_woken_by_what_it_sees(url: &str) {
    let live = Live::default();
    let store = open_heard(url, live.clone()).await;
    let world = world(&store).await;
    let practice = world.case.practice;
    let views = world.clients.each_ref().map(|client| View::Client(client.id));
    let mut ears = views.map(|view| live.listen(practice, view).revisions);
    let mut runner = TestRunner::deterministic();
    let (mut woken, mut left_alone) = (0, 0);
    for number in 0..150 {
        let op = op().new_tree(&mut runner).unwrap().current();
        let before = store.revision(practice).await.unwrap();
        world.apply(&store, op, number).await;
        for (view, ear) in views.into_iter().zip(&mut ears) {
            let sees = !store.changes(practice, view, before, 1000).await.unwrap().changes.is_empty();
            assert_eq!(ear.has_changed().unwrap(), sees, "{op:?} for {view:?}");
            ear.mark_unchanged();
            if sees { woken += 1 } else { left_alone += 1 }
        }
    }
    assert!(woken > 30 && left_alone > 30, "{woken} {left_alone}");
}

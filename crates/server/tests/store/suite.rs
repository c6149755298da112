//! What a store has to do, whatever it keeps its rows in.

use std::{process::Command, time::Duration};

use limpet_model::{
    AttachmentId, AttachmentKind, Audience, Author, Client, ClientId, ConversationId, MessageId, Millis,
    Patient, PatientId, Practice, PracticeId, Revision, Role, Sex, StaffId, StaffMember,
};
use limpet_server::{
    by::{Actor, By},
    clock::Clock,
    live::Live,
    store::{Engine, Store, StoreError},
    view::View,
};
use limpet_wire::{
    changes::Entity,
    http::{ConversationChange, NewAttachment, NewConversation, NewMessage},
};

use crate::{PROGRAM, open, open_heard, said};

pub const NOW: Millis = Millis(1_795_345_200_000);

pub fn at(ms: i64) -> Millis {
    Millis(NOW.0 + ms)
}

pub fn operator(practice: PracticeId) -> By {
    By::new(practice, Actor::Operator, NOW)
}

/// Whoever writes as this author.
pub fn author_of(practice: PracticeId, author: Author, at: Millis) -> By {
    let actor = match author {
        Author::Staff(id) => Actor::Staff(id),
        Author::Client(id) => Actor::Client(id),
        Author::System => Actor::Server,
    };
    By::new(practice, actor, at)
}

/// Somebody who may be invited.
pub fn technician(practice: PracticeId) -> StaffMember {
    StaffMember {
        id: StaffId::new(),
        name: "Ben".into(),
        role: Role::Technician,
        email: format!("ben-{practice}@example.org"),
        active: true,
    }
}

pub struct Case {
    pub practice: PracticeId,
    pub vet: StaffId,
    pub client: Client,
    pub patient: Patient,
    pub conversation: ConversationId,
}

pub async fn open_case(store: &Store) -> Case {
    let practice = Practice {
        id: PracticeId::new(),
        name: "Lapa".into(),
        address: String::new(),
        phone: String::new(),
        time_zone: "UTC".into(),
        settings: Box::default(),
    };
    store.add_practice(&practice, NOW).await.unwrap();
    let vet = StaffMember {
        id: StaffId::new(),
        name: "Ana".into(),
        role: Role::Veterinarian,
        email: format!("{}@example.org", practice.id),
        active: true,
    };
    store.add_staff(operator(practice.id), &vet, "hash").await.unwrap();
    let client = Client {
        id: ClientId::new(),
        name: "Marta".into(),
        email: String::new(),
        phone: "555".into(),
        address: "1\n2".into(),
        pms_id: String::new(),
    };
    store.put_client(operator(practice.id), &client).await.unwrap();
    let patient = Patient {
        id: PatientId::new(),
        client: client.id,
        name: "Biscuit".into(),
        species: "Dog".into(),
        breed: String::new(),
        sex: Sex::Male,
        born: "2019".into(),
        colour: String::new(),
        weight_kg: Some(12.4),
        alert: String::new(),
        pms_id: String::new(),
    };
    store.put_patient(operator(practice.id), &patient).await.unwrap();
    let conversation = ConversationId::new();
    let new =
        NewConversation { client: client.id, patient: patient.id, subject: "Limps".into(), opened_at: NOW };
    store
        .open_conversation(By::new(practice.id, Actor::Staff(vet.id), NOW), conversation, &new)
        .await
        .unwrap();
    Case { practice: practice.id, vet: vet.id, client, patient, conversation }
}

pub fn message(case: &Case, body: &str) -> NewMessage {
    NewMessage {
        conversation: case.conversation,
        audience: Audience::Everyone,
        body: body.into(),
        sent_at: NOW,
        attachments: Vec::new(),
        mentions: Vec::new(),
        due_at: None,
        when_open: false,
    }
}

pub async fn say(store: &Store, case: &Case, author: Author, new: &NewMessage) -> MessageId {
    let id = MessageId::new();
    store.put_message(author_of(case.practice, author, NOW), View::Staff, id, new).await.unwrap();
    id
}

pub fn file_of(bytes: i64) -> NewAttachment {
    NewAttachment {
        id: AttachmentId::new(),
        kind: AttachmentKind::Clip,
        name: "walk.mov".into(),
        mime: String::new(),
        bytes,
        caption: String::new(),
        captured_at: None,
        still_of: None,
    }
}

pub async fn announce(store: &Store, case: &Case) -> AttachmentId {
    let attachment = file_of(10);
    let id = attachment.id;
    let new = NewMessage { attachments: vec![attachment], ..message(case, "") };
    say(store, case, Author::Client(case.client.id), &new).await;
    id
}

pub async fn opens_again_as_it_was(url: &str) {
    let case = open_case(&open(url).await).await;
    let again = open(url).await;
    assert_eq!(again.practice(case.practice).await.unwrap().unwrap().name, "Lapa");
    assert_eq!(again.revision(case.practice).await.unwrap(), Revision(5));
}

pub async fn people_come_back_as_they_were_written(url: &str) {
    let store = open(url).await;
    let case = open_case(&store).await;
    for weight in [None, Some(0.0125), Some(700.5), None] {
        let patient = Patient { weight_kg: weight, ..case.patient.clone() };
        store.put_patient(operator(case.practice), &patient).await.unwrap();
        assert_eq!(store.patient(case.practice, patient.id).await.unwrap(), Some(patient));
    }
    let orphan = Patient { client: ClientId::new(), id: PatientId::new(), ..case.patient.clone() };
    assert!(matches!(
        store.put_patient(operator(case.practice), &orphan).await,
        Err(StoreError::Missing("client"))
    ));
    let twin = StaffMember {
        id: StaffId::new(),
        name: "Twin".into(),
        role: Role::Admin,
        email: format!(" {}@EXAMPLE.org", case.practice),
        active: true,
    };
    let refused = store.add_staff(operator(case.practice), &twin, "hash").await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
    let found = store.staff_by_email(&twin.email).await.unwrap().unwrap();
    assert_eq!((found.practice, found.staff.id), (case.practice, case.vet));
}

pub async fn a_thread_lives(url: &str) {
    let store = open(url).await;
    let case = open_case(&store).await;
    let client = Author::Client(case.client.id);
    let id = say(&store, &case, client, &message(&case, "She limps")).await;
    let repeated = message(&case, "She limps");
    store.put_message(author_of(case.practice, client, at(9)), View::Staff, id, &repeated).await.unwrap();
    let reworded = message(&case, "She coughs");
    let refused =
        store.put_message(author_of(case.practice, client, at(9)), View::Staff, id, &reworded).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))));
    let note = NewMessage { audience: Audience::Staff, ..message(&case, "hm") };
    say(&store, &case, Author::Staff(case.vet), &note).await;
    let change = ConversationChange {
        state: Some(limpet_model::ConversationState::Ended),
        at: Some(at(50)),
        seen: Some(at(50)),
        summary: Some("fine".into()),
        ..ConversationChange::default()
    };
    for _ in 0..2 {
        store
            .change_conversation(
                By::new(case.practice, Actor::Staff(case.vet), at(60)),
                case.conversation,
                &change,
            )
            .await
            .unwrap();
    }
    say(&store, &case, client, &message(&case, "One more")).await;
    let bodies = async |view| -> Vec<String> {
        let page = store.changes(case.practice, view, Revision(0), 1000).await.unwrap();
        let body = |change: limpet_wire::changes::Change| match change.entity {
            Entity::Message(message) => Some(message.body),
            _ => None,
        };
        page.changes.into_iter().filter_map(body).collect()
    };
    let all = ["She limps", "hm", "Conversation ended", "Conversation reopened", "One more"];
    assert_eq!(bodies(View::Staff).await, all);
    let mut seen = all.to_vec();
    seen.remove(1);
    assert_eq!(bodies(View::Client(case.client.id)).await, seen);
    assert!(bodies(View::Client(ClientId::new())).await.is_empty());
}

pub async fn two_nodes_share_one_order_of_revisions(url: &str) {
    let (first, second) = (open(url).await, open(url).await);
    let case = std::sync::Arc::new(open_case(&first).await);
    let before = first.revision(case.practice).await.unwrap();
    let mut writers = tokio::task::JoinSet::new();
    for n in 0..30 {
        let (store, case) = (if n % 2 == 0 { first.clone() } else { second.clone() }, case.clone());
        writers.spawn(async move {
            say(&store, &case, Author::Staff(case.vet), &message(&case, &n.to_string())).await
        });
    }
    // A reader that follows meanwhile never sees a revision appear behind its back.
    let mut since = before;
    let mut seen = 0;
    while seen < 30 {
        let page = second.changes(case.practice, View::Staff, since, 3).await.unwrap();
        assert!(
            page.changes.iter().all(|change| change.revision > since && change.revision <= page.revision)
        );
        seen += page.changes.iter().filter(|change| matches!(change.entity, Entity::Message(_))).count();
        since = page.revision;
    }
    assert_eq!(writers.join_all().await.len(), 30);
    assert_eq!(seen, 30);
    assert_eq!(first.revision(case.practice).await.unwrap(), Revision(before.0 + 30));
    let other = open_case(&first).await.practice;
    let mut wanted =
        vec![(case.practice, Revision(before.0 + 30)), (other, first.revision(other).await.unwrap())];
    let mut found = second.revisions().await.unwrap();
    wanted.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, wanted);
}

pub async fn practices_are_apart(url: &str) {
    let store = open(url).await;
    let (ours, theirs) = (open_case(&store).await, open_case(&store).await);
    assert_eq!(store.conversation(theirs.practice, View::Staff, ours.conversation).await.unwrap(), None);
    assert_eq!(store.patient(theirs.practice, ours.patient.id).await.unwrap(), None);
    assert_eq!(store.staff_member(theirs.practice, ours.vet).await.unwrap(), None);
    let attachment = announce(&store, &ours).await;
    assert_eq!(store.attachment(theirs.practice, View::Staff, attachment).await.unwrap(), None);
    let (id, stray) = (MessageId::new(), message(&ours, "x"));
    let refused = store.put_message(
        author_of(theirs.practice, Author::Staff(theirs.vet), NOW),
        View::Staff,
        id,
        &stray,
    );
    assert!(matches!(refused.await, Err(StoreError::Missing("conversation"))));
    // The same id twice is two things.
    store
        .put_client(operator(theirs.practice), &Client { name: "Zoe".into(), ..ours.client.clone() })
        .await
        .unwrap();
    let page = store.changes(ours.practice, View::Staff, Revision(0), 1000).await.unwrap();
    assert!(
        page.changes.iter().all(|c| !matches!(&c.entity, Entity::Client(client) if client.name == "Zoe"))
    );
}

pub async fn openings_and_secrets(url: &str) {
    let store = open(url).await;
    let case = open_case(&store).await;
    let id = announce(&store, &case).await;
    for ms in [0, 10, 60 * 60 * 1000] {
        store
            .log_opening(By::new(case.practice, Actor::Link, at(ms)), id, "page", "somewhere", 1)
            .await
            .unwrap();
    }
    let counts: Vec<_> = store.openings(case.practice, id).await.unwrap().iter().map(|o| o.count).collect();
    assert_eq!(counts, [2, 1]);
    let secret = store.secret("address key").await.unwrap();
    assert_eq!(open(url).await.secret("address key").await.unwrap(), secret);
    assert_ne!(store.secret("another").await.unwrap(), secret);
}

pub async fn a_node_hears_what_another_commits(url: &str) {
    let (live, clock) = (Live::default(), Clock::system());
    let (here, there) = (open_heard(url, live.clone()).await, open(url).await);
    if here.engine() == Engine::Sqlite {
        // One node: there is nobody to hear, and that is said at once.
        return here.hear_other_nodes(&clock).await.unwrap();
    }
    let case = open_case(&there).await;
    let mut ear = live.listen(case.practice, View::Staff).revisions;
    let hearing = tokio::spawn(async move { here.hear_other_nodes(&clock).await });
    let telling = tokio::spawn({
        let there = there.clone();
        async move { there.tell_other_nodes().await }
    });
    // Until the listener stands, a notice is missed: the next one is heard.
    let told = async {
        loop {
            say(&there, &case, Author::Staff(case.vet), &message(&case, "x")).await;
            let heard = tokio::time::timeout(Duration::from_millis(200), ear.changed()).await;
            // What was written before anybody listened may be told first.
            if heard.is_ok() && ear.borrow().0 > 5 {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), told).await.expect("never heard");
    hearing.abort();
    telling.abort();
}

pub async fn what_is_discarded_never_was(url: &str) {
    let store = open(url).await;
    let case = open_case(&store).await;
    let before = store.revision(case.practice).await.unwrap();
    store.write(operator(case.practice)).await.unwrap().discard().await.unwrap();
    drop(store.write(operator(case.practice)).await.unwrap());
    assert_eq!(store.revision(case.practice).await.unwrap(), before);
    // Nothing is left locked.
    say(&store, &case, Author::Staff(case.vet), &message(&case, "x")).await;
    assert_eq!(store.revision(case.practice).await.unwrap(), Revision(before.0 + 1));
    assert!(matches!(store.write(operator(PracticeId::new())).await, Err(StoreError::Missing("practice"))));
}

pub async fn an_older_binary_refuses_a_newer_schema_in_words(url: &str) {
    open(url).await.close().await;
    sqlx::any::install_default_drivers();
    let pool = sqlx::AnyPool::connect(url).await.unwrap();
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         SELECT 9999, 'from the future', success, checksum, execution_time FROM _sqlx_migrations WHERE version = 1",
    )
    .execute(&pool)
    .await
    .unwrap();
    pool.close().await;
    let refused =
        Store::open(url, Live::default(), tokio_util::task::TaskTracker::new()).await.err().unwrap();
    let words = refused.to_string();
    assert!(words.contains("newer limpet-server") && words.contains("nothing was changed"), "{words}");
}

/// A database that was mistyped, and is there: PostgreSQL has one called `postgres`.
pub async fn what_asks_a_database_that_nobody_has_used_leaves_it_alone(url: &str) {
    let (well, words) = said(Command::new(PROGRAM).args(["practice", "list", "--database", url]));
    assert!(!well, "{words}");
    // Of SQLite not even the file is there.
    if let Ok(store) = Store::open_at_any_step(url).await {
        assert_eq!(store.engine(), Engine::Postgres);
        assert!(words.contains("no limpet-server has used this database"), "{words}");
        assert!(store.table_names().await.unwrap().is_empty());
        store.close().await;
    }
    open(url).await.close().await;
    let (well, words) = said(Command::new(PROGRAM).args(["practice", "list", "--database", url]));
    assert!(well, "{words}");
}

//! What is removed because of its age, with everything in it; `retention_histories` looks for what never is.

use std::collections::BTreeMap;

use limpet_model::{
    Author, Client, ClientId, ConversationId, ConversationState, Held, HoldId, MessageId, Millis, Patient,
    Revision,
};
use limpet_server::{
    by::{Actor, By},
    file_of::FileOf,
    retention::{Bounds, GRACE, bounds},
    store::{
        Engine, Store, StoreError,
        invitations::Opened,
        jobs::{Job, LEASE, Lane, Work},
    },
    view::View,
};
use limpet_wire::{
    changes::Entity,
    http::{ConversationChange, ExportKind, NewConversation, NewExport, NewHold, NewMessage, PracticeChange},
};
use sqlx::{AnyPool, AssertSqlSafe, Row};

use crate::{
    open,
    suite::{Case, NOW, at, author_of, file_of, message, open_case, operator},
};

pub const DAY: i64 = 24 * 60 * 60 * 1000;
pub const YEAR: i64 = 366 * DAY;

pub fn vet(case: &Case, at: Millis) -> By {
    By::new(case.practice, Actor::Staff(case.vet), at)
}

/// Another conversation of a patient, in which the client wrote at a moment.
pub async fn converse(store: &Store, case: &Case, patient: &Patient, at: Millis) -> ConversationId {
    let id = ConversationId::new();
    let new = NewConversation {
        client: patient.client,
        patient: patient.id,
        subject: "Limps".into(),
        opened_at: at,
    };
    store.open_conversation(vet(case, at), id, &new).await.unwrap();
    write(store, case, id, Author::Client(patient.client), at).await;
    id
}

pub async fn write(
    store: &Store,
    case: &Case,
    conversation: ConversationId,
    author: Author,
    at: Millis,
) -> MessageId {
    let id = MessageId::new();
    let new = NewMessage { conversation, ..message(case, "It limps") };
    store.put_message(author_of(case.practice, author, at), View::Staff, id, &new).await.unwrap();
    id
}

pub async fn end(store: &Store, case: &Case, conversation: ConversationId, at: Millis) {
    let end = ConversationChange {
        state: Some(ConversationState::Ended),
        at: Some(at),
        seen: Some(Millis(i64::MAX)),
        summary: Some("A sprain".into()),
        ..ConversationChange::default()
    };
    store.change_conversation(vet(case, at), conversation, &end).await.unwrap();
}

pub async fn set(store: &Store, case: &Case, at: Millis, change: PracticeChange) {
    store.change_practice(By::new(case.practice, Actor::Operator, at), &change).await.unwrap();
}

/// The daily job, claimed.
pub async fn job(store: &Store, case: &Case, now: Millis) -> Job {
    store.plan_retention(Millis(now.0 - GRACE)).await.unwrap();
    let job = store.claim_job(Lane::Removal, "test", now).await.unwrap().unwrap();
    assert_eq!(job.work, Work::Retain(case.practice));
    job
}

async fn bounds_at(store: &Store, case: &Case, now: Millis) -> Option<Bounds> {
    bounds(&store.practice(case.practice).await.unwrap().unwrap(), now)
}

pub async fn there(store: &Store, case: &Case, id: ConversationId) -> bool {
    store.conversation(case.practice, View::Staff, id).await.unwrap().is_some()
}

/// Every row of every table that says this word, but for what is to remember it.
async fn mentions(url: &str, store: &Store, word: &str) -> BTreeMap<String, i64> {
    let pool = AnyPool::connect(url).await.unwrap();
    let mut found = BTreeMap::new();
    for table in store.tables().await.unwrap() {
        let columns = sqlx::query("SELECT name AS name FROM pragma_table_info($1)")
            .bind(table.name.clone())
            .fetch_all(&pool)
            .await
            .unwrap();
        let any: Vec<String> =
            columns.iter().map(|row| format!("\"{}\" LIKE $1", row.get::<String, _>("name"))).collect();
        let sql = format!("SELECT COUNT(*) AS n FROM \"{}\" WHERE {}", table.name, any.join(" OR "));
        let row = sqlx::query(AssertSqlSafe(sql)).bind(format!("%{word}%")).fetch_one(&pool).await.unwrap();
        if row.get::<i64, _>("n") > 0 {
            found.insert(table.name, row.get("n"));
        }
    }
    pool.close().await;
    found
}

pub async fn what_is_due_goes_with_everything_in_it(url: &str) {
    let store = open(url).await;
    let case = open_case(&store).await;
    let (client, old) = (case.client.id, case.conversation);
    // One of everything that belongs to a conversation.
    let file = file_of(10);
    let attachment = file.id;
    let said = MessageId::new();
    let new = NewMessage { attachments: vec![file], ..message(&case, "Look") };
    let by_client = By::new(case.practice, Actor::Client(client), NOW);
    store.put_message(by_client, View::Client(client), said, &new).await.unwrap();
    let announced = store.attachment(case.practice, View::Staff, attachment).await.unwrap().unwrap();
    store.begin_upload(by_client, &announced).await.unwrap();
    let answer = write(&store, &case, old, Author::Staff(case.vet), NOW).await;
    store.edit_message(vet(&case, at(5)), View::Staff, answer, "It hobbles").await.unwrap();
    let opened = Opened { practice: case.practice, client, conversation: old };
    store.add_invitation(vet(&case, NOW), "hash", opened).await.unwrap();
    let export = NewExport {
        conversation: old,
        attachment: None,
        how: ExportKind::Filed,
        sha256: "ab".repeat(32),
        at: NOW,
    };
    store.put_export(vet(&case, NOW), limpet_model::ExportId::new(), &export).await.unwrap();
    let merged = converse(&store, &case, &case.patient, NOW).await;
    store.merge_conversations(vet(&case, NOW), merged, old).await.unwrap();
    let hold = HoldId::new();
    let held = NewHold { of: Held::Conversation(old), reason: "A complaint".into() };
    store.put_hold(vet(&case, NOW), hold, &held).await.unwrap();
    store.lift_hold(vet(&case, at(1)), hold).await.unwrap();
    end(&store, &case, old, at(DAY)).await;
    // What is not due: one that is open, one in which something happened since, and another client's.
    let open_one = converse(&store, &case, &case.patient, NOW).await;
    let young = converse(&store, &case, &case.patient, at(YEAR)).await;
    end(&store, &case, young, at(YEAR)).await;
    let other = Client { id: ClientId::new(), name: "Jonas".into(), ..case.client.clone() };
    store.put_client(operator(case.practice), &other).await.unwrap();

    let now = at(7 * YEAR + 2 * DAY);
    let job = job(&store, &case, now).await;
    let bounds = bounds_at(&store, &case, now).await.unwrap();
    let due = store.ended_before(case.practice, bounds, None, 10).await.unwrap();
    assert_eq!(due.iter().map(|it| (it.id, it.held)).collect::<Vec<_>>(), [(old, false)]);
    assert!(due[0].last >= at(DAY));
    let before = store.revision(case.practice).await.unwrap();
    // Whatever is asked for: each is looked at once more.
    let done = store.remove_conversations(job, &[open_one, old, young], now).await.unwrap().unwrap();
    assert_eq!((done.looked_at, done.conversations), (3, 1));
    assert!(!there(&store, &case, old).await);
    assert!(there(&store, &case, open_one).await && there(&store, &case, young).await);

    // Devices that had it hear that it is gone, and no other.
    let gone = async |view| {
        let page = store.changes(case.practice, view, before, 100).await.unwrap();
        let of = |entity| if let Entity::Tombstone(gone) = entity { Some((gone.of, gone.id)) } else { None };
        page.changes.into_iter().filter_map(|change| of(change.entity)).collect::<Vec<_>>()
    };
    assert_eq!(gone(View::Staff).await, [("conversation".to_owned(), old.to_string())]);
    assert_eq!(gone(View::Client(client)).await, [("conversation".to_owned(), old.to_string())]);
    assert_eq!(gone(View::Client(other.id)).await, []);

    // The log says so, with no word of it.
    let log = store.audit(case.practice, 0, 1000).await.unwrap().entries;
    let last = log.last().unwrap();
    assert_eq!(
        (last.actor.as_str(), last.act.as_str(), last.subject_id.clone()),
        ("server", "removed", old.to_string())
    );
    let detail: serde_json::Value = serde_json::from_str(&last.detail).unwrap();
    assert_eq!((&detail["attachments"], &detail["bytes"]), (&1.into(), &10.into()));
    assert!(detail["messages"].as_i64().unwrap() >= 4, "{detail}");
    store.verify_audit(case.practice).await.unwrap().unwrap();

    // Its file is named by a job, and nobody uses its id meanwhile.
    assert_eq!(store.files_to_forget().await.unwrap(), [FileOf { practice: case.practice, attachment }]);
    let again = NewMessage {
        conversation: open_one,
        attachments: vec![limpet_wire::http::NewAttachment { id: attachment, ..file_of(10) }],
        ..message(&case, "Again")
    };
    let refused = store.put_message(by_client, View::Client(client), MessageId::new(), &again).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
    if store.engine() == Engine::Sqlite {
        for (word, kept) in [(old.to_string(), 3), (said.to_string(), 1), (answer.to_string(), 1)] {
            let found = mentions(url, &store, &word).await;
            let remember = ["audit", "tombstones", "deliveries"];
            assert!(found.keys().all(|table| remember.contains(&table.as_str())), "{found:?}");
            assert!(found.len() <= kept, "{found:?}");
        }
        let found = mentions(url, &store, &attachment.to_string()).await;
        assert_eq!(found.keys().collect::<Vec<_>>(), ["audit", "jobs"], "{found:?}");
        assert_eq!(found["jobs"], 1);
    }
    // Nothing twice, and nothing for a claim that no longer counts.
    let done = store.remove_conversations(job, &[old], now).await.unwrap().unwrap();
    assert_eq!(done.conversations, 0);
    end(&store, &case, open_one, now).await;
    let later = Millis(now.0 + 8 * YEAR);
    store.claim_job(Lane::Removal, "other", Millis(now.0 + LEASE)).await.unwrap().unwrap();
    assert_eq!(store.remove_conversations(job, &[open_one], later).await.unwrap(), None);
    assert!(there(&store, &case, open_one).await);
}

pub async fn a_hold_set_in_the_last_moment_wins(url: &str) {
    let store = open(url).await;
    let case = open_case(&store).await;
    write(&store, &case, case.conversation, Author::Client(case.client.id), NOW).await;
    end(&store, &case, case.conversation, NOW).await;
    let now = at(8 * YEAR);
    let job = job(&store, &case, now).await;
    let bounds = bounds_at(&store, &case, now).await.unwrap();
    let due = store.ended_before(case.practice, bounds, None, 10).await.unwrap();
    assert_eq!(due.len(), 1);
    let nobody = By::new(case.practice, Actor::Operator, now);
    for of in
        [Held::Conversation(case.conversation), Held::Patient(case.patient.id), Held::Client(case.client.id)]
    {
        let (id, new) = (HoldId::new(), NewHold { of, reason: "A lawsuit".into() });
        assert!(matches!(store.put_hold(nobody, id, &new).await, Err(StoreError::Conflict(_))));
        store.put_hold(vet(&case, now), id, &new).await.unwrap();
        store.put_hold(vet(&case, now), id, &new).await.unwrap();
        let other = NewHold { reason: "Another".into(), ..new.clone() };
        assert!(matches!(store.put_hold(vet(&case, now), id, &other).await, Err(StoreError::Conflict(_))));
        let done = store.remove_conversations(job, &[case.conversation], now).await.unwrap().unwrap();
        assert_eq!(done.conversations, 0, "{of:?}");
        let seen = store.changes(case.practice, View::Staff, Revision(0), 1000).await.unwrap();
        let hold = |entity: &Entity| matches!(entity, Entity::Hold(hold) if hold.id == id && hold.of == of);
        assert!(seen.changes.iter().any(|change| hold(&change.entity)));
        let view = View::Client(case.client.id);
        let theirs = store.changes(case.practice, view, Revision(0), 1000).await.unwrap();
        assert!(!format!("{theirs:?}").contains("lawsuit"), "{theirs:?}");
        store.lift_hold(vet(&case, now), id).await.unwrap();
        let done = store.remove_conversations(job, &[case.conversation], now).await.unwrap().unwrap();
        assert_eq!(done.conversations, 0, "it may have been lifted by mistake: {of:?}");
        // Out of the way of the next one.
        let pool = AnyPool::connect(url).await.unwrap();
        sqlx::query("UPDATE holds SET lifted_at = 0").execute(&pool).await.unwrap();
        pool.close().await;
    }
    let hold = PracticeChange { legal_hold: Some(true), ..PracticeChange::default() };
    set(&store, &case, now, hold).await;
    let done = store.remove_conversations(job, &[case.conversation], now).await.unwrap().unwrap();
    assert_eq!(done.conversations, 0, "the practice's");
    // Another practice's holds are nobody's here, and what is not there cannot be held.
    let missing = NewHold { of: Held::Client(ClientId::new()), reason: "x".into() };
    let refused = store.put_hold(vet(&case, now), HoldId::new(), &missing).await;
    assert!(matches!(refused, Err(StoreError::Missing("client"))), "{refused:?}");
}

//! What integrations lean on: writes that are done once, tokens, deliveries to webhooks.

use limpet_model::{Author, Client, Millis, PracticeId, Revision, StaffId, TokenId, WebhookId};
use limpet_server::{
    by::{Actor, By},
    permission::Scopes,
    store::{
        Store, StoreError,
        jobs::{Job, Lane, Work},
        sessions::Holder,
        terms::{Once, OnlyIf, Terms},
        webhooks::Outcome,
    },
    view::View,
};
use limpet_wire::{
    changes::Entity,
    integrations::{DeliveryState, Event, NewToken, NewWebhook, Scope},
};

use crate::{
    open,
    suite::{Case, NOW, at, message, open_case, say},
};

fn once(key: &str) -> Terms {
    Terms { only_if: None, once: Some(Once { key: key.into() }) }
}

async fn name_of(store: &Store, case: &Case) -> (String, Revision) {
    let page = store.changes(case.practice, View::Staff, Revision(0), 1000).await.unwrap();
    let found = page.changes.into_iter().find_map(|change| match change.entity {
        Entity::Client(client) => Some((client.name, change.revision)),
        _ => None,
    });
    found.unwrap()
}

pub async fn a_write_with_a_key_is_done_once(url: &str) {
    const DAY: i64 = 24 * 60 * 60 * 1000;
    let (store, other_node) = (open(url).await, open(url).await);
    let case = open_case(&store).await;
    let named = |name: &str| Client { name: name.into(), ..case.client.clone() };
    let (a, b) = (Actor::Staff(case.vet), Actor::Staff(StaffId::new()));
    let put_as = async |node: &Store, name: &str, terms: Terms, actor: Actor, ms: i64| {
        node.put_client_on(By::new(case.practice, actor, at(ms)), &named(name), &terms).await
    };
    let put = async |node: &Store, name: &str, terms: Terms| put_as(node, name, terms, a, 5).await;
    assert!(put(&store, "One", once("1")).await.unwrap().is_some());
    assert!(put(&other_node, "Two", Terms::default()).await.unwrap().is_some());
    assert_eq!(put(&other_node, "One", once("1")).await.unwrap(), None);
    assert_eq!(name_of(&store, &case).await.0, "Two");
    // Other content, another maker, another practice.
    assert!(matches!(put(&store, "Three", once("1")).await, Err(StoreError::Conflict(_))));
    assert!(put_as(&store, "Three", once("1"), b, 5).await.unwrap().is_some());
    let there = open_case(&store).await;
    let theirs = Client { name: "Four".into(), ..there.client.clone() };
    assert!(
        store.put_client_on(By::new(there.practice, a, at(5)), &theirs, &once("1")).await.unwrap().is_some()
    );
    // Two nodes at once do it once.
    let before = name_of(&store, &case).await.1;
    let (one, two) = tokio::join!(put(&store, "Five", once("2")), put(&other_node, "Five", once("2")));
    assert_eq!([one.unwrap(), two.unwrap()].iter().filter(|done| done.is_some()).count(), 1);
    assert_eq!(name_of(&store, &case).await.1, Revision(before.0 + 1));
    // It is remembered for a season.
    assert_eq!(put_as(&store, "One", once("1"), a, 89 * DAY).await.unwrap(), None);
    assert!(put_as(&store, "Six", once("3"), a, 91 * DAY).await.unwrap().is_some());
    assert!(put_as(&store, "One", once("1"), a, 91 * DAY).await.unwrap().is_some());

    let (_, now_at) = name_of(&store, &case).await;
    let only_if = |only_if| Terms { only_if: Some(only_if), once: None };
    let late = put(&store, "Late", only_if(OnlyIf::At(vec![before]))).await;
    assert!(matches!(late, Err(StoreError::Changed)));
    assert!(put(&store, "Seen", only_if(OnlyIf::At(vec![before, now_at]))).await.unwrap().is_some());
}

pub async fn tokens_run_out_and_are_revoked(url: &str) {
    let store = open(url).await;
    let (ours, theirs) = (open_case(&store).await, open_case(&store).await);
    let new = NewToken {
        name: "Export".into(),
        scopes: vec![Scope::ReadMedia, Scope::WritePeople],
        expires_at: Some(at(50)),
    };
    let (id, scopes) = (TokenId::new(), Scopes::of(&new.scopes));
    store.add_token(By::new(ours.practice, Actor::Operator, NOW), id, "hash", &new).await.unwrap();
    let session = store.token("hash", at(49)).await.unwrap().unwrap();
    assert_eq!((session.practice, session.holder), (ours.practice, Holder::Token(id, scopes)));
    assert!(store.is_open(&session, at(49)).await.unwrap());
    assert!(!store.is_open(&session, at(50)).await.unwrap());
    assert!(
        !store.revoke_token(By::new(theirs.practice, Actor::Operator, NOW), id).await.unwrap(),
        "another's"
    );
    assert!(store.token("hash", NOW).await.unwrap().is_some());
    assert!(store.tokens(theirs.practice).await.unwrap().is_empty());
    for _ in 0..2 {
        assert!(store.revoke_token(By::new(ours.practice, Actor::Operator, at(7)), id).await.unwrap());
    }
    assert!(store.token("hash", NOW).await.unwrap().is_none());
    let listed = store.tokens(ours.practice).await.unwrap();
    assert_eq!((listed[0].revoked_at, listed[0].scopes.clone()), (Some(at(7)), new.scopes));
}

async fn webhook(store: &Store, practice: PracticeId) -> WebhookId {
    let (id, new) = (
        WebhookId::new(),
        NewWebhook { url: "https://example.org/".into(), events: vec![Event::MessageCreated] },
    );
    store.add_webhook(By::new(practice, Actor::Operator, NOW), id, &new, "whsec_AAAA").await.unwrap();
    id
}

pub async fn a_delivery_is_told_by_one_node_at_a_time(url: &str) {
    let (store, other_node) = (open(url).await, open(url).await);
    let (case, there) = (open_case(&store).await, open_case(&store).await);
    let (first, second) = (webhook(&store, case.practice).await, webhook(&store, case.practice).await);
    say(&store, &there, Author::Staff(there.vet), &message(&there, "not ours")).await;
    say(&store, &case, Author::Staff(case.vet), &message(&case, "hello")).await;
    say(&store, &case, Author::Staff(case.vet), &message(&case, "again")).await;
    // One at a time for each webhook, on whichever node.
    let claim = async |node: &Store, now| node.claim_job(Lane::Outside, "node", now).await.unwrap();
    let (one, two) = tokio::join!(claim(&store, NOW), claim(&other_node, NOW));
    let mut jobs: Vec<Job> = [one, two].into_iter().flatten().collect();
    while let Some(job) = claim(&store, NOW).await {
        jobs.push(job);
    }
    let telling = async |job: Job| {
        let Work::Tell(id) = job.work else { panic!("{job:?}") };
        store.telling(job.practice, id).await.unwrap().unwrap()
    };
    let mut told = Vec::new();
    for job in &jobs {
        told.push(telling(*job).await.webhook);
    }
    told.sort_unstable();
    let mut both = [first, second];
    both.sort_unstable();
    assert_eq!(told, both);
    // A node that died: its lease runs out, and it is not listened to when it comes back.
    let late = jobs[0];
    let hour = Millis(NOW.0 + 60 * 60 * 1000);
    let again = loop {
        let job = claim(&other_node, hour).await.unwrap();
        if job.work == late.work {
            break job;
        }
    };
    assert_eq!(again.attempt, 2);
    let what = telling(again).await;
    assert!(!store.end_delivery(late, &what, &Outcome::Dead("late".into()), hour).await.unwrap());
    let state = async || {
        let listed = store.deliveries(case.practice, what.webhook).await.unwrap().unwrap();
        listed.into_iter().find(|delivery| delivery.id == what.id).unwrap().state
    };
    assert_eq!(state().await, DeliveryState::Waiting);
    assert!(other_node.end_delivery(again, &what, &Outcome::Told, hour).await.unwrap());
    assert_eq!(state().await, DeliveryState::Done);
    assert_eq!(store.telling(case.practice, what.id).await.unwrap(), None, "it was told");
    assert_eq!(store.deliveries(there.practice, first).await.unwrap(), None, "another practice's");
    assert!(!store.remove_webhook(By::new(there.practice, Actor::Operator, NOW), first).await.unwrap());
    assert!(store.remove_webhook(By::new(case.practice, Actor::Operator, NOW), first).await.unwrap());
    // What is refused is not told.
    let a = Actor::Staff(case.vet);
    let repeated = say(&store, &case, Author::Staff(case.vet), &message(&case, "third")).await;
    let count = async || store.deliveries(case.practice, second).await.unwrap().unwrap().len();
    let before = count().await;
    let other = message(&case, "other words");
    let refused = store.put_message(By::new(case.practice, a, NOW), View::Staff, repeated, &other).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))));
    assert_eq!(count().await, before);
}

//! Two staff members in one conversation see each other, as long as there is a connection.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at what it did not expect"
)]

mod common;

use common::*;
use limpet_model::*;
use limpet_wire::{calls::Answers as _, desk::*};

#[tokio::test(flavor = "multi_thread")]
async fn two_who_answer_one_client_see_each_other() {
    let mut practice = Clinic::start();
    let (_one, ana) = practice.desk("ana@example.org").await;
    let (_two, bob) = practice.desk("bob@example.org").await;
    let (_, _, id) = matter(&ana).await;
    all_sent(&ana).await;
    until(&bob, "it has arrived", async || bob.open_conversation(id).await.ok()).await;

    let say = |typing| BeHere { conversation: id, here: true, typing };
    bob.be_here(say(Some(Audience::Everyone))).await.unwrap();
    ana.be_here(say(None)).await.unwrap();
    let seen = async |by: &limpet_desk::Desk, of: Option<(&str, Option<Audience>)>| {
        let expected: Vec<PersonHere> = of
            .into_iter()
            .map(|(name, typing)| PersonHere { name: name.into(), is_client: false, typing })
            .collect();
        until(by, "it is seen", async || (by.who_is_here(id).await.unwrap() == expected).then_some(())).await;
    };
    seen(&ana, Some(("Bob Roe", Some(Audience::Everyone)))).await;
    seen(&bob, Some(("Ana Gil", None))).await;
    bob.be_here(say(Some(Audience::Staff))).await.unwrap();
    seen(&ana, Some(("Bob Roe", Some(Audience::Staff)))).await;

    practice.server.cut().unwrap();
    connected(&ana, Connection::Offline).await;
    assert_eq!(ana.who_is_here(id).await.unwrap(), []);
    // Nobody is kept waiting, and nothing waits to be told.
    ana.be_here(say(Some(Audience::Everyone))).await.unwrap();
    assert_eq!(ana.state(()).await.unwrap().unsent, 0);
    for desk in [&ana, &bob] {
        desk.close().await;
    }
}

//! Mail that does not go out: tried again, given up, and sent by the next server.

use limpet_model::StaffId;
use limpet_server::{
    secrets::token_hash,
    store::{
        account_links::{AccountLink, LinkFor},
        jobs::Lane,
    },
};
use serde_json::json;

use super::{new_staff, path, sent, set_password, with_mail};
use crate::{
    clinic::{Clinic, ok},
    mailbox::{Mailbox, eventually},
};

#[tokio::test]
async fn a_mail_that_does_not_go_out_is_tried_again_and_one_that_cannot_is_given_up() {
    let (clinic, mailbox) = with_mail().await;
    let admin = clinic.admin().await;
    let store = clinic.running.app().store.clone();
    mailbox.refuse(&["451 come back later", "451 come back later"]);
    ok(admin.put(&format!("/v1/staff/{}", StaffId::new()), &new_staff("ben@example.org", "en")).await).await;
    eventually(|| mailbox.calls() == 1).await;
    // Not again at once.
    for _ in 0..10 {
        store.bells().ring(Lane::Post);
        tokio::time::sleep(std::time::Duration::from_millis(30)).await;
    }
    assert_eq!((mailbox.calls(), mailbox.letters().len()), (1, 0));
    for _ in 0..200 {
        clinic.clock.advance(1000);
        store.bells().ring(Lane::Post);
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(mailbox.calls(), 3);
    let letter = mailbox.nth(1).await;
    assert_eq!(set_password(&clinic.stranger(), &path(&letter), "five wet otters").await, 200);

    mailbox.refuse(&["550 nobody here"]);
    ok(admin.put(&format!("/v1/staff/{}", StaffId::new()), &new_staff("typo@example.org", "en")).await).await;
    sent(&store, (0, 1)).await;
    assert_eq!(mailbox.letters().len(), 1);
}

#[tokio::test]
async fn a_forgotten_passwords_mail_that_is_put_off_again_and_again_arrives_all_the_same() {
    let (clinic, mailbox) = with_mail().await;
    let store = clinic.running.app().store.clone();
    mailbox.refuse(&["451 come back later"; 4]);
    let stranger = clinic.stranger();
    let ask = async || stranger.post("/v1/password-reset", &json!({ "email": "ana@example.org" })).await;
    assert_eq!(ask().await.status(), 204);
    let pass = async |steps: usize| {
        for _ in 0..steps {
            clinic.clock.advance(5000);
            store.bells().ring(Lane::Post);
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    eventually(|| mailbox.calls() == 1).await;
    pass(120).await;
    assert_eq!((mailbox.calls(), mailbox.letters().len()), (5, 1));
    // What never arrived is not counted: she asks once more, and is written to.
    assert_eq!(ask().await.status(), 204);
    let letter = mailbox.nth(2).await;
    assert_eq!(set_password(&stranger, &path(&letter), "five wet otters").await, 200);
}

#[tokio::test]
async fn what_attempts_left_behind_that_were_cut_off_are_no_mails_that_arrived() {
    let (clinic, mailbox) = with_mail().await;
    let store = clinic.running.app().store.clone();
    mailbox.refuse(&["451 come back later"]);
    let stranger = clinic.stranger();
    let asked = stranger.post("/v1/password-reset", &json!({ "email": "ana@example.org" })).await;
    assert_eq!(asked.status(), 204);
    eventually(|| mailbox.calls() == 1).await;
    // As a node leaves them that dies while it sends.
    let link = AccountLink { practice: clinic.practice, staff: clinic.vet, kind: LinkFor::Reset };
    for n in 0..3 {
        store.add_account_link(&token_hash(&n.to_string()), link, clinic.clock.now()).await.unwrap();
    }
    for _ in 0..60 {
        clinic.clock.advance(5000);
        store.bells().ring(Lane::Post);
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    mailbox.nth(1).await;
}

#[tokio::test]
async fn a_server_that_does_not_relay_is_asked_again_and_one_without_the_mailbox_is_not() {
    let (clinic, mailbox) = with_mail().await;
    let admin = clinic.admin().await;
    let store = clinic.running.app().store.clone();
    mailbox.refuse(&["550 5.7.1 relaying denied"]);
    ok(admin.put(&format!("/v1/staff/{}", StaffId::new()), &new_staff("ben@example.org", "en")).await).await;
    eventually(|| mailbox.calls() == 1).await;
    sent(&store, (1, 0)).await;
    for _ in 0..50 {
        clinic.clock.advance(1000);
        store.bells().ring(Lane::Post);
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    mailbox.nth(1).await;
    mailbox.refuse(&["550 5.1.1 nobody here"]);
    ok(admin.put(&format!("/v1/staff/{}", StaffId::new()), &new_staff("typo@example.org", "en")).await).await;
    sent(&store, (0, 1)).await;
}

#[tokio::test]
async fn a_mail_outlives_the_server_that_was_to_send_it() {
    let mailbox = Mailbox::open().await;
    // Nobody listens there.
    let nowhere = Mailbox::open()
        .await
        .settings()
        .map(|mail| limpet_server::serve::Mail { server: "smtp://127.0.0.1:1".into(), ..mail });
    let clinic =
        Clinic::open_with(|settings| limpet_server::serve::Settings { mail: nowhere, ..settings }).await;
    let admin = clinic.admin().await;
    ok(admin.put(&format!("/v1/staff/{}", StaffId::new()), &new_staff("ben@example.org", "en")).await).await;
    let Clinic { running, clock, data, .. } = clinic;
    running.stop().await;
    clock.advance(10 * 60_000);
    let running = limpet_server::serve::start(limpet_server::serve::Settings {
        listen: ([127, 0, 0, 1], 0).into(),
        clock,
        mail: mailbox.settings(),
        ..crate::ground::settings(data.path())
    })
    .await
    .unwrap();
    let letter = mailbox.nth(1).await;
    assert_eq!(letter.to, "ben@example.org");
    running.stop().await;
    // No token is kept anywhere in the clear.
    let token = path(&letter).trim_start_matches("/a/").to_owned();
    for name in ["limpet.db", "limpet.db-wal"] {
        let bytes = std::fs::read(data.path().join(name)).unwrap_or_default();
        assert!(!bytes.windows(token.len()).any(|part| part == token.as_bytes()), "{name}");
    }
}

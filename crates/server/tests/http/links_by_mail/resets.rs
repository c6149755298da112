//! Forgotten passwords: whoever asks, it looks the same, and fills nothing.

use std::collections::HashMap;

use limpet_model::{Role, StaffId};
use limpet_wire::Code;
use reqwest::Method;
use serde_json::json;

use super::{fill_in, path, sent, set_password, sign_in, with_mail};
use crate::clinic::{Clinic, HOUR, PASSWORD, fails, ok};

#[tokio::test]
async fn a_forgotten_password_is_replaced_by_a_link_that_opens_once_within_an_hour() {
    let (clinic, mailbox) = with_mail().await;
    let (desk, stranger) = (clinic.staff().await, clinic.stranger());
    let reset = json!({ "email": " ANA@example.org", "language": "en" });
    assert_eq!(stranger.post("/v1/password-reset", &reset).await.status(), 204);
    let letter = mailbox.nth(1).await;
    assert_eq!(letter.to, "ana@example.org");
    assert_eq!(desk.get("/v1/me").await.status(), 200, "asking alone changes nothing");
    assert_eq!(sign_in(&stranger, "ana@example.org", PASSWORD).await, 200);
    clinic.clock.advance(HOUR);
    assert_eq!(set_password(&stranger, &path(&letter), "five wet otters").await, 404);

    // The page does the same.
    assert_eq!(fill_in(&stranger, "/reset", &[("email", "ana@example.org")]).await.status(), 200);
    let letter = mailbox.nth(2).await;
    assert_eq!(set_password(&stranger, &path(&letter), "five wet otters").await, 200);
    fails(desk.get("/v1/me").await, 401, Code::SignedOut).await;
    assert_eq!(sign_in(&stranger, "ana@example.org", PASSWORD).await, 401);
    assert_eq!(sign_in(&stranger, "ana@example.org", "five wet otters").await, 200);
    assert_eq!(set_password(&stranger, &path(&letter), "six wet otters").await, 404);
}

#[tokio::test]
async fn asking_looks_the_same_for_whoever_is_there_and_for_nobody() {
    let (clinic, mailbox) = with_mail().await;
    clinic.add_member(clinic.practice, StaffId::new(), "gone@example.org", Role::Technician).await;
    let (admin, stranger) = (clinic.admin().await, clinic.stranger());
    let gone = clinic.running.app().store.staff_by_email("gone@example.org").await.unwrap().unwrap().staff.id;
    ok(admin.patch(&format!("/v1/staff/{gone}"), &json!({ "active": false })).await).await;
    let mut seen = Vec::new();
    for email in ["nobody@example.org", "gone@example.org", "ana@example.org"] {
        let answer = stranger.post("/v1/password-reset", &json!({ "email": email })).await;
        let mut headers: HashMap<_, _> =
            answer.headers().iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
        headers.retain(|name, _| name != "x-request-id" && name != "date");
        let page = fill_in(&stranger, "/reset", &[("email", email)]).await;
        seen.push((answer.status(), headers, page.status(), page.text().await.unwrap()));
        clinic.clock.advance(HOUR);
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0], seen[2]);
    // One request still waiting gives way to the next, so Ana has one mail or two, and nobody else has any.
    let store = &clinic.running.app().store;
    sent(store, (0, 0)).await;
    let letters = mailbox.letters();
    assert!((1..=2).contains(&letters.len()) && letters.iter().all(|letter| letter.to == "ana@example.org"));
}

#[tokio::test]
async fn whoever_asks_again_and_again_fills_neither_mailbox_nor_disk() {
    let (clinic, mailbox) = with_mail().await;
    let stranger = clinic.stranger();
    let ask = async |email: &str| stranger.post("/v1/password-reset", &json!({ "email": email })).await;
    for _ in 0..10 {
        assert_eq!(ask("ana@example.org").await.status(), 204);
        tokio::time::sleep(std::time::Duration::from_millis(60)).await;
    }
    for n in 0..20 {
        assert_eq!(ask(&format!("{n}@example.org")).await.status(), 204);
    }
    fails(ask("ana@example.org").await, 429, Code::TooMany).await;
    let page = fill_in(&stranger, "/reset", &[("email", "ana@example.org")]).await;
    assert_eq!(page.status(), 429);
    let store = &clinic.running.app().store;
    sent(store, (0, 0)).await;
    assert!((1..=3).contains(&mailbox.letters().len()), "{}", mailbox.letters().len());
    clinic.clock.advance(HOUR);
    assert_eq!(ask("ana@example.org").await.status(), 204);
}

#[tokio::test]
async fn a_dead_link_and_the_front_page_say_whom_to_ask_where_no_mail_is_sent() {
    let (mails, _mailbox) = with_mail().await;
    let silent = Clinic::open().await;
    let read = async |clinic: &Clinic, path: &str, language: &str| {
        let request = clinic.stranger().ask(Method::GET, path).header("accept-language", language);
        request.send().await.unwrap().text().await.unwrap()
    };
    for path in ["/", "/a/cut"] {
        for (language, sentence) in
            [("en", "whoever runs this server"), ("es", "quien gestiona este servidor")]
        {
            let page = read(&silent, path, language).await;
            assert!(!page.contains("/reset") && page.contains(sentence), "{page}");
            let page = read(&mails, path, language).await;
            assert!(page.contains("href=\"/reset\"") && !page.contains(sentence), "{page}");
        }
    }
    for (language, sentence) in [("en", "a character was lost on the way"), ("es", "perdido un carácter")] {
        assert!(read(&silent, "/a/cut", language).await.contains(sentence), "{language}");
    }
}

#[tokio::test]
async fn an_address_that_is_refused_can_be_typed_again() {
    let (clinic, _mailbox) = with_mail().await;
    let answer = fill_in(&clinic.stranger(), "/reset", &[("email", "\"ana@")]).await;
    assert_eq!(answer.status(), 400);
    let page = answer.text().await.unwrap();
    assert!(
        page.contains("<form") && page.contains("role=\"alert\">This is not an e-mail address"),
        "{page}"
    );
    assert!(page.contains("value=\"&quot;ana@\""), "{page}");
}

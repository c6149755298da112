//! What strangers get wrong, from anywhere, keeps nobody out who was here before; and what anybody may ask for without a
//! session has an end.

use limpet_wire::{Code, http::StaffSession};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::clinic::{Clinic, PASSWORD, fails, ok};

/// A server behind a proxy, so that every request says from where it comes.
async fn clinic() -> Clinic {
    Clinic::open_with(|settings| limpet_server::serve::Settings { behind_proxy: true, ..settings }).await
}

const PRACTICE: &str = "192.0.2.1";

async fn attempt(clinic: &Clinic, from: &str, email: &str, password: &str, mark: Option<&str>) -> Response {
    let mut body: Value = json!({ "email": email, "password": password, "device": "desk" });
    if let Some(mark) = mark {
        body["mark"] = json!(mark);
    }
    let request = clinic.stranger().ask(Method::POST, "/v1/sign-in").header("x-forwarded-for", from);
    request.json(&body).send().await.unwrap()
}

async fn marked(clinic: &Clinic, email: &str, mark: Option<&str>) -> String {
    let answer = attempt(clinic, PRACTICE, email, PASSWORD, mark).await;
    answer.json::<StaffSession>().await.unwrap().mark
}

#[tokio::test]
async fn a_guest_on_the_practices_own_network_keeps_no_known_device_out() {
    let clinic = clinic().await;
    clinic.add_staff(clinic.practice, limpet_model::StaffId::new(), "ben@example.org").await;
    let mark = marked(&clinic, "ana@example.org", None).await;
    assert_eq!(mark.len(), 43);
    // The guest tries Ana, and then everybody, until the place is shut.
    for n in 0..120 {
        let email = if n < 9 { "ana@example.org".to_owned() } else { format!("{n}@example.org") };
        attempt(&clinic, PRACTICE, &email, "a wrong guess", None).await;
    }
    fails(attempt(&clinic, PRACTICE, "ben@example.org", PASSWORD, None).await, 429, Code::TooMany).await;
    fails(attempt(&clinic, PRACTICE, "ana@example.org", PASSWORD, None).await, 429, Code::TooMany).await;
    // Ana's own computer is let in, and goes on being.
    for _ in 0..3 {
        ok(attempt(&clinic, PRACTICE, "ana@example.org", PASSWORD, Some(&mark)).await).await;
    }
    // A made-up mark, or one of another person, is none.
    for (email, mark) in [("ana@example.org", "x".repeat(43)), ("ben@example.org", mark.clone())] {
        fails(attempt(&clinic, PRACTICE, email, PASSWORD, Some(&mark)).await, 429, Code::TooMany).await;
    }
    // Being known is no way in.
    for _ in 0..8 {
        let wrong = attempt(&clinic, PRACTICE, "ana@example.org", "a wrong guess", Some(&mark)).await;
        fails(wrong, 401, Code::SignedOut).await;
    }
    fails(attempt(&clinic, PRACTICE, "ana@example.org", PASSWORD, Some(&mark)).await, 429, Code::TooMany)
        .await;
}

#[tokio::test]
async fn nobody_elsewhere_locks_anybody_out() {
    let clinic = clinic().await;
    for place in 0..20 {
        for _ in 0..9 {
            attempt(&clinic, &format!("198.51.100.{place}"), "ana@example.org", "a wrong guess", None).await;
        }
    }
    ok(attempt(&clinic, PRACTICE, "ana@example.org", PASSWORD, None).await).await;
}

#[tokio::test]
async fn a_place_is_the_same_however_a_proxy_writes_it_and_no_other_is_shut_with_it() {
    let clinic = clinic().await;
    for n in 0..8 {
        let from =
            [PRACTICE.to_owned(), format!("{PRACTICE}:471{n}"), format!("::ffff:{PRACTICE}")][n % 3].clone();
        attempt(&clinic, &from, "ana@example.org", "a wrong guess", None).await;
    }
    for from in [PRACTICE, "192.0.2.1:4711", "::ffff:192.0.2.1"] {
        let shut = attempt(&clinic, from, "ana@example.org", PASSWORD, None).await;
        fails(shut, 429, Code::TooMany).await;
    }
    for from in ["192.0.2.2:4711", "::ffff:192.0.2.3"] {
        ok(attempt(&clinic, from, "ana@example.org", PASSWORD, None).await).await;
    }
}

#[tokio::test]
async fn a_shared_computer_has_one_mark_and_knows_each_of_its_people() {
    let clinic = clinic().await;
    clinic.add_staff(clinic.practice, limpet_model::StaffId::new(), "ben@example.org").await;
    let mark = marked(&clinic, "ana@example.org", None).await;
    assert_eq!(marked(&clinic, "ana@example.org", Some(&mark)).await, mark);
    assert_eq!(marked(&clinic, "ben@example.org", Some(&mark)).await, mark);
    assert_ne!(marked(&clinic, "ana@example.org", Some(&"x".repeat(43))).await, "x".repeat(43));
    for _ in 0..9 {
        attempt(&clinic, PRACTICE, "ben@example.org", "a wrong guess", None).await;
    }
    ok(attempt(&clinic, PRACTICE, "ben@example.org", PASSWORD, Some(&mark)).await).await;
    // It is forgotten in time, and never kept in the clear.
    let database = std::fs::read(clinic.data.path().join("limpet.db-wal")).unwrap();
    assert!(!database.windows(43).any(|part| part == mark.as_bytes()));
    clinic.clock.advance(181 * crate::clinic::DAY);
    for _ in 0..9 {
        attempt(&clinic, PRACTICE, "ben@example.org", "a wrong guess", Some(&mark)).await;
    }
    let answer = attempt(&clinic, "192.0.2.9", "ben@example.org", PASSWORD, Some(&mark)).await;
    assert_ne!(answer.json::<StaffSession>().await.unwrap().mark, mark);
}

#[tokio::test]
async fn whoever_is_signed_in_changes_the_password_whatever_a_guest_gets_wrong() {
    let clinic = clinic().await;
    let desk = crate::clinic::sign_in(&clinic.base(), "ana@example.org").await;
    for _ in 0..9 {
        attempt(&clinic, "127.0.0.1", "ana@example.org", "a wrong guess", None).await;
    }
    fails(attempt(&clinic, "127.0.0.1", "ana@example.org", PASSWORD, None).await, 429, Code::TooMany).await;
    ok(desk.put("/v1/password", &json!({ "current": PASSWORD, "new": "four wet otters" })).await).await;
}

#[tokio::test]
async fn a_link_that_is_opened_again_and_again_opens_only_so_many_sessions() {
    let clinic = clinic().await;
    let staff = clinic.staff().await;
    let case = staff.open_case().await;
    let mine = staff.phone(&case).await;
    let link = staff.invite(case.conversation).await.link;
    let body = json!({ "invitation": link.rsplit('/').next().unwrap() });
    let open = async || clinic.stranger().post("/v1/open-invitation", &body).await;
    for _ in 0..30 {
        ok(open().await).await;
        ok(mine.get("/v1/me").await).await;
    }
    let sentence = fails(open().await, 429, Code::TooMany).await;
    assert!(sentence.contains("many devices"), "{sentence}");
    // A device that is signed in opens it all the same.
    ok(mine.post("/v1/open-invitation", &body).await).await;
    clinic.clock.advance(crate::clinic::HOUR);
    ok(open().await).await;
    let client = limpet_server::store::sessions::MOST;
    let count = clinic.running.app().store.count_sessions(clinic.practice, case.client).await.unwrap();
    assert_eq!(count, client, "the one that was not used for longest has given way");
}

#[tokio::test]
async fn who_leaves_is_assigned_to_nothing_open_and_what_was_ended_says_who_it_was() {
    let clinic = clinic().await;
    let (admin, vet) = (clinic.admin().await, clinic.staff().await);
    let (open, ended) = (vet.open_case().await, vet.open_case().await);
    for case in [&open, &ended] {
        let path = format!("/v1/conversations/{}", case.conversation);
        ok(vet.patch(&path, &json!({ "assign": { "to": clinic.vet } })).await).await;
    }
    let path = format!("/v1/conversations/{}", ended.conversation);
    ok(vet.patch(&path, &json!({ "state": "ended", "summary": "fine" })).await).await;
    let phone = vet.phone(&ended).await;
    let before = admin.changes(0, 1000).await.revision;
    ok(admin.patch(&format!("/v1/staff/{}", clinic.vet), &json!({ "active": false })).await).await;
    assert_eq!(admin.conversation(open.conversation).await.assignee, None);
    assert_eq!(admin.conversation(ended.conversation).await.assignee, Some(clinic.vet));
    // The log says so of each, also of the one that is opened again below.
    let unassigned = async || {
        let log: limpet_wire::http::AuditPage = admin.read("/v1/audit?after=0&limit=1000").await;
        let taken_off = |entry: &&limpet_wire::http::AuditEntry| entry.detail == r#"{"assignee":null}"#;
        log.entries.iter().filter(taken_off).map(|entry| entry.subject_id.clone()).collect::<Vec<_>>()
    };
    assert_eq!(unassigned().await, [open.conversation.to_string()]);
    let news = admin.changes(before.0, 1000).await.changes;
    assert_eq!(news.len(), 2, "the account and the open conversation, at once: {news:?}");
    // Opened again by the client, it waits for somebody who is there.
    phone.say(&ended, "It limps again").await;
    assert_eq!(unassigned().await, [open.conversation.to_string(), ended.conversation.to_string()]);
    assert_eq!(admin.conversation(ended.conversation).await.assignee, None);
}

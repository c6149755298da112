//! `POST /v1/sign-in`, `POST /v1/sign-out`, `GET /v1/me`.

use limpet_wire::{
    Code,
    http::{Me, StaffSession},
};
use reqwest::Response;
use serde_json::json;

use crate::{
    clinic::{Clinic, DAY, Device, PASSWORD, fails, ok},
    process::{Process, furnish, staff},
};

async fn attempt(device: &Device, email: &str, password: &str) -> Response {
    device.post("/v1/sign-in", &json!({ "email": email, "password": password, "device": "test" })).await
}

#[tokio::test]
async fn the_right_password_opens_a_session_until_it_is_closed() {
    let clinic = Clinic::open().await;
    let session: StaffSession =
        attempt(&clinic.stranger(), " Ana@Example.org ", PASSWORD).await.json().await.unwrap();
    assert_eq!((session.practice.id, session.staff.id), (clinic.practice, clinic.vet));
    let device = clinic.staff().await;
    let Me::Staff { staff, .. } = device.read("/v1/me").await else { panic!("not staff") };
    assert_eq!(staff.email, "ana@example.org");
    ok(device.post("/v1/sign-out", &json!({})).await).await;
    fails(device.get("/v1/me").await, 401, Code::SignedOut).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_who_sign_in_take_no_more_memory_than_a_few() {
    let folder = tempfile::tempdir().unwrap();
    furnish(folder.path());
    let process = Process::start(folder.path(), &["--workers", "0"]);
    let before = process.memory();
    for _ in 0..20 {
        let people: Vec<_> = (0..6).map(|_| async { staff(&process).await }).collect();
        futures_util::future::join_all(people).await;
    }
    let grown = (process.most_memory() - before) >> 20;
    println!("120 sign-ins took {grown} MiB");
    // Four places of 19 MiB each, whatever thread happens to serve.
    assert!(grown < 120, "{grown} MiB");
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_look_the_same() {
    let clinic = Clinic::open().await;
    let device = clinic.stranger();
    let wrong =
        fails(attempt(&device, "ana@example.org", "three wet otter").await, 401, Code::SignedOut).await;
    let unknown = fails(attempt(&device, "nobody@example.org", PASSWORD).await, 401, Code::SignedOut).await;
    assert_eq!(wrong, unknown);
}

#[tokio::test]
async fn signing_in_forgets_what_was_mistyped_before() {
    let clinic = Clinic::open().await;
    let device = clinic.stranger();
    for _ in 0..3 {
        for _ in 0..4 {
            fails(attempt(&device, "ana@example.org", "a wrong guess").await, 401, Code::SignedOut).await;
        }
        ok(attempt(&device, "ana@example.org", PASSWORD).await).await;
    }
}

#[tokio::test]
async fn guessing_is_slowed_for_one_person_and_not_for_the_practice() {
    let clinic = Clinic::open().await;
    clinic.add_staff(clinic.practice, limpet_model::StaffId::new(), "ben@example.org").await;
    let device = clinic.stranger();
    for _ in 0..8 {
        fails(attempt(&device, "ana@example.org", "a wrong guess").await, 401, Code::SignedOut).await;
    }
    let response = attempt(&device, "ana@example.org", PASSWORD).await;
    assert_eq!(response.headers()["retry-after"], "901");
    let sentence = fails(response, 429, Code::TooMany).await;
    assert!(sentence.contains("16 minutes"), "{sentence}");
    ok(attempt(&device, "ben@example.org", PASSWORD).await).await;
    clinic.clock.advance(15 * 60 * 1000);
    ok(attempt(&device, "ana@example.org", PASSWORD).await).await;
}

#[tokio::test]
async fn a_session_lasts_thirty_days_from_when_it_was_last_used() {
    let clinic = Clinic::open().await;
    let device = clinic.staff().await;
    clinic.clock.advance(29 * DAY);
    ok(device.get("/v1/me").await).await;
    clinic.clock.advance(29 * DAY);
    ok(device.get("/v1/me").await).await;
    clinic.clock.advance(30 * DAY);
    fails(device.get("/v1/me").await, 401, Code::SignedOut).await;
}

#[tokio::test]
async fn no_session_no_answer() {
    let clinic = Clinic::open().await;
    let stranger = clinic.stranger();
    for path in ["/v1/me", "/v1/changes?since=0", "/v1/live"] {
        fails(stranger.get(path).await, 401, Code::SignedOut).await;
    }
    fails(attempt(&stranger, "ana@example.org", &"x".repeat(5000)).await, 401, Code::SignedOut).await;
    let form =
        stranger.http.post(format!("{}/v1/sign-in", stranger.base)).body("email=ana").send().await.unwrap();
    fails(form, 415, Code::Invalid).await;
}

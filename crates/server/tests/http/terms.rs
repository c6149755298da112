//! One thing by itself, the tag of its state, and on which terms it is changed.

use limpet_model::{AttachmentKind, Client, Conversation, ConversationId, Message, MessageId, Patient};
use limpet_wire::{Code, http::NewMessage};
use reqwest::{Method, Response, StatusCode};
use serde::Serialize;
use serde_json::{Value, json};

use crate::clinic::{Case, Clinic, Device, client_named, fails, file, note, ok, patient_of, words};

async fn tag(device: &Device, path: &str) -> String {
    let response = device.get(path).await;
    assert_eq!(response.status(), StatusCode::OK, "{path}");
    response.headers()["etag"].to_str().unwrap().to_owned()
}

async fn with(
    device: &Device,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: &impl Serialize,
) -> Response {
    let request =
        headers.iter().fold(device.ask(method, path), |request, (name, value)| request.header(*name, *value));
    request.json(body).send().await.unwrap()
}

fn paths(case: &Case) -> [String; 3] {
    [
        format!("/v1/clients/{}", case.client),
        format!("/v1/patients/{}", case.patient),
        format!("/v1/conversations/{}", case.conversation),
    ]
}

#[tokio::test]
async fn one_thing_is_read_by_itself_and_again_only_when_it_has_changed() {
    let clinic = Clinic::open().await;
    let staff = clinic.staff().await;
    let case = staff.open_case().await;
    let said = staff.say(&case, "From the side, please.").await;
    let [client, patient, conversation] = paths(&case);
    assert_eq!(staff.read::<Client>(&client).await, client_named(case.client, "Marta Ruiz"));
    assert_eq!(staff.read::<Patient>(&patient).await, patient_of(case.client, case.patient, "Biscuit"));
    assert_eq!(staff.read::<Conversation>(&conversation).await, staff.conversation(case.conversation).await);
    let message = format!("/v1/messages/{said}");
    assert_eq!(staff.read::<Message>(&message).await.body, "From the side, please.");

    for path in [&client, &patient, &conversation, &message] {
        let tag = tag(&staff, path).await;
        let known = staff.ask(Method::GET, path).header("if-none-match", &tag).send().await.unwrap();
        assert_eq!(known.status(), StatusCode::NOT_MODIFIED, "{path}");
        assert_eq!(known.headers()["etag"], tag.as_str());
        assert!(known.bytes().await.unwrap().is_empty());
    }
    let before = tag(&staff, &conversation).await;
    ok(staff.patch(&conversation, &json!({ "urgent": true })).await).await;
    let changed =
        staff.ask(Method::GET, &conversation).header("if-none-match", &before).send().await.unwrap();
    assert_eq!(changed.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_clients_device_reads_its_own_and_never_a_note() {
    let clinic = Clinic::open().await;
    let staff = clinic.staff().await;
    let (own, foreign) = (staff.open_case().await, staff.open_case().await);
    let phone = staff.phone(&own).await;
    let secret = MessageId::new();
    ok(staff.put(&format!("/v1/messages/{secret}"), &note(&own, "difficult")).await).await;
    fails(phone.get(&format!("/v1/messages/{secret}")).await, 404, Code::NotFound).await;
    for path in paths(&foreign) {
        fails(phone.get(&path).await, 404, Code::NotFound).await;
    }
    let [client, patient, conversation] = paths(&own);
    assert_eq!(phone.read::<Client>(&client).await.pms_id, "");
    assert_eq!(phone.read::<Patient>(&patient).await.alert, "");
    phone.read::<Conversation>(&conversation).await;
    phone.read::<Message>(&format!("/v1/messages/{}", phone.say(&own, "Thanks").await)).await;
}

/// An id that is taken by what the asker may not see is like any that leads nowhere.
#[tokio::test]
async fn of_what_may_not_be_seen_it_is_not_said_that_it_is_there() {
    let clinic = Clinic::open().await;
    let staff = clinic.staff().await;
    let (own, foreign) = (staff.open_case().await, staff.open_case().await);
    let phone = staff.phone(&own).await;
    let (secret, hidden) = (MessageId::new(), file(AttachmentKind::Document, "x.pdf", 9));
    let body = NewMessage { attachments: vec![hidden.clone()], ..note(&own, "difficult") };
    ok(staff.put(&format!("/v1/messages/{secret}"), &body).await).await;
    let theirs = staff.say(&foreign, "for somebody else").await;
    for id in [secret, theirs] {
        let refused = phone.put(&format!("/v1/messages/{id}"), &words(&own, "hello")).await;
        fails(refused, 404, Code::NotFound).await;
    }
    let guess = NewMessage { attachments: vec![hidden], ..words(&own, "") };
    let refused = phone.put(&format!("/v1/messages/{}", MessageId::new()), &guess).await;
    fails(refused, 404, Code::NotFound).await;
    // One's own is told apart.
    let mine = phone.say(&own, "hello").await;
    fails(phone.put(&format!("/v1/messages/{mine}"), &words(&own, "other")).await, 409, Code::Conflict).await;
}

#[tokio::test]
async fn a_change_that_did_not_see_the_last_one_is_refused_when_it_says_what_it_saw() {
    let clinic = Clinic::open().await;
    let staff = clinic.staff().await;
    let case = staff.open_case().await;
    let [client, patient, conversation] = paths(&case);
    let changes: [(Method, &String, Value, Value); 3] = [
        (
            Method::PUT,
            &client,
            serde_json::to_value(client_named(case.client, "First")).unwrap(),
            serde_json::to_value(client_named(case.client, "Second")).unwrap(),
        ),
        (
            Method::PUT,
            &patient,
            serde_json::to_value(patient_of(case.client, case.patient, "First")).unwrap(),
            serde_json::to_value(patient_of(case.client, case.patient, "Second")).unwrap(),
        ),
        (Method::PATCH, &conversation, json!({ "urgent": true }), json!({ "urgent": false })),
    ];
    for (method, path, first, second) in changes {
        let seen = tag(&staff, path).await;
        let done = with(&staff, method.clone(), path, &[("if-match", &seen)], &first).await;
        assert_eq!(done.status(), StatusCode::NO_CONTENT);
        let now = done.headers()["etag"].to_str().unwrap().to_owned();
        assert_eq!(now, tag(&staff, path).await);
        let late = with(&staff, method.clone(), path, &[("if-match", &seen)], &second).await;
        let sentence = fails(late, 412, Code::Conflict).await;
        assert!(sentence.contains("Look again"), "{sentence}");
        assert_eq!(tag(&staff, path).await, now, "nothing was done");
        ok(with(&staff, method.clone(), path, &[("if-match", &now)], &second).await).await;
        ok(with(&staff, method, path, &[("if-match", "*")], &first).await).await;
    }
    let nobody = format!("/v1/clients/{}", limpet_model::ClientId::new());
    let body = client_named(nobody.rsplit('/').next().unwrap().parse().unwrap(), "New");
    let refused = with(&staff, Method::PUT, &nobody, &[("if-match", "*")], &body).await;
    fails(refused, 412, Code::Conflict).await;
}

#[tokio::test]
async fn a_write_repeated_late_under_its_key_undoes_nothing() {
    let clinic = Clinic::open().await;
    let staff = clinic.staff().await;
    let case = staff.open_case().await;
    let [client, patient, conversation] = paths(&case);
    let of_client = |name: &str| client_named(case.client, name);
    let key = [("idempotency-key", "7-1")];
    // One that changes something, and one that finds it as it wants it.
    ok(with(&staff, Method::PUT, &client, &key, &of_client("Marta R.")).await).await;
    ok(with(&staff, Method::PUT, &client, &[("idempotency-key", "7-2")], &of_client("Marta R.")).await).await;
    ok(staff.put(&client, &of_client("Marta Ruiz Vega")).await).await;
    for key in ["7-1", "7-2"] {
        let again =
            with(&staff, Method::PUT, &client, &[("idempotency-key", key)], &of_client("Marta R.")).await;
        assert!(!again.headers().contains_key("etag"), "the state is another's");
        ok(again).await;
        assert_eq!(staff.read::<Client>(&client).await.name, "Marta Ruiz Vega", "{key}");
    }
    let other = with(&staff, Method::PUT, &client, &key, &of_client("Somebody")).await;
    let sentence = fails(other, 409, Code::Conflict).await;
    assert!(sentence.contains("Idempotency-Key"), "{sentence}");

    let of_patient = |name: &str| patient_of(case.client, case.patient, name);
    let key = [("idempotency-key", "8-1")];
    ok(with(&staff, Method::PUT, &patient, &key, &of_patient("Bis")).await).await;
    ok(staff.put(&patient, &of_patient("Biscuit II")).await).await;
    ok(with(&staff, Method::PUT, &patient, &key, &of_patient("Bis")).await).await;
    assert_eq!(staff.read::<Patient>(&patient).await.name, "Biscuit II");

    let key = [("idempotency-key", "9-1")];
    ok(with(&staff, Method::PATCH, &conversation, &key, &json!({ "urgent": true })).await).await;
    ok(staff.patch(&conversation, &json!({ "urgent": false })).await).await;
    ok(with(&staff, Method::PATCH, &conversation, &key, &json!({ "urgent": true })).await).await;
    assert!(!staff.read::<Conversation>(&conversation).await.urgent);

    // What was refused was not done: it may be tried again under its key.
    let key = [("idempotency-key", "10-1")];
    let nowhere = format!("/v1/conversations/{}", ConversationId::new());
    let refused = with(&staff, Method::PATCH, &nowhere, &key, &json!({ "urgent": true })).await;
    fails(refused, 404, Code::NotFound).await;
    ok(with(&staff, Method::PATCH, &conversation, &key, &json!({ "urgent": true })).await).await;
    // Another's keys are another's.
    clinic.add_staff(clinic.practice, limpet_model::StaffId::new(), "ben@example.org").await;
    let ben = crate::clinic::sign_in(&clinic.base(), "ben@example.org").await;
    ok(with(&ben, Method::PATCH, &conversation, &key, &json!({ "urgent": false })).await).await;
    assert!(!staff.read::<Conversation>(&conversation).await.urgent);

    for bad in ["", &"x".repeat(101)] {
        let refused = with(&staff, Method::PUT, &client, &[("idempotency-key", bad)], &of_client("x")).await;
        fails(refused, 400, Code::Invalid).await;
    }
}

/// A weight is kept in whole milligrams: the same patient again is no change, however it was written.
#[tokio::test]
async fn the_same_patient_again_is_no_change() {
    let clinic = Clinic::open().await;
    let staff = clinic.staff().await;
    let case = staff.open_case().await;
    let [_, path, _] = paths(&case);
    let mut patient = patient_of(case.client, case.patient, "Biscuit");
    patient.weight_kg = Some(12.345_678_912_3);
    ok(staff.put(&path, &patient).await).await;
    let before = tag(&staff, &path).await;
    ok(staff.put(&path, &patient).await).await;
    assert_eq!(tag(&staff, &path).await, before);
}

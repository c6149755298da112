//! Nothing is ever shared between two practices, and a client's device sees only what is its client's.

use limpet_model::{AttachmentKind, Audience, ConversationState, MessageId, PatientId, PracticeId, StaffId};
use limpet_server::file_of::FileOf;
use limpet_wire::{
    Code,
    changes::{Change, Entity},
    http::{Assign, ConversationChange, NewAttachment, NewConversation, NewMessage, ReadUpTo},
};
use serde_json::json;

use crate::{
    clinic::{Clinic, NOON, Pass, client_named, fails, file, note, ok, patient_of, sign_in, words},
    ground,
    uploads::{create, offset, send},
};

#[tokio::test]
async fn two_practices_know_nothing_of_each_other() {
    let clinic = Clinic::open().await;
    let ours = clinic.staff().await;
    let case = ours.open_case().await;
    ours.say(&case, "Please film it from the side.").await;
    let attachment = ours.announce(&case, file(AttachmentKind::Photo, "x.jpg", 10)).await;

    let other = PracticeId::new();
    clinic.add_practice(other).await;
    clinic.add_staff(other, StaffId::new(), "zoe@example.org").await;
    let theirs = sign_in(&clinic.base(), "zoe@example.org").await;
    let seen = theirs.everything().await;
    assert_eq!(seen.len(), 2, "their practice and their one staff member: {seen:?}");

    let path = format!("/v1/conversations/{}", case.conversation);
    let urgent = ConversationChange { urgent: Some(true), ..ConversationChange::default() };
    fails(theirs.patch(&path, &urgent).await, 404, Code::NotFound).await;
    fails(theirs.post(&format!("{path}/invitation"), &json!({})).await, 404, Code::NotFound).await;
    fails(theirs.post(&format!("{path}/read"), &ReadUpTo { at: NOON }).await, 404, Code::NotFound).await;
    let message = format!("/v1/messages/{}", MessageId::new());
    fails(theirs.put(&message, &words(&case, "hello")).await, 404, Code::NotFound).await;
    fails(theirs.get(&format!("/v1/attachments/{attachment}/original")).await, 404, Code::NotFound).await;
    let new =
        NewConversation { client: case.client, patient: case.patient, subject: "x".into(), opened_at: NOON };
    fails(theirs.put(&path, &new).await, 404, Code::NotFound).await;
    let assign =
        ConversationChange { assign: Some(Assign { to: Some(clinic.vet) }), ..ConversationChange::default() };
    let their_case = theirs.open_case().await;
    let their_path = format!("/v1/conversations/{}", their_case.conversation);
    fails(theirs.patch(&their_path, &assign).await, 404, Code::NotFound).await;

    // The same id is another client there: writing it touches nothing here.
    ok(theirs.put(&format!("/v1/clients/{}", case.client), &client_named(case.client, "Imposter")).await)
        .await;
    let here = ours.everything().await;
    assert!(here.iter().any(|c| matches!(&c.entity, Entity::Client(client) if client.name == "Marta Ruiz")));
    assert!(!format!("{here:?}").contains("Imposter"));
}

/// Whoever sends a file makes its id, and may know or guess one of another practice.
#[tokio::test]
async fn a_file_that_arrives_is_apart_from_one_with_its_id_in_another_practice() {
    let clinic = Clinic::open().await;
    let ours = clinic.staff().await;
    let case = ours.open_case().await;
    let id = ours.announce(&case, file(AttachmentKind::Document, "ours.pdf", 20)).await;
    create(&ours, id, 20).await;
    send(&ours, id, 0, b"0123456789").await;

    let other = PracticeId::new();
    clinic.add_practice(other).await;
    clinic.add_staff(other, StaffId::new(), "zoe@example.org").await;
    let theirs = sign_in(&clinic.base(), "zoe@example.org").await;
    let their_case = theirs.open_case().await;
    theirs.announce(&their_case, NewAttachment { id, ..file(AttachmentKind::Document, "x.pdf", 4) }).await;
    assert_eq!(offset(&create(&theirs, id, 4).await), 0, "how far ours has come is not theirs to know");
    assert_eq!(offset(&send(&theirs, id, 0, b"evil").await), 4);
    let read = async |practice| {
        let arrived = ground::arrived_of(clinic.data.path(), FileOf { practice, attachment: id }).await;
        String::from_utf8(arrived.unwrap()).unwrap()
    };
    assert_eq!((read(clinic.practice).await, read(other).await), ("0123456789".into(), "evil".into()));
    assert_eq!(offset(&send(&ours, id, 10, b"abcdefghij").await), 20);
    assert_eq!(read(clinic.practice).await, "0123456789abcdefghij");
}

#[tokio::test]
async fn a_clients_device_sees_its_own_and_never_a_note() {
    let clinic = Clinic::open().await;
    let staff = clinic.staff().await;
    let (own, foreign) = (staff.open_case().await, staff.open_case().await);
    let phone = staff.phone(&own).await;
    staff.say(&own, "for Marta").await;
    staff.say(&foreign, "for somebody else").await;
    let secret = MessageId::new();
    let scan = file(AttachmentKind::Document, "secret.pdf", 10);
    let scan_id = scan.id;
    let body = NewMessage { attachments: vec![scan], ..note(&own, "secret: difficult owner") };
    ok(staff.put(&format!("/v1/messages/{secret}"), &body).await).await;
    let change = ConversationChange {
        assign: Some(Assign { to: Some(clinic.vet) }),
        state: Some(ConversationState::Ended),
        summary: Some("secret summary".into()),
        plan: Some("secret plan".into()),
        ..ConversationChange::default()
    };
    ok(staff.patch(&format!("/v1/conversations/{}", own.conversation), &change).await).await;

    let seen = phone.everything().await;
    let text = serde_json::to_string(&seen).unwrap();
    for hidden in [
        "secret",
        "somebody else",
        "ana@example.org",
        "Penicillin",
        &foreign.client.to_string(),
        &foreign.patient.to_string(),
        &foreign.conversation.to_string(),
        &scan_id.to_string(),
    ] {
        assert!(!text.contains(hidden), "{hidden} in {text}");
    }
    for shown in
        ["for Marta", "Dr. Ana Ruiz", "Lapa Veterinary Clinic", "Marta Ruiz", "Biscuit", "Conversation ended"]
    {
        assert!(text.contains(shown), "{shown} not in {text}");
    }
    let conversation = phone.conversation(own.conversation).await;
    assert_eq!(conversation.assignee, None);
    assert_eq!(conversation.state, ConversationState::Ended);
    assert!(conversation.ending.is_some_and(|ending| ending.summary.is_empty() && ending.plan.is_empty()));

    // Staff see all of it.
    let all = serde_json::to_string(&staff.everything().await).unwrap();
    assert!(all.contains("secret plan") && all.contains("secret: difficult owner"));
    fails(phone.get(&format!("/v1/attachments/{scan_id}/original")).await, 404, Code::NotFound).await;
}

#[tokio::test]
async fn a_clients_device_cannot_do_what_staff_do() {
    let clinic = Clinic::open().await;
    let staff = clinic.staff().await;
    let (own, foreign) = (staff.open_case().await, staff.open_case().await);
    let phone = staff.phone(&own).await;
    let path = format!("/v1/conversations/{}", own.conversation);
    let client = format!("/v1/clients/{}", own.client);
    fails(phone.put(&client, &client_named(own.client, "X")).await, 404, Code::NotFound).await;
    let patient = PatientId::new();
    let put = phone.put(&format!("/v1/patients/{patient}"), &patient_of(own.client, patient, "Y")).await;
    fails(put, 404, Code::NotFound).await;
    let urgent = ConversationChange { urgent: Some(true), ..ConversationChange::default() };
    fails(phone.patch(&path, &urgent).await, 404, Code::NotFound).await;
    fails(phone.post(&format!("{path}/invitation"), &json!({})).await, 404, Code::NotFound).await;
    let message = format!("/v1/messages/{}", MessageId::new());
    let as_note = NewMessage { audience: Audience::Staff, ..words(&own, "psst") };
    fails(phone.put(&message, &as_note).await, 400, Code::Invalid).await;
    fails(phone.put(&message, &words(&foreign, "hello")).await, 404, Code::NotFound).await;
    let read = format!("/v1/conversations/{}/read", foreign.conversation);
    fails(phone.post(&read, &ReadUpTo { at: NOON }).await, 404, Code::NotFound).await;
}

#[tokio::test]
async fn another_sites_page_cannot_write_with_the_cookie() {
    let clinic = Clinic::open().await;
    let staff = clinic.staff().await;
    let case = staff.open_case().await;
    let phone = staff.phone(&case).await;
    let Pass::Cookie(token) = &phone.pass else { panic!() };
    let bare = |method: reqwest::Method, path: String| {
        phone
            .http
            .request(method, format!("{}{path}", phone.base))
            .header("cookie", format!("limpet_client={token}"))
    };
    let put = bare(reqwest::Method::PUT, format!("/v1/messages/{}", MessageId::new()));
    fails(put.json(&words(&case, "forged")).send().await.unwrap(), 400, Code::Invalid).await;
    let upload = bare(reqwest::Method::POST, "/v1/uploads".into()).header("tus-resumable", "1.0.0");
    fails(upload.send().await.unwrap(), 400, Code::Invalid).await;
    ok(bare(reqwest::Method::GET, "/v1/me".into()).send().await.unwrap()).await;
    // A cookie's token is no bearer token.
    let borrowed = phone.http.get(format!("{}/v1/me", phone.base)).bearer_auth(token).send().await.unwrap();
    fails(borrowed, 401, Code::SignedOut).await;
}

#[tokio::test]
async fn an_animal_that_changes_owner_leaves_the_first_ones_view() {
    let clinic = Clinic::open().await;
    let staff = clinic.staff().await;
    let (from, to) = (staff.open_case().await, staff.open_case().await);
    let (first, second) = (staff.phone(&from).await, staff.phone(&to).await);
    let before = first.changes(0, 1000).await.revision;
    let moved = patient_of(to.client, from.patient, "Biscuit");
    ok(staff.put(&format!("/v1/patients/{}", from.patient), &moved).await).await;

    let news = first.changes(before.0, 1000).await.changes;
    let [Change { entity: Entity::Tombstone(gone), .. }] = news.as_slice() else { panic!("{news:?}") };
    assert_eq!((gone.of.as_str(), &gone.id), ("patient", &from.patient.to_string()));
    let has = |changes: &[Change]| {
        changes.iter().any(|c| matches!(&c.entity, Entity::Patient(patient) if patient.id == from.patient))
    };
    assert!(has(&second.everything().await) && !has(&first.everything().await));

    // And back again.
    let back = patient_of(from.client, from.patient, "Biscuit");
    ok(staff.put(&format!("/v1/patients/{}", from.patient), &back).await).await;
    let all = first.everything().await;
    assert!(has(&all) && !all.iter().any(|c| matches!(c.entity, Entity::Tombstone(_))));
}

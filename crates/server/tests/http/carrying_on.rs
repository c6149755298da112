//! How conversations are carried on: new words, what is taken back, many at once, what has arrived at the client.

use limpet_model::{AttachmentKind, ConversationId, ExportId};
use limpet_server::file_of::FileOf;
use limpet_wire::{
    Code,
    changes::ChangePage,
    http::{BulkAnswer, EarlierWords, ExportKind, NewConversation, NewExport},
};
use serde_json::json;

use crate::{
    attachments::{BYTES, prepared},
    clinic::{Clinic, NOON, fails, file, ok},
};

#[tokio::test]
async fn a_message_gets_new_words_and_is_taken_back() {
    let clinic = Clinic::open().await;
    let staff = clinic.staff().await;
    let case = staff.open_case().await;
    let phone = staff.phone(&case).await;
    let id = staff.say(&case, "Give her 5 ml").await;
    let path = format!("/v1/messages/{id}");
    fails(phone.patch(&path, &json!({ "body": "x" })).await, 404, Code::NotFound).await;
    ok(staff.patch(&path, &json!({ "body": "Give her 0.5 ml" })).await).await;
    let seen = phone.thread(case.conversation).await;
    assert_eq!(seen.last().unwrap().body, "Give her 0.5 ml");
    assert!(seen.last().unwrap().edited_at.is_some());
    let long = json!({ "body": "x".repeat(10_001) });
    fails(staff.patch(&path, &long).await, 400, Code::Invalid).await;
    ok(staff.delete(&path).await).await;
    assert!(phone.thread(case.conversation).await.last().unwrap().deleted_at.is_some());
    let said: Vec<EarlierWords> = staff.read(&format!("{path}/earlier")).await;
    assert_eq!(
        said.iter().map(|w| w.body.as_str()).collect::<Vec<_>>(),
        ["Give her 5 ml", "Give her 0.5 ml"]
    );
    fails(phone.get(&format!("{path}/earlier")).await, 404, Code::NotFound).await;
}

#[tokio::test]
async fn what_went_with_a_message_that_was_taken_back_opens_no_more() {
    let clinic = Clinic::open().await;
    let staff = clinic.staff().await;
    let case = staff.open_case().await;
    let phone = staff.phone(&case).await;
    let id = phone.announce(&case, file(AttachmentKind::Clip, "walk.mov", BYTES.len())).await;
    prepared(&clinic, &phone, id).await;
    let attachment = staff.attachment(id).await;
    let link = attachment.link.unwrap();
    let page = link.strip_prefix(&clinic.base()).unwrap();
    assert_eq!(clinic.stranger().get(page).await.status(), 200);
    ok(phone.delete(&format!("/v1/messages/{}", attachment.message)).await).await;
    assert_eq!(clinic.stranger().get(page).await.status(), 404);
    let original = format!("/v1/attachments/{id}/original");
    fails(phone.get(&original).await, 404, Code::NotFound).await;
    assert_eq!(staff.get(&original).await.status(), 200, "it is kept for the record");
    let of = FileOf { practice: clinic.practice, attachment: id };
    assert!(clinic.running.app().blobs.meta(of, limpet_server::blobs::Part::Original).await.is_ok());
}

#[tokio::test]
async fn one_change_is_made_to_many_and_what_cannot_be_changed_holds_up_nothing() {
    let clinic = Clinic::open().await;
    let staff = clinic.staff().await;
    let (one, two) = (staff.open_case().await, staff.open_case().await);
    let nobodys = ConversationId::new();
    let ids = [one.conversation, nobodys, two.conversation];
    let bulk = json!({ "conversations": ids, "change": { "urgent": true } });
    let answer: BulkAnswer = staff.post("/v1/conversations/changes", &bulk).await.json().await.unwrap();
    assert_eq!(answer.refused.len(), 1);
    assert_eq!((answer.refused[0].conversation, answer.refused[0].failure.code), (nobodys, Code::NotFound));
    for case in [one, two] {
        assert!(staff.conversation(case.conversation).await.urgent);
    }
    let many: Vec<_> = (0..201).map(|_| ConversationId::new()).collect();
    let bulk = json!({ "conversations": many, "change": { "urgent": true } });
    fails(staff.post("/v1/conversations/changes", &bulk).await, 400, Code::Invalid).await;
}

#[tokio::test]
async fn two_conversations_about_one_patient_become_one() {
    let clinic = Clinic::open().await;
    let staff = clinic.staff().await;
    let case = staff.open_case().await;
    let second = ConversationId::new();
    let (client, patient) = (case.client, case.patient);
    let new = NewConversation { client, patient, subject: "Again".into(), opened_at: NOON };
    ok(staff.put(&format!("/v1/conversations/{second}"), &new).await).await;
    let phone = staff.phone(&crate::clinic::Case { conversation: second, ..case }).await;
    let path = format!("/v1/conversations/{}/merge", case.conversation);
    ok(staff.post(&path, &json!({ "from": second })).await).await;
    // The phone that was opened for the one that is gone goes on in the other.
    let me: serde_json::Value = phone.read("/v1/me").await;
    assert_eq!(me["conversation"], json!(case.conversation), "{me}");
    let late =
        limpet_wire::http::NewMessage { conversation: second, ..crate::clinic::words(&case, "Hello?") };
    ok(phone.put(&format!("/v1/messages/{}", limpet_model::MessageId::new()), &late).await).await;
    assert_eq!(staff.thread(case.conversation).await.last().unwrap().body, "Hello?");
}

#[tokio::test]
async fn what_left_is_written_down_once() {
    let clinic = Clinic::open().await;
    let staff = clinic.staff().await;
    let case = staff.open_case().await;
    let logged = async || {
        let store = &clinic.running.app().store;
        store.verify_audit(clinic.practice).await.unwrap().unwrap().number
    };
    let new = NewExport {
        conversation: case.conversation,
        attachment: None,
        how: ExportKind::Filed,
        sha256: "ab".repeat(32),
        at: NOON,
    };
    let path = format!("/v1/exports/{}", ExportId::new());
    let before = logged().await;
    for _ in 0..2 {
        ok(staff.put(&path, &new).await).await;
    }
    assert_eq!(logged().await, before + 1);
    let odd = NewExport { sha256: "AB".repeat(32), ..new };
    fails(staff.put(&path, &odd).await, 400, Code::Invalid).await;
}

#[tokio::test]
async fn what_reached_a_clients_device_is_known() {
    let clinic = Clinic::open().await;
    let staff = clinic.staff().await;
    let case = staff.open_case().await;
    let phone = staff.phone(&case).await;
    staff.say(&case, "Send a film").await;
    let sent = staff.thread(case.conversation).await.last().unwrap().received_at;
    let delivered = async || staff.conversation(case.conversation).await.delivered_to_client;
    let page = phone.changes(0, 1000).await;
    assert_eq!(delivered().await.0, 0, "it may have been lost on its way");
    phone.changes(page.revision.0, 1000).await;
    assert_eq!(delivered().await, sent);
    let before = staff.changes(0, 1000).await.revision;
    phone.changes(before.0, 1000).await;
    assert_eq!(staff.changes(0, 1000).await.revision, before, "nothing new has arrived");
}

#[tokio::test]
async fn a_device_that_counts_in_another_past_is_told_to_start_over() {
    let clinic = Clinic::open().await;
    let staff = clinic.staff().await;
    staff.open_case().await;
    let page = staff.changes(0, 1000).await;
    assert!(!page.epoch.is_empty());
    let ask = async |epoch: &str| -> ChangePage {
        staff.read(&format!("/v1/changes?since={}&epoch={epoch}", page.revision.0 - 1)).await
    };
    assert_eq!(ask(&page.epoch).await.changes.len(), 1);
    // Of another past, or begun in this one further than it has come: it was restored.
    let further = page.epoch.replace('.', ".9");
    for past in ["of-a-backup", further.as_str()] {
        let other = ask(past).await;
        assert_eq!((other.revision.0, other.changes.len(), other.more), (0, 0, true), "{past}");
        assert_eq!(other.epoch, page.epoch);
    }
    // One that asks for all of it again, and has kept what it held, too.
    let anew: ChangePage = staff.read("/v1/changes?since=0&epoch=of-a-backup").await;
    assert_eq!((anew.revision.0, anew.changes.len(), anew.more), (0, 0, true));
    let begun: ChangePage = staff.read("/v1/changes?since=0").await;
    assert_eq!(begun.changes.len(), page.changes.len());
}

//! `PUT, PATCH /v1/conversations/{id}` and `POST .../read`.

use limpet_model::{Author, Conversation, ConversationId, ConversationState, Millis, PatientId, StaffId};
use limpet_wire::{
    Code,
    http::{Assign, ConversationChange, NewConversation, ReadUpTo},
};
use reqwest::Response;

use crate::clinic::{Case, Clinic, DAY, Device, HOUR, NOON, fails, note, ok, sign_in};

fn ending(at: Option<Millis>) -> ConversationChange {
    ConversationChange {
        state: Some(ConversationState::Ended),
        at,
        summary: Some("Left hind lameness".into()),
        plan: Some("Rest for a week".into()),
        ..ConversationChange::default()
    }
}

async fn change(device: &Device, id: ConversationId, change: &ConversationChange) -> Response {
    device.patch(&format!("/v1/conversations/{id}"), change).await
}

async fn thread(device: &Device, case: &Case) -> Vec<String> {
    device.thread(case.conversation).await.into_iter().map(|message| message.body).collect()
}

#[tokio::test]
async fn opening_twice_is_opening_once_and_another_with_the_same_id_is_refused() {
    let clinic = Clinic::open().await;
    let staff = clinic.staff().await;
    let case = staff.open_case().await;
    let path = format!("/v1/conversations/{}", case.conversation);
    let new = NewConversation {
        client: case.client,
        patient: case.patient,
        subject: "Limps".into(),
        opened_at: NOON,
    };
    let before = staff.changes(0, 1000).await.revision;
    ok(staff.put(&path, &new).await).await;
    assert_eq!(staff.changes(0, 1000).await.revision, before);
    let other = NewConversation { subject: "Coughs".into(), ..new.clone() };
    fails(staff.put(&path, &other).await, 409, Code::Conflict).await;
    let unknown = NewConversation { patient: PatientId::new(), ..new.clone() };
    let path = format!("/v1/conversations/{}", ConversationId::new());
    fails(staff.put(&path, &unknown).await, 404, Code::NotFound).await;
    let empty = NewConversation { subject: " ".into(), ..new };
    fails(staff.put(&path, &empty).await, 400, Code::Invalid).await;
    fails(staff.put("/v1/conversations/limpet", &empty).await, 404, Code::NotFound).await;
}

#[tokio::test]
async fn the_client_waits_from_the_first_message_until_an_answer() {
    let clinic = Clinic::open().await;
    let staff = clinic.staff().await;
    let case = staff.open_case().await;
    let phone = staff.phone(&case).await;
    let waiting = async || staff.conversation(case.conversation).await.waiting_since;
    assert_eq!(waiting().await, None);
    phone.say(&case, "She limps").await;
    assert_eq!(waiting().await, Some(NOON));
    clinic.clock.advance(HOUR);
    phone.say(&case, "Hello?").await;
    assert_eq!(waiting().await, Some(NOON), "a second message does not restart the wait");
    let id = limpet_model::MessageId::new();
    ok(staff.put(&format!("/v1/messages/{id}"), &note(&case, "looks bad")).await).await;
    assert_eq!(waiting().await, Some(NOON), "a note is no answer");
    staff.say(&case, "Bring her in").await;
    assert_eq!(waiting().await, None);
}

#[tokio::test]
async fn urgency_and_assignee() {
    let clinic = Clinic::open().await;
    let staff = clinic.staff().await;
    let case = staff.open_case().await;
    let both = ConversationChange {
        urgent: Some(true),
        assign: Some(Assign { to: Some(clinic.vet) }),
        ..ConversationChange::default()
    };
    ok(change(&staff, case.conversation, &both).await).await;
    let now = staff.conversation(case.conversation).await;
    assert_eq!((now.urgent, now.assignee), (true, Some(clinic.vet)));
    let nobody = ConversationChange { assign: Some(Assign { to: None }), ..ConversationChange::default() };
    ok(change(&staff, case.conversation, &nobody).await).await;
    let now = staff.conversation(case.conversation).await;
    assert_eq!((now.urgent, now.assignee), (true, None));
    let stranger = ConversationChange {
        assign: Some(Assign { to: Some(StaffId::new()) }),
        ..ConversationChange::default()
    };
    fails(change(&staff, case.conversation, &stranger).await, 404, Code::NotFound).await;
}

#[tokio::test]
async fn ending_says_so_in_the_thread_and_the_clients_message_opens_it_again() {
    let clinic = Clinic::open().await;
    let staff = clinic.staff().await;
    let case = staff.open_case().await;
    let phone = staff.phone(&case).await;
    phone.say(&case, "Better today").await;
    let seen = ConversationChange { seen: Some(NOON), ..ending(None) };
    ok(change(&staff, case.conversation, &seen).await).await;
    let ended = staff.conversation(case.conversation).await;
    assert_eq!((ended.state, ended.waiting_since), (ConversationState::Ended, None));
    let how = ended.ending.unwrap();
    assert_eq!((how.at, how.by, how.plan.as_str()), (NOON, clinic.vet, "Rest for a week"));

    phone.say(&case, "One more thing").await;
    let open: Conversation = staff.conversation(case.conversation).await;
    assert_eq!((open.state, open.ending), (ConversationState::Open, None));
    assert!(open.waiting_since.is_some());
    let expected = ["Better today", "Conversation ended", "Conversation reopened", "One more thing"];
    assert_eq!(thread(&staff, &case).await, expected);
    assert_eq!(thread(&phone, &case).await, expected);
    let authors: Vec<_> = staff.thread(case.conversation).await.iter().map(|m| m.author).collect();
    assert_eq!(authors[1], Author::System);
}

#[tokio::test]
async fn an_ending_that_is_repeated_does_not_end_what_the_client_opened_again() {
    let clinic = Clinic::open().await;
    let staff = clinic.staff().await;
    let case = staff.open_case().await;
    let phone = staff.phone(&case).await;
    let asked = ending(Some(NOON));
    ok(change(&staff, case.conversation, &asked).await).await;
    ok(change(&staff, case.conversation, &asked).await).await;
    assert_eq!(thread(&staff, &case).await, ["Conversation ended"]);
    clinic.clock.advance(HOUR);
    phone.say(&case, "One more thing").await;
    ok(change(&staff, case.conversation, &asked).await).await;
    assert_eq!(staff.conversation(case.conversation).await.state, ConversationState::Open);
    // Later, for good reason, it is ended again.
    ok(staff
        .post(
            &format!("/v1/conversations/{}/read", case.conversation),
            &ReadUpTo { at: Millis(NOON.0 + DAY) },
        )
        .await)
    .await;
    ok(change(&staff, case.conversation, &ending(Some(Millis(NOON.0 + DAY)))).await).await;
    assert_eq!(staff.conversation(case.conversation).await.state, ConversationState::Ended);
}

#[tokio::test]
async fn what_two_people_end_at_once_is_ended_by_the_first() {
    let clinic = Clinic::open().await;
    clinic.add_staff(clinic.practice, StaffId::new(), "ben@example.org").await;
    let (ana, ben) = (clinic.staff().await, sign_in(&clinic.base(), "ben@example.org").await);
    let case = ana.open_case().await;
    ok(change(&ana, case.conversation, &ending(Some(NOON))).await).await;
    let sentence =
        fails(change(&ben, case.conversation, &ending(Some(NOON))).await, 409, Code::Conflict).await;
    assert!(sentence.contains("already ended"), "{sentence}");
    let open = ConversationChange { state: Some(ConversationState::Open), ..ConversationChange::default() };
    ok(change(&ben, case.conversation, &open).await).await;
    ok(change(&ben, case.conversation, &open).await).await;
    assert_eq!(thread(&ana, &case).await, ["Conversation ended", "Conversation reopened"]);
}

#[tokio::test]
async fn an_ending_written_offline_does_not_bury_a_newer_message() {
    let clinic = Clinic::open().await;
    let staff = clinic.staff().await;
    let case = staff.open_case().await;
    let phone = staff.phone(&case).await;
    clinic.clock.advance(HOUR);
    phone.say(&case, "It got worse!").await;
    // Whatever the device's clock says, and however late its words arrive.
    for at in [NOON, Millis(NOON.0 + DAY)] {
        let sentence =
            fails(change(&staff, case.conversation, &ending(Some(at))).await, 409, Code::Conflict).await;
        assert!(sentence.contains("wrote again"), "{sentence}");
    }
    assert_eq!(staff.conversation(case.conversation).await.state, ConversationState::Open);
}

#[tokio::test]
async fn read_marks_move_forward_only_and_not_past_what_is_there() {
    let clinic = Clinic::open().await;
    let staff = clinic.staff().await;
    let case = staff.open_case().await;
    let phone = staff.phone(&case).await;
    staff.say(&case, "Good morning").await;
    clinic.clock.advance(HOUR);
    staff.say(&case, "How is she?").await;
    let path = format!("/v1/conversations/{}/read", case.conversation);
    let mark = async || staff.conversation(case.conversation).await.read_by_client;
    ok(phone.post(&path, &ReadUpTo { at: NOON }).await).await;
    assert_eq!(mark().await, NOON);
    ok(phone.post(&path, &ReadUpTo { at: Millis(NOON.0 - DAY) }).await).await;
    assert_eq!(mark().await, NOON);
    ok(phone.post(&path, &ReadUpTo { at: Millis(NOON.0 + DAY) }).await).await;
    assert_eq!(mark().await, Millis(NOON.0 + HOUR));
    assert_eq!(staff.conversation(case.conversation).await.read_by_staff, Millis(0));
    // A note does not show in how far a client can read.
    clinic.clock.advance(HOUR);
    let hidden = format!("/v1/messages/{}", limpet_model::MessageId::new());
    ok(staff.put(&hidden, &note(&case, "Difficult owner")).await).await;
    ok(phone.post(&path, &ReadUpTo { at: Millis(NOON.0 + DAY) }).await).await;
    assert_eq!(mark().await, Millis(NOON.0 + HOUR));
    let revision = staff.changes(0, 1000).await.revision;
    ok(phone.post(&path, &ReadUpTo { at: NOON }).await).await;
    assert_eq!(staff.changes(0, 1000).await.revision, revision);
}

//! Sessions, invitations and passwords.

use limpet_model::{Author, Role, StaffId, StaffMember};
use limpet_server::{
    by::Actor,
    secrets::token_hash,
    store::{
        StoreError,
        invitations::Opened,
        sessions::{Holder, Session},
    },
};
use limpet_wire::http::StaffChange;

use crate::{
    open,
    suite::{NOW, at, author_of, open_case, operator},
};

pub async fn sessions_and_invitations_run_out(url: &str) {
    let store = open(url).await;
    let case = open_case(&store).await;
    let staff = Session {
        token_hash: token_hash("a"),
        practice: case.practice,
        holder: Holder::Staff(case.vet, Role::Veterinarian),
    };
    let phone = Session {
        token_hash: token_hash("b"),
        practice: case.practice,
        holder: Holder::Client(case.client.id, case.conversation),
    };
    store.open_session(&staff, "desk", NOW).await.unwrap();
    store.open_session(&phone, "", NOW).await.unwrap();
    assert_eq!(store.session(&token_hash("a"), at(1)).await.unwrap(), Some(staff.clone()));
    assert_eq!(store.session(&token_hash("b"), at(1)).await.unwrap(), Some(phone.clone()));
    let day = 24 * 60 * 60 * 1000;
    assert_eq!(store.session(&token_hash("a"), at(29 * day)).await.unwrap(), Some(staff.clone()));
    assert_eq!(store.session(&token_hash("a"), at(58 * day)).await.unwrap(), Some(staff.clone()));
    assert_eq!(store.session(&token_hash("a"), at(88 * day)).await.unwrap(), None);
    store.close_session(&phone, NOW).await.unwrap();
    assert_eq!(store.session(&token_hash("b"), at(1)).await.unwrap(), None);

    let vet = author_of(case.practice, Author::Staff(case.vet), NOW);
    let opened = Opened { practice: case.practice, client: case.client.id, conversation: case.conversation };
    let until = store.add_invitation(vet, &token_hash("c"), opened).await.unwrap();
    assert_eq!(store.invitation(&token_hash("c"), at(1)).await.unwrap(), Some(opened));
    assert_eq!(store.invitation(&token_hash("c"), until).await.unwrap(), None);
    assert!(store.revoke_invitation(&token_hash("c"), Actor::Operator, at(2)).await.unwrap());
    assert_eq!(store.invitation(&token_hash("c"), at(3)).await.unwrap(), None);
}

pub async fn a_session_opens_only_while_what_was_checked_still_holds(url: &str) {
    let store = open(url).await;
    let case = open_case(&store).await;
    let session = |token: &str| Session {
        token_hash: token_hash(token),
        practice: case.practice,
        holder: Holder::Staff(case.vet, Role::Veterinarian),
    };
    assert!(store.open_staff_session(&session("a"), "desk", "hash", NOW).await.unwrap());
    let set = async |present, new| {
        store.set_password(operator(case.practice), case.vet, present, new, None).await.unwrap()
    };
    assert!(!set("another", "new").await, "somebody set another one meanwhile");
    assert!(store.session(&token_hash("a"), at(1)).await.unwrap().is_some());
    assert!(set("hash", "new").await);
    assert_eq!(store.session(&token_hash("a"), at(1)).await.unwrap(), None, "a new password closes sessions");
    // The old one was checked before it was replaced.
    assert!(!store.open_staff_session(&session("b"), "desk", "hash", NOW).await.unwrap());
    assert_eq!(store.session(&token_hash("b"), at(1)).await.unwrap(), None);
    let admin = StaffMember {
        id: StaffId::new(),
        name: "Ada".into(),
        role: Role::Admin,
        email: format!("ada-{}@example.org", case.practice),
        active: true,
    };
    store.add_staff(operator(case.practice), &admin, "hash").await.unwrap();
    let closed = StaffChange { active: Some(false), ..StaffChange::default() };
    store.change_staff(operator(case.practice), case.vet, &closed).await.unwrap();
    assert!(!store.open_staff_session(&session("c"), "desk", "new", NOW).await.unwrap());
    // Two administrators who demote each other at once: one of them stays.
    let back = StaffChange { active: Some(true), role: Some(Role::Admin), ..StaffChange::default() };
    store.change_staff(operator(case.practice), case.vet, &back).await.unwrap();
    let demoted = StaffChange { role: Some(Role::Technician), ..StaffChange::default() };
    let (one, two) = tokio::join!(
        store.change_staff(operator(case.practice), case.vet, &demoted),
        store.change_staff(operator(case.practice), admin.id, &demoted),
    );
    let refused = [one, two].into_iter().filter(|done| matches!(done, Err(StoreError::Conflict(_)))).count();
    assert_eq!(refused, 1);
}

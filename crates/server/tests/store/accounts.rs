//! Sessions, invitations and passwords.

use limpet_model::{Author, Role, StaffId, StaffMember};
use limpet_server::{
    by::Actor,
    secrets::token_hash,
    store::{
        StoreError,
        account_links::{AccountLink, LinkFor},
        invitations::Opened,
        second_steps::{FirstCode, Taken},
        sessions::{Holder, Session, With},
    },
};
use limpet_wire::http::{PracticeChange, StaffChange};

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
    assert!(store.revoke_invitation(&token_hash("c"), Actor::Operator, at(2)).await.unwrap().is_some());
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
    let open = async |token, hash, with| {
        store.open_staff_session(&session(token), "desk", hash, with, NOW).await.unwrap()
    };
    assert!(open("a", "hash", With::Password).await);
    for (token, kind) in [("mailed", LinkFor::Reset), ("ticket", LinkFor::SecondStep)] {
        let link = AccountLink { practice: case.practice, staff: case.vet, kind };
        store.add_account_link(&token_hash(token), link, NOW).await.unwrap();
    }
    let set = async |present, new| {
        store.set_password(operator(case.practice), case.vet, present, new, None).await.unwrap()
    };
    assert!(!set("another", "new").await, "somebody set another one meanwhile");
    assert!(store.session(&token_hash("a"), at(1)).await.unwrap().is_some());
    assert!(set("hash", "new").await);
    assert_eq!(store.session(&token_hash("a"), at(1)).await.unwrap(), None, "a new password closes sessions");
    for token in ["mailed", "ticket"] {
        assert_eq!(store.account_link(&token_hash(token), at(1)).await.unwrap(), None, "and links: {token}");
    }
    // The old one was checked before it was replaced.
    assert!(!open("b", "hash", With::Password).await);
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
    assert!(!open("c", "new", With::Password).await);
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

pub async fn a_session_opens_without_a_code_only_while_none_is_asked_for(url: &str) {
    let store = open(url).await;
    let case = open_case(&store).await;
    let session = |token: &str| Session {
        token_hash: token_hash(&format!("{token}{}", case.vet)),
        practice: case.practice,
        holder: Holder::Staff(case.vet, Role::Veterinarian),
    };
    let open = async |token, with| {
        store.open_staff_session(&session(token), "desk", "hash", with, NOW).await.unwrap()
    };
    let is_open = async |token| store.session(&session(token).token_hash, at(1)).await.unwrap().is_some();
    for token in ["own", "other"] {
        assert!(open(token, With::Password).await);
    }
    // Codes were switched on after somebody was asked for none: what was opened before is closed, but for one's own.
    let by = author_of(case.practice, Author::Staff(case.vet), NOW);
    let secret = limpet_server::codes::new_secret().unwrap();
    assert!(store.begin_second_step(by, case.vet, &secret, None).await.unwrap());
    assert!(open("begun", With::Password).await, "nothing is asked for yet");
    let code = crate::people::code(&secret, 0);
    let own = session("own");
    let elsewhere = FirstCode { code: &code, shown: Some("another secret"), session: Some(&own) };
    let confirm = async |first| store.confirm_second_step(by, case.vet, first, &[]).await.unwrap();
    assert_eq!(confirm(elsewhere).await, Taken::Wrong, "its code is right for another secret only");
    assert_eq!(confirm(FirstCode { shown: Some(&secret), ..elsewhere }).await, Taken::Right);
    assert_eq!([is_open("own").await, is_open("other").await, is_open("begun").await], [true, false, false]);
    assert!(!open("late", With::Password).await && !is_open("late").await);
    assert!(open("code", With::Code).await);
    assert!(open("recovered", With::RecoveryCode).await);
    let log = store.audit(case.practice, 0, 1000).await.unwrap().entries;
    let recovered =
        log.iter().filter(|entry| entry.act == "signed in" && entry.detail.contains("recovery")).count();
    assert_eq!(recovered, 1);
    // The same where the practice requires them of everybody.
    store.end_second_step(by, case.vet, false).await.unwrap();
    assert!(open("off", With::Password).await);
    let admin = StaffMember {
        id: StaffId::new(),
        name: "Ada".into(),
        role: Role::Admin,
        email: format!("ada-{}@example.org", case.practice),
        active: true,
    };
    store.add_staff(operator(case.practice), &admin, "hash").await.unwrap();
    assert!(store.begin_second_step(by, admin.id, &secret, None).await.unwrap());
    let first = FirstCode { code: &code, shown: None, session: None };
    assert_eq!(store.confirm_second_step(by, admin.id, first, &[]).await.unwrap(), Taken::Right);
    let require = PracticeChange { requires_code: Some(true), ..PracticeChange::default() };
    store.change_practice(operator(case.practice), &require).await.unwrap();
    assert!(!is_open("off").await && !open("required", With::Password).await);
    let log = store.audit(case.practice, 0, 1000).await.unwrap().entries;
    let changed = log.iter().rfind(|entry| entry.subject == "practice").unwrap();
    assert!(changed.detail.contains(r#""to":{"requires_code":true}"#), "{}", changed.detail);
}

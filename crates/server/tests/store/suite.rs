//! What a store has to do, whatever it keeps its rows in.

use std::time::Duration;

use limpet_model::{
    AttachmentId, AttachmentKind, AttachmentState, Audience, Author, Client, ClientId, ConversationId,
    MessageId, Millis, Patient, PatientId, Practice, PracticeId, Revision, Role, Sex, StaffId, StaffMember,
};
use limpet_server::{
    live::Live,
    secrets::token_hash,
    store::{
        Engine, Store, StoreError,
        invitations::Opened,
        jobs::{Job, LEASE},
        sessions::{Holder, Session},
    },
    view::View,
};
use limpet_wire::{
    changes::Entity,
    http::{ConversationChange, NewAttachment, NewConversation, NewMessage, StaffChange},
};

use crate::{open, open_heard};

pub const NOW: Millis = Millis(1_795_345_200_000);

fn at(ms: i64) -> Millis {
    Millis(NOW.0 + ms)
}

pub struct Case {
    pub practice: PracticeId,
    pub vet: StaffId,
    pub client: Client,
    pub patient: Patient,
    pub conversation: ConversationId,
}

pub async fn open_case(store: &Store) -> Case {
    let practice = Practice {
        id: PracticeId::new(),
        name: "Lapa".into(),
        address: String::new(),
        phone: String::new(),
        time_zone: "UTC".into(),
    };
    store.add_practice(&practice, NOW).await.unwrap();
    let vet = StaffMember {
        id: StaffId::new(),
        name: "Ana".into(),
        role: Role::Veterinarian,
        email: format!("{}@example.org", practice.id),
        active: true,
    };
    store.add_staff(practice.id, &vet, "hash", NOW).await.unwrap();
    let client = Client {
        id: ClientId::new(),
        name: "Marta".into(),
        email: String::new(),
        phone: "555".into(),
        address: "1\n2".into(),
        pms_id: String::new(),
    };
    store.put_client(practice.id, &client).await.unwrap();
    let patient = Patient {
        id: PatientId::new(),
        client: client.id,
        name: "Biscuit".into(),
        species: "Dog".into(),
        breed: String::new(),
        sex: Sex::Male,
        born: "2019".into(),
        colour: String::new(),
        weight_kg: Some(12.4),
        alert: String::new(),
        pms_id: String::new(),
    };
    store.put_patient(practice.id, &patient).await.unwrap();
    let conversation = ConversationId::new();
    let new =
        NewConversation { client: client.id, patient: patient.id, subject: "Limps".into(), opened_at: NOW };
    store.open_conversation(practice.id, conversation, &new, vet.id).await.unwrap();
    Case { practice: practice.id, vet: vet.id, client, patient, conversation }
}

fn message(case: &Case, body: &str) -> NewMessage {
    NewMessage {
        conversation: case.conversation,
        audience: Audience::Everyone,
        body: body.into(),
        sent_at: NOW,
        attachments: Vec::new(),
    }
}

async fn say(store: &Store, case: &Case, author: Author, new: &NewMessage) -> MessageId {
    let id = MessageId::new();
    store.put_message(case.practice, View::Staff, author, id, new, NOW).await.unwrap();
    id
}

async fn announce(store: &Store, case: &Case) -> AttachmentId {
    let attachment = NewAttachment {
        id: AttachmentId::new(),
        kind: AttachmentKind::Clip,
        name: "walk.mov".into(),
        mime: String::new(),
        bytes: 10,
        caption: String::new(),
        captured_at: None,
        still_of: None,
    };
    let id = attachment.id;
    let new = NewMessage { attachments: vec![attachment], ..message(case, "") };
    say(store, case, Author::Client(case.client.id), &new).await;
    id
}

pub async fn opens_again_as_it_was(url: &str) {
    let case = open_case(&open(url).await).await;
    let again = open(url).await;
    assert_eq!(again.practice(case.practice).await.unwrap().unwrap().name, "Lapa");
    assert_eq!(again.revision(case.practice).await.unwrap(), Revision(5));
}

pub async fn people_come_back_as_they_were_written(url: &str) {
    let store = open(url).await;
    let case = open_case(&store).await;
    for weight in [None, Some(0.0125), Some(700.5), None] {
        let patient = Patient { weight_kg: weight, ..case.patient.clone() };
        store.put_patient(case.practice, &patient).await.unwrap();
        assert_eq!(store.patient(case.practice, patient.id).await.unwrap(), Some(patient));
    }
    let orphan = Patient { client: ClientId::new(), id: PatientId::new(), ..case.patient.clone() };
    assert!(matches!(store.put_patient(case.practice, &orphan).await, Err(StoreError::Missing("client"))));
    let twin = StaffMember {
        id: StaffId::new(),
        name: "Twin".into(),
        role: Role::Admin,
        email: format!(" {}@EXAMPLE.org", case.practice),
        active: true,
    };
    let refused = store.add_staff(case.practice, &twin, "hash", NOW).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
    let found = store.staff_by_email(&twin.email).await.unwrap().unwrap();
    assert_eq!((found.practice, found.staff.id), (case.practice, case.vet));
}

pub async fn a_thread_lives(url: &str) {
    let store = open(url).await;
    let case = open_case(&store).await;
    let client = Author::Client(case.client.id);
    let id = say(&store, &case, client, &message(&case, "She limps")).await;
    let repeated = message(&case, "She limps");
    store.put_message(case.practice, View::Staff, client, id, &repeated, at(9)).await.unwrap();
    let reworded = message(&case, "She coughs");
    let refused = store.put_message(case.practice, View::Staff, client, id, &reworded, at(9)).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))));
    let note = NewMessage { audience: Audience::Staff, ..message(&case, "hm") };
    say(&store, &case, Author::Staff(case.vet), &note).await;
    let change = ConversationChange {
        state: Some(limpet_model::ConversationState::Ended),
        at: Some(at(50)),
        seen: Some(at(50)),
        summary: Some("fine".into()),
        ..ConversationChange::default()
    };
    for _ in 0..2 {
        store.change_conversation(case.practice, case.conversation, case.vet, &change, at(60)).await.unwrap();
    }
    say(&store, &case, client, &message(&case, "One more")).await;
    let bodies = async |view| -> Vec<String> {
        let page = store.changes(case.practice, view, Revision(0), 1000).await.unwrap();
        let body = |change: limpet_wire::changes::Change| match change.entity {
            Entity::Message(message) => Some(message.body),
            _ => None,
        };
        page.changes.into_iter().filter_map(body).collect()
    };
    let all = ["She limps", "hm", "Conversation ended", "Conversation reopened", "One more"];
    assert_eq!(bodies(View::Staff).await, all);
    let mut seen = all.to_vec();
    seen.remove(1);
    assert_eq!(bodies(View::Client(case.client.id)).await, seen);
    assert!(bodies(View::Client(ClientId::new())).await.is_empty());
}

pub async fn two_nodes_share_one_order_of_revisions(url: &str) {
    let (first, second) = (open(url).await, open(url).await);
    let case = std::sync::Arc::new(open_case(&first).await);
    let before = first.revision(case.practice).await.unwrap();
    let mut writers = tokio::task::JoinSet::new();
    for n in 0..30 {
        let (store, case) = (if n % 2 == 0 { first.clone() } else { second.clone() }, case.clone());
        writers.spawn(async move {
            say(&store, &case, Author::Staff(case.vet), &message(&case, &n.to_string())).await
        });
    }
    // A reader that follows meanwhile never sees a revision appear behind its back.
    let mut since = before;
    let mut seen = 0;
    while seen < 30 {
        let page = second.changes(case.practice, View::Staff, since, 3).await.unwrap();
        assert!(
            page.changes.iter().all(|change| change.revision > since && change.revision <= page.revision)
        );
        seen += page.changes.iter().filter(|change| matches!(change.entity, Entity::Message(_))).count();
        since = page.revision;
    }
    assert_eq!(writers.join_all().await.len(), 30);
    assert_eq!(seen, 30);
    assert_eq!(first.revision(case.practice).await.unwrap(), Revision(before.0 + 30));
}

pub async fn practices_are_apart(url: &str) {
    let store = open(url).await;
    let (ours, theirs) = (open_case(&store).await, open_case(&store).await);
    assert_eq!(store.conversation(theirs.practice, View::Staff, ours.conversation).await.unwrap(), None);
    assert_eq!(store.patient(theirs.practice, ours.patient.id).await.unwrap(), None);
    assert_eq!(store.staff_member(theirs.practice, ours.vet).await.unwrap(), None);
    let attachment = announce(&store, &ours).await;
    assert_eq!(store.attachment(theirs.practice, View::Staff, attachment).await.unwrap(), None);
    let (id, stray) = (MessageId::new(), message(&ours, "x"));
    let refused = store.put_message(theirs.practice, View::Staff, Author::Staff(theirs.vet), id, &stray, NOW);
    assert!(matches!(refused.await, Err(StoreError::Missing("conversation"))));
    // The same id twice is two things.
    store.put_client(theirs.practice, &Client { name: "Zoe".into(), ..ours.client.clone() }).await.unwrap();
    let page = store.changes(ours.practice, View::Staff, Revision(0), 1000).await.unwrap();
    assert!(
        page.changes.iter().all(|c| !matches!(&c.entity, Entity::Client(client) if client.name == "Zoe"))
    );
}

pub async fn uploads_become_jobs_once(url: &str) {
    let store = open(url).await;
    let case = open_case(&store).await;
    let id = announce(&store, &case).await;
    let get = async || store.attachment(case.practice, View::Staff, id).await.unwrap().unwrap();
    let upload = store.begin_upload(case.practice, &get().await, NOW).await.unwrap();
    assert_eq!(store.begin_upload(case.practice, &get().await, at(5)).await.unwrap(), upload);
    store.mark_unproven(&upload, Some(3)).await.unwrap();
    assert_eq!(store.upload(case.practice, id).await.unwrap().unwrap().unproven_from, Some(3));
    store.mark_unproven(&upload, None).await.unwrap();
    store.upload_progress(&upload, 4, at(6)).await.unwrap();
    assert_eq!(get().await.state, AttachmentState::Uploading { received: 4 });
    let kept = store.upload(case.practice, id).await.unwrap().unwrap();
    assert!(kept.expires_at > upload.expires_at);
    store.finish_upload(&upload, at(7)).await.unwrap();
    store.finish_upload(&upload, at(8)).await.unwrap();
    assert_eq!(store.count_jobs().await.unwrap(), (1, 0));
    assert_eq!((get().await.state, get().await.uploaded_at), (AttachmentState::Processing, Some(at(7))));
    assert!(store.uploads().await.unwrap().is_empty());
}

pub async fn a_job_is_one_nodes_at_a_time(url: &str) {
    let (one, two) = (open(url).await, open(url).await);
    let case = open_case(&one).await;
    for _ in 0..2 {
        let id = announce(&one, &case).await;
        let attachment = one.attachment(case.practice, View::Staff, id).await.unwrap().unwrap();
        let upload = one.begin_upload(case.practice, &attachment, NOW).await.unwrap();
        one.finish_upload(&upload, NOW).await.unwrap();
    }
    let (first, second) = tokio::join!(one.claim_job("one", NOW), two.claim_job("two", NOW));
    let mut held: Vec<Job> = [first.unwrap(), second.unwrap()].into_iter().flatten().collect();
    while let Some(job) = one.claim_job("one", NOW).await.unwrap() {
        held.push(job);
    }
    held.sort_by_key(|job| job.attachment);
    assert_eq!(held.len(), 2);
    assert_ne!(held[0].attachment, held[1].attachment);

    // A lease runs out; who held it learns that it is gone.
    let taken = two.claim_job("three", at(LEASE)).await.unwrap().unwrap();
    assert_eq!(taken.attempt, 2);
    let lost = held.iter().copied().find(|job| job.attachment == taken.attachment).unwrap();
    assert!(two.renew_job(taken, at(LEASE)).await.unwrap());
    assert!(!one.renew_job(lost, at(LEASE)).await.unwrap());
    // And what it says of it late changes nothing.
    let mut late = one.attachment(case.practice, View::Staff, lost.attachment).await.unwrap().unwrap();
    late.state = AttachmentState::Refused { reason: "late".into() };
    for done in [false, true] {
        assert!(!one.write_findings(lost, &late, done).await.unwrap());
    }
    one.put_back_job(lost, at(0), true, "late", true).await.unwrap();
    let as_it_was = one.attachment(case.practice, View::Staff, lost.attachment).await.unwrap().unwrap();
    assert_eq!(as_it_was.state, AttachmentState::Processing);
    assert!(two.renew_job(taken, at(LEASE)).await.unwrap());
    // A node that starts again has its own leases back at once.
    assert_eq!(two.reclaim_jobs("three").await.unwrap(), 1);
    let again = one.claim_job("one", at(LEASE)).await.unwrap().unwrap();
    // An interruption is no failure; a failure waits; a dead job is left alone.
    one.put_back_job(again, at(LEASE), false, "interrupted", false).await.unwrap();
    let first = one.claim_job("one", at(LEASE)).await.unwrap().unwrap();
    let second = one.claim_job("one", at(LEASE)).await.unwrap().unwrap();
    one.put_back_job(first, at(10 * LEASE), true, "failed", false).await.unwrap();
    one.put_back_job(second, at(10 * LEASE), true, "failed", true).await.unwrap();
    assert_eq!(one.claim_job("one", at(9 * LEASE)).await.unwrap(), None);
    assert_eq!(one.count_jobs().await.unwrap(), (1, 1));
    let late = one.claim_job("one", at(10 * LEASE)).await.unwrap().unwrap();
    assert_eq!(late.attachment, first.attachment);

    // Done: the row is gone, the link is there and stays.
    let mut found = one.attachment(case.practice, View::Staff, late.attachment).await.unwrap().unwrap();
    found.sha256 = Some("ab".into());
    assert!(one.write_findings(late, &found, false).await.unwrap());
    let link =
        one.attachment(case.practice, View::Staff, late.attachment).await.unwrap().unwrap().link.unwrap();
    found.state = AttachmentState::Ready;
    assert!(one.write_findings(late, &found, true).await.unwrap());
    assert_eq!(one.count_jobs().await.unwrap(), (0, 1));
    let capability = link.strip_prefix("/m/").unwrap();
    let (practice, opened) = two.attachment_by_capability(capability).await.unwrap().unwrap();
    assert_eq!((practice, opened.link), (case.practice, Some(link.clone())));
    assert!(two.revoke_capability(capability, NOW).await.unwrap());
    assert!(!one.revoke_capability(capability, NOW).await.unwrap());
}

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
    store.close_session(&phone).await.unwrap();
    assert_eq!(store.session(&token_hash("b"), at(1)).await.unwrap(), None);

    let opened = Opened { practice: case.practice, client: case.client.id, conversation: case.conversation };
    let until = store.add_invitation(&token_hash("c"), opened, case.vet, NOW).await.unwrap();
    assert_eq!(store.invitation(&token_hash("c"), at(1)).await.unwrap(), Some(opened));
    assert_eq!(store.invitation(&token_hash("c"), until).await.unwrap(), None);
    assert!(store.revoke_invitation(&token_hash("c"), at(2)).await.unwrap());
    assert_eq!(store.invitation(&token_hash("c"), at(3)).await.unwrap(), None);
}

pub async fn openings_and_secrets(url: &str) {
    let store = open(url).await;
    let case = open_case(&store).await;
    let id = announce(&store, &case).await;
    for ms in [0, 10, 60 * 60 * 1000] {
        store.log_opening(case.practice, id, "page", "somewhere", at(ms)).await.unwrap();
    }
    let counts: Vec<_> = store.openings(case.practice, id).await.unwrap().iter().map(|o| o.count).collect();
    assert_eq!(counts, [2, 1]);
    let secret = store.secret("address key").await.unwrap();
    assert_eq!(open(url).await.secret("address key").await.unwrap(), secret);
    assert_ne!(store.secret("another").await.unwrap(), secret);
}

pub async fn a_node_hears_what_another_commits(url: &str) {
    let live = Live::default();
    let (here, there) = (open_heard(url, live.clone()).await, open(url).await);
    if here.engine() == Engine::Sqlite {
        // One node: there is nobody to hear, and that is said at once.
        return here.hear_other_nodes().await.unwrap();
    }
    let case = open_case(&there).await;
    let mut ear = live.listen(case.practice).revisions;
    let hearing = tokio::spawn(async move { here.hear_other_nodes().await });
    // Until the listener stands, a notice is missed: the next one is heard.
    let told = async {
        loop {
            say(&there, &case, Author::Staff(case.vet), &message(&case, "x")).await;
            if tokio::time::timeout(Duration::from_millis(200), ear.changed()).await.is_ok() {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), told).await.expect("never heard");
    assert!(ear.borrow().0 > 5);
    hearing.abort();
}

pub async fn what_is_discarded_never_was(url: &str) {
    let store = open(url).await;
    let case = open_case(&store).await;
    let before = store.revision(case.practice).await.unwrap();
    store.write(case.practice).await.unwrap().discard().await.unwrap();
    drop(store.write(case.practice).await.unwrap());
    assert_eq!(store.revision(case.practice).await.unwrap(), before);
    // Nothing is left locked.
    say(&store, &case, Author::Staff(case.vet), &message(&case, "x")).await;
    assert_eq!(store.revision(case.practice).await.unwrap(), Revision(before.0 + 1));
    assert!(matches!(store.write(PracticeId::new()).await, Err(StoreError::Missing("practice"))));
}

pub async fn an_older_binary_refuses_a_newer_schema_in_words(url: &str) {
    open(url).await.close().await;
    sqlx::any::install_default_drivers();
    let pool = sqlx::AnyPool::connect(url).await.unwrap();
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         SELECT 9999, 'from the future', success, checksum, execution_time FROM _sqlx_migrations WHERE version = 1",
    )
    .execute(&pool)
    .await
    .unwrap();
    pool.close().await;
    let refused =
        Store::open(url, Live::default(), tokio_util::task::TaskTracker::new()).await.err().unwrap();
    let words = refused.to_string();
    assert!(words.contains("newer limpet-server") && words.contains("nothing was changed"), "{words}");
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
    let set =
        async |present, new| store.set_password(case.practice, case.vet, present, new, None).await.unwrap();
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
    store.add_staff(case.practice, &admin, "hash", NOW).await.unwrap();
    let closed = StaffChange { active: Some(false), ..StaffChange::default() };
    store.change_staff(case.practice, case.vet, &closed).await.unwrap();
    assert!(!store.open_staff_session(&session("c"), "desk", "new", NOW).await.unwrap());
    // Two administrators who demote each other at once: one of them stays.
    let back = StaffChange { active: Some(true), role: Some(Role::Admin), ..StaffChange::default() };
    store.change_staff(case.practice, case.vet, &back).await.unwrap();
    let demoted = StaffChange { role: Some(Role::Technician), ..StaffChange::default() };
    let (one, two) = tokio::join!(
        store.change_staff(case.practice, case.vet, &demoted),
        store.change_staff(case.practice, admin.id, &demoted),
    );
    let refused = [one, two].into_iter().filter(|done| matches!(done, Err(StoreError::Conflict(_)))).count();
    assert_eq!(refused, 1);
}

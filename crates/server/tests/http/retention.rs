//! Retention in the real server: rows, files and links of what is old go, also when it is killed in the middle; what is
//! on hold stays.

use std::time::{Duration, Instant};

use limpet_model::{
    Attachment, AttachmentId, AttachmentKind, AttachmentState, Audience, Client, ClientId, ConversationId,
    ConversationState, Held, HoldId, MessageId, Millis, Patient, PatientId, PracticeId, StaffId,
};
use limpet_server::{
    blobs::{Blobs, Part},
    by::{Actor, By},
    clock::Clock,
    doctor,
    file_of::FileOf,
    retention::GRACE,
    store::{
        Store,
        jobs::{Lane, PutBack},
    },
    view::View,
};
use limpet_wire::http::{ConversationChange, NewConversation, NewHold, NewMessage};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{
    clinic::{Case, DAY, Device, client_named, file, ok, patient_of, words},
    ground,
    process::{Process, furnish, run, staff},
    uploads::{chunk, create, until_it_is},
};

const FILE: &[u8] = b"%PDF-1.4\n%%EOF";

/// Old conversations of one client, each with a file that is there in all its parts.
pub struct Archive {
    pub practice: PracticeId,
    vet: StaffId,
    pub files: Vec<(ConversationId, FileOf)>,
}

/// Puts `count` of them into a furnished folder, as if they had been there for eight years.
pub async fn archive(store: &Store, blobs: &Blobs, count: usize) -> Archive {
    let now = Clock::system().now();
    let [practice] = store.practices().await.unwrap()[..] else { panic!("one practice") };
    let long_ago = Millis(now.0 - 8 * 366 * DAY);
    let vet = store.staff_by_email("ana@example.org").await.unwrap().unwrap().staff.id;
    let by = By::new(practice, Actor::Staff(vet), long_ago);
    let client = Client { name: "Marta".into(), ..client_named(ClientId::new(), "Marta") };
    store.put_client(by, &client).await.unwrap();
    let patient: Patient = patient_of(client.id, PatientId::new(), "Biscuit");
    store.put_patient(by, &patient).await.unwrap();
    let mut files = Vec::new();
    for _ in 0..count {
        let conversation = ConversationId::new();
        let new = NewConversation {
            client: client.id,
            patient: patient.id,
            subject: "Limps".into(),
            opened_at: long_ago,
        };
        store.open_conversation(by, conversation, &new).await.unwrap();
        let file = file(AttachmentKind::Document, "bloods.pdf", FILE.len());
        let of = FileOf { practice, attachment: file.id };
        let case = Case { client: client.id, patient: patient.id, conversation };
        let new = NewMessage { attachments: vec![file], ..words(&case, "Look") };
        store.put_message(by, View::Staff, MessageId::new(), &new).await.unwrap();
        for part in [Part::Original, Part::Poster, Part::Rendition] {
            blobs.put(of, part, FILE.to_vec()).await.unwrap();
        }
        ready(store, of, long_ago).await;
        let end = ConversationChange {
            state: Some(ConversationState::Ended),
            at: Some(long_ago),
            seen: Some(Millis(i64::MAX)),
            ..ConversationChange::default()
        };
        store.change_conversation(by, conversation, &end).await.unwrap();
        files.push((conversation, of));
    }
    Archive { practice, vet, files }
}

/// As a job leaves an attachment that it prepared.
async fn ready(store: &Store, of: FileOf, at: Millis) {
    let by = By::server(of.practice, at);
    let found = store.attachment(of.practice, View::Staff, of.attachment).await.unwrap().unwrap();
    let upload = store.begin_upload(by, &found).await.unwrap();
    store.finish_upload(&upload, None, at).await.unwrap();
    let job = store.claim_job(Lane::Heavy, "test", at).await.unwrap().unwrap();
    let ready = Attachment {
        state: AttachmentState::Ready,
        sha256: Some(hex::encode(Sha256::digest(FILE))),
        has_poster: true,
        has_rendition: true,
        uploaded_at: Some(at),
        ..found
    };
    assert!(store.write_findings(job, &ready, true, at).await.unwrap());
}

pub async fn left(store: &Store, archive: &Archive) -> usize {
    let mut left = 0;
    for (conversation, _) in &archive.files {
        let found = store.conversation(archive.practice, View::Staff, *conversation).await.unwrap();
        left += usize::from(found.is_some());
    }
    left
}

async fn has_files(blobs: &Blobs, of: FileOf) -> Vec<bool> {
    let mut has = Vec::new();
    for part in [Part::Original, Part::Poster, Part::Rendition] {
        has.push(blobs.meta(of, part).await.is_ok());
    }
    has
}

#[tokio::test]
async fn a_removal_that_is_killed_is_finished_and_what_is_on_hold_stays() {
    const COUNT: usize = 240;
    let data = tempfile::tempdir().unwrap();
    furnish(data.path());
    let blobs = ground::blobs(data.path());
    let archive = ground::with_store(data.path(), async |store| {
        let archive = archive(store, &blobs, COUNT).await;
        let now = Clock::system().now();
        // Its first look was planned long enough ago to be due.
        store.plan_retention(Millis(now.0 - GRACE - 1)).await.unwrap();
        let by = By::new(archive.practice, Actor::Staff(archive.vet), now);
        for (conversation, _) in archive.files.iter().step_by(40) {
            let hold = NewHold { of: Held::Conversation(*conversation), reason: "A lawsuit".into() };
            store.put_hold(by, HoldId::new(), &hold).await.unwrap();
        }
        archive
    })
    .await;
    let told = run(&["practice", "retention", "--practice", &archive.practice.to_string()], data.path(), "");
    let told = String::from_utf8(told.stdout).unwrap();
    assert!(told.contains("kept for 7 years") && told.contains("looked at next on"), "{told}");
    assert!(told.contains("234 conversations go within 30 days; 6 would"), "{told}");

    let mut killed = 0;
    let left = async || ground::with_store(data.path(), async |store| left(store, &archive).await).await;
    while left().await > 6 {
        let before = left().await;
        let process = Process::start(data.path(), &[]);
        let begun = Instant::now();
        // Killed as soon as it has visibly removed something, but for the last times.
        until_it_is(async || left().await < before || begun.elapsed() > Duration::from_secs(60)).await;
        process.kill();
        killed += 1;
        assert!(killed < 30, "it gets nowhere: {before}");
        ground::with_store(data.path(), async |store| {
            // No row is without its files, and no file is nobody's without a job that says so.
            let found =
                doctor::examine(store, &blobs, Millis(Clock::system().now().0 + 2 * DAY)).await.unwrap();
            assert_eq!(found, []);
            store.verify_audit(archive.practice).await.unwrap().unwrap();
        })
        .await;
        // The lease of the one that was killed need not run out where it is the same node that starts again.
    }
    assert!(killed >= 3, "{killed}");
    let process = Process::start(data.path(), &[]);
    let files =
        async || ground::with_store(data.path(), async |store| store.files_to_forget().await.unwrap()).await;
    until_it_is(async || files().await.is_empty()).await;
    drop(process);
    for (nr, (_, of)) in archive.files.iter().enumerate() {
        assert_eq!(has_files(&blobs, *of).await, [nr % 40 == 0; 3], "{nr}");
    }
    ground::with_store(data.path(), async |store| {
        let mut after = 0;
        let mut removed = Vec::new();
        loop {
            let page = store.audit(archive.practice, after, 1000).await.unwrap();
            after += page.entries.len() as i64;
            removed.extend(page.entries.into_iter().filter(|it| it.act == "removed").map(|it| it.subject_id));
            if !page.more {
                break;
            }
        }
        let once: std::collections::BTreeSet<_> = removed.iter().collect();
        assert_eq!((removed.len(), once.len()), (COUNT - 6, COUNT - 6), "each once, and each is told of");
        store.verify_audit(archive.practice).await.unwrap().unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_link_opens_nothing_and_a_desk_hears_of_it_once_it_is_removed() {
    let data = tempfile::tempdir().unwrap();
    furnish(data.path());
    let blobs = ground::blobs(data.path());
    let archive = ground::with_store(data.path(), async |store| archive(store, &blobs, 2).await).await;
    let process = Process::start(data.path(), &[]);
    let device = staff(&process).await;
    let (gone, of) = archive.files[0];
    let opened = |device: &Device| {
        let (device, path) = (device.clone(), format!("/v1/attachments/{}/original", of.attachment));
        async move { device.get(&path).await.status().as_u16() }
    };
    assert_eq!(opened(&device).await, 200);
    // The first look is a while away: nothing goes on the day that a version that removes is new.
    let before = device.everything().await.last().unwrap().revision.0;
    let (held, _) = archive.files[1];
    let hold = json!({ "of": { "kind": "conversation", "id": held }, "reason": "A complaint" });
    ok(device.put(&format!("/v1/holds/{}", HoldId::new()), &hold).await).await;
    ground::with_store(data.path(), async |store| {
        let next = store.next_retention(archive.practice).await.unwrap().unwrap();
        assert!(next.0 > Clock::system().now().0 + GRACE - DAY);
        assert_eq!(left(store, &archive).await, 2);
        // As if that while had passed.
        let job = store.claim_job(Lane::Removal, "test", next).await.unwrap().unwrap();
        let now = Clock::system().now();
        store.put_back_job(job, PutBack::Interrupted, now, "").await.unwrap();
    })
    .await;
    until_it_is(async || opened(&device).await == 404).await;
    let page = device.changes(before, 100).await;
    let told = serde_json::to_string(&page).unwrap();
    assert!(told.contains("A complaint"), "{told}");
    let tombstone = json!({ "of": "conversation", "id": gone });
    let sent: Value = serde_json::from_str(&told).unwrap();
    let entities: Vec<&Value> = sent["changes"].as_array().unwrap().iter().map(|it| &it["entity"]).collect();
    assert!(entities.iter().any(|it| it["kind"] == "tombstone" && it["state"] == tombstone), "{told}");
    assert_eq!(device.get(&format!("/v1/conversations/{gone}")).await.status(), 404);
    assert_eq!(device.get(&format!("/v1/conversations/{held}")).await.status(), 200);
    until_it_is(async || has_files(&blobs, of).await == [false; 3]).await;
    // What was on its way to it is refused in words, and an id that is free again is anybody's.
    let case = Case { client: ClientId::new(), patient: PatientId::new(), conversation: gone };
    let late = NewMessage { audience: Audience::Staff, ..words(&case, "Late") };
    let refused = device.put(&format!("/v1/messages/{}", MessageId::new()), &late).await;
    assert_eq!(refused.status(), 404);
    let case = device.open_case().await;
    let again =
        limpet_wire::http::NewAttachment { id: of.attachment, ..file(AttachmentKind::Document, "x.pdf", 14) };
    let id: AttachmentId = device.announce(&case, again).await;
    create(&device, id, 14).await;
    ok(chunk(&device, id, 0).body("%PDF-1.4\n%%EOF").send().await.unwrap()).await;
}

//! `GET /v1/changes` and `GET /v1/live`.

use std::{collections::BTreeMap, time::Duration};

use futures_util::StreamExt;
use limpet_model::{ConversationId, Revision, StaffId};
use limpet_server::live::Reach;
use limpet_wire::{
    changes::{Change, ChangePage, Entity},
    http::NewConversation,
};
use reqwest::{Response, StatusCode};
use serde_json::json;

use crate::clinic::{Clinic, Device, NOON, client_named, file, ok};

/// A device's cache, as simple as one can be.
#[derive(Default, PartialEq, Debug)]
struct Cache(BTreeMap<String, (Revision, String)>);

impl Cache {
    fn take(&mut self, change: &Change) {
        let json = serde_json::to_value(&change.entity).unwrap();
        let id = json["state"]["id"].as_str().unwrap_or_default();
        let key = format!("{} {id}", json["kind"]);
        let newer = self.0.get(&key).is_none_or(|(revision, _)| *revision < change.revision);
        if newer {
            self.0.insert(key, (change.revision, json.to_string()));
        }
    }
}

/// Reads everything in pages of `limit`, checking each page.
async fn sync(device: &Device, limit: u32) -> (Cache, Vec<Change>, usize) {
    let (mut cache, mut all, mut since, mut pages) = (Cache::default(), Vec::new(), Revision(0), 0);
    loop {
        let page = device.changes(since.0, limit).await;
        pages += 1;
        for change in &page.changes {
            assert!(change.revision > since, "a revision was split over two pages");
            assert!(change.revision <= page.revision, "a page reaches past its own revision");
            cache.take(change);
        }
        assert!(page.changes.is_sorted_by_key(|change| change.revision));
        all.extend(page.changes);
        since = page.revision;
        if !page.more {
            return (cache, all, pages);
        }
    }
}

async fn busy_morning(clinic: &Clinic) -> (Device, Device) {
    let staff = clinic.staff().await;
    let case = staff.open_case().await;
    let phone = staff.phone(&case).await;
    for n in 0..7 {
        let other = staff.open_case().await;
        staff.say(&other, "Good morning").await;
        phone.say(&case, &format!("message {n}")).await;
        if n % 2 == 0 {
            // One revision with four changes: a message, two files and the conversation.
            phone.announce(&case, file(limpet_model::AttachmentKind::Clip, "a.mov", 100)).await;
        }
        staff.say(&case, &format!("answer {n}")).await;
    }
    (staff, phone)
}

#[tokio::test]
async fn pages_of_any_size_end_in_the_same_state_and_split_no_revision() {
    let clinic = Clinic::open().await;
    let (staff, phone) = busy_morning(&clinic).await;
    // How far a device has come is a change too: it is done before they are compared.
    phone.changes(phone.changes(0, 1000).await.revision.0, 1).await;
    for device in [&staff, &phone] {
        let (whole, all, _) = sync(device, 1000).await;
        assert!(all.len() > 20);
        for limit in [1, 2, 3, 7, 50] {
            let (cache, _, pages) = sync(device, limit).await;
            assert_eq!(cache, whole, "limit {limit}");
            assert!(limit > 3 || pages > 5, "limit {limit} gave {pages} pages");
        }
        // Any order, any number of times.
        let mut shuffled = Cache::default();
        for change in all.iter().rev().chain(&all).chain(all.iter().skip(5)) {
            shuffled.take(change);
        }
        assert_eq!(shuffled, whole);
    }
}

#[tokio::test]
async fn catching_up_is_the_same_as_starting_over() {
    let clinic = Clinic::open().await;
    let staff = clinic.staff().await;
    let case = staff.open_case().await;
    let mut cache = Cache::default();
    let page = staff.changes(0, 1000).await;
    page.changes.iter().for_each(|change| cache.take(change));
    staff.say(&case, "one").await;
    ok(staff.put(&format!("/v1/clients/{}", case.client), &client_named(case.client, "Marta R.")).await)
        .await;
    let news = staff.changes(page.revision.0, 1000).await;
    assert_eq!(news.changes.len(), 2, "only what changed: {news:?}");
    news.changes.iter().for_each(|change| cache.take(change));
    assert_eq!(cache, sync(&staff, 1000).await.0);
    assert!(staff.changes(news.revision.0, 1000).await.changes.is_empty());
    // A device that is ahead of a restored backup learns of it.
    assert_eq!(staff.changes(news.revision.0 + 50, 1000).await.revision, news.revision);
}

/// Follows the feed as a device that keeps what it is told. Ends with all that it was told was gone.
async fn gone(device: &Device, limit: u32, mut page: ChangePage) -> Vec<String> {
    let mut gone = Vec::new();
    loop {
        let told = page.changes.into_iter().filter_map(|change| match change.entity {
            Entity::Tombstone(tombstone) => Some(tombstone.id),
            _ => None,
        });
        gone.extend(told);
        if !page.more {
            return gone;
        }
        let (since, epoch) = (page.revision.0, page.epoch);
        page = device.read(&format!("/v1/changes?since={since}&limit={limit}&epoch={epoch}")).await;
    }
}

#[tokio::test]
async fn a_device_hears_of_what_went_while_it_looked_and_of_nothing_before() {
    let clinic = Clinic::open().await;
    let staff = clinic.staff().await;
    let case = staff.open_case().await;
    let merged = async || {
        let from = ConversationId::new();
        let (client, patient) = (case.client, case.patient);
        let new = NewConversation { client, patient, subject: "Again".into(), opened_at: NOON };
        ok(staff.put(&format!("/v1/conversations/{from}"), &new).await).await;
        let path = format!("/v1/conversations/{}/merge", case.conversation);
        ok(staff.post(&path, &json!({ "from": from })).await).await;
        from.to_string()
    };
    let before = merged().await;
    let early = staff.changes(0, 1000).await;
    for limit in [1, 1000] {
        let beginning = staff.changes(0, limit).await;
        let nothing: [String; 0] = [];
        assert_eq!(gone(&staff, limit, beginning).await, nothing, "pages of {limit}");
    }
    let beginning = staff.changes(0, 1).await;
    assert!(beginning.more);
    let meanwhile = merged().await;
    assert_eq!(gone(&staff, 1, beginning.clone()).await, [meanwhile.as_str()]);
    // One that reads all of it once more, and keeps what it has, still has to hear of it.
    let ask = async |epoch: &str| staff.read(&format!("/v1/changes?since=0&limit=1&epoch={epoch}")).await;
    assert_eq!(gone(&staff, 1, ask(&early.epoch).await).await, [meanwhile.as_str()]);
    // And one that does not say when it began, of everything.
    let name = early.epoch.split_once('.').unwrap().0;
    assert_eq!(gone(&staff, 1, ask(name).await).await, [before.as_str(), meanwhile.as_str()]);
    let integrator = staff.changes(1, 1000).await;
    assert_eq!(gone(&staff, 1000, integrator).await, [before, meanwhile]);
}

#[tokio::test]
async fn what_changes_nothing_takes_no_revision() {
    let clinic = Clinic::open().await;
    let staff = clinic.staff().await;
    let case = staff.open_case().await;
    let before = staff.changes(0, 1000).await.revision;
    ok(staff.put(&format!("/v1/clients/{}", case.client), &client_named(case.client, "Marta Ruiz")).await)
        .await;
    assert_eq!(staff.changes(0, 1000).await.revision, before);
}

#[tokio::test]
async fn the_order_within_a_page_lets_each_thing_find_what_it_refers_to() {
    let clinic = Clinic::open().await;
    let (staff, _) = busy_morning(&clinic).await;
    let mut conversations = Vec::new();
    for change in staff.everything().await {
        match change.entity {
            Entity::Conversation(conversation) => conversations.push(conversation.id),
            Entity::Message(message) if message.attachments.is_empty() => {}
            _ => {}
        }
    }
    assert_eq!(conversations.len(), 8);
}

/// Reads events until one arrives; keep-alive comments are skipped.
async fn next_revision(stream: &mut (impl StreamExt<Item = reqwest::Result<bytes::Bytes>> + Unpin)) -> i64 {
    let mut text = String::new();
    loop {
        let chunk = stream.next().await.unwrap().unwrap();
        text.push_str(std::str::from_utf8(&chunk).unwrap());
        if let Some(line) = text.lines().find(|line| line.starts_with("data:")) {
            return line.trim_start_matches("data:").trim().parse().unwrap();
        }
    }
}

async fn listen(device: &Device) -> Response {
    let response = device.get("/v1/live").await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    response
}

#[tokio::test]
async fn live_says_the_revision_at_once_and_then_each_new_one() {
    let clinic = Clinic::open().await;
    let staff = clinic.staff().await;
    let case = staff.open_case().await;
    let phone = staff.phone(&case).await;
    let mut first = listen(&staff).await.bytes_stream();
    let mut second = listen(&phone).await.bytes_stream();
    let now = staff.changes(0, 1000).await.revision.0;
    assert_eq!(next_revision(&mut first).await, now);
    assert_eq!(next_revision(&mut second).await, now);
    phone.say(&case, "hello").await;
    assert_eq!(next_revision(&mut first).await, now + 1);
    assert_eq!(next_revision(&mut second).await, now + 1);
    // Another process, as the command line is.
    clinic.add_staff(clinic.practice, StaffId::new(), "ben@example.org").await;
    assert_eq!(next_revision(&mut first).await, now + 2);
}

#[tokio::test]
async fn nobody_hears_of_less_than_they_know() {
    let clinic = Clinic::open().await;
    let staff = clinic.staff().await;
    let case = staff.open_case().await;
    let mut events = listen(&staff).await.bytes_stream();
    let now = next_revision(&mut events).await;
    // Notices of another node that come late. Each has the time to be told, if it were.
    for late in 1..now {
        clinic.running.app().live.tell(clinic.practice, Revision(late), &Reach::Everybody);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    staff.say(&case, "hello").await;
    assert_eq!(next_revision(&mut events).await, now + 1);
}

#[tokio::test]
async fn many_writers_at_once_neither_wait_in_vain_nor_share_a_revision() {
    let clinic = Clinic::open().await;
    let staff = clinic.staff().await;
    let case = staff.open_case().await;
    let mut writers = tokio::task::JoinSet::new();
    for n in 0..40 {
        let staff = staff.clone();
        writers.spawn(async move { staff.say(&case, &format!("{n}")).await });
    }
    assert_eq!(writers.join_all().await.len(), 40);
    let all = staff.everything().await;
    let mut revisions: Vec<_> =
        all.iter().filter(|c| matches!(c.entity, Entity::Message(_))).map(|c| c.revision).collect();
    revisions.dedup();
    assert_eq!(revisions.len(), 40);
    let thread = staff.thread(case.conversation).await;
    assert!(thread.windows(2).all(|pair| pair[0].received_at < pair[1].received_at));
}

#[tokio::test]
async fn live_ends_with_the_session_and_not_with_somebody_elses() {
    let clinic = Clinic::open().await;
    let (device, other) = (clinic.staff().await, clinic.staff().await);
    let mut ours = listen(&device).await.bytes_stream();
    let mut theirs = listen(&other).await.bytes_stream();
    next_revision(&mut ours).await;
    let now = next_revision(&mut theirs).await;
    ok(device.post("/v1/sign-out", &json!({})).await).await;
    let ended = async { while ours.next().await.is_some() {} };
    tokio::time::timeout(Duration::from_secs(20), ended).await.expect("it ends at once");
    other.open_case().await;
    assert!(next_revision(&mut theirs).await > now);
}

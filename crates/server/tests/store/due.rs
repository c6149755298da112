//! What is due: conversations that come back, messages that are sent later, clients who wait too long.

use limpet_model::{Author, MessageId, Millis, Snooze};
use limpet_server::{
    by::{Actor, By},
    store::{
        Store,
        jobs::{Job, LEASE, Lane},
    },
    view::View,
};
use limpet_wire::http::{ConversationChange, NewMessage, PracticeChange, SetSnooze};

use crate::{
    open,
    suite::{Case, NOW, at, author_of, file_of, message, open_case, say},
};

async fn set(store: &Store, case: &Case, to: Option<Snooze>) {
    let change = ConversationChange { snooze: Some(SetSnooze { to }), ..ConversationChange::default() };
    let by = author_of(case.practice, Author::Staff(case.vet), NOW);
    store.change_conversation(by, case.conversation, &change).await.unwrap();
}

async fn until(store: &Store, case: &Case) -> Option<Option<Millis>> {
    let found = store.conversation(case.practice, View::Staff, case.conversation).await.unwrap().unwrap();
    found.snooze.map(|snooze| snooze.until)
}

async fn claim(store: &Store, now: Millis) -> Option<Job> {
    store.claim_job(Lane::Light, "test", now).await.unwrap()
}

pub async fn what_was_put_off_comes_back_once(url: &str) {
    let store = open(url).await;
    let case = open_case(&store).await;
    set(&store, &case, Some(Snooze { until: Some(at(1000)) })).await;
    assert_eq!(until(&store, &case).await, Some(Some(at(1000))));
    assert_eq!(claim(&store, at(999)).await, None, "not before its time");
    // Put off once more: the job is due at the new time.
    set(&store, &case, Some(Snooze { until: Some(at(2000)) })).await;
    assert_eq!(claim(&store, at(1000)).await, None);
    let job = claim(&store, at(2000)).await.unwrap();
    // And once more while it is being done.
    set(&store, &case, Some(Snooze { until: Some(at(9000)) })).await;
    assert!(store.wake_conversation(job, case.conversation, at(2001)).await.unwrap());
    assert_eq!(until(&store, &case).await, Some(Some(at(9000))), "that is not overruled");
    let job = claim(&store, at(9000)).await.unwrap();
    // Somebody else has it meanwhile: who comes late changes nothing.
    let taken = claim(&store, at(9000 + LEASE)).await.unwrap();
    assert!(!store.wake_conversation(job, case.conversation, at(9000 + LEASE)).await.unwrap());
    assert!(until(&store, &case).await.is_some());
    let before = store.revision(case.practice).await.unwrap();
    assert!(store.wake_conversation(taken, case.conversation, at(9000 + LEASE)).await.unwrap());
    assert_eq!(until(&store, &case).await, None);
    assert_eq!(store.revision(case.practice).await.unwrap().0, before.0 + 1, "devices hear of it");
    assert_eq!(store.count_jobs().await.unwrap(), (0, 0));
}

pub async fn the_client_and_the_end_bring_it_back(url: &str) {
    let store = open(url).await;
    let case = open_case(&store).await;
    set(&store, &case, Some(Snooze { until: None })).await;
    assert_eq!(until(&store, &case).await, Some(None));
    assert_eq!(store.count_jobs().await.unwrap(), (0, 0), "there is no time to wait for");
    say(&store, &case, Author::Staff(case.vet), &message(&case, "How is she?")).await;
    assert!(until(&store, &case).await.is_some(), "one's own words are no answer");
    let view = View::Client(case.client.id);
    let seen = store.conversation(case.practice, view, case.conversation).await.unwrap().unwrap();
    assert!(seen.snooze.is_some(), "the view is trimmed on its way out");
    say(&store, &case, Author::Client(case.client.id), &message(&case, "Better")).await;
    assert_eq!(until(&store, &case).await, None);

    set(&store, &case, Some(Snooze { until: Some(at(5000)) })).await;
    let end = ConversationChange {
        state: Some(limpet_model::ConversationState::Ended),
        seen: Some(Millis(i64::MAX)),
        ..ConversationChange::default()
    };
    let by = author_of(case.practice, Author::Staff(case.vet), NOW);
    store.change_conversation(by, case.conversation, &end).await.unwrap();
    assert_eq!(until(&store, &case).await, None);
    // Its job finds nothing to do, and tells nobody.
    let before = store.revision(case.practice).await.unwrap();
    let job = claim(&store, at(5000)).await.unwrap();
    assert!(store.wake_conversation(job, case.conversation, at(5000)).await.unwrap());
    assert_eq!(store.revision(case.practice).await.unwrap(), before);
    assert_eq!(store.count_jobs().await.unwrap(), (0, 0));
}

pub async fn a_closing_thanks_is_waved_off(url: &str) {
    let store = open(url).await;
    let case = open_case(&store).await;
    say(&store, &case, Author::Client(case.client.id), &message(&case, "Thanks!")).await;
    let waiting = async || {
        let found = store.conversation(case.practice, View::Staff, case.conversation).await.unwrap();
        found.unwrap().waiting_since
    };
    assert!(waiting().await.is_some());
    let wave = ConversationChange { wave_off: Some(true), ..ConversationChange::default() };
    let by = author_of(case.practice, Author::Staff(case.vet), NOW);
    store.change_conversation(by, case.conversation, &wave).await.unwrap();
    assert_eq!(waiting().await, None);
    say(&store, &case, Author::Client(case.client.id), &message(&case, "One more thing")).await;
    assert!(waiting().await.is_some(), "what comes after waits again");
}

pub async fn what_is_sent_later_is_nobodys_until_then(url: &str) {
    let store = open(url).await;
    let case = open_case(&store).await;
    let vet = author_of(case.practice, Author::Staff(case.vet), NOW);
    say(&store, &case, Author::Client(case.client.id), &message(&case, "Is it bad?")).await;
    let file = file_of(10);
    let attachment = file.id;
    let later =
        NewMessage { due_at: Some(at(5000)), attachments: vec![file], ..message(&case, "See you at nine") };
    let id = say(&store, &case, Author::Staff(case.vet), &later).await;
    let view = View::Client(case.client.id);
    let seen = async || store.message(case.practice, view, id).await.unwrap();
    assert_eq!(seen().await, None);
    assert_eq!(store.attachment(case.practice, view, attachment).await.unwrap(), None);
    let found =
        async || store.conversation(case.practice, View::Staff, case.conversation).await.unwrap().unwrap();
    assert!(found().await.waiting_since.is_some(), "nothing was answered yet");
    // Better words before anybody saw the first ones: nobody has to know.
    store.edit_message(vet, View::Staff, id, "See you at ten").await.unwrap();
    assert!(store.earlier_words(case.practice, id).await.unwrap().is_empty());
    say(&store, &case, Author::Client(case.client.id), &message(&case, "Hello?")).await;

    assert_eq!(claim(&store, at(4999)).await, None);
    let before = store.revision(case.practice).await.unwrap();
    let job = claim(&store, at(5000)).await.unwrap();
    assert!(store.send_due(job, id, at(5001)).await.unwrap());
    let sent = seen().await.unwrap();
    assert_eq!((sent.body.as_str(), sent.due_at, sent.edited_at), ("See you at ten", None, None));
    assert!(sent.received_at >= at(5001), "it is the newest of the thread: {sent:?}");
    assert!(store.attachment(case.practice, view, attachment).await.unwrap().is_some());
    assert_eq!(found().await.waiting_since, None, "now it is answered");
    let page = store.changes(case.practice, view, before, 100).await.unwrap();
    assert!(page.changes.len() >= 3, "the message, its file and the conversation: {page:?}");
    // The device repeats it, and nothing is sent twice.
    store.put_message(vet, View::Staff, id, &later).await.unwrap();
    assert_eq!(claim(&store, at(9000)).await, None);

    // Taken back before its time.
    let never = say(
        &store,
        &case,
        Author::Staff(case.vet),
        &NewMessage { due_at: Some(at(8000)), ..message(&case, "x") },
    )
    .await;
    store.delete_message(vet, View::Staff, never, false).await.unwrap();
    let job = claim(&store, at(8000)).await.unwrap();
    assert!(store.send_due(job, never, at(8000)).await.unwrap());
    assert_eq!(store.message(case.practice, view, never).await.unwrap(), None);
    // A device that was offline too long: its time has passed.
    let past = NewMessage { due_at: Some(at(-1)), ..message(&case, "Good morning") };
    let id = say(&store, &case, Author::Staff(case.vet), &past).await;
    assert!(store.message(case.practice, view, id).await.unwrap().is_some());
    assert_eq!(store.count_jobs().await.unwrap(), (0, 0));
}

pub async fn a_client_who_waits_too_long_is_brought_to_notice(url: &str) {
    const MINUTE: i64 = 60 * 1000;
    let store = open(url).await;
    let case = open_case(&store).await;
    say(&store, &case, Author::Client(case.client.id), &message(&case, "Hello?")).await;
    assert_eq!(store.count_jobs().await.unwrap(), (0, 0), "unless the practice wants it");
    say(&store, &case, Author::Staff(case.vet), &message(&case, "Yes?")).await;
    tell_after(&store, &case, NOW, 30).await;
    let found =
        async || store.conversation(case.practice, View::Staff, case.conversation).await.unwrap().unwrap();
    say(&store, &case, Author::Client(case.client.id), &message(&case, "It is worse")).await;
    let since = found().await.waiting_since.unwrap();
    let due = Millis(since.0 + 30 * MINUTE);
    assert_eq!(claim(&store, Millis(due.0 - 1)).await, None);
    // Answered, and asked again a minute before it was due: that is another wait.
    say(&store, &case, Author::Staff(case.vet), &message(&case, "Come in at ten")).await;
    let client = author_of(case.practice, Author::Client(case.client.id), Millis(due.0 - MINUTE));
    store
        .put_message(client, View::Client(case.client.id), MessageId::new(), &message(&case, "Really?"))
        .await
        .unwrap();
    assert_eq!(claim(&store, due).await, None, "the job moved with the wait");
    let due = Millis(found().await.waiting_since.unwrap().0 + 30 * MINUTE);
    let job = claim(&store, due).await.unwrap();
    assert!(store.escalate(job, case.conversation, due).await.unwrap());
    assert_eq!(found().await.escalated_at, Some(due));
    say(&store, &case, Author::Staff(case.vet), &message(&case, "Sorry")).await;
    assert_eq!(found().await.escalated_at, None);
}

async fn tell_after(store: &Store, case: &Case, now: Millis, minutes: u32) {
    let change = PracticeChange { escalate_minutes: Some(minutes), ..PracticeChange::default() };
    store.change_practice(By::new(case.practice, Actor::Operator, now), &change).await.unwrap();
}

pub async fn another_time_counts_for_those_who_wait_already(url: &str) {
    const MINUTE: i64 = 60 * 1000;
    let store = open(url).await;
    let case = open_case(&store).await;
    say(&store, &case, Author::Client(case.client.id), &message(&case, "Hello?")).await;
    let found =
        async || store.conversation(case.practice, View::Staff, case.conversation).await.unwrap().unwrap();
    let since = found().await.waiting_since.unwrap();
    let after = |minutes: i64| Millis(since.0 + minutes * MINUTE);
    tell_after(&store, &case, after(1), 30).await;
    // Later than before: the job finds that it is not time yet, if it comes to be done at all.
    tell_after(&store, &case, after(2), 60).await;
    assert_eq!(claim(&store, after(30)).await, None);
    // And earlier.
    tell_after(&store, &case, after(3), 10).await;
    assert_eq!(claim(&store, Millis(after(10).0 - 1)).await, None);
    // Nobody is to be told, although a job is due.
    tell_after(&store, &case, after(4), 0).await;
    let job = claim(&store, after(10)).await.unwrap();
    assert!(store.escalate(job, case.conversation, after(10)).await.unwrap());
    assert_eq!((found().await.escalated_at, store.count_jobs().await.unwrap()), (None, (0, 0)));
    tell_after(&store, &case, after(10), 5).await;
    let job = claim(&store, after(10)).await.unwrap();
    assert!(store.escalate(job, case.conversation, after(10)).await.unwrap());
    assert_eq!(found().await.escalated_at, Some(after(10)));
    // Whom everybody was told of is not told of again.
    tell_after(&store, &case, after(10), 20).await;
    assert_eq!(store.count_jobs().await.unwrap(), (0, 0));
}

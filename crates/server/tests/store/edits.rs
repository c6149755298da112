//! Messages that get new words, or are taken back.

use limpet_model::{Author, Message, MessageId, StaffId};
use limpet_server::{
    store::{Store, StoreError},
    view::View,
};
use limpet_wire::changes::{ChangePage, Entity};

use crate::{
    open,
    suite::{Case, announce, at, author_of, message, open_case, say},
};

async fn read(store: &Store, case: &Case, view: View, id: MessageId) -> Option<Message> {
    store.message(case.practice, view, id).await.unwrap()
}

fn gone(page: &ChangePage, id: &str) -> bool {
    page.changes
        .iter()
        .any(|change| matches!(&change.entity, Entity::Tombstone(gone) if gone.of == "attachment" && gone.id == id))
}

pub async fn what_a_message_said_is_kept(url: &str) {
    let store = open(url).await;
    let case = open_case(&store).await;
    let vet = |ms| author_of(case.practice, Author::Staff(case.vet), at(ms));
    let sent = message(&case, "Give her 5 ml");
    let id = say(&store, &case, Author::Staff(case.vet), &sent).await;
    let view = View::Client(case.client.id);
    store.edit_message(vet(1), View::Staff, id, "Give her 0.5 ml").await.unwrap();
    let before = store.revision(case.practice).await.unwrap();
    store.edit_message(vet(2), View::Staff, id, "Give her 0.5 ml").await.unwrap();
    assert_eq!(store.revision(case.practice).await.unwrap(), before, "repeating it changes nothing");
    let now = read(&store, &case, view, id).await.unwrap();
    assert_eq!((now.body.as_str(), now.edited_at, now.deleted_at), ("Give her 0.5 ml", Some(at(1)), None));
    // The first sending, repeated by a device that never heard of it, is still the same message.
    store.put_message(vet(3), View::Staff, id, &sent).await.unwrap();
    assert_eq!(read(&store, &case, view, id).await.unwrap().body, "Give her 0.5 ml");

    let refused = |done: Result<(), StoreError>| {
        assert!(matches!(done, Err(StoreError::Missing("message"))), "{done:?}");
    };
    let other = author_of(case.practice, Author::Staff(StaffId::new()), at(4));
    refused(store.edit_message(other, View::Staff, id, "Hm").await);
    refused(store.delete_message(other, View::Staff, id, false).await);
    let client = author_of(case.practice, Author::Client(case.client.id), at(4));
    refused(store.edit_message(client, view, id, "Hm").await);
    refused(store.delete_message(client, view, id, false).await);
    let empty = store.edit_message(vet(4), View::Staff, id, " ").await;
    assert!(matches!(empty, Err(StoreError::Conflict(_))), "{empty:?}");

    // An administrator takes back what somebody else wrote.
    store.delete_message(other, View::Staff, id, true).await.unwrap();
    let now = read(&store, &case, view, id).await.unwrap();
    assert_eq!((now.body.as_str(), now.deleted_at), ("", Some(at(4))));
    let late = store.edit_message(vet(5), View::Staff, id, "Back again").await;
    assert!(matches!(late, Err(StoreError::Conflict(_))), "{late:?}");
    let said: Vec<_> = store
        .earlier_words(case.practice, id)
        .await
        .unwrap()
        .into_iter()
        .map(|w| (w.body, w.replaced_at))
        .collect();
    assert_eq!(said, [("Give her 5 ml".to_owned(), at(1)), ("Give her 0.5 ml".to_owned(), at(4))]);
}

pub async fn what_went_with_a_message_that_was_taken_back_leaves_the_clients_view(url: &str) {
    let store = open(url).await;
    let case = open_case(&store).await;
    let attachment = announce(&store, &case).await;
    let view = View::Client(case.client.id);
    let there = store.attachment(case.practice, view, attachment).await.unwrap().unwrap();
    let before = store.revision(case.practice).await.unwrap();
    let client = author_of(case.practice, Author::Client(case.client.id), at(1));
    store.delete_message(client, view, there.message, false).await.unwrap();
    assert_eq!(store.attachment(case.practice, view, attachment).await.unwrap(), None);
    assert!(
        store.attachment(case.practice, View::Staff, attachment).await.unwrap().is_some(),
        "kept for the record"
    );
    let id = attachment.to_string();
    assert!(gone(&store.changes(case.practice, view, before, 100).await.unwrap(), &id));
    assert!(!gone(&store.changes(case.practice, View::Staff, before, 100).await.unwrap(), &id));
}

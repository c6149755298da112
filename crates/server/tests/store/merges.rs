//! Two conversations that become one.

use limpet_model::{Author, ConversationId, Millis, Patient, PatientId, Tag, TagId};
use limpet_server::{
    store::{StoreError, invitations::Opened},
    view::View,
};
use limpet_wire::{
    changes::Entity,
    http::{ConversationChange, NewConversation, NewMessage},
};

use crate::{
    open,
    suite::{NOW, announce, at, author_of, message, open_case, operator, say},
};

pub async fn two_about_one_patient_become_one_and_nothing_is_lost(url: &str) {
    let store = open(url).await;
    let case = open_case(&store).await;
    let vet = |ms| author_of(case.practice, Author::Staff(case.vet), at(ms));
    let client = Author::Client(case.client.id);
    let view = View::Client(case.client.id);
    let second = ConversationId::new();
    let new = NewConversation {
        client: case.client.id,
        patient: case.patient.id,
        subject: "Still limps".into(),
        opened_at: at(100),
    };
    store.open_conversation(vet(100), second, &new).await.unwrap();
    say(&store, &case, client, &message(&case, "She limps")).await;
    let asked = NewMessage { conversation: second, ..message(&case, "She still limps") };
    let asked_id = say(&store, &case, client, &asked).await;
    let file = announce(&store, &case).await;
    store
        .add_invitation(
            vet(100),
            "hash of a link",
            Opened { practice: case.practice, client: case.client.id, conversation: second },
        )
        .await
        .unwrap();
    let tag = Tag { id: TagId::new(), name: "Bites".into(), position: 1, archived: false };
    store.put_listed(vet(150), &tag).await.unwrap();
    let tags = ConversationChange { tags: Some(vec![tag.id]), ..ConversationChange::default() };
    store.change_conversation(vet(150), second, &tags).await.unwrap();
    let end = ConversationChange {
        state: Some(limpet_model::ConversationState::Ended),
        seen: Some(Millis(i64::MAX)),
        summary: Some("A sprain".into()),
        ..ConversationChange::default()
    };
    store.change_conversation(vet(200), second, &end).await.unwrap();
    let waiting = store
        .conversation(case.practice, View::Staff, case.conversation)
        .await
        .unwrap()
        .unwrap()
        .waiting_since;
    let before = store.revision(case.practice).await.unwrap();

    store.merge_conversations(vet(300), second, case.conversation).await.unwrap();
    let after = store.revision(case.practice).await.unwrap();
    assert_eq!(after.0, before.0 + 1);
    store.merge_conversations(vet(301), second, case.conversation).await.unwrap();
    assert_eq!(store.revision(case.practice).await.unwrap(), after, "repeating it changes nothing");

    for view in [View::Staff, view] {
        let page = store.changes(case.practice, view, limpet_model::Revision(0), 1000).await.unwrap();
        let mut threads: Vec<ConversationId> = Vec::new();
        let mut bodies = Vec::new();
        for change in page.changes {
            match change.entity {
                Entity::Conversation(it) => threads.push(it.id),
                Entity::Message(it) => {
                    assert_eq!(it.conversation, case.conversation, "{it:?}");
                    bodies.push(it.body);
                }
                Entity::Attachment(it) => assert_eq!((it.id, it.conversation), (file, case.conversation)),
                _ => {}
            }
        }
        assert_eq!(threads, [case.conversation]);
        for body in ["She limps", "She still limps", "Conversation ended"] {
            assert!(bodies.iter().any(|it| it == body), "{body} in {bodies:?}");
        }
    }
    let kept = store.conversation(case.practice, View::Staff, case.conversation).await.unwrap().unwrap();
    assert_eq!((kept.state, kept.waiting_since), (limpet_model::ConversationState::Open, waiting));
    assert_eq!(kept.tags, [tag.id]);
    // A device that was asleep says something about the one that is gone, and repeats what it said.
    let late = NewMessage { conversation: second, ..message(&case, "Today too") };
    let id = say(&store, &case, client, &late).await;
    let found = store.message(case.practice, view, id).await.unwrap().unwrap();
    assert_eq!(found.conversation, case.conversation);
    store.put_message(author_of(case.practice, client, NOW), view, asked_id, &asked).await.unwrap();
    store.open_conversation(vet(400), second, &new).await.unwrap();
    assert!(
        store.conversation(case.practice, View::Staff, second).await.unwrap().unwrap().id
            == case.conversation
    );
    let opened = store.invitation("hash of a link", at(400)).await.unwrap().unwrap();
    assert_eq!(opened.conversation, case.conversation);
}

pub async fn what_is_about_another_patient_stays_apart(url: &str) {
    let store = open(url).await;
    let case = open_case(&store).await;
    let vet = author_of(case.practice, Author::Staff(case.vet), NOW);
    let cat = Patient { id: PatientId::new(), ..case.patient.clone() };
    store.put_patient(operator(case.practice), &cat).await.unwrap();
    let other = ConversationId::new();
    let new =
        NewConversation { client: case.client.id, patient: cat.id, subject: "Coughs".into(), opened_at: NOW };
    store.open_conversation(vet, other, &new).await.unwrap();
    let refused = store.merge_conversations(vet, other, case.conversation).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
    let theirs = open_case(&store).await;
    for (from, into) in [(theirs.conversation, case.conversation), (case.conversation, theirs.conversation)] {
        let refused = store.merge_conversations(vet, from, into).await;
        assert!(matches!(refused, Err(StoreError::Missing("conversation"))), "{refused:?}");
    }
}

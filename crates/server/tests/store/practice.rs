//! What a practice sets, and sorts its conversations by.

use limpet_model::{Author, ConsentId, Department, DepartmentId, Tag, TagId, Template, TemplateId, Wording};
use limpet_server::{
    by::{Actor, By},
    store::{Store, StoreError},
    view::View,
};
use limpet_wire::{
    changes::Entity,
    http::{ConversationChange, InDepartment, NewConsent, PracticeChange},
};

use crate::{
    open,
    suite::{Case, NOW, message, open_case, operator, say},
};

pub async fn what_a_practice_sets_and_sorts_by_comes_back(url: &str) {
    let store = open(url).await;
    let case = open_case(&store).await;
    let practice = case.practice;
    let words = |text: &str| Wording::from([("en".to_owned(), text.to_owned())]);
    let change =
        PracticeChange { consent: Some(words("May we?")), offline: Some(true), ..PracticeChange::default() };
    let set = store.change_practice(operator(practice), &change).await.unwrap();
    assert_eq!(store.practice(practice).await.unwrap(), Some(set.clone()));
    assert_eq!(open(url).await.practice(practice).await.unwrap(), Some(set));
    let require = PracticeChange { requires_code: Some(true), ..PracticeChange::default() };
    let refused = store.change_practice(operator(practice), &require).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))));

    let department =
        Department { id: DepartmentId::new(), name: "Surgery".into(), position: 1, archived: false };
    let tag = Tag { id: TagId::new(), name: "Bites".into(), position: 2, archived: false };
    let template = Template {
        id: TemplateId::new(),
        title: "After surgery".into(),
        body: "Dear {{client.name}}".into(),
        language: "en".into(),
        department: Some(department.id),
        tags: vec![tag.id],
        position: 3,
        archived: false,
    };
    let missing = store.put_template(operator(practice), &template).await;
    assert!(matches!(missing, Err(StoreError::Missing("department"))));
    store.put_listed(operator(practice), &department).await.unwrap();
    store.put_listed(operator(practice), &tag).await.unwrap();
    store.put_template(operator(practice), &template).await.unwrap();
    let twin = Tag { id: TagId::new(), ..tag.clone() };
    assert!(matches!(store.put_listed(operator(practice), &twin).await, Err(StoreError::Conflict(_))));
    let sorted = ConversationChange {
        department: Some(InDepartment { to: Some(department.id) }),
        tags: Some(vec![tag.id]),
        ..ConversationChange::default()
    };
    store
        .change_conversation(By::new(practice, Actor::Staff(case.vet), NOW), case.conversation, &sorted)
        .await
        .unwrap();
    let new = NewConsent { client: case.client.id, version: 1, given: true };
    let consent = ConsentId::new();
    for _ in 0..2 {
        store.put_consent(operator(practice), consent, &new).await.unwrap();
    }
    let unknown = NewConsent { version: 2, ..new };
    let refused = store.put_consent(operator(practice), ConsentId::new(), &unknown).await;
    assert!(matches!(refused, Err(StoreError::Missing("consent text"))));
    // The switch is on: a client's message is answered, in the same revision.
    say(&store, &case, Author::Client(case.client.id), &message(&case, "Hello")).await;

    let entities = async |view| -> Vec<Entity> {
        let page = store.changes(practice, view, limpet_model::Revision(0), 1000).await.unwrap();
        page.changes.into_iter().map(|change| change.entity).collect()
    };
    let seen = entities(View::Staff).await;
    for entity in [Entity::Department(department), Entity::Tag(tag.clone()), Entity::Template(template)] {
        assert!(seen.contains(&entity), "{entity:?}");
    }
    let automatic = |entity: &&Entity| matches!(entity, Entity::Message(message) if message.automatic);
    assert_eq!(seen.iter().filter(automatic).count(), 1);
    let conversation = store.conversation(practice, View::Staff, case.conversation).await.unwrap().unwrap();
    assert!(conversation.waiting_since.is_some() && conversation.tags == [tag.id]);
    let theirs = entities(View::Client(case.client.id)).await;
    assert_eq!(theirs.iter().filter(|entity| matches!(entity, Entity::Consent(_))).count(), 1);
    let hidden = |entity: &&Entity| {
        matches!(entity, Entity::Department(_) | Entity::Tag(_) | Entity::Template(_) | Entity::Unread)
    };
    assert_eq!(theirs.iter().filter(hidden).count(), 0);
    // Pages are as long as they were asked to be, with the new kinds in them.
    assert_eq!(pages(&store, &case, View::Staff).await, seen.len());
    assert_eq!(pages(&store, &case, View::Client(case.client.id)).await, theirs.len());
}

async fn pages(store: &Store, case: &Case, view: View) -> usize {
    let (mut since, mut count) = (limpet_model::Revision(0), 0);
    loop {
        let page = store.changes(case.practice, view, since, 2).await.unwrap();
        assert!(page.changes.len() <= 4, "one and the revision after it, which has three");
        count += page.changes.len();
        since = page.revision;
        if !page.more {
            return count;
        }
    }
}

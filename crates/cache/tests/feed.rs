//! The feed into the cache: what comes out is what went in, whatever the order.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at what it did not expect"
)]

mod common;

use common::*;
use limpet_cache::Cache;
use limpet_model::*;
use limpet_wire::changes::{Change, ChangePage, Entity};
use proptest::prelude::*;

#[test]
fn everything_comes_out_as_it_went_in() {
    let (_folder, cache) = cache();
    let practice = Practice {
        id: PracticeId::new(),
        name: "Clínica Sur".into(),
        address: "Calle 1".into(),
        phone: "1".into(),
        time_zone: "Europe/Madrid".into(),
        settings: Box::new(PracticeSettings { legal_hold: true, ..PracticeSettings::default() }),
    };
    let staff = StaffMember {
        id: StaffId::new(),
        name: "Ana".into(),
        role: Role::FrontDesk,
        email: "ana@example.org".into(),
        active: true,
    };
    let owner = client("Eva Ruiz");
    let animal = patient(&owner, "Luna");
    let mut matter = conversation(&owner, &animal, "Limps after a walk", 10);
    (matter.department, matter.tags) = (Some(DepartmentId::new()), vec![TagId::new(), TagId::new()]);
    matter.state = ConversationState::Ended;
    matter.assignee = Some(staff.id);
    matter.ending =
        Some(Ending { at: Millis(99), by: staff.id, summary: "Sprain".into(), plan: "Rest".into() });
    let mut said = message(&matter, Author::Client(owner.id), "Look at this", 11);
    let mut film = clip(&said, "stairs.mov");
    said.attachments = vec![film.id];
    film.state = AttachmentState::Refused { reason: "This is not a video.".into() };
    let mut still = clip(&said, "stairs 4.png");
    still.kind = AttachmentKind::Still;
    still.clip = None;
    still.still_of = Some(StillOf { clip: film.id, frame: 4, at: Micros(133_333) });
    still.state = AttachmentState::Uploading { received: 12 };
    let reply = Message { automatic: true, ..message(&matter, Author::System, "Closed", 12) };
    let note = Message { audience: Audience::Staff, ..message(&matter, Author::System, "ended", 13) };
    let applied = cache
        .apply(
            Revision(0),
            &page(vec![
                Entity::Practice(practice.clone()),
                Entity::StaffMember(staff.clone()),
                Entity::Client(owner.clone()),
                Entity::Patient(animal.clone()),
                Entity::Conversation(matter.clone()),
                Entity::Message(said.clone()),
                Entity::Attachment(film.clone()),
                Entity::Attachment(still.clone()),
                Entity::Message(note.clone()),
                Entity::Message(reply.clone()),
            ]),
        )
        .unwrap();
    assert_eq!(applied.conversations.into_iter().collect::<Vec<_>>(), vec![matter.id]);
    assert_eq!(cache.practice().unwrap(), Some(practice));
    assert_eq!(cache.staff().unwrap(), vec![staff.clone()]);
    assert_eq!(cache.staff_member(staff.id).unwrap(), Some(staff));
    assert_eq!(cache.client(owner.id).unwrap(), Some(owner.clone()));
    assert_eq!(cache.patients_of(owner.id).unwrap(), vec![animal]);
    assert_eq!(cache.conversation(matter.id).unwrap(), Some(matter.clone()));
    assert_eq!(cache.messages(matter.id).unwrap(), vec![said, reply, note]);
    assert_eq!(cache.attachment(film.id).unwrap(), Some(film));
    assert_eq!(cache.attachment(still.id).unwrap(), Some(still));
    assert_eq!(cache.position().unwrap(), Revision(10));
}

#[test]
fn what_a_practice_sorts_by_comes_out_in_its_order() {
    let (_folder, cache) = cache();
    let tag = |name: &str, position| Tag { id: TagId::new(), name: name.into(), position, archived: false };
    let (second, first) = (tag("Bites", 10), tag("Night", 9));
    let surgery = Department { id: DepartmentId::new(), name: "Surgery".into(), position: 1, archived: true };
    let template = Template {
        id: TemplateId::new(),
        title: "After surgery".into(),
        body: "Dear {{client.name}}".into(),
        language: "en".into(),
        department: Some(surgery.id),
        tags: vec![first.id],
        position: 1,
        archived: false,
    };
    let client = ClientId::new();
    let said = |client, given, at| Consent {
        id: ConsentId::new(),
        client,
        version: 2,
        given,
        at: Millis(at),
        by: None,
    };
    let (yes, no, other) = (said(client, true, 9), said(client, false, 10), said(ClientId::new(), true, 11));
    let entities = vec![
        Entity::Department(surgery.clone()),
        Entity::Tag(second.clone()),
        Entity::Tag(first.clone()),
        Entity::Template(template.clone()),
        Entity::Consent(yes.clone()),
        Entity::Consent(no.clone()),
        Entity::Consent(other),
    ];
    cache.apply(Revision(0), &page(entities)).unwrap();
    assert_eq!(cache.departments().unwrap(), vec![surgery]);
    assert_eq!(cache.tags().unwrap(), vec![first.clone(), second]);
    assert_eq!(cache.templates().unwrap(), vec![template]);
    assert_eq!(cache.consents(client).unwrap(), vec![no, yes]);
    let renamed = Tag { name: "Nights".into(), ..first };
    let change = Change { revision: Revision(99), entity: Entity::Tag(renamed.clone()) };
    let later =
        ChangePage { revision: Revision(99), changes: vec![change], more: false, epoch: String::new() };
    cache.apply(Revision(7), &later).unwrap();
    assert!(cache.tags().unwrap().contains(&renamed));
    cache.keep_logo("a", b"one").unwrap();
    cache.keep_logo("b", b"two").unwrap();
    assert_eq!((cache.logo("a").unwrap(), cache.logo("b").unwrap()), (None, Some(b"two".to_vec())));
}

#[test]
fn the_position_does_not_jump_over_a_page_that_is_missing() {
    let (_folder, cache) = cache();
    let later = ChangePage { revision: Revision(20), changes: vec![], more: false, epoch: String::new() };
    cache.apply(Revision(10), &later).unwrap();
    assert_eq!(cache.position().unwrap(), Revision(0));
    cache.apply(Revision(0), &ChangePage { revision: Revision(10), ..later.clone() }).unwrap();
    cache.apply(Revision(10), &later).unwrap();
    assert_eq!(cache.position().unwrap(), Revision(20));
}

#[test]
fn what_is_gone_does_not_come_back_with_an_old_page() {
    let (_folder, cache) = cache();
    let owner = client("Eva Ruiz");
    let change = |revision, entity| ChangePage {
        revision: Revision(revision),
        changes: vec![Change { revision: Revision(revision), entity }],
        more: false,
        epoch: String::new(),
    };
    let born = change(1, Entity::Client(owner.clone()));
    cache.apply(Revision(0), &born).unwrap();
    cache.apply(Revision(1), &change(2, gone("client", &owner.id))).unwrap();
    cache.apply(Revision(0), &born).unwrap();
    assert_eq!(cache.client(owner.id).unwrap(), None);
    cache.apply(Revision(2), &change(3, Entity::Client(owner.clone()))).unwrap();
    assert_eq!(cache.client(owner.id).unwrap(), Some(owner));
}

/// What a cache shows of these people, to compare two of them.
fn shown(cache: &Cache, people: &[Client]) -> Vec<Option<Client>> {
    people.iter().map(|person| cache.client(person.id).unwrap()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// A history of changes to three clients, delivered in pages, in any order, any number of times.
    #[test]
    fn any_order_of_delivery_converges(
        history in prop::collection::vec((0..3_usize, prop::option::weighted(0.8, "[a-z]{1,6}")), 1..24),
        cuts in prop::collection::vec(1..6_usize, 8),
        deliveries in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let people: Vec<Client> = (0..3).map(|n| client(&format!("Person {n}"))).collect();
        let changes: Vec<Change> = (1..).zip(history).map(|(n, (who, name))| Change {
            revision: Revision(n),
            entity: match name {
                Some(name) => Entity::Client(Client { name, ..people[who].clone() }),
                None => gone("client", &people[who].id),
            },
        }).collect();
        let mut pages = vec![];
        let (mut rest, mut since, mut cuts) = (changes.as_slice(), Revision(0), cuts.into_iter().cycle());
        while !rest.is_empty() {
            let (now, later) = rest.split_at(cuts.next().unwrap().min(rest.len()));
            let revision = now.last().unwrap().revision;
            pages.push((since, ChangePage { revision, changes: now.to_vec(), more: !later.is_empty(), epoch: String::new() }));
            (rest, since) = (later, revision);
        }

        let (_one, in_order) = cache();
        for (since, page) in &pages {
            in_order.apply(*since, page).unwrap();
        }
        let (_two, anyhow) = cache();
        for delivery in deliveries {
            let (since, page) = &pages[delivery.index(pages.len())];
            anyhow.apply(*since, page).unwrap();
        }
        // The newest first: only revisions can tell which state is the later one.
        for (since, page) in pages.iter().rev() {
            anyhow.apply(*since, page).unwrap();
        }
        prop_assert_eq!(shown(&anyhow, &people), shown(&in_order, &people));
        for (since, page) in &pages {
            anyhow.apply(*since, page).unwrap();
        }
        prop_assert_eq!(shown(&anyhow, &people), shown(&in_order, &people));
        prop_assert_eq!(anyhow.position().unwrap(), in_order.position().unwrap());
        // Words to find follow their rows.
        for person in shown(&anyhow, &people).into_iter().flatten() {
            let found = anyhow.find_clients(&person.name, 10).unwrap();
            prop_assert!(found.iter().any(|it| it.id == person.id));
        }
    }
}

/// A conversation is gone: so is what was in it, with the files that were fetched, whatever comes first.
#[test]
fn what_was_in_a_conversation_that_is_gone_goes_with_it() {
    let owner = client("Eva Ruiz");
    let matter = conversation(&owner, &patient(&owner, "Luna"), "Limps", 1);
    let other = Conversation { id: ConversationId::new(), ..matter.clone() };
    let said = message(&matter, Author::Client(owner.id), "Look at her leg", 5);
    let film = clip(&said, "walk.mp4");
    let kept = message(&matter, Author::Client(owner.id), "And her paw", 6);
    let kept_film = clip(&kept, "paw.mp4");
    let hold = Hold {
        id: HoldId::new(),
        of: Held::Conversation(matter.id),
        reason: "A complaint".into(),
        by: StaffId::new(),
        at: Millis(7),
        lifted: None,
    };
    let at = |revision, entity| Change { revision: Revision(revision), entity };
    let moved = Message { conversation: other.id, ..kept.clone() };
    let moved_film = Attachment { conversation: other.id, ..kept_film.clone() };
    let before = vec![
        at(1, Entity::Conversation(matter.clone())),
        at(1, Entity::Conversation(other.clone())),
        at(2, Entity::Message(said.clone())),
        at(2, Entity::Attachment(film.clone())),
        at(3, Entity::Message(kept)),
        at(3, Entity::Attachment(kept_film.clone())),
        at(4, Entity::Hold(hold.clone())),
    ];
    // Part of it became part of the other one, and is told with it or, changed once more, in a later page.
    for moved_at in [9, 12] {
        let gone = at(9, gone("conversation", &matter.id));
        let after = vec![
            at(moved_at, Entity::Message(moved.clone())),
            at(moved_at, Entity::Attachment(moved_film.clone())),
        ];
        let pages = if moved_at == 9 {
            vec![before.clone(), [after, vec![gone]].concat()]
        } else {
            vec![before.clone(), vec![gone], after]
        };
        for order in [[0, 1, 2, 0, 1, 2], [2, 1, 0, 2, 1, 0], [1, 2, 0, 0, 1, 2]] {
            let (_folder, cache) = cache();
            for (nr, which) in order.into_iter().enumerate() {
                let Some(changes) = pages.get(which).cloned() else { continue };
                let revision = changes.last().unwrap().revision;
                cache
                    .apply(Revision(0), &ChangePage { revision, changes, more: false, epoch: String::new() })
                    .unwrap();
                if nr == 0 && which == 0 {
                    assert_eq!(cache.holds().unwrap(), std::slice::from_ref(&hold));
                    for film in [&film, &kept_film] {
                        cache
                            .media_used(film.id, limpet_cache::media::MediaKind::Original, 9, Millis(1))
                            .unwrap();
                    }
                }
            }
            assert_eq!(cache.conversation(matter.id).unwrap(), None);
            assert_eq!(cache.messages(matter.id).unwrap(), []);
            assert_eq!(cache.attachment(film.id).unwrap(), None, "{order:?}");
            assert_eq!(cache.holds().unwrap(), []);
            assert_eq!(
                cache.messages(other.id).unwrap(),
                std::slice::from_ref(&moved),
                "{order:?} {moved_at}"
            );
            assert_eq!(cache.attachment(kept_film.id).unwrap(), Some(moved_film.clone()));
            if order[0] == 0 {
                let orphans = cache.media_orphans().unwrap();
                assert_eq!(orphans.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [film.id]);
            }
        }
    }
}

/// A patient or a client is gone: so are holds and consents, but for those of somebody who is there again since.
#[test]
fn what_was_of_somebody_who_is_gone_goes_with_them_and_nothing_newer() {
    let owner = client("Eva Ruiz");
    let animal = patient(&owner, "Luna");
    let hold = |of| Hold {
        id: HoldId::new(),
        of,
        reason: "A complaint".into(),
        by: StaffId::new(),
        at: Millis(7),
        lifted: None,
    };
    let consent = |given| Consent {
        id: ConsentId::new(),
        client: owner.id,
        version: 1,
        given,
        at: Millis(7),
        by: None,
    };
    let (of_animal, of_owner) = (hold(Held::Patient(animal.id)), hold(Held::Client(owner.id)));
    let (yes, no) = (consent(true), consent(false));
    let (again, again_animal) = (hold(Held::Client(owner.id)), hold(Held::Patient(animal.id)));
    let at = |revision, entity| Change { revision: Revision(revision), entity };
    let pages = [
        vec![
            at(1, Entity::Client(owner.clone())),
            at(2, Entity::Patient(animal.clone())),
            at(3, Entity::Hold(of_animal.clone())),
            at(4, Entity::Hold(of_owner.clone())),
            at(5, Entity::Consent(yes.clone())),
        ],
        vec![at(8, gone("patient", &animal.id))],
        vec![at(9, gone("client", &owner.id))],
        vec![
            at(12, Entity::Hold(again.clone())),
            at(13, Entity::Hold(again_animal.clone())),
            at(14, Entity::Consent(no.clone())),
        ],
        vec![at(11, Entity::Patient(animal.clone())), at(10, Entity::Client(owner.clone()))],
    ];
    // They themselves come back last: a tombstone that is older than what is there is not looked at any more.
    for order in [[0, 1, 2, 3, 4], [3, 2, 1, 0, 4], [0, 3, 1, 2, 4], [3, 0, 2, 1, 4]] {
        let (_folder, cache) = cache();
        let apply = |which: usize| {
            let changes = pages[which].clone();
            let revision = Revision(changes.iter().map(|change| change.revision.0).max().unwrap());
            let page = ChangePage { revision, changes, more: false, epoch: String::new() };
            cache.apply(Revision(0), &page).unwrap();
        };
        let ids = || cache.holds().unwrap().into_iter().map(|hold| hold.id).collect::<Vec<_>>();
        for (nr, which) in order.into_iter().enumerate() {
            apply(which);
            if order[..=nr] == [0, 1] {
                assert_eq!(ids(), [of_owner.id], "a patient's hold goes with the patient");
                assert_eq!(cache.consents(owner.id).unwrap(), std::slice::from_ref(&yes));
            }
            if order[..=nr] == [0, 1, 2] {
                assert_eq!((ids(), cache.consents(owner.id).unwrap()), (vec![], vec![]));
                assert_eq!(
                    (cache.client(owner.id).unwrap(), cache.patient(animal.id).unwrap()),
                    (None, None)
                );
            }
        }
        let (mut left, mut right) = (ids(), vec![again.id, again_animal.id]);
        left.sort();
        right.sort();
        assert_eq!(left, right, "{order:?}");
        assert_eq!(cache.consents(owner.id).unwrap(), std::slice::from_ref(&no), "{order:?}");
        assert_eq!(cache.client(owner.id).unwrap().as_ref(), Some(&owner), "{order:?}");
        assert_eq!(cache.patient(animal.id).unwrap().as_ref(), Some(&animal), "{order:?}");
    }
}

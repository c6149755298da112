//! The outbox: nothing that was answered is lost, and each entry's state is durable.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at what it did not expect"
)]

mod common;

use common::*;
use limpet_cache::{
    CacheError, Outbox,
    outbox::{Discarded, EntryState, FilingEntry, Owner, Work},
};
use limpet_model::*;
use limpet_wire::{
    Code, Failure,
    desk::{Draft, Settings, StagedFile},
    http::{ConversationChange, NewConversation},
};

const NOW: Millis = Millis(1_000);

fn staged(name: &str) -> StagedFile {
    StagedFile {
        id: AttachmentId::new(),
        kind: AttachmentKind::Photo,
        name: name.into(),
        mime: "image/jpeg".into(),
        bytes: 10,
        caption: String::new(),
        still_of: None,
    }
}

fn draft(conversation: ConversationId, body: &str, files: Vec<StagedFile>) -> Draft {
    Draft { conversation, audience: Audience::Everyone, body: body.into(), files }
}

/// A sent message with one file.
fn sent(outbox: &Outbox) -> (ConversationId, MessageId, StagedFile) {
    let (conversation, id, file) = (ConversationId::new(), MessageId::new(), staged("leg.jpg"));
    outbox.stage(conversation, &file, None).unwrap();
    outbox.send(&draft(conversation, "Rest", vec![file.clone()]), id, NOW).unwrap();
    (conversation, id, file)
}

fn refusal() -> Failure {
    Failure::new(Code::TooLarge, "Too large.")
}

fn states(outbox: &Outbox) -> Vec<(&'static str, EntryState)> {
    outbox.entries().unwrap().into_iter().map(|entry| (entry.work.kind(), entry.state)).collect()
}

#[test]
fn sending_empties_the_draft_and_queues_the_message_before_its_files() {
    let (_folder, outbox) = outbox();
    let (conversation, _, file) = sent(&outbox);
    assert_eq!(outbox.draft(conversation).unwrap(), draft(conversation, "", vec![]));
    assert_eq!(states(&outbox), [("message", EntryState::Queued), ("upload", EntryState::Queued)]);
    assert!(outbox.is_staged(file.id).unwrap());
    assert_eq!(outbox.unsent().unwrap(), 1);
}

#[test]
fn a_crash_while_sending_queues_it_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox.db");
    let outbox = Outbox::open(&path, &key()).unwrap();
    sent(&outbox);
    let first = outbox.entries().unwrap()[0].nr;
    assert!(outbox.start(first).unwrap().is_some());
    assert!(outbox.start(first).unwrap().is_none());
    drop(outbox);
    let outbox = Outbox::open(&path, &key()).unwrap();
    assert_eq!(states(&outbox), [("message", EntryState::Queued), ("upload", EntryState::Queued)]);
    assert_eq!(outbox.entries().unwrap()[0].attempts, 1);
}

#[test]
fn an_entry_leaves_only_after_it_was_accepted() {
    let (_folder, outbox) = outbox();
    let (_, _, file) = sent(&outbox);
    let all: Vec<i64> = outbox.entries().unwrap().iter().map(|entry| entry.nr).collect();
    outbox.settle(&all).unwrap();
    assert_eq!(outbox.entries().unwrap().len(), 2);
    for nr in &all {
        outbox.accept(*nr).unwrap();
    }
    assert_eq!((outbox.accepted().unwrap(), outbox.unsent().unwrap()), (all.clone(), 0));
    outbox.settle(&all).unwrap();
    assert_eq!(outbox.entries().unwrap(), vec![]);
    assert!(!outbox.is_staged(file.id).unwrap());
}

#[test]
fn a_refused_message_is_kept_until_somebody_retries_or_discards_it() {
    let (_folder, outbox) = outbox();
    let (conversation, id, file) = sent(&outbox);
    let nr = outbox.entries().unwrap()[0].nr;
    assert!(matches!(outbox.discard_message(id, NOW), Err(CacheError::Conflict(_))));
    outbox.refuse(nr, &refusal()).unwrap();
    assert_eq!(states(&outbox)[0].1, EntryState::Refused(refusal()));
    outbox.retry_message(id).unwrap();
    assert_eq!(states(&outbox)[0].1, EntryState::Queued);

    outbox.refuse(nr, &refusal()).unwrap();
    outbox.save_draft(&draft(conversation, "Already writing", vec![]), NOW).unwrap();
    assert_eq!(outbox.discard_message(id, NOW).unwrap(), Discarded { conversation, dropped: vec![] });
    assert_eq!(outbox.entries().unwrap(), vec![]);
    let words = draft(conversation, "Already writing\n\nRest", vec![file]);
    assert_eq!(outbox.draft(conversation).unwrap(), words);
}

#[test]
fn a_refused_file_of_an_arrived_message_can_be_given_up() {
    let (_folder, outbox) = outbox();
    let (conversation, id, file) = sent(&outbox);
    let entries = outbox.entries().unwrap();
    outbox.accept(entries[0].nr).unwrap();
    outbox.settle(&[entries[0].nr]).unwrap();
    outbox.refuse(entries[1].nr, &refusal()).unwrap();
    assert_eq!(outbox.unsent().unwrap(), 1);
    assert_eq!(outbox.discard_message(id, NOW).unwrap(), Discarded { conversation, dropped: vec![file.id] });
    assert_eq!(outbox.entries().unwrap(), vec![]);
    // The words arrived: they do not come back.
    assert_eq!(outbox.draft(conversation).unwrap(), draft(conversation, "", vec![]));
}

#[test]
fn giving_up_a_refused_file_leaves_the_others_on_their_way() {
    let (_folder, outbox) = outbox();
    let (conversation, id) = (ConversationId::new(), MessageId::new());
    let (bad, good) = (staged("bad.jpg"), staged("good.jpg"));
    for file in [&bad, &good] {
        outbox.stage(conversation, file, None).unwrap();
    }
    let written = draft(conversation, "Look", vec![bad.clone(), good.clone()]);
    outbox.send(&written, id, NOW).unwrap();
    let entries = outbox.entries().unwrap();
    outbox.accept(entries[0].nr).unwrap();
    outbox.refuse(entries[1].nr, &refusal()).unwrap();
    let given_up = Discarded { conversation, dropped: vec![bad.id] };
    assert_eq!(outbox.discard_message(id, NOW).unwrap(), given_up);
    assert_eq!(states(&outbox), [("message", EntryState::Accepted), ("upload", EntryState::Queued)]);
    assert!(outbox.is_staged(good.id).unwrap());
}

#[test]
fn the_newest_state_of_a_person_replaces_one_that_waits_and_keeps_its_place() {
    let (_folder, outbox) = outbox();
    let mut owner = client("Eva");
    outbox.add(&Work::Client(owner.clone()), NOW).unwrap();
    sent(&outbox);
    owner.phone = "2".into();
    outbox.add(&Work::Client(owner.clone()), NOW).unwrap();
    let entries = outbox.entries().unwrap();
    assert_eq!(entries.len(), 3);
    assert_eq!(entries[0].work, Work::Client(owner.clone()));
    // One that is on its way is not changed under the sender's hands.
    outbox.start(entries[0].nr).unwrap();
    outbox.add(&Work::Client(owner), NOW).unwrap();
    assert_eq!(outbox.entries().unwrap().len(), 4);
}

#[test]
fn only_refused_changes_are_dropped_with_the_notice() {
    let (_folder, outbox) = outbox();
    let (conversation, ..) = sent(&outbox);
    let urgent = ConversationChange { urgent: Some(true), ..Default::default() };
    let nr = outbox.add(&Work::Change { conversation, change: urgent }, NOW).unwrap();
    let message = outbox.entries().unwrap()[0].nr;
    outbox.refuse(message, &refusal()).unwrap();
    outbox.refuse(nr, &refusal()).unwrap();
    assert_eq!(outbox.refused_changes().unwrap(), vec![refusal()]);
    assert_eq!(outbox.drop_refused_changes(NOW).unwrap(), 1);
    assert_eq!(states(&outbox).len(), 2);
}

#[test]
fn a_refused_ending_gives_its_words_back_as_a_note() {
    let (_folder, outbox) = outbox();
    let conversation = ConversationId::new();
    let change = ConversationChange {
        state: Some(ConversationState::Ended),
        summary: Some("Strain".into()),
        plan: Some("Rest".into()),
        ..Default::default()
    };
    assert_eq!(outbox.ending(conversation).unwrap(), None);
    let nr = outbox.add(&Work::Change { conversation, change }, NOW).unwrap();
    assert_eq!(outbox.ending(conversation).unwrap(), Some(EntryState::Queued));
    outbox.refuse(nr, &refusal()).unwrap();
    assert_eq!(outbox.ending(conversation).unwrap(), Some(EntryState::Refused(refusal())));
    assert_eq!(outbox.retry_changes().unwrap(), 1);
    assert_eq!(outbox.ending(conversation).unwrap(), Some(EntryState::Queued));
    outbox.refuse(nr, &refusal()).unwrap();
    outbox.save_draft(&draft(conversation, "How is she?", vec![]), NOW).unwrap();
    assert_eq!(outbox.drop_refused_changes(NOW).unwrap(), 1);
    let left = outbox.draft(conversation).unwrap();
    assert_eq!(left.body, "How is she?\n\nStrain\n\nRest");
    assert_eq!(left.audience, Audience::Staff, "a note's words never stand in a reply");
}

#[test]
fn a_refused_conversation_with_messages_in_it_is_kept() {
    let (_folder, outbox) = outbox();
    let (conversation, id, _) = sent(&outbox);
    let new = NewConversation {
        client: ClientId::new(),
        patient: PatientId::new(),
        subject: "Limps".into(),
        opened_at: NOW,
    };
    let nr = outbox.add(&Work::Conversation { id: conversation, new }, NOW).unwrap();
    outbox.refuse(nr, &refusal()).unwrap();
    assert_eq!(outbox.drop_refused_changes(NOW).unwrap(), 0);
    let message = outbox.entries().unwrap()[0].nr;
    outbox.refuse(message, &refusal()).unwrap();
    outbox.discard_message(id, NOW).unwrap();
    assert_eq!(outbox.drop_refused_changes(NOW).unwrap(), 1);
    assert_eq!(outbox.entries().unwrap(), vec![]);
}

#[test]
fn what_a_server_accepted_and_forgot_is_sent_again() {
    let (_folder, outbox) = outbox();
    sent(&outbox);
    let nr = outbox.entries().unwrap()[0].nr;
    outbox.accept(nr).unwrap();
    outbox.repeat_accepted().unwrap();
    assert_eq!(states(&outbox)[0].1, EntryState::Queued);
}

#[test]
fn what_nobody_has_in_hand_is_queued_again() {
    let (_folder, outbox) = outbox();
    sent(&outbox);
    let [first, second] = [0, 1].map(|at| outbox.entries().unwrap()[at].nr);
    for nr in [first, second] {
        outbox.start(nr).unwrap();
    }
    outbox.requeue(&[second]).unwrap();
    let states: Vec<_> = states(&outbox).into_iter().map(|(_, state)| state).collect();
    assert_eq!(states, [EntryState::Queued, EntryState::Sending]);
}

#[test]
fn drafts_keep_words_order_and_captions() {
    let (_folder, outbox) = outbox();
    let conversation = ConversationId::new();
    let (first, mut second) = (staged("a.jpg"), staged("b.jpg"));
    outbox.stage(conversation, &first, None).unwrap();
    outbox.stage(conversation, &second, Some(Millis(7))).unwrap();
    second.caption = "The swelling".into();
    let written = Draft {
        audience: Audience::Staff,
        ..draft(conversation, "Look", vec![second.clone(), first.clone()])
    };
    outbox.save_draft(&written, NOW).unwrap();
    assert_eq!(outbox.draft(conversation).unwrap(), written);
    assert_eq!(outbox.drafts().unwrap(), vec![conversation]);
    assert!(outbox.unstage(conversation, first.id).unwrap());
    assert_eq!(outbox.draft(conversation).unwrap().files, vec![second.clone()]);
    let missing = draft(conversation, "Look", vec![first]);
    assert!(matches!(outbox.send(&missing, MessageId::new(), NOW), Err(CacheError::Conflict(_))));
    assert_eq!(outbox.draft(conversation).unwrap().body, "Look");
}

#[test]
fn filings_wait_are_filed_or_refused() {
    let (_folder, outbox) = outbox();
    let filing = Filing {
        id: FilingId::new(),
        conversation: ConversationId::new(),
        target: "/records".into(),
        requested_at: NOW,
        state: FilingState::Queued { waiting_for: String::new() },
    };
    let entry =
        FilingEntry { filing: filing.clone(), include_notes: true, attempts: 0, not_before: Millis(0) };
    outbox.add_filing(&entry).unwrap();
    assert_eq!(outbox.filings_waiting().unwrap(), vec![entry.clone()]);
    let waiting = FilingState::Queued { waiting_for: "The folder cannot be reached.".into() };
    outbox.filing_came_to(filing.id, "/records", &waiting, Millis(5_000)).unwrap();
    let there = outbox.filing(filing.id).unwrap().unwrap();
    assert_eq!((there.attempts, there.not_before, &there.filing.state), (1, Millis(5_000), &waiting));
    outbox.retry_filing(filing.id).unwrap();
    assert_eq!(outbox.filing(filing.id).unwrap().unwrap().not_before, Millis(0));
    let filed = FilingState::Filed { at: NOW, place: "/new/x.pdf".into(), sha256: "ab".into() };
    outbox.filing_came_to(filing.id, "/new", &filed, Millis(0)).unwrap();
    assert_eq!(
        outbox.filings(filing.conversation).unwrap(),
        vec![Filing { target: "/new".into(), state: filed, ..filing.clone() }]
    );
    assert!(matches!(outbox.retry_filing(filing.id), Err(CacheError::NotFound)));
}

#[test]
fn settings_and_owner_are_remembered() {
    let (_folder, outbox) = outbox();
    let wanted = Settings {
        filing_folder: "/records".into(),
        language: "es".into(),
        theme: "dark".into(),
        review_memory_mb: 512,
    };
    outbox.save_settings(&wanted).unwrap();
    assert_eq!(outbox.settings().unwrap(), wanted);
    assert_eq!(outbox.owner().unwrap(), None);
    let owner = Owner {
        server: "https://example.org/".into(),
        practice: Practice {
            id: PracticeId::new(),
            name: "Sur".into(),
            address: String::new(),
            phone: String::new(),
            time_zone: "UTC".into(),
            settings: Box::default(),
        },
        staff: StaffMember {
            id: StaffId::new(),
            name: "Ana".into(),
            role: Role::Veterinarian,
            email: "a@example.org".into(),
            active: true,
        },
    };
    outbox.set_owner(&owner).unwrap();
    outbox.set_owner(&owner).unwrap();
    assert_eq!(outbox.owner().unwrap(), Some(owner));
}

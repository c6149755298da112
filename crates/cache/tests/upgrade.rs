//! Files that older versions left behind open in this one, with everything in them.
//!
//! `files/` holds one file of each kind for every schema version that was ever released, made by
//! `cargo test -p limpet-cache --test upgrade -- --ignored` before the version after it was written. What they hold
//! never changes; what reads them does.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at what it did not expect"
)]

mod common;

use std::{fs, path::PathBuf};

use common::*;
use limpet_cache::{
    Cache, Outbox,
    outbox::{Entry, FilingEntry, Owner, Work},
};
use limpet_model::*;
use limpet_wire::{
    Code, Failure,
    changes::{Change, ChangePage, Entity},
    desk::{Draft, Queue, Settings, StagedFile},
    http::{Assign, ConversationChange, NewConversation},
};

const NOW: Millis = Millis(1_772_456_700_000);

/// An id that is the same in every run.
fn id<T: std::str::FromStr<Err = ParseIdError>>(n: u8) -> T {
    format!("0190d3c5-7a7e-7f3e-8000-0000000000{n:02x}").parse().unwrap()
}

fn owner() -> Client {
    Client { id: id(1), ..client("Eva Ruiz") }
}

fn animal() -> Patient {
    Patient { id: id(2), ..patient(&owner(), "Luna") }
}

fn files(kind: &str) -> Vec<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/files");
    let mut found: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| path.file_name().unwrap().to_string_lossy().starts_with(kind))
        .collect();
    found.sort();
    assert!(!found.is_empty(), "no stored {kind} files");
    found
}

/// A copy to open: opening changes the file.
fn copy(stored: &std::path::Path) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("copy.db");
    fs::copy(stored, &path).unwrap();
    (folder, path)
}

/// One of everything an outbox can hold.
fn fill_outbox(outbox: &Outbox) {
    let conversation = id::<ConversationId>(3);
    let new = NewConversation { client: id(1), patient: id(2), subject: "Limps".into(), opened_at: NOW };
    let change = ConversationChange {
        urgent: Some(true),
        assign: Some(Assign { to: Some(id(4)) }),
        state: Some(ConversationState::Ended),
        at: Some(NOW),
        seen: None,
        summary: Some("Sprain".into()),
        plan: Some("Rest".into()),
        ..ConversationChange::default()
    };
    for work in [
        Work::Client(owner()),
        Work::Patient(animal()),
        Work::Conversation { id: conversation, new },
        Work::Change { conversation, change },
        Work::Read { conversation, at: NOW },
    ] {
        outbox.add(&work, NOW).unwrap();
    }
    let still = StagedFile {
        id: id(5),
        kind: AttachmentKind::Still,
        name: "walk 7.png".into(),
        mime: "image/png".into(),
        bytes: 1234,
        caption: "Luna".into(),
        still_of: Some(StillOf { clip: id(6), frame: 7, at: Micros(233_333) }),
    };
    outbox.stage(conversation, &still, Some(NOW)).unwrap();
    let written =
        Draft { conversation, audience: Audience::Everyone, body: "Look".into(), files: vec![still] };
    outbox.send(&written, id(7), NOW).unwrap();
    let refused = Failure::new(Code::TooLarge, "Too large.");
    let nr = outbox.entries().unwrap().iter().find(|entry| entry.work.kind() == "upload").unwrap().nr;
    outbox.start(nr).unwrap();
    outbox.sent(nr, 500).unwrap();
    outbox.refuse(nr, &refused).unwrap();
    let draft =
        Draft { conversation, audience: Audience::Staff, body: "Half a thought".into(), files: vec![] };
    outbox.save_draft(&draft, NOW).unwrap();
    let filing = |n, at| FilingEntry {
        filing: Filing {
            id: id(n),
            conversation,
            target: "/records".into(),
            requested_at: Millis(at),
            state: FilingState::Queued { waiting_for: String::new() },
        },
        include_notes: true,
        attempts: 0,
        not_before: Millis(0),
    };
    outbox.add_filing(&filing(8, 1)).unwrap();
    outbox.add_filing(&filing(9, 2)).unwrap();
    let filed = FilingState::Filed { at: NOW, place: "/records/x.pdf".into(), sha256: "ab".into() };
    outbox.filing_came_to(id(8), "/records", &filed, Millis(0)).unwrap();
    let settings = Settings {
        filing_folder: "/records".into(),
        language: "es".into(),
        theme: "dark".into(),
        review_memory_mb: 0,
    };
    outbox.save_settings(&settings).unwrap();
    outbox.set_owner(&whose()).unwrap();
}

fn whose() -> Owner {
    Owner {
        server: "https://example.org/".into(),
        practice: Practice {
            id: id(10),
            name: "Clínica Sur".into(),
            address: "Calle 1".into(),
            phone: "1".into(),
            time_zone: "Europe/Madrid".into(),
            settings: Box::default(),
        },
        staff: StaffMember {
            id: id(4),
            name: "Ana Gil".into(),
            role: Role::Veterinarian,
            email: "ana@example.org".into(),
            active: true,
        },
    }
}

fn all_entries(outbox: &Outbox) -> Vec<Entry> {
    outbox.entries().unwrap()
}

#[test]
fn an_outbox_of_every_version_opens_with_everything_in_it() {
    let (_folder, fresh) = outbox();
    fill_outbox(&fresh);
    let conversation = id(3);
    for stored in files("outbox") {
        let (_folder, path) = copy(&stored);
        let outbox = Outbox::open(&path, &key()).unwrap();
        assert_eq!(all_entries(&outbox), all_entries(&fresh), "{}", stored.display());
        assert_eq!(outbox.draft(conversation).unwrap(), fresh.draft(conversation).unwrap());
        assert_eq!(outbox.filings(conversation).unwrap(), fresh.filings(conversation).unwrap());
        assert_eq!(outbox.settings().unwrap(), fresh.settings().unwrap());
        assert_eq!(outbox.owner().unwrap(), fresh.owner().unwrap());
        assert_eq!(outbox.staged(id(5)).unwrap(), fresh.staged(id(5)).unwrap());
        // And it can be written.
        outbox.add(&Work::Client(Client { name: "Eva R.".into(), ..owner() }), NOW).unwrap();
    }
}

fn fill_cache(cache: &Cache) {
    let matter = Conversation { id: id(3), ..conversation(&owner(), &animal(), "Limps", 1) };
    let said = Message { id: id(7), ..message(&matter, Author::Client(id(1)), "Look at her leg", 5) };
    let film = Attachment { id: id(6), ..clip(&said, "walk.mp4") };
    let entities = vec![
        Entity::Practice(whose().practice),
        Entity::StaffMember(whose().staff),
        Entity::Client(owner()),
        Entity::Patient(animal()),
        Entity::Conversation(matter),
        Entity::Message(said),
        Entity::Attachment(film),
        gone("client", &id::<ClientId>(11)),
    ];
    cache.apply(Revision(0), &page(entities)).unwrap();
}

#[test]
fn a_cache_of_every_version_opens_with_everything_in_it() {
    let (_folder, fresh) = cache();
    fill_cache(&fresh);
    for stored in files("cache") {
        let (_folder, path) = copy(&stored);
        let cache = Cache::open(&path, &key()).unwrap();
        assert_eq!(cache.practice().unwrap(), fresh.practice().unwrap());
        assert_eq!(cache.staff().unwrap(), fresh.staff().unwrap());
        assert_eq!(cache.messages(id(3)).unwrap(), fresh.messages(id(3)).unwrap());
        assert_eq!(cache.attachments(id(3)).unwrap(), fresh.attachments(id(3)).unwrap());
        assert_eq!(cache.conversation(id(3)).unwrap(), fresh.conversation(id(3)).unwrap());
        let (rows, total) = cache.list(Queue::Open, id(4), "luna leg", 0, 10).unwrap();
        assert_eq!((rows.len(), total), (1, 1));
        // A step that made room for more of what is here asks for all of it again, and what comes takes its place.
        let made_room = !["cache-v5.db", "cache-v6.db"].iter().any(|it| stored.ends_with(it));
        let here = if made_room { Revision(0) } else { fresh.position().unwrap() };
        assert_eq!(cache.position().unwrap(), here, "{}", stored.display());
        if made_room {
            assert!(cache.epoch().unwrap().is_some(), "{} would begin as if it were empty", stored.display());
            let settings = Box::new(PracticeSettings { legal_hold: true, ..PracticeSettings::default() });
            let practice = Practice { settings, ..whose().practice };
            let matter = cache.conversation(id(3)).unwrap().unwrap();
            let sorted = Conversation { tags: vec![id(12)], department: Some(id(13)), ..matter };
            let said = cache.messages(id(3)).unwrap().remove(0);
            let by_itself = Message { automatic: true, ..said };
            let revision = Revision(1);
            let entities = [
                Entity::Practice(practice.clone()),
                Entity::Conversation(sorted.clone()),
                Entity::Message(by_itself.clone()),
            ];
            let changes = entities.into_iter().map(|entity| Change { revision, entity }).collect();
            let page = ChangePage { revision, changes, more: true, epoch: String::new() };
            cache.apply(Revision(0), &page).unwrap();
            assert_eq!(cache.practice().unwrap(), Some(practice), "{}", stored.display());
            assert_eq!(cache.conversation(id(3)).unwrap(), Some(sorted));
            assert_eq!(cache.messages(id(3)).unwrap(), [by_itself]);
        }
        fill_cache(&cache);
        assert_eq!(cache.position().unwrap(), fresh.position().unwrap());
        assert_eq!(cache.messages(id(3)).unwrap(), fresh.messages(id(3)).unwrap());
    }
}

#[test]
#[ignore = "writes the stored files of the present schema; once for each version, before the next one"]
fn store_files_of_this_version() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/files");
    // A file that was released is never written again.
    let keep = |made: PathBuf, name: &str| {
        let stored = folder.join(name);
        if !stored.exists() {
            fs::copy(made, stored).unwrap();
        }
    };
    let (own, outbox) = outbox();
    fill_outbox(&outbox);
    drop(outbox);
    keep(own.path().join("outbox.db"), "outbox-v1.db");
    let (own, cache) = cache();
    fill_cache(&cache);
    cache.close().unwrap();
    drop(cache);
    keep(own.path().join("cache.db"), "cache-v6.db");
}

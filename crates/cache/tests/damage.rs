//! Damaged files: the cache starts over, the outbox stays.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at what it did not expect"
)]

mod common;

use std::fs;

use common::*;
use limpet_cache::{Cache, CacheError, Outbox, StoreKey};
use limpet_model::*;
use limpet_wire::changes::Entity;

fn fill(cache: &Cache) {
    let people = (0..200).map(|n| Entity::Client(client(&format!("Person {n}")))).collect();
    cache.apply(Revision(0), &page(people)).unwrap();
}

/// Writes noise over the middle of a file.
fn scratch(path: &std::path::Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 200].fill(0xAA);
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_damaged_cache_is_set_aside_and_starts_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.db");
    let cache = Cache::open(&path, &key()).unwrap();
    fill(&cache);
    drop(cache);
    scratch(&path);
    let error = Cache::open(&path, &key()).err().unwrap();
    assert!(error.is_unusable_file(), "{error:?}");
    let (cache, kept) = Cache::open_or_rebuild(&path, &key()).unwrap();
    assert_eq!(cache.position().unwrap(), Revision(0));
    assert!(kept.unwrap().exists());
    fill(&cache);
    cache.close().unwrap();
    drop(cache);
    assert_eq!(Cache::open_or_rebuild(&path, &key()).unwrap().1, None);
}

#[test]
fn a_cache_with_another_key_starts_over_and_goes_on_working() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.db");
    fill(&Cache::open(&path, &key()).unwrap());
    let (cache, kept) = Cache::open_or_rebuild(&path, &StoreKey::generate().unwrap()).unwrap();
    assert!(kept.is_some());
    fill(&cache);
    cache.rebuild().unwrap();
    assert_eq!(cache.position().unwrap(), Revision(0));
    fill(&cache);
    assert_eq!(cache.find_clients("Person", 500).unwrap().len(), 200);
}

#[test]
fn a_damaged_outbox_is_an_error_and_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox.db");
    drop(Outbox::open(&path, &key()).unwrap());
    scratch(&path);
    let before = fs::read(&path).unwrap();
    let error = Outbox::open(&path, &key()).err().unwrap();
    assert!(matches!(error, CacheError::Damaged | CacheError::WrongKey), "{error:?}");
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn another_program_reads_beside_the_owner_and_cannot_write() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.db");
    let owner = Cache::open(&path, &key()).unwrap();
    fill(&owner);
    let beside = Cache::open_beside(&path, &key()).unwrap();
    assert_eq!(beside.find_clients("Person 7", 500).unwrap().len(), 11);
    assert!(beside.apply(Revision(200), &page(vec![Entity::Client(client("Nobody"))])).is_err());
    owner.apply(Revision(200), &common::page(vec![])).unwrap();
    assert_eq!(beside.find_clients("Nobody", 5).unwrap().len(), 0);
}

#[test]
fn whichever_page_is_damaged_the_file_is_known_to_be_unusable() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox.db");
    drop(Outbox::open(&path, &key()).unwrap());
    let whole = fs::read(&path).unwrap();
    for page in 0..whole.len() / 4096 {
        let mut bytes = whole.clone();
        bytes[page * 4096 + 2000..page * 4096 + 2100].fill(0xAA);
        fs::write(&path, &bytes).unwrap();
        match Outbox::open(&path, &key()) {
            Err(error) => assert!(error.is_unusable_file(), "page {page}: {error:?}"),
            Ok(_) => panic!("page {page}: opened"),
        }
    }
}

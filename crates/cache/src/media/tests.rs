//! The media format: any range reads back, and whatever is done to a file is found out.

mod fill;

use std::{fs, path::Path};

use limpet_model::AttachmentId;
use proptest::prelude::*;

use super::{
    MediaFolder, MediaKind,
    format::{CHUNK, HEADER, SEALED},
};
use crate::StoreKey;

const ORIGINAL: MediaKind = MediaKind::Original;

fn folder(path: &Path) -> MediaFolder {
    MediaFolder::open(path, &StoreKey::from_hex(&"07".repeat(32)).unwrap()).unwrap()
}

fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|n| u8::try_from(n * 31 % 251).unwrap()).collect()
}

fn only_file(path: &Path) -> std::path::PathBuf {
    fs::read_dir(path).unwrap().next().unwrap().unwrap().path()
}

/// Lengths around chunk borders, where mistakes live.
fn lengths() -> impl Strategy<Value = usize> {
    prop_oneof![0..64_usize, CHUNK - 2..CHUNK + 2, 2 * CHUNK - 1..2 * CHUNK + 2, 0..4 * CHUNK]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_range_reads_back(length in lengths(), offset in 0..5 * CHUNK as u64, want in 0..3 * CHUNK, cuts in prop::collection::vec(1..CHUNK * 2, 1..6)) {
        let temp = tempfile::tempdir().unwrap();
        let (folder, id, all) = (folder(temp.path()), AttachmentId::new(), bytes(length));
        let mut writer = folder.write(id, ORIGINAL).unwrap();
        let mut rest = all.as_slice();
        for cut in cuts {
            let (now, later) = rest.split_at(cut.min(rest.len()));
            writer.append(now).unwrap();
            rest = later;
        }
        writer.append(rest).unwrap();
        folder.finish(id, ORIGINAL, writer).unwrap();
        let file = folder.read(id, ORIGINAL).unwrap();
        prop_assert_eq!(file.len(), length as u64);
        let mut got = vec![0; want];
        let read = file.read_at(offset, &mut got).unwrap();
        let from = usize::try_from(offset).unwrap().min(length);
        prop_assert_eq!(&got[..read], &all[from..length.min(from + want)]);
    }

    #[test]
    fn a_changed_byte_is_found_out(length in lengths(), at: prop::sample::Index, bit in 0..8_u8) {
        let temp = tempfile::tempdir().unwrap();
        let (folder, id, all) = (folder(temp.path()), AttachmentId::new(), bytes(length));
        folder.put(id, ORIGINAL, &all).unwrap();
        let path = only_file(temp.path());
        let mut stored = fs::read(&path).unwrap();
        let place = at.index(stored.len());
        stored[place] ^= 1 << bit;
        fs::write(&path, &stored).unwrap();
        // Bytes 27 to 31 of the header are padding and mean nothing.
        let read = folder.read(id, ORIGINAL).and_then(|file| file.read_all());
        if (27..HEADER).contains(&place) {
            prop_assert_eq!(read.unwrap(), all);
        } else {
            prop_assert!(read.is_err());
        }
    }

    #[test]
    fn a_cut_file_is_found_out(length in lengths(), at: prop::sample::Index) {
        let temp = tempfile::tempdir().unwrap();
        let (folder, id) = (folder(temp.path()), AttachmentId::new());
        folder.put(id, ORIGINAL, &bytes(length)).unwrap();
        let path = only_file(temp.path());
        let stored = fs::read(&path).unwrap();
        fs::write(&path, &stored[..at.index(stored.len())]).unwrap();
        prop_assert!(folder.read(id, ORIGINAL).is_err());
    }
}

#[test]
fn a_file_cut_between_two_chunks_is_found_out() {
    let temp = tempfile::tempdir().unwrap();
    let (folder, id) = (folder(temp.path()), AttachmentId::new());
    folder.put(id, ORIGINAL, &bytes(4 * CHUNK)).unwrap();
    let path = only_file(temp.path());
    let stored = fs::read(&path).unwrap();
    for chunks in 0..4 {
        fs::write(&path, &stored[..HEADER + chunks * SEALED]).unwrap();
        assert!(folder.read(id, ORIGINAL).is_err(), "{chunks} chunks");
    }
}

#[test]
fn chunks_that_changed_places_are_found_out() {
    let temp = tempfile::tempdir().unwrap();
    let (folder, id) = (folder(temp.path()), AttachmentId::new());
    folder.put(id, ORIGINAL, &bytes(3 * CHUNK)).unwrap();
    let path = only_file(temp.path());
    let mut stored = fs::read(&path).unwrap();
    let (first, second) =
        (stored[HEADER..HEADER + SEALED].to_vec(), stored[HEADER + SEALED..HEADER + 2 * SEALED].to_vec());
    stored[HEADER..HEADER + SEALED].copy_from_slice(&second);
    stored[HEADER + SEALED..HEADER + 2 * SEALED].copy_from_slice(&first);
    fs::write(&path, &stored).unwrap();
    assert!(folder.read(id, ORIGINAL).unwrap().read_all().is_err());
}

#[test]
fn a_file_cannot_stand_in_for_another() {
    let temp = tempfile::tempdir().unwrap();
    let (folder, id, other) = (folder(temp.path()), AttachmentId::new(), AttachmentId::new());
    folder.put(id, ORIGINAL, b"a clip").unwrap();
    let path = only_file(temp.path());
    fs::rename(&path, temp.path().join(format!("{other}-original"))).unwrap();
    assert!(folder.read(other, ORIGINAL).is_err());
}

#[test]
fn nothing_of_a_file_stands_on_the_disk_in_the_clear() {
    let temp = tempfile::tempdir().unwrap();
    let (folder, id) = (folder(temp.path()), AttachmentId::new());
    let words = b"a conspicuous sentence ".repeat(10_000);
    folder.put(id, ORIGINAL, &words).unwrap();
    let stored = fs::read(only_file(temp.path())).unwrap();
    assert!(!stored.windows(11).any(|window| window == b"conspicuous"));
    // Two files with the same content look different.
    let twin = AttachmentId::new();
    folder.put(twin, ORIGINAL, &words).unwrap();
    assert_ne!(fs::read(temp.path().join(format!("{twin}-original"))).unwrap(), stored);
}

#[test]
fn a_file_moves_between_the_folders_of_a_profile() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (from, to, id) = (folder(here.path()), folder(there.path()), AttachmentId::new());
    from.put(id, ORIGINAL, b"a still").unwrap();
    from.hand_over(&to, id, ORIGINAL).unwrap();
    from.hand_over(&to, id, ORIGINAL).unwrap();
    assert!(!from.has(id, ORIGINAL));
    assert_eq!(to.read(id, ORIGINAL).unwrap().read_all().unwrap(), b"a still");
    assert_eq!(to.list().unwrap(), vec![(id, ORIGINAL)]);
}

//! A file that fills: whatever the order and however often it is broken off, it ends as the file that was sent, and
//! no byte is ever answered that is not of it.

use std::{fs, path::Path, sync::Arc};

use limpet_model::AttachmentId;
use proptest::prelude::*;

use super::{
    super::{Filling, MediaFolder},
    CHUNK, HEADER, ORIGINAL, SEALED, bytes, folder, lengths, only_file,
};

fn begin(folder: &MediaFolder, id: AttachmentId, length: usize) -> Arc<Filling> {
    Arc::new(folder.fill(id, ORIGINAL, length as u64).unwrap())
}

/// A file of so many chunks of which some are here.
fn with_chunks(folder: &MediaFolder, id: AttachmentId, all: &[u8], chunks: &[usize]) -> Arc<Filling> {
    let filling = begin(folder, id, all.len());
    for chunk in chunks {
        let piece = &all[chunk * CHUNK..all.len().min((chunk + 1) * CHUNK)];
        assert_eq!(filling.pour((chunk * CHUNK) as u64).append(piece).unwrap(), piece.len() as u64);
    }
    filling
}

fn change(path: &Path, place: usize, bytes: &[u8]) {
    let mut stored = fs::read(path).unwrap();
    stored[place..place + bytes.len()].copy_from_slice(bytes);
    fs::write(path, stored).unwrap();
}

fn place_of(chunk: usize) -> usize {
    HEADER + chunk * SEALED
}

/// Everything that can be read of it is right, and it says rightly what that is.
fn is_honest(filling: &Filling, all: &[u8]) {
    let mut got = vec![0; CHUNK / 3];
    for offset in (0..all.len()).step_by(CHUNK / 3) {
        let read = filling.read_at(offset as u64, &mut got).unwrap();
        assert_eq!(got[..read], all[offset..offset + read]);
        assert_eq!(read > 0, filling.has(offset as u64), "{offset}");
        let told = filling.arrived().into_iter().any(|range| range.contains(&(offset as u64)));
        assert_eq!(read > 0, told, "{offset}");
    }
    let told: u64 = filling.arrived().into_iter().map(|range| range.end - range.start).sum();
    assert_eq!(told, filling.bytes_here());
}

/// One step of a download: which bytes it asks for, how they come, and what happens to it.
#[derive(Debug, Clone)]
struct Step {
    /// Where it looks for a gap.
    from: prop::sample::Index,
    most: u64,
    /// In pieces of this size.
    cut: usize,
    /// How much of it arrives before it breaks off, in percent.
    arrives: usize,
    /// The program is started again afterwards.
    dies: bool,
}

fn step() -> impl Strategy<Value = Step> {
    let dies = prop::bool::weighted(0.3);
    (any::<prop::sample::Index>(), 1..300_000_u64, 1..90_000_usize, 0..150_usize, dies)
        .prop_map(|(from, most, cut, arrives, dies)| Step { from, most, cut, arrives, dies })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn pieces_in_any_order_make_the_file_that_was_sent(length in lengths(), steps in prop::collection::vec(step(), 0..24)) {
        let temp = tempfile::tempdir().unwrap();
        let (folder, id, all) = (folder(temp.path()), AttachmentId::new(), bytes(length));
        let mut filling = begin(&folder, id, length);
        for step in steps {
            let from = step.from.index(length.max(1)) as u64;
            let Some(gap) = filling.gap(from, step.most) else { continue };
            let asked = &all[usize::try_from(gap.start).unwrap()..usize::try_from(gap.end).unwrap()];
            let arrives = (asked.len() * step.arrives / 100).min(asked.len());
            let mut pour = filling.pour(gap.start);
            let before = filling.bytes_here();
            let new: u64 = asked[..arrives].chunks(step.cut).map(|piece| pour.append(piece).unwrap()).sum();
            prop_assert_eq!(filling.bytes_here(), before + new);
            prop_assert!(!folder.has(id, ORIGINAL));
            if step.dies {
                let here = filling.arrived();
                drop((pour, filling));
                filling = begin(&folder, id, length);
                // What was here is here, and nothing else.
                prop_assert_eq!(filling.arrived(), here);
            }
            is_honest(&filling, &all);
        }
        while let Some(gap) = filling.gap(0, 200_000) {
            let (start, end) = (usize::try_from(gap.start).unwrap(), usize::try_from(gap.end).unwrap());
            filling.pour(gap.start).append(&all[start..end]).unwrap();
        }
        let mut through = Vec::new();
        prop_assert!(filling.read_through(&mut |bytes| through.extend_from_slice(bytes)).unwrap());
        prop_assert_eq!(&through, &all);
        let file = folder.finish_filling(id, ORIGINAL, &filling).unwrap();
        prop_assert_eq!(file.read_all().unwrap(), all);
        prop_assert_eq!(folder.list().unwrap(), vec![(id, ORIGINAL)]);
        prop_assert_eq!(folder.unfinished().unwrap(), vec![]);
    }

    #[test]
    fn what_begins_within_a_chunk_is_passed_over_until_the_next(offset in 0..3 * CHUNK) {
        let temp = tempfile::tempdir().unwrap();
        let (folder, id, all) = (folder(temp.path()), AttachmentId::new(), bytes(3 * CHUNK));
        let filling = begin(&folder, id, all.len());
        filling.pour(offset as u64).append(&all[offset..]).unwrap();
        prop_assert_eq!(filling.bytes_here(), (all.len() - offset.next_multiple_of(CHUNK)) as u64);
        is_honest(&filling, &all);
    }

    #[test]
    fn a_changed_byte_of_a_chunk_makes_it_one_that_is_not_here(at in 0..SEALED, bit in 0..8_u8) {
        let temp = tempfile::tempdir().unwrap();
        let (folder, id, all) = (folder(temp.path()), AttachmentId::new(), bytes(4 * CHUNK));
        drop(with_chunks(&folder, id, &all, &[0, 1, 3]));
        let path = only_file(temp.path());
        let stored = fs::read(&path).unwrap();
        change(&path, place_of(1) + at, &[stored[place_of(1) + at] ^ (1 << bit)]);
        let filling = begin(&folder, id, all.len());
        let mut got = vec![0; 10];
        prop_assert_eq!(filling.read_at(CHUNK as u64, &mut got).unwrap(), 0);
        is_honest(&filling, &all);
        prop_assert_eq!(filling.gap(0, u64::MAX), Some(CHUNK as u64..3 * CHUNK as u64));
        filling.pour(CHUNK as u64).append(&all[CHUNK..3 * CHUNK]).unwrap();
        prop_assert_eq!(folder.finish_filling(id, ORIGINAL, &filling).unwrap().read_all().unwrap(), all);
    }
}

#[test]
fn a_chunk_that_a_power_cut_tore_is_found_before_the_file_is_finished() {
    let temp = tempfile::tempdir().unwrap();
    let (folder, id, all) = (folder(temp.path()), AttachmentId::new(), bytes(3 * CHUNK));
    drop(with_chunks(&folder, id, &all, &[0, 1, 2]));
    // Its end reached the disk, its beginning did not.
    change(&only_file(temp.path()), place_of(1), &[0; 4096]);
    let filling = begin(&folder, id, all.len());
    assert!(filling.is_full());
    assert!(!filling.read_through(&mut |_| ()).unwrap());
    assert!(folder.finish_filling(id, ORIGINAL, &filling).is_err());
    assert_eq!(filling.arrived(), [0..CHUNK as u64, 2 * CHUNK as u64..3 * CHUNK as u64]);
}

#[test]
fn a_chunk_that_was_killed_half_way_is_not_here() {
    let temp = tempfile::tempdir().unwrap();
    let (folder, id, all) = (folder(temp.path()), AttachmentId::new(), bytes(3 * CHUNK));
    drop(with_chunks(&folder, id, &all, &[2, 0, 1]));
    change(&only_file(temp.path()), place_of(1) + SEALED / 2, &vec![0; SEALED - SEALED / 2]);
    let filling = begin(&folder, id, all.len());
    assert_eq!(filling.arrived(), [0..CHUNK as u64, 2 * CHUNK as u64..3 * CHUNK as u64]);
}

#[test]
fn chunks_that_changed_places_are_not_here() {
    let temp = tempfile::tempdir().unwrap();
    let (folder, id, all) = (folder(temp.path()), AttachmentId::new(), bytes(4 * CHUNK));
    drop(with_chunks(&folder, id, &all, &[0, 1]));
    let path = only_file(temp.path());
    let stored = fs::read(&path).unwrap();
    change(&path, place_of(0), &stored[place_of(1)..place_of(2)]);
    let filling = begin(&folder, id, all.len());
    assert_eq!(filling.read_at(0, &mut [0; 10]).unwrap(), 0);
    is_honest(&filling, &all);
}

#[test]
fn a_chunk_that_is_here_is_not_written_again() {
    let temp = tempfile::tempdir().unwrap();
    let (folder, id, all) = (folder(temp.path()), AttachmentId::new(), bytes(3 * CHUNK));
    let filling = with_chunks(&folder, id, &all, &[0, 2]);
    let stored = fs::read(only_file(temp.path())).unwrap();
    let mut pour = filling.pour(0);
    assert_eq!(pour.append(&vec![9; CHUNK]).unwrap(), 0);
    assert_eq!(fs::read(only_file(temp.path())).unwrap(), stored);
    // What comes behind it is taken.
    assert_eq!(pour.append(&all[CHUNK..]).unwrap(), CHUNK as u64);
    is_honest(&filling, &all);
}

#[test]
fn what_was_begun_with_another_length_or_for_another_file_is_begun_anew() {
    let temp = tempfile::tempdir().unwrap();
    let (folder, id, all) = (folder(temp.path()), AttachmentId::new(), bytes(3 * CHUNK));
    drop(with_chunks(&folder, id, &all, &[0, 1]));
    assert_eq!(begin(&folder, id, all.len() + 1).bytes_here(), 0);
    drop(with_chunks(&folder, id, &all, &[0, 1]));
    let other = AttachmentId::new();
    fs::rename(only_file(temp.path()), temp.path().join(format!("{other}-original.part"))).unwrap();
    let filling = begin(&folder, other, all.len());
    assert_eq!(filling.read_at(0, &mut [0; 10]).unwrap(), 0);
    // What was cut off, or never was one, is begun anew, too.
    let path = only_file(temp.path());
    for length in [0, 10, HEADER, HEADER + SEALED + 5] {
        drop(filling_cut_to(&path, length));
        assert_eq!(begin(&folder, other, all.len()).bytes_here(), 0, "{length}");
    }
}

fn filling_cut_to(path: &Path, length: usize) -> Vec<u8> {
    let stored = fs::read(path).unwrap();
    fs::write(path, &stored[..length]).unwrap();
    stored
}

#[test]
fn more_bytes_than_a_file_has_are_refused_and_none_are_enough_for_an_empty_one() {
    let temp = tempfile::tempdir().unwrap();
    let (folder, id) = (folder(temp.path()), AttachmentId::new());
    for length in [0, 10, CHUNK] {
        let filling = begin(&folder, id, length);
        assert!(filling.pour(0).append(&bytes(length + 1)).is_err(), "{length}");
        assert!(filling.is_full(), "{length}");
    }
    let filling = begin(&folder, id, 0);
    assert_eq!((filling.gap(0, 10), filling.arrived()), (None, vec![]));
    assert!(folder.finish_filling(id, ORIGINAL, &filling).unwrap().is_empty());
}

#[test]
fn a_file_that_fills_is_read_under_no_name_and_is_known_as_unfinished() {
    let temp = tempfile::tempdir().unwrap();
    let (folder, id, all) = (folder(temp.path()), AttachmentId::new(), bytes(2 * CHUNK));
    let filling = with_chunks(&folder, id, &all, &[1]);
    assert!(!folder.has(id, ORIGINAL));
    assert!(folder.read(id, ORIGINAL).is_err());
    assert!(folder.finish_filling(id, ORIGINAL, &filling).is_err());
    assert_eq!(folder.list().unwrap(), vec![]);
    assert_eq!(folder.unfinished().unwrap(), vec![(id, ORIGINAL, (HEADER + 2 * SEALED) as u64)]);
    folder.abandon(id, ORIGINAL).unwrap();
    assert_eq!(folder.unfinished().unwrap(), vec![]);
}

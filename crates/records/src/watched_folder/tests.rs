//! What the folder holds after every ending: filed, broken off at each step, refused, full.

use std::{fs, path::Path, process::Command};

use tempfile::TempDir;

use super::*;
use crate::name::tests::{paper, people};

const PDF: &[u8] = b"%PDF-1.7 the transcript";
const NAME: &str = "88231 2026-11-20 Biscuit transcript f00dcafe v1";

fn file(folder: &Path, pdf: &[u8]) -> FilingOutcome {
    WatchedFolder::new(folder).file(&paper(pdf, &people("88231", "Biscuit")))
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn filed(outcome: FilingOutcome) -> Filed {
    match outcome {
        FilingOutcome::Filed(filed) => filed,
        other => panic!("not filed: {other:?}"),
    }
}

fn refused(outcome: FilingOutcome) -> String {
    match outcome {
        FilingOutcome::Refused { reason } => reason,
        other => panic!("not refused: {other:?}"),
    }
}

fn waiting(outcome: FilingOutcome) -> String {
    match outcome {
        FilingOutcome::Waiting { reason } => reason,
        other => panic!("not waiting: {other:?}"),
    }
}

#[test]
fn a_transcript_and_its_sidecar_are_filed() {
    let folder = TempDir::new().unwrap();
    let done = filed(file(folder.path(), PDF));
    assert!(!done.already);
    assert_eq!(done.sha256, sha256(PDF));
    assert_eq!(names(folder.path()), [format!("{NAME}.json"), format!("{NAME}.pdf")]);
    assert_eq!(fs::read(&done.place).unwrap(), PDF);
    let sidecar: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.path().join(format!("{NAME}.json"))).unwrap()).unwrap();
    assert_eq!(sidecar["SystemID"], "Limpet");
    assert_eq!(sidecar["DocumentFilePath"], done.place);
    assert_eq!(sidecar["PatientAccountID"], "88231");
    assert_eq!(sidecar["AttachmentDate"], "2026-11-20");
    assert_eq!(sidecar["Description"], "Limps after walks");
    assert_eq!(sidecar["sha256"], sha256(PDF));
    assert_eq!(sidecar["limpet_conversation"], "019a8d00-0000-7000-8000-0000f00dcafe");
}

#[test]
fn filing_again_finds_it_filed() {
    let folder = TempDir::new().unwrap();
    let first = filed(file(folder.path(), PDF));
    let written = fs::metadata(&first.place).unwrap().modified().unwrap();
    let again = filed(file(folder.path(), PDF));
    assert!(again.already);
    assert_eq!(again.place, first.place);
    assert_eq!(fs::metadata(&first.place).unwrap().modified().unwrap(), written);
    assert_eq!(names(folder.path()).len(), 2);
}

#[test]
fn an_importer_that_took_the_document_is_not_given_it_twice() {
    let folder = TempDir::new().unwrap();
    let first = filed(file(folder.path(), PDF));
    fs::remove_file(&first.place).unwrap();
    assert!(filed(file(folder.path(), PDF)).already);
    assert_eq!(names(folder.path()), [format!("{NAME}.json")]);
}

#[test]
fn other_content_under_the_name_is_never_overwritten() {
    let folder = TempDir::new().unwrap();
    let theirs = folder.path().join(format!("{NAME}.pdf"));
    fs::write(&theirs, b"theirs").unwrap();
    let reason = refused(file(folder.path(), PDF));
    assert!(reason.contains(&sha256(PDF)) && reason.contains(&sha256(b"theirs")), "{reason}");
    assert_eq!(fs::read(&theirs).unwrap(), b"theirs");
    assert_eq!(names(folder.path()), [format!("{NAME}.pdf")]);
}

#[test]
fn a_name_another_computer_claimed_is_not_used() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join(format!("{NAME}.json")), br#"{"sha256":"abc"}"#).unwrap();
    assert!(refused(file(folder.path(), PDF)).contains("abc"));
    assert_eq!(names(folder.path()), [format!("{NAME}.json")]);
}

/// Every place at which a filing can be cut off, made by doing its steps up to there.
#[test]
fn a_filing_that_was_cut_off_goes_on() {
    let people = people("88231", "Biscuit");
    let paper = paper(PDF, &people);
    let hash = sha256(PDF);
    for cut in 0..5 {
        let folder = TempDir::new().unwrap();
        let place = Place::new(folder.path(), NAME, &hash);
        let sidecar = sidecar::of(&paper, &place, &hash);
        match cut {
            0 => fs::write(folder.path().join(format!(".limpet-{}.part", &hash[..16])), &PDF[..5]).unwrap(),
            1 => place.write_aside(PDF, &hash, false).unwrap(),
            2 => {
                place.write_aside(PDF, &hash, false).unwrap();
                fs::write(folder.path().join(format!("{NAME}.json")), &sidecar[..20]).unwrap();
            }
            3 | 4 => {
                place.write_aside(PDF, &hash, false).unwrap();
                assert_eq!(place.claim(&sidecar, &hash).unwrap(), None);
                if cut == 4 {
                    place.reveal().unwrap();
                }
            }
            _ => unreachable!(),
        }
        let done = filed(file(folder.path(), PDF));
        assert_eq!(done.already, cut == 4, "cut at {cut}");
        assert_eq!(names(folder.path()), [format!("{NAME}.json"), format!("{NAME}.pdf")], "cut at {cut}");
        assert_eq!(fs::read(done.place).unwrap(), PDF, "cut at {cut}");
        assert_eq!(fs::read(folder.path().join(format!("{NAME}.json"))).unwrap(), sidecar, "cut at {cut}");
    }
}

#[test]
fn a_folder_that_is_away_is_waited_for() {
    let folder = TempDir::new().unwrap();
    let away = folder.path().join("share");
    let reason = waiting(file(&away, PDF));
    assert!(reason.contains("share") && reason.contains("cannot be reached"), "{reason}");
    assert!(!away.exists(), "a folder that is away must not be made");
    fs::create_dir(&away).unwrap();
    filed(file(&away, PDF));
}

#[test]
fn what_is_no_folder_is_refused() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("file");
    fs::write(&path, b"").unwrap();
    assert!(refused(file(&path, PDF)).contains("is not a folder"));
    assert!(WatchedFolder::new(&path).check().is_err());
}

#[test]
fn checking_leaves_nothing_behind() {
    let folder = TempDir::new().unwrap();
    WatchedFolder::new(folder.path()).check().unwrap();
    assert!(names(folder.path()).is_empty());
    let away = WatchedFolder::new(folder.path().join("away")).check().unwrap_err();
    assert!(away.contains("cannot be reached"));
    assert!(!away.contains("by itself"), "nothing was asked to be filed: {away}");
}

#[test]
fn the_whereabouts_of_a_transcript() {
    let folder = TempDir::new().unwrap();
    let target = WatchedFolder::new(folder.path());
    let done = filed(file(folder.path(), PDF));
    assert_eq!(target.whereabouts(&done), Whereabouts::There);
    fs::write(&done.place, b"other").unwrap();
    assert_eq!(target.whereabouts(&done), Whereabouts::Changed);
    fs::remove_file(&done.place).unwrap();
    assert_eq!(target.whereabouts(&done), Whereabouts::Taken);
    drop(folder);
    assert_eq!(target.whereabouts(&done), Whereabouts::Unknown);
}

#[test]
fn what_passes_is_waited_for_and_what_stays_is_refused() {
    use io::ErrorKind::{
        HostUnreachable, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StaleNetworkFileHandle,
        StorageFull, TimedOut,
    };
    let target = WatchedFolder::new("/records");
    for kind in [StorageFull, QuotaExceeded, TimedOut, HostUnreachable, StaleNetworkFileHandle] {
        assert!(waiting(target.outcome_of(&kind.into())).contains("/records"));
    }
    for kind in [PermissionDenied, ReadOnlyFilesystem] {
        assert!(refused(target.outcome_of(&kind.into())).contains("may not write"));
    }
}

/// A file system of 64 kB; `None` where this account may not mount one.
struct SmallDisk(TempDir);

impl SmallDisk {
    fn mount() -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"])
            .arg(folder.path())
            .output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self(folder));
        }
        eprintln!("no right to mount a small disk: only the sentence is tested, above");
        None
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[test]
fn a_full_disk_is_waited_for_and_left_clean() {
    let Some(disk) = SmallDisk::mount() else { return };
    let folder = disk.0.path();
    let large = vec![7_u8; 100_000];
    let reason = waiting(file(folder, &large));
    assert!(reason.contains("no room left"), "{reason}");
    assert!(names(folder).is_empty(), "{:?}", names(folder));
    filed(file(folder, PDF));
}

/// Cut off after the claim, then no room: it must not pass for a document that was imported.
#[test]
fn a_disk_that_fills_up_after_the_claim_does_not_make_it_filed() {
    let Some(disk) = SmallDisk::mount() else { return };
    let folder = disk.0.path();
    let large = vec![7_u8; 30_000];
    let people = people("88231", "Biscuit");
    let paper = paper(&large, &people);
    let target = WatchedFolder::new(folder);
    let hash = sha256(&large);
    let place = target.place(&paper, &hash);
    place.write_aside(&large, &hash, false).unwrap();
    assert_eq!(place.claim(&sidecar::of(&paper, &place, &hash), &hash).unwrap(), None);
    // The next attempt starts by emptying the file aside; what takes its room makes the write fail.
    let aside = names(folder).into_iter().find(|name| name.starts_with('.')).unwrap();
    fs::write(folder.join(aside), b"").unwrap();
    let filler = folder.join("filler");
    let _ = fs::write(&filler, vec![0; 60_000]);
    assert!(waiting(target.file(&paper)).contains("no room left"));
    fs::remove_file(filler).unwrap();
    filed(target.file(&paper));
    assert!(fs::read(&place.pdf).unwrap() == large);
}

//! Writing a file where a person wants it: a transcript, an original.
//!
//! **Invariant:** no file of a person is ever overwritten by a name that we chose, and no half file ever stands
//! under a name that a person chose.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use limpet_cache::{
    CacheError,
    media::{MediaFile, MediaKind},
};
use limpet_wire::{
    Code, Failure,
    desk::{SaveAttachment, SavedFile},
    http::{ExportKind, NewExport},
};
use sha2::{Digest, Sha256};

use crate::{
    fetch,
    hub::{Hub, blocking},
};

/// Longest file name we give, characters: with a number and an ending it fits every file system.
const LONGEST_NAME: usize = 120;
/// An original is copied in pieces of this size, bytes.
const PIECE: usize = 1024 * 1024;

/// Writes the bytes of a file.
pub(crate) type Write<'a> = &'a mut dyn FnMut(&mut File) -> io::Result<()>;

/// Saves a file to a path that a person chose, or under `name` in the downloads folder where the path is empty.
/// Answers where it lies.
pub(crate) fn file(path: &str, name: &str, write: Write<'_>) -> Result<String, Failure> {
    let written = if path.is_empty() {
        write_new(&downloads()?, Path::new(name), write)
    } else {
        replace(Path::new(path), write)
    };
    let path = written.map_err(|error| not_saved(&error))?;
    Ok(path.to_string_lossy().into_owned())
}

/// Saves the original of an attachment; fetches it first if it is not on this computer.
pub(crate) async fn original(hub: &Arc<Hub>, wanted: SaveAttachment) -> Result<SavedFile, Failure> {
    let here = hub.here()?;
    let id = wanted.attachment;
    let attachment =
        hub.on_disk(move |here| here.store.cache.attachment(id)?.ok_or_else(|| CacheError::NotFound.into()));
    let attachment = attachment.await?;
    let sealed = fetch::file(hub, &here, &attachment, MediaKind::Original).await?;
    let conversation = attachment.conversation;
    let saved = blocking(move || {
        let mut sha256 = String::new();
        let path = file(&wanted.path, &plain(&attachment.name), &mut |to| {
            sha256 = copy(&sealed, to)?;
            Ok(())
        })?;
        Ok(SavedFile { path, sha256 })
    })
    .await?;
    let sha256 = saved.sha256.clone();
    hub.left(NewExport {
        conversation,
        attachment: Some(id),
        how: ExportKind::Saved,
        sha256,
        at: hub.clock.now(),
    })
    .await;
    Ok(saved)
}

/// Copies a file out of the encrypted store; answers its SHA-256.
fn copy(from: &MediaFile, to: &mut File) -> io::Result<String> {
    let (mut hash, mut piece, mut at) = (Sha256::new(), vec![0; PIECE], 0);
    loop {
        let read = from.read_at(at, &mut piece)?;
        let Some(bytes) = piece.get(..read).filter(|bytes| !bytes.is_empty()) else {
            return Ok(hex::encode(hash.finalize()));
        };
        hash.update(bytes);
        to.write_all(bytes)?;
        at += read as u64;
    }
}

/// A name that every file system takes: one line, no separators, neither hidden nor empty, not too long. The ending
/// stays.
pub(crate) fn plain(name: &str) -> String {
    let clean: String =
        name.chars().map(|c| if c.is_control() || "/\\:*?\"<>|".contains(c) { ' ' } else { c }).collect();
    let clean = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    let clean = clean.trim_matches(['.', ' ']);
    let (stem, ending) = match clean.rsplit_once('.') {
        Some((stem, ending)) if ending.chars().count() <= 8 => (stem, format!(".{ending}")),
        _ => (clean, String::new()),
    };
    let stem: String = stem.chars().take(LONGEST_NAME).collect();
    format!("{}{ending}", if stem.is_empty() { "file" } else { stem.trim_end() })
}

fn downloads() -> Result<PathBuf, Failure> {
    let dirs = directories::UserDirs::new();
    let folder = dirs.as_ref().map(|dirs| dirs.download_dir().unwrap_or_else(|| dirs.home_dir()).to_owned());
    folder.ok_or_else(|| {
        Failure::new(Code::Invalid, "This account has no downloads folder. Choose where to save the file.")
    })
}

/// Writes `name.pdf`, or `name (2).pdf`, ... whichever is free.
fn write_new(folder: &Path, name: &Path, write: Write<'_>) -> io::Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    let stem = name.file_stem().unwrap_or_default().to_string_lossy();
    let ending = name.extension().map(|ending| format!(".{}", ending.to_string_lossy())).unwrap_or_default();
    for n in 1..10_000 {
        let number = if n == 1 { String::new() } else { format!(" ({n})") };
        let path = folder.join(format!("{stem}{number}{ending}"));
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => {
                return fill(file, write).map(|()| path.clone()).inspect_err(|_| {
                    let _ = std::fs::remove_file(&path);
                });
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// Writes to a path that a person chose, aside and then renamed.
fn replace(path: &Path, write: Write<'_>) -> io::Result<PathBuf> {
    let mut aside = path.as_os_str().to_owned();
    aside.push(".part");
    let aside = PathBuf::from(aside);
    let written =
        File::create(&aside).and_then(|file| fill(file, write)).and_then(|()| std::fs::rename(&aside, path));
    written.map(|()| path.to_owned()).inspect_err(|_| {
        let _ = std::fs::remove_file(&aside);
    })
}

fn fill(mut file: File, write: Write<'_>) -> io::Result<()> {
    write(&mut file)?;
    file.sync_all()
}

fn not_saved(error: &io::Error) -> Failure {
    tracing::warn!(%error, "A file could not be saved");
    match error.kind() {
        io::ErrorKind::StorageFull => Failure::new(
            Code::NoRoom,
            "The file was not saved: the disk is full. Make room or choose another folder.",
        ),
        io::ErrorKind::NotFound => Failure::new(
            Code::Invalid,
            "The file was not saved: that folder is not there. Choose another one.",
        ),
        _ => Failure::new(
            Code::Invalid,
            "The file was not saved: that folder cannot be written. Choose another one.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_ours_never_replaces_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let write = |bytes: &'static [u8]| {
            write_new(folder.path(), Path::new("a.pdf"), &mut |file| file.write_all(bytes)).unwrap()
        };
        let (first, second) = (write(b"first"), write(b"second"));
        assert_eq!(second.file_name().unwrap(), "a (2).pdf");
        assert_eq!(std::fs::read(first).unwrap(), b"first");
    }

    #[test]
    fn a_name_from_a_client_is_made_plain() {
        for (sent, saved) in [
            ("IMG_2041.MOV", "IMG_2041.MOV"),
            ("../../.bashrc", "bashrc"),
            ("a\\b:c\n d?.pdf", "a b c d.pdf"),
            ("", "file"),
            ("...", "file"),
            ("sin extensión", "sin extensión"),
        ] {
            assert_eq!(plain(sent), saved, "{sent:?}");
        }
        assert!(plain(&"ñ".repeat(500)).chars().count() <= LONGEST_NAME);
        assert!(plain(&format!("{}.pdf", "x".repeat(300))).ends_with("x.pdf"));
    }
}

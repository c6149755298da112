//! The steps of a filing, each of which may be the last one before the power goes.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::{
    plan::{Claim, Found},
    sidecar,
};
use crate::hash::sha256;

/// The three files of a filing.
pub(super) struct Place {
    folder: PathBuf,
    /// The document, under the name importers wait for.
    pub(super) pdf: PathBuf,
    sidecar: PathBuf,
    /// The document while it is written. Named after its content, so that two computers never write into one.
    aside: PathBuf,
}

impl Place {
    pub(super) fn new(folder: &Path, stem: &str, hash: &str) -> Self {
        let folder = folder.to_owned();
        let short = hash.get(..16).unwrap_or(hash);
        Self {
            pdf: folder.join(format!("{stem}.pdf")),
            sidecar: folder.join(format!("{stem}.json")),
            aside: folder.join(format!(".limpet-{short}.part")),
            folder,
        }
    }

    /// File name of the document.
    pub(super) fn name(&self) -> String {
        self.pdf.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// What is there.
    pub(super) fn look(&self) -> io::Result<Found> {
        Ok(Found {
            pdf: hash_of(&self.pdf)?,
            claim: read(&self.sidecar)?.map(|bytes| sidecar::claim(&bytes)),
            aside: self.aside.try_exists()?,
        })
    }

    /// Writes the document aside and reads it back: a share may lose what it took. Removed again when that fails,
    /// unless the name is `claimed` already: then what lies aside is what says that the document was never revealed.
    pub(super) fn write_aside(&self, bytes: &[u8], hash: &str, claimed: bool) -> io::Result<()> {
        let written = self.try_write_aside(bytes, hash);
        if written.is_err() && !claimed {
            self.clear_aside();
        }
        written
    }

    fn try_write_aside(&self, bytes: &[u8], hash: &str) -> io::Result<()> {
        let mut file = File::create(&self.aside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        drop(file);
        if hash_of(&self.aside)?.as_deref() == Some(hash) {
            return Ok(());
        }
        Err(io::Error::new(io::ErrorKind::InvalidData, "what was written reads back differently"))
    }

    /// Claims the name by creating the sidecar. `Some` holds the hash of the content that has it already.
    pub(super) fn claim(&self, sidecar: &[u8], hash: &str) -> io::Result<Option<String>> {
        match OpenOptions::new().write(true).create_new(true).open(&self.sidecar) {
            Ok(file) => {
                if let Err(error) = write_whole(file, sidecar) {
                    // Half a sidecar would look like a filing that was cut off. One that stays keeps what lies aside,
                    // or it would look like a filing that was done.
                    remove(&self.sidecar);
                    if !self.sidecar.try_exists()? {
                        self.clear_aside();
                    }
                    return Err(error);
                }
                Ok(None)
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => match read(&self.sidecar)? {
                Some(there) => match sidecar::claim(&there) {
                    Claim::For(theirs) if theirs == hash => Ok(None),
                    Claim::For(theirs) => Ok(Some(theirs)),
                    Claim::Torn => write_whole(File::create(&self.sidecar)?, sidecar).map(|()| None),
                },
                None => Err(io::Error::new(io::ErrorKind::Interrupted, "somebody else works in the folder")),
            },
            Err(error) => Err(error),
        }
    }

    /// Gives the document its name, whole and at once.
    pub(super) fn reveal(&self) -> io::Result<()> {
        fs::rename(&self.aside, &self.pdf)?;
        // So that the name survives a power cut. Not every file system can do this, and none says no for a reason
        // that would undo the rename.
        if let Ok(folder) = File::open(&self.folder) {
            let _ = folder.sync_all();
        }
        Ok(())
    }

    /// Removes what lies aside.
    pub(super) fn clear_aside(&self) {
        remove(&self.aside);
    }
}

fn write_whole(mut file: File, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    file.sync_all()
}

fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(kind = ?error.kind(), "A file written aside could not be removed");
    }
}

fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Hash of a file; `None` when there is none.
pub(super) fn hash_of(path: &Path) -> io::Result<Option<String>> {
    Ok(read(path)?.map(|bytes| sha256(&bytes)))
}

/// Whether the folder is there and is one.
pub(super) fn reachable(folder: &Path) -> io::Result<()> {
    if fs::metadata(folder)?.is_dir() { Ok(()) } else { Err(io::ErrorKind::NotADirectory.into()) }
}

/// Whether a file can be written into the folder and read back: by doing it.
pub(super) fn writable(folder: &Path) -> io::Result<()> {
    reachable(folder)?;
    let probe = folder.join(format!(".limpet-check-{}.part", std::process::id()));
    let words = b"Limpet checked that it can write here. This file can be removed.\n";
    let written =
        File::create(&probe).and_then(|file| write_whole(file, words)).and_then(|()| fs::read(&probe));
    remove(&probe);
    if written? == words { Ok(()) } else { Err(io::ErrorKind::InvalidData.into()) }
}

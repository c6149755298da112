//! Filing into a folder that a practice management system, or its scanner import, watches.
//!
//! A transcript is written aside, under a name no importer looks at, and read back. Then its sidecar claims the name:
//! it is created, never overwritten, so of two computers that file at once only one gets it. Last, the transcript
//! is renamed, whole, to the name the importer waits for. Importers are woken by the PDF, so whatever they read
//! beside it is there first.
//!
//! **Invariant:** a step may be cut off anywhere. Filing again finds what was done and goes on from there;
//! a name is never given to other content, and content is never given another name.

mod disk;
mod plan;
mod sidecar;

use std::{io, path::PathBuf};

use crate::{Filed, FilingOutcome, Paper, Target, Whereabouts, hash::sha256, name::stem};
use disk::Place;
use plan::{Decision, decide};

/// A folder that the practice management system, or its scanner import, watches.
#[derive(Debug, Clone)]
pub struct WatchedFolder {
    folder: PathBuf,
}

impl WatchedFolder {
    /// The folder. Nothing is touched before something is filed.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    fn place(&self, paper: &Paper<'_>, hash: &str) -> Place {
        Place::new(&self.folder, &stem(paper), hash)
    }

    fn attempt(&self, paper: &Paper<'_>, hash: &str, place: &Place) -> io::Result<FilingOutcome> {
        disk::reachable(&self.folder)?;
        let filed = |already| {
            let place = place.pdf.display().to_string();
            FilingOutcome::Filed(Filed { place, sha256: hash.to_owned(), already })
        };
        let found = place.look()?;
        match decide(&found, hash) {
            Decision::Already => {
                place.clear_aside();
                return Ok(filed(true));
            }
            Decision::Taken { theirs } => return Ok(taken(place, hash, &theirs)),
            Decision::Go => {}
        }
        place.write_aside(paper.pdf, hash, found.claim.is_some())?;
        let sidecar = sidecar::of(paper, place, hash);
        if let Some(theirs) = place.claim(&sidecar, hash)? {
            place.clear_aside();
            return Ok(taken(place, hash, &theirs));
        }
        place.reveal()?;
        Ok(filed(false))
    }

    /// The sentence for what the disk said.
    fn outcome_of(&self, error: &io::Error) -> FilingOutcome {
        let folder = self.folder.display();
        let kind = error.kind();
        let waiting = |reason| FilingOutcome::Waiting { reason };
        let refused = |reason| FilingOutcome::Refused { reason };
        match kind {
            io::ErrorKind::NotFound => waiting(format!(
                "The filing folder {folder} cannot be reached. Check that the drive or the network share is \
                 connected; filing goes on by itself. If the folder has moved, choose it again in the settings."
            )),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => waiting(format!(
                "There is no room left in the filing folder {folder}. Make room there; filing goes on by itself."
            )),
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => refused(format!(
                "Limpet may not write into the filing folder {folder}. Give this account the right to write there, \
                 or choose another folder in the settings, then file again."
            )),
            io::ErrorKind::NotADirectory => refused(format!(
                "{folder} is not a folder. Choose the filing folder again in the settings, then file again."
            )),
            _ => waiting(format!(
                "The filing folder {folder} did not take the transcript ({error}). Filing goes on by itself; if this \
                 stays so, choose another folder in the settings."
            )),
        }
    }
}

fn taken(place: &Place, hash: &str, theirs: &str) -> FilingOutcome {
    FilingOutcome::Refused {
        reason: format!(
            "In the filing folder another document is already called {}. Nothing was overwritten. Compare the two and \
             move the other one away, then file again. SHA-256 of the one there: {theirs}; of the transcript: {hash}.",
            place.name()
        ),
    }
}

impl Target for WatchedFolder {
    fn name(&self) -> String {
        self.folder.display().to_string()
    }

    fn check(&self) -> Result<(), String> {
        disk::writable(&self.folder).map_err(|error| {
            let folder = self.folder.display();
            match error.kind() {
                io::ErrorKind::NotFound => format!(
                    "The folder {folder} cannot be reached. Check that it is written correctly and that its drive or \
                     network share is connected, or choose another one."
                ),
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                    format!("There is no room left in the folder {folder}. Make room there, or choose another one.")
                }
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => format!(
                    "Limpet may not write into the folder {folder}. Give this account the right to write there, or \
                     choose another one."
                ),
                io::ErrorKind::NotADirectory => format!("{folder} is not a folder. Choose another one."),
                _ => format!("The folder {folder} cannot be used ({error}). Choose another one."),
            }
        })
    }

    fn file(&self, paper: &Paper<'_>) -> FilingOutcome {
        let hash = sha256(paper.pdf);
        let place = self.place(paper, &hash);
        self.attempt(paper, &hash, &place).unwrap_or_else(|error| {
            tracing::warn!(conversation = %paper.conversation, kind = ?error.kind(), "Filing did not go through");
            self.outcome_of(&error)
        })
    }

    fn whereabouts(&self, filed: &Filed) -> Whereabouts {
        match disk::hash_of(std::path::Path::new(&filed.place)) {
            Ok(Some(hash)) if hash == filed.sha256 => Whereabouts::There,
            Ok(Some(_)) => Whereabouts::Changed,
            Ok(None) if disk::reachable(&self.folder).is_ok() => Whereabouts::Taken,
            Ok(None) | Err(_) => Whereabouts::Unknown,
        }
    }
}

#[cfg(test)]
mod tests;

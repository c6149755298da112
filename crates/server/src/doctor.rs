//! Whether what the database says is kept is there, and nothing else is: in a folder, or in a bucket with what is still
//! arriving.
//!
//! **Invariant:** looking changes nothing, and may be done beside a running server. **Invariant:** nothing is deleted.
//! What no attachment has is moved aside, and only if the database knows its practice: it may be the wrong database, or
//! an old one.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use futures_util::TryStreamExt;
use limpet_model::{Millis, PracticeId};
use serde_json::json;

use crate::{
    blobs::{BlobError, Blobs, Part},
    by::{Actor, By},
    file_of::FileOf,
    store::{Store, StoreError, audit::Act, jobs::Work},
    view::View,
};

/// A file that nobody wants is left alone for so long: a job may be about to write that it is there.
const YOUNG: i64 = 24 * 60 * 60 * 1000;

/// What the sender of a file reads of which a part is gone.
const SEND_AGAIN: &str = "A part of this file was lost on the server. Send the file again.";

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Finding {
    /// A file that no attachment has, of a practice that is known.
    Orphan(String),
    /// A file of nobody who is known.
    Strange(String),
    /// An attachment's original is gone, or is not as large as it was.
    Lost(FileOf),
    /// An attachment's poster or rendition is gone.
    Missing(FileOf, &'static str),
    /// A practice's logo is gone.
    NoLogo(PracticeId),
    /// Of what has arrived of an upload, a part is gone.
    Torn(FileOf),
    /// A job that did not go well however often it was tried, and why.
    GivenUp(PracticeId, Work, String),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Orphan(path) => write!(f, "nobody's file: {path}"),
            Self::Strange(path) => {
                write!(f, "strange: {path} is of no practice in this database; left alone")
            }
            Self::Lost(of) => {
                write!(f, "lost: the original of {}/{}; restore it from a backup", of.practice, of.attachment)
            }
            Self::Missing(of, part) => write!(f, "missing: the {part} of {}/{}", of.practice, of.attachment),
            Self::NoLogo(practice) => {
                write!(f, "lost: the logo of {practice}; set it again, or restore it from a backup")
            }
            Self::Torn(of) => {
                write!(
                    f,
                    "torn: a part of {}/{} is gone, which is still arriving",
                    of.practice, of.attachment
                )
            }
            Self::GivenUp(practice, work, why) => write!(f, "given up: {work} of {practice}: {why}"),
        }
    }
}

/// Why it could not look.
#[derive(Debug, thiserror::Error)]
pub enum DoctorError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The blob store.
    #[error(transparent)]
    Blobs(#[from] BlobError),
}

/// What is wrong.
pub async fn examine(store: &Store, blobs: &Blobs, now: Millis) -> Result<Vec<Finding>, DoctorError> {
    // The rows first: what they say is there was there before.
    let rows = store.kept_parts().await?;
    let arriving = store.all_parts().await?;
    let jobs: BTreeSet<FileOf> = store.files_with_jobs().await?.into_iter().collect();
    let going: BTreeSet<FileOf> = store.files_to_forget().await?.into_iter().collect();
    let practices: BTreeSet<_> = store.practices().await?.into_iter().collect();
    let logos = store.logos().await?;
    let mut files = BTreeMap::new();
    let mut list = blobs.list();
    while let Some(blob) = list.try_next().await? {
        files.insert(blob.path.clone(), blob);
    }
    let mut found = Vec::new();
    for (of, bytes, parts) in rows {
        for part in parts {
            let file = files.remove(&Blobs::path_of(of, part));
            // It may have been removed meanwhile, its row first.
            if file.is_none() && store.attachment(of.practice, View::Staff, of.attachment).await?.is_none() {
                continue;
            }
            match (file, part) {
                (Some(file), Part::Original) if file.bytes != bytes => found.push(Finding::Lost(of)),
                (Some(_), _) => {}
                (None, Part::Original) => found.push(Finding::Lost(of)),
                (None, part) => found.push(Finding::Missing(of, part.word())),
            }
        }
    }
    for (practice, logo) in logos {
        if files.remove(&Blobs::path_of_logo(practice, &logo.sha256)).is_none() {
            found.push(Finding::NoLogo(practice));
        }
    }
    let mut torn = BTreeSet::new();
    for part in arriving {
        let file = files.remove(&Blobs::path_of_part(part.of, &part.name));
        let whole = file.is_some_and(|file| i64::try_from(file.bytes) == Ok(part.ends - part.begins));
        // It may have been taken away meanwhile, its row first.
        if !whole && store.knows_part(part.of, &part.name).await? {
            torn.insert(part.of);
        }
    }
    found.extend(torn.into_iter().map(Finding::Torn));
    let old = files.into_values().filter(|file| now.since(file.modified) >= YOUNG);
    for file in old.filter(|file| !Blobs::is_aside(&file.path)) {
        if Blobs::read_logo_path(&file.path).is_some_and(|practice| practices.contains(&practice)) {
            found.push(Finding::Orphan(file.path));
            continue;
        }
        let of = Blobs::read_path(&file.path).map(|(of, _)| of);
        let part_of = Blobs::read_part_path(&file.path).map(|(of, _)| of);
        match of.or(part_of) {
            // It is about to be taken away, and nothing is to be left of it.
            Some(of) if going.contains(&of) => {}
            // It may be about to be written down.
            Some(of) if part_of.is_none() && jobs.contains(&of) => {}
            Some(of) if practices.contains(&of.practice) => found.push(Finding::Orphan(file.path)),
            _ => found.push(Finding::Strange(file.path)),
        }
    }
    found.extend(
        store
            .dead_jobs()
            .await?
            .into_iter()
            .map(|(practice, work, why)| Finding::GivenUp(practice, work, why)),
    );
    found.sort();
    Ok(found)
}

/// Mends what can be: files that no attachment has are moved aside, what can be made again from an original is, and what
/// cannot go on arriving is asked for again. Answers what is left.
pub async fn mend(
    store: &Store,
    blobs: &Blobs,
    found: Vec<Finding>,
    now: Millis,
) -> Result<Vec<Finding>, DoctorError> {
    let (mut left, mut again) = (Vec::new(), BTreeSet::new());
    let lost: BTreeSet<FileOf> = found
        .iter()
        .filter_map(|finding| if let Finding::Lost(of) = finding { Some(*of) } else { None })
        .collect();
    for finding in found {
        match &finding {
            Finding::Orphan(path) => match blobs.set_aside(path).await {
                Ok(()) | Err(BlobError::Missing) => {}
                Err(error) => return Err(error.into()),
            },
            Finding::Torn(of) => {
                let uploads = store.uploads().await?;
                if uploads.iter().any(|upload| upload.file_of() == *of) {
                    let by = By::new(of.practice, Actor::Operator, now);
                    store.abandon_upload(by, of.attachment, None, SEND_AGAIN).await?;
                } else {
                    left.push(finding);
                }
            }
            Finding::Missing(of, _) if !lost.contains(of) => {
                again.insert(*of);
            }
            Finding::GivenUp(practice, Work::Prepare(attachment), _)
                if !lost.contains(&FileOf { practice: *practice, attachment: *attachment }) =>
            {
                again.insert(FileOf { practice: *practice, attachment: *attachment });
            }
            Finding::GivenUp(_, Work::Prepare(_), _) => left.push(finding),
            Finding::GivenUp(practice, work, _) => {
                if store.try_job_again(*practice, *work, now).await? {
                    let detail = json!({ "job": work.kind(), "subject": work.subject() });
                    store.note(By::new(*practice, Actor::Operator, now), Act::MadeAgain, detail).await?;
                }
            }
            _ => left.push(finding),
        }
    }
    for of in again {
        store.prepare_again(of, now).await?;
    }
    Ok(left)
}

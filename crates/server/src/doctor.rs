//! Whether what the database says is kept is there, and nothing else is.
//!
//! **Invariant:** looking changes nothing, and may be done beside a running server. **Invariant:** an original that
//! the database knows is never deleted.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use futures_util::TryStreamExt;
use limpet_model::Millis;

use crate::{
    blobs::{BlobError, Blobs, Part},
    intake::FileOf,
    store::{Store, StoreError},
};

/// A file that nobody wants is left alone for so long: a job may be about to write that it is there.
const YOUNG: i64 = 24 * 60 * 60 * 1000;

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Finding {
    /// A file that no attachment has.
    Orphan(String),
    /// An attachment's original is gone.
    Lost(FileOf),
    /// An attachment's poster or rendition is gone.
    Missing(FileOf, &'static str),
    /// An attachment that could not be prepared, and why.
    GivenUp(FileOf, String),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Orphan(path) => write!(f, "nobody's file: {path}"),
            Self::Lost(of) => {
                write!(f, "lost: the original of {}/{}; restore it from a backup", of.practice, of.attachment)
            }
            Self::Missing(of, part) => write!(f, "missing: the {part} of {}/{}", of.practice, of.attachment),
            Self::GivenUp(of, why) => write!(f, "given up: {}/{}: {why}", of.practice, of.attachment),
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
    let jobs: BTreeSet<FileOf> = store.files_with_jobs().await?.into_iter().collect();
    let mut files = BTreeMap::new();
    let mut list = blobs.list();
    while let Some(blob) = list.try_next().await? {
        files.insert(blob.path, blob.modified);
    }
    let mut found = Vec::new();
    for (of, parts) in rows {
        for part in parts {
            if files.remove(&Blobs::path_of(of, part)).is_none() {
                found.push(match part {
                    Part::Original => Finding::Lost(of),
                    part => Finding::Missing(of, part.word()),
                });
            }
        }
    }
    let of_a_job = |path: &str| jobs.iter().any(|job| path.starts_with(&Blobs::folder_of(*job)));
    let old = files.into_iter().filter(|(path, at)| now.since(*at) >= YOUNG && !of_a_job(path));
    found.extend(old.map(|(path, _)| Finding::Orphan(path)));
    found.extend(store.dead_jobs().await?.into_iter().map(|(of, why)| Finding::GivenUp(of, why)));
    found.sort();
    Ok(found)
}

/// Mends what can be: nobody's files go, and what can be made again from an original is. Answers what is left.
pub async fn mend(
    store: &Store,
    blobs: &Blobs,
    found: Vec<Finding>,
    now: Millis,
) -> Result<Vec<Finding>, DoctorError> {
    let mut left = Vec::new();
    let lost: BTreeSet<FileOf> = found
        .iter()
        .filter_map(|finding| if let Finding::Lost(of) = finding { Some(*of) } else { None })
        .collect();
    for finding in found {
        match &finding {
            Finding::Orphan(path) => blobs.delete(path).await?,
            Finding::Missing(of, _) | Finding::GivenUp(of, _) if !lost.contains(of) => {
                store.prepare_again(*of, now).await?;
            }
            _ => left.push(finding),
        }
    }
    Ok(left)
}

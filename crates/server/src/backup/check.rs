//! Whether backups are still what they were: every file is read and compared, and nothing is changed.
//!
//! Files that several backups share are read once.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

use super::{BackupError, Kept, MANIFEST, PART, Result, at, backups_in, read_manifest};
use crate::{hashed, progress::Progress};

/// What was compared.
#[derive(Debug)]
pub struct Checked {
    /// How many backups.
    pub backups: usize,
    /// How many files; one that several backups share counts once.
    pub files: u64,
    /// And bytes.
    pub bytes: u64,
    /// What is not what it was.
    pub damaged: Vec<Damage>,
}

/// A file of a backup that is not what it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// Where it lies.
    pub file: PathBuf,
    /// Whether it is there at all.
    pub gone: bool,
    /// The backups that need it, oldest first.
    pub backups: Vec<String>,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = if self.gone { "gone" } else { "changed" };
        write!(f, "{how}: {}, of {}", self.file.display(), self.backups.join(", "))
    }
}

/// Compares a backup, or all whole ones in a folder of backups, with what was backed up.
///
/// # Errors
/// When there is none, or one cannot be read at all. What is not what it was is no error here.
pub async fn check(from: &Path) -> Result<Checked> {
    let backups = if from.join(MANIFEST).is_file() {
        if from.extension().is_some_and(|extension| extension == PART) {
            return Err(BackupError::Unfinished(from.to_owned()));
        }
        vec![from.canonicalize().map_err(at(from))?]
    } else {
        let (whole, broken) = backups_in(from)?;
        if whole.is_empty() {
            let from = from.to_owned();
            return Err(if broken { BackupError::Unfinished(from) } else { BackupError::None(from) });
        }
        whole
    };
    let mut wanted: BTreeMap<PathBuf, (Kept, Vec<String>)> = BTreeMap::new();
    for backup in &backups {
        let name = backup.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let folder = backup.parent().unwrap_or(backup);
        for kept in read_manifest(backup)?.files {
            if !kept.stays_inside() {
                return Err(BackupError::Changed(kept.path));
            }
            let place = kept.place(folder, backup);
            wanted.entry(place).or_insert_with(|| (kept, Vec::new())).1.push(name.clone());
        }
    }
    let (files, bytes) = (wanted.len() as u64, wanted.values().map(|(kept, _)| kept.bytes).sum());
    let mut progress = Progress::begin("comparing", files, bytes);
    let mut damaged = Vec::new();
    for (file, (kept, backups)) in wanted {
        let gone = match hashed::hash(&file).await {
            Ok(found) if (found.bytes, &found.sha256) == (kept.bytes, &kept.sha256) => None,
            Ok(_) => Some(false),
            Err(_) if !file.exists() => Some(true),
            // A disk that cannot read it any more is what this looks for.
            Err(error) => {
                tracing::warn!(%error, "Cannot read a file of a backup");
                Some(false)
            }
        };
        damaged.extend(gone.map(|gone| Damage { file, gone, backups }));
        progress.file(kept.bytes);
    }
    Ok(Checked { backups: backups.len(), files, bytes, damaged })
}

//! Whether backups are still what they were: every file is read and compared, and nothing is changed.
//!
//! Files that several backups share are read once.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

use super::{
    BackupError, Backups, Kept, MANIFEST, PART, Result, at, backups_in, is_named_like_one, read_manifest,
};
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
    /// What happened to it.
    pub harm: Harm,
    /// Whether it lies in the blobs that backups share, and is copied again once it is removed.
    pub shared: bool,
    /// The backups that need it, oldest first.
    pub backups: Vec<String>,
}

/// What happened to a file of a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Harm {
    /// It is not there.
    Gone,
    /// It is not what it was.
    Changed,
    /// It is a manifest that says nothing: what else the backup needs was not compared.
    Unread,
    /// It is the manifest of a newer version, and nothing of that backup was compared.
    Newer,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = match self.harm {
            Harm::Gone => "gone",
            Harm::Changed => "changed",
            Harm::Unread => "cannot be read",
            Harm::Newer => "of a newer limpet-server and not compared",
        };
        write!(f, "{how}: {}, of {}", self.file.display(), self.backups.join(", "))
    }
}

/// Compares a backup, or all whole ones in a folder of backups, with what was backed up.
///
/// # Errors
/// When there is none. What is not what it was is no error here, and neither is a manifest that cannot be read.
pub async fn check(from: &Path) -> Result<Checked> {
    let Backups { whole, torn, .. } = if from.join(MANIFEST).is_file() {
        if from.extension().is_some_and(|extension| extension == PART) {
            return Err(BackupError::Unfinished(from.to_owned()));
        }
        Backups { whole: vec![from.canonicalize().map_err(at(from))?], ..Backups::default() }
    } else if is_named_like_one(from) {
        Backups { torn: vec![from.to_owned()], ..Backups::default() }
    } else {
        let found = backups_in(from)?;
        if found.whole.is_empty() && found.torn.is_empty() {
            let from = from.to_owned();
            return Err(if found.broken { BackupError::Unfinished(from) } else { BackupError::None(from) });
        }
        found
    };
    let name = |backup: &Path| backup.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let of_manifest = |backup: &Path, harm| Damage {
        file: backup.join(MANIFEST),
        harm,
        shared: false,
        backups: vec![name(backup)],
    };
    let mut damaged: Vec<Damage> = torn.iter().map(|backup| of_manifest(backup, Harm::Gone)).collect();
    let mut wanted: BTreeMap<PathBuf, (Kept, Vec<String>)> = BTreeMap::new();
    for backup in &whole {
        let folder = backup.parent().unwrap_or(backup);
        let files = match read_manifest(backup) {
            Ok(manifest) if manifest.files.iter().all(Kept::stays_inside) => manifest.files,
            Err(BackupError::Newer(_)) => {
                damaged.push(of_manifest(backup, Harm::Newer));
                continue;
            }
            read => {
                tracing::warn!(error = ?read.err(), "Cannot read the manifest of a backup");
                damaged.push(of_manifest(backup, Harm::Unread));
                continue;
            }
        };
        for kept in files {
            let place = kept.place(folder, backup);
            wanted.entry(place).or_insert_with(|| (kept, Vec::new())).1.push(name(backup));
        }
    }
    let (files, bytes) = (wanted.len() as u64, wanted.values().map(|(kept, _)| kept.bytes).sum());
    let mut progress = Progress::begin("comparing", files, bytes);
    for (file, (kept, backups)) in wanted {
        let harm = match hashed::hash(&file).await {
            Ok(found) if (found.bytes, &found.sha256) == (kept.bytes, &kept.sha256) => None,
            Ok(_) => Some(Harm::Changed),
            Err(_) if !file.exists() => Some(Harm::Gone),
            // A disk that cannot read it any more is what this looks for.
            Err(error) => {
                tracing::warn!(%error, "Cannot read a file of a backup");
                Some(Harm::Changed)
            }
        };
        let shared = kept.path.starts_with("blobs/");
        damaged.extend(harm.map(|harm| Damage { file, harm, shared, backups }));
        progress.file(kept.bytes);
    }
    Ok(Checked { backups: whole.len() + torn.len(), files, bytes, damaged })
}

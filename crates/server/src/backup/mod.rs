//! Backups of the embedded installation: what one is, and how it lies in a folder.
//!
//! A folder of backups holds `blobs/<practice>/<attachment>/<part>.<sha256>`, which all backups in it share and which
//! is never written over, and for each backup a folder named by its time with `manifest.json`, `limpet.db`,
//! `uploads/` and `node`.
//! **Invariant:** a backup under its name is whole: it is made under the name with `.part` behind it, and renamed once
//! everything is on the disk. **Invariant:** what is restored was compared with its SHA-256 first.

mod anew;
mod check;
mod forget;
mod removed;
mod restore;
mod take;

use std::{
    io,
    path::{Component, Path, PathBuf},
};

use limpet_model::Millis;
use serde::{Deserialize, Serialize};

pub use self::{
    anew::came_back,
    check::{Checked, Damage, Harm, check},
    restore::{Restored, restore},
    take::{Taken, take},
};
use crate::{
    blobs::BlobError,
    serve::{StartError, lock},
    store::{StoreError, newest_step},
};

/// How manifests are written here.
const FORMAT: u32 = 1;
const MANIFEST: &str = "manifest.json";
const DATABASE: &str = "limpet.db";
const NODE: &str = "node";
const PART: &str = "part";
/// What a backup is named, in UTC.
const NAME: &str = "%Y-%m-%dT%H-%M-%S-%3fZ";

/// What a backup holds.
#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    format: u32,
    made_by: String,
    taken_at: Millis,
    /// The newest step of the database's schema.
    schema: i64,
    files: Vec<Kept>,
    /// What the database said was there and was not.
    missing: Vec<String>,
}

/// A file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    /// Its place in the data folder, with slashes.
    path: String,
    bytes: u64,
    sha256: String,
    /// When it was last written, UTC milliseconds: a blob with the same time and size is not read again.
    modified: i64,
}

impl Kept {
    /// Where it lies, in a backup of a folder of backups.
    fn place(&self, backups: &Path, backup: &Path) -> PathBuf {
        if self.path.starts_with("blobs/") {
            backups.join(format!("{}.{}", self.path, self.sha256))
        } else {
            backup.join(&self.path)
        }
    }

    /// Whether its place is below the data folder.
    fn stays_inside(&self) -> bool {
        Path::new(&self.path).components().all(|part| matches!(part, Component::Normal(_)))
            && self.sha256.bytes().all(|byte| byte.is_ascii_hexdigit())
    }
}

/// Why there is no backup, or none was restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is nothing to back up.
    #[error(
        "there is no database in {0}. An installation on PostgreSQL is backed up with PostgreSQL's tools and those of \
         its blob store"
    )]
    NoDatabase(PathBuf),
    /// It would be lost with what it is of.
    #[error("the backup would lie inside the data folder and be lost with it; give a folder elsewhere")]
    Inside,
    /// Somebody else is at it.
    #[error("another limpet-server is at work in {0}; stop it, or wait for it")]
    Busy(PathBuf),
    /// The database is not whole.
    #[error("the database is damaged and was not backed up: {0}")]
    Damaged(String),
    /// There is none.
    #[error("there is no backup in {0}")]
    None(PathBuf),
    /// It was broken off.
    #[error("the backup in {0} was not finished; there is no whole one")]
    Unfinished(PathBuf),
    /// It is of a version that this one does not know.
    #[error(
        "this backup was taken by a newer limpet-server ({0}), which this one does not understand; nothing was \
         restored. Restore it with that version or a newer one"
    )]
    Newer(String),
    /// The manifest says nothing.
    #[error("the manifest {0} cannot be read: {1}")]
    Manifest(PathBuf, serde_json::Error),
    /// A file is not what it was.
    #[error("{0} of the backup is not what was backed up; nothing was restored. Use another backup")]
    Changed(String),
    /// What an older backup needs is not known, so nothing is removed that it may need.
    #[error(
        "the manifest {0} of another backup cannot be read; nothing old was removed. Put it back from a copy, or remove \
         that backup's folder, and back up again"
    )]
    OtherUnread(PathBuf),
    /// A file is gone.
    #[error("{0} of the backup is gone; nothing was restored. Use another backup")]
    Gone(String),
    /// There is something in the way.
    #[error("{0} is not empty; nothing was restored. Give a folder that is empty or not there")]
    NotEmpty(PathBuf),
    /// No room.
    #[error("no room left in {0}")]
    Full(PathBuf),
    /// A file or a folder could not be read or written.
    #[error("{0}: {1}")]
    File(PathBuf, io::Error),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The blobs.
    #[error(transparent)]
    Blobs(#[from] BlobError),
}

/// Short for what is answered here.
type Result<T, E = BackupError> = std::result::Result<T, E>;

/// The right to work in a folder, until it is dropped.
fn hold(folder: &Path) -> Result<std::fs::File> {
    lock(folder).map_err(|error| match error {
        StartError::Folder { folder, error } => BackupError::File(folder, error),
        _ => BackupError::Busy(folder.to_owned()),
    })
}

/// Says where an error happened.
fn at(path: &Path) -> impl FnOnce(io::Error) -> BackupError {
    move |error| match error {
        error if crate::blobs::is_full(&error) => BackupError::Full(path.to_owned()),
        error => BackupError::File(path.to_owned(), error),
    }
}

fn read_manifest(backup: &Path) -> Result<Manifest> {
    #[derive(Deserialize)]
    struct Format {
        format: u32,
        made_by: String,
    }
    let path = backup.join(MANIFEST);
    let text = std::fs::read(&path).map_err(at(&path))?;
    let unread = |error| BackupError::Manifest(path.clone(), error);
    let Format { format, made_by } = serde_json::from_slice(&text).map_err(unread)?;
    if format > FORMAT {
        return Err(BackupError::Newer(made_by));
    }
    let manifest: Manifest = serde_json::from_slice(&text).map_err(unread)?;
    if manifest.schema > newest_step() {
        return Err(BackupError::Newer(format!("{made_by}, step {} of the database", manifest.schema)));
    }
    Ok(manifest)
}

/// What is in a folder of backups.
#[derive(Debug, Default)]
struct Backups {
    /// The whole ones, oldest first.
    whole: Vec<PathBuf>,
    /// Folders named like backups whose manifest somebody or something took away.
    torn: Vec<PathBuf>,
    /// Whether there is one that was broken off.
    broken: bool,
}

/// Looks for backups in a folder.
fn backups_in(folder: &Path) -> Result<Backups> {
    let mut found = Backups::default();
    for entry in std::fs::read_dir(folder).map_err(at(folder))? {
        let path = entry.map_err(at(folder))?.path();
        if path.extension().is_some_and(|extension| extension == PART) {
            found.broken = true;
        } else if path.join(MANIFEST).is_file() {
            found.whole.push(path);
        } else if is_named_like_one(&path) {
            found.torn.push(path);
        }
    }
    found.whole.sort();
    found.torn.sort();
    Ok(found)
}

/// Whether it is a folder with the name of a backup, a time.
fn is_named_like_one(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.is_dir() && jiff::civil::DateTime::strptime(NAME, name.as_ref()).is_ok()
}

/// The name of something that is not whole yet.
fn part_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{PART}"));
    name.into()
}

/// A folder that goes away unless it is kept: an error or ctrl-c leaves nothing that looks whole.
struct Unfinished(Option<PathBuf>);

impl Unfinished {
    fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(folder) = &self.0
            && let Err(error) = std::fs::remove_dir_all(folder)
        {
            tracing::warn!(%error, "Cannot remove an unfinished folder");
        }
    }
}

//! Putting a backup back.
//!
//! Everything is copied into `restoring/` inside the empty folder and compared on the way; only when all of it is right
//! is it moved to its place, the database last. Nothing is served from a folder that has a `restoring/` in it.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, UNIX_EPOCH},
};

use limpet_model::Millis;

use super::{
    BackupError, Backups, DATABASE, Kept, MANIFEST, Result, Unfinished, anew::begin_anew, at, backups_in,
    hold, read_manifest,
};
use crate::{
    hashed::{self, flush_folder},
    private::{close_to_others, make_private},
    progress::Progress,
    serve::RESTORING,
    store::{Store, file_url},
};

/// What was restored.
#[derive(Debug)]
pub struct Restored {
    /// From which backup.
    pub backup: PathBuf,
    /// When that was taken.
    pub taken_at: Millis,
    /// How many files.
    pub files: u64,
    /// And bytes.
    pub bytes: u64,
    /// What was not there any more when it was taken.
    pub missing: Vec<String>,
}

/// Restores a backup, or the newest whole one in a folder of backups, into a folder that is empty or not there.
pub async fn restore(from: &Path, data: &Path, now: Millis) -> Result<Restored> {
    let backup = choose(from)?;
    let backups = backup.parent().unwrap_or(&backup).to_owned();
    let manifest = read_manifest(&backup)?;
    if let Some(strange) = manifest.files.iter().find(|kept| !kept.stays_inside()) {
        return Err(BackupError::Changed(strange.path.clone()));
    }
    refuse_what_is_not_ours(data)?;
    let mut before = Ground::of(data);
    make_private(data).map_err(at(data))?;
    let _lock = hold(data).inspect_err(|_| before.lock = None)?;
    // Dropped before the lock is let go: it takes away only a lock that is ours.
    let ground = before;
    clear(data)?;
    let staged = data.join(RESTORING);
    make_private(&staged).map_err(at(&staged))?;
    let unfinished = Unfinished(Some(staged.clone()));
    let bytes = manifest.files.iter().map(|kept| kept.bytes).sum();
    let mut progress = Progress::begin("restoring", manifest.files.len() as u64, bytes);
    for kept in &manifest.files {
        copy(kept, &kept.place(&backups, &backup), &staged.join(&kept.path)).await?;
        progress.file(kept.bytes);
    }
    let database = staged.join(DATABASE);
    if !database.is_file() {
        return Err(BackupError::Gone(DATABASE.into()));
    }
    let store = Store::open_at_any_step(&file_url(&database)).await?;
    let done = begin_anew(&store, manifest.schema, Some(manifest.taken_at), now).await;
    store.close().await;
    done?;
    // From here on a restore that is broken off is begun again; nothing is served until it is done.
    unfinished.keep();
    ground.keep();
    settle(&staged, data)?;
    let files = manifest.files.len() as u64;
    Ok(Restored { backup, taken_at: manifest.taken_at, files, bytes, missing: manifest.missing })
}

/// The backup that is meant.
fn choose(from: &Path) -> Result<PathBuf> {
    if from.join(MANIFEST).is_file() {
        return if from.extension().is_some_and(|extension| extension == super::PART) {
            Err(BackupError::Unfinished(from.to_owned()))
        } else {
            from.canonicalize().map_err(at(from))
        };
    }
    let Backups { mut whole, broken, .. } = backups_in(from)?;
    match whole.pop() {
        Some(newest) => newest.canonicalize().map_err(at(&newest)),
        None if broken => Err(BackupError::Unfinished(from.to_owned())),
        None => Err(BackupError::None(from.to_owned())),
    }
}

/// What was not there before a restore, and goes when nothing came of it.
#[derive(Default)]
struct Ground {
    lock: Option<PathBuf>,
    /// The folder and those above it, itself first.
    folders: Vec<PathBuf>,
}

impl Ground {
    /// Looks before anything is made.
    fn of(data: &Path) -> Self {
        let missing = |path: &&Path| !path.as_os_str().is_empty() && !path.exists();
        Self {
            lock: Some(data.join("lock")).filter(|lock| !lock.exists()),
            folders: data.ancestors().take_while(missing).map(Path::to_owned).collect(),
        }
    }

    fn keep(mut self) {
        std::mem::take(&mut self);
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        // Nothing is lost when one stays, and a folder stays when there is anything in it.
        let _ = self.lock.as_ref().map(fs::remove_file);
        for folder in &self.folders {
            let _ = fs::remove_dir(folder);
        }
    }
}

/// Looks before anything is made: a folder with something in it that no server and no restore has used is not touched.
fn refuse_what_is_not_ours(data: &Path) -> Result<()> {
    let empty = fs::read_dir(data).map_or(true, |mut entries| entries.next().is_none());
    if empty || data.join("lock").exists() || data.join(RESTORING).is_dir() {
        return Ok(());
    }
    Err(BackupError::NotEmpty(data.to_owned()))
}

/// Makes sure that the folder is empty. What an unfinished restore left in it has never been served, and goes.
fn clear(data: &Path) -> Result<()> {
    let unfinished = data.join(RESTORING).is_dir();
    for entry in fs::read_dir(data).map_err(at(data))? {
        let entry = entry.map_err(at(data))?;
        let (name, path) = (entry.file_name(), entry.path());
        if name == "lock" || name == RESTORING {
            continue;
        }
        if !unfinished {
            return Err(BackupError::NotEmpty(data.to_owned()));
        }
        let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        removed.map_err(at(&path))?;
    }
    if unfinished {
        // Last: as long as it is there, the rest is known for what it is.
        fs::remove_dir_all(data.join(RESTORING)).map_err(at(data))?;
    }
    Ok(())
}

async fn copy(kept: &Kept, from: &Path, to: &Path) -> Result<()> {
    let hashed = match hashed::copy(from, to, u64::MAX).await {
        Err(error) if !from.exists() => {
            tracing::debug!(%error, "A file of a backup is gone");
            return Err(BackupError::Gone(kept.path.clone()));
        }
        done => done.map_err(at(to))?,
    };
    if (hashed.bytes, &hashed.sha256) != (kept.bytes, &kept.sha256) {
        return Err(BackupError::Changed(kept.path.clone()));
    }
    // The next backup knows it by its time, and so does doctor.
    let time = UNIX_EPOCH + Duration::from_millis(kept.modified.unsigned_abs());
    let file = fs::File::options().write(true).open(to).map_err(at(to))?;
    file.set_modified(time).map_err(at(to))
}

/// Moves what was staged to its place, the database last.
fn settle(staged: &Path, data: &Path) -> Result<()> {
    let mut names: Vec<_> = fs::read_dir(staged)
        .map_err(at(staged))?
        .map(|entry| entry.map(|entry| entry.file_name()))
        .collect::<std::io::Result<_>>()
        .map_err(at(staged))?;
    names.sort_by_key(|name| name == DATABASE);
    for name in names {
        let to = data.join(&name);
        close_to_others(&staged.join(&name));
        fs::rename(staged.join(&name), &to).map_err(at(&to))?;
    }
    flush_folder(data).map_err(at(data))?;
    fs::remove_dir(staged).map_err(at(staged))?;
    flush_folder(data).map_err(at(data))
}

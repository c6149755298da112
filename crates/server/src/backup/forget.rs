//! What goes: leftovers of a backup that was killed, old backups, and the blobs that no backup has any more.

use std::{
    collections::BTreeSet,
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use super::{BackupError, Backups, Kept, MANIFEST, PART, Result, at, backups_in, part_of, read_manifest};

/// What a backup left that was killed.
pub(super) fn remove_leftovers(to: &Path) -> Result<()> {
    for entry in fs::read_dir(to).map_err(at(to))? {
        let path = entry.map_err(at(to))?.path();
        if path.is_dir() && path.extension().is_some_and(|extension| extension == PART) {
            fs::remove_dir_all(&path).map_err(at(&path))?;
        }
    }
    Ok(())
}

/// Removes blobs, but for those that a backup has.
pub(super) fn remove_what_no_backup_has(to: &Path, blobs: &[Kept]) -> Result<()> {
    let Backups { whole, torn, .. } = backups_in(to)?;
    let wanted = files_of(to, &whole, &torn)?;
    for place in blobs.iter().map(|blob| blob.place(to, to)).filter(|place| !wanted.contains(place)) {
        match fs::remove_file(&place) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(at(&place)(error)),
            _ => {}
        }
    }
    Ok(())
}

/// Where the files of these backups are. One whose manifest is gone or cannot be read may need any file.
fn files_of(to: &Path, backups: &[PathBuf], torn: &[PathBuf]) -> Result<BTreeSet<PathBuf>> {
    let unread = |backup: &PathBuf| BackupError::OtherUnread(backup.join(MANIFEST));
    if let Some(torn) = torn.first() {
        return Err(unread(torn));
    }
    let mut files = BTreeSet::new();
    for backup in backups {
        let manifest = read_manifest(backup).map_err(|error| {
            tracing::warn!(%error, "Cannot read another backup");
            unread(backup)
        })?;
        files.extend(manifest.files.iter().map(|kept| kept.place(to, backup)));
    }
    Ok(files)
}

/// Removes all but the newest `keep` backups, and the blobs that none of those has.
pub(super) fn forget(to: &Path, keep: usize) -> Result<()> {
    let Backups { mut whole, torn, .. } = backups_in(to)?;
    let kept = whole.split_off(whole.len().saturating_sub(keep.max(1)));
    // Before anything goes.
    let wanted = files_of(to, &kept, &torn)?;
    for old in whole {
        // First it loses its name: what is left of it, should this be broken off, does not look whole.
        let part = part_of(&old);
        fs::rename(&old, &part).and_then(|()| fs::remove_dir_all(&part)).map_err(at(&old))?;
    }
    let mut folders = vec![to.join("blobs")];
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            entries => entries.map_err(at(&folder))?,
        };
        for entry in entries {
            let path = entry.map_err(at(&folder))?.path();
            if path.is_dir() {
                folders.push(path);
            } else if !wanted.contains(&path) {
                fs::remove_file(&path).map_err(at(&path))?;
            }
        }
    }
    Ok(())
}

//! Setting a file aside: kept under a name that says what it was, out of the way of a new one.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Moves `path` (a database with its `-wal` and `-shm`, or a folder) to `path.kept-1`, `-2`, ... and answers where
/// it is now; `None` when there was nothing.
pub fn keep(path: &Path) -> io::Result<Option<PathBuf>> {
    if !path.exists() {
        return Ok(None);
    }
    let kept = (1..u32::MAX)
        .map(|n| with_suffix(path, &format!(".kept-{n}")))
        .find(|kept| !kept.exists())
        .ok_or_else(|| io::Error::other("no free name"))?;
    fs::rename(path, &kept)?;
    for tail in ["-wal", "-shm"] {
        let from = with_suffix(path, tail);
        if from.exists() {
            fs::rename(from, with_suffix(&kept, tail))?;
        }
    }
    Ok(Some(kept))
}

/// Removes a database with its companions. For the cache, and for an outbox in which nothing waits.
pub fn remove(path: &Path) -> io::Result<()> {
    for tail in ["", "-wal", "-shm"] {
        match fs::remove_file(with_suffix(path, tail)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_kept_is_ever_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("outbox.db");
        assert_eq!(keep(&path).unwrap(), None);
        for words in ["first", "second"] {
            fs::write(&path, words).unwrap();
            fs::write(folder.path().join("outbox.db-wal"), words).unwrap();
            keep(&path).unwrap();
        }
        assert_eq!(fs::read_to_string(folder.path().join("outbox.db.kept-1")).unwrap(), "first");
        assert_eq!(fs::read_to_string(folder.path().join("outbox.db.kept-2-wal")).unwrap(), "second");
        assert!(!path.exists());
    }
}

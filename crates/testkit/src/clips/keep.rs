//! The cache of generated files.

use std::{
    env,
    fs::{self, File},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

/// The code that a file depends on. A change to any of it makes new files.
const CODE: &[&str] = &[
    include_str!("draw/mod.rs"),
    include_str!("draw/beast.rs"),
    include_str!("draw/canvas.rs"),
    include_str!("draw/gait.rs"),
    include_str!("draw/number.rs"),
    include_str!("draw/place.rs"),
    include_str!("bad.rs"),
    include_str!("encode.rs"),
    include_str!("mp4.rs"),
    include_str!("picture.rs"),
];

/// Where generated clips are kept: `clips` in `LIMPET_CACHE`, or in the user's cache folder.
pub fn cache_dir() -> PathBuf {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("LIMPET_CACHE")
        .or_else(|| set("XDG_CACHE_HOME").map(|dir| dir.join("limpet")))
        .or_else(|| set("HOME").map(|dir| dir.join(".cache/limpet")))
        .unwrap_or_else(|| env::temp_dir().join("limpet"))
        .join("clips")
}

/// The file `name-<hash>.extension` in `dir`, written by `write` unless it is there already.
///
/// Written aside and renamed, so that a stopped test leaves no half file under the name, and under a lock, so
/// that of several test programs that ask at once one does the work and the others wait for it.
pub fn keep(
    dir: &Path,
    name: &str,
    extension: &str,
    identity: &str,
    write: impl FnOnce(&Path) -> Result<()>,
) -> Result<PathBuf> {
    let mut hash = Sha256::new();
    for part in CODE.iter().copied().chain([identity]) {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let hash: String = hex::encode(hash.finalize()).chars().take(12).collect();
    let path = dir.join(format!("{name}-{hash}.{extension}"));
    if path.exists() {
        return Ok(path);
    }
    fs::create_dir_all(dir).with_context(|| format!("{} cannot be made", dir.display()))?;
    let lock = File::create(dir.join(format!(".{name}.lock")))?;
    lock.lock().context("the cache of clips cannot be locked")?;
    if path.exists() {
        return Ok(path);
    }
    let aside = dir.join(format!(".{name}.aside.{extension}"));
    let written = write(&aside).and_then(|()| Ok(fs::rename(&aside, &path)?));
    if written.is_err() {
        let _ = fs::remove_file(&aside);
    }
    written.with_context(|| format!("the clip {name} could not be made"))?;
    Ok(path)
}

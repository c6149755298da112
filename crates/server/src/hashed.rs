//! Files with their SHA-256: read, and copied so that they are on the disk before anything says that they are.

use std::{
    fs::File,
    io::{self, Read, Write},
    path::Path,
};

use sha2::{Digest, Sha256};

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hashed {
    /// How many bytes.
    pub bytes: u64,
    /// Their SHA-256, lower-case hex.
    pub sha256: String,
}

/// Reads a file to its end.
pub async fn hash(path: &Path) -> io::Result<Hashed> {
    let path = path.to_owned();
    blocking(move || pour(&mut File::open(path)?, &mut io::sink(), u64::MAX)).await
}

/// Copies the first `most` bytes of a file into a new one, whose folder is made if need be, and flushes it.
pub async fn copy(from: &Path, to: &Path, most: u64) -> io::Result<Hashed> {
    let (from, to) = (from.to_owned(), to.to_owned());
    blocking(move || {
        let mut from = File::open(from)?;
        if let Some(folder) = to.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut file = File::create(to)?;
        let hashed = pour(&mut from, &mut file, most)?;
        file.sync_all()?;
        Ok(hashed)
    })
    .await
}

/// Makes the names in a folder as lasting as the files.
pub fn flush_folder(folder: &Path) -> io::Result<()> {
    // Elsewhere a folder cannot be opened for this, and the file system sees to it.
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

fn pour(from: &mut File, to: &mut impl Write, most: u64) -> io::Result<Hashed> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 256 * 1024];
    let mut from = from.take(most);
    let mut bytes = 0;
    loop {
        let read = from.read(&mut buffer)?;
        let part = buffer.get(..read).unwrap_or_default();
        if part.is_empty() {
            return Ok(Hashed { bytes, sha256: hex::encode(hash.finalize()) });
        }
        hash.update(part);
        to.write_all(part)?;
        bytes += read as u64;
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

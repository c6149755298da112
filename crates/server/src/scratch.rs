//! Files that a job makes on its way: the copy it works from, the rendition before it is put away.
//!
//! **Invariant:** they go with whoever made them. What a kill leaves behind is gone after the next start; nobody else has
//! this folder.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::{file_of::FileOf, private::make_private};

/// The folder.
#[derive(Debug, Clone)]
pub struct Scratch(PathBuf);

/// A file in it, or one that was only found; the first goes when it is dropped.
#[derive(Debug)]
pub struct Working {
    path: PathBuf,
    ours: bool,
}

impl Scratch {
    /// An empty folder, made if need be.
    pub fn in_folder(folder: &Path) -> io::Result<Self> {
        match std::fs::remove_dir_all(folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        make_private(folder)?;
        Ok(Self(folder.to_owned()))
    }

    /// A place for a file. Each claim of a job has its own: one that lost its lease may still be writing.
    pub fn file(&self, FileOf { practice, attachment }: FileOf, what: &str, fence: i64) -> Working {
        Working { path: self.0.join(format!("{practice}.{attachment}.{what}-{fence}")), ours: true }
    }
}

impl Working {
    /// A file that is somebody else's and stays.
    pub fn found(path: PathBuf) -> Self {
        Self { path, ours: false }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it is a copy that goes.
    pub fn is_copy(&self) -> bool {
        self.ours
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        if self.ours {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

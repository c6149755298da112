//! Files that arrive in a folder of this node: one file an upload, in a folder of its practice.
//!
//! **Invariant:** a file holds a prefix of what is being sent, so its length is the offset to go on from.

use std::{
    io,
    path::{Path, PathBuf},
};

use limpet_model::AttachmentId;

use super::{
    PATIENCE,
    turn::{Signals, Turn, Writers},
};
use crate::file_of::FileOf;

/// The folder and who is writing in it. Cheap to clone.
#[derive(Clone)]
pub struct Folder {
    folder: PathBuf,
    writers: Writers<FileOf>,
}

impl Folder {
    /// A folder, which has to exist.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), writers: Writers::default() }
    }

    pub(super) fn take_turn(&self, of: FileOf) -> Option<Turn> {
        let signals = self.writers.enter(of)?;
        Some(Turn::in_folder(of, signals, self.writers.clone()))
    }

    pub(super) async fn ask_to_give_way(&self, of: FileOf) {
        if let Some(Signals { give_way, gone }) = self.writers.get(&of) {
            give_way.cancel();
            let _ = tokio::time::timeout(PATIENCE, gone.cancelled()).await;
        }
    }

    pub(super) fn is_busy(&self, of: FileOf) -> bool {
        self.writers.get(&of).is_some()
    }

    /// What has a file here.
    pub fn files(&self) -> Vec<FileOf> {
        let mut found: Vec<FileOf> = names_in(&self.folder)
            .filter_map(|name| Some((self.folder.join(&name), name.parse().ok()?)))
            .flat_map(|(folder, practice)| {
                let ids = names_in(&folder).filter_map(|name| name.split('.').next()?.parse().ok());
                ids.map(move |attachment| FileOf { practice, attachment })
            })
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The file of an upload.
    pub fn file(&self, FileOf { practice, attachment }: FileOf) -> PathBuf {
        self.folder.join(practice.to_string()).join(attachment.to_string())
    }

    /// Moves files from where an older version kept them, under the attachment's id alone, to their practice. `known`
    /// is everything that has an upload or a job. A file that could be of two practices stays, and is named in the log.
    pub fn adopt(&self, known: &[FileOf]) -> io::Result<()> {
        for name in names_in(&self.folder) {
            let path = self.folder.join(&name);
            let Ok(attachment) = name.parse::<AttachmentId>() else { continue };
            if !path.is_file() {
                continue;
            }
            let mut owners: Vec<FileOf> =
                known.iter().copied().filter(|of| of.attachment == attachment).collect();
            owners.dedup();
            if let [of] = *owners {
                let to = self.file(of);
                if let Some(folder) = to.parent() {
                    std::fs::create_dir_all(folder)?;
                }
                std::fs::rename(&path, to)?;
                tracing::info!(%attachment, "Moved an arriving file to its practice");
            } else {
                tracing::warn!(%attachment, owners = owners.len(), "An arriving file of an older version was left");
            }
        }
        Ok(())
    }

    /// How many bytes of an upload have arrived.
    pub async fn received(&self, of: FileOf) -> io::Result<u64> {
        match tokio::fs::metadata(self.file(of)).await {
            Ok(meta) => Ok(meta.len()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error),
        }
    }

    /// Opens a file to write at its end, creating it.
    pub async fn open(&self, of: FileOf) -> io::Result<tokio::fs::File> {
        let path = self.file(of);
        make_folder_of(&path).await?;
        tokio::fs::OpenOptions::new().append(true).create(true).open(path).await
    }

    /// Takes away the end of a file, from `length` on.
    pub async fn cut(&self, of: FileOf, length: u64) -> io::Result<()> {
        let file = self.open(of).await?;
        file.set_len(length).await?;
        file.sync_all().await
    }

    /// Takes away the files of an upload.
    pub async fn remove(&self, of: FileOf) -> io::Result<()> {
        let path = self.file(of);
        let Some(folder) = path.parent() else { return Ok(()) };
        let (own, beside) = (of.attachment.to_string(), format!("{}.", of.attachment));
        for name in names_in(folder).filter(|name| *name == own || name.starts_with(&beside)) {
            match tokio::fs::remove_file(folder.join(name)).await {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

async fn make_folder_of(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) => tokio::fs::create_dir_all(folder).await,
        None => Ok(()),
    }
}

fn names_in(folder: &Path) -> impl Iterator<Item = String> + use<> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok())
}

//! Files that are still arriving: one file an upload, in a folder of their own.
//!
//! **Invariant:** a file holds a prefix of what is being sent, so its length is the offset to go on from; nothing
//! else needs to be remembered for an upload to survive a crash.
//! **Invariant:** at most one request writes to an upload.

use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use limpet_model::AttachmentId;
use tokio_util::sync::CancellationToken;

/// How long to wait for a writer that was asked to stop.
const PATIENCE: Duration = Duration::from_secs(5);

/// The folder and who is writing in it. Cheap to clone.
#[derive(Clone)]
pub struct Intake {
    folder: PathBuf,
    writers: Arc<Mutex<HashMap<AttachmentId, Signals>>>,
}

/// What is said between a writer and those who want its place.
#[derive(Clone, Default)]
struct Signals {
    give_way: CancellationToken,
    gone: CancellationToken,
}

/// The right to write to an upload, until it is dropped.
pub struct Turn {
    intake: Intake,
    attachment: AttachmentId,
    signals: Signals,
}

impl Turn {
    /// Cancelled when somebody else should have it.
    pub fn give_way(&self) -> &CancellationToken {
        &self.signals.give_way
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut writers = self.intake.writers.lock().unwrap_or_else(PoisonError::into_inner);
        writers.remove(&self.attachment);
        self.signals.gone.cancel();
    }
}

impl Intake {
    /// A folder, which has to exist.
    pub fn in_folder(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), writers: Arc::default() }
    }

    /// The right to write to an upload. `None` while somebody has it.
    pub fn take_turn(&self, attachment: AttachmentId) -> Option<Turn> {
        let mut writers = self.writers.lock().unwrap_or_else(PoisonError::into_inner);
        if writers.contains_key(&attachment) {
            return None;
        }
        let signals = Signals::default();
        writers.insert(attachment, signals.clone());
        Some(Turn { intake: self.clone(), attachment, signals })
    }

    /// Asks whoever is writing to an upload to stop, and waits a moment for it.
    pub async fn ask_to_give_way(&self, attachment: AttachmentId) {
        let signals = {
            let writers = self.writers.lock().unwrap_or_else(PoisonError::into_inner);
            writers.get(&attachment).cloned()
        };
        if let Some(signals) = signals {
            signals.give_way.cancel();
            let _ = tokio::time::timeout(PATIENCE, signals.gone.cancelled()).await;
        }
    }

    /// Whether somebody is writing to it.
    pub fn is_busy(&self, attachment: AttachmentId) -> bool {
        self.writers.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&attachment)
    }

    /// The attachments that have a file here.
    pub fn attachments(&self) -> Vec<AttachmentId> {
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let mut found: Vec<AttachmentId> =
            entries.filter_map(|entry| entry.file_name().to_str()?.split('.').next()?.parse().ok()).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The file of an upload.
    pub fn file(&self, attachment: AttachmentId) -> PathBuf {
        self.folder.join(attachment.to_string())
    }

    /// A file beside it, for what a job makes of it.
    pub fn beside(&self, attachment: AttachmentId, what: &str) -> PathBuf {
        self.folder.join(format!("{attachment}.{what}"))
    }

    /// How many bytes of an upload have arrived.
    pub async fn received(&self, attachment: AttachmentId) -> io::Result<u64> {
        match tokio::fs::metadata(self.file(attachment)).await {
            Ok(meta) => Ok(meta.len()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error),
        }
    }

    /// Opens a file to write at its end, creating it.
    pub async fn open(&self, attachment: AttachmentId) -> io::Result<tokio::fs::File> {
        tokio::fs::OpenOptions::new().append(true).create(true).open(self.file(attachment)).await
    }

    /// Takes away the end of a file, from `length` on.
    pub async fn cut(&self, attachment: AttachmentId, length: u64) -> io::Result<()> {
        let file = self.open(attachment).await?;
        file.set_len(length).await?;
        file.sync_all().await
    }

    /// Takes away the files of an upload.
    pub async fn remove(&self, attachment: AttachmentId) -> io::Result<()> {
        for path in
            [self.file(attachment), self.beside(attachment, "rendition"), self.beside(attachment, "fetched")]
        {
            match tokio::fs::remove_file(path).await {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

//! A folder of media files, named by attachment and kind.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use limpet_model::{AttachmentId, FilingId};
use zeroize::Zeroizing;

use super::{Filling, MediaFile, MediaWriter, format::damaged};
use crate::StoreKey;

/// Which bytes of an attachment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MediaKind {
    /// As sent, byte for byte.
    Original,
    /// The copy any player plays.
    Rendition,
    /// A JPEG of the first moment.
    Poster,
}

impl MediaKind {
    /// The word used in addresses, file names and the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Original => "original",
            Self::Rendition => "rendition",
            Self::Poster => "poster",
        }
    }

    /// The kind behind a word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Original, Self::Rendition, Self::Poster].into_iter().find(|kind| kind.word() == word)
    }
}

/// A folder of media files. Cheap to clone.
#[derive(Clone)]
pub struct MediaFolder {
    folder: PathBuf,
    key: Arc<Zeroizing<[u8; 32]>>,
}

impl MediaFolder {
    /// The folder at `folder`, made if need be. Folders of one profile share the key, so that a file can move.
    pub fn open(folder: &Path, key: &StoreKey) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(Self { folder: folder.to_owned(), key: Arc::new(key.derive("media")) })
    }

    /// Whether a finished file is there.
    pub fn has(&self, id: AttachmentId, kind: MediaKind) -> bool {
        self.path(&name(id, kind)).exists()
    }

    /// Opens a finished file.
    pub fn read(&self, id: AttachmentId, kind: MediaKind) -> io::Result<MediaFile> {
        let name = name(id, kind);
        MediaFile::open(&self.path(&name), &self.key, &name)
    }

    /// Starts a file whose bytes are on this computer. End with [`Self::finish`].
    pub fn write(&self, id: AttachmentId, kind: MediaKind) -> io::Result<MediaWriter> {
        MediaWriter::create(&self.part(id, kind), &self.key, &name(id, kind))
    }

    /// Finishes a file: from here on it can be read.
    pub fn finish(&self, id: AttachmentId, kind: MediaKind, writer: MediaWriter) -> io::Result<()> {
        writer.finish()?;
        self.publish(id, kind)
    }

    /// Starts a file of so many bytes that come from elsewhere in any order, or goes on with one that was broken
    /// off. Not twice at a time. End with [`Self::finish_filling`].
    pub fn fill(&self, id: AttachmentId, kind: MediaKind, length: u64) -> io::Result<Filling> {
        let (part, name) = (self.part(id, kind), name(id, kind));
        match Filling::resume(&part, &self.key, &name, length) {
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidData) => {
                // Whoever still reads what was begun under this name keeps that file to itself.
                self.abandon(id, kind)?;
                Filling::create(&part, &self.key, &name, length)
            }
            other => other,
        }
    }

    /// Finishes a file that has filled: from here on it is one like any other.
    pub fn finish_filling(
        &self,
        id: AttachmentId,
        kind: MediaKind,
        filling: &Filling,
    ) -> io::Result<MediaFile> {
        if !filling.is_full() {
            return Err(damaged("it has not filled yet"));
        }
        filling.sync()?;
        self.publish(id, kind)?;
        self.read(id, kind)
    }

    /// Files that were begun and not finished, and how many bytes each takes once it is.
    pub fn unfinished(&self) -> io::Result<Vec<(AttachmentId, MediaKind, u64)>> {
        let mut found = Vec::new();
        for file in fs::read_dir(&self.folder)? {
            let file = file?;
            let name = file.file_name();
            let Some(known) = name.to_str().and_then(|name| name.strip_suffix(PART)).and_then(known) else {
                continue;
            };
            match file.metadata() {
                Ok(facts) => found.push((known.0, known.1, facts.len())),
                // It was finished or dropped just now.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    /// Drops what was written of a file that turned out wrong.
    pub fn abandon(&self, id: AttachmentId, kind: MediaKind) -> io::Result<()> {
        gone(fs::remove_file(self.part(id, kind)))
    }

    /// Writes a whole file.
    pub fn put(&self, id: AttachmentId, kind: MediaKind, bytes: &[u8]) -> io::Result<()> {
        self.abandon(id, kind)?;
        let mut writer = self.write(id, kind)?;
        writer.append(bytes)?;
        self.finish(id, kind, writer)
    }

    /// Removes a file; one that is not there is fine.
    pub fn remove(&self, id: AttachmentId, kind: MediaKind) -> io::Result<()> {
        gone(fs::remove_file(self.path(&name(id, kind))))
    }

    /// Moves a finished file to another folder of the same profile; one that is not here is fine.
    pub fn hand_over(&self, to: &Self, id: AttachmentId, kind: MediaKind) -> io::Result<()> {
        let name = name(id, kind);
        gone(fs::rename(self.path(&name), to.path(&name)))
    }

    /// Keeps the PDF of a filing until its target has it.
    pub fn put_paper(&self, filing: FilingId, pdf: &[u8]) -> io::Result<()> {
        let (name, part) = (paper(filing), format!("{}{PART}", paper(filing)));
        let mut writer = MediaWriter::create(&self.path(&part), &self.key, &name)?;
        writer.append(pdf)?;
        writer.finish()?;
        fs::rename(self.path(&part), self.path(&name))
    }

    /// The PDF of a filing; `None` when it was not made yet.
    pub fn paper(&self, filing: FilingId) -> io::Result<Option<Vec<u8>>> {
        let name = paper(filing);
        match MediaFile::open(&self.path(&name), &self.key, &name) {
            Ok(file) => file.read_all().map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether the PDF of a filing was made.
    pub fn has_paper(&self, filing: FilingId) -> bool {
        self.path(&paper(filing)).exists()
    }

    /// Drops the PDF of a filing.
    pub fn remove_paper(&self, filing: FilingId) -> io::Result<()> {
        gone(fs::remove_file(self.path(&paper(filing))))
    }

    /// Every finished attachment file in the folder.
    pub fn list(&self) -> io::Result<Vec<(AttachmentId, MediaKind)>> {
        let mut found = Vec::new();
        for file in fs::read_dir(&self.folder)? {
            let name = file?.file_name();
            found.extend(name.to_str().and_then(known));
        }
        Ok(found)
    }

    /// Removes everything in the folder. For the cache only.
    pub fn clear(&self) -> io::Result<()> {
        for file in fs::read_dir(&self.folder)? {
            gone(fs::remove_file(file?.path()))?;
        }
        Ok(())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn part(&self, id: AttachmentId, kind: MediaKind) -> PathBuf {
        self.path(&format!("{}{PART}", name(id, kind)))
    }

    /// Gives what was written aside its name.
    fn publish(&self, id: AttachmentId, kind: MediaKind) -> io::Result<()> {
        fs::rename(self.part(id, kind), self.path(&name(id, kind)))?;
        // A file whose folder entry is lost in a power cut is lost.
        #[cfg(unix)]
        fs::File::open(&self.folder)?.sync_all()?;
        Ok(())
    }
}

/// What the names of files end with that are not finished.
const PART: &str = ".part";

fn name(id: AttachmentId, kind: MediaKind) -> String {
    format!("{id}-{}", kind.word())
}

/// The file behind a name.
fn known(name: &str) -> Option<(AttachmentId, MediaKind)> {
    let (id, kind) = name.rsplit_once('-')?;
    Some((id.parse().ok()?, MediaKind::from_word(kind)?))
}

fn paper(filing: FilingId) -> String {
    format!("{filing}.paper")
}

fn gone(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

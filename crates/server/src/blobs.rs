//! The blob store: originals, posters and renditions, keyed by practice and attachment, and the practices' logos.
//!
//! **Invariant:** a blob appears whole or not at all, and an original is never written over with other bytes.

use std::{ops::Range, path::Path as FilePath, sync::Arc};

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, TryStreamExt};
use limpet_model::{Millis, PracticeId};
use object_store::{
    GetOptions, GetRange, ObjectMeta, ObjectStore, ObjectStoreExt, PutPayload, WriteMultipart,
    local::LocalFileSystem, path::Path,
};
use tokio::io::AsyncReadExt;

use crate::file_of::FileOf;

/// Which bytes of an attachment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// As it was sent.
    Original,
    /// For playing in a browser.
    Rendition,
    /// A picture of it.
    Poster,
}

impl Part {
    /// Its name in addresses and logs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Original => "original",
            Self::Rendition => "rendition",
            Self::Poster => "poster",
        }
    }

    /// The part with this name.
    pub fn read(word: &str) -> Option<Self> {
        [Self::Original, Self::Rendition, Self::Poster].into_iter().find(|part| part.word() == word)
    }
}

/// The blob store failed.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The disk is full. Nothing that was there is damaged.
    #[error("no room left for the blob")]
    Full,
    /// There is no such blob.
    #[error("no such blob")]
    Missing,
    /// The file to be put away could not be read.
    #[error("cannot read the file to put away: {0}")]
    Read(std::io::Error),
    /// Anything else.
    #[error(transparent)]
    Store(object_store::Error),
}

impl From<object_store::Error> for BlobError {
    fn from(error: object_store::Error) -> Self {
        if matches!(error, object_store::Error::NotFound { .. }) {
            return Self::Missing;
        }
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
        while let Some(at) = cause {
            if at.downcast_ref::<std::io::Error>().is_some_and(is_full) {
                return Self::Full;
            }
            cause = at.source();
        }
        Self::Store(error)
    }
}

/// Whether the disk, or the room allowed on it, is used up.
pub fn is_full(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}

/// The folder of a practice's logo. No attachment has this for an id.
const LOGO: &str = "logo";
/// Where blobs are set aside.
const ASIDE: &str = "aside";

fn parse(path: &str) -> Result<Path, BlobError> {
    Path::parse(path).map_err(|error| BlobError::Store(error.into()))
}

/// A blob in the list of all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Where it lies.
    pub path: String,
    /// How large it is.
    pub bytes: u64,
    /// When it was put there.
    pub modified: Millis,
}

/// The blob store. Cheap to clone.
#[derive(Clone)]
pub struct Blobs(Arc<dyn ObjectStore>);

impl Blobs {
    /// A folder, which has to exist.
    pub fn in_folder(folder: &FilePath) -> Result<Self, BlobError> {
        Ok(Self(Arc::new(LocalFileSystem::new_with_prefix(folder)?.with_fsync(true))))
    }

    /// Where a part of an attachment lies.
    pub fn path_of(of: FileOf, part: Part) -> String {
        format!("{}{}", Self::folder_of(of), part.word())
    }

    /// What the paths of all parts of an attachment begin with.
    pub fn folder_of(FileOf { practice, attachment }: FileOf) -> String {
        format!("{practice}/{attachment}/")
    }

    /// Whether it was set aside.
    pub fn is_aside(path: &str) -> bool {
        path.split('/').next() == Some(ASIDE)
    }

    /// Whose it is and which part, by where it lies; `None` for what this store did not put there.
    pub fn read_path(path: &str) -> Option<(FileOf, Part)> {
        let mut parts = path.split('/');
        let practice = parts.next()?.parse().ok()?;
        let attachment = parts.next()?.parse().ok()?;
        let part = Part::read(parts.next()?)?;
        parts.next().is_none().then_some((FileOf { practice, attachment }, part))
    }

    /// Where a logo lies; another logo lies elsewhere.
    pub fn path_of_logo(practice: PracticeId, sha256: &str) -> String {
        format!("{practice}/{LOGO}/{sha256}")
    }

    /// Whose logo it is, by where it lies.
    pub fn read_logo_path(path: &str) -> Option<PracticeId> {
        match path.split('/').collect::<Vec<_>>().as_slice() {
            [practice, LOGO, _] => practice.parse().ok(),
            _ => None,
        }
    }

    /// Puts a logo away.
    pub async fn put_logo(&self, practice: PracticeId, sha256: &str, png: Vec<u8>) -> Result<(), BlobError> {
        let path = parse(&Self::path_of_logo(practice, sha256))?;
        self.0.put(&path, PutPayload::from(png)).await?;
        Ok(())
    }

    /// A logo.
    pub async fn logo(&self, practice: PracticeId, sha256: &str) -> Result<Bytes, BlobError> {
        let path = parse(&Self::path_of_logo(practice, sha256))?;
        Ok(self.0.get(&path).await?.bytes().await?)
    }

    /// Everything there is.
    pub fn list(&self) -> impl Stream<Item = Result<Listed, BlobError>> + Send + Unpin + use<> {
        let listed = self.0.list(None).map_ok(|meta| Listed {
            path: meta.location.to_string(),
            bytes: meta.size,
            modified: Millis(meta.last_modified.timestamp_millis()),
        });
        listed.map_err(BlobError::from)
    }

    /// Moves a blob to where nothing looks for it.
    pub async fn set_aside(&self, path: &str) -> Result<(), BlobError> {
        let (from, to) = (parse(path)?, parse(&format!("{ASIDE}/{path}"))?);
        Ok(self.0.rename(&from, &to).await?)
    }

    /// Puts a file away. Written aside and published whole.
    pub async fn put_file(&self, of: FileOf, part: Part, file: &FilePath) -> Result<(), BlobError> {
        let mut file = tokio::fs::File::open(file).await.map_err(BlobError::Read)?;
        let upload = self.0.put_multipart(&key(of, part)).await?;
        let mut writing = WriteMultipart::new(upload);
        let mut chunk = BytesMut::with_capacity(1 << 20);
        loop {
            chunk.reserve(1 << 20);
            match file.read_buf(&mut chunk).await {
                Ok(0) => break,
                Ok(_) => {
                    if let Err(error) = writing.wait_for_capacity(2).await {
                        writing.abort().await?;
                        return Err(error.into());
                    }
                    writing.put(chunk.split().freeze());
                }
                Err(error) => {
                    writing.abort().await?;
                    return Err(BlobError::Read(error));
                }
            }
        }
        writing.finish().await?;
        Ok(())
    }

    /// Puts a small blob away.
    pub async fn put(&self, of: FileOf, part: Part, bytes: Vec<u8>) -> Result<(), BlobError> {
        self.0.put(&key(of, part), PutPayload::from(bytes)).await?;
        Ok(())
    }

    /// Size and age of a blob.
    pub async fn meta(&self, of: FileOf, part: Part) -> Result<ObjectMeta, BlobError> {
        Ok(self.0.head(&key(of, part)).await?)
    }

    /// The bytes of a blob, or a range of them, as they come off the disk.
    pub async fn stream(
        &self,
        of: FileOf,
        part: Part,
        range: Range<u64>,
    ) -> Result<impl Stream<Item = Result<Bytes, BlobError>> + Send + 'static, BlobError> {
        let options = GetOptions { range: Some(GetRange::Bounded(range)), ..GetOptions::default() };
        let found = self.0.get_opts(&key(of, part), options).await?;
        Ok(found.into_stream().map_err(BlobError::from))
    }
}

fn key(of: FileOf, part: Part) -> Path {
    Path::from(Blobs::path_of(of, part))
}

//! The blob store, a folder or a bucket: originals, posters and renditions, keyed by practice and attachment, and the
//! practices' logos; and in a bucket the parts of files that are still arriving.
//!
//! **Invariant:** a blob appears whole or not at all, and an original is never written over with other bytes.

mod bucket;
mod openssl;
mod pieces;

use std::{ops::Range, path::Path as FilePath, sync::Arc};

use bytes::{Bytes, BytesMut};
use futures_util::{
    Stream, StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};
use limpet_model::{Millis, PracticeId};
use object_store::{
    GetOptions, GetRange, GetResultPayload, ObjectMeta, ObjectStore, ObjectStoreExt, PutPayload,
    WriteMultipart, local::LocalFileSystem, path::Path,
};
use tokio::io::AsyncReadExt;

pub use self::bucket::Bucket;
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
    /// A file could not be read.
    #[error("cannot read a file: {0}")]
    Read(std::io::Error),
    /// There is no such place for blobs.
    #[error("{0}")]
    Place(String),
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
        if says_full(&error.to_string()) { Self::Full } else { Self::Store(error) }
    }
}

/// Whether a store says that it has no room. S3 itself always has; each of the others says it with a word of its own,
/// which object_store hands on only as text.
fn says_full(answer: &str) -> bool {
    [
        "507 Insufficient Storage",
        "XMinioStorageFull",
        "QuotaExceeded",
        "NoSpaceLeft",
        "no space left on device",
    ]
    .into_iter()
    .any(|words| answer.contains(words))
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
/// Where the parts of arriving files lie.
const ARRIVING: &str = "arriving";
/// What is put away in one piece, bytes. The least that S3 takes as a piece of something larger.
const PIECE: usize = 5 * 1024 * 1024;

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

    /// A bucket. Nothing is asked of it yet.
    pub fn in_bucket(bucket: &Bucket) -> Result<Self, BlobError> {
        Ok(Self(bucket.open()?))
    }

    /// Whether it can be reached at all: there is such a bucket, and the key opens it.
    pub async fn answers(&self) -> Result<(), BlobError> {
        match self.0.list(Some(&parse(ASIDE)?)).next().await {
            None | Some(Ok(_)) => Ok(()),
            Some(Err(error)) => Err(error.into()),
        }
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

    /// Where a part of an arriving file lies.
    pub fn path_of_part(FileOf { practice, attachment }: FileOf, name: &str) -> String {
        format!("{ARRIVING}/{practice}/{attachment}/{name}")
    }

    /// What a part of an arriving file is a part of, and its name; `None` for what is no such part.
    pub fn read_part_path(path: &str) -> Option<(FileOf, &str)> {
        let mut parts = path.strip_prefix(ARRIVING)?.strip_prefix('/')?.split('/');
        let practice = parts.next()?.parse().ok()?;
        let attachment = parts.next()?.parse().ok()?;
        let name = parts.next()?;
        parts.next().is_none().then_some((FileOf { practice, attachment }, name))
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
        self.0.list(None).map_ok(|meta| listed(&meta)).map_err(BlobError::from)
    }

    /// Every part of an arriving file.
    pub fn list_arriving(&self) -> impl Stream<Item = Result<Listed, BlobError>> + Send + Unpin + use<> {
        self.0.list(Some(&Path::from(ARRIVING))).map_ok(|meta| listed(&meta)).map_err(BlobError::from)
    }

    /// Puts a part of an arriving file away.
    pub async fn put_part(&self, of: FileOf, name: &str, bytes: PutPayload) -> Result<(), BlobError> {
        self.0.put(&parse(&Self::path_of_part(of, name))?, bytes).await?;
        Ok(())
    }

    /// The bytes of a part of an arriving file.
    pub async fn part(
        &self,
        of: FileOf,
        name: &str,
    ) -> Result<BoxStream<'static, Result<Bytes, BlobError>>, BlobError> {
        let found = self.0.get(&parse(&Self::path_of_part(of, name))?).await?;
        Ok(found.into_stream().map_err(BlobError::from).boxed())
    }

    /// Takes parts of an arriving file away; those that are gone already are no trouble.
    pub async fn remove_parts(&self, of: FileOf, names: Vec<String>) -> Result<(), BlobError> {
        let paths: Vec<object_store::Result<Path>> =
            names.iter().map(|name| Ok(Path::parse(Self::path_of_part(of, name))?)).collect();
        self.remove_all(paths).await
    }

    async fn remove_all(&self, paths: Vec<object_store::Result<Path>>) -> Result<(), BlobError> {
        let mut removed = self.0.delete_stream(stream::iter(paths).boxed());
        while let Some(path) = removed.next().await {
            match path {
                Ok(_) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Takes all parts of an attachment away; those that are gone already are no trouble.
    pub async fn remove(&self, of: FileOf) -> Result<(), BlobError> {
        let parts = [Part::Original, Part::Rendition, Part::Poster];
        self.remove_all(parts.map(|part| Ok(key(of, part))).into()).await
    }

    /// Moves a blob to where nothing looks for it.
    pub async fn set_aside(&self, path: &str) -> Result<(), BlobError> {
        let (from, to) = (parse(path)?, parse(&format!("{ASIDE}/{path}"))?);
        Ok(self.0.rename(&from, &to).await?)
    }

    /// Puts a file away. Written aside and published whole.
    pub async fn put_file(&self, of: FileOf, part: Part, file: &FilePath) -> Result<(), BlobError> {
        self.put_file_at(&Self::path_of(of, part), file).await
    }

    /// Puts a file where the list of another store says it lies.
    pub async fn put_file_at(&self, path: &str, file: &FilePath) -> Result<(), BlobError> {
        let path = parse(path)?;
        let mut file = tokio::fs::File::open(file).await.map_err(BlobError::Read)?;
        let first = next_piece(&mut file).await?;
        if first.len() < PIECE {
            self.0.put(&path, first.into()).await?;
            return Ok(());
        }
        let upload = self.0.put_multipart(&path).await?;
        let mut writing = WriteMultipart::new_with_chunk_size(upload, PIECE);
        writing.put(first);
        loop {
            let next = match writing.wait_for_capacity(2).await {
                Ok(()) => next_piece(&mut file).await,
                Err(error) => Err(error.into()),
            };
            match next {
                Ok(piece) if piece.is_empty() => break,
                Ok(piece) => writing.put(piece),
                Err(error) => {
                    writing.abort().await?;
                    return Err(error);
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

    /// The bytes of a blob, or a range of them, as they come.
    pub async fn stream(
        &self,
        of: FileOf,
        part: Part,
        range: Range<u64>,
    ) -> Result<BoxStream<'static, Result<Bytes, BlobError>>, BlobError> {
        let options = GetOptions { range: Some(GetRange::Bounded(range)), ..GetOptions::default() };
        let found = self.0.get_opts(&key(of, part), options).await?;
        let range = found.range.clone();
        Ok(match found.payload {
            GetResultPayload::File(file, _) => pieces::pieces(file, range).map_err(BlobError::Read).boxed(),
            GetResultPayload::Stream(bytes) => bytes.map_err(BlobError::from).boxed(),
        })
    }

    /// All bytes of what the list says lies here.
    pub async fn stream_at(
        &self,
        path: &str,
    ) -> Result<BoxStream<'static, Result<Bytes, BlobError>>, BlobError> {
        Ok(self.0.get(&parse(path)?).await?.into_stream().map_err(BlobError::from).boxed())
    }
}

fn listed(meta: &ObjectMeta) -> Listed {
    Listed {
        path: meta.location.to_string(),
        bytes: meta.size,
        modified: Millis(meta.last_modified.timestamp_millis()),
    }
}

/// The next bytes of a file: fewer than [`PIECE`] only at its end.
async fn next_piece(file: &mut tokio::fs::File) -> Result<Bytes, BlobError> {
    let mut piece = BytesMut::with_capacity(PIECE);
    let mut rest = file.take(PIECE as u64);
    // A full buffer would be made larger before it turns out that nothing more fits.
    while piece.len() < PIECE && rest.read_buf(&mut piece).await.map_err(BlobError::Read)? > 0 {}
    Ok(piece.freeze())
}

fn key(of: FileOf, part: Part) -> Path {
    Path::from(Blobs::path_of(of, part))
}

#[cfg(test)]
mod tests {
    use limpet_model::AttachmentId;

    use super::*;

    #[test]
    fn paths_say_whose_they_are() {
        let of = FileOf { practice: PracticeId::new(), attachment: AttachmentId::new() };
        assert_eq!(Blobs::read_path(&Blobs::path_of(of, Part::Poster)), Some((of, Part::Poster)));
        assert_eq!(Blobs::read_part_path(&Blobs::path_of_part(of, "0-ab")), Some((of, "0-ab")));
        assert_eq!(Blobs::read_path(&Blobs::path_of_part(of, "poster")), None);
        let logo = Blobs::path_of_logo(of.practice, "ab");
        assert_eq!(Blobs::read_logo_path(&logo), Some(of.practice));
        assert_eq!((Blobs::read_path(&logo), Blobs::read_part_path(&logo)), (None, None));
        assert_eq!(Blobs::read_logo_path(&Blobs::path_of(of, Part::Poster)), None);
        assert_eq!(Blobs::read_part_path(&Blobs::path_of(of, Part::Poster)), None);
        assert_eq!(Blobs::read_part_path(&format!("{}/x", Blobs::path_of_part(of, "0"))), None);
    }

    #[test]
    fn a_full_store_is_told_from_a_broken_one() {
        assert!(says_full("Server returned non-2xx status code: 507 Insufficient Storage: "));
        assert!(says_full("403 Forbidden: <Code>QuotaExceeded</Code>"));
        assert!(!says_full("500 Internal Server Error: <Code>InternalError</Code>"));
    }
}

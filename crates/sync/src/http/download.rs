//! Downloads: a file comes in pieces, in whatever order is asked for, and is written encrypted as it arrives.
//!
//! **Invariant:** a file appears under its name only when it is whole and, where a hash is known, has it.
//! **Invariant:** bytes of two versions of a file are never put together: what does not fit what is here drops it.

use std::{io, ops::Range, sync::Arc, time::Duration};

use bytes::Bytes;
use limpet_cache::media::{Filling, MediaFile, MediaFolder, MediaKind, Pour};
use limpet_model::AttachmentId;
use reqwest::{Method, Response, StatusCode, header};
use sha2::{Digest, Sha256};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout},
};

use super::{Server, ServerError, answered, pieces::Pieces};

/// Somebody may wait for a byte elsewhere in the file, and gets it after the piece that is under way: within a second
/// or so on any line from 0.5 Mbit/s.
const PIECES: Pieces = Pieces { smallest: 64 * 1024, largest: 4 * 1024 * 1024, pace: Duration::from_secs(1) };
/// A server from which nothing comes for so long is not there any more.
const SILENCE: Duration = Duration::from_secs(20);

/// What to download.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Of which attachment.
    pub attachment: AttachmentId,
    /// Which of its files.
    pub kind: MediaKind,
    /// How many bytes it has, where that is known; the server says it otherwise.
    pub length: Option<u64>,
    /// SHA-256 of the whole in lower-case hex, where that is known.
    pub sha256: Option<String>,
}

/// Hears that more of a file can be read, also that it was begun; answers whether to go on.
pub type Arrived = Arc<dyn Fn(&Arc<Filling>) -> bool + Send + Sync>;

/// A file on its way. [`Self::piece`] until nothing is missing, then [`Self::finish`].
pub struct Download {
    server: Server,
    folder: MediaFolder,
    wanted: Wanted,
    filling: Option<Arc<Filling>>,
    tag: Option<header::HeaderValue>,
    size: u64,
}

impl Server {
    /// Starts a download into `folder`, or goes on with one that was broken off. Not twice at a time.
    pub async fn download(&self, folder: &MediaFolder, wanted: Wanted) -> Result<Download, ServerError> {
        let (server, folder) = (self.clone(), folder.clone());
        let mut download =
            Download { server, folder, wanted, filling: None, tag: None, size: Download::FIRST };
        if let Some(length) = download.wanted.length {
            download.begin(length).await?;
        }
        Ok(download)
    }
}

impl Download {
    /// Bytes to ask for first, on a line that nothing is known about.
    pub const FIRST: u64 = 256 * 1024;

    /// The file as far as it is here; `None` until its length is known.
    pub fn filling(&self) -> Option<&Arc<Filling>> {
        self.filling.as_ref()
    }

    /// How many bytes to ask for with the next piece.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The same download with a size that proved right on this line; not the largest, for the line may have become
    /// slow since.
    #[must_use]
    pub fn sized(self, size: u64) -> Self {
        Self { size: size.clamp(PIECES.smallest, 4 * Self::FIRST), ..self }
    }

    /// Fetches a piece; of a file whose length is not known yet, its beginning. What arrived of one that broke off
    /// stays. From a server that does not do pieces everything comes, from the front.
    pub async fn piece(&mut self, range: Range<u64>, arrived: &Arrived) -> Result<(), ServerError> {
        let began = Instant::now();
        let path = format!("v1/attachments/{}/{}", self.wanted.attachment, self.wanted.kind.word());
        let asked = format!("bytes={}-{}", range.start, range.end.saturating_sub(1));
        let request = self.server.request(Method::GET, &path)?.header(header::RANGE, asked);
        let response = match answered(in_time(request.send()).await??).await {
            // It is shorter than what is known of it.
            Err(ServerError::Said { status: 416, .. }) => return Err(self.drop_it().await),
            other => other?,
        };
        let (from, total) = place(&response)?;
        let tag = response.headers().get(header::ETAG).cloned();
        let is_other = self.tag.is_some() && tag.is_some() && tag != self.tag;
        self.tag = tag.or(self.tag.take());
        let known = self.filling.as_ref().map(|filling| filling.len());
        if is_other || total.zip(known).is_some_and(|(total, known)| total != known) {
            return Err(self.drop_it().await);
        }
        let length = total.or(known);
        let length =
            length.ok_or_else(|| ServerError::NoWay("the server does not say how long it is".to_owned()))?;
        let filling = self.begin(length).await?;
        let before = filling.bytes_here();
        let went_on = match pour(response, &filling, from, arrived).await {
            Err(ServerError::NotAsSent) => return Err(self.drop_it().await),
            other => other?,
        };
        if went_on && filling.bytes_here() == before {
            return Err(ServerError::NoWay("the download does not move on".to_owned()));
        }
        if range.end - range.start >= self.size {
            self.size = PIECES.next(self.size, began.elapsed());
        }
        Ok(())
    }

    /// Proves the whole file and gives it its name. `None` when something of it is missing, also because it was found
    /// damaged on this computer.
    pub async fn finish(&self) -> Result<Option<MediaFile>, ServerError> {
        let Some(filling) = self.filling.clone() else { return Ok(None) };
        let (folder, wanted) = (self.folder.clone(), self.wanted.clone());
        let (id, kind) = (wanted.attachment, wanted.kind);
        let proven = blocking(move || {
            let mut hash = Sha256::new();
            if !filling.read_through(&mut |bytes| hash.update(bytes))? {
                return Ok(Some(None));
            }
            let hash = format!("{:x}", hash.finalize());
            if wanted.sha256.is_some_and(|wanted| wanted != hash) {
                return Ok(None);
            }
            folder.finish_filling(id, kind, &filling).map(|file| Some(Some(file)))
        });
        match proven.await? {
            Some(file) => Ok(file),
            None => Err(self.drop_it().await),
        }
    }

    async fn begin(&mut self, length: u64) -> Result<Arc<Filling>, ServerError> {
        if let Some(filling) = &self.filling {
            return Ok(Arc::clone(filling));
        }
        let (folder, id, kind) = (self.folder.clone(), self.wanted.attachment, self.wanted.kind);
        let filling = Arc::new(blocking(move || folder.fill(id, kind, length)).await?);
        Ok(Arc::clone(self.filling.insert(filling)))
    }

    /// What is here is not what the server has, or not what was sent: the next download begins anew.
    async fn drop_it(&self) -> ServerError {
        let (folder, id, kind) = (self.folder.clone(), self.wanted.attachment, self.wanted.kind);
        match blocking(move || folder.abandon(id, kind)).await {
            Ok(()) => ServerError::NotAsSent,
            Err(error) => error,
        }
    }
}

/// Where the body of an answer begins, and how long the whole file is.
fn place(response: &Response) -> Result<(u64, Option<u64>), ServerError> {
    if response.status() != StatusCode::PARTIAL_CONTENT {
        return Ok((0, response.content_length()));
    }
    let words = response.headers().get(header::CONTENT_RANGE).and_then(|words| words.to_str().ok());
    let place = words.and_then(|words| words.strip_prefix("bytes ")?.split_once('/'));
    let place = place.and_then(|(range, total)| Some((range.split_once('-')?.0.parse().ok()?, total)));
    let (from, total) =
        place.ok_or_else(|| ServerError::NoWay("the server does not say which piece it sends".to_owned()))?;
    Ok((from, total.parse().ok()))
}

/// Writes the body on a thread that may block, a few pieces behind the network. Answers whether it went on to the end.
async fn pour(
    mut response: Response,
    filling: &Arc<Filling>,
    from: u64,
    arrived: &Arrived,
) -> Result<bool, ServerError> {
    if !arrived(filling) {
        return Ok(false);
    }
    let (to_disk, pieces) = mpsc::channel::<Bytes>(8);
    let writing = tokio::task::spawn_blocking({
        let (filling, arrived) = (Arc::clone(filling), Arc::clone(arrived));
        move || write(pieces, filling.pour(from), &filling, &arrived)
    });
    let (mut left, mut broken) = (filling.len().saturating_sub(from), None);
    loop {
        match in_time(response.chunk()).await {
            Ok(Ok(Some(piece))) if piece.len() as u64 > left => {
                broken = Some(ServerError::NotAsSent);
                break;
            }
            Ok(Ok(Some(piece))) => {
                left -= piece.len() as u64;
                if to_disk.send(piece).await.is_err() {
                    break;
                }
            }
            Ok(Ok(None)) => break,
            Ok(Err(error)) => {
                broken = Some(error.into());
                break;
            }
            Err(error) => {
                broken = Some(error);
                break;
            }
        }
    }
    drop(to_disk);
    let written = writing.await.map_err(|error| ServerError::File(error.to_string()))?;
    let went_on = written.map_err(|error| ServerError::File(error.to_string()))?;
    match broken {
        Some(error) if went_on => Err(error),
        _ => Ok(went_on),
    }
}

fn write(
    mut pieces: mpsc::Receiver<Bytes>,
    mut pour: Pour,
    filling: &Arc<Filling>,
    arrived: &Arrived,
) -> io::Result<bool> {
    while let Some(piece) = pieces.blocking_recv() {
        if pour.append(&piece)? > 0 && !arrived(filling) {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn in_time<T>(work: impl Future<Output = T>) -> Result<T, ServerError> {
    timeout(SILENCE, work).await.map_err(|_| ServerError::NoWay("the server fell silent".to_owned()))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, ServerError> {
    let done =
        tokio::task::spawn_blocking(work).await.map_err(|error| ServerError::File(error.to_string()))?;
    done.map_err(|error| ServerError::File(error.to_string()))
}

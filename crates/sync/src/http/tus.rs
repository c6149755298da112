//! Uploads by tus 1.0: ask how far it came, go on from there.
//!
//! **Invariant:** the server's offset decides, never our own memory of it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use limpet_cache::media::{MediaFile, MediaFolder, MediaKind};
use limpet_model::AttachmentId;
use reqwest::{Method, RequestBuilder, StatusCode};
use sha2::{Digest, Sha256};

use super::{Server, ServerError, answered, pieces::Pieces};

/// A piece that does not get through within a minute is lost, so the first fits the slowest line worth having: 40
/// kbit/s. On a good line they are large enough not to wait for the server all the time, and small enough to show
/// progress.
const PIECES: Pieces =
    Pieces { smallest: 256 * 1024, largest: 4 * 1024 * 1024, pace: Duration::from_secs(4) };

impl Server {
    /// Uploads an attachment's bytes from `folder`, telling `progress` how many the server has. Returns at once
    /// when the server has them all.
    pub async fn upload(
        &self,
        folder: &MediaFolder,
        attachment: AttachmentId,
        bytes: u64,
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<(), ServerError> {
        let path = format!("v1/uploads/{attachment}");
        let mut offset = if let Some(offset) = self.offset(&path).await? {
            offset
        } else {
            let metadata = format!("attachment {}", STANDARD.encode(attachment.to_string()));
            let request = self.tus(Method::POST, "v1/uploads")?;
            let request = request.header("Upload-Length", bytes).header("Upload-Metadata", metadata);
            self.done(request).await?;
            self.offset(&path).await?.unwrap_or(0)
        };
        progress(offset);
        if offset >= bytes {
            return Ok(());
        }
        let file = open(folder, attachment).await?;
        let mut corrected = 0;
        let mut size = PIECES.smallest;
        while offset < bytes {
            let piece = read(&file, offset, size.min(bytes - offset)).await?;
            let began = Instant::now();
            let proof = format!("sha256 {}", STANDARD.encode(Sha256::digest(&piece)));
            let request = self
                .tus(Method::PATCH, &path)?
                .header("Content-Type", "application/offset+octet-stream")
                .header("Upload-Offset", offset)
                .header("Upload-Checksum", proof)
                .body(piece);
            match answered(request.send().await?).await {
                Ok(response) => {
                    let moved = offset_of(&response).filter(|moved| *moved > offset && *moved <= bytes);
                    offset =
                        moved.ok_or_else(|| ServerError::NoWay("the upload does not move on".to_owned()))?;
                    size = PIECES.next(size, began.elapsed());
                }
                // Somebody else moved it (an earlier attempt whose answer was lost), or a piece arrived damaged
                // (460, tus): ask again where it stands.
                Err(ServerError::Said { status: 409 | 460, failure }) if corrected < 3 => {
                    corrected += 1;
                    let stands = self.offset(&path).await?;
                    offset = stands.ok_or(ServerError::Said { status: 409, failure })?;
                }
                Err(error) => return Err(error),
            }
            progress(offset);
        }
        Ok(())
    }

    /// How many bytes the server has; `None` when it has not begun.
    async fn offset(&self, path: &str) -> Result<Option<u64>, ServerError> {
        let response = self.tus(Method::HEAD, path)?.timeout(super::PATIENCE).send().await?;
        if matches!(response.status(), StatusCode::NOT_FOUND | StatusCode::GONE) {
            return Ok(None);
        }
        let response = answered(response).await?;
        offset_of(&response)
            .map(Some)
            .ok_or_else(|| ServerError::NoWay("the server did not say how far the upload is".to_owned()))
    }

    fn tus(&self, method: Method, path: &str) -> Result<RequestBuilder, ServerError> {
        Ok(self.request(method, path)?.header("Tus-Resumable", "1.0.0"))
    }
}

fn offset_of(response: &reqwest::Response) -> Option<u64> {
    response.headers().get("Upload-Offset")?.to_str().ok()?.parse().ok()
}

async fn open(folder: &MediaFolder, attachment: AttachmentId) -> Result<Arc<MediaFile>, ServerError> {
    let folder = folder.clone();
    let file = tokio::task::spawn_blocking(move || folder.read(attachment, MediaKind::Original)).await;
    file.map_err(|error| ServerError::File(error.to_string()))?
        .map(Arc::new)
        .map_err(|error| ServerError::File(error.to_string()))
}

async fn read(file: &Arc<MediaFile>, offset: u64, length: u64) -> Result<Vec<u8>, ServerError> {
    let file = Arc::clone(file);
    let piece = tokio::task::spawn_blocking(move || {
        let mut piece = vec![0; usize::try_from(length).unwrap_or(0)];
        let read = file.read_at(offset, &mut piece)?;
        if read == piece.len() { Ok(piece) } else { Err(std::io::ErrorKind::UnexpectedEof.into()) }
    });
    let piece = piece.await.map_err(|error| ServerError::File(error.to_string()))?;
    piece.map_err(|error: std::io::Error| ServerError::File(error.to_string()))
}

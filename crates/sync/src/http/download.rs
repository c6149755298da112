//! Downloads, resumed where they broke off and written encrypted as they arrive.
//!
//! **Invariant:** a file appears under its name only when it is whole and, where the server told a hash, has it.

use std::io;

use bytes::Bytes;
use limpet_cache::media::{MediaFile, MediaFolder, MediaKind, MediaWriter};
use limpet_model::AttachmentId;
use limpet_wire::{Code, Failure};
use reqwest::{Method, StatusCode, header};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use super::{Server, ServerError, answered};

impl Server {
    /// Downloads one file of an attachment into `folder` and answers its length. `progress` hears bytes so far and
    /// bytes in all, where known.
    pub async fn download(
        &self,
        folder: &MediaFolder,
        attachment: AttachmentId,
        kind: MediaKind,
        sha256: Option<&str>,
        progress: &(dyn Fn(u64, Option<u64>) + Send + Sync),
    ) -> Result<u64, ServerError> {
        let begun = blocking({
            let folder = folder.clone();
            move || folder.write(attachment, kind)
        });
        let mut writer = begun.await?;
        let path = format!("v1/attachments/{attachment}/{}", kind.word());
        let mut request = self.request(Method::GET, &path)?;
        if writer.position() > 0 {
            request = request.header(header::RANGE, format!("bytes={}-", writer.position()));
        }
        let response = match answered(request.send().await?).await {
            // What is here does not fit what is there: start over with the next attempt.
            Err(ServerError::Said { status: 416, .. }) => {
                folder.abandon(attachment, kind).map_err(|error| ServerError::File(error.to_string()))?;
                return Err(ServerError::NoWay("the download starts over".to_owned()));
            }
            other => other?,
        };
        if writer.position() > 0 && response.status() != StatusCode::PARTIAL_CONTENT {
            let folder = folder.clone();
            writer = blocking(move || {
                drop(writer);
                folder.abandon(attachment, kind)?;
                folder.write(attachment, kind)
            })
            .await?;
        }
        let total = response.content_length().map(|rest| writer.position() + rest);
        let writer = pour(response, writer, total, progress).await?;
        if total.is_some_and(|total| total != writer.position()) {
            return Err(ServerError::NoWay("the download broke off".to_owned()));
        }
        let (folder, wanted) = (folder.clone(), sha256.map(str::to_owned));
        let length = writer.position();
        let whole = blocking(move || {
            let is_right = |file: &MediaFile| {
                Ok(wanted.is_none_or(|wanted| hash(file).is_ok_and(|hash| hash == wanted)))
            };
            folder.finish_if(attachment, kind, writer, is_right)
        });
        if whole.await? {
            return Ok(length);
        }
        Err(ServerError::Said {
            status: 502,
            failure: Failure::new(
                Code::Internal,
                "What arrived of this file is not what was sent. Try again; if it happens again, tell support.",
            ),
        })
    }
}

/// Writes the body on a thread that may block, a few pieces behind the network.
async fn pour(
    mut response: reqwest::Response,
    mut writer: MediaWriter,
    total: Option<u64>,
    progress: &(dyn Fn(u64, Option<u64>) + Send + Sync),
) -> Result<MediaWriter, ServerError> {
    let mut so_far = writer.position();
    let (to_disk, mut pieces) = mpsc::channel::<Bytes>(8);
    let writing = tokio::task::spawn_blocking(move || {
        while let Some(piece) = pieces.blocking_recv() {
            writer.append(&piece)?;
        }
        Ok::<_, io::Error>(writer)
    });
    let mut broken = None;
    loop {
        match response.chunk().await {
            Ok(Some(piece)) => {
                so_far += piece.len() as u64;
                if to_disk.send(piece).await.is_err() {
                    break;
                }
                progress(so_far, total);
            }
            Ok(None) => break,
            Err(error) => {
                broken = Some(error);
                break;
            }
        }
    }
    drop(to_disk);
    let writer = writing.await.map_err(|error| ServerError::File(error.to_string()))?;
    let writer = writer.map_err(|error| ServerError::File(error.to_string()))?;
    match broken {
        Some(error) => Err(error.into()),
        None => Ok(writer),
    }
}

fn hash(file: &MediaFile) -> io::Result<String> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 256 * 1024];
    let mut offset = 0;
    loop {
        let read = file.read_at(offset, &mut buffer)?;
        if read == 0 {
            break;
        }
        hasher.update(buffer.get(..read).unwrap_or_default());
        offset += read as u64;
    }
    Ok(format!("{:x}", hasher.finalize()))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, ServerError> {
    let done =
        tokio::task::spawn_blocking(work).await.map_err(|error| ServerError::File(error.to_string()))?;
    done.map_err(|error| ServerError::File(error.to_string()))
}

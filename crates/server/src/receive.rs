//! Taking a chunk of an upload off the wire and onto the disk.
//!
//! **Invariant:** the work goes on in a task of its own until the bytes that arrived are on the disk, also when
//! the request that brought them is gone. Memory holds one network buffer, never a file.

use std::{io, time::Duration};

use axum::body::Body;
use futures_util::StreamExt;
use limpet_wire::Code;
use tokio::{
    fs::File,
    io::AsyncWriteExt,
    time::{Instant, timeout},
};

use crate::{
    app::App,
    blobs::is_full,
    failure::{Answer, Problem},
    intake::Turn,
    store::uploads::Upload,
    tus::{self, Proof},
};

/// A connection that brings nothing for this long is given up; uploads may be slow, not silent.
const SILENCE: Duration = Duration::from_secs(60);
/// Devices are told of progress this often at most.
const TELL_EVERY: Duration = Duration::from_secs(2);

/// How receiving ended.
enum Ended {
    /// The whole chunk is here.
    Whole,
    /// The connection broke, fell silent or gave way.
    Short,
    /// The disk is full.
    Full,
    /// There was more than the file was said to have.
    TooMuch,
    /// The disk failed.
    Failed(io::Error),
}

/// Takes a chunk that begins at `from`. Answers the new offset.
///
/// # Errors
/// `423` while another request writes to it, `409` when `from` is not where the file ends, `460` when the chunk
/// is not what its checksum says, `413` when it is more than was announced, `507` when the disk is full.
pub async fn receive(
    app: &App,
    upload: &Upload,
    from: i64,
    proof: Option<Proof>,
    length: Option<i64>,
    body: Body,
) -> Answer<i64> {
    let Some(turn) = app.intake.take_turn(upload.file_of()) else { return Err(locked()) };
    let (app_of_task, attachment) = (app.clone(), upload.attachment);
    let practice = upload.practice;
    let task = async move {
        // Asked again now that nobody else writes.
        let upload = app_of_task.store.upload(practice, attachment).await?.ok_or_else(wrong_offset)?;
        if length.is_some_and(|length| from.saturating_add(length) > upload.bytes) {
            return Err(too_much());
        }
        let chunk = Chunk { app: app_of_task, upload, from, turn };
        chunk.take(proof, body).await
    };
    app.tasks.spawn(task).await.map_err(|error| Problem::internal(&error))?
}

struct Chunk {
    app: App,
    upload: Upload,
    from: i64,
    turn: Turn,
}

impl Chunk {
    async fn take(self, mut proof: Option<Proof>, body: Body) -> Answer<i64> {
        self.drop_unproven().await?;
        if self.offset().await? != self.from {
            return Err(wrong_offset());
        }
        if proof.is_some() {
            self.app.store.mark_unproven(&self.upload, Some(self.from)).await?;
        }
        let ended = match self.app.intake.open(self.upload.file_of()).await {
            Ok(mut file) => {
                let ended = self.pour(body, &mut file, proof.as_mut()).await;
                // After a full disk this may fail too; what counts is the length the file has.
                let _ = file.flush().await;
                let _ = file.sync_data().await;
                ended
            }
            Err(error) if is_full(&error) => Ended::Full,
            Err(error) => Ended::Failed(error),
        };
        let proven = match proof {
            None => true,
            Some(proof) => {
                let proven = matches!(ended, Ended::Whole) && proof.holds();
                if !proven {
                    self.cut().await?;
                }
                self.app.store.mark_unproven(&self.upload, None).await?;
                proven
            }
        };
        let offset = self.offset().await?;
        if offset >= self.upload.bytes {
            self.app.store.finish_upload(&self.upload, self.app.now()).await?;
            tracing::info!(attachment = %self.upload.attachment, bytes = offset, "Upload complete");
            return Ok(offset);
        }
        self.tell(offset).await;
        match ended {
            Ended::Whole if proven => Ok(offset),
            Ended::Whole => Err(Problem::new(
                Code::Conflict,
                "A piece of the file was damaged on the way. The app sends it again by itself.",
            )
            .with_status(tus::checksum_mismatch())),
            // Nobody is there to read this, except after giving way.
            Ended::Short => Err(Problem::new(Code::Offline, "The connection broke. It goes on by itself.")),
            Ended::Full => {
                tracing::error!(attachment = %self.upload.attachment, "No room left for uploads");
                Err(Problem::no_room())
            }
            Ended::TooMuch => Err(too_much()),
            Ended::Failed(error) => Err(Problem::internal(&error)),
        }
    }

    async fn pour(&self, body: Body, file: &mut File, mut proof: Option<&mut Proof>) -> Ended {
        let mut offset = self.from;
        let mut told = Instant::now();
        let mut body = body.into_data_stream();
        loop {
            let next = tokio::select! {
                next = timeout(SILENCE, body.next()) => next,
                () = self.turn.give_way().cancelled() => return Ended::Short,
                () = self.app.stopping.cancelled() => return Ended::Short,
            };
            let bytes = match next {
                Ok(Some(Ok(bytes))) => bytes,
                Ok(None) => return flushed(file).await,
                Ok(Some(Err(_))) | Err(_) => return Ended::Short,
            };
            let end = offset.saturating_add(i64::try_from(bytes.len()).unwrap_or(i64::MAX));
            if end > self.upload.bytes {
                return Ended::TooMuch;
            }
            if let Err(error) = file.write_all(&bytes).await {
                return if is_full(&error) { Ended::Full } else { Ended::Failed(error) };
            }
            self.app.metrics.uploaded(bytes.len() as u64);
            if let Some(proof) = proof.as_deref_mut() {
                proof.update(&bytes);
            } else if told.elapsed() >= TELL_EVERY {
                told = Instant::now();
                self.tell(end).await;
            }
            offset = end;
        }
    }

    /// Progress is for showing: if it cannot be written down, the upload goes on.
    async fn tell(&self, offset: i64) {
        if let Err(error) = self.app.store.upload_progress(&self.upload, offset, self.app.now()).await {
            tracing::warn!(attachment = %self.upload.attachment, %error, "Progress not written down");
        }
    }

    /// Cuts off what a crash left of a chunk whose checksum was never seen to hold.
    async fn drop_unproven(&self) -> Answer<()> {
        let Some(from) = self.upload.unproven_from else { return Ok(()) };
        if self.offset().await? > from {
            self.cut_to(from).await?;
        }
        Ok(self.app.store.mark_unproven(&self.upload, None).await?)
    }

    async fn cut(&self) -> Answer<()> {
        self.cut_to(self.from).await
    }

    async fn cut_to(&self, length: i64) -> Answer<()> {
        let length = u64::try_from(length).unwrap_or(0);
        self.app.intake.cut(self.upload.file_of(), length).await.map_err(|error| Problem::internal(&error))
    }

    async fn offset(&self) -> Answer<i64> {
        file_length(&self.app, &self.upload).await
    }
}

async fn flushed(file: &mut File) -> Ended {
    match file.flush().await {
        Ok(()) => Ended::Whole,
        Err(error) if is_full(&error) => Ended::Full,
        Err(error) => Ended::Failed(error),
    }
}

async fn file_length(app: &App, upload: &Upload) -> Answer<i64> {
    let length = app.intake.received(upload.file_of()).await.map_err(|error| Problem::internal(&error))?;
    Ok(i64::try_from(length).unwrap_or(i64::MAX))
}

/// How much of an upload is there and proven: what a crash left of a chunk with a checksum does not count.
pub async fn proven_offset(app: &App, upload: &Upload) -> Answer<i64> {
    let length = file_length(app, upload).await?;
    Ok(upload.unproven_from.map_or(length, |from| length.min(from)))
}

/// Finishes an upload whose last byte arrived just before the server stopped. Whether it is finished now.
pub async fn finish_if_complete(app: &App, upload: &Upload) -> Answer<bool> {
    let Some(_turn) = app.intake.take_turn(upload.file_of()) else { return Ok(false) };
    if proven_offset(app, upload).await? < upload.bytes {
        return Ok(false);
    }
    app.store.finish_upload(upload, app.now()).await?;
    Ok(true)
}

/// Somebody is writing to it.
pub fn locked() -> Problem {
    Problem::new(
        Code::Conflict,
        "This file is already being sent over another connection. It goes on by itself.",
    )
    .with_status(axum::http::StatusCode::LOCKED)
    .retry_after(1)
}

/// The chunk does not begin where the last one ended.
pub fn wrong_offset() -> Problem {
    Problem::new(
        Code::Conflict,
        "The app lost its place in the file. It asks the server and goes on by itself.",
    )
}

fn too_much() -> Problem {
    Problem::new(Code::TooLarge, "The file is larger than was said. Choose it again.")
}

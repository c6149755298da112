//! Taking a chunk of an upload off the wire and to where it arrives.
//!
//! **Invariant:** the work goes on in a task of its own until the bytes that arrived are kept, also when the request
//! that brought them is gone. Memory holds a network buffer or a part, never a file.

use std::time::Duration;

use axum::body::Body;
use futures_util::StreamExt;
use limpet_wire::Code;
use tokio::time::{Instant, sleep_until, timeout};

use crate::{
    app::App,
    failure::{Answer, Problem},
    intake::{IntakeError, Turn, Writer},
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
    /// There was more than the file was said to have.
    TooMuch,
    /// It could not be kept.
    Failed(IntakeError),
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
    let Some(turn) = app.intake.take_turn(upload.file_of()).await? else { return Err(locked()) };
    let (app_of_task, attachment) = (app.clone(), upload.attachment);
    let practice = upload.practice;
    let task = async move {
        let done = async {
            // Asked again now that nobody else writes.
            let upload = app_of_task.store.upload(practice, attachment).await?.ok_or_else(wrong_offset)?;
            if length.is_some_and(|length| from.saturating_add(length) > upload.bytes) {
                return Err(too_much());
            }
            let chunk = Chunk { app: &app_of_task, upload, from, turn: &turn };
            chunk.take(proof, body).await
        };
        let done = done.await;
        // Before the sender hears of it: what it sends next is to find the turn free.
        turn.give_back().await;
        done
    };
    app.tasks.spawn(task).await.map_err(|error| Problem::internal(&error))?
}

struct Chunk<'a> {
    app: &'a App,
    upload: Upload,
    from: i64,
    turn: &'a Turn,
}

impl Chunk<'_> {
    async fn take(self, mut proof: Option<Proof>, body: Body) -> Answer<i64> {
        self.drop_unproven().await?;
        if self.offset().await? != self.from {
            return Err(wrong_offset());
        }
        if proof.is_some() {
            self.app.store.mark_unproven(&self.upload, Some(self.from), self.turn.hold()).await?;
        }
        let ended = match self.app.intake.open(self.turn, unsigned(self.from)).await {
            Ok(mut writer) => {
                let ended = self.pour(body, &mut writer, proof.as_mut()).await;
                match (writer.close().await, ended) {
                    // What came whole was not kept whole.
                    (Err(error), Ended::Whole) => Ended::Failed(error),
                    // What counts is how much is kept.
                    (_, ended) => ended,
                }
            }
            Err(error) => Ended::Failed(error),
        };
        let proven = match proof {
            None => true,
            Some(proof) => {
                let proven = matches!(ended, Ended::Whole) && proof.holds();
                if !proven {
                    self.cut().await?;
                }
                self.app.store.mark_unproven(&self.upload, None, self.turn.hold()).await?;
                proven
            }
        };
        let offset = self.offset().await?;
        if offset >= self.upload.bytes {
            self.app.store.finish_upload(&self.upload, self.turn.hold(), self.app.now()).await?;
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
            Ended::TooMuch => Err(too_much()),
            Ended::Failed(error) => {
                if matches!(error, IntakeError::Full) {
                    tracing::error!(attachment = %self.upload.attachment, "No room left for uploads");
                }
                Err(error.into())
            }
        }
    }

    async fn pour(&self, body: Body, writer: &mut Writer, mut proof: Option<&mut Proof>) -> Ended {
        let mut offset = self.from;
        let mut told = Instant::now();
        let mut body = body.into_data_stream();
        loop {
            let due = writer.due();
            let next = tokio::select! {
                next = timeout(SILENCE, body.next()) => Some(next),
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => None,
                () = self.turn.give_way().cancelled() => return Ended::Short,
                () = self.app.stopping.cancelled() => return Ended::Short,
            };
            let done = match next {
                None => writer.flush().await,
                Some(Ok(Some(Ok(bytes)))) => {
                    let end = offset.saturating_add(i64::try_from(bytes.len()).unwrap_or(i64::MAX));
                    if end > self.upload.bytes {
                        return Ended::TooMuch;
                    }
                    if let Some(proof) = proof.as_deref_mut() {
                        proof.update(&bytes);
                    }
                    offset = end;
                    self.app.metrics.uploaded(bytes.len() as u64);
                    writer.write(&bytes).await
                }
                Some(Ok(None)) => return Ended::Whole,
                Some(Ok(Some(Err(_))) | Err(_)) => return Ended::Short,
            };
            if let Err(error) = done {
                return Ended::Failed(error);
            }
            if proof.is_none() && told.elapsed() >= TELL_EVERY {
                told = Instant::now();
                self.tell(signed(writer.arrived())).await;
            }
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
        Ok(self.app.store.mark_unproven(&self.upload, None, self.turn.hold()).await?)
    }

    async fn cut(&self) -> Answer<()> {
        self.cut_to(self.from).await
    }

    async fn cut_to(&self, length: i64) -> Answer<()> {
        Ok(self.app.intake.cut(self.turn, unsigned(length)).await?)
    }

    async fn offset(&self) -> Answer<i64> {
        received(self.app, &self.upload).await
    }
}

fn unsigned(offset: i64) -> u64 {
    u64::try_from(offset).unwrap_or(0)
}

fn signed(offset: u64) -> i64 {
    i64::try_from(offset).unwrap_or(i64::MAX)
}

async fn received(app: &App, upload: &Upload) -> Answer<i64> {
    Ok(signed(app.intake.received(upload.file_of()).await?))
}

/// How much of an upload is there and proven: what a crash left of a chunk with a checksum does not count.
pub async fn proven_offset(app: &App, upload: &Upload) -> Answer<i64> {
    let length = received(app, upload).await?;
    Ok(upload.unproven_from.map_or(length, |from| length.min(from)))
}

/// Finishes an upload whose last byte arrived just before the server stopped. Whether it is finished now.
pub async fn finish_if_complete(app: &App, upload: &Upload) -> Answer<bool> {
    if proven_offset(app, upload).await? < upload.bytes {
        return Ok(false);
    }
    let Some(turn) = app.intake.take_turn(upload.file_of()).await? else { return Ok(false) };
    let finished = finish_under(app, upload, &turn).await;
    turn.give_back().await;
    finished
}

async fn finish_under(app: &App, upload: &Upload, turn: &Turn) -> Answer<bool> {
    // Asked again now that nobody else writes.
    let upload = app.store.upload(upload.practice, upload.attachment).await?;
    let Some(upload) = upload else { return Ok(false) };
    if proven_offset(app, &upload).await? < upload.bytes {
        return Ok(false);
    }
    app.store.finish_upload(&upload, turn.hold(), app.now()).await?;
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

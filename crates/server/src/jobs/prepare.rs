//! What is done with a file once it is complete: hash it, put it away, look at it, and make what is needed to
//! show it.
//!
//! **Invariant:** the original is in the blob store, byte for byte and with its SHA-256, before anything looks
//! inside it; whatever is found there, it stays.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
    sync::Arc,
};

use futures_util::TryStreamExt;
use limpet_model::{Attachment, AttachmentId, AttachmentKind, AttachmentState, ClipFacts};
use limpet_video::{ByteSink, Clip, PlainFile, VideoError, photo_poster};
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;

use super::trouble::Trouble;
use crate::{
    app::App,
    blobs::{BlobError, Part, is_full},
    file_of::FileOf,
    scratch::Working,
    sniff::{self, HEAD, Seen, sniff},
    store::{self, jobs::Job},
    view::View,
};

/// Longest side of a poster, pixels.
const POSTER_SIDE: u32 = 1280;

/// What looking inside came to.
enum Looked {
    Fine,
    Refused(String),
}

/// A job, and the file that it is about.
#[derive(Clone, Copy)]
struct Claim {
    job: Job,
    of: FileOf,
}

/// Does the job.
pub(super) async fn prepare(app: &App, job: Job, attachment: AttachmentId) -> Result<(), Trouble> {
    let claim = Claim { job, of: FileOf { practice: job.practice, attachment } };
    let Some(mut found) = app.store.attachment(job.practice, View::Staff, attachment).await? else {
        return Err(Trouble::Again("no such attachment".into()));
    };
    let (file, put_away) = fetch(app, claim, &found).await?;
    let (sha256, head) = blocking({
        let file = file.path().to_owned();
        move || hash(&file)
    })
    .await?;
    if put_away {
        // What was written down when it arrived is right, whatever the store has made of it since.
        if found.sha256.as_ref().is_some_and(|right| *right != sha256) {
            return Err(Trouble::Again("the original in the store is not what was sent".into()));
        }
    } else {
        put_original(app, claim.of, file.path(), &sha256).await?;
    }
    let seen = sniff(&head);
    found.sha256 = Some(sha256);
    found.state = AttachmentState::Processing;
    if let Some(mime) = sniff::mime(seen) {
        mime.clone_into(&mut found.mime);
    }
    write_down(app, claim, &found, false).await?;
    if file.is_copy() {
        // The original is there, and it is known what it has to be.
        app.intake.remove(claim.of).await?;
    }

    let looked = look(app, claim, &mut found, seen, file.path()).await?;
    found.state = match looked {
        Looked::Fine => AttachmentState::Ready,
        Looked::Refused(reason) => AttachmentState::Refused { reason },
    };
    write_down(app, claim, &found, true).await?;
    app.intake.remove(claim.of).await?;
    tracing::info!(attachment = %claim.of.attachment, ready = found.state == AttachmentState::Ready, "Prepared");
    Ok(())
}

/// Puts the original away. One that is there is what a job left that died just after this: it is never written over,
/// and has to be the same.
async fn put_original(app: &App, of: FileOf, file: &Path, sha256: &str) -> Result<(), Trouble> {
    let there = match app.blobs.meta(of, Part::Original).await {
        Err(BlobError::Missing) => return Ok(app.blobs.put_file(of, Part::Original, file).await?),
        there => there?,
    };
    let mut stream = app.blobs.stream(of, Part::Original, 0..there.size).await?;
    let mut hash = Sha256::new();
    while let Some(piece) = stream.try_next().await? {
        hash.update(&piece);
    }
    if hex::encode(hash.finalize()) == sha256 {
        return Ok(());
    }
    Err(Trouble::Again("there is an original in the store already, and it is another one".into()))
}

/// Says in the thread that it could not be done. Whether the claim still counted.
pub(super) async fn give_up(app: &App, job: Job, attachment: AttachmentId) -> store::Result<bool> {
    let Some(mut found) = app.store.attachment(job.practice, View::Staff, attachment).await? else {
        return Ok(true);
    };
    found.state = AttachmentState::Refused {
        reason: "This file could not be prepared for showing. It is kept as it was sent; send it again, or download \
                 the original."
            .into(),
    };
    app.store.write_findings(job, &found, false, app.now()).await
}

async fn write_down(app: &App, claim: Claim, found: &Attachment, done: bool) -> Result<(), Trouble> {
    if app.store.write_findings(claim.job, found, done, app.now()).await? {
        Ok(())
    } else {
        Err(Trouble::Lost)
    }
}

/// The file as it arrived or, when it was put away before, fetched back; and which of the two.
async fn fetch(app: &App, claim: Claim, attachment: &Attachment) -> Result<(Working, bool), Trouble> {
    let (of, bytes) = (claim.of, u64::try_from(attachment.bytes).unwrap_or(0));
    let copy = app.scratch.file(of, "arrived", claim.job.fence);
    if let Some(file) = app.intake.whole(of, bytes, copy).await? {
        return Ok((file, false));
    }
    let fetched = app.scratch.file(of, "fetched", claim.job.fence);
    let mut file = tokio::fs::File::create(fetched.path()).await?;
    let mut stream = app.blobs.stream(of, Part::Original, 0..bytes).await?;
    let mut length = 0;
    while let Some(piece) = stream.try_next().await? {
        length += piece.len() as u64;
        file.write_all(&piece).await?;
    }
    file.flush().await?;
    if length != bytes {
        return Err(Trouble::Again("the original in the store is shorter than what was sent".into()));
    }
    Ok((fetched, true))
}

async fn look(
    app: &App,
    claim: Claim,
    found: &mut Attachment,
    seen: Seen,
    file: &Path,
) -> Result<Looked, Trouble> {
    if let Some(reason) = sniff::mismatch(found.kind, seen) {
        return Ok(Looked::Refused(reason.into()));
    }
    match found.kind {
        AttachmentKind::Clip => look_at_clip(app, claim, found, file).await,
        AttachmentKind::Photo | AttachmentKind::Still => look_at_photo(app, claim, found, file).await,
        AttachmentKind::Document => Ok(Looked::Fine),
    }
}

async fn look_at_clip(
    app: &App,
    claim: Claim,
    found: &mut Attachment,
    file: &Path,
) -> Result<Looked, Trouble> {
    let source = file.to_owned();
    let opened = blocking(move || {
        let clip = match Clip::open(Arc::new(PlainFile::open(&source)?)) {
            Ok(clip) => clip,
            Err(error) => return refuse(error).map(Err),
        };
        match clip.poster(POSTER_SIDE) {
            Ok(poster) => Ok(Ok((clip.probe().facts(), poster, clip))),
            Err(error) => refuse(error).map(Err),
        }
    })
    .await?;
    let (facts, poster, clip): (ClipFacts, Vec<u8>, Clip) = match opened {
        Ok(opened) => opened,
        Err(reason) => return Ok(Looked::Refused(reason)),
    };
    app.blobs.put(claim.of, Part::Poster, poster).await?;
    found.clip = Some(facts);
    found.has_poster = true;
    // Staff can see what it is, and step through the original, while the rendition is made.
    write_down(app, claim, found, false).await?;

    let target = app.scratch.file(claim.of, "rendition", claim.job.fence);
    let made = blocking({
        let target = target.path().to_owned();
        move || {
            let mut sink = Sink { file: File::create(&target)?, full: false };
            match clip.rendition(&mut sink) {
                Ok(()) => Ok(None),
                Err(_) if sink.full => Err(Trouble::Full),
                Err(error) => refuse(error).map(Some),
            }
        }
    })
    .await?;
    if let Some(reason) = made {
        return Ok(Looked::Refused(reason));
    }
    app.blobs.put_file(claim.of, Part::Rendition, target.path()).await?;
    found.has_rendition = true;
    Ok(Looked::Fine)
}

async fn look_at_photo(
    app: &App,
    claim: Claim,
    found: &mut Attachment,
    file: &Path,
) -> Result<Looked, Trouble> {
    let source = file.to_owned();
    let made = blocking(move || match photo_poster(Arc::new(PlainFile::open(&source)?), POSTER_SIDE) {
        Ok(poster) => Ok(Ok(poster.jpeg)),
        Err(error) => refuse(error).map(Err),
    })
    .await?;
    let jpeg = match made {
        Ok(jpeg) => jpeg,
        Err(reason) => return Ok(Looked::Refused(reason)),
    };
    app.blobs.put(claim.of, Part::Poster, jpeg).await?;
    found.has_poster = true;
    Ok(Looked::Fine)
}

/// The sentence with which a file is refused; everything else is worth another attempt.
fn refuse(error: VideoError) -> Result<String, Trouble> {
    match error {
        VideoError::BadClip(reason) | VideoError::TooLarge(reason) => Ok(reason),
        error => Err(Trouble::Again(error.to_string())),
    }
}

/// The rendition's file, which remembers whether the disk was full.
struct Sink {
    file: File,
    full: bool,
}

impl ByteSink for Sink {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let written = self.file.write_at(offset, bytes);
        self.full |= written.as_ref().is_err_and(is_full);
        written
    }
}

/// SHA-256 in lower-case hex, and the first bytes.
fn hash(path: &Path) -> Result<(String, Vec<u8>), Trouble> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut head = Vec::new();
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let read = file.read(&mut buffer)?;
        let bytes = buffer.get(..read).unwrap_or_default();
        if bytes.is_empty() {
            return Ok((hex::encode(hash.finalize()), head));
        }
        hash.update(bytes);
        let wanted = HEAD.saturating_sub(head.len());
        head.extend(bytes.iter().take(wanted));
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Trouble> + Send + 'static,
) -> Result<T, Trouble> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) if error.is_cancelled() => Err(Trouble::Interrupted),
        Err(error) => Err(Trouble::Again(error.to_string())),
    }
}

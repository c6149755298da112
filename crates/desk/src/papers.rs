//! Transcripts: gathering what goes onto paper, and saving the PDF.
//!
//! **Invariant:** no file of a person is ever overwritten by a name that we chose.

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::{Timestamp, tz::TimeZone};
use limpet_cache::media::MediaKind;
use limpet_model::{
    Attachment, AttachmentId, AttachmentKind, AttachmentState, ConversationId, Millis, Practice,
};
use limpet_sync::{Link, Store};
use limpet_transcript::{Language, Picture, Transcript, transcript};
use limpet_video::photo_poster;
use limpet_wire::{
    Code, Failure,
    desk::{MakeTranscript, SavedFile, Settings, Thread},
};
use sha2::{Digest, Sha256};

use crate::{
    fetch,
    hub::{Here, Hub, blocking},
    media::Sealed,
    thread,
};

/// Longest side of a picture on paper, pixels: 300 dots an inch over the width of a page.
const PICTURE_SIDE: u32 = 2000;

/// Makes the PDF of a conversation as this device knows it.
pub(crate) fn make(
    store: &Store,
    practice: Practice,
    wanted: &Wanted,
    now: Millis,
) -> Result<Vec<u8>, Failure> {
    let thread = thread::read(store, wanted.conversation)?;
    let settings = store.outbox.settings()?;
    let pictures = pictures(store, &thread);
    let mut paper = Transcript::of(practice, thread, now);
    // Everybody who ever wrote is named, also those who left.
    paper.staff = store.cache.staff()?;
    paper.pictures = pictures;
    paper.include_notes = wanted.include_notes;
    paper.language = language(&settings);
    paper.version = wanted.version;
    transcript(&paper).map_err(|error| {
        tracing::error!(%error, "A transcript could not be made");
        Failure::new(Code::Internal, error.to_string())
    })
}

/// Which transcript to make.
pub(crate) struct Wanted {
    pub conversation: ConversationId,
    pub include_notes: bool,
    /// Which of this conversation, from one.
    pub version: u32,
}

pub(crate) fn language(settings: &Settings) -> Language {
    let system = || {
        ["LC_ALL", "LC_MESSAGES", "LANG"]
            .into_iter()
            .find_map(|name| std::env::var(name).ok().filter(|tag| !tag.is_empty()))
    };
    match settings.language.as_str() {
        "" => Language::from_tag(&system().unwrap_or_default()),
        tag => Language::from_tag(tag),
    }
}

/// Pictures that are on this computer. One that is not is said to be missing on paper.
fn pictures(store: &Store, thread: &Thread) -> BTreeMap<AttachmentId, Picture> {
    let attachments = thread.messages.iter().flat_map(|message| &message.attachments);
    attachments.filter_map(|it| Some((it.id, picture(store, it)?))).collect()
}

fn picture(store: &Store, attachment: &Attachment) -> Option<Picture> {
    let find = |kind| {
        fetch::whole(&store.outgoing, attachment.id, kind)
            .or_else(|| fetch::whole(&store.arrived, attachment.id, kind))
    };
    // A still is what the record is about: at full size where it can be had.
    if matches!(attachment.kind, AttachmentKind::Still | AttachmentKind::Photo)
        && let Some(original) = find(MediaKind::Original)
    {
        // What a client sent is decoded in a child, never here.
        match photo_poster(Arc::new(Sealed(original)), PICTURE_SIDE) {
            Ok(poster) => return Some(Picture::Encoded(poster.jpeg)),
            Err(error) => tracing::info!(attachment = %attachment.id, %error, "A picture could not be read"),
        }
    }
    find(MediaKind::Poster).and_then(|poster| poster.read_all().ok()).map(Picture::Encoded)
}

/// Fetches the pictures that are missing, if there is a server to fetch them from. Never fails: paper says what is
/// missing.
pub(crate) async fn gather(hub: &Arc<Hub>, here: &Here, conversation: ConversationId) {
    if here.signed_in.engine.link() != Link::Online {
        return;
    }
    let attachments =
        hub.on_disk(move |here| Ok(here.store.cache.attachments(conversation)?)).await.unwrap_or_default();
    for attachment in attachments.iter().filter(|it| !matches!(it.state, AttachmentState::Uploading { .. })) {
        let kind = match attachment.kind {
            AttachmentKind::Clip if attachment.has_poster => MediaKind::Poster,
            AttachmentKind::Photo | AttachmentKind::Still => MediaKind::Original,
            _ => continue,
        };
        if let Err(failure) = fetch::file(hub, here, attachment, kind).await {
            tracing::info!(attachment = %attachment.id, code = ?failure.code, "A picture is missing from a transcript");
        }
    }
}

pub(crate) async fn save(hub: &Arc<Hub>, wanted: MakeTranscript) -> Result<SavedFile, Failure> {
    let here = hub.here()?;
    gather(hub, &here, wanted.conversation).await;
    let now = hub.clock.now();
    blocking(move || {
        let practice = practice(&here)?;
        let store = &here.store;
        let version = store.outbox.filings(wanted.conversation)?.len().max(1);
        let version = u32::try_from(version).unwrap_or(u32::MAX);
        let what = Wanted { conversation: wanted.conversation, include_notes: wanted.include_notes, version };
        let pdf = make(store, practice.clone(), &what, now)?;
        let path = if wanted.path.is_empty() {
            let name = file_name(&thread::read(store, wanted.conversation)?, &practice, now);
            write_new(&downloads()?, &name, &pdf)
        } else {
            replace(Path::new(&wanted.path), &pdf)
        };
        let path = path.map_err(|error| not_saved(&error))?;
        Ok(SavedFile { path: path.to_string_lossy().into_owned(), sha256: sha256(&pdf) })
    })
    .await
}

pub(crate) fn practice(here: &Here) -> Result<Practice, Failure> {
    Ok(here.store.cache.practice()?.unwrap_or_else(|| here.signed_in.practice.clone()))
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// The day in the practice's time zone, `YYYY-MM-DD`.
pub(crate) fn day(at: Millis, practice: &Practice) -> String {
    let zone = TimeZone::get(&practice.time_zone).unwrap_or(TimeZone::UTC);
    Timestamp::from_millisecond(at.0).unwrap_or_default().to_zoned(zone).strftime("%Y-%m-%d").to_string()
}

fn file_name(thread: &Thread, practice: &Practice, now: Millis) -> String {
    let at = thread.conversation.ending.as_ref().map_or(now, |ending| ending.at);
    let words = format!("{} {}", thread.patient.name, thread.client.name);
    let words: String = words
        .chars()
        .map(|c| if c.is_control() || "/\\:*?\"<>|".contains(c) { ' ' } else { c })
        .take(120)
        .collect();
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    format!("{} {words} - conversation", day(at, practice))
}

fn downloads() -> Result<PathBuf, Failure> {
    let dirs = directories::UserDirs::new();
    let folder = dirs.as_ref().map(|dirs| dirs.download_dir().unwrap_or_else(|| dirs.home_dir()).to_owned());
    folder.ok_or_else(|| {
        Failure::new(
            Code::Invalid,
            "This account has no downloads folder. Choose where to save the transcript.",
        )
    })
}

/// Writes `name.pdf`, or `name (2).pdf`, ... whichever is free.
fn write_new(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    for n in 1..10_000 {
        let path = if n == 1 {
            folder.join(format!("{name}.pdf"))
        } else {
            folder.join(format!("{name} ({n}).pdf"))
        };
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => {
                return fill(file, bytes).map(|()| path.clone()).inspect_err(|_| {
                    let _ = std::fs::remove_file(&path);
                });
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// Writes to a path that a person chose, aside and then renamed, so that no half file ever stands there.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<PathBuf> {
    let mut aside = path.as_os_str().to_owned();
    aside.push(".part");
    let aside = PathBuf::from(aside);
    let written =
        File::create(&aside).and_then(|file| fill(file, bytes)).and_then(|()| std::fs::rename(&aside, path));
    written.map(|()| path.to_owned()).inspect_err(|_| {
        let _ = std::fs::remove_file(&aside);
    })
}

fn fill(mut file: File, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    file.sync_all()
}

fn not_saved(error: &io::Error) -> Failure {
    tracing::warn!(%error, "A transcript could not be saved");
    match error.kind() {
        io::ErrorKind::StorageFull => Failure::new(
            Code::NoRoom,
            "The transcript was not saved: the disk is full. Make room or choose another folder.",
        ),
        io::ErrorKind::NotFound => Failure::new(
            Code::Invalid,
            "The transcript was not saved: that folder is not there. Choose another one.",
        ),
        _ => Failure::new(
            Code::Invalid,
            "The transcript was not saved: that folder cannot be written. Choose another one.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_ours_never_replaces_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let first = write_new(folder.path(), "a", b"first").unwrap();
        let second = write_new(folder.path(), "a", b"second").unwrap();
        assert_eq!(second.file_name().unwrap(), "a (2).pdf");
        assert_eq!(std::fs::read(first).unwrap(), b"first");
    }
}

//! Transcripts: gathering what goes onto paper, and saving the PDF.

use std::{collections::BTreeMap, io::Write as _, sync::Arc};

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
    http::{ExportKind, NewExport},
};
use sha2::{Digest, Sha256};

use crate::{
    fetch,
    hub::{Here, Hub, blocking},
    media::Sealed,
    save, thread,
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
    let logo = match &practice.settings.logo {
        Some(logo) => store.cache.logo(&logo.sha256)?.map(Picture::Encoded),
        None => None,
    };
    let mut paper = Transcript::of(practice, thread, now);
    paper.logo = logo;
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
    if let Err(failure) = fetch_logo(hub, here).await {
        tracing::info!(code = ?failure.code, "The logo is missing from a transcript");
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

/// Fetches the practice's logo, if it has one that is not here.
async fn fetch_logo(hub: &Arc<Hub>, here: &Here) -> Result<(), Failure> {
    let Some(logo) = practice(here)?.settings.logo else { return Ok(()) };
    let sha = logo.sha256.clone();
    if hub.on_disk(move |here| Ok(here.store.cache.logo(&sha)?)).await?.is_some() {
        return Ok(());
    }
    let png = here.signed_in.engine.server().logo().await?;
    if sha256(&png) != logo.sha256 {
        // It was changed meanwhile; the feed says so in a moment.
        return Ok(());
    }
    hub.on_disk(move |here| Ok(here.store.cache.keep_logo(&logo.sha256, &png)?)).await
}

pub(crate) async fn save(hub: &Arc<Hub>, wanted: MakeTranscript) -> Result<SavedFile, Failure> {
    let here = hub.here()?;
    gather(hub, &here, wanted.conversation).await;
    let now = hub.clock.now();
    let conversation = wanted.conversation;
    let saved = blocking(move || {
        let practice = practice(&here)?;
        let store = &here.store;
        let version = store.outbox.filings(wanted.conversation)?.len().max(1);
        let version = u32::try_from(version).unwrap_or(u32::MAX);
        let what = Wanted { conversation: wanted.conversation, include_notes: wanted.include_notes, version };
        let pdf = make(store, practice.clone(), &what, now)?;
        let name = file_name(&thread::read(store, wanted.conversation)?, &practice, now);
        let path = save::file(&wanted.path, &name, &mut |file| file.write_all(&pdf))?;
        Ok(SavedFile { path, sha256: sha256(&pdf) })
    })
    .await?;
    let sha256 = saved.sha256.clone();
    hub.left(NewExport { conversation, attachment: None, how: ExportKind::Saved, sha256, at: now }).await;
    Ok(saved)
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
    let (patient, client) = (&thread.patient.name, &thread.client.name);
    save::plain(&format!("{} {patient} {client} - conversation.pdf", day(at, practice)))
}

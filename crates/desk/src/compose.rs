//! Writing: drafts, staged files, sending, and what to do with a refused message.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
    sync::Arc,
};

use limpet_cache::{
    CacheError,
    media::{MediaFolder, MediaKind},
};
use limpet_model::{AttachmentId, AttachmentKind, ConversationId, MessageId};
use limpet_sync::lay_over;
use limpet_video::{Clip, VideoError};
use limpet_wire::{
    Code, Failure,
    desk::{Draft, StageFile, StagedFile, Unstage},
    http::{MESSAGE_LIMIT, UPLOAD_LIMIT},
};

use crate::{
    hub::{Here, Hub},
    media::Sealed,
    sniff,
};

/// Files in one message at most; the server takes no more.
const FILES: usize = 20;

pub(crate) async fn save_draft(hub: &Arc<Hub>, draft: Draft) -> Result<(), Failure> {
    let now = hub.clock.now();
    // No event: the one who writes knows what was written.
    hub.on_disk(move |here| Ok(here.store.outbox.save_draft(&draft, now)?)).await
}

pub(crate) async fn stage(hub: &Arc<Hub>, wanted: StageFile) -> Result<StagedFile, Failure> {
    let conversation = wanted.conversation;
    let staged = hub.on_disk(move |here| stage_file(here, &wanted)).await?;
    hub.tell_conversation(conversation);
    Ok(staged)
}

fn stage_file(here: &Here, wanted: &StageFile) -> Result<StagedFile, Failure> {
    let folder = &here.store.outgoing;
    exists(here, wanted.conversation)?;
    let path = Path::new(&wanted.path);
    let mut file = File::open(path).map_err(|error| unreadable(&error))?;
    let facts = file.metadata().map_err(|error| unreadable(&error))?;
    if !facts.is_file() {
        return Err(Failure::new(
            Code::Invalid,
            "This is a folder, not a file. Choose a video, a photo or a PDF.",
        ));
    }
    check_size(facts.len())?;
    let id = AttachmentId::new();
    let (kind, mime, bytes) = match copy(folder, id, &mut file) {
        Ok(copied) => copied,
        Err(failure) => {
            give_up(folder, id);
            return Err(failure);
        }
    };
    if kind == AttachmentKind::Clip
        && let Err(failure) = look_into(folder, id)
    {
        give_up(folder, id);
        return Err(failure);
    }
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let staged = StagedFile {
        id,
        kind,
        name: short_name(&name),
        mime: mime.to_owned(),
        bytes,
        caption: String::new(),
        still_of: None,
    };
    here.store.outbox.stage(wanted.conversation, &staged, None)?;
    Ok(staged)
}

/// Copies the file into the encrypted store. The size is checked again: a file may grow while it is copied.
fn copy(
    folder: &MediaFolder,
    id: AttachmentId,
    file: &mut File,
) -> Result<(AttachmentKind, &'static str, i64), Failure> {
    let mut head = vec![0; sniff::HEAD];
    let filled = fill(file, &mut head).map_err(|error| unreadable(&error))?;
    head.truncate(filled);
    let (kind, mime) = sniff::sniff(&head)?;
    let mut writer = folder.write(id, MediaKind::Original).map_err(|error| unwritable(&error))?;
    writer.append(&head).map_err(|error| unwritable(&error))?;
    let mut piece = vec![0; 256 * 1024];
    loop {
        let read = file.read(&mut piece).map_err(|error| unreadable(&error))?;
        if read == 0 {
            break;
        }
        writer.append(piece.get(..read).unwrap_or_default()).map_err(|error| unwritable(&error))?;
        check_size(writer.position())?;
    }
    let bytes = writer.position();
    check_size(bytes)?;
    folder.finish(id, MediaKind::Original, writer).map_err(|error| unwritable(&error))?;
    Ok((kind, mime, i64::try_from(bytes).unwrap_or(i64::MAX)))
}

/// Opens a clip in a decoder child, so that a broken one is told to the person who chose it.
fn look_into(folder: &MediaFolder, id: AttachmentId) -> Result<(), Failure> {
    let file = folder.read(id, MediaKind::Original).map_err(|error| unwritable(&error))?;
    match Clip::open(Arc::new(Sealed(file))) {
        Err(error @ (VideoError::BadClip(_) | VideoError::TooLarge(_))) => Err(error.into()),
        // What only this computer cannot look into may still be fine: the server looks, too.
        Err(error) => {
            tracing::warn!(attachment = %id, %error, "A staged clip could not be looked into");
            Ok(())
        }
        Ok(_) => Ok(()),
    }
}

fn fill(file: &mut File, head: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = head.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read(rest)? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}

fn check_size(bytes: u64) -> Result<(), Failure> {
    if bytes == 0 {
        return Err(Failure::new(Code::BadClip, "This file is empty. Choose it again, or film it again."));
    }
    if i64::try_from(bytes).is_ok_and(|bytes| bytes <= UPLOAD_LIMIT) {
        return Ok(());
    }
    Err(Failure::new(
        Code::TooLarge,
        format!(
            "This file is larger than {} MB, the most that can be sent. Send a shorter clip, or film at a lower resolution.",
            UPLOAD_LIMIT / (1024 * 1024)
        ),
    ))
}

fn give_up(folder: &MediaFolder, id: AttachmentId) {
    let gone = folder.abandon(id, MediaKind::Original).and_then(|()| folder.remove(id, MediaKind::Original));
    if let Err(error) = gone {
        tracing::warn!(%error, "A half staged file could not be removed");
    }
}

fn unreadable(error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::NotFound => {
            Failure::new(Code::NotFound, "This file is no longer there. Choose it again.")
        }
        io::ErrorKind::PermissionDenied => Failure::new(
            Code::Invalid,
            "This file may not be read with your account. Copy it somewhere else, then choose it again.",
        ),
        _ => Failure::new(
            Code::Invalid,
            "This file cannot be read. If it is on a removable disk, connect it again, then choose it again.",
        ),
    }
}

pub(crate) fn unwritable(error: &io::Error) -> Failure {
    tracing::error!(%error, "A media file could not be written");
    CacheError::from(io::Error::from(error.kind())).into()
}

/// At most what the server takes, keeping the ending.
fn short_name(name: &str) -> String {
    const MOST: usize = 200;
    let name: String = name.chars().filter(|c| !c.is_control() && !['/', '\\'].contains(c)).collect();
    if name.chars().count() <= MOST {
        return if name.trim().is_empty() { "file".to_owned() } else { name };
    }
    let (stem, ending) = name.rsplit_once('.').unwrap_or((&name, ""));
    let ending: String = ending.chars().take(10).collect();
    let stem: String = stem.chars().take(MOST - 11).collect();
    format!("{stem}.{ending}")
}

pub(crate) async fn unstage(hub: &Arc<Hub>, wanted: Unstage) -> Result<(), Failure> {
    hub.on_disk(move |here| {
        if here.store.outbox.unstage(wanted.conversation, wanted.file)? {
            for kind in [MediaKind::Original, MediaKind::Poster] {
                here.store.outgoing.remove(wanted.file, kind).map_err(|error| unwritable(&error))?;
            }
        }
        Ok(())
    })
    .await?;
    hub.tell_conversation(wanted.conversation);
    Ok(())
}

pub(crate) async fn send(hub: &Arc<Hub>, draft: Draft) -> Result<MessageId, Failure> {
    let length = draft.body.chars().count();
    if draft.body.trim().is_empty() && draft.files.is_empty() {
        return Err(Failure::new(Code::Invalid, "The message is empty. Write something or attach a file."));
    }
    if length > MESSAGE_LIMIT {
        return Err(Failure::new(
            Code::Invalid,
            format!(
                "The message has {length} characters; at most {MESSAGE_LIMIT} can be sent. Send it in two parts."
            ),
        ));
    }
    if draft.files.len() > FILES {
        return Err(Failure::new(
            Code::Invalid,
            format!("At most {FILES} files go with one message. Send the others with the next."),
        ));
    }
    let (id, conversation, now) = (MessageId::new(), draft.conversation, hub.clock.now());
    hub.on_disk(move |here| {
        exists(here, draft.conversation)?;
        here.store.outbox.send(&draft, id, now)?;
        lay_over(&here.store, here.signed_in.staff.id)?;
        Ok(())
    })
    .await?;
    hub.queued(Some(conversation))?;
    Ok(id)
}

pub(crate) async fn retry(hub: &Arc<Hub>, message: MessageId) -> Result<(), Failure> {
    hub.on_disk(move |here| {
        here.store.outbox.retry_message(message)?;
        lay_over(&here.store, here.signed_in.staff.id)?;
        Ok(())
    })
    .await?;
    hub.queued(None)
}

pub(crate) async fn discard(hub: &Arc<Hub>, message: MessageId) -> Result<(), Failure> {
    let now = hub.clock.now();
    let conversation = hub
        .on_disk(move |here| {
            let discarded = here.store.outbox.discard_message(message, now)?;
            lay_over(&here.store, here.signed_in.staff.id)?;
            discarded.dropped.into_iter().for_each(|file| give_up(&here.store.outgoing, file));
            Ok(discarded.conversation)
        })
        .await?;
    hub.queued(Some(conversation))
}

fn exists(here: &Here, id: ConversationId) -> Result<(), Failure> {
    here.store.cache.conversation(id)?.map(drop).ok_or_else(|| CacheError::NotFound.into())
}

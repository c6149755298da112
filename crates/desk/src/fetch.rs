//! Getting a media file onto this computer: there already, being fetched by somebody else, or fetched now.
//!
//! **Invariant:** one file is fetched once at a time. **Invariant:** downloaded media stay within the budget; what
//! is outgoing does not count and is never dropped.

use std::sync::{
    Arc, PoisonError,
    atomic::{AtomicI64, Ordering},
};

use limpet_cache::media::{MediaFile, MediaFolder, MediaKind};
use limpet_model::{Attachment, AttachmentId, AttachmentState};
use limpet_sync::{
    ServerError,
    http::{Arrived, Wanted},
    plan::next_piece,
};
use limpet_wire::{Code, Failure, desk::DeskEvent};

use crate::{
    compose::unwritable,
    hub::{Here, Hub, Locks, blocking},
};

/// Who fetches what.
pub(crate) type Fetches = Locks<(AttachmentId, MediaKind)>;

/// Progress is told every so many bytes.
const STEP: i64 = 1024 * 1024;

/// The file, fetched if it is not here.
pub(crate) async fn file(
    hub: &Arc<Hub>,
    here: &Here,
    attachment: &Attachment,
    kind: MediaKind,
) -> Result<MediaFile, Failure> {
    if let Some(file) = local(hub, here, attachment.id, kind).await? {
        return Ok(file);
    }
    let turn = {
        let mut fetches = hub.fetches.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(fetches.entry((attachment.id, kind)).or_default())
    };
    let _turn = turn.lock().await;
    // Whoever had the turn before may have fetched it.
    if let Some(file) = local(hub, here, attachment.id, kind).await? {
        return Ok(file);
    }
    let fetched = fetch(hub, here, attachment, kind).await;
    hub.fetches.lock().unwrap_or_else(PoisonError::into_inner).remove(&(attachment.id, kind));
    fetched?;
    local(hub, here, attachment.id, kind).await?.ok_or_else(|| {
        Failure::new(
            Code::Internal,
            "The file was fetched and cannot be read. Check that the disk has room, then try again.",
        )
    })
}

/// The file if it is on this computer: on its way out, or downloaded.
pub(crate) async fn local(
    hub: &Arc<Hub>,
    here: &Here,
    id: AttachmentId,
    kind: MediaKind,
) -> Result<Option<MediaFile>, Failure> {
    let (store, now) = (Arc::clone(&here.store), hub.clock.now());
    blocking(move || {
        if let Some(file) = whole(&store.outgoing, id, kind) {
            return Ok(Some(file));
        }
        let Some(file) = whole(&store.arrived, id, kind) else {
            if store.arrived.has(id, kind) {
                // Damaged: the server has it still, so it is fetched again.
                store.arrived.remove(id, kind).map_err(|error| unwritable(&error))?;
                store.cache.media_gone(id, kind)?;
            }
            return Ok(None);
        };
        store.cache.media_used(id, kind, file.len(), now)?;
        Ok(Some(file))
    })
    .await
}

/// The file if it is there and whole.
pub(crate) fn whole(folder: &MediaFolder, id: AttachmentId, kind: MediaKind) -> Option<MediaFile> {
    if !folder.has(id, kind) {
        return None;
    }
    match folder.read(id, kind) {
        Ok(file) => Some(file),
        Err(error) => {
            tracing::warn!(attachment = %id, kind = kind.word(), %error, "A media file is damaged");
            None
        }
    }
}

async fn fetch(hub: &Arc<Hub>, here: &Here, attachment: &Attachment, kind: MediaKind) -> Result<(), Failure> {
    if let AttachmentState::Uploading { .. } = attachment.state {
        return Err(Failure::new(
            Code::Conflict,
            "This file is still on its way to the server. It opens as soon as it has arrived.",
        ));
    }
    let id = attachment.id;
    let expected = if kind == MediaKind::Original { u64::try_from(attachment.bytes).unwrap_or(0) } else { 0 };
    make_room(hub, here, expected).await?;
    let wanted = Wanted {
        attachment: id,
        kind,
        length: u64::try_from(attachment.bytes).ok().filter(|_| kind == MediaKind::Original),
        sha256: attachment.sha256.clone().filter(|_| kind == MediaKind::Original),
    };
    let length = download(hub, here, wanted).await.map_err(|error| match Failure::from(error) {
        Failure { code: Code::Offline, .. } => Failure::new(
            Code::Offline,
            "This file is not on this computer yet and the server cannot be reached. It opens when Limpet is online again.",
        ),
        other => other,
    })?;
    let (store, now) = (Arc::clone(&here.store), hub.clock.now());
    blocking(move || Ok(store.cache.media_used(id, kind, length, now)?)).await
}

async fn download(hub: &Arc<Hub>, here: &Here, wanted: Wanted) -> Result<u64, ServerError> {
    let (told, hears, id) = (AtomicI64::new(0), Arc::clone(hub), wanted.attachment);
    let arrived: Arrived = Arc::new(move |filling| {
        let (sent, total) = (signed(filling.bytes_here()), signed(filling.len()));
        if sent >= told.load(Ordering::Relaxed) + STEP || sent == total {
            told.store(sent, Ordering::Relaxed);
            hears.tell(DeskEvent::Progress { attachment: id, sent, total });
        }
        true
    });
    let mut download = here.signed_in.engine.server().download(&here.store.arrived, wanted).await?;
    loop {
        let gap = match download.filling() {
            Some(filling) => next_piece([], None, |at| filling.gap(at, download.size())),
            None => Some(0..download.size()),
        };
        match gap {
            Some(gap) => download.piece(gap, &arrived).await?,
            None => {
                if let Some(file) = download.finish().await? {
                    return Ok(file.len());
                }
            }
        }
    }
}

fn signed(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// Drops what was not used for longest until `room` more bytes fit the budget.
async fn make_room(hub: &Arc<Hub>, here: &Here, room: u64) -> Result<(), Failure> {
    let (store, budget) = (Arc::clone(&here.store), hub.media_budget);
    blocking(move || {
        for (id, kind) in store.cache.media_to_drop(budget, room)? {
            store.arrived.remove(id, kind).map_err(|error| unwritable(&error))?;
            store.cache.media_gone(id, kind)?;
        }
        Ok(())
    })
    .await
}

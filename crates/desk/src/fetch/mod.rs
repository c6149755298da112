//! Getting a media file onto this computer: there already, on its way for somebody else, or fetched now.
//!
//! Whoever wants a file joins its [`Arrival`] and holds it. A [`hold`](Hold) by hand goes before everything fetched
//! ahead; when nobody holds it any more, it stops and keeps what came.
//!
//! **Invariant:** one file is fetched once at a time. **Invariant:** downloaded media stay within the budget; what
//! is outgoing does not count and is never dropped.

mod arrival;
mod arriving;
mod budget;
mod hold;
mod run;
mod wait;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

use limpet_cache::media::{MediaFile, MediaFolder, MediaKind};
use limpet_model::{Attachment, AttachmentId, AttachmentState};
use limpet_sync::http::Download;
use limpet_wire::{Code, Failure};
use tokio::sync::watch;

use crate::{
    compose::unwritable,
    hub::{Here, Hub, blocking},
};

use arrival::Arrival;
pub(crate) use arriving::Arriving;
pub(crate) use budget::{drop_orphans, fits};
use hold::{Grade, Hold};

type Key = (AttachmentId, MediaKind);

/// What is on its way.
pub(crate) struct Fetches {
    arrivals: Mutex<HashMap<Key, Weak<Arrival>>>,
    /// How many arrivals somebody waits for by hand.
    hurried: Arc<watch::Sender<usize>>,
    /// Bytes of a piece that proved right on this line.
    size: AtomicU64,
}

impl Default for Fetches {
    fn default() -> Self {
        Self {
            arrivals: Mutex::default(),
            hurried: Arc::new(watch::Sender::new(0)),
            size: AtomicU64::new(Download::FIRST),
        }
    }
}

impl Fetches {
    /// Joins an arrival, or begins one. Only for what is not here.
    fn join(
        &self,
        hub: &Arc<Hub>,
        here: &Here,
        attachment: &Attachment,
        kind: MediaKind,
    ) -> Result<Arc<Arrival>, Failure> {
        if let AttachmentState::Uploading { .. } = attachment.state {
            return Err(Failure::new(
                Code::Conflict,
                "This file is still on its way to the server. It opens as soon as it has arrived.",
            ));
        }
        let mut arrivals = self.arrivals();
        arrivals.retain(|_, arrival| arrival.strong_count() > 0);
        let known = arrivals.get(&(attachment.id, kind)).and_then(Weak::upgrade);
        if let Some(arrival) = known.filter(|arrival| arrival.goes_on()) {
            return Ok(arrival);
        }
        let arrival =
            Arc::new(Arrival::new(hub, here.clone(), attachment.clone(), kind, Arc::clone(&self.hurried)));
        arrivals.insert((attachment.id, kind), Arc::downgrade(&arrival));
        Ok(arrival)
    }

    /// The connection is back: what somebody holds goes on.
    pub(crate) fn go_on(&self) {
        let arrivals: Vec<_> = self.arrivals().values().filter_map(Weak::upgrade).collect();
        for arrival in arrivals {
            arrival.go_on();
        }
    }

    /// Ends everything: the session is over.
    pub(crate) fn clear(&self) {
        let arrivals = std::mem::take(&mut *self.arrivals());
        for arrival in arrivals.values().filter_map(Weak::upgrade) {
            arrival.give_up(closing());
        }
    }

    fn arrivals(&self) -> MutexGuard<'_, HashMap<Key, Weak<Arrival>>> {
        self.arrivals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn size(&self) -> u64 {
        self.size.load(Ordering::Relaxed)
    }

    fn set_size(&self, size: u64) {
        self.size.store(size, Ordering::Relaxed);
    }
}

/// The bytes of a clip, wherever they are.
pub(crate) enum Bytes {
    /// All of them are here.
    Here(MediaFile),
    /// They are fetched as long as this is held.
    Coming(Arc<Arriving>),
}

/// The file, fetched if it is not here.
pub(crate) async fn file(
    hub: &Arc<Hub>,
    here: &Here,
    attachment: &Attachment,
    kind: MediaKind,
) -> Result<MediaFile, Failure> {
    get(hub, here, attachment, kind, Grade::Hand).await
}

/// Fetches the file before anybody asks for it, if it is not here.
pub(crate) async fn ahead(
    hub: &Arc<Hub>,
    here: &Here,
    attachment: &Attachment,
    kind: MediaKind,
) -> Result<(), Failure> {
    get(hub, here, attachment, kind, Grade::Ahead).await.map(drop)
}

async fn get(
    hub: &Arc<Hub>,
    here: &Here,
    attachment: &Attachment,
    kind: MediaKind,
    grade: Grade,
) -> Result<MediaFile, Failure> {
    if let Some(file) = local(hub, here, attachment.id, kind).await? {
        return Ok(file);
    }
    Hold::of(hub.fetches.join(hub, here, attachment, kind)?, grade).until_whole().await?;
    local(hub, here, attachment.id, kind).await?.ok_or_else(|| {
        Failure::new(
            Code::Internal,
            "The file was fetched and cannot be read. Check that the disk has room, then try again.",
        )
    })
}

/// The bytes of a file at once, also while they arrive.
pub(crate) async fn bytes(
    hub: &Arc<Hub>,
    here: &Here,
    attachment: &Attachment,
    kind: MediaKind,
) -> Result<Bytes, Failure> {
    match local(hub, here, attachment.id, kind).await? {
        Some(file) => Ok(Bytes::Here(file)),
        None => Ok(Bytes::Coming(Arriving::of(hub.fetches.join(hub, here, attachment, kind)?))),
    }
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

fn closing() -> Failure {
    Failure::new(Code::SignedOut, "Nobody is signed in any more. Sign in to go on.")
}

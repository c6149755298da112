//! Review rooms: one decoder child for each clip that is open.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use limpet_cache::{CacheError, media::MediaKind};
use limpet_model::{Attachment, AttachmentId, AttachmentKind};
use limpet_playback::Player;
use limpet_video::Clip;
use limpet_wire::{Code, Failure, desk::ReviewRoom};

use crate::{
    fetch,
    hub::{Hub, blocking},
    media::Sealed,
};

/// The rooms that are open.
#[derive(Default)]
pub(crate) struct Rooms(Mutex<HashMap<AttachmentId, Room>>);

/// An open clip and, once it has been played, its player, which ends first.
struct Room {
    player: Option<Arc<Player>>,
    clip: Arc<Clip>,
}

impl Rooms {
    fn get(&self, id: AttachmentId) -> Option<Arc<Clip>> {
        self.lock().get(&id).map(|room| Arc::clone(&room.clip))
    }

    fn put(&self, id: AttachmentId, clip: Arc<Clip>) {
        self.lock().insert(id, Room { player: None, clip });
    }

    fn take(&self, id: AttachmentId) -> Option<Room> {
        self.lock().remove(&id)
    }

    /// The player of a room, made by `make` if there is none yet. `None` when the room is not open.
    pub(crate) fn player(
        &self,
        id: AttachmentId,
        make: impl FnOnce(&Arc<Clip>) -> Result<Player, Failure>,
    ) -> Option<Result<Arc<Player>, Failure>> {
        let mut rooms = self.lock();
        let room = rooms.get_mut(&id)?;
        if let Some(player) = &room.player {
            return Some(Ok(Arc::clone(player)));
        }
        Some(make(&room.clip).map(|player| Arc::clone(room.player.insert(Arc::new(player)))))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<AttachmentId, Room>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes every room.
    pub(crate) fn clear(&self) {
        let rooms = std::mem::take(&mut *self.lock());
        drop(rooms);
    }
}

/// Opens a room, or finds the one that is open. A child that died is replaced.
pub(crate) async fn open(hub: &Arc<Hub>, id: AttachmentId) -> Result<ReviewRoom, Failure> {
    let attachment = attachment(hub, id).await?;
    if attachment.kind != AttachmentKind::Clip {
        return Err(Failure::new(
            Code::Invalid,
            "Only clips are reviewed frame by frame. Open this file in the thread.",
        ));
    }
    if let Some(room) = hub.rooms.get(id) {
        let socket = blocking(move || {
            // The address alone would not tell whether anybody is behind it.
            room.usage()?;
            Ok(room.serve_frames()?)
        });
        match socket.await {
            Ok(socket) => return Ok(ReviewRoom { clip: attachment, socket }),
            Err(failure) => {
                tracing::info!(clip = %id, code = ?failure.code, "The decoder ended; a new one starts");
            }
        }
        close(hub, id).await?;
    }
    let room = decode(hub, &attachment).await?;
    hub.rooms.put(id, Arc::clone(&room));
    let socket = blocking(move || Ok(room.serve_frames()?)).await?;
    Ok(ReviewRoom { clip: attachment, socket })
}

/// Closes a room; one that is not open is fine.
pub(crate) async fn close(hub: &Arc<Hub>, id: AttachmentId) -> Result<(), Failure> {
    match hub.rooms.take(id) {
        // Ending the child waits for it.
        Some(room) => {
            blocking(move || {
                drop(room);
                Ok(())
            })
            .await
        }
        None => Ok(()),
    }
}

/// The open clip behind a room; opened for the moment when there is no room.
pub(crate) async fn clip(hub: &Arc<Hub>, attachment: &Attachment) -> Result<Arc<Clip>, Failure> {
    match hub.rooms.get(attachment.id) {
        Some(room) => Ok(room),
        None => decode(hub, attachment).await,
    }
}

pub(crate) async fn attachment(hub: &Arc<Hub>, id: AttachmentId) -> Result<Attachment, Failure> {
    hub.on_disk(move |here| here.store.cache.attachment(id)?.ok_or_else(|| CacheError::NotFound.into())).await
}

async fn decode(hub: &Arc<Hub>, attachment: &Attachment) -> Result<Arc<Clip>, Failure> {
    let here = hub.here()?;
    let file = fetch::file(hub, &here, attachment, MediaKind::Original).await?;
    blocking(move || Ok(Arc::new(Clip::open(Arc::new(Sealed(file)))?))).await
}

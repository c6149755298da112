//! Review rooms: one decoder child for each clip that is open, also while the clip arrives.
//!
//! **Invariant:** a clip is opened once at a time, however many ask. **Invariant:** a room that is closed lets go of
//! its clip at once, also while it is being opened: nothing is fetched for nobody.

mod rooms;

use std::sync::Arc;

use limpet_cache::{CacheError, media::MediaKind};
use limpet_model::{Attachment, AttachmentId, AttachmentKind};
use limpet_video::{ByteSource, Clip, MEMORY, Review, VideoError};
use limpet_wire::{Code, Failure, desk::ReviewRoom};

use crate::{
    fetch::{self, Bytes},
    hub::{Here, Hub, blocking},
    media::Sealed,
};
use rooms::{Place, Seat, closed, let_go};
pub(crate) use rooms::{Room, Rooms};

/// Opens a room, or finds the one that is open. A child that died is replaced.
pub(crate) async fn open(hub: &Arc<Hub>, id: AttachmentId) -> Result<ReviewRoom, Failure> {
    let attachment = attachment(hub, id).await?;
    if attachment.kind != AttachmentKind::Clip {
        return Err(Failure::new(
            Code::Invalid,
            "Only clips are reviewed frame by frame. Open this file in the thread.",
        ));
    }
    let (place, mut open) = hub.rooms.enter(id).await;
    if let Some(room) = open.clone() {
        // The address alone would not tell whether anybody is behind it.
        match blocking(move || room.address()).await {
            Ok(socket) => return Ok(ReviewRoom { clip: attachment, socket }),
            Err(failure) => {
                tracing::info!(clip = %id, code = ?failure.code, "The decoder ended; a new one starts");
            }
        }
        let_go(open.take()).await;
    }
    let room = decode(hub, &attachment, Some(&place)).await?;
    let (room, socket) = blocking(move || room.address().map(|socket| (room, socket))).await?;
    if place.is_closed() {
        let_go(room).await;
        return Err(closed());
    }
    *open = Some(room);
    Ok(ReviewRoom { clip: attachment, socket })
}

/// Closes a room; one that is not open is fine.
pub(crate) async fn close(hub: &Arc<Hub>, id: AttachmentId) -> Result<(), Failure> {
    let Some(place) = hub.rooms.leave(id) else { return Ok(()) };
    let room = place.room().await.take();
    let_go(room).await;
    Ok(())
}

/// The room of a clip; one for the moment when none is open.
pub(crate) async fn room(hub: &Arc<Hub>, attachment: &Attachment) -> Result<Arc<Room>, Failure> {
    match hub.rooms.open(attachment.id).await {
        Some(room) => Ok(room),
        None => decode(hub, attachment, None).await,
    }
}

pub(crate) async fn attachment(hub: &Arc<Hub>, id: AttachmentId) -> Result<Attachment, Failure> {
    hub.on_disk(move |here| here.store.cache.attachment(id)?.ok_or_else(|| CacheError::NotFound.into())).await
}

/// What a decoder would read.
#[cfg(feature = "testing")]
pub(crate) async fn bytes(hub: &Arc<Hub>, id: AttachmentId) -> Result<Arc<dyn ByteSource>, Failure> {
    let (here, attachment) = (hub.here()?, attachment(hub, id).await?);
    Ok(match fetch::bytes(hub, &here, &attachment, MediaKind::Original).await? {
        Bytes::Here(file) => Arc::new(Sealed(file)),
        Bytes::Coming(arriving) => arriving,
    })
}

async fn decode(
    hub: &Arc<Hub>,
    attachment: &Attachment,
    place: Option<&Place>,
) -> Result<Arc<Room>, Failure> {
    let here = hub.here()?;
    let (source, seat): (Arc<dyn ByteSource>, _) =
        match fetch::bytes(hub, &here, attachment, MediaKind::Original).await? {
            Bytes::Here(file) => (Arc::new(Sealed(file)), Seat::nowhere()),
            Bytes::Coming(arriving) => (Arc::clone(&arriving) as _, Seat::of(arriving)),
        };
    if let Some(place) = place {
        place.comes_from(&seat)?;
    }
    // A room shows what there is as soon as it is there; a picture for the moment waits for the clip.
    let memory = if place.is_some() { Some(memory(&here).await?) } else { None };
    blocking(move || {
        // Nobody enters a room of a clip of which nothing comes.
        if let Err(error) = source.read_at(0, &mut [0]) {
            return Err(seat.failure(VideoError::Bytes(error.to_string())));
        }
        let opened = match memory {
            Some(memory) => Review::open(source, memory).map(Opened::Review),
            None => Clip::open(source).map(|clip| Opened::Clip(Box::new(clip))),
        };
        match opened {
            Ok(Opened::Review(review)) => Ok(Arc::new(Room::opening(seat, review))),
            Ok(Opened::Clip(clip)) => Ok(Arc::new(Room::new(seat, *clip))),
            Err(error) => Err(seat.failure(error)),
        }
    })
    .await
}

enum Opened {
    Review(Review),
    Clip(Box<Clip>),
}

/// Bytes of pictures that a room keeps.
async fn memory(here: &Here) -> Result<u64, Failure> {
    let store = Arc::clone(&here.store);
    let wanted = blocking(move || Ok(store.outbox.settings()?.review_memory_mb)).await?;
    Ok(if wanted == 0 { MEMORY } else { u64::from(wanted) << 20 })
}

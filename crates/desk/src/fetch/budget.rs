//! How much downloaded media may take on this computer.
//!
//! What is unfinished counts with the length it will have. It goes first when room is needed, unless somebody holds
//! it; finished files follow, longest unused first.

use std::sync::{Arc, atomic::Ordering};

use limpet_cache::{CacheError, media::MediaKind};
use limpet_model::Attachment;
use limpet_sync::{Link, Store};
use limpet_wire::Failure;

use super::{Fetches, Key};
use crate::{
    compose::unwritable,
    hub::{Here, Hub, blocking},
};

/// Drops what has to go so that `room` more bytes, those of `of`, fit the budget.
pub(super) async fn make_room(hub: &Arc<Hub>, here: &Here, of: Key, room: u64) -> Result<(), Failure> {
    let (hub, store) = (Arc::clone(hub), Arc::clone(&here.store));
    blocking(move || {
        let parts = unfinished(&store, of)?;
        let mut needed = parts.iter().fold(room, |sum, (_, bytes)| sum.saturating_add(*bytes));
        for (key, bytes) in parts {
            if store.cache.media_held()?.saturating_add(needed) <= hub.media_budget {
                break;
            }
            if hub.fetches.drop_part(&store, key)? {
                needed -= bytes;
            }
        }
        for (id, kind) in store.cache.media_to_drop(hub.media_budget, needed)? {
            store.arrived.remove(id, kind).map_err(|error| unwritable(&error))?;
            store.cache.media_gone(id, kind)?;
        }
        Ok(())
    })
    .await
}

/// Whether a file can be fetched ahead without anything having to go.
pub(crate) async fn fits(
    hub: &Arc<Hub>,
    here: &Here,
    attachment: &Attachment,
    kind: MediaKind,
) -> Result<bool, Failure> {
    if kind != MediaKind::Original {
        return Ok(true);
    }
    let (store, budget, of) = (Arc::clone(&here.store), hub.media_budget, (attachment.id, kind));
    let bytes = u64::try_from(attachment.bytes).unwrap_or(u64::MAX);
    blocking(move || {
        let needed = unfinished(&store, of)?.iter().fold(bytes, |sum, (_, part)| sum.saturating_add(*part));
        Ok(store.cache.media_held()?.saturating_add(needed) <= budget)
    })
    .await
}

/// Media of attachments that the server has deleted go from this computer, too. Once in a session, when everything the
/// server says is here, that is all that nobody knows: a cache that was rebuilt does not remember what it had.
pub(crate) async fn drop_orphans(hub: &Arc<Hub>, here: &Here) -> Result<(), Failure> {
    let (hub, store) = (Arc::clone(hub), Arc::clone(&here.store));
    let signed_in = Arc::clone(&here.signed_in);
    blocking(move || {
        if signed_in.engine.link() == Link::Online && !signed_in.media_swept.swap(true, Ordering::Relaxed) {
            for (id, kind) in store.arrived.list().map_err(|error| unwritable(&error))? {
                if store.cache.attachment(id)?.is_none() {
                    store.arrived.remove(id, kind).map_err(|error| unwritable(&error))?;
                    store.cache.media_gone(id, kind)?;
                }
            }
        }
        for (id, kind) in store.cache.media_orphans()? {
            store.arrived.remove(id, kind).map_err(|error| unwritable(&error))?;
            store.cache.media_gone(id, kind)?;
        }
        for (id, kind, _) in store.arrived.unfinished().map_err(|error| unwritable(&error))? {
            if store.cache.attachment(id)?.is_none() {
                hub.fetches.drop_part(&store, (id, kind))?;
            }
        }
        Ok(())
    })
    .await
}

/// What is unfinished, but for `of`. Posters do not count: they never go.
fn unfinished(store: &Store, of: Key) -> Result<Vec<(Key, u64)>, Failure> {
    let parts = store.arrived.unfinished().map_err(|error| unwritable(&error))?;
    let parts = parts.into_iter().map(|(id, kind, bytes)| ((id, kind), bytes));
    Ok(parts.filter(|(key, _)| *key != of && key.1 != MediaKind::Poster).collect())
}

impl Fetches {
    /// Drops an unfinished file that nobody holds; answers whether it did. Nobody begins with it meanwhile.
    fn drop_part(&self, store: &Store, key: Key) -> Result<bool, Failure> {
        let arrivals = self.arrivals();
        if arrivals.get(&key).is_some_and(|arrival| arrival.strong_count() > 0) {
            return Ok(false);
        }
        store.arrived.abandon(key.0, key.1).map_err(|error| Failure::from(CacheError::from(error)))?;
        Ok(true)
    }
}

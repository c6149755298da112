//! The feed loop: catch up, then live; after a break wait, and catch up again.
//!
//! First sync, catch-up and live are the same step. The live connection is opened *before* catching up, so that a
//! change in between is told.

use std::sync::Arc;

use limpet_cache::CacheError;
use limpet_wire::{Code, Failure};

use super::{Link, Shared, SyncEvent};
use crate::{ServerError, http::Told, lay_over};

/// Changes in a page.
const PAGE: u32 = 500;

/// Why following ended.
enum Break {
    Server(ServerError),
    Disk(CacheError),
}

impl From<ServerError> for Break {
    fn from(error: ServerError) -> Self {
        Self::Server(error)
    }
}

impl From<CacheError> for Break {
    fn from(error: CacheError) -> Self {
        Self::Disk(error)
    }
}

pub(super) async fn follow(shared: Arc<Shared>) {
    let mut failures = 0_u32;
    loop {
        let mut was_online = false;
        let Err(end) = follow_once(&shared, &mut was_online).await;
        shared.tell(SyncEvent::NobodyKnown);
        match end {
            Break::Server(error) if error.is_signed_out() => {
                tracing::info!("The session is over");
                return shared.set_link(Link::SignedOut);
            }
            Break::Server(error) => tracing::info!(%error, "The change feed broke off"),
            Break::Disk(error) => on_damage(&shared, error).await,
        }
        // A feed that worked until now deserves a quick second try before anybody is told.
        shared.set_link(if was_online { Link::Connecting } else { Link::Offline });
        failures = if was_online { 1 } else { failures.saturating_add(1) };
        tokio::select! {
            () = tokio::time::sleep(shared.pause(failures)) => {}
            () = shared.ask.notified() => {}
        }
    }
}

async fn follow_once(shared: &Arc<Shared>, was_online: &mut bool) -> Result<std::convert::Infallible, Break> {
    let mut live = shared.parts.server.live(shared.parts.pace.silence).await?;
    catch_up(shared).await?;
    *was_online = true;
    // What waited for a better moment need not wait for its own.
    shared.on_disk(|store| store.outbox.hurry()).await?;
    shared.set_link(Link::Online);
    shared.queued.notify_one();
    loop {
        tokio::select! {
            told = live.next() => {
                match told? {
                    Told::Present(present) => shared.tell(SyncEvent::Present(present)),
                    Told::Revision(told) => {
                        if told != shared.on_disk(|store| store.cache.position()).await? {
                            catch_up(shared).await?;
                        }
                    }
                }
            }
            () = shared.ask.notified() => catch_up(shared).await?,
        }
    }
}

/// Asks for pages until there is no more, then settles what the server had accepted before the first was asked for.
async fn catch_up(shared: &Arc<Shared>) -> Result<(), Break> {
    let me = shared.parts.me;
    let mut accepted = shared.on_disk(|store| store.outbox.accepted()).await?;
    loop {
        let (since, epoch) =
            shared.on_disk(|store| Ok((store.cache.position()?, store.cache.epoch()?))).await?;
        let page = shared.parts.server.changes(since, PAGE, epoch.as_deref()).await?;
        let (more, next) = (page.more, page.revision);
        if epoch.is_none() && since.0 == 0 && more && next <= since {
            return Err(ServerError::NoWay("the change feed does not move on".to_owned()).into());
        }
        if next < since || (more && next == since) {
            // The server was set back to an older state, by a restored backup: what it says now is the truth.
            tracing::warn!(since = since.0, next = next.0, "The server was set back; the cache starts over");
            shared
                .on_disk(move |store| {
                    store.outbox.repeat_accepted()?;
                    store.cache.clear()?;
                    lay_over(store, me)
                })
                .await?;
            accepted.clear();
            shared.queued.notify_one();
            shared.tell(SyncEvent::Trouble(Failure::new(
                Code::Internal,
                "The practice's server was set back to an older state, so this computer's copy starts over. What was \
                 written since may be missing: look at the last conversations.",
            )));
            continue;
        }
        let applied = shared
            .on_disk(move |store| {
                let applied = store.cache.apply(since, &page)?;
                if applied.changed {
                    lay_over(store, me)?;
                }
                Ok(applied)
            })
            .await?;
        if applied.changed {
            shared.tell(SyncEvent::Arrived(applied.conversations));
        }
        if !more {
            break;
        }
    }
    if !accepted.is_empty() {
        shared
            .on_disk(move |store| {
                store.outbox.settle(&accepted)?;
                lay_over(store, me)
            })
            .await?;
        shared.tell(SyncEvent::Outbox(None));
    }
    Ok(())
}

async fn on_damage(shared: &Arc<Shared>, error: CacheError) {
    if !error.is_unusable_file() {
        return shared.tell(SyncEvent::Trouble(Failure::from(error)));
    }
    tracing::warn!(%error, "The cache is damaged and starts over");
    let me = shared.parts.me;
    let rebuilt = shared.on_disk(move |store| {
        let kept = store.cache.rebuild()?;
        lay_over(store, me)?;
        Ok(kept)
    });
    match rebuilt.await {
        Ok(kept) => shared.tell(SyncEvent::CacheRebuilt(kept)),
        Err(error) => shared.tell(SyncEvent::Trouble(Failure::from(error))),
    }
}

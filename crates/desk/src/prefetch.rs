//! Fetching ahead, so that what a conversation shows is there when the server is not.
//!
//! Posters, photos, stills and documents of open conversations always; clips as far as the budget goes, newest
//! first. Fetching ahead never drops anything to make room.

use std::sync::Arc;

use limpet_cache::media::MediaKind;
use limpet_model::{Attachment, AttachmentKind};
use limpet_sync::Link;
use limpet_wire::{Code, Failure};

use crate::{
    compose::unwritable,
    fetch,
    hub::{Here, Hub},
};

/// How many attachments are looked at, newest first.
const NEWEST: u32 = 2000;
/// How many clips are fetched whole before anybody opens them.
const CLIPS: usize = 100;

pub(crate) async fn run(hub: Arc<Hub>) {
    loop {
        hub.ahead.notified().await;
        if let Err(failure) = fetch_ahead(&hub).await {
            tracing::info!(code = ?failure.code, "Fetching ahead paused");
        }
    }
}

async fn fetch_ahead(hub: &Arc<Hub>) -> Result<(), Failure> {
    let here = hub.here()?;
    hub.on_disk(drop_orphans).await?;
    let attachments = hub.on_disk(|here| Ok(here.store.cache.attachments_worth_having(NEWEST)?)).await?;
    // What every list and thread shows comes before what somebody may open.
    let posters = attachments.iter().filter(|it| it.has_poster).map(|it| (it, MediaKind::Poster));
    let pictures =
        attachments.iter().filter(|it| it.kind != AttachmentKind::Clip).map(|it| (it, MediaKind::Original));
    let clips = attachments.iter().filter(|it| it.kind == AttachmentKind::Clip).take(CLIPS);
    let clips = clips.map(|it| (it, MediaKind::Original));
    for (attachment, kind) in posters.chain(pictures).chain(clips) {
        if here.signed_in.engine.link() != Link::Online {
            return Ok(());
        }
        if is_here(&here, attachment, kind) || !fits(hub, attachment, kind).await? {
            continue;
        }
        match fetch::file(hub, &here, attachment, kind).await {
            Ok(_) => {}
            Err(failure) if failure.code == Code::Offline => return Err(failure),
            // One that cannot be had does not keep the others away.
            Err(failure) => {
                tracing::info!(attachment = %attachment.id, code = ?failure.code, "Not fetched ahead");
            }
        }
    }
    Ok(())
}

fn is_here(here: &Here, attachment: &Attachment, kind: MediaKind) -> bool {
    here.store.arrived.has(attachment.id, kind) || here.store.outgoing.has(attachment.id, kind)
}

async fn fits(hub: &Arc<Hub>, attachment: &Attachment, kind: MediaKind) -> Result<bool, Failure> {
    if kind != MediaKind::Original {
        return Ok(true);
    }
    let (budget, bytes) = (hub.media_budget, u64::try_from(attachment.bytes).unwrap_or(u64::MAX));
    hub.on_disk(move |here| Ok(here.store.cache.media_to_drop(budget, bytes)?.is_empty())).await
}

/// Media of attachments that the server has deleted go from this computer, too.
fn drop_orphans(here: &Here) -> Result<(), Failure> {
    for (id, kind) in here.store.cache.media_orphans()? {
        here.store.arrived.remove(id, kind).map_err(|error| unwritable(&error))?;
        here.store.cache.media_gone(id, kind)?;
    }
    Ok(())
}

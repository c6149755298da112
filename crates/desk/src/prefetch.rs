//! Fetching ahead, so that what a conversation shows is there when the server is not.
//!
//! Posters, photos, stills and documents of open conversations always; clips as far as the budget goes, newest
//! first. Fetching ahead never drops anything to make room, and waits while somebody waits for a file.

use std::sync::Arc;

use limpet_cache::media::MediaKind;
use limpet_model::{Attachment, AttachmentKind};
use limpet_sync::Link;
use limpet_wire::{Code, Failure};

use crate::{
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
    fetch::drop_orphans(hub, &here).await?;
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
        if is_here(&here, attachment, kind) || !fetch::fits(hub, &here, attachment, kind).await? {
            continue;
        }
        match fetch::ahead(hub, &here, attachment, kind).await {
            Ok(()) => {}
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

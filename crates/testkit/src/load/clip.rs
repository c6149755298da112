//! A clip that is sent, and prepared by the server's workers.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use limpet_model::{AttachmentId, AttachmentState};
use limpet_wire::changes::Entity;
use reqwest::Client as Http;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{
    Target, people,
    usage::{cpu_between, used},
};
use crate::clinic::{self, api::Device};

/// How often to look whether it is ready.
const LOOK: Duration = Duration::from_millis(200);
/// Longest wait.
const PATIENCE: Duration = Duration::from_secs(900);

/// Which.
#[derive(Args)]
pub struct Wanted {
    #[command(flatten)]
    target: Target,
    /// The clip.
    clip: PathBuf,
}

pub(super) async fn prepare(wanted: Wanted) -> Result<Value> {
    let practice = people::read(&wanted.target.people)?.into_iter().next().context("no practice")?;
    let talk = practice.talks.first().context("no conversation")?;
    let phone = Device::with(&Http::new(), &wanted.target.url, talk.phone.clone());
    let bytes = std::fs::metadata(&wanted.clip)?.len();
    let (begun, before) = (Instant::now(), used(&wanted.target.watched));
    let id = clinic::send_from(&phone, talk.conversation, &wanted.clip).await?;
    let sent_s = begun.elapsed().as_secs_f64();
    while !is_ready(&phone, id).await? {
        if begun.elapsed() > PATIENCE {
            bail!("the clip is still being prepared after {} s", PATIENCE.as_secs());
        }
        sleep(LOOK).await;
    }
    Ok(json!({
        "bytes": bytes,
        "sent_s": sent_s,
        "ready_s": begun.elapsed().as_secs_f64(),
        // Of a decoder child once it has ended.
        "cpu_s": cpu_between(&before, &used(&wanted.target.watched)),
    }))
}

async fn is_ready(device: &Device, id: AttachmentId) -> Result<bool> {
    for entity in device.everything().await? {
        match entity {
            Entity::Attachment(attachment) if attachment.id == id => match attachment.state {
                AttachmentState::Ready => return Ok(true),
                AttachmentState::Refused { reason } => bail!("the server refused the clip: {reason}"),
                AttachmentState::Uploading { .. } | AttachmentState::Processing => {}
            },
            _ => {}
        }
    }
    Ok(false)
}

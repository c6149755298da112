//! A new device reads everything.

use anyhow::{Context as _, Result};
use clap::Args;
use reqwest::{Client as Http, Method};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    Target, people,
    spread::spread,
    usage::{cpu_between, used},
};
use crate::clinic::api::{Device, heard};

/// How it is read.
#[derive(Args)]
pub struct Wanted {
    #[command(flatten)]
    target: Target,
    /// Changes in a page.
    #[arg(long, default_value_t = 1000)]
    page: u32,
}

#[derive(Deserialize)]
struct Page {
    revision: i64,
    more: bool,
    changes: Vec<Change>,
}

#[derive(Deserialize)]
struct Change {
    entity: Entity,
}

#[derive(Deserialize)]
struct Entity {
    kind: String,
}

pub(super) async fn read(wanted: Wanted) -> Result<Value> {
    let practice = people::read(&wanted.target.people)?.into_iter().next().context("no practice")?;
    let device = Device::with(&Http::new(), &wanted.target.url, practice.desk);
    let (begun, before) = (Instant::now(), used(&wanted.target.watched));
    let (mut since, mut bytes, mut changes, mut messages) = (0, 0, 0, 0);
    let mut pages = Vec::new();
    loop {
        let asked = Instant::now();
        let path = format!("/v1/changes?since={since}&limit={}", wanted.page);
        let body = heard(device.ask(Method::GET, &path)).await?.bytes().await?;
        pages.push(asked.elapsed().as_secs_f64() * 1000.0);
        let page: Page = serde_json::from_slice(&body)?;
        bytes += body.len();
        changes += page.changes.len();
        messages += page.changes.iter().filter(|change| change.entity.kind == "message").count();
        since = page.revision;
        if !page.more {
            break;
        }
    }
    Ok(json!({
        "changes": changes,
        "messages": messages,
        "bytes": bytes,
        "requests": pages.len(),
        "seconds": begun.elapsed().as_secs_f64(),
        "page_ms": spread(pages),
        "cpu_s": cpu_between(&before, &used(&wanted.target.watched)),
    }))
}

//! `limpet-server link`: closing an invitation or a media link.

use anyhow::{Context, bail};
use clap::Subcommand;
use url::Url;

use super::{Place, say, with_store};
use crate::{by::Actor, clock::Clock, secrets::token_hash, store::Store};

#[derive(Subcommand)]
pub(super) enum LinkCommand {
    /// Close an invitation or a media link for good.
    Revoke {
        #[command(flatten)]
        place: Place,
        /// The whole link.
        link: String,
    },
}

impl LinkCommand {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let Self::Revoke { place, link } = self;
        with_store(&place, async |store| revoke(store, &link).await).await
    }
}

async fn revoke(store: &Store, link: &str) -> anyhow::Result<()> {
    let now = Clock::system().now();
    let url = Url::parse(link).context("that is not a link")?;
    let parts: Vec<&str> = url.path_segments().map(Iterator::collect).unwrap_or_default();
    let closed = match parts.as_slice() {
        ["o", token] => store.revoke_invitation(&token_hash(token), Actor::Operator, now).await?,
        ["m", capability, ..] => store.revoke_capability(capability, Actor::Operator, now).await?,
        _ => bail!("that is neither an invitation nor a media link"),
    };
    if !closed {
        bail!("this link is not open: it was closed before, or it is not this server's");
    }
    say("closed")
}

//! `limpet-server link`: closing an invitation or a media link.

use anyhow::{Context, bail};
use clap::Subcommand;
use url::Url;

use super::{Place, say, with_store};
use crate::{by::Actor, clock::Clock, progress::counted, secrets::token_hash, store::Store};

#[derive(Subcommand)]
pub(super) enum LinkCommand {
    /// Close an invitation or a media link for good. With an invitation, that client's devices are signed out: they
    /// need a new link.
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
    let said = match parts.as_slice() {
        ["o", token] => {
            let devices = store.revoke_invitation(&token_hash(token), Actor::Operator, now).await?;
            devices.map(|devices| match devices {
                0 => "closed; no device was signed in".to_owned(),
                _ => format!(
                    "closed, and {} of this client signed out: send the client a new link",
                    counted(devices, "device")
                ),
            })
        }
        ["m", capability, ..] => {
            store.revoke_capability(capability, Actor::Operator, now).await?.then(|| "closed".to_owned())
        }
        _ => bail!("that is neither an invitation nor a media link"),
    };
    match said {
        Some(said) => say(&said),
        None => bail!("this link is not open: it was closed before, or it is not this server's"),
    }
}

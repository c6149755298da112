//! `limpet-server practice`: adding one, and how much it may keep.

use anyhow::bail;
use clap::Subcommand;
use limpet_model::{Practice, PracticeId};

use super::{Place, practice_id, say, with_store};
use crate::{
    clock::Clock,
    store::{Store, quota::Room},
};

#[derive(Subcommand)]
pub(super) enum PracticeCommand {
    /// Add a practice and print its id.
    Add {
        #[command(flatten)]
        place: Place,
        /// Name on the letterhead.
        #[arg(long)]
        name: String,
        /// IANA time zone, such as Europe/Madrid.
        #[arg(long)]
        time_zone: String,
        /// Street and town.
        #[arg(long, default_value = "")]
        address: String,
        /// Telephone as printed.
        #[arg(long, default_value = "")]
        phone: String,
    },
    /// Limit how many bytes of files a practice may keep, or lift the limit; then, and without either, print how many it
    /// keeps and may keep.
    Quota {
        #[command(flatten)]
        place: Place,
        /// The practice's id.
        #[arg(long)]
        practice: String,
        /// So many bytes.
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(0..))]
        bytes: Option<i64>,
        /// As many as there is room for.
        #[arg(long, conflicts_with = "bytes")]
        unlimited: bool,
    },
}

impl PracticeCommand {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Add { place, name, time_zone, address, phone } => {
                let practice = Practice { id: PracticeId::new(), name, address, phone, time_zone };
                with_store(&place, async |store| add_practice(store, &practice).await).await
            }
            Self::Quota { place, practice, bytes, unlimited } => {
                let practice = practice_id(&practice)?;
                with_store(&place, async |store| set_quota(store, practice, bytes, unlimited).await).await
            }
        }
    }
}

async fn add_practice(store: &Store, practice: &Practice) -> anyhow::Result<()> {
    if practice.name.trim().is_empty() {
        bail!("the practice needs a name");
    }
    if jiff::tz::TimeZone::get(&practice.time_zone).is_err() {
        bail!("{} is not a time zone; write it like Europe/Madrid or America/New_York", practice.time_zone);
    }
    store.add_practice(practice, Clock::system().now()).await?;
    say(&practice.id.to_string())
}

async fn set_quota(
    store: &Store,
    practice: PracticeId,
    bytes: Option<i64>,
    unlimited: bool,
) -> anyhow::Result<()> {
    if bytes.is_some() || unlimited {
        store.set_quota(practice, bytes).await?;
    }
    let Room { kept, quota } = store.room(practice).await?;
    say(&quota.map_or_else(|| format!("{kept} bytes"), |quota| format!("{kept} of {quota} bytes")))
}

//! `limpet-server audit`: whether the log is as it was written, and giving it out.

use anyhow::bail;
use clap::Subcommand;
use limpet_model::PracticeId;

use super::{Place, practice_id, say, with_store};
use crate::{progress::counted, store::Store};

#[derive(Subcommand)]
pub(super) enum AuditCommand {
    /// Read the log of every practice again, or of one, and end with an error when it is not as it was written. Prints
    /// the last number and hash: whoever keeps them elsewhere sees whether a log was made anew.
    Verify {
        #[command(flatten)]
        place: Place,
        /// The practice's id; by default every practice.
        #[arg(long)]
        practice: Option<String>,
    },
    /// Print the log of a practice, a JSON object a line.
    Export {
        #[command(flatten)]
        place: Place,
        /// The practice's id.
        #[arg(long)]
        practice: String,
    },
}

impl AuditCommand {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Verify { place, practice } => {
                let practice = practice.as_deref().map(practice_id).transpose()?;
                with_store(&place, async |store| verify_audit(store, practice).await).await
            }
            Self::Export { place, practice } => {
                let practice = practice_id(&practice)?;
                with_store(&place, async |store| export_audit(store, practice).await).await
            }
        }
    }
}

async fn verify_audit(store: &Store, practice: Option<PracticeId>) -> anyhow::Result<()> {
    let practices = match practice {
        Some(practice) => vec![practice],
        None => store.practices().await?,
    };
    let mut broken = false;
    for practice in practices {
        match store.verify_audit(practice).await? {
            Ok(end) => say(&format!("{practice}: {}, {}", counted(end.number, "row"), end.hash))?,
            Err(found) => {
                broken = true;
                say(&format!("{practice}: {found}"))?;
            }
        }
    }
    if broken {
        bail!("a log is not as it was written; compare it with a backup");
    }
    Ok(())
}

async fn export_audit(store: &Store, practice: PracticeId) -> anyhow::Result<()> {
    let mut after = 0;
    loop {
        let page = store.audit(practice, after, i64::MAX).await?;
        for entry in &page.entries {
            say(&serde_json::to_string(entry)?)?;
            after = entry.number;
        }
        if !page.more {
            return Ok(());
        }
    }
}

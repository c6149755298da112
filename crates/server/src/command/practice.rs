//! `limpet-server practice`: adding, listing, showing, setting, bringing in its clients, what it keeps, and how much room
//! it has.

use std::{io::Read, path::PathBuf};

use anyhow::{Context, anyhow, bail};
use clap::Subcommand;
use limpet_model::{Practice, PracticeId};
use limpet_wire::http::{ImportDates, PracticeChange};
use serde_json::Value;

use super::{
    Place,
    import::{import, in_words},
    practice_id, retention, say, with_store, with_store_or_new,
};
use crate::{
    by::{Actor, By},
    clock::Clock,
    imports::{Said, fields},
    progress::counted,
    store::{Store, audit::Act, quota::Room},
    words,
};

/// What `--data` is to the first practice.
const DATA: &str = "Folder that holds the database, the uploads and the blobs; created if need be. Not needed with --database";

#[derive(Subcommand)]
pub(super) enum PracticeCommand {
    /// Add a practice and print its id.
    #[command(mut_arg("data", |data| data.help(DATA)))]
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
    /// Print every practice, its id first.
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Print a practice and its settings as JSON.
    Show {
        #[command(flatten)]
        place: Place,
        /// The practice's id.
        #[arg(long)]
        practice: String,
    },
    /// Change settings: JSON on standard input, as PATCH /v1/practice takes it. Prints what came of it.
    Set {
        #[command(flatten)]
        place: Place,
        /// The practice's id.
        #[arg(long)]
        practice: String,
    },
    /// Print for how long a practice keeps its conversations, what is on hold, and which go within 30 days and when.
    Retention {
        #[command(flatten)]
        place: Place,
        /// The practice's id.
        #[arg(long)]
        practice: String,
    },
    /// Bring in clients and patients from a CSV file, as POST /v1/imports does, and print what it does row by row.
    Import {
        #[command(flatten)]
        place: Place,
        /// The practice's id.
        #[arg(long)]
        practice: String,
        /// Only print what it would do.
        #[arg(long)]
        preview: bool,
        #[arg(long, value_name = "JSON", help = columns_help())]
        columns: Option<String>,
        /// How days are written that could be read either way.
        #[arg(long, value_parser = ["day_first", "month_first"])]
        dates: Option<String>,
        /// Where the refused rows are written, to be mended and brought in. It is written anew each time: when nothing is
        /// refused it holds the headings alone.
        #[arg(long, value_name = "FILE")]
        refused: Option<PathBuf>,
        /// The file.
        file: PathBuf,
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

fn columns_help() -> String {
    format!(
        "Which column is what, as a JSON object of headings and fields, such as {{\"Owner\": \"client_name\"}}; null leaves \
         a column out, and the others are recognised. The fields: {}",
        fields()
    )
}

impl PracticeCommand {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Add { place, name, time_zone, address, phone } => {
                let (id, settings) = (PracticeId::new(), Box::default());
                let practice = Practice { id, name, address, phone, time_zone, settings };
                with_store_or_new(&place, async |store| add(store, &practice).await).await
            }
            Self::List { place } => with_store(&place, list).await,
            Self::Show { place, practice } => {
                with_store(&place, async |store| show(&find(store, &practice).await?)).await
            }
            Self::Set { place, practice } => {
                with_store(&place, async |store| set(store, &practice).await).await
            }
            Self::Retention { place, practice } => {
                let practice = practice_id(&practice)?;
                with_store(&place, async |store| retention::show(store, practice).await).await
            }
            Self::Import { place, practice, preview, columns, dates, refused, file } => {
                let practice = practice_id(&practice)?;
                let dates = dates.as_deref().map(|word| match word {
                    "day_first" => ImportDates::DayFirst,
                    _ => ImportDates::MonthFirst,
                });
                let said = Said::read(columns.as_deref(), dates).map_err(|problem| in_words(&problem))?;
                let refused = refused.as_deref();
                with_store(&place, async |store| {
                    import(store, practice, &file, preview, &said, refused).await
                })
                .await
            }
            Self::Quota { place, practice, bytes, unlimited } => {
                let practice = practice_id(&practice)?;
                with_store(&place, async |store| set_quota(store, practice, bytes, unlimited).await).await
            }
        }
    }
}

async fn add(store: &Store, practice: &Practice) -> anyhow::Result<()> {
    if practice.name.trim().is_empty() {
        bail!("the practice needs a name");
    }
    if jiff::tz::TimeZone::get(&practice.time_zone).is_err() {
        bail!("{} is not a time zone; write it like Europe/Madrid or America/New_York", practice.time_zone);
    }
    let now = Clock::system().now();
    store.add_practice(practice, now).await?;
    store.note(By::new(practice.id, Actor::Operator, now), Act::Added, Value::Null).await?;
    say(&practice.id.to_string())
}

async fn set_quota(
    store: &Store,
    practice: PracticeId,
    bytes: Option<i64>,
    unlimited: bool,
) -> anyhow::Result<()> {
    if bytes.is_some() || unlimited {
        let by = By::new(practice, Actor::Operator, Clock::system().now());
        store.set_quota(by, bytes).await?;
    }
    let Room { kept, quota } = store.room(practice).await?;
    let bytes = |count: i64| counted(count, "byte");
    say(&quota.map_or_else(|| bytes(kept), |quota| format!("{kept} of {}", bytes(quota))))
}

async fn list(store: &Store) -> anyhow::Result<()> {
    for id in store.practices().await? {
        let practice = store.practice(id).await?.context("a practice went away")?;
        say(&format!("{id} {}", practice.name))?;
    }
    Ok(())
}

async fn find(store: &Store, id: &str) -> anyhow::Result<Practice> {
    store.practice(practice_id(id)?).await?.with_context(|| format!("there is no practice with the id {id}"))
}

fn show(practice: &Practice) -> anyhow::Result<()> {
    say(&serde_json::to_string_pretty(practice)?)
}

async fn set(store: &Store, id: &str) -> anyhow::Result<()> {
    let practice = find(store, id).await?;
    let mut json = String::new();
    std::io::stdin().lock().read_to_string(&mut json).context("cannot read standard input")?;
    let change: PracticeChange = serde_json::from_str(&json).context("standard input is not a change")?;
    words::check_practice(&change).map_err(|problem| anyhow!(problem.failure().message.clone()))?;
    let by = By::new(practice.id, Actor::Operator, Clock::system().now());
    show(&store.change_practice(by, &change).await?)
}

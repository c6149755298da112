//! The command line: what can be asked, where an installation is, and how the log is written. Each command is a file.
//!
//! **Invariant:** standard output holds only the answer: the line that says where the server listens, the id of what was
//! added, or what was done. Everything else goes to standard error. A password comes from standard input, never from an
//! argument.

mod audit;
mod doctor;
mod import;
mod keep;
mod link;
mod practice;
mod retention;
mod serve;
mod staff;
mod token;

use std::{
    io::Write,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, anyhow, bail};
use clap::{Args, Parser, Subcommand, ValueEnum};
use limpet_model::PracticeId;
use tokio_util::task::TaskTracker;
use tracing_subscriber::EnvFilter;

use crate::{blobs::Bucket, live::Live, serve::open_store, store::Store};

/// The hosted backend of Limpet.
#[derive(Parser)]
#[command(name = "limpet-server", version, about)]
struct CommandLine {
    /// How the log is written to standard error: json, a line of JSON for each event, or text, for people. By default
    /// json of serve and text of the other commands.
    #[arg(long, global = true, value_name = "FORMAT")]
    log_format: Option<LogFormat>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve a data folder until SIGTERM or ctrl-c.
    Serve(serve::Serve),
    /// Practices.
    #[command(subcommand)]
    Practice(practice::PracticeCommand),
    /// Staff members.
    #[command(subcommand)]
    Staff(staff::StaffCommand),
    /// Invitations and media links.
    #[command(subcommand)]
    Link(link::LinkCommand),
    /// Who did what.
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Tokens of integrations.
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Look whether every file that the database knows is there and was prepared, and no other is. Opens only what is
    /// there, and ends with an error when not all is well. After files were moved, --repair, when all are found, has the
    /// server look for them there.
    Doctor(doctor::Doctor),
    #[command(flatten)]
    Keep(keep::Keep),
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    Json,
    Text,
}

#[derive(Args)]
struct Place {
    /// Folder that holds the database, the uploads and the blobs: one that is there. Not needed with --database.
    #[arg(long, value_name = "DIR", required_unless_present = "database")]
    data: Option<PathBuf>,
    /// `postgres://` address; by default SQLite in the data folder.
    #[arg(long, value_name = "URL", env = "LIMPET_DATABASE", hide_env_values = true)]
    database: Option<String>,
    /// Bucket for the files, `s3://bucket/folder`, which any number of nodes may share; by default a folder in the data
    /// folder. AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY say how it is reached.
    #[arg(long, value_name = "URL", env = "LIMPET_BLOBS")]
    blobs: Option<String>,
}

impl Place {
    fn bucket(&self) -> Option<Bucket> {
        self.blobs.as_ref().map(Bucket::from_environment)
    }

    /// The data folder, for what cannot do without.
    fn folder(&self) -> anyhow::Result<&Path> {
        self.data.as_deref().context("say --data, or both --database and --blobs")
    }
}

/// Does what the command line says.
pub fn run() -> anyhow::Result<()> {
    let line = CommandLine::parse();
    let filter = EnvFilter::try_from_env("LIMPET_LOG").unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn"));
    let serves = matches!(line.command, Command::Serve(_));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match line.log_format.unwrap_or(if serves { LogFormat::Json } else { LogFormat::Text }) {
        LogFormat::Json => log.json().with_current_span(false).init(),
        LogFormat::Text => log.with_ansi(false).init(),
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = runtime.block_on(async {
        match line.command {
            Command::Serve(serve) => serve.run().await,
            Command::Practice(command) => command.run().await,
            Command::Staff(command) => command.run().await,
            Command::Link(command) => command.run().await,
            Command::Audit(command) => command.run().await,
            Command::Token(command) => token::run(command).await,
            Command::Doctor(doctor) => doctor.run().await,
            Command::Keep(keep) => keep.run().await,
        }
    });
    // A clip that is being prepared is not waited for: its job is done again at the next start.
    runtime.shutdown_timeout(Duration::from_secs(1));
    done
}

/// Listens from now on for being asked to stop, and ends when that happens.
fn asked_to_stop() -> std::io::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        Ok(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        })
    }
    #[cfg(windows)]
    {
        let mut ctrl_c = tokio::signal::windows::ctrl_c()?;
        Ok(async move {
            ctrl_c.recv().await;
        })
    }
}

/// Does something with the store that is there: an empty one that was made for a mistyped folder would have nothing wrong
/// with it.
async fn with_store(
    place: &Place,
    work: impl AsyncFnOnce(&Store) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    if let Some(url) = &place.database {
        let store = Store::open_at_any_step(url).await?;
        let tables = store.table_names().await;
        store.close().await;
        if !tables?.contains("_sqlx_migrations") {
            bail!("no limpet-server has used this database; is it the one that the server has?");
        }
    } else {
        let folder = place.folder()?;
        if !folder.join("limpet.db").is_file() {
            bail!("there is no database in {}; say --database if the server has another", folder.display());
        }
    }
    with_store_or_new(place, work).await
}

/// Does something with the store, and closes it whatever came of that: SQLCipher's connections end in threads of their
/// own, and one that still does while the process ends frees what OpenSSL is freeing.
async fn with_store_or_new(
    place: &Place,
    work: impl AsyncFnOnce(&Store) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let (folder, database) = (place.data.as_deref().unwrap_or(Path::new("")), place.database.as_deref());
    let store = open_store(folder, database, Live::default(), TaskTracker::new()).await?;
    let done = work(&store).await;
    store.close().await;
    done
}

fn practice_id(text: &str) -> anyhow::Result<PracticeId> {
    text.parse().map_err(|_| anyhow!("{text} is not a practice's id"))
}

fn say(line: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}

//! `limpet-testkit`: generated clips and the demo practice, for scripts and for tests that are not written in
//! Rust.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use anyhow::{Context as _, Result, bail};
use clap::Parser;
use limpet_model::ConversationId;
use limpet_testkit::{
    clinic,
    clips::{self, Bad, Kind},
    load::Load,
    postgres::Cluster,
    seaweed::Seaweed,
};
use tokio::runtime::Runtime;

/// Generated clips, the numbers in their pictures, and the demo practice.
#[derive(Parser)]
enum Task {
    /// Writes a generated clip to a file.
    Clip {
        /// Which; `list` tells them all.
        #[arg(long)]
        kind: String,
        /// The file to write. Without it, the path in the cache is printed.
        #[arg(short, long)]
        output: Option<PathBuf>,
    },
    /// Lists the kinds of clips.
    List,
    /// Prints the number burnt into an upright picture (PNG, JPEG or WebP).
    Number {
        /// The picture.
        picture: PathBuf,
    },
    /// Makes the demo practice and prints it as JSON: `practice`, `staff` (sign-in names and passwords, the first
    /// one is the demo's) and `conversations` (the first one is the demo's).
    Clinic {
        /// Data folder of the server.
        #[arg(long)]
        data: PathBuf,
        /// Address of the server that runs on the data folder. Without it none may be running: one is started
        /// for the while, and clients have been waiting for hours and days.
        #[arg(long)]
        url: Option<String>,
    },
    /// Runs a command with a PostgreSQL and an S3 store of its own, which every limpet-server below it takes instead of
    /// SQLite and a folder. Ends as the command does.
    Grown {
        /// The command and what it is told.
        #[arg(required = true, trailing_var_arg = true)]
        command: Vec<OsString>,
    },
    /// Runs a command with a PostgreSQL of its own that waits for the disk, as one in earnest does: its address is
    /// `LIMPET_DATABASE`. Ends as the command does.
    Database {
        /// The command and what it is told.
        #[arg(required = true, trailing_var_arg = true)]
        command: Vec<OsString>,
    },
    /// Does what very many devices do, and prints what was seen as JSON.
    #[command(subcommand)]
    Load(Load),
    /// Prints a link for the client of a conversation.
    Invite {
        /// Address of the server.
        #[arg(long)]
        url: String,
        /// Sign-in name of a staff member.
        #[arg(long)]
        email: String,
        /// Their password.
        #[arg(long, default_value = clinic::PASSWORD)]
        password: String,
        /// The conversation.
        conversation: ConversationId,
    },
}

fn main() -> ExitCode {
    match run(Task::parse()) {
        Ok(ended) => ended,
        Err(error) => {
            eprintln!("limpet-testkit: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<ExitCode> {
    match task {
        Task::Clip { kind, output } => clip(&kind, output)?,
        Task::List => {
            for name in Kind::ALL.iter().map(|kind| kind.name()).chain(Bad::ALL.iter().map(|bad| bad.name()))
            {
                println!("{name}");
            }
        }
        Task::Number { picture } => number(&picture)?,
        Task::Clinic { data, url } => make_clinic(&data, url.as_deref())?,
        Task::Grown { command } => return grown(&command),
        Task::Database { command } => return database(&command),
        Task::Load(load) => println!("{}", Runtime::new()?.block_on(load.run())?),
        Task::Invite { url, email, password, conversation } => {
            let invitation =
                Runtime::new()?.block_on(clinic::invite(&url, &email, &password, conversation))?;
            println!("{}", invitation.link);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn grown(command: &[OsString]) -> Result<ExitCode> {
    let (cluster, seaweed) = (Cluster::start()?, Seaweed::start()?);
    let mut environment = vec![
        ("LIMPET_DATABASE".to_owned(), cluster.create_database("limpet")?),
        ("LIMPET_BLOBS".to_owned(), seaweed.blobs("files")),
    ];
    environment.extend(seaweed.environment());
    run_with(command, environment)
}

fn database(command: &[OsString]) -> Result<ExitCode> {
    let cluster = Cluster::start_synced()?;
    run_with(command, vec![("LIMPET_DATABASE".to_owned(), cluster.create_database("limpet")?)])
}

fn run_with(command: &[OsString], environment: Vec<(String, String)>) -> Result<ExitCode> {
    let (program, told) = command.split_first().context("no command")?;
    let status = Command::new(program)
        .args(told)
        .envs(environment)
        .status()
        .with_context(|| format!("{} does not start", program.display()))?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}

fn make_clinic(data: &Path, url: Option<&str>) -> Result<()> {
    let (runtime, clips) = (Runtime::new()?, clips::cache_dir());
    let clinic = match url {
        Some(url) => runtime.block_on(clinic::seed_now(data, url, &clips))?,
        None => runtime.block_on(clinic::seed_past(data, &clips))?,
    };
    println!("{}", serde_json::to_string_pretty(&clinic)?);
    Ok(())
}

fn clip(name: &str, output: Option<PathBuf>) -> Result<()> {
    let dir = clips::cache_dir();
    let made = if name.starts_with("bad-") {
        clips::make_bad(name.parse().map_err(anyhow::Error::msg)?, &dir)?
    } else {
        clips::make(name.parse().map_err(anyhow::Error::msg)?, &dir)?
    };
    match output {
        Some(output) => {
            fs::copy(&made, &output).with_context(|| format!("{} cannot be written", output.display()))?;
        }
        None => println!("{}", made.display()),
    }
    Ok(())
}

fn number(path: &PathBuf) -> Result<()> {
    let picture =
        image::open(path).with_context(|| format!("{} is not a picture", path.display()))?.to_rgb8();
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    match clips::read_number(clips::Rgb { width, height, bytes: picture.as_raw() }) {
        Some(number) => println!("{number}"),
        None => bail!("no number can be read in {}", path.display()),
    }
    Ok(())
}

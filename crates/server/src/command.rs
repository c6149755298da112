//! The command line.
//!
//! Standard output holds only the answer: the line that says where the server listens, or the id of what was
//! added, or what was done. Everything else goes to standard error. A password comes from standard input, never from an argument.

mod keep;

mod token;

mod practices;

use std::{
    io::{BufRead, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, anyhow, bail};
use clap::{Args, Parser, Subcommand, ValueEnum};
use limpet_model::{PracticeId, Role, StaffId, StaffMember};
use tokio_util::task::TaskTracker;
use tracing_subscriber::EnvFilter;
use url::Url;

use self::practices::PracticeCommand;
use crate::{
    blobs::{Blobs, Bucket},
    by::{Actor, By},
    clock::Clock,
    doctor,
    live::Live,
    secrets::{check_password, hash_password, token_hash},
    serve::{Mail, Settings, keeper, node, open_store, start},
    store::{Store, StoreError, file_url, staff::fold_email},
};

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
    Serve(Serve),
    /// Practices.
    #[command(subcommand)]
    Practice(PracticeCommand),
    /// Staff members.
    #[command(subcommand)]
    Staff(StaffCommand),
    /// Invitations and media links.
    #[command(subcommand)]
    Link(LinkCommand),
    /// Who did what.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Tokens of integrations.
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Look whether every file that the database knows is there and was prepared, and no other is. Opens only what is
    /// there, and ends with an error when not all is well. After files were moved, --repair, when all are found, has the
    /// server look for them there.
    Doctor {
        #[command(flatten)]
        place: Place,
        /// Move files that no attachment has to blobs/aside/, from where you may remove them, and have the server make
        /// again what can be made from an original.
        #[arg(long)]
        repair: bool,
    },
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
    /// Folder that holds the database, the uploads and the blobs; created if need be. With --database and --blobs
    /// nothing in it is worth keeping, and without it a server makes one for as long as it runs.
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

#[derive(Args)]
struct Serve {
    #[command(flatten)]
    place: Place,
    /// Where to listen; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8470")]
    listen: SocketAddr,
    /// How the outside reaches this server: links begin with it.
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Clips prepared at once; 0 for none.
    #[arg(long, value_name = "N", default_value_t = 1)]
    workers: usize,
    /// Take clients' addresses from the last entry of X-Forwarded-For, which a proxy in front writes.
    #[arg(long)]
    behind_proxy: bool,
    /// Allow webhooks on this computer, also without TLS: for tests and for development.
    #[arg(long)]
    webhooks_to_loopback: bool,
    /// Mail server, such as smtps://user:password@mail.example.org:465; no mail is sent without. With smtp:// TLS begins
    /// before anything else is said, unless the server is on this machine.
    #[arg(long, value_name = "URL", env = "LIMPET_SMTP", hide_env_values = true, requires = "mail_from")]
    smtp: Option<String>,
    /// Who mails are from, such as "Limpet <limpet@example.org>".
    #[arg(long, value_name = "MAILBOX", env = "LIMPET_MAIL_FROM")]
    mail_from: Option<String>,
    /// Go on serving so many seconds after SIGTERM, saying 503 at /readyz, until no balancer sends anything here.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    drain: u64,
    /// Show metrics for Prometheus at /metrics of this address, such as 127.0.0.1:9470; whoever reaches it reads them.
    #[arg(long, value_name = "ADDR")]
    metrics: Option<SocketAddr>,
    /// Send traces to this OpenTelemetry collector by OTLP over HTTP; /v1/traces is added.
    #[arg(long, value_name = "URL", env = "OTEL_EXPORTER_OTLP_ENDPOINT")]
    otlp: Option<String>,
}

#[derive(Subcommand)]
enum StaffCommand {
    /// Add a staff member and print the id. The password is read from standard input.
    Add {
        #[command(flatten)]
        place: Place,
        /// The practice's id.
        #[arg(long)]
        practice: String,
        /// Name as clients see it.
        #[arg(long)]
        name: String,
        /// E-mail address to sign in with.
        #[arg(long)]
        email: String,
        /// What they may do.
        #[arg(long)]
        role: RoleName,
    },
}

#[derive(Subcommand)]
enum LinkCommand {
    /// Close an invitation or a media link for good.
    Revoke {
        #[command(flatten)]
        place: Place,
        /// The whole link.
        link: String,
    },
}

#[derive(Subcommand)]
enum AuditCommand {
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

#[derive(Clone, Copy, ValueEnum)]
enum RoleName {
    Admin,
    Veterinarian,
    Technician,
    #[value(alias = "front_desk")]
    FrontDesk,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Admin => Self::Admin,
            RoleName::Veterinarian => Self::Veterinarian,
            RoleName::Technician => Self::Technician,
            RoleName::FrontDesk => Self::FrontDesk,
        }
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
            Command::Serve(serve) => run_server(serve).await,
            Command::Practice(command) => practices::run(command).await,
            Command::Staff(StaffCommand::Add { place, practice, name, email, role }) => {
                let practice = practice_id(&practice)?;
                let email = fold_email(&email);
                let member = StaffMember { id: StaffId::new(), name, role: role.into(), email, active: true };
                with_store(&place, async |store| add_staff(store, practice, &member).await).await
            }
            Command::Link(LinkCommand::Revoke { place, link }) => {
                with_store(&place, async |store| revoke(store, &link).await).await
            }
            Command::Audit(AuditCommand::Verify { place, practice }) => {
                let practice = practice.as_deref().map(practice_id).transpose()?;
                with_store(&place, async |store| verify_audit(store, practice).await).await
            }
            Command::Audit(AuditCommand::Export { place, practice }) => {
                let practice = practice_id(&practice)?;
                with_store(&place, async |store| export_audit(store, practice).await).await
            }
            Command::Token(command) => token::run(command).await,
            Command::Doctor { place, repair } => look_after(&place, repair).await,
            Command::Keep(keep) => keep.run().await,
        }
    });
    // A clip that is being prepared is not waited for: its job is done again at the next start.
    runtime.shutdown_timeout(Duration::from_secs(1));
    done
}

async fn run_server(serve: Serve) -> anyhow::Result<()> {
    if let Some(url) = &serve.public_url {
        let parsed = Url::parse(url).with_context(|| format!("--public-url {url} is not an address"))?;
        if !matches!(parsed.scheme(), "http" | "https") || parsed.host().is_none() {
            bail!("--public-url has to begin with http:// or https://");
        }
    }
    let bucket = serve.place.bucket();
    // A node without a folder of its own has one for the while, and with it a name of its own.
    let passing = if serve.place.data.is_none() && serve.place.database.is_some() && bucket.is_some() {
        Some(tempfile::Builder::new().prefix("limpet-server-").tempdir()?)
    } else {
        None
    };
    let data = match &passing {
        Some(folder) => folder.path(),
        None => serve.place.folder()?,
    };
    let settings = Settings {
        listen: serve.listen,
        public_url: serve.public_url,
        blobs: bucket,
        workers: serve.workers,
        behind_proxy: serve.behind_proxy,
        mail: serve.smtp.zip(serve.mail_from).map(|(server, from)| Mail { server, from }),
        drain: Duration::from_secs(serve.drain),
        metrics: serve.metrics,
        otlp: serve.otlp.filter(|address| !address.is_empty()),
        webhooks_to_loopback: serve.webhooks_to_loopback,
        ..Settings::in_folder(data)
    };
    let settings = Settings { database: serve.place.database, ..settings };
    let running = start(settings).await?;
    say(&format!("listening on http://{}", running.address))?;
    asked_to_stop().await?;
    running.stop().await;
    Ok(())
}

async fn asked_to_stop() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            done = tokio::signal::ctrl_c() => done,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}

/// Does something with the store, and closes it whatever came of that: SQLCipher's connections end in threads of their
/// own, and one that still does while the process ends frees what OpenSSL is freeing.
async fn with_store(
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

async fn verify_audit(store: &Store, practice: Option<PracticeId>) -> anyhow::Result<()> {
    let practices = match practice {
        Some(practice) => vec![practice],
        None => store.practices().await?,
    };
    let mut broken = false;
    for practice in practices {
        match store.verify_audit(practice).await? {
            Ok(end) => say(&format!("{practice}: {} rows, {}", end.number, end.hash))?,
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

async fn add_staff(store: &Store, practice: PracticeId, member: &StaffMember) -> anyhow::Result<()> {
    if member.name.trim().is_empty() {
        bail!("the staff member needs a name");
    }
    let parts = member.email.split_once('@');
    if !parts.is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@')) {
        bail!("{} is not an e-mail address", member.email);
    }
    if store.practice(practice).await?.is_none() {
        bail!("there is no practice with the id {practice}");
    }
    let mut password = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut password)
        .context("cannot read the password from standard input")?;
    let password = password.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        bail!("no password on standard input");
    }
    check_password(password, &member.email).map_err(|reason| anyhow!(reason))?;
    let hash = hash_password(password).map_err(|error| anyhow!("cannot hash the password: {error}"))?;
    match store.add_staff(By::new(practice, Actor::Operator, Clock::system().now()), member, &hash).await {
        Ok(()) => say(&member.id.to_string()),
        Err(StoreError::Conflict(_)) => bail!("somebody already signs in as {}", member.email),
        Err(error) => Err(error.into()),
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

/// Opens only what is there: an empty database beside full folders would make everything in them nobody's.
async fn look_after(place: &Place, repair: bool) -> anyhow::Result<()> {
    let url = if let Some(url) = &place.database {
        url.clone()
    } else {
        let folder = place.folder()?;
        let file = folder.join("limpet.db");
        if !file.is_file() {
            bail!("there is no database in {}; say --database if the server has another", folder.display());
        }
        file_url(&file)
    };
    let blobs = if let Some(bucket) = place.bucket() {
        Blobs::in_bucket(&bucket)?
    } else {
        let folder = place.folder()?.join("blobs");
        if !folder.is_dir() {
            bail!("there is no folder {}; say --blobs if the files are in a bucket", folder.display());
        }
        Blobs::in_folder(&folder)?
    };
    let store = Store::open_as_it_is(&url).await?;
    let done = async {
        examine(&store, &blobs, repair).await?;
        if repair {
            // Everything was found here: from now on it is here that files are.
            let node = if place.blobs.is_some() { String::new() } else { node(place.folder()?)? };
            store.files_are_with(keeper(store.engine(), place.blobs.is_some(), &node)).await?;
        }
        Ok(())
    };
    let done = done.await;
    store.close().await;
    done
}

async fn examine(store: &Store, blobs: &Blobs, repair: bool) -> anyhow::Result<()> {
    let now = Clock::system().now();
    let found = doctor::examine(store, blobs, now).await?;
    for finding in &found {
        say(&finding.to_string())?;
    }
    let count = found.len();
    let left = if repair { doctor::mend(store, blobs, found, now).await? } else { found };
    match (count, left.len()) {
        (0, _) => say("all is well"),
        (_, 0) => say("mended; what has to be made again is made while the server runs"),
        (_, 1) if repair => bail!("1 of these cannot be mended"),
        (_, left) if repair => bail!("{left} of these cannot be mended"),
        _ => bail!("not all is well; with --repair what can be is mended"),
    }
}

fn say(line: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}

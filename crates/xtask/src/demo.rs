//! The demo: a practice with a past, a server, the desktop app signed in.
//!
//! Runs inside the session that `script/with-desktop` makes, which gives it a keyring and ends everything it
//! started, also when it is stopped by Ctrl-C.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, ensure};
use limpet_testkit::{
    clinic::{self, Clinic},
    clips,
    servers::{Server, program},
};
use tokio::runtime::Runtime;

/// What the demo is asked for.
#[derive(clap::Args)]
pub struct Demo {
    /// A clip of your own: it is sent by the first client, like one from their phone.
    #[arg(long, value_name = "FILE")]
    clip: Option<PathBuf>,
    /// Do not open the desktop app: only the server and the practice.
    #[arg(long)]
    no_window: bool,
}

impl Demo {
    /// Runs until the desktop app is closed.
    pub fn run(self) -> Result<()> {
        let folder = tempfile::Builder::new().prefix("limpet-demo.").tempdir()?;
        let (data, profile) = (folder.path().join("server"), folder.path().join("profile"));
        let runtime = Runtime::new()?;
        println!("Making the demo practice ...");
        let clinic = runtime.block_on(clinic::seed_past(&data, &clips::cache_dir()))?;
        let server = Server::start_in(&data, "127.0.0.1:0")?;
        let (me, first) = (
            clinic.staff.first().context("the practice has no staff")?,
            clinic.conversations.first().context("the practice has no conversations")?,
        );
        let invitation = runtime.block_on(clinic::invite(server.url(), &me.email, &me.password, first.id))?;
        if let Some(clip) = &self.clip {
            runtime.block_on(clinic::send_clip(server.url(), &invitation, first.id, clip))?;
        }
        print_card(&clinic, server.url(), &invitation.link)?;
        if self.no_window {
            println!("Ctrl-C stops everything.");
            loop {
                std::thread::park();
            }
        }
        sign_in(&profile, server.url(), &me.email, &me.password)?;
        let status = Command::new(program("limpet")?)
            .env("LIMPET_LOG", std::env::var_os("LIMPET_LOG").unwrap_or_else(|| "warn".into()))
            .arg("--profile")
            .arg(&profile)
            .status()
            .context("the desktop app does not start")?;
        ensure!(status.success(), "the desktop app ended with {status}");
        Ok(())
    }
}

fn print_card(clinic: &Clinic, url: &str, link: &str) -> Result<()> {
    let (me, first) = (
        clinic.staff.first().context("the practice has no staff")?,
        clinic.conversations.first().context("the practice has no conversations")?,
    );
    println!();
    println!("  The practice's side is the window that opens: {} is signed in.", me.name);
    println!(
        "  The owner's side: {}'s phone, about {}. Open this link in a browser,",
        first.client, first.patient
    );
    println!("  best in a narrow window:");
    println!();
    println!("    {link}");
    println!();
    println!("  Server {url}   sign-in {}   password {}", me.email, me.password);
    println!("  Closing the window, or Ctrl-C here, stops everything and removes it.");
    println!();
    Ok(())
}

fn sign_in(profile: &Path, url: &str, email: &str, password: &str) -> Result<()> {
    let mut child = Command::new(program("limpet-cli")?)
        .args(["sign-in", "--server", url, "--email", email, "--profile"])
        .arg(profile)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .context("limpet-cli does not start")?;
    writeln!(child.stdin.take().context("no pipe")?, "{password}")?;
    let status = child.wait()?;
    ensure!(status.success(), "limpet-cli could not sign in");
    Ok(())
}

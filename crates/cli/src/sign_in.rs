//! `limpet-cli sign-in --server URL --email E`: signs a profile in, so that the desktop app opens signed in.
//!
//! The password is read from standard input, never from the command line, where other users could see it; where a code
//! is asked for at sign-in, it is read from the line after it.

use std::path::PathBuf;

use anyhow::Context as _;
use limpet_desk::{Desk, DeskOptions, default_profile};
use limpet_wire::{
    Code, Failure,
    calls::Answers as _,
    desk::{Connection, DeskSignIn, DeskState},
};

/// Arguments of the command.
#[derive(Debug, clap::Args)]
pub struct SignIn {
    /// Address of the server.
    #[arg(long, value_name = "URL")]
    server: String,
    /// Sign-in name.
    #[arg(long, value_name = "EMAIL")]
    email: String,
    /// Folder of the profile.
    #[arg(long, env = "LIMPET_PROFILE", value_name = "DIR")]
    profile: Option<PathBuf>,
}

/// Runs it. Prints who is signed in and where.
pub fn run(arguments: SignIn) -> anyhow::Result<()> {
    let mut password = String::new();
    std::io::stdin().read_line(&mut password).context("the password could not be read")?;
    let password = password.trim_end_matches(['\r', '\n']).to_owned();
    anyhow::ensure!(!password.is_empty(), "Give the password on standard input.");
    let profile = profile(arguments.profile)?;
    let wanted = DeskSignIn { server: arguments.server, email: arguments.email, password, code: None };
    let state = runtime()?.block_on(async {
        let desk = Desk::open(DeskOptions::new(profile)).await?;
        let mut signed_in = desk.sign_in(wanted.clone()).await;
        if let Err(Failure { code: Code::CodeNeeded, message }) = &signed_in {
            eprintln!("{message}");
            signed_in = desk.sign_in(DeskSignIn { code: Some(typed_code()?), ..wanted }).await;
        }
        let state = match signed_in {
            Ok(_) => fetched(&desk).await,
            Err(failure) => Err(failure),
        };
        desk.close().await;
        state
    })?;
    if let Some(session) = state.session {
        println!("signed in as {} at {}", session.staff.name, session.practice.name);
    }
    Ok(())
}

fn typed_code() -> Result<String, Failure> {
    let mut code = String::new();
    let unreadable = |_| {
        Failure::new(Code::Invalid, "The code could not be read. Give it on the line after the password.")
    };
    std::io::stdin().read_line(&mut code).map_err(unreadable)?;
    Ok(code.trim().to_owned())
}

/// Waits until the copy is up to date, so that exports find something, or until the server is gone again.
async fn fetched(desk: &Desk) -> Result<DeskState, Failure> {
    let mut events = desk.events();
    loop {
        let state = desk.state(()).await?;
        if state.connection != Connection::Connecting {
            return Ok(state);
        }
        // One that was missed says no more than that it is time to look.
        let _ = events.recv().await;
    }
}

/// The profile's folder: as named, or the platform's.
pub fn profile(named: Option<PathBuf>) -> anyhow::Result<PathBuf> {
    match named {
        Some(folder) => Ok(folder),
        None => Ok(default_profile()?),
    }
}

/// What commands that talk to a desk run on.
pub fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

//! limpet-bridge: the desk over loopback HTTP, so that a plain browser can run the desktop UI.
//!
//! For tests and for work on the UI. Standard output carries one line, the address to open; logs go to standard
//! error.
//!
//! **Invariant:** only this computer can connect, and only who holds the token in the printed address is answered.

mod answer;
mod calls;
mod events;
mod files;
mod guard;
mod media;
mod serve;
mod stage;

use std::{io::Write, net::SocketAddr, path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::{Context, Result, bail};
use clap::Parser;
use guard::Guard;
use limpet_desk::{Desk, DeskOptions, default_profile};
use serve::Bridge;
use stage::Stage;
use tokio::{net::TcpListener, signal};
use tokio_util::sync::CancellationToken;

#[derive(Parser)]
#[command(name = "limpet-bridge", version, about = "The desktop app in a plain browser, over loopback HTTP.")]
struct Cli {
    /// Folder of the profile; the one of the desktop app when absent.
    #[arg(long, env = "LIMPET_PROFILE")]
    profile: Option<PathBuf>,
    /// Where to listen. Only an address of this computer itself is possible.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
}

fn main() -> ExitCode {
    limpet_video::run_child_if_asked();
    let logs = std::env::var("RUST_LOG").unwrap_or_else(|_| "warn".into());
    tracing_subscriber::fmt().with_env_filter(logs).with_writer(std::io::stderr).init();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let outcome = runtime.context("no runtime").and_then(|runtime| runtime.block_on(run(Cli::parse())));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> Result<()> {
    if !cli.listen.ip().is_loopback() {
        bail!("{} is not an address of this computer itself. Use 127.0.0.1.", cli.listen.ip());
    }
    let profile = match cli.profile {
        Some(profile) => profile,
        None => default_profile()?,
    };
    let desk = Desk::open(DeskOptions::new(&profile)).await?;
    let listener = TcpListener::bind(cli.listen)
        .await
        .with_context(|| format!("{} cannot be listened on; another program may use it", cli.listen))?;
    let address = listener.local_addr()?;
    let guard = Guard::new(address)?;
    let stage = Stage::open(&profile).context("the folder for incoming files cannot be made")?;

    let mut out = std::io::stdout();
    writeln!(out, "bridge on {}", guard.address())?;
    out.flush()?;

    let stop = CancellationToken::new();
    let bridge = Arc::new(Bridge { desk: desk.clone(), guard, stage, stop: stop.clone() });
    tokio::select! {
        served = serve::serve(listener, bridge.clone()) => served?,
        () = asked_to_stop() => {}
    }
    stop.cancel();
    desk.close().await;
    bridge.stage.clear();
    Ok(())
}

async fn asked_to_stop() {
    let interrupted = signal::ctrl_c();
    #[cfg(unix)]
    {
        if let Ok(mut terminated) = signal::unix::signal(signal::unix::SignalKind::terminate()) {
            tokio::select! {
                _ = interrupted => {}
                _ = terminated.recv() => {}
            }
            return;
        }
    }
    let _ = interrupted.await;
}

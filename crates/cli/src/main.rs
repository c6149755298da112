//! limpet-cli: the desktop's core without a window, for scheduled exports, support and measurement.
//!
//! **Invariant:** answers go to standard output in the form that `help` describes, and nothing else does. What
//! went wrong is one sentence on standard error, and the exit code is then 1.

mod clip;
mod sign_in;
mod transcript;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "limpet-cli", version, about = "Limpet without a window.", after_help = clip::TIMES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Print what a clip is, as JSON.
    Probe(clip::probe::Probe),
    /// Print the time and hash of every frame, decoded by the review engine.
    Frames(clip::frames::Frames),
    /// Write a frame as a person sees it: upright and in standard range.
    Still(clip::still::Still),
    /// Write the sound, at any speed with its pitch kept.
    Sound(clip::sound::Sound),
    /// Replay what a hand does in the review room and print how fast the frames came.
    Trace(clip::trace::Trace),
    /// Sign a profile in; the password comes from standard input.
    SignIn(sign_in::SignIn),
    /// Write the PDF of a conversation from the local copy.
    Transcript(transcript::Transcript),
}

fn main() -> ExitCode {
    limpet_video::run_child_if_asked();
    let logs = std::env::var("RUST_LOG").unwrap_or_else(|_| "off".into());
    tracing_subscriber::fmt().with_env_filter(logs).with_writer(std::io::stderr).init();
    let outcome = match Cli::parse().command {
        Command::Probe(command) => command.run(),
        Command::Frames(command) => command.run(),
        Command::Still(command) => command.run(),
        Command::Sound(command) => command.run(),
        Command::Trace(command) => command.run(),
        Command::SignIn(arguments) => sign_in::run(arguments),
        Command::Transcript(arguments) => transcript::run(arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

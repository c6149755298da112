//! `cargo xtask`: what the scripts need and a shell should not do.

mod check;
mod demo;
mod generate;

use std::{path::PathBuf, process::ExitCode};

use clap::Parser;

/// The project's own tasks.
#[derive(Parser)]
enum Task {
    /// Writes ui/shared/gen/wire.ts from crates/wire.
    Gen {
        /// Only compare with what is committed.
        #[arg(long)]
        check: bool,
    },
    /// Checks who knows whom: crates, imports of the UI, first lines, colours, the list of dependencies.
    Check,
    /// Opens the desktop app on a demo practice and prints the owner's link. `script/demo` builds first, and
    /// gives it a keyring.
    Demo(demo::Demo),
}

fn main() -> ExitCode {
    let done = match Task::parse() {
        Task::Gen { check } => generate::generate(&root(), check),
        Task::Check => check::check(&root()),
        Task::Demo(demo) => demo.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The project's folder.
fn root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).map(PathBuf::from).unwrap_or(here)
}

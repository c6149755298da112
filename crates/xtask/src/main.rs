//! `cargo xtask`: what the scripts need and a shell should not do.

use std::{fs, path::PathBuf};

use anyhow::{Context as _, Result, ensure};
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
}

fn main() -> Result<()> {
    match Task::parse() {
        Task::Gen { check } => generate(check),
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn generate(check: bool) -> Result<()> {
    let path = root().join("ui/shared/gen/wire.ts");
    let text = limpet_wire::typescript::typescript();
    if check {
        let committed =
            fs::read_to_string(&path).context("ui/shared/gen/wire.ts is missing: run `cargo xtask gen`")?;
        ensure!(
            committed == text,
            "ui/shared/gen/wire.ts differs from crates/wire: run `cargo xtask gen` and commit it"
        );
    } else {
        fs::create_dir_all(path.parent().context("no parent")?)?;
        fs::write(path, text)?;
    }
    Ok(())
}

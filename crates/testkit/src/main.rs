//! `limpet-testkit`: generated clips for scripts and for tests that are not written in Rust.

use std::{fs, path::PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::Parser;
use limpet_testkit::clips::{self, Bad, Kind};

/// Generated clips, and the numbers in their pictures.
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
}

fn main() -> Result<()> {
    match Task::parse() {
        Task::Clip { kind, output } => clip(&kind, output),
        Task::List => {
            for name in Kind::ALL.iter().map(|kind| kind.name()).chain(Bad::ALL.iter().map(|bad| bad.name()))
            {
                println!("{name}");
            }
            Ok(())
        }
        Task::Number { picture } => number(&picture),
    }
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

//! `limpet-cli frames`.

use std::{
    io::{self, BufWriter, Write},
    path::PathBuf,
};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use limpet_video::{Clip, Order};

/// Visits every shown frame through the review engine and prints a line for each: pts_us, a tab, and the MD5 of
/// the decoded picture in its native pixel format, planes packed without padding, before scaling, rotation and
/// tone mapping. That is what ffmpeg's framemd5 hashes. A damaged frame has no line; how many there are is said
/// on standard error.
#[derive(Args)]
pub struct Frames {
    /// A video file, or a photo with a moving part.
    clip: PathBuf,
    /// Another track of pictures than the main one: its stream, as `probe` prints it.
    #[arg(long)]
    track: Option<usize>,
    /// In which order.
    #[arg(long, value_enum, default_value_t = Visit::Forward)]
    order: Visit,
    /// Decides the shuffled order.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Visit {
    /// First to last.
    Forward,
    /// Last to first.
    Reverse,
    /// Every frame once, in an order that depends on the seed alone.
    Shuffle,
}

impl Frames {
    pub fn run(&self) -> Result<()> {
        let order = match self.order {
            Visit::Forward => Order::Forward,
            Visit::Reverse => Order::Reverse,
            Visit::Shuffle => Order::Shuffle { seed: self.seed },
        };
        let clip = match self.track {
            Some(track) => Clip::open_track(super::source(&self.clip)?, track)?,
            None => super::open(&self.clip)?,
        };
        let mut out = BufWriter::new(io::stdout().lock());
        let mut damaged = 0;
        let mut printed = Ok(());
        clip.hashes(order, &mut |hash| match hash.md5 {
            Some(md5) if printed.is_ok() => {
                printed = writeln!(out, "{}\t{:032x}", hash.time.0, u128::from_be_bytes(md5));
            }
            Some(_) => {}
            None => damaged += 1,
        })?;
        printed.and_then(|()| out.flush()).context("The frames could not be printed")?;
        if damaged > 0 {
            let (are, were) = if damaged == 1 { ("is", "was") } else { ("are", "were") };
            eprintln!("{damaged} of {} frames {are} damaged and {were} left out.", clip.probe().frames);
        }
        Ok(())
    }
}

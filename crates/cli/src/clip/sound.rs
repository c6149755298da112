//! `limpet-cli sound`.

use std::{
    fs::File,
    io::{self, BufWriter, IntoInnerError, Write as _},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use limpet_model::Micros;
use limpet_video::{Passage, Speed};

/// Asked for at a time, seconds of what comes out.
const PART: u32 = 1;

/// Writes the sound of a clip as the review room plays it: 16-bit stereo, at any speed with its pitch kept, silence
/// where the clip has none.
#[derive(Args)]
pub struct Sound {
    /// A video file.
    clip: PathBuf,
    /// Where to begin: microseconds of the container's own time. The first shown frame when not given.
    #[arg(long, allow_negative_numbers = true)]
    from_us: Option<i64>,
    /// How much of the clip, microseconds of its own time. To the end of the last frame when not given.
    #[arg(long)]
    length_us: Option<i64>,
    /// Speed, 0.1 to 4: at 0.5 the file is twice as long as the clip.
    #[arg(long, default_value_t = 1.0)]
    rate: f64,
    /// Samples a second in the file, 8000 to 192000.
    #[arg(long, default_value_t = 48_000)]
    hz: u32,
    /// The file to write: .wav, or .raw for samples alone, little endian. One that is there is replaced.
    #[arg(short, long)]
    output: PathBuf,
}

impl Sound {
    pub fn run(&self) -> Result<()> {
        let ending = self.output.extension().unwrap_or_default().to_ascii_lowercase();
        ensure!(
            ending == "wav" || ending == "raw",
            "Sound is written as WAV or raw. Name a .wav or .raw file."
        );
        ensure!((0.1..=4.0).contains(&self.rate), "The rate is 0.1 to 4, not {}.", self.rate);
        ensure!(
            (Passage::LEAST_HZ..=Passage::MOST_HZ).contains(&self.hz),
            "There are 8000 to 192000 samples a second, not {}.",
            self.hz
        );
        let place = |path: &Path| path.canonicalize().ok();
        ensure!(
            place(&self.output).is_none_or(|output| Some(output) != place(&self.clip)),
            "The sound would replace the clip. Name another file."
        );
        let clip = super::open(&self.clip)?;
        ensure!(clip.has_sound(), "This clip has no sound.");
        let probe = clip.probe();
        let from = Micros(self.from_us.map_or(0, |from| from.saturating_sub(probe.start_us)));
        let length = self.length_us.unwrap_or(probe.duration_us.saturating_sub(from.0));
        ensure!(length > 0, "There is nothing of the clip after that.");
        let passage = Passage::from_time(from, self.hz, Speed::of_rate(self.rate));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive; saturates")]
        let count = (length as f64 / 1e6 / passage.speed.rate() * f64::from(self.hz)).round() as u64;
        ensure!(count < 1 << 29, "That is more than fits into one file. Ask for a shorter part.");

        let written = || format!("The sound could not be written to {}", self.output.display());
        let aside = Aside::of(&self.output);
        let mut file = BufWriter::new(File::create(&aside.0).with_context(written)?);
        if ending == "wav" {
            file.write_all(&wav_head(self.hz, count)).with_context(written)?;
        }
        let (mut at, mut tries) = (0, 0);
        while at < count {
            let most = u32::try_from(count - at).unwrap_or(u32::MAX).min(self.hz * PART);
            let sound = clip.sound(passage, at, most)?;
            tries = if sound.is_empty() { tries + 1 } else { 0 };
            if tries > 1000 {
                bail!("The sound of this clip cannot be reached.");
            }
            at += sound.len() as u64;
            let bytes: Vec<u8> = sound.iter().flatten().flat_map(|side| side.to_le_bytes()).collect();
            file.write_all(&bytes).with_context(written)?;
        }
        let file = file.into_inner().map_err(IntoInnerError::into_error).with_context(written)?;
        // Some systems rename no file that is open.
        drop(file);
        aside.take_place(&self.output).with_context(written)
    }
}

/// A file beside its place until it is whole: what is under the name somebody gave is never half of it.
struct Aside(PathBuf);

impl Aside {
    fn of(place: &Path) -> Self {
        let name = place.file_name().unwrap_or_default().to_string_lossy();
        Self(place.with_file_name(format!(".{name}.{}.part", std::process::id())))
    }

    fn take_place(self, place: &Path) -> io::Result<()> {
        std::fs::rename(&self.0, place)
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        // It is gone once it has taken its place.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Head of a WAV file of 16-bit stereo.
fn wav_head(hz: u32, samples: u64) -> Vec<u8> {
    let data = u32::try_from(samples * 4).unwrap_or(u32::MAX);
    let mut head = b"RIFF".to_vec();
    head.extend(data.saturating_add(36).to_le_bytes());
    head.extend(b"WAVEfmt ");
    // 16 bytes follow; PCM; two channels; samples and bytes a second; bytes of a sample of both; bits of one.
    head.extend(16_u32.to_le_bytes());
    head.extend([1_u16, 2].into_iter().flat_map(u16::to_le_bytes));
    head.extend([hz, hz * 4].into_iter().flat_map(u32::to_le_bytes));
    head.extend([4_u16, 16].into_iter().flat_map(u16::to_le_bytes));
    head.extend(b"data");
    head.extend(data.to_le_bytes());
    head
}

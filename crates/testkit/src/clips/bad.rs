//! Files that are not the clip they claim to be.

use std::{
    fs::{self, File, OpenOptions},
    io::{Seek as _, SeekFrom, Write as _},
    path::Path,
    process::Command,
    str::FromStr,
};

use anyhow::{Context as _, Result, ensure};

use super::{Kind, make};

/// A kind of bad file. All are named `.mp4`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bad {
    /// Nothing in it.
    Empty,
    /// Ends before its index: nothing can be read from it.
    NoIndex,
    /// The index is there, half of the pictures are not.
    CutShort,
    /// Text.
    Text,
    /// A PDF.
    Pdf,
    /// A good clip of 201 MiB, over the limit of 200. Sparse: it takes no room on most file systems.
    TooLarge,
}

impl Bad {
    /// All of them.
    pub const ALL: &[Self] =
        &[Self::Empty, Self::NoIndex, Self::CutShort, Self::Text, Self::Pdf, Self::TooLarge];

    /// The name, as the command line and the file have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Empty => "bad-empty",
            Self::NoIndex => "bad-no-index",
            Self::CutShort => "bad-cut-short",
            Self::Text => "bad-text",
            Self::Pdf => "bad-pdf",
            Self::TooLarge => "bad-too-large",
        }
    }
}

impl FromStr for Bad {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.iter().copied().find(|bad| bad.name() == name).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|bad| bad.name()).collect();
            format!("there is no bad clip {name:?}; there are {}", names.join(", "))
        })
    }
}

/// Writes it to `path`; good clips to spoil are kept in `dir`.
pub fn write(bad: Bad, path: &Path, dir: &Path) -> Result<()> {
    match bad {
        Bad::Empty => drop(File::create(path)?),
        Bad::NoIndex => {
            let whole = fs::read(make(Kind::NoAudio, dir)?)?;
            fs::write(path, whole.get(..whole.len() * 6 / 10).unwrap_or_default())?;
        }
        Bad::CutShort => {
            index_first(&make(Kind::NoAudio, dir)?, path)?;
            let length = fs::metadata(path)?.len();
            OpenOptions::new().write(true).open(path)?.set_len(length * 6 / 10)?;
        }
        Bad::Text => fs::write(path, "He limps after the walk, but not before it.\n".repeat(200))?,
        Bad::Pdf => fs::write(path, pdf())?,
        Bad::TooLarge => {
            fs::copy(make(Kind::NoAudio, dir)?, path)?;
            pad(path, 201 * 1024 * 1024)?;
        }
    }
    Ok(())
}

fn index_first(from: &Path, to: &Path) -> Result<()> {
    let status = Command::new("ffmpeg")
        .args(["-hide_banner", "-nostdin", "-loglevel", "error", "-y", "-i"])
        .arg(from)
        .args(["-c", "copy", "-movflags", "+faststart", "-f", "mp4"])
        .arg(to)
        .status()
        .context("the ffmpeg program is missing: script/bootstrap installs it")?;
    ensure!(status.success(), "ffmpeg could not move the index to the front");
    Ok(())
}

/// Grows an MP4 with an empty `free` box, which players skip.
fn pad(path: &Path, length: u64) -> Result<()> {
    let mut file = OpenOptions::new().write(true).open(path)?;
    let end = file.seek(SeekFrom::End(0))?;
    file.write_all(&u32::try_from(length - end)?.to_be_bytes())?;
    file.write_all(b"free")?;
    Ok(file.set_len(length)?)
}

/// One empty page. Without a table of objects: readers find them by looking.
fn pdf() -> &'static str {
    "%PDF-1.4\n\
     1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n\
     2 0 obj\n<< /Type /Pages /Kids [3 0 R] /Count 1 >>\nendobj\n\
     3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>\nendobj\n\
     trailer << /Size 4 /Root 1 0 R >>\n%%EOF\n"
}

//! Two things that FFmpeg 5.1's command line cannot write into an MP4 or QuickTime file: a display matrix, and
//! an edit list that hides decoded frames. Both are numbers in boxes that are there already.
//!
//! Boxes and fields: ISO/IEC 14496-12, 8.3.2 (`tkhd`), 8.6.6 (`elst`), 8.2.2 (`mvhd`), 8.4.2 (`mdhd`).

use std::{fs, ops::Range, path::Path};

use anyhow::{Context as _, Result, ensure};

use super::recipe::Turn;

/// Turns the video track of the file and hides its first `skipped` seconds, of every track.
pub fn patch(path: &Path, turn: Turn, skipped: f64) -> Result<()> {
    let mut bytes = fs::read(path)?;
    let whole = 0..bytes.len();
    let movie = child(&bytes, &whole, *b"moov")?;
    let header = child(&bytes, &movie, *b"mvhd")?;
    let ticks = number(&bytes, header.start + 12)?;
    for track in children(&bytes, &movie, *b"trak") {
        let head = child(&bytes, &track, *b"tkhd")?;
        let (width, height) = (number(&bytes, head.start + 76)?, number(&bytes, head.start + 80)?);
        if width > 0 && turn != Turn::Upright {
            turn_track(&mut bytes, &head, turn, (width, height))?;
        }
        if skipped > 0.0 {
            hide(&mut bytes, &track, skipped, ticks)?;
        }
    }
    Ok(fs::write(path, bytes)?)
}

/// `width` and `height` are 16.16 fixed point, as stored.
fn turn_track(bytes: &mut [u8], head: &Range<usize>, turn: Turn, (width, height): (u32, u32)) -> Result<()> {
    const ONE: u32 = 0x1_0000;
    let minus = ONE.wrapping_neg();
    // x' = a x + c y + tx, y' = b x + d y + ty
    let (a, b, c, d, tx, ty) = match turn {
        Turn::Upright => (ONE, 0, 0, ONE, 0, 0),
        Turn::Quarter => (0, ONE, minus, 0, height, 0),
        Turn::Half => (minus, 0, 0, minus, width, height),
        Turn::ThreeQuarters => (0, minus, ONE, 0, 0, width),
        Turn::Mirrored => (minus, 0, 0, ONE, width, 0),
        Turn::MirroredQuarter => (0, minus, minus, 0, height, width),
    };
    let matrix = [a, b, 0, c, d, 0, tx, ty, 0x4000_0000];
    for (place, value) in (head.start + 40..).step_by(4).zip(matrix) {
        set(bytes, place, value)?;
    }
    Ok(())
}

/// Moves the start of the track's one edit later.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "seconds of a short clip, in ticks"
)]
fn hide(bytes: &mut [u8], track: &Range<usize>, skipped: f64, movie_ticks: u32) -> Result<()> {
    let media = child(bytes, track, *b"mdia")?;
    let media_header = child(bytes, &media, *b"mdhd")?;
    let media_ticks = number(bytes, media_header.start + 12)?;
    let edits = child(bytes, track, *b"edts")?;
    let list = child(bytes, &edits, *b"elst")?;
    ensure!(
        number(bytes, list.start)? == 0 && number(bytes, list.start + 4)? == 1,
        "expected one short edit"
    );
    let (length, start) = (number(bytes, list.start + 8)?, number(bytes, list.start + 12)?);
    let shorter = (skipped * f64::from(movie_ticks)).round() as u32;
    let later = (skipped * f64::from(media_ticks)).round() as u32;
    set(bytes, list.start + 8, length.saturating_sub(shorter))?;
    set(bytes, list.start + 12, start + later)
}

/// The contents of the first box of this kind within.
fn child(bytes: &[u8], within: &Range<usize>, kind: [u8; 4]) -> Result<Range<usize>> {
    children(bytes, within, kind)
        .into_iter()
        .next()
        .with_context(|| format!("no {} box", String::from_utf8_lossy(&kind)))
}

fn children(bytes: &[u8], within: &Range<usize>, kind: [u8; 4]) -> Vec<Range<usize>> {
    let mut found = vec![];
    let mut place = within.start;
    while let (Ok(size), Some(name)) = (number(bytes, place), bytes.get(place + 4..place + 8)) {
        let end = place + size as usize;
        if size < 8 || end > within.end {
            break;
        }
        if name == kind {
            found.push(place + 8..end);
        }
        place = end;
    }
    found
}

fn number(bytes: &[u8], place: usize) -> Result<u32> {
    let word = bytes.get(place..place + 4).context("the file ends too soon")?;
    Ok(u32::from_be_bytes(word.try_into()?))
}

fn set(bytes: &mut [u8], place: usize, value: u32) -> Result<()> {
    let word = bytes.get_mut(place..place + 4).context("the file ends too soon")?;
    word.copy_from_slice(&value.to_be_bytes());
    Ok(())
}

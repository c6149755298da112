//! `limpet-cli trace`: what a hand does, in real time, and how fast the frames came.
//!
//! The engine is asked over its frame socket, as the review room asks it, so the times hold the transport to
//! this process but no drawing. Every picture that came is compared with the same frame decoded from the start
//! to the end without a seek.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use clap::Args;
use limpet_model::{Pts, Timebase};
use limpet_video::{FrameSocket, MEMORY, Review, Seen, prepare};
use limpet_wire::frames::FrameRequest;
use serde::{Deserialize, Serialize};

/// How long one frame may take before the trace is given up.
const PATIENCE: Duration = Duration::from_secs(60);

/// Replays [{"t_ms", "pts_us"}, ..] in real time and prints one JSON object: entries, each with pts_us, first_ms (until
/// any picture for it, near or exact; null when none came), shown_us (the time of the last picture that came for it, as
/// it says itself), exact_ms (until the exact one), got_us (that one's time), failed (why it cannot be shown; null for
/// most) and superseded (a newer entry came before its exact frame); first_ms, index_ms and open_ms (from opening the
/// clip until any picture was there, until its frames were known, and until the first frame was there exactly); late
/// (pictures for an older entry after one for a newer: 0); wrong (pictures that are not the frame they claim to be: 0);
/// cpu_ms, peak_rss_bytes and decoded (pictures, the same one as often as it came) of the decoder.
#[derive(Args)]
pub struct Trace {
    /// A video file.
    clip: PathBuf,
    /// A JSON file.
    #[arg(value_name = "TRACE")]
    moments: PathBuf,
    /// Send each entry only when the exact frame of the one before has come, to measure single operations.
    #[arg(long)]
    settle: bool,
    /// With --settle: send each entry at a beat of so many milliseconds, as a key does that is held down; t_ms is nothing then.
    #[arg(long, value_name = "MS", requires = "settle", value_parser = clap::value_parser!(u64).range(1..))]
    beat: Option<u64>,
    /// The entries are steps, not moves of a dragging hand: only exact pictures are asked for, as for an arrow key.
    #[arg(long)]
    steps: bool,
    /// The size of the view, in pixels of the stored picture: pictures are shrunk to fit.
    #[arg(long, default_value = "1280x720", value_parser = view_size)]
    view: (u32, u32),
    /// Where the right hashes of this clip at this size are kept from one trace to the next: made when it is not there.
    #[arg(long, value_name = "FILE")]
    reference: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Moment {
    t_ms: f64,
    pts_us: i64,
}

#[derive(Serialize)]
struct Report {
    first_ms: Option<f64>,
    index_ms: f64,
    open_ms: f64,
    entries: Vec<Entry>,
    late: u32,
    wrong: u32,
    cpu_ms: Option<u64>,
    peak_rss_bytes: Option<u64>,
    decoded: u64,
}

#[derive(Serialize, Clone)]
struct Entry {
    pts_us: i64,
    first_ms: Option<f64>,
    shown_us: Option<i64>,
    exact_ms: Option<f64>,
    got_us: Option<i64>,
    failed: Option<String>,
    superseded: bool,
}

/// A picture that came: which frame it claims to be, whether exactly, and its hash.
struct Claim {
    frame: u32,
    exact: bool,
    md5: [u8; 16],
}

/// The right hashes of every frame.
#[derive(Serialize, Deserialize, Default)]
struct Right {
    views: HashMap<u32, String>,
    /// Of the small copies under a moving hand.
    sketches: HashMap<u32, String>,
}

impl Trace {
    pub fn run(&self) -> Result<()> {
        let moments = read(&self.moments)?;
        // As in the app, whose next decoder is always ready.
        prepare()?;
        let opening = Instant::now();
        let review = Review::open(super::source(&self.clip)?, MEMORY)?;
        let mut replay = Replay::start(review.address(), &moments)?;
        let index_ms = ms_since(opening);
        let open_ms = replay.open(self.view, opening)?;
        let clip = review.clip()?;
        let began = Instant::now();
        for (number, moment) in moments.iter().enumerate() {
            replay.watch(began + due(self.beat, moment.t_ms, began.elapsed()))?;
            let drags = !self.settle && !self.steps;
            replay.ask(number, super::frame_at(&clip, moment.pts_us), self.view, drags)?;
            if self.settle {
                replay.settle(number)?;
            }
        }
        replay.settle(moments.len() - 1)?;
        let usage = clip.usage()?;
        let first_ms = replay.socket.first_at().map(|at| ms(at.saturating_duration_since(opening)));
        let Replay { entries, late, claims, .. } = replay;
        drop(clip);
        let wrong = self.wrong(&claims)?;
        let entries = entries
            .into_iter()
            .map(|entry| Entry { superseded: entry.exact_ms.is_none() && entry.failed.is_none(), ..entry })
            .collect();
        super::print_json(&Report {
            first_ms,
            index_ms,
            open_ms,
            entries,
            late,
            wrong,
            cpu_ms: usage.cpu_ms,
            peak_rss_bytes: usage.peak_rss_bytes,
            decoded: usage.decoded,
        })
    }
}

impl Trace {
    /// How many pictures are not the frame they claim to be.
    fn wrong(&self, claims: &[Claim]) -> Result<u32> {
        let right = self.right()?;
        let wrong = claims.iter().filter(|claim| {
            let md5 = hex::encode(claim.md5);
            let is = |hashes: &HashMap<u32, String>| hashes.get(&claim.frame) == Some(&md5);
            !(is(&right.views) || (!claim.exact && is(&right.sketches)))
        });
        Ok(u32::try_from(wrong.count())?)
    }

    /// The hash of every frame, by a decoder that starts at the start and never seeks.
    fn right(&self) -> Result<Right> {
        if let Some(text) = self.reference.as_ref().and_then(|path| std::fs::read_to_string(path).ok()) {
            return serde_json::from_str(&text).context("The reference is not one of this program's");
        }
        let mut right = Right::default();
        let clip = super::open(&self.clip)?;
        clip.views(self.view.0, self.view.1, &mut |hash| {
            right.views.extend(hash.md5.map(|md5| (hash.frame, hex::encode(md5))));
        })?;
        clip.sketches(&mut |hash| {
            right.sketches.extend(hash.md5.map(|md5| (hash.frame, hex::encode(md5))));
        })?;
        if let Some(path) = &self.reference {
            std::fs::write(path, serde_json::to_string(&right)?)
                .context("The reference could not be kept")?;
        }
        Ok(right)
    }
}

/// When an entry is sent, from the beginning: with the next beat, or at its time.
fn due(beat: Option<u64>, t_ms: f64, now: Duration) -> Duration {
    match beat.map(Duration::from_millis) {
        Some(beat) => beat * u32::try_from(now.as_nanos() / beat.as_nanos() + 1).unwrap_or(u32::MAX),
        None => Duration::try_from_secs_f64(t_ms / 1000.0).unwrap_or_default(),
    }
}

/// A trace being replayed.
struct Replay {
    socket: FrameSocket,
    entries: Vec<Entry>,
    asked: Vec<(Instant, u32)>,
    newest_seen: u32,
    late: u32,
    claims: Vec<Claim>,
    timebase: Timebase,
}

impl Replay {
    fn start(address: &str, moments: &[Moment]) -> Result<Self> {
        let entry = |moment: &Moment| Entry {
            pts_us: moment.pts_us,
            first_ms: None,
            shown_us: None,
            exact_ms: None,
            got_us: None,
            failed: None,
            superseded: false,
        };
        let socket = FrameSocket::connect(address)?;
        Ok(Self {
            timebase: socket.clip().timebase,
            socket,
            entries: moments.iter().map(entry).collect(),
            asked: Vec::new(),
            newest_seen: 0,
            late: 0,
            claims: Vec::new(),
        })
    }

    /// Waits for the first frame, exactly; generation 1. Entry `n` is generation `n + 2`.
    fn open(&mut self, (max_width, max_height): (u32, u32), opening: Instant) -> Result<f64> {
        self.socket.show(&FrameRequest::Show {
            generation: 1,
            frame: 0,
            max_width,
            max_height,
            near_first: false,
        })?;
        loop {
            match self.socket.next(PATIENCE)? {
                Some(Seen::Picture { at, header, .. }) if header.generation == 1 && header.exact => {
                    return Ok(ms(at.saturating_duration_since(opening)));
                }
                Some(Seen::Failed { failure, .. }) => bail!(failure.message),
                Some(_) => {}
                None => bail!("The first frame did not come within {} seconds.", PATIENCE.as_secs()),
            }
        }
    }

    fn ask(&mut self, number: usize, frame: u32, view: (u32, u32), near_first: bool) -> Result<()> {
        let generation = u32::try_from(number + 2).context("The trace is too long")?;
        self.asked.push((Instant::now(), frame));
        let (max_width, max_height) = view;
        self.socket.show(&FrameRequest::Show { generation, frame, max_width, max_height, near_first })?;
        Ok(())
    }

    /// Takes what comes until a moment.
    fn watch(&mut self, until: Instant) -> Result<()> {
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            match self.socket.next(left)? {
                Some(seen) => self.note(seen),
                None => thread::yield_now(),
            }
        }
    }

    /// Takes what comes until the exact frame of an entry is there, or the word that it cannot be shown.
    fn settle(&mut self, number: usize) -> Result<()> {
        let open = |entry: &Entry| entry.exact_ms.is_none() && entry.failed.is_none();
        while self.entries.get(number).is_some_and(open) {
            match self.socket.next(PATIENCE)? {
                Some(seen) => self.note(seen),
                None => bail!("A frame did not come within {} seconds.", PATIENCE.as_secs()),
            }
        }
        Ok(())
    }

    fn note(&mut self, seen: Seen) {
        let (at, header, md5) = match seen {
            Seen::Picture { at, header, md5 } => (at, header, md5),
            Seen::Failed { generation, failure, .. } => {
                if let Some(entry) = self.entries.get_mut(generation.wrapping_sub(2) as usize) {
                    entry.failed = Some(failure.message);
                }
                return;
            }
            Seen::Tones | Seen::Ready { .. } | Seen::Arrived(_) | Seen::Waiting { .. } => return,
        };
        self.late += u32::from(header.generation < self.newest_seen);
        self.newest_seen = self.newest_seen.max(header.generation);
        self.claims.push(Claim { frame: header.frame, exact: header.exact, md5 });
        let number = header.generation.wrapping_sub(2) as usize;
        let (Some(entry), Some((asked, frame))) = (self.entries.get_mut(number), self.asked.get(number))
        else {
            return;
        };
        let ms = ms(at.saturating_duration_since(*asked));
        let shown_us = self.timebase.micros(Pts(header.pts)).0;
        entry.first_ms.get_or_insert(ms);
        entry.shown_us = Some(shown_us);
        if header.exact && header.frame == *frame {
            entry.exact_ms.get_or_insert(ms);
            entry.got_us = Some(shown_us);
        } else if header.exact {
            // Says exact and is another frame: as wrong as it gets.
            self.claims.push(Claim { frame: u32::MAX, exact: true, md5 });
        }
    }
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

fn ms_since(began: Instant) -> f64 {
    ms(began.elapsed())
}

fn read(path: &Path) -> Result<Vec<Moment>> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("The trace {} could not be read", path.display()))?;
    let moments: Vec<Moment> = serde_json::from_str(&text)
        .with_context(|| format!("The trace {} is not a list of {{\"t_ms\", \"pts_us\"}}", path.display()))?;
    if moments.is_empty() {
        bail!("The trace {} is empty.", path.display());
    }
    Ok(moments)
}

fn view_size(text: &str) -> Result<(u32, u32), String> {
    let sides = text.split_once('x').and_then(|(w, h)| Some((w.parse().ok()?, h.parse().ok()?)));
    sides.ok_or_else(|| "a size looks like 1280x720; 0x0 is full resolution".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_key_asks_with_the_next_beat_and_everything_else_at_its_time() {
        let ms = Duration::from_millis;
        assert_eq!([0, 32, 33, 100].map(|now| due(Some(33), 7.0, ms(now))), [33, 33, 66, 132].map(ms));
        assert_eq!(due(None, 7.0, ms(100)), ms(7));
        assert_eq!(due(None, -1.0, ms(100)), Duration::ZERO);
    }
}

//! Ends a child whose decoder hangs.
//!
//! A decoder works through one packet in a fraction of a second, on the slowest machine in a few. One that takes
//! [`MOST`] has been sent astray by its clip, and no thread in here could call it back.
//!
//! **Invariant:** FFmpeg's decoders are entered only between [`Busy::begin`] and its drop.

use std::{
    io, process,
    sync::{
        Arc, Mutex, OnceLock, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// Longest time for one packet.
const MOST: Duration = Duration::from_secs(20);
/// How often to look.
const LOOK: Duration = Duration::from_secs(1);

static WATCHED: Mutex<Vec<Weak<AtomicU64>>> = Mutex::new(Vec::new());
static STARTED: OnceLock<Instant> = OnceLock::new();

/// One decoder, watched.
#[derive(Debug, Clone)]
pub struct Watched(Arc<AtomicU64>);

/// While it lives the decoder is at work.
pub struct Busy<'a>(&'a AtomicU64);

impl Watched {
    /// Watched from now on, until dropped.
    pub fn new() -> Self {
        let since = Arc::new(AtomicU64::new(0));
        let mut watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
        watched.retain(|other| other.strong_count() > 0);
        watched.push(Arc::downgrade(&since));
        Self(since)
    }

    /// The decoder begins to work.
    pub fn begin(&self) -> Busy<'_> {
        self.0.store(now_ms(), Ordering::Release);
        Busy(&self.0)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.store(0, Ordering::Release);
    }
}

/// Starts to watch.
pub fn start() -> io::Result<()> {
    thread::Builder::new().name("watch".into()).spawn(|| {
        while !is_astray(now_ms()) {
            thread::sleep(LOOK);
        }
        tracing::error!("A decoder hung and is ended");
        process::exit(103);
    })?;
    Ok(())
}

fn is_astray(now: u64) -> bool {
    let watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
    let mut begun = watched.iter().filter_map(Weak::upgrade).map(|since| since.load(Ordering::Acquire));
    begun.any(|since| since > 0 && u128::from(now.saturating_sub(since)) > MOST.as_millis())
}

/// Milliseconds since the first look, from 1.
fn now_ms() -> u64 {
    let started = STARTED.get_or_init(Instant::now);
    u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_decoder_that_works_too_long_is_astray() {
        let watched = Watched::new();
        let late = now_ms() + 60_000;
        assert!(!is_astray(late), "it does nothing");
        let busy = watched.begin();
        assert!(!is_astray(now_ms()));
        assert!(is_astray(late));
        drop(busy);
        assert!(!is_astray(late));
    }
}

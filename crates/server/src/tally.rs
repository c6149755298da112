//! Counts what happened lately, by key, and says when there was too much of it.
//!
//! **Invariant:** what is let through counts at once, so that many at the same moment do not slip by. What is older than
//! the window is swept out, at most once a minute and once many keys are known.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
    sync::{Mutex, PoisonError},
};

use limpet_model::Millis;

/// Keys known before it is worth looking for old ones.
const KEYS: usize = 50_000;
/// How often they are looked for, milliseconds.
const SWEEP_EVERY: i64 = 60 * 1000;

/// What happened within a window of time.
pub struct Tally<K> {
    window: i64,
    seen: Mutex<Seen<K>>,
}

struct Seen<K> {
    times: HashMap<K, VecDeque<Millis>>,
    swept_at: Millis,
}

impl<K: Eq + Hash + Clone> Tally<K> {
    /// Counts over so many milliseconds.
    pub fn over(window: i64) -> Self {
        Self { window, seen: Mutex::new(Seen { times: HashMap::new(), swept_at: Millis(0) }) }
    }

    /// After how many milliseconds another one is welcome under all of these keys, each with the most it takes. Zero
    /// means now, and then it is counted.
    pub fn count(&self, keys: &[(K, usize)], now: Millis) -> i64 {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.times.len() > KEYS && now.since(seen.swept_at) >= SWEEP_EVERY {
            seen.swept_at = now;
            seen.times.retain(|_, times| times.back().is_some_and(|last| now.since(*last) < self.window));
        }
        let mut wait = 0;
        for (key, most) in keys {
            if let Some(times) = seen.times.get_mut(key) {
                times.retain(|time| now.since(*time) < self.window);
                if times.len() >= *most {
                    wait = wait.max(times.front().map_or(0, |first| self.window - now.since(*first)));
                }
            }
        }
        if wait == 0 {
            for (key, _) in keys {
                seen.times.entry(key.clone()).or_default().push_back(now);
            }
        }
        wait
    }

    /// The one counted last under a key did not happen.
    pub fn take_back(&self, key: &K) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(times) = seen.times.get_mut(key) {
            times.pop_back();
            if times.is_empty() {
                seen.times.remove(key);
            }
        }
    }

    /// Nothing happened under a key.
    pub fn forget(&self, key: &K) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).times.remove(key);
    }
}

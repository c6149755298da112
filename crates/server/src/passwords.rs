//! Checking and hashing passwords, a few at a time: each takes 19 MiB and tens of milliseconds of a processor.
//!
//! **Invariant:** whoever has to wait waits in a queue with an end. One that is full says so at once.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use limpet_wire::Code;
use tokio::sync::Semaphore;

use crate::{
    failure::{Answer, Problem},
    secrets::{hash_password, verify_password},
};

/// Passwords at one time.
const PLACES: usize = 2;
/// Those who may wait for a place.
const QUEUE: usize = 64;
/// Longest wait.
const PATIENCE: Duration = Duration::from_secs(10);

/// The places where it is done.
pub struct Passwords {
    places: Semaphore,
    here: AtomicUsize,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { places: Semaphore::new(PLACES), here: AtomicUsize::new(0) }
    }
}

impl Passwords {
    /// Whether it is the password behind a hash; without one it takes as long and is not.
    pub async fn verify(&self, password: String, hash: Option<String>) -> Answer<bool> {
        self.run(move || Ok(verify_password(&password, hash.as_deref()))).await
    }

    /// The hash to keep.
    pub async fn hash(&self, password: String) -> Answer<String> {
        self.run(move || hash_password(&password).map_err(|error| Problem::internal(&error))).await
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> Answer<T> + Send + 'static) -> Answer<T> {
        let here = Here::enter(&self.here).ok_or_else(busy)?;
        let place = tokio::time::timeout(PATIENCE, self.places.acquire()).await.map_err(|_| busy())?;
        let done = tokio::task::spawn_blocking(work).await.map_err(|error| Problem::internal(&error))?;
        drop((place, here));
        done
    }
}

/// A place in the queue or at work.
struct Here<'a>(&'a AtomicUsize);

impl<'a> Here<'a> {
    fn enter(here: &'a AtomicUsize) -> Option<Self> {
        if here.fetch_add(1, Ordering::AcqRel) < PLACES + QUEUE {
            return Some(Self(here));
        }
        here.fetch_sub(1, Ordering::AcqRel);
        None
    }
}

impl Drop for Here<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

fn busy() -> Problem {
    Problem::new(Code::TooMany, "Too many people are signing in at this moment. Try again in a few seconds.")
        .retry_after(5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_queue_has_an_end_and_whoever_leaves_makes_room() {
        let here = AtomicUsize::new(0);
        let mut waiting: Vec<Here<'_>> = (0..PLACES + QUEUE).map_while(|_| Here::enter(&here)).collect();
        assert_eq!(waiting.len(), PLACES + QUEUE);
        assert!(Here::enter(&here).is_none());
        waiting.pop();
        assert!(Here::enter(&here).is_some());
    }
}

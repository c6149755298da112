//! Checking and hashing passwords, counting wrong guesses, a few at a time: each takes 19 MiB and tens of milliseconds
//! of a processor.
//!
//! **Invariant:** whoever has to wait waits in a queue with an end. One that is full says so at once. Work that has
//! begun keeps its place until it is done, also when nobody waits for it any more. **Invariant:** known devices have a
//! queue of their own: however many strangers there are, they keep nobody out who was here before.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use limpet_model::Millis;
use limpet_wire::Code;
use tokio::sync::Semaphore;

use crate::{
    attempts::{Attempts, Trier},
    failure::{Answer, Problem},
    hands::Hands,
    secrets::{hash_password, verify_password},
};

/// Passwords of a queue at one time.
const PLACES: usize = 2;
/// Those who may wait for a place.
const QUEUE: usize = 64;
/// Longest wait.
const PATIENCE: Duration = Duration::from_secs(10);

/// The places where it is done.
#[derive(Default)]
pub struct Passwords {
    strangers: Line,
    known: Line,
    attempts: Attempts,
}

/// A queue and its places.
struct Line {
    places: Arc<Semaphore>,
    hands: Hands,
    here: Arc<AtomicUsize>,
}

impl Default for Line {
    fn default() -> Self {
        let places = Arc::new(Semaphore::new(PLACES));
        Self { places, hands: Hands::new(PLACES), here: Arc::default() }
    }
}

/// Somebody who says that a password is theirs.
#[derive(Clone, Copy)]
pub struct Guess<'a> {
    /// Who tries.
    pub trier: Trier<'a>,
    /// When.
    pub now: Millis,
}

impl Passwords {
    /// Whether it is the password behind a hash; without one it takes as long and is not. Counted as a wrong guess when
    /// it is not.
    ///
    /// # Errors
    /// When there were too many wrong guesses, or too many are waiting.
    pub async fn is_right(
        &self,
        Guess { trier, now }: Guess<'_>,
        password: String,
        hash: Option<String>,
    ) -> Answer<bool> {
        let wait = self.attempts.begin(&trier, now);
        if wait > 0 {
            return Err(too_many(wait));
        }
        let line = if trier.device.is_some() { &self.known } else { &self.strangers };
        let checked = line.run(move || Ok(verify_password(&password, hash.as_deref()))).await;
        match checked {
            Ok(true) => self.attempts.succeeded(&trier),
            Ok(false) => {}
            // It was not looked at.
            Err(_) => self.attempts.take_back(&trier),
        }
        checked
    }

    /// How many wait for a place.
    pub fn waiting(&self) -> usize {
        let in_line = |line: &Line| line.here.load(Ordering::Acquire).saturating_sub(PLACES);
        in_line(&self.strangers) + in_line(&self.known)
    }

    /// The hash to keep.
    pub async fn hash(&self, password: String) -> Answer<String> {
        // Whoever sets one has shown who they are.
        self.known.run(move || hash_password(&password).map_err(|error| Problem::internal(&error))).await
    }
}

/// Too many wrong guesses; another is welcome after so many milliseconds.
pub fn too_many(wait: i64) -> Problem {
    let minutes = wait.div_euclid(60_000) + 1;
    let unit = if minutes == 1 { "minute" } else { "minutes" };
    let sentence = format!("Too many attempts to sign in. Try again in {minutes} {unit}.");
    Problem::new(Code::TooMany, sentence).retry_after(wait.div_euclid(1000) + 1)
}

impl Line {
    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> Answer<T> + Send + 'static) -> Answer<T> {
        let here = Here::enter(&self.here).ok_or_else(busy)?;
        let place = Arc::clone(&self.places).acquire_owned();
        let place = tokio::time::timeout(PATIENCE, place).await.map_err(|_| busy())?;
        let work = move || {
            let done = work();
            drop((place, here));
            done
        };
        self.hands.run(work).await.map_err(|error| Problem::internal(&error))?
    }
}

/// A place in the queue or at work.
struct Here(Arc<AtomicUsize>);

impl Here {
    fn enter(here: &Arc<AtomicUsize>) -> Option<Self> {
        if here.fetch_add(1, Ordering::AcqRel) < PLACES + QUEUE {
            return Some(Self(Arc::clone(here)));
        }
        here.fetch_sub(1, Ordering::AcqRel);
        None
    }
}

impl Drop for Here {
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
    use crate::peer::Peer;

    #[test]
    fn the_queue_has_an_end_and_whoever_leaves_makes_room() {
        let here = Arc::default();
        let mut waiting: Vec<Here> = (0..PLACES + QUEUE).map_while(|_| Here::enter(&here)).collect();
        assert_eq!(waiting.len(), PLACES + QUEUE);
        assert!(Here::enter(&here).is_none());
        let strangers = Line { here: Arc::clone(&here), ..Line::default() };
        let passwords = Passwords { strangers, ..Passwords::default() };
        assert_eq!(passwords.waiting(), QUEUE);
        waiting.pop();
        assert!(Here::enter(&here).is_some());
    }

    #[tokio::test]
    async fn work_keeps_its_place_when_nobody_waits_for_it_any_more() {
        let line = Line::default();
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let work = line.run(move || {
            // Ends with the sender.
            let _ = ended.recv();
            Ok(())
        });
        assert!(tokio::time::timeout(Duration::from_millis(200), work).await.is_err(), "its request is gone");
        assert_eq!(line.places.available_permits(), PLACES - 1);
        drop(end);
        let free = async {
            while line.places.available_permits() < PLACES {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), free).await.expect("the place is free again");
    }

    #[tokio::test]
    async fn who_finds_the_queue_full_has_not_guessed_and_known_devices_have_their_own() {
        let passwords = Passwords::default();
        let guess = async |device: Option<&str>| {
            let peer = Peer(std::net::Ipv4Addr::LOCALHOST.into());
            let guess = Guess { trier: Trier { email: "ana@example.org", peer, device }, now: Millis(0) };
            passwords
                .is_right(guess, "wrong".into(), None)
                .await
                .map_err(|problem| problem.failure().message.clone())
        };
        let queue = &passwords.strangers.here;
        let full: Vec<Here> = (0..PLACES + QUEUE).map_while(|_| Here::enter(queue)).collect();
        for _ in 0..20 {
            assert!(guess(None).await.unwrap_err().contains("at this moment"));
        }
        assert_eq!(guess(Some("mark")).await, Ok(false), "a known device is let in meanwhile");
        drop(full);
        assert_eq!(guess(None).await, Ok(false), "nothing was counted");
    }
}

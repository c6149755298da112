//! How often signing in has failed lately.
//!
//! **Invariant:** what is counted is an e-mail address tried from one place, so nobody elsewhere can lock a colleague
//! or a whole practice out. A place is an IPv4 address or the network of an IPv6 one (/64). What is older than the
//! window is swept out once many addresses were tried.

use std::{
    collections::{HashMap, VecDeque},
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
};

use limpet_model::Millis;

use crate::peer::Peer;

const WINDOW: i64 = 15 * 60 * 1000;
/// Failures of one e-mail address from one place within the window.
const PER_PERSON: usize = 8;
/// Failures from one place within the window, whoever is tried: a practice shares one address.
const PER_PLACE: usize = 100;
/// Most keys remembered.
const KEYS: usize = 50_000;

#[derive(PartialEq, Eq, Hash, Clone)]
enum Key {
    Person(String, Peer),
    Place(Peer),
}

/// Failed sign-ins of the last quarter of an hour.
#[derive(Default)]
pub struct Attempts(Mutex<HashMap<Key, VecDeque<Millis>>>);

impl Attempts {
    /// After how many milliseconds another attempt is welcome; zero means now. An attempt that is let through
    /// counts as failed until [`Attempts::succeeded`], so that many at once do not slip by.
    pub fn begin(&self, email: &str, peer: Peer, now: Millis) -> i64 {
        let peer = place(peer);
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() > KEYS {
            seen.retain(|_, times| times.back().is_some_and(|last| now.since(*last) < WINDOW));
        }
        let keys = [(Key::Person(email.to_owned(), peer), PER_PERSON), (Key::Place(peer), PER_PLACE)];
        let mut wait = 0;
        for (key, most) in &keys {
            if let Some(times) = seen.get_mut(key) {
                times.retain(|time| now.since(*time) < WINDOW);
                if times.len() >= *most {
                    wait = wait.max(times.front().map_or(0, |first| WINDOW - now.since(*first)));
                }
            }
        }
        if wait == 0 {
            for (key, _) in keys {
                seen.entry(key).or_default().push_back(now);
            }
        }
        wait
    }

    /// The attempt begun last was not looked at: it does not count.
    pub fn take_back(&self, email: &str, peer: Peer) {
        let place = place(peer);
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for key in [Key::Person(email.to_owned(), place), Key::Place(place)] {
            if let Some(times) = seen.get_mut(&key) {
                times.pop_back();
            }
        }
    }

    /// The attempt begun last was right: what this person did wrong before is forgotten.
    pub fn succeeded(&self, email: &str, peer: Peer) {
        let peer = place(peer);
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.remove(&Key::Person(email.to_owned(), peer));
        if let Some(times) = seen.get_mut(&Key::Place(peer)) {
            times.pop_back();
        }
    }
}

/// Whoever has an IPv6 address has all of its network.
fn place(Peer(address): Peer) -> Peer {
    match address {
        IpAddr::V4(_) => Peer(address),
        IpAddr::V6(wide) => Peer(Ipv6Addr::from_bits(wide.to_bits() >> 64 << 64).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Peer = Peer(IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1)));
    const THERE: Peer = Peer(IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2)));

    #[test]
    fn one_person_in_one_place_waits_and_nobody_else() {
        let attempts = Attempts::default();
        let now = Millis(1_000_000_000);
        for _ in 0..PER_PERSON {
            assert_eq!(attempts.begin("a@example.org", HERE, now), 0);
        }
        assert_eq!(attempts.begin("a@example.org", HERE, Millis(now.0 + 1000)), WINDOW - 1000);
        assert_eq!(attempts.begin("b@example.org", HERE, now), 0);
        assert_eq!(attempts.begin("a@example.org", THERE, now), 0);
        assert_eq!(attempts.begin("a@example.org", HERE, Millis(now.0 + WINDOW)), 0);
    }

    #[test]
    fn one_place_that_tries_everybody_waits() {
        let attempts = Attempts::default();
        let now = Millis(1_000_000_000);
        for n in 0..PER_PLACE {
            assert_eq!(attempts.begin(&format!("{n}@example.org"), HERE, now), 0);
        }
        assert!(attempts.begin("somebody@example.org", HERE, now) > 0);
        assert_eq!(attempts.begin("somebody@example.org", THERE, now), 0);
    }

    #[test]
    fn signing_in_forgets() {
        let attempts = Attempts::default();
        let now = Millis(1_000_000_000);
        for _ in 0..PER_PERSON {
            attempts.begin("a@example.org", HERE, now);
        }
        attempts.succeeded("a@example.org", HERE);
        assert_eq!(attempts.begin("a@example.org", HERE, now), 0);
    }

    #[test]
    fn a_network_is_one_place_and_what_was_not_looked_at_does_not_count() {
        let attempts = Attempts::default();
        let now = Millis(1_000_000_000);
        let from = |host: u16| Peer(IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, host)));
        for host in 0..20 {
            assert_eq!(attempts.begin("a@example.org", from(host), now), 0);
            attempts.take_back("a@example.org", from(host));
        }
        for host in 0..8 {
            assert_eq!(attempts.begin("a@example.org", from(host), now), 0);
        }
        assert!(attempts.begin("a@example.org", from(9), now) > 0);
        let elsewhere = Peer(IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 2, 0, 0, 0, 1)));
        assert_eq!(attempts.begin("a@example.org", elsewhere, now), 0);
    }
}

//! How often signing in has failed lately.
//!
//! **Invariant:** what is counted is an e-mail address tried from one place, so nobody elsewhere can lock a colleague
//! or a whole practice out. A place is an IPv4 address or the network of an IPv6 one (/64). A device that this person
//! signed in on before is counted by itself: what strangers get wrong, also at the practice's own address, is not held
//! against it.

use std::net::{IpAddr, Ipv6Addr};

use limpet_model::Millis;

use crate::{peer::Peer, tally::Tally};

const WINDOW: i64 = 15 * 60 * 1000;
/// Failures of one e-mail address from one place, or on one known device, within the window.
const PER_PERSON: usize = 8;
/// Failures from one place within the window, whoever is tried: a practice shares one address.
const PER_PLACE: usize = 100;

#[derive(PartialEq, Eq, Hash, Clone)]
enum Key {
    Person(String, Peer),
    Place(Peer),
    Device(String, String),
}

/// Who tries.
#[derive(Debug, Clone, Copy)]
pub struct Trier<'a> {
    /// As whom.
    pub email: &'a str,
    /// From where.
    pub peer: Peer,
    /// Hash of the device's mark, if this person signed in on it before.
    pub device: Option<&'a str>,
}

impl Trier<'_> {
    fn keys(&self) -> Vec<(Key, usize)> {
        let place = place(self.peer);
        match self.device {
            Some(mark) => vec![(Key::Device(self.email.to_owned(), mark.to_owned()), PER_PERSON)],
            None => {
                vec![(Key::Person(self.email.to_owned(), place), PER_PERSON), (Key::Place(place), PER_PLACE)]
            }
        }
    }
}

/// Failed sign-ins of the last quarter of an hour.
pub struct Attempts(Tally<Key>);

impl Default for Attempts {
    fn default() -> Self {
        Self(Tally::over(WINDOW))
    }
}

impl Attempts {
    /// After how many milliseconds another attempt is welcome; zero means now. An attempt that is let through
    /// counts as failed until [`Attempts::succeeded`].
    pub fn begin(&self, trier: &Trier<'_>, now: Millis) -> i64 {
        self.0.count(&trier.keys(), now)
    }

    /// The attempt begun last was not looked at: it does not count.
    pub fn take_back(&self, trier: &Trier<'_>) {
        for (key, _) in trier.keys() {
            self.0.take_back(&key);
        }
    }

    /// The attempt begun last was right: what this person did wrong before is forgotten.
    pub fn succeeded(&self, trier: &Trier<'_>) {
        for (key, _) in trier.keys() {
            match key {
                Key::Place(_) => self.0.take_back(&key),
                Key::Person(..) | Key::Device(..) => self.0.forget(&key),
            }
        }
    }
}

/// Whoever has an IPv6 address has all of its network.
pub(crate) fn place(Peer(address): Peer) -> Peer {
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

    fn at(email: &str, peer: Peer) -> Trier<'_> {
        Trier { email, peer, device: None }
    }

    #[test]
    fn one_person_in_one_place_waits_and_nobody_else() {
        let attempts = Attempts::default();
        let now = Millis(1_000_000_000);
        for _ in 0..PER_PERSON {
            assert_eq!(attempts.begin(&at("a@example.org", HERE), now), 0);
        }
        assert_eq!(attempts.begin(&at("a@example.org", HERE), Millis(now.0 + 1000)), WINDOW - 1000);
        assert_eq!(attempts.begin(&at("b@example.org", HERE), now), 0);
        assert_eq!(attempts.begin(&at("a@example.org", THERE), now), 0);
        assert_eq!(attempts.begin(&at("a@example.org", HERE), Millis(now.0 + WINDOW)), 0);
    }

    #[test]
    fn one_place_that_tries_everybody_waits() {
        let attempts = Attempts::default();
        let now = Millis(1_000_000_000);
        for n in 0..PER_PLACE {
            assert_eq!(attempts.begin(&at(&format!("{n}@example.org"), HERE), now), 0);
        }
        assert!(attempts.begin(&at("somebody@example.org", HERE), now) > 0);
        assert_eq!(attempts.begin(&at("somebody@example.org", THERE), now), 0);
    }

    #[test]
    fn signing_in_forgets() {
        let attempts = Attempts::default();
        let now = Millis(1_000_000_000);
        for _ in 0..PER_PERSON {
            attempts.begin(&at("a@example.org", HERE), now);
        }
        attempts.succeeded(&at("a@example.org", HERE));
        assert_eq!(attempts.begin(&at("a@example.org", HERE), now), 0);
    }

    #[test]
    fn a_network_is_one_place_and_what_was_not_looked_at_does_not_count() {
        let attempts = Attempts::default();
        let now = Millis(1_000_000_000);
        let from = |host: u16| Peer(IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, host)));
        for host in 0..20 {
            assert_eq!(attempts.begin(&at("a@example.org", from(host)), now), 0);
            attempts.take_back(&at("a@example.org", from(host)));
        }
        for host in 0..8 {
            assert_eq!(attempts.begin(&at("a@example.org", from(host)), now), 0);
        }
        assert!(attempts.begin(&at("a@example.org", from(9)), now) > 0);
        let elsewhere = Peer(IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 2, 0, 0, 0, 1)));
        assert_eq!(attempts.begin(&at("a@example.org", elsewhere), now), 0);
    }

    #[test]
    fn a_known_device_has_an_allowance_of_its_own() {
        let attempts = Attempts::default();
        let now = Millis(1_000_000_000);
        for n in 0..PER_PLACE {
            assert_eq!(attempts.begin(&at(&format!("{n}@example.org"), HERE), now), 0);
        }
        assert!(attempts.begin(&at("a@example.org", HERE), now) > 0);
        let known = Trier { device: Some("mark"), ..at("a@example.org", HERE) };
        for _ in 0..PER_PERSON {
            assert_eq!(attempts.begin(&known, now), 0);
        }
        assert!(attempts.begin(&known, now) > 0, "and an end of its own");
        attempts.succeeded(&known);
        assert_eq!(attempts.begin(&known, now), 0);
    }
}

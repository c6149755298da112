//! What anybody may ask for without a session, and how often.
//!
//! **Invariant:** what is counted never depends on whether an account exists, and nobody is kept out of anything they
//! have already: who has too many sessions loses the oldest, who asked for too many mails has got some.

use limpet_model::{Millis, PracticeId};

use crate::{attempts::place, peer::Peer, tally::Tally};

const HOUR: i64 = 60 * 60 * 1000;
/// Devices that one invitation opens a session on, in an hour.
const PER_LINK: usize = 30;
/// Mails about a forgotten password to one address in an hour.
pub const PER_ADDRESS: usize = 3;
/// Invitations that one practice mails in an hour; to one address as many as about a forgotten password.
const PER_PRACTICE: usize = 100;
/// Forgotten passwords from one place in an hour.
const PER_PLACE: usize = 30;

#[derive(PartialEq, Eq, Hash, Clone)]
enum Key {
    Link(String),
    Address(String),
    Place(Peer),
    Invited(String),
    Practice(PracticeId),
}

/// Who rang lately.
pub struct Doorbell(Tally<Key>);

impl Default for Doorbell {
    fn default() -> Self {
        Self(Tally::over(HOUR))
    }
}

impl Doorbell {
    /// After how many milliseconds an invitation may open another session.
    pub fn opens(&self, invitation_hash: &str, now: Millis) -> i64 {
        self.0.count(&[(Key::Link(invitation_hash.to_owned()), PER_LINK)], now)
    }

    /// After how many milliseconds somebody from here may forget another password.
    pub fn forgets(&self, peer: Peer, now: Millis) -> i64 {
        self.0.count(&[(Key::Place(place(peer)), PER_PLACE)], now)
    }

    /// After how many milliseconds a practice may mail another invitation to this address.
    pub fn invites(&self, practice: PracticeId, address: &str, now: Millis) -> i64 {
        let address = (Key::Invited(address.to_owned()), PER_ADDRESS);
        self.0.count(&[address, (Key::Practice(practice), PER_PRACTICE)], now)
    }

    /// Whether this address may be written to once more.
    pub fn may_write_to(&self, address: &str, now: Millis) -> bool {
        self.0.count(&[(Key::Address(address.to_owned()), PER_ADDRESS)], now) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_later_everything_is_welcome_again() {
        let bell = Doorbell::default();
        let (now, peer) = (Millis(1_000_000_000), Peer(std::net::Ipv4Addr::LOCALHOST.into()));
        for _ in 0..PER_LINK {
            assert_eq!(bell.opens("a", now), 0);
        }
        assert_eq!(bell.opens("a", Millis(now.0 + 1000)), HOUR - 1000);
        assert_eq!(bell.opens("b", now), 0);
        assert_eq!(bell.opens("a", Millis(now.0 + HOUR)), 0);
        assert_eq!((0..=PER_PLACE).filter(|_| bell.forgets(peer, now) == 0).count(), PER_PLACE);
        assert_eq!((0..=PER_ADDRESS).filter(|_| bell.may_write_to("a@b.c", now)).count(), PER_ADDRESS);
        assert!(bell.may_write_to("d@b.c", now));
        let (here, there) = (PracticeId::new(), PracticeId::new());
        assert_eq!((0..=PER_ADDRESS).filter(|_| bell.invites(here, "a@b.c", now) == 0).count(), PER_ADDRESS);
        let many = (0..=PER_PRACTICE).filter(|n| bell.invites(there, &format!("{n}@b.c"), now) == 0).count();
        assert_eq!(many, PER_PRACTICE);
        assert_eq!(bell.invites(here, "d@b.c", now), 0);
    }
}

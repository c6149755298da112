//! Who is listening for the next revision: staff for any of their practice, a client's device for those in which
//! something changed that it sees.
//!
//! **Invariant:** a listener is never queued for: it is woken with the newest revision, and one that is slow
//! only misses numbers in between. **Invariant:** a client's device is not woken by a note, nor by anything about
//! another client.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use limpet_model::{ClientId, PracticeId, Revision};
use tokio::sync::watch;

use crate::{
    presence::{Presences, Seen},
    view::View,
};

/// Who sees something of a change. Staff always do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// These clients too. None is a change that only staff see.
    Clients(BTreeSet<ClientId>),
    /// Every client.
    Everybody,
}

impl Default for Reach {
    fn default() -> Self {
        Self::Clients(BTreeSet::new())
    }
}

impl Reach {
    /// Whoever sees one or the other.
    pub fn join(&mut self, other: Self) {
        match (self, other) {
            (Self::Clients(these), Self::Clients(more)) => these.extend(more),
            (reach, _) => *reach = Self::Everybody,
        }
    }

    fn holds(&self, client: ClientId) -> bool {
        match self {
            Self::Clients(these) => these.contains(&client),
            Self::Everybody => true,
        }
    }
}

/// The listeners of every practice.
#[derive(Clone, Default)]
pub struct Live {
    rooms: Arc<Mutex<HashMap<PracticeId, Room>>>,
    presences: Presences,
}

struct Room {
    /// The newest revision that anybody told of.
    told: Revision,
    staff: watch::Sender<Revision>,
    clients: HashMap<ClientId, watch::Sender<Revision>>,
    /// Changes when a session of the practice was closed.
    closings: watch::Sender<()>,
}

impl Room {
    fn new() -> Self {
        Self {
            told: Revision(0),
            staff: watch::Sender::new(Revision(0)),
            clients: HashMap::new(),
            closings: watch::Sender::new(()),
        }
    }

    fn listeners(&self) -> usize {
        let clients = self.clients.values().map(watch::Sender::receiver_count).sum::<usize>();
        self.staff.receiver_count() + clients
    }

    fn is_empty(&mut self) -> bool {
        self.clients.retain(|_, revisions| !revisions.is_closed());
        self.staff.is_closed() && self.clients.is_empty()
    }
}

/// What a listener hears.
pub struct Ear {
    /// The newest revision.
    pub revisions: watch::Receiver<Revision>,
    /// Who is where.
    pub present: watch::Receiver<Seen>,
    /// That somebody's session was closed: time to ask whether it was one's own.
    pub closings: watch::Receiver<()>,
}

impl Live {
    /// Who is in which conversation.
    pub fn presences(&self) -> &Presences {
        &self.presences
    }

    /// Says that there is a revision, and who sees something of it.
    pub fn tell(&self, practice: PracticeId, revision: Revision, reach: &Reach) {
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(room) = rooms.get_mut(&practice) else { return };
        if room.is_empty() {
            rooms.remove(&practice);
            return;
        }
        room.told = room.told.max(revision);
        wake(&room.staff, revision);
        for (client, revisions) in &room.clients {
            if reach.holds(*client) {
                wake(revisions, revision);
            }
        }
    }

    /// Says which revision was there when the first listener of a practice came.
    pub fn began_at(&self, practice: PracticeId, revision: Revision) {
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(room) = rooms.get_mut(&practice).filter(|room| room.told == Revision(0)) {
            room.told = revision;
        }
    }

    /// Says that there is a revision, found by looking. When nobody has told of it, everybody hears it.
    pub fn found(&self, practice: PracticeId, revision: Revision) {
        let told = {
            let rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
            rooms.get(&practice).map(|room| room.told)
        };
        if told.is_some_and(|told| told < revision) {
            self.tell(practice, revision, &Reach::Everybody);
        }
    }

    /// Says that sessions of a practice were closed.
    pub fn sessions_closed(&self, practice: PracticeId) {
        self.presences.doubt(practice);
        let rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(room) = rooms.get(&practice) {
            room.closings.send_replace(());
        }
    }

    /// Listens from now on. Read the current revision after this, so that none falls in between.
    pub fn listen(&self, practice: PracticeId, view: View) -> Ear {
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        let room = rooms.entry(practice).or_insert_with(Room::new);
        let revisions = match view {
            View::Staff => &room.staff,
            View::Client(client) => {
                room.clients.entry(client).or_insert_with(|| watch::Sender::new(Revision(0)))
            }
        };
        let present = self.presences.listen(practice, view);
        Ear { revisions: revisions.subscribe(), present, closings: room.closings.subscribe() }
    }

    /// How many listen.
    pub fn listeners(&self) -> usize {
        let rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        rooms.values().map(Room::listeners).sum()
    }

    /// The practices somebody listens to.
    pub fn listened(&self) -> Vec<PracticeId> {
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        rooms.retain(|_, room| !room.is_empty());
        rooms.keys().copied().collect()
    }
}

/// One that is not newer than the last one told is ignored.
fn wake(revisions: &watch::Sender<Revision>, revision: Revision) {
    revisions.send_if_modified(|last| {
        let newer = revision > *last;
        *last = revision.max(*last);
        newer
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(ear: &mut Ear) -> Option<i64> {
        ear.revisions.has_changed().unwrap().then(|| ear.revisions.borrow_and_update().0)
    }

    fn of(clients: &[ClientId]) -> Reach {
        Reach::Clients(clients.iter().copied().collect())
    }

    #[test]
    fn a_slow_listener_sees_the_newest_revision_and_only_once() {
        let live = Live::default();
        let practice = PracticeId::new();
        let mut ear = live.listen(practice, View::Staff);
        for revision in [3, 5, 4] {
            live.tell(practice, Revision(revision), &of(&[]));
        }
        live.tell(PracticeId::new(), Revision(9), &Reach::Everybody);
        assert_eq!((heard(&mut ear), heard(&mut ear)), (Some(5), None));
        assert_eq!(live.listeners(), 1);
        assert!(!ear.closings.has_changed().unwrap());
        live.sessions_closed(practice);
        live.sessions_closed(PracticeId::new());
        assert!(ear.closings.has_changed().unwrap());
        ear.closings.mark_unchanged();
        drop(ear);
        assert!(live.listened().is_empty());
    }

    #[test]
    fn a_clients_device_is_woken_by_what_it_sees_and_by_nothing_else() {
        let (live, practice) = (Live::default(), PracticeId::new());
        let (marta, jonas) = (ClientId::new(), ClientId::new());
        let mut staff = live.listen(practice, View::Staff);
        let mut phone = live.listen(practice, View::Client(marta));
        let mut hear = |revision, reach: &Reach| {
            live.tell(practice, Revision(revision), reach);
            (heard(&mut staff), heard(&mut phone))
        };
        assert_eq!(hear(1, &of(&[])), (Some(1), None), "a note");
        assert_eq!(hear(2, &of(&[jonas])), (Some(2), None));
        assert_eq!(hear(3, &of(&[jonas, marta])), (Some(3), Some(3)));
        assert_eq!(hear(4, &Reach::Everybody), (Some(4), Some(4)));
        live.began_at(practice, Revision(9));
        // Looking finds what was told already, and wakes nobody for it.
        live.found(practice, Revision(4));
        assert_eq!((heard(&mut staff), heard(&mut phone)), (None, None));
        live.found(practice, Revision(5));
        assert_eq!((heard(&mut staff), heard(&mut phone)), (Some(5), Some(5)));
        drop(staff);
        assert_eq!(live.listened(), [practice]);
        drop(phone);
        assert!(live.listened().is_empty());
    }
}

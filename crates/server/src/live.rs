//! Who is listening for a practice's next revision.
//!
//! **Invariant:** a listener is never queued for: it is woken with the newest revision, and one that is slow
//! only misses numbers in between.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use limpet_model::{PracticeId, Revision};
use tokio::sync::watch;

/// The listeners of every practice.
#[derive(Clone, Default)]
pub struct Live(Arc<Mutex<HashMap<PracticeId, Room>>>);

struct Room {
    revisions: watch::Sender<Revision>,
    /// Changes when a session of the practice was closed.
    closings: watch::Sender<()>,
}

/// What a listener hears.
pub struct Ear {
    /// The newest revision.
    pub revisions: watch::Receiver<Revision>,
    /// That somebody's session was closed: time to ask whether it was one's own.
    pub closings: watch::Receiver<()>,
}

impl Live {
    /// Says that there is a revision. One that is not newer than the last one told is ignored.
    pub fn tell(&self, practice: PracticeId, revision: Revision) {
        let mut rooms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(room) = rooms.get(&practice) {
            if room.revisions.is_closed() {
                rooms.remove(&practice);
                return;
            }
            room.revisions.send_if_modified(|last| {
                let newer = revision > *last;
                *last = revision.max(*last);
                newer
            });
        }
    }

    /// Says that sessions of a practice were closed.
    pub fn sessions_closed(&self, practice: PracticeId) {
        let rooms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(room) = rooms.get(&practice) {
            room.closings.send_replace(());
        }
    }

    /// Listens from now on. Read the current revision after this, so that none falls in between.
    pub fn listen(&self, practice: PracticeId) -> Ear {
        let mut rooms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = rooms.entry(practice).or_insert_with(|| Room {
            revisions: watch::Sender::new(Revision(0)),
            closings: watch::Sender::new(()),
        });
        Ear { revisions: room.revisions.subscribe(), closings: room.closings.subscribe() }
    }

    /// The practices somebody listens to.
    pub fn listened(&self) -> Vec<PracticeId> {
        let mut rooms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rooms.retain(|_, room| !room.revisions.is_closed());
        rooms.keys().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_listener_sees_the_newest_revision_and_only_once() {
        let live = Live::default();
        let practice = PracticeId::new();
        let Ear { revisions: mut ear, mut closings } = live.listen(practice);
        live.tell(practice, Revision(3));
        live.tell(practice, Revision(5));
        live.tell(practice, Revision(4));
        live.tell(PracticeId::new(), Revision(9));
        assert!(ear.has_changed().unwrap());
        assert_eq!(*ear.borrow_and_update(), Revision(5));
        assert!(!ear.has_changed().unwrap());
        assert!(!closings.has_changed().unwrap());
        live.sessions_closed(practice);
        live.sessions_closed(PracticeId::new());
        assert!(closings.has_changed().unwrap());
        closings.mark_unchanged();
        drop(ear);
        assert!(live.listened().is_empty());
    }
}

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
pub struct Live(Arc<Mutex<HashMap<PracticeId, watch::Sender<Revision>>>>);

impl Live {
    /// Says that there is a revision. One that is not newer than the last one told is ignored.
    pub fn tell(&self, practice: PracticeId, revision: Revision) {
        let mut rooms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(room) = rooms.get(&practice) {
            if room.is_closed() {
                rooms.remove(&practice);
                return;
            }
            room.send_if_modified(|last| {
                let newer = revision > *last;
                *last = revision.max(*last);
                newer
            });
        }
    }

    /// Listens from now on. Read the current revision after this, so that none falls in between.
    pub fn listen(&self, practice: PracticeId) -> watch::Receiver<Revision> {
        let mut rooms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rooms.entry(practice).or_insert_with(|| watch::Sender::new(Revision(0))).subscribe()
    }

    /// The practices somebody listens to.
    pub fn listened(&self) -> Vec<PracticeId> {
        let mut rooms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rooms.retain(|_, room| !room.is_closed());
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
        let mut ear = live.listen(practice);
        live.tell(practice, Revision(3));
        live.tell(practice, Revision(5));
        live.tell(practice, Revision(4));
        live.tell(PracticeId::new(), Revision(9));
        assert!(ear.has_changed().unwrap());
        assert_eq!(*ear.borrow_and_update(), Revision(5));
        assert!(!ear.has_changed().unwrap());
        drop(ear);
        assert!(live.listened().is_empty());
    }
}

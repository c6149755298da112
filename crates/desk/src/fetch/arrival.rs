//! One file on its way: who holds it, what they wait for, and how far it has come.
//!
//! **Invariant:** whoever waits is told of every change: of bytes that came, of the end of the task that fetches them,
//! and when they themselves are let go. A task ends in [`Arrival::ended`] whatever ends it.

use std::{
    ops::Range,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak},
};

use limpet_cache::media::{Filling, MediaFile, MediaKind};
use limpet_model::Attachment;
use limpet_sync::{Link, http::Download, plan::next_piece};
use limpet_wire::Failure;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use super::{Grade, closing, run};
use crate::hub::{Here, Hub, Tasks};

/// A file on its way.
pub(super) struct Arrival {
    pub here: Here,
    pub attachment: Attachment,
    pub kind: MediaKind,
    /// Ends the task for good.
    pub stop: CancellationToken,
    /// Never made strong under the lock of the state: letting go of the last one closes rooms, which takes the lock.
    hub: Weak<Hub>,
    tasks: Tasks,
    hurried: Arc<watch::Sender<usize>>,
    state: Mutex<State>,
    /// Tells threads that wait, and tasks that do.
    pub told: Condvar,
    pub changed: Notify,
}

#[derive(Default)]
pub(super) struct State {
    pub shelf: Option<Shelf>,
    /// A task is at it.
    pub is_running: bool,
    /// Why the last task ended. The next one may do better.
    pub failed: Option<Failure>,
    /// Nothing more comes, and what came may be wrong.
    pub over: Option<Failure>,
    by_hand: usize,
    ahead: usize,
    is_hurried: bool,
    /// Bytes that readers wait for, by ticket, longest wait first.
    pub waiting: Vec<(u64, u64)>,
    pub tickets: u64,
    /// Where somebody looks, and where somebody read last.
    pub eye: Option<u64>,
    pub read: Option<u64>,
}

/// What is here of a file.
#[derive(Clone)]
pub(super) enum Shelf {
    Part(Arc<Filling>),
    Whole(Arc<MediaFile>),
}

impl Shelf {
    pub(super) fn len(&self) -> u64 {
        match self {
            Self::Part(filling) => filling.len(),
            Self::Whole(file) => file.len(),
        }
    }

    pub(super) fn has(&self, offset: u64) -> bool {
        match self {
            Self::Part(filling) => filling.has(offset),
            Self::Whole(_) => true,
        }
    }
}

/// What the task does next.
pub(super) enum Next {
    Piece(Range<u64>),
    /// Nothing is missing.
    Prove,
    /// Nobody wants it any more.
    Stop,
}

impl Arrival {
    pub(super) fn new(
        hub: &Arc<Hub>,
        here: Here,
        attachment: Attachment,
        kind: MediaKind,
        hurried: Arc<watch::Sender<usize>>,
    ) -> Self {
        Self {
            here,
            attachment,
            kind,
            stop: CancellationToken::new(),
            hub: Arc::downgrade(hub),
            tasks: hub.tasks.clone(),
            hurried,
            state: Mutex::default(),
            told: Condvar::new(),
            changed: Notify::new(),
        }
    }

    /// Whether more may come of it.
    pub(super) fn goes_on(&self) -> bool {
        let state = self.state();
        state.over.is_none() && !matches!(state.shelf, Some(Shelf::Whole(_)))
    }

    /// What is here, unless nothing of it can be trusted.
    pub(super) fn shelf(&self) -> Result<Option<Shelf>, Failure> {
        let state = self.state();
        state.over.clone().map_or_else(|| Ok(state.shelf.clone()), Err)
    }

    /// The file was begun, or more of it is here. Answers whether anybody wants the rest.
    pub(super) fn came(&self, filling: &Arc<Filling>) -> bool {
        let mut state = self.state();
        // Each task opens the file anew, and only the newest one knows what comes.
        if !matches!(state.shelf, Some(Shelf::Whole(_))) {
            state.shelf = Some(Shelf::Part(Arc::clone(filling)));
        }
        let is_wanted = state.is_wanted();
        drop(state);
        self.tell();
        is_wanted
    }

    /// The end of a task that was not stopped by [`Next::Stop`].
    pub(super) fn ended(&self, end: Result<MediaFile, Ended>) {
        let mut state = self.state();
        match end {
            Ok(file) => state.shelf = Some(Shelf::Whole(Arc::new(file))),
            Err(Ended::ForNow(failure)) => state.failed = Some(failure),
            Err(Ended::ForGood(failure)) => state.over = Some(failure),
        }
        state.is_running = false;
        self.count(&mut state);
        drop(state);
        self.tell();
    }

    /// Ends it for good.
    pub(super) fn give_up(&self, failure: Failure) {
        self.state().over.get_or_insert(failure);
        self.stop.cancel();
        self.tell();
    }

    /// Fetches on, if somebody holds it and nobody does.
    pub(super) fn go_on(self: &Arc<Self>) {
        let mut state = self.state();
        if state.is_wanted() && !matches!(state.shelf, Some(Shelf::Whole(_))) {
            // Whoever waits next finds out why it does not start.
            let _ = self.start(&mut state);
        }
    }

    /// What to fetch next, as soon as it is this arrival's turn.
    pub(super) async fn next(&self, download: &Download) -> Next {
        let mut hurried = self.hurried.subscribe();
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            {
                let mut state = self.state();
                let Some(piece) = state.next(download) else { return Next::Prove };
                if !state.is_wanted() {
                    // Under the same lock, so that whoever comes now finds that a new task is needed.
                    state.is_running = false;
                    self.count(&mut state);
                    return Next::Stop;
                }
                if state.by_hand > 0 || *hurried.borrow_and_update() == 0 {
                    return Next::Piece(piece);
                }
            }
            tokio::select! {
                () = changed => {}
                _ = hurried.changed() => {}
            }
        }
    }

    /// Whether somebody waits for it, so that it is worth trying again.
    pub(super) fn is_hurried(&self) -> bool {
        self.state().by_hand > 0
    }

    /// One more wants it, or one less.
    pub(super) fn hold(&self, grade: Grade, is_held: bool) {
        let mut state = self.state();
        let holds = match grade {
            Grade::Hand => &mut state.by_hand,
            Grade::Ahead => &mut state.ahead,
        };
        *holds = if is_held { *holds + 1 } else { holds.saturating_sub(1) };
        self.count(&mut state);
        drop(state);
        self.tell();
    }

    /// Somebody looks at this byte.
    pub(super) fn look(self: &Arc<Self>, offset: u64) {
        let mut state = self.state();
        state.eye = Some(offset);
        drop(state);
        self.go_on();
    }

    /// Has a task fetch it, unless one does.
    pub(super) fn start(self: &Arc<Self>, state: &mut State) -> Result<(), Failure> {
        if state.is_running || state.over.is_some() {
            return Ok(());
        }
        if self.tasks.is_over() {
            return Err(closing());
        }
        // The engine finds out by itself when the server is back, and then everything goes on.
        if let Some(failure) = &state.failed
            && self.here.signed_in.engine.link() == Link::Offline
        {
            return Err(failure.clone());
        }
        state.failed = None;
        state.is_running = true;
        self.count(state);
        self.tasks.run(run::run(run::Task::of(self), Weak::clone(&self.hub)));
        Ok(())
    }

    /// Counts it among what somebody waits for, or no longer.
    fn count(&self, state: &mut State) {
        let is_hurried = state.is_running && state.by_hand > 0;
        if std::mem::replace(&mut state.is_hurried, is_hurried) != is_hurried {
            self.hurried.send_modify(|count| if is_hurried { *count += 1 } else { *count -= 1 });
        }
    }

    /// Tells everybody who waits. What changed was changed under the lock, or is looked at under it.
    pub(super) fn tell(&self) {
        drop(self.state());
        self.told.notify_all();
        self.changed.notify_waiters();
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    pub(super) fn is_wanted(&self) -> bool {
        self.by_hand + self.ahead > 0
    }

    fn next(&self, download: &Download) -> Option<Range<u64>> {
        let size = download.size();
        let Some(filling) = download.filling() else { return Some(0..size) };
        let waiting = self.waiting.iter().map(|(_, offset)| *offset);
        next_piece(waiting, self.eye.or(self.read), |at| filling.gap(at, size))
    }
}

/// How a task ended that did not bring the file.
pub(super) enum Ended {
    /// Another one may.
    ForNow(Failure),
    /// What came is not what was sent.
    ForGood(Failure),
}

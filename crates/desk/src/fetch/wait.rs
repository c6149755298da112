//! Waiting for a file on its way: for a byte of it on a thread, for all of it in a task.
//!
//! **Invariant:** nobody waits for nothing: as long as somebody waits a task is at it, and how it ends is an answer.

use std::{
    io,
    ops::Range,
    sync::{
        Arc, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use limpet_wire::{Code, Failure};

use super::arrival::{Arrival, Shelf, State};

impl Arrival {
    /// Waits on a thread that may block until `take` finds on the shelf what it looks for, at `offset` if anywhere.
    /// `has_left` says that the one who waits has gone.
    pub(super) fn wait<T>(
        self: &Arc<Self>,
        offset: Option<u64>,
        has_left: &AtomicBool,
        take: &mut dyn FnMut(&Shelf) -> io::Result<Option<T>>,
    ) -> Result<io::Result<T>, Failure> {
        let mut ticket = None;
        let mut has_tried = false;
        loop {
            if let Some(shelf) = self.shelf()?
                && let Some(taken) = take(&shelf).transpose()
            {
                return Ok(taken);
            }
            let mut state = self.state();
            // It may have come since.
            if state.shelf.as_ref().is_some_and(|shelf| offset.is_none_or(|offset| shelf.has(offset))) {
                continue;
            }
            if has_left.load(Ordering::Acquire) {
                return Err(left());
            }
            self.see_to_it(&mut state, has_tried)?;
            has_tried = true;
            if let Some(offset) = offset.filter(|_| ticket.is_none()) {
                ticket = Some(state.queue(self, offset));
            }
            drop(self.told.wait(state).unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// What is here, in order; `None` once all of it is. Nothing while nothing of it can be trusted.
    pub(super) fn arrived(&self) -> Option<Vec<Range<u64>>> {
        self.state().arrived()
    }

    /// Waits on a thread that may block until something else is here than these ranges, or for so long.
    pub(super) fn wait_for_arrivals(&self, known: &[Range<u64>], most: Duration) -> Option<Vec<Range<u64>>> {
        let same = |state: &mut State| state.arrived().as_deref() == Some(known);
        let waited = self.told.wait_timeout_while(self.state(), most, same);
        waited.unwrap_or_else(PoisonError::into_inner).0.arrived()
    }

    /// Waits until all of it is here.
    pub(super) async fn until_whole(self: &Arc<Self>) -> Result<(), Failure> {
        let mut has_tried = false;
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            {
                let mut state = self.state();
                if let Some(Shelf::Whole(_)) = state.shelf {
                    return Ok(());
                }
                self.see_to_it(&mut state, has_tried)?;
                has_tried = true;
            }
            changed.await;
        }
    }

    /// Returns once nobody wants it.
    pub(super) async fn unwanted(&self) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if !self.state().is_wanted() {
                return;
            }
            changed.await;
        }
    }

    /// Makes sure that a task is at it. A failure of one that whoever asks has waited for is an answer.
    fn see_to_it(self: &Arc<Self>, state: &mut State, has_tried: bool) -> Result<(), Failure> {
        if let Some(over) = &state.over {
            return Err(over.clone());
        }
        match state.failed.clone().filter(|_| has_tried && !state.is_running) {
            Some(failure) => Err(failure),
            None => self.start(state),
        }
    }
}

impl State {
    fn arrived(&self) -> Option<Vec<Range<u64>>> {
        match self.shelf.as_ref().filter(|_| self.over.is_none()) {
            Some(Shelf::Whole(_)) => None,
            Some(Shelf::Part(filling)) => Some(filling.arrived()),
            None => Some(Vec::new()),
        }
    }

    /// Puts a reader at the end of those that wait.
    fn queue(&mut self, arrival: &Arc<Arrival>, offset: u64) -> Ticket {
        self.tickets += 1;
        self.waiting.push((self.tickets, offset));
        self.read = Some(offset);
        Ticket { arrival: Arc::clone(arrival), number: self.tickets }
    }
}

/// A place among those that wait.
struct Ticket {
    arrival: Arc<Arrival>,
    number: u64,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.arrival.state().waiting.retain(|(number, _)| *number != self.number);
    }
}

pub(super) fn left() -> Failure {
    Failure::new(Code::Conflict, "The review room was closed while its clip was still arriving.")
}

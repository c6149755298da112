//! A clip that is read while it arrives.
//!
//! **Invariant:** a read answers bytes of the file, or waits, or fails with a sentence; it never answers less because
//! less is here. Who has left wakes at once.

use std::{
    io,
    ops::Range,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use limpet_video::ByteSource;
use limpet_wire::Failure;

use super::{
    Grade, Hold,
    arrival::{Arrival, Shelf},
    wait::left,
};

/// One reader of a file on its way. The file comes as long as it is not left.
pub(crate) struct Arriving {
    arrival: Arc<Arrival>,
    hold: Mutex<Option<Hold>>,
    has_left: AtomicBool,
    failed: Mutex<Option<Failure>>,
}

impl Arriving {
    pub(super) fn of(arrival: Arc<Arrival>) -> Arc<Self> {
        let hold = Mutex::new(Some(Hold::of(Arc::clone(&arrival), Grade::Hand)));
        arrival.go_on();
        Arc::new(Self { arrival, hold, has_left: AtomicBool::new(false), failed: Mutex::default() })
    }

    /// Nobody reads any more: what waits fails, and the file stops coming unless somebody else wants it.
    pub(crate) fn leave(&self) {
        self.has_left.store(true, Ordering::Release);
        // Letting go tells whoever waits.
        drop(self.hold.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    /// What is told to those who still read, once nobody does any more.
    pub(crate) fn left(&self) -> Option<Failure> {
        self.has_left.load(Ordering::Acquire).then(left)
    }

    /// Why a read failed last. The decoder's parent knows only that one did.
    pub(crate) fn failure(&self) -> Option<Failure> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn wait<T>(
        &self,
        offset: Option<u64>,
        take: &mut dyn FnMut(&Shelf) -> io::Result<Option<T>>,
    ) -> io::Result<T> {
        self.arrival.wait(offset, &self.has_left, take).unwrap_or_else(|failure| {
            let error = io::Error::other(failure.clone());
            *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure);
            Err(error)
        })
    }
}

impl ByteSource for Arriving {
    fn len(&self) -> io::Result<u64> {
        self.wait(None, &mut |shelf| Ok(Some(shelf.len())))
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        self.wait(Some(offset), &mut |shelf| match shelf {
            Shelf::Whole(file) => file.read_at(offset, buf).map(Some),
            Shelf::Part(filling) => {
                let read = filling.read_at(offset, buf)?;
                Ok((read > 0 || offset >= filling.len()).then_some(read))
            }
        })
    }

    fn arrived(&self) -> Option<Vec<Range<u64>>> {
        self.arrival.arrived()
    }

    fn wait_for_arrivals(&self, known: &[Range<u64>], most: Duration) -> Option<Vec<Range<u64>>> {
        self.arrival.wait_for_arrivals(known, most)
    }

    fn want(&self, offset: u64) {
        if !self.has_left.load(Ordering::Acquire) {
            self.arrival.look(offset);
        }
    }
}

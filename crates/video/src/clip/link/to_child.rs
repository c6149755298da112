//! What waits to be written to the child.
//!
//! **Invariant:** one thread writes to the pipe. Whoever has something for the child leaves it here and waits for
//! nothing, but for the thread that reads the clip, which is at most [`MOST_RANGES`] ranges ahead.

use std::{
    collections::VecDeque,
    process::ChildStdin,
    sync::{Condvar, Mutex, PoisonError},
};

use super::lock;
use crate::pipe::{self, Kind};

/// Ranges read and not yet taken by the child.
const MOST_RANGES: usize = 2;

/// Messages on their way to the child.
#[derive(Debug, Default)]
pub struct ToChild {
    inside: Mutex<Inside>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Inside {
    messages: VecDeque<(Kind, Vec<u8>)>,
    ranges: usize,
    closed: bool,
}

impl ToChild {
    /// Leaves a message. What has arrived is told as it is now: an older word of it is taken back.
    pub fn put(&self, kind: Kind, body: Vec<u8>) {
        let mut inside = lock(&self.inside);
        if kind == Kind::Arrived {
            inside.messages.retain(|(kind, _)| *kind != Kind::Arrived);
        }
        inside.ranges += usize::from(kind == Kind::Bytes);
        inside.messages.push_back((kind, body));
        self.changed.notify_all();
    }

    /// Nothing more goes out.
    pub fn close(&self) {
        lock(&self.inside).closed = true;
        self.changed.notify_all();
    }

    /// Waits until there is room for another range; false when closed.
    pub fn has_room(&self) -> bool {
        let mut inside = lock(&self.inside);
        while inside.ranges >= MOST_RANGES && !inside.closed {
            inside = self.changed.wait(inside).unwrap_or_else(PoisonError::into_inner);
        }
        !inside.closed
    }

    /// Writes what is left here, until it is closed or nobody reads.
    pub fn write_all(&self, mut to: ChildStdin) {
        while let Some((kind, body)) = self.next() {
            if pipe::send(&mut to, kind, &[&body]).is_err() {
                return;
            }
            self.written(kind);
        }
    }

    /// Waits for a message; `None` when closed.
    fn next(&self) -> Option<(Kind, Vec<u8>)> {
        let mut inside = lock(&self.inside);
        loop {
            if inside.closed {
                return None;
            }
            if let Some(message) = inside.messages.pop_front() {
                return Some(message);
            }
            inside = self.changed.wait(inside).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn written(&self, kind: Kind) {
        if kind == Kind::Bytes {
            lock(&self.inside).ranges -= 1;
            self.changed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_what_has_arrived_the_newest_word_is_told() {
        let to_child = ToChild::default();
        for (kind, byte) in [(Kind::Arrived, 1), (Kind::Ask, 2), (Kind::Arrived, 3), (Kind::Bytes, 4)] {
            to_child.put(kind, vec![byte]);
        }
        let told: Vec<Option<(Kind, Vec<u8>)>> = (0..3).map(|_| to_child.next()).collect();
        let right = [(Kind::Ask, 2), (Kind::Arrived, 3), (Kind::Bytes, 4)];
        assert_eq!(told, right.map(|(kind, byte)| Some((kind, vec![byte]))));
        to_child.close();
        assert_eq!(to_child.next(), None);
    }
}

//! The right to write to an upload, and what is said between whoever has it and those who want it.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

use tokio_util::sync::CancellationToken;

use super::{Shared, shared};
use crate::{file_of::FileOf, store::turns::Hold};

/// What is said between a writer and those who want its place.
#[derive(Clone, Default)]
pub(super) struct Signals {
    pub give_way: CancellationToken,
    pub gone: CancellationToken,
}

/// The writers of this node. Cheap to clone.
pub(super) struct Writers<K>(Arc<Mutex<HashMap<K, Signals>>>);

impl<K> Clone for Writers<K> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K> Default for Writers<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Hash + Eq> Writers<K> {
    /// Lets a writer in, unless there is one.
    pub fn enter(&self, key: K) -> Option<Signals> {
        let mut writers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if writers.contains_key(&key) {
            return None;
        }
        let signals = Signals::default();
        writers.insert(key, signals.clone());
        Some(signals)
    }

    /// The writer, if there is one.
    pub fn get(&self, key: &K) -> Option<Signals> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    /// A writer has left.
    pub fn leave(&self, key: &K) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

/// The right to write to an upload, until it is given back or dropped.
pub struct Turn {
    of: FileOf,
    signals: Signals,
    kind: Kind,
}

enum Kind {
    Folder(Writers<FileOf>),
    /// `None` once it is over.
    Shared(Option<Box<(Shared, Hold)>>),
}

impl Turn {
    pub(super) fn in_folder(of: FileOf, signals: Signals, writers: Writers<FileOf>) -> Self {
        Self { of, signals, kind: Kind::Folder(writers) }
    }

    pub(super) fn shared(signals: Signals, shared: Shared, hold: Hold) -> Self {
        Self { of: hold.of, signals, kind: Kind::Shared(Some(Box::new((shared, hold)))) }
    }

    /// What may be written to.
    pub fn of(&self) -> FileOf {
        self.of
    }

    /// Cancelled when somebody else should have it.
    pub fn give_way(&self) -> &CancellationToken {
        &self.signals.give_way
    }

    /// As the database knows it, where several nodes may ask for it.
    pub fn hold(&self) -> Option<&Hold> {
        match &self.kind {
            Kind::Folder(_) => None,
            Kind::Shared(held) => held.as_ref().map(|held| &held.1),
        }
    }

    /// Gives it back: when this returns, it can be taken.
    pub async fn give_back(mut self) {
        if let Kind::Shared(held) = &mut self.kind
            && let Some((shared, hold)) = held.take().map(|held| *held)
        {
            shared::end(shared, hold, self.signals.clone()).await;
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        match &mut self.kind {
            Kind::Folder(writers) => {
                writers.leave(&self.of);
                self.signals.gone.cancel();
            }
            Kind::Shared(held) => {
                // Whoever wrote was cancelled, or never got the turn. What cannot be said now, because the process
                // ends, runs out.
                if let Some((shared, hold)) = held.take().map(|held| *held)
                    && let Ok(runtime) = tokio::runtime::Handle::try_current()
                {
                    let tasks = shared.tasks();
                    tasks.spawn_on(shared::end(shared, hold, self.signals.clone()), &runtime);
                }
            }
        }
    }
}

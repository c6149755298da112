//! The one place that reads the wall clock. Everything else is told what time it is.
//!
//! Where several nodes share a database, its clock is theirs: whose lease has run out is the same on all of them, however
//! wrong the clock of one is. What others have to agree with, who do not know the database, goes by the machine's own.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use limpet_model::Millis;

/// What time it is.
#[derive(Debug, Clone)]
pub struct Clock(Source);

#[derive(Debug, Clone)]
enum Source {
    System {
        /// By how much the machine's is made to be wrong, milliseconds; 0 but in tests.
        wrong_by: i64,
        /// What has to be added to it.
        ahead: Arc<AtomicI64>,
    },
    Held(Arc<AtomicI64>),
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self::wrong_by(0)
    }

    /// The machine's clock, as it is on a machine where it is so many milliseconds fast.
    pub fn wrong_by(ms: i64) -> Self {
        Self(Source::System { wrong_by: ms, ahead: Arc::default() })
    }

    /// A clock that stands still until it is moved: expiry can be tried without waiting for it.
    pub fn held_at(now: Millis) -> Self {
        Self(Source::Held(Arc::new(AtomicI64::new(now.0))))
    }

    /// Moves a held clock on by `ms` milliseconds. The machine's clock is left alone.
    pub fn advance(&self, ms: i64) {
        if let Source::Held(now) = &self.0 {
            now.fetch_add(ms, Ordering::SeqCst);
        }
    }

    /// Has it go by another clock, which is so many milliseconds ahead of the machine's. A held one is left alone.
    pub fn go_by(&self, ms: i64) {
        if let Source::System { ahead, .. } = &self.0 {
            ahead.store(ms, Ordering::Relaxed);
        }
    }

    /// How many milliseconds what it goes by is ahead of the machine's.
    pub fn ahead(&self) -> i64 {
        match &self.0 {
            Source::System { ahead, .. } => ahead.load(Ordering::Relaxed),
            Source::Held(_) => 0,
        }
    }

    /// Now.
    pub fn now(&self) -> Millis {
        Millis(self.own().0 + self.ahead())
    }

    /// Now by the machine's own clock, whatever it goes by.
    pub fn own(&self) -> Millis {
        match &self.0 {
            Source::System { wrong_by, .. } => Millis(system_millis() + wrong_by),
            Source::Held(now) => Millis(now.load(Ordering::SeqCst)),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the clock")]
fn system_millis() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

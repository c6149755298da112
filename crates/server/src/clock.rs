//! The one place that reads the wall clock. Everything else is told what time it is.

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
    System,
    Held(Arc<AtomicI64>),
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self(Source::System)
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

    /// Now.
    pub fn now(&self) -> Millis {
        match &self.0 {
            Source::System => Millis(system_millis()),
            Source::Held(now) => Millis(now.load(Ordering::SeqCst)),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the clock")]
fn system_millis() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

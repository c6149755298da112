//! Wanting a file, as long as one does.

use std::sync::Arc;

use limpet_wire::Failure;

use super::arrival::Arrival;

/// How much somebody wants a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grade {
    /// Before anybody asks for it. Waits while anything is wanted by hand.
    Ahead,
    /// Somebody waits for it.
    Hand,
}

/// Keeps a file coming.
pub(super) struct Hold {
    arrival: Arc<Arrival>,
    grade: Grade,
}

impl Hold {
    pub(super) fn of(arrival: Arc<Arrival>, grade: Grade) -> Self {
        arrival.hold(grade, true);
        Self { arrival, grade }
    }

    /// Waits until all of it is here.
    pub(super) async fn until_whole(&self) -> Result<(), Failure> {
        self.arrival.until_whole().await
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.arrival.hold(self.grade, false);
    }
}

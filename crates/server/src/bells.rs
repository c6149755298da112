//! Wakes workers that have nothing to do.

use tokio::sync::Notify;

use crate::store::jobs::Lane;

/// A bell for each lane.
#[derive(Default)]
pub struct Bells {
    heavy: Notify,
    light: Notify,
    outside: Notify,
    post: Notify,
    removal: Notify,
}

impl Bells {
    /// Wakes one worker of a lane, or the next that has nothing to do.
    pub fn ring(&self, lane: Lane) {
        self.of(lane).notify_one();
    }

    /// Returns when it was rung.
    pub async fn rung(&self, lane: Lane) {
        self.of(lane).notified().await;
    }

    fn of(&self, lane: Lane) -> &Notify {
        match lane {
            Lane::Heavy => &self.heavy,
            Lane::Light => &self.light,
            Lane::Outside => &self.outside,
            Lane::Post => &self.post,
            Lane::Removal => &self.removal,
        }
    }
}

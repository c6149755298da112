//! Memory for parts that are being filled: so much for all uploads of a node together, however many there are.
//!
//! **Invariant:** nobody waits for memory while holding some. So nobody waits for ever, and a slow line takes no more than
//! what it brought.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What is handed out at once, bytes.
pub(super) const BLOCK: usize = 64 * 1024;
/// What there is, in blocks: 64 MiB.
const BLOCKS: usize = 1024;

/// The memory of a node. Cheap to clone.
#[derive(Clone)]
pub(super) struct Memory(Arc<Semaphore>);

impl Default for Memory {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(BLOCKS)))
    }
}

/// What somebody holds of it.
#[derive(Default)]
pub(super) struct Held(Option<OwnedSemaphorePermit>);

impl Held {
    fn blocks(&self) -> usize {
        self.0.as_ref().map_or(0, OwnedSemaphorePermit::num_permits)
    }

    fn add(&mut self, more: OwnedSemaphorePermit) {
        match &mut self.0 {
            Some(held) => held.merge(more),
            None => self.0 = Some(more),
        }
    }
}

impl Memory {
    /// Holds enough for so many bytes in all, if there is as much.
    pub fn try_hold(&self, held: &mut Held, bytes: usize) -> bool {
        let more = bytes.div_ceil(BLOCK).saturating_sub(held.blocks());
        let Ok(more) = u32::try_from(more) else { return false };
        if more == 0 {
            return true;
        }
        match self.0.clone().try_acquire_many_owned(more) {
            Ok(permit) => {
                held.add(permit);
                true
            }
            Err(_) => false,
        }
    }

    /// Waits until there is enough for so many bytes.
    pub async fn hold(&self, bytes: usize) -> Held {
        let blocks = u32::try_from(bytes.div_ceil(BLOCK)).unwrap_or(u32::MAX);
        // It is never closed.
        Held(self.0.clone().acquire_many_owned(blocks).await.ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn there_is_so_much_and_it_comes_back() {
        let memory = Memory::default();
        let mut one = Held::default();
        assert!(memory.try_hold(&mut one, 1) && memory.try_hold(&mut one, BLOCK));
        assert_eq!(one.blocks(), 1);
        assert!(memory.try_hold(&mut one, BLOCK * BLOCKS));
        let mut two = Held::default();
        assert!(memory.try_hold(&mut two, 0) && !memory.try_hold(&mut two, 1));
        let waiting = tokio::time::timeout(std::time::Duration::from_millis(20), memory.hold(1));
        assert!(waiting.await.is_err());
        drop(one);
        assert_eq!(memory.hold(BLOCK + 1).await.blocks(), 2);
    }
}

//! Threads that do nothing but heavy work of one kind.
//!
//! **Invariant:** such work may leave its memory with its thread, for what comes next: there are only so many of them,
//! and each of the runtime's many threads would come to keep as much.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
};

use tokio::sync::oneshot;

type Work = Box<dyn FnOnce() + Send>;

/// The threads. They end when this is dropped and what was begun is done.
pub struct Hands(mpsc::Sender<Work>);

/// The work panicked.
#[derive(Debug, thiserror::Error)]
#[error("work broke off")]
pub struct BrokeOff;

impl Hands {
    /// So many of them.
    pub fn new(many: usize) -> Self {
        let (give, take) = mpsc::channel::<Work>();
        let take = Arc::new(Mutex::new(take));
        for _ in 0..many {
            let take = Arc::clone(&take);
            thread::spawn(move || {
                loop {
                    let next = take.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok(work) = next else { return };
                    // Whoever waits for it hears of it: nobody tells them what came out.
                    let _ = catch_unwind(AssertUnwindSafe(work));
                }
            });
        }
        Self(give)
    }

    /// Does it once a thread is free, also when nobody waits for it any more.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, BrokeOff> {
        let (tell, told) = oneshot::channel();
        let work = move || drop(tell.send(work()));
        self.0.send(Box::new(work)).map_err(|_| BrokeOff)?;
        told.await.map_err(|_| BrokeOff)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_panics_is_told_and_takes_no_thread_along() {
        let hands = Hands::new(1);
        let first = hands.run(|| thread::current().id()).await.unwrap();
        assert!(hands.run(|| assert_eq!(1, 2)).await.is_err());
        assert_eq!(hands.run(|| thread::current().id()).await.unwrap(), first);
    }
}

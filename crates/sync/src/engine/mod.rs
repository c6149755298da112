//! The two loops of a signed-in desk: the change feed into the cache, the outbox to the server.
//!
//! **Invariant:** every task is tracked and ends with [`Engine::stop`], or at its next pause when the engine is
//! dropped. Ending one at any point loses nothing: what is done is on the disk, what is not is repeated.

mod drain;
mod feed;
mod perform;

use std::{collections::BTreeSet, path::PathBuf, sync::Arc, time::Duration};

use limpet_cache::CacheError;
use limpet_model::{AttachmentId, ConversationId, StaffId};
use limpet_wire::{Failure, http::Present};
use tokio::sync::{Notify, mpsc, watch};
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};

use crate::{Server, Store, clock::Clock, plan::Pace};

/// Whether the server can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// Trying for the first time, or again after it worked.
    Connecting,
    /// The feed is followed.
    Online,
    /// Not reachable; tried again by itself.
    Offline,
    /// The session is over. Nothing goes on until somebody signs in; the outbox stays as it is.
    SignedOut,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SyncEvent {
    /// [`Engine::link`] changed.
    Link,
    /// The feed changed something: lists, and these conversations.
    Arrived(BTreeSet<ConversationId>),
    /// Who is in a conversation now.
    Present(Present),
    /// Nobody is known to be in any conversation: the live connection broke off.
    NobodyKnown,
    /// Something in the outbox moved on, in this conversation if in any.
    Outbox(Option<ConversationId>),
    /// Bytes of an upload that the server has.
    Progress {
        /// Which attachment.
        attachment: AttachmentId,
        /// So far.
        sent: i64,
        /// In all.
        total: i64,
    },
    /// The server said no to a change that is not a message: somebody has to be told.
    ChangeRefused(Failure),
    /// The cache was damaged and starts over; the old file is here.
    CacheRebuilt(Option<PathBuf>),
    /// A file of this computer could not be written: a full disk, most likely.
    Trouble(Failure),
}

/// What an engine works with.
pub struct EngineParts {
    /// The profile's files.
    pub store: Arc<Store>,
    /// The server, with a session.
    pub server: Server,
    /// Whose session it is.
    pub me: StaffId,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// How often to try.
    pub pace: Pace,
    /// Hears what happens.
    pub events: mpsc::UnboundedSender<SyncEvent>,
}

/// A running synchronisation.
pub struct Engine {
    shared: Arc<Shared>,
    tasks: TaskTracker,
    stop: CancellationToken,
    _stop_when_dropped: DropGuard,
}

struct Shared {
    parts: EngineParts,
    link: watch::Sender<Link>,
    /// Something was queued, or an entry's time has come.
    queued: Notify,
    /// The feed should be asked now: an entry was accepted, or the connection is in doubt.
    ask: Notify,
}

impl Engine {
    /// Starts both loops.
    pub fn start(parts: EngineParts) -> Self {
        let shared = Arc::new(Shared {
            parts,
            link: watch::Sender::new(Link::Connecting),
            queued: Notify::new(),
            ask: Notify::new(),
        });
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        tasks.spawn(stop.clone().run_until_cancelled_owned(feed::follow(Arc::clone(&shared))));
        tasks.spawn(stop.clone().run_until_cancelled_owned(drain::drain(Arc::clone(&shared))));
        tasks.close();
        Self { shared, tasks, _stop_when_dropped: stop.clone().drop_guard(), stop }
    }

    /// Whether the server can be reached.
    pub fn link(&self) -> Link {
        *self.shared.link.borrow()
    }

    /// Follows [`Self::link`].
    pub fn watch_link(&self) -> watch::Receiver<Link> {
        self.shared.link.subscribe()
    }

    /// The server, for questions that are not part of the synchronisation.
    pub fn server(&self) -> &Server {
        &self.shared.parts.server
    }

    /// Something was queued.
    pub fn wake(&self) {
        self.shared.queued.notify_one();
    }

    /// Somebody waits for the server: try now.
    pub fn try_now(&self) {
        self.shared.ask.notify_one();
    }

    /// How long to wait after so many attempts failed.
    pub fn pause(&self, attempts: u32) -> Duration {
        self.shared.pause(attempts)
    }

    /// Ends both loops and waits until they have ended.
    pub async fn stop(&self) {
        self.stop.cancel();
        self.tasks.wait().await;
    }
}

impl Shared {
    fn tell(&self, event: SyncEvent) {
        // Nobody listening means that the desk is closing.
        let _ = self.parts.events.send(event);
    }

    fn set_link(&self, link: Link) {
        let changed = self.link.send_if_modified(|now| std::mem::replace(now, link) != link);
        if changed {
            tracing::info!(link = ?link, "The connection changed");
            self.tell(SyncEvent::Link);
        }
    }

    /// Runs something on the files on a thread that may block.
    async fn on_disk<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Store) -> Result<T, CacheError> + Send + 'static,
    ) -> Result<T, CacheError> {
        let store = Arc::clone(&self.parts.store);
        let done = tokio::task::spawn_blocking(move || work(&store)).await;
        done.unwrap_or_else(|error| Err(CacheError::File(std::io::Error::other(error))))
    }

    fn pause(&self, attempts: u32) -> Duration {
        let mut chance = [0];
        // Without randomness desks merely come back together.
        let _ = getrandom::fill(&mut chance);
        let [chance] = chance;
        crate::plan::delay(self.parts.pace, attempts, chance)
    }
}

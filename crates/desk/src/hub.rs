//! What the rooms of the desk share: the open profile, who is signed in, and whom to tell.
//!
//! **Invariant:** a background task ends when the token is cancelled, so nothing outlives the desk.
//! **Invariant:** databases are touched on threads that may block, through [`Hub::on_disk`].

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, RwLock, atomic::AtomicBool},
};

use limpet_cache::outbox::Work;
use limpet_model::{ConversationId, ExportId, Practice, StaffMember};
use limpet_playback::Outlet;
use limpet_sync::{Engine, Folders, Store, SyncEvent, clock::Clock, lay_over, plan::Pace};
use limpet_wire::{Code, Failure, desk::DeskEvent, http::NewExport};
use tokio::{
    runtime::Handle,
    sync::{Notify, broadcast, mpsc},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    DeskOptions, events, fetch::Fetches, filings, prefetch, presence::Presences, profile, review::Rooms,
    session, vault::Vault,
};

/// Shared by everything a desk does.
pub(crate) struct Hub {
    pub folders: Folders,
    pub vault: Arc<dyn Vault>,
    pub clock: Arc<dyn Clock>,
    pub pace: Pace,
    pub media_budget: u64,
    pub device: String,
    pub outlet: Outlet,
    pub events: broadcast::Sender<DeskEvent>,
    pub stop: CancellationToken,
    pub tasks: Tasks,
    pub rooms: Rooms,
    pub presences: Presences,
    pub fetches: Fetches,
    /// A filing was queued, or may go again.
    pub filing: Notify,
    /// There may be something to fetch ahead.
    pub ahead: Notify,
    pub sync_events: mpsc::UnboundedSender<SyncEvent>,
    /// Only one sign-in or sign-out at a time.
    pub door: tokio::sync::Mutex<()>,
    open: RwLock<Option<Opened>>,
    notice: Mutex<Option<Failure>>,
    lock: Mutex<Option<profile::Lock>>,
}

/// Where tasks run that end with the desk. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Tasks {
    tracker: TaskTracker,
    stop: CancellationToken,
    runtime: Handle,
}

impl Tasks {
    /// Runs a task until it ends or the desk does. From any thread.
    pub(crate) fn run(&self, task: impl Future<Output = ()> + Send + 'static) {
        let task = self.stop.clone().run_until_cancelled_owned(async move {
            task.await;
        });
        self.tracker.spawn_on(task, &self.runtime);
    }

    /// Whether the desk has ended.
    pub(crate) fn is_over(&self) -> bool {
        self.stop.is_cancelled()
    }
}

/// The profile's files and who is signed in.
#[derive(Clone)]
struct Opened {
    store: Arc<Store>,
    signed_in: Option<Arc<SignedIn>>,
}

/// Somebody is signed in.
pub(crate) struct SignedIn {
    pub server: String,
    pub practice: Practice,
    pub staff: StaffMember,
    pub engine: Engine,
    /// Whether the files that came before this session were looked through.
    pub media_swept: AtomicBool,
}

/// What a call works with.
#[derive(Clone)]
pub(crate) struct Here {
    pub store: Arc<Store>,
    pub signed_in: Arc<SignedIn>,
}

impl Hub {
    pub(crate) async fn open(options: DeskOptions) -> Result<Arc<Self>, Failure> {
        let folders = Folders::of(&absolute(options.profile));
        let lock = profile::lock(&folders).await?;
        let (sync_events, heard) = mpsc::unbounded_channel();
        let stop = CancellationToken::new();
        let hub = Arc::new(Self {
            folders,
            vault: options.vault,
            clock: options.clock,
            pace: options.pace,
            media_budget: options.media_budget,
            device: options.device,
            outlet: options.outlet,
            events: broadcast::Sender::new(256),
            tasks: Tasks { tracker: TaskTracker::new(), stop: stop.clone(), runtime: Handle::current() },
            stop,
            rooms: Rooms::default(),
            presences: Presences::default(),
            fetches: Fetches::default(),
            filing: Notify::new(),
            ahead: Notify::new(),
            sync_events,
            door: tokio::sync::Mutex::new(()),
            open: RwLock::new(None),
            notice: Mutex::new(None),
            lock: Mutex::new(Some(lock)),
        });
        match profile::open(&hub).await {
            Ok(()) => session::resume(&hub).await?,
            Err(profile::NotOpen::Keyring(failure)) => hub.set_notice(failure),
            Err(profile::NotOpen::Files(failure)) => return Err(failure),
        }
        hub.track(events::pump(Arc::clone(&hub), heard));
        hub.track(filings::run(Arc::clone(&hub)));
        hub.track(prefetch::run(Arc::clone(&hub)));
        Ok(hub)
    }

    fn track(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.run(task);
    }

    pub(crate) async fn close(&self) {
        if let Ok(here) = self.here() {
            here.signed_in.engine.stop().await;
        }
        self.stop.cancel();
        self.tasks.tracker.close();
        self.tasks.tracker.wait().await;
        self.rooms.clear().await;
        let opened = self.write_open().take();
        if let Some(opened) = opened {
            let closed = tokio::task::spawn_blocking(move || opened.store.cache.close()).await;
            if !matches!(closed, Ok(Ok(()))) {
                tracing::warn!("The cache was not closed in order; it is checked at the next start");
            }
        }
        self.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    pub(crate) fn tell(&self, event: DeskEvent) {
        // An error only says that nobody listens.
        let _ = self.events.send(event);
    }

    pub(crate) fn tell_conversation(&self, id: ConversationId) {
        self.tell(DeskEvent::Conversations { ids: vec![id] });
        self.tell(DeskEvent::Lists);
    }

    pub(crate) fn notice(&self) -> Option<Failure> {
        self.notice.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Shows a notice; one that is still up is kept above it, for nobody has read it yet.
    pub(crate) fn set_notice(&self, failure: Failure) {
        {
            let mut notice = self.notice.lock().unwrap_or_else(PoisonError::into_inner);
            *notice = Some(match notice.take() {
                Some(before) if before.message.contains(&failure.message) => before,
                Some(before) => Failure {
                    code: failure.code,
                    message: format!("{}\n{}", before.message, failure.message),
                },
                None => failure,
            });
        }
        self.tell(DeskEvent::State);
    }

    pub(crate) fn clear_notice(&self) {
        *self.notice.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.tell(DeskEvent::State);
    }

    fn write_open(&self) -> std::sync::RwLockWriteGuard<'_, Option<Opened>> {
        self.open.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The profile's files, once they are open.
    pub(crate) fn store(&self) -> Option<Arc<Store>> {
        self.open.read().unwrap_or_else(PoisonError::into_inner).as_ref().map(|open| Arc::clone(&open.store))
    }

    pub(crate) fn set_store(&self, store: Option<Arc<Store>>) {
        *self.write_open() = store.map(|store| Opened { store, signed_in: None });
    }

    pub(crate) fn signed_in(&self) -> Option<Arc<SignedIn>> {
        self.open
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .as_ref()
            .and_then(|open| open.signed_in.clone())
    }

    /// Replaces who is signed in; answers who was.
    pub(crate) fn set_signed_in(&self, now: Option<Arc<SignedIn>>) -> Option<Arc<SignedIn>> {
        let mut open = self.write_open();
        open.as_mut().and_then(|open| std::mem::replace(&mut open.signed_in, now))
    }

    /// What a call works with, or the failure that says to sign in.
    pub(crate) fn here(&self) -> Result<Here, Failure> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner).clone();
        open.and_then(|open| Some(Here { store: open.store, signed_in: open.signed_in? }))
            .ok_or_else(|| Failure::new(Code::SignedOut, "Nobody is signed in. Sign in to go on."))
    }

    /// Runs something on the files on a thread that may block.
    pub(crate) async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Here) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let here = self.here()?;
        blocking(move || work(&here)).await
    }

    /// Queues something for the server and shows it at once.
    pub(crate) async fn queue(&self, work: Work) -> Result<(), Failure> {
        let now = self.clock.now();
        let conversation = work.conversation();
        let me = self.here()?.signed_in.staff.id;
        self.on_disk(move |here| {
            here.store.outbox.add(&work, now)?;
            lay_over(&here.store, me)?;
            Ok(())
        })
        .await?;
        self.queued(conversation)
    }

    /// Tells the server, when it can be reached, that something left Limpet. What was saved is saved, whatever comes of it.
    pub(crate) async fn left(&self, new: NewExport) {
        let told = self.queue(Work::Export { id: ExportId::new(), new }).await;
        if let Err(failure) = told {
            tracing::warn!(code = ?failure.code, "Cannot note that something was saved");
        }
    }

    /// Something was queued: send it, and have it shown.
    pub(crate) fn queued(&self, conversation: Option<ConversationId>) -> Result<(), Failure> {
        self.here()?.signed_in.engine.wake();
        match conversation {
            Some(id) => self.tell_conversation(id),
            None => self.tell(DeskEvent::Lists),
        }
        self.tell(DeskEvent::State);
        Ok(())
    }
}

/// Runs something on a thread that may block.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| {
        tracing::error!(%error, "A task ended badly");
        Err(Failure::new(Code::Internal, "Something went wrong inside Limpet. Try again."))
    })
}

fn absolute(profile: PathBuf) -> PathBuf {
    std::path::absolute(&profile).unwrap_or(profile)
}

//! Starting the server, listening, and stopping without cutting anybody off.
//!
//! A data folder holds `limpet.db`; `uploads/<practice>/<attachment>`, what is arriving;
//! `blobs/<practice>/<attachment>/` with `original`, `poster` and `rendition`; `blobs/<practice>/logo/`; `blobs/aside/`,
//! what doctor found to be nobody's; `scratch`, what jobs make on their way; `node`, its name; `lock` and
//! `limpet.db.opening`; and `restoring/` while a backup is put into it. The last four belong to no backup.
//!
//! With PostgreSQL and a bucket nothing in it is worth keeping: `blobs/` is then what is in the bucket, beside it
//! `arriving/<practice>/<attachment>/` with the parts of what arrives, and any number of nodes serve the same.

mod connections;
mod settings;

use std::{
    fs::{File, TryLockError},
    io,
    net::SocketAddr,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::connections::{accept, listen};
pub use self::settings::{Mail, Settings, StartError};
use crate::{
    app::{App, Inner},
    blobs::Blobs,
    doorbell::Doorbell,
    hooks::Sender,
    intake::{Folder, Intake, Shared},
    jobs,
    live::Live,
    logo::Easel,
    mail::Post,
    metrics::{self, Metrics},
    openings::{self, Openings},
    passwords::Passwords,
    presence,
    private::{close_to_others, make_private},
    routes,
    scratch::Scratch,
    store::{Engine, Store, secrets::EPOCH, uploads::Upload},
    sweep,
    traces::Traces,
    watch,
};

/// The keeper of files in the folder of a SQLite database.
const BESIDE: &str = "beside";
/// How long requests may take to end when the server stops.
const GRACE: Duration = Duration::from_secs(10);
/// What is in a data folder while a backup is being put into it.
pub(crate) const RESTORING: &str = "restoring";

/// A server that is running.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// Where it shows its metrics.
    pub metrics: Option<SocketAddr>,
    app: App,
    drain: Duration,
    _lock: File,
}

/// Opens the store of a data folder, or of a database elsewhere, for serving and for the command line.
pub async fn open_store(
    data: &Path,
    database: Option<&str>,
    live: Live,
    tasks: TaskTracker,
) -> Result<Store, StartError> {
    if let Some(url) = database {
        return Ok(Store::open(url, live, tasks).await?);
    }
    create(data)?;
    if data.join(RESTORING).exists() {
        return Err(StartError::Restoring(data.to_owned()));
    }
    let store = Store::open_file(&data.join("limpet.db"), live, tasks).await?;
    for name in ["limpet.db", "limpet.db-wal", "limpet.db-shm"] {
        close_to_others(&data.join(name));
    }
    Ok(store)
}

/// Starts serving. It goes on until [`Running::stop`].
pub async fn start(settings: Settings) -> Result<Running, StartError> {
    let post = settings.mail.as_ref().map(|mail| Post::by(&mail.server, &mail.from)).transpose()?;
    create(&settings.data)?;
    let lock = lock(&settings.data)?;
    let node = node(&settings.data)?;
    let (live, tasks) = (Live::default(), TaskTracker::new());
    let store = open_store(&settings.data, settings.database.as_deref(), live.clone(), tasks.clone()).await?;
    let (intake, blobs) = open_files(&settings, &store, &node, &tasks).await?;
    let folder = settings.data.join("scratch");
    let scratch = Scratch::in_folder(&folder).map_err(|error| StartError::Folder { folder, error })?;
    let (listener, address) = listen(settings.listen).await?;
    let metrics = match settings.metrics {
        Some(address) => Some(listen(address).await?),
        None => None,
    };
    let traces = match &settings.otlp {
        Some(collector) => Traces::to(collector, &node)?,
        None => Traces::default(),
    };
    let public_url = settings.public_url.unwrap_or_else(|| format!("http://{address}"));
    let app = App::new(Inner {
        epoch: store.secret(EPOCH).await?,
        address_key: store.secret("address key").await?,
        metrics: Metrics::new(&store),
        traces,
        store,
        blobs,
        intake,
        scratch,
        clock: settings.clock,
        live,
        openings: Openings::default(),
        easel: Easel::default(),
        passwords: Passwords::default(),
        doorbell: Doorbell::default(),
        post,
        public_url: public_url.trim_end_matches('/').to_owned(),
        behind_proxy: settings.behind_proxy,
        tasks,
        draining: AtomicBool::new(false),
        bucket_answer: routes::BucketAnswer::default(),
        stopping: CancellationToken::new(),
        outside: Sender::new(settings.webhooks_to_loopback)?,
        webhooks_to_loopback: settings.webhooks_to_loopback,
    });
    watch::set_clock(&app).await?;
    if let Intake::Shared(shared) = &app.intake {
        app.tasks.spawn(shared.clone().keep_turns(app.stopping.clone()));
    }
    sweep::once(&app).await?;
    jobs::start(&app, settings.workers, &node).await?;
    app.tasks.spawn(sweep::every_now_and_then(app.clone()));
    app.tasks.spawn(openings::every_now_and_then(app.clone()));
    app.tasks.spawn(watch::databases_clock(app.clone()));
    app.tasks.spawn(watch::other_processes(app.clone()));
    app.tasks.spawn(watch::tell_other_nodes(app.clone()));
    app.tasks.spawn(watch::other_nodes(app.clone()));
    app.tasks.spawn(presence::every_moment(app.clone()));
    app.tasks.spawn(accept(listener, routes::router(app.clone()), app.clone()));
    let mut shown = None;
    if let Some((listener, address)) = metrics {
        app.tasks.spawn(accept(listener, metrics::router(app.clone()), app.clone()));
        tracing::info!(%address, "Showing metrics");
        shown = Some(address);
    }
    tracing::info!(%address, "Serving");
    Ok(Running { address, metrics: shown, app, drain: settings.drain, _lock: lock })
}

/// Who keeps the files: nobody, when they are in a bucket; else the folder beside a SQLite database, which moves with it,
/// or the node that has them beside a database that other nodes may reach.
pub(crate) fn keeper(engine: Engine, bucket: bool, node: &str) -> &str {
    match (bucket, engine) {
        (true, _) => "",
        (false, Engine::Sqlite) => BESIDE,
        (false, Engine::Postgres) => node,
    }
}

/// Where files are and arrive.
async fn open_files(
    settings: &Settings,
    store: &Store,
    node: &str,
    tasks: &TaskTracker,
) -> Result<(Intake, Blobs), StartError> {
    let ours = keeper(store.engine(), settings.blobs.is_some(), node);
    match store.claim_files(ours).await? {
        keeper if keeper == ours => {}
        keeper if keeper.is_empty() => return Err(StartError::Shared),
        keeper if keeper == BESIDE => return Err(StartError::KeptBeside),
        keeper => return Err(StartError::KeptElsewhere(keeper)),
    }
    if let Some(bucket) = &settings.blobs {
        let blobs = Blobs::in_bucket(bucket)?;
        blobs.answers().await?;
        store.forget_turns(node).await?;
        let shared = Shared::new(store.clone(), blobs.clone(), settings.clock.clone(), node, tasks.clone());
        return Ok((Intake::Shared(shared), blobs));
    }
    let (uploads, blobs) = (settings.data.join("uploads"), settings.data.join("blobs"));
    create(&uploads)?;
    create(&blobs)?;
    // An older version made them for everybody.
    close_to_others(&uploads);
    close_to_others(&blobs);
    let folder = Folder::new(&uploads);
    let mut known = store.files_with_jobs().await?;
    known.extend(store.uploads().await?.iter().map(Upload::file_of));
    known.sort_unstable();
    folder.adopt(&known).map_err(|error| StartError::Folder { folder: uploads, error })?;
    Ok((Intake::Folder(folder), Blobs::in_folder(&blobs)?))
}

impl Running {
    /// What the routes see; for tests and for the command line.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Says that it is about to stop, for as long as it was told to; then takes no more requests, lets those under way
    /// end, and closes the store.
    pub async fn stop(self) {
        self.app.draining.store(true, Ordering::Release);
        tokio::time::sleep(self.drain).await;
        self.app.stopping.cancel();
        self.app.tasks.close();
        if tokio::time::timeout(GRACE, self.app.tasks.wait()).await.is_err() {
            tracing::warn!("Stopped while requests were still under way");
        }
        self.app.store.close().await;
        let app = self.app.clone();
        if tokio::task::spawn_blocking(move || app.traces.finish()).await.is_err() {
            tracing::warn!("The last traces were not sent");
        }
        tracing::info!("Stopped");
    }
}

fn create(folder: &Path) -> Result<(), StartError> {
    make_private(folder).map_err(|error| StartError::Folder { folder: folder.to_owned(), error })
}

/// One server a folder: two would write to the same uploads.
pub(crate) fn lock(data: &Path) -> Result<File, StartError> {
    let failed = |error| StartError::Folder { folder: data.to_owned(), error };
    let file = File::create(data.join("lock")).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StartError::Taken),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// This node's name, kept with its data: the leases it held before a restart are its own.
pub(crate) fn node(data: &Path) -> Result<String, StartError> {
    let path = data.join("node");
    let failed = |error| StartError::Folder { folder: data.to_owned(), error };
    match std::fs::read_to_string(&path) {
        Ok(name) if !name.trim().is_empty() => Ok(name.trim().to_owned()),
        Ok(_) => name_node(&path).map_err(failed),
        Err(error) if error.kind() == io::ErrorKind::NotFound => name_node(&path).map_err(failed),
        Err(error) => Err(failed(error)),
    }
}

fn name_node(path: &Path) -> io::Result<String> {
    let name = uuid::Uuid::now_v7().to_string();
    std::fs::write(path, &name)?;
    Ok(name)
}

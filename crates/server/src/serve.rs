//! Starting the server, listening, and stopping without cutting anybody off.
//!
//! A data folder holds `limpet.db`; `uploads/<practice>/<attachment>`, what is arriving;
//! `blobs/<practice>/<attachment>/` with `original`, `poster` and `rendition`; `blobs/<practice>/logo/`; `blobs/aside/`,
//! what doctor found to be nobody's; `lock` and `node`. All but the last two belong into a backup.

use std::{
    fs::{File, TryLockError},
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use axum::{Router, body::Body, extract::Request};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::Service;

use crate::{
    app::{App, Inner},
    blobs::{BlobError, Blobs},
    clock::Clock,
    doorbell::Doorbell,
    intake::Intake,
    jobs,
    live::Live,
    mail::{self, Post, PostError},
    openings::{self, Openings},
    passwords::Passwords,
    peer::Connected,
    routes,
    store::{Store, StoreError, secrets::EPOCH, uploads::Upload},
    sweep, watch,
};

/// A request's headers have to be here within this time.
const HEADER_TIME: Duration = Duration::from_secs(20);
/// How long requests may take to end when the server stops.
const GRACE: Duration = Duration::from_secs(10);

/// How to serve.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where everything is kept. Created if need be.
    pub data: PathBuf,
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// How the outside reaches the server; by default the address it listens on.
    pub public_url: Option<String>,
    /// `sqlite:` or `postgres:` address; by default a file in `data`.
    pub database: Option<String>,
    /// Clips prepared at once. 0 leaves them to other nodes.
    pub workers: usize,
    /// Whether addresses come from a proxy in front.
    pub behind_proxy: bool,
    /// How long it goes on serving once it was asked to stop, saying at `/readyz` that it is about to.
    pub drain: Duration,
    /// The mail server, and who mails are from; none are sent without.
    pub mail: Option<Mail>,
    /// What time it is.
    pub clock: Clock,
}

/// How mail goes out.
#[derive(Clone)]
pub struct Mail {
    /// `smtp:` or `smtps:` address; may hold a password and is never logged.
    pub server: String,
    /// Sender.
    pub from: String,
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mail").field("from", &self.from).finish_non_exhaustive()
    }
}

impl Settings {
    /// As `limpet-server serve --data DIR` serves.
    pub fn in_folder(data: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            listen: SocketAddr::from(([127, 0, 0, 1], 8470)),
            public_url: None,
            database: None,
            workers: 1,
            behind_proxy: false,
            drain: Duration::ZERO,
            mail: None,
            clock: Clock::system(),
        }
    }
}

/// The server could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The folder cannot be used.
    #[error("cannot use the data folder {folder}: {error}")]
    Folder {
        /// Which.
        folder: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Somebody else is serving it.
    #[error("another limpet-server is already serving this data folder; stop it first")]
    Taken,
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        error: io::Error,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The blob store.
    #[error(transparent)]
    Blobs(#[from] BlobError),
    /// The mail server.
    #[error(transparent)]
    Mail(#[from] PostError),
}

/// A server that is running.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    app: App,
    drain: Duration,
    _lock: File,
}

/// Opens the store of a data folder, for serving and for the command line.
pub async fn open_store(
    data: &Path,
    database: Option<&str>,
    live: Live,
    tasks: TaskTracker,
) -> Result<Store, StartError> {
    create(data)?;
    Ok(match database {
        Some(url) => Store::open(url, live, tasks).await?,
        None => Store::open_file(&data.join("limpet.db"), live, tasks).await?,
    })
}

/// Starts serving. It goes on until [`Running::stop`].
pub async fn start(settings: Settings) -> Result<Running, StartError> {
    let post = settings.mail.map(|mail| Post::by(&mail.server, &mail.from)).transpose()?;
    create(&settings.data)?;
    let lock = lock(&settings.data)?;
    let (uploads, blobs) = (settings.data.join("uploads"), settings.data.join("blobs"));
    create(&uploads)?;
    create(&blobs)?;
    let (live, tasks) = (Live::default(), TaskTracker::new());
    let store = open_store(&settings.data, settings.database.as_deref(), live.clone(), tasks.clone()).await?;
    let listener = TcpListener::bind(settings.listen)
        .await
        .map_err(|error| StartError::Listen { address: settings.listen, error })?;
    let address =
        listener.local_addr().map_err(|error| StartError::Listen { address: settings.listen, error })?;
    let public_url = settings.public_url.unwrap_or_else(|| format!("http://{address}"));
    let app = App::new(Inner {
        epoch: store.secret(EPOCH).await?,
        address_key: store.secret("address key").await?,
        store,
        blobs: Blobs::in_folder(&blobs)?,
        intake: Intake::in_folder(&uploads),
        clock: settings.clock,
        live,
        openings: Openings::default(),
        passwords: Passwords::default(),
        doorbell: Doorbell::default(),
        post,
        mail: Arc::default(),
        public_url: public_url.trim_end_matches('/').to_owned(),
        behind_proxy: settings.behind_proxy,
        tasks,
        draining: AtomicBool::new(false),
        stopping: CancellationToken::new(),
    });
    let mut known = app.store.files_with_jobs().await?;
    known.extend(app.store.uploads().await?.iter().map(Upload::file_of));
    known.sort_unstable();
    app.intake.adopt(&known).map_err(|error| StartError::Folder { folder: uploads, error })?;
    sweep::once(&app).await?;
    jobs::start(&app, settings.workers, &node(&settings.data)?).await?;
    if app.post.is_some() {
        app.tasks.spawn(mail::deliver(app.clone()));
    }
    app.tasks.spawn(sweep::every_now_and_then(app.clone()));
    app.tasks.spawn(openings::every_now_and_then(app.clone()));
    app.tasks.spawn(watch::other_processes(app.clone()));
    app.tasks.spawn(watch::tell_other_nodes(app.clone()));
    app.tasks.spawn(watch::other_nodes(app.clone()));
    app.tasks.spawn(accept(listener, routes::router(app.clone()), app.clone()));
    tracing::info!(%address, "Serving");
    Ok(Running { address, app, drain: settings.drain, _lock: lock })
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
        tracing::info!("Stopped");
    }
}

async fn accept(listener: TcpListener, router: Router, app: App) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = app.stopping.cancelled() => return,
        };
        match accepted {
            Ok((stream, from)) => {
                app.tasks.spawn(converse(stream, from, router.clone(), app.stopping.clone()));
            }
            Err(error) => {
                // Too many open files, for one. Trying at once would only burn the processor.
                tracing::warn!(%error, "Cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn converse(stream: TcpStream, from: SocketAddr, router: Router, stopping: CancellationToken) {
    // Small answers go out at once.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Connected(from));
        router.clone().call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopping.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "A connection broke");
    }
}

fn create(folder: &Path) -> Result<(), StartError> {
    std::fs::create_dir_all(folder).map_err(|error| StartError::Folder { folder: folder.to_owned(), error })
}

/// One server a folder: two would write to the same uploads.
fn lock(data: &Path) -> Result<File, StartError> {
    let failed = |error| StartError::Folder { folder: data.to_owned(), error };
    let file = File::create(data.join("lock")).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StartError::Taken),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// This node's name, kept with its data: the leases it held before a restart are its own.
fn node(data: &Path) -> Result<String, StartError> {
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

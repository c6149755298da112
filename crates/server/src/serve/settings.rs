//! How to serve, and why that may not be possible.

use std::{io, net::SocketAddr, path::PathBuf, time::Duration};

use crate::{
    blobs::{BlobError, Bucket},
    clock::Clock,
    mail::PostError,
    store::StoreError,
    traces::TracesError,
};

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
    /// Where files are; by default a folder in `data`.
    pub blobs: Option<Bucket>,
    /// Clips prepared at once. 0 leaves them to other nodes.
    pub workers: usize,
    /// Whether addresses come from a proxy in front.
    pub behind_proxy: bool,
    /// How long it goes on serving once it was asked to stop, saying at `/readyz` that it is about to.
    pub drain: Duration,
    /// Where metrics are shown, if anywhere; port 0 takes a free one.
    pub metrics: Option<SocketAddr>,
    /// The collector that traces are sent to, if any.
    pub otlp: Option<String>,
    /// Whether webhooks may be on this computer: for tests and for development.
    pub webhooks_to_loopback: bool,
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
            blobs: None,
            workers: 1,
            behind_proxy: false,
            drain: Duration::ZERO,
            metrics: None,
            otlp: None,
            webhooks_to_loopback: false,
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
    /// A backup was not restored to its end.
    #[error(
        "a backup was being restored into {0} and not all of it is there; give the same `limpet-server restore` again"
    )]
    Restoring(PathBuf),
    /// Traces.
    #[error(transparent)]
    Traces(#[from] TracesError),
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
    /// Nothing can be sent to webhooks.
    #[error("cannot make requests: {0}")]
    Outgoing(#[from] reqwest::Error),
    /// The blob store.
    #[error("cannot use the blob store: {0}")]
    Blobs(#[from] BlobError),
    /// The files of this database are in the folder of another node.
    #[error(
        "the files of this database are in the data folder of node {0}, and only that node can serve them. Serve with \
         that folder; or copy its blobs into a bucket, say --blobs s3://.. on every node, and once run doctor --repair \
         with the same"
    )]
    KeptElsewhere(String),
    /// The files of this database are beside it.
    #[error(
        "the files of this database are in the data folder beside it. Serve without --blobs; or copy its blobs into the \
         bucket, and once run doctor --repair with the same --blobs"
    )]
    KeptBeside,
    /// The files of this database are in a bucket.
    #[error("the files of this database are in a bucket that all its nodes share: say --blobs s3://..")]
    Shared,
    /// The mail server.
    #[error(transparent)]
    Mail(#[from] PostError),
}

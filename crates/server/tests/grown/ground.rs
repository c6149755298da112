//! Where the servers of these tests keep things: in a database and a folder of a bucket that belong to their data folder.
//! One PostgreSQL and one SeaweedFS serve all tests; they end with this process.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    process::Command,
    sync::{LazyLock, Mutex},
};

use futures_util::{StreamExt, TryStreamExt};
use limpet_model::AttachmentId;
use limpet_server::{
    blobs::{Blobs, Bucket},
    file_of::FileOf,
    serve::Settings,
    store::Store,
};
use limpet_testkit::{postgres::Cluster, seaweed::Seaweed};

static POSTGRES: LazyLock<Cluster> = LazyLock::new(|| Cluster::start().unwrap());
static SEAWEED: LazyLock<Seaweed> = LazyLock::new(|| Seaweed::start().unwrap());
static PLACES: LazyLock<Mutex<HashMap<PathBuf, Place>>> = LazyLock::new(Mutex::default);

/// What goes with a data folder.
#[derive(Clone)]
pub struct Place {
    pub database: String,
    pub blobs: String,
}

/// What goes with a data folder: made when somebody first asks.
pub fn place(data: &Path) -> Place {
    let mut places = PLACES.lock().unwrap();
    let number = places.len();
    let made = || {
        let database = POSTGRES.create_database(&format!("limpet_{number}")).unwrap();
        Place { database, blobs: SEAWEED.blobs(&format!("files/{number}")) }
    };
    places.entry(data.to_owned()).or_insert_with(made).clone()
}

/// One of PostgreSQL's own programs, about the database that goes with a data folder.
pub fn postgres(program: &str, data: &Path) -> Command {
    let mut command = POSTGRES.program(program);
    command.arg("--dbname").arg(place(data).database);
    command
}

/// A second node's data folder: it has the same database and the same files.
pub fn share(data: &Path, with: &Path) {
    let place = place(with);
    PLACES.lock().unwrap().insert(data.to_owned(), place);
}

/// How the bucket is reached.
pub fn environment() -> [(String, String); 4] {
    SEAWEED.environment()
}

/// What has to be said over that to reach it over TLS.
pub fn secure_environment() -> [(String, String); 2] {
    SEAWEED.secure_environment()
}

/// How a server in this process serves a data folder.
pub fn settings(data: &Path) -> Settings {
    let Place { database, blobs } = place(data);
    let bucket = Bucket::with_options(blobs, environment());
    Settings { database: Some(database), blobs: Some(bucket), ..Settings::in_folder(data) }
}

/// Tells a program that is given a data folder where the rest is.
pub fn dress(command: &mut Command, data: &Path) {
    let Place { database, blobs } = place(data);
    command.env("LIMPET_DATABASE", database).env("LIMPET_BLOBS", blobs).envs(environment());
}

/// The files.
pub fn blobs(data: &Path) -> Blobs {
    Blobs::in_bucket(&Bucket::with_options(place(data).blobs, environment())).unwrap()
}

/// The rows, for what is done with them.
pub async fn with_store<T>(data: &Path, work: impl AsyncFnOnce(&Store) -> T) -> T {
    let store = Store::open_as_it_is(&place(data).database).await.unwrap();
    let done = work(&store).await;
    store.close().await;
    done
}

/// What has arrived of an upload, of whichever practice.
pub async fn arrived(data: &Path, id: AttachmentId) -> Option<Vec<u8>> {
    let files = with_store(data, async |store| store.files_with_parts().await.unwrap()).await;
    arrived_of(data, files.into_iter().find(|of| of.attachment == id)?).await
}

/// What has arrived of an upload.
pub async fn arrived_of(data: &Path, of: FileOf) -> Option<Vec<u8>> {
    let (blobs, mut arrived) = (blobs(data), Vec::new());
    let parts = with_store(data, async |store| store.parts(of).await.unwrap()).await;
    for part in &parts {
        // A job may take it away meanwhile.
        let bytes: Vec<_> = blobs.part(of, &part.name).await.ok()?.try_collect().await.ok()?;
        arrived.extend(bytes.concat());
        assert_eq!(arrived.len() as i64, part.ends, "no gap");
    }
    (!parts.is_empty()).then_some(arrived)
}

/// Whether anything has been put away.
pub async fn has_blobs(data: &Path) -> bool {
    let kept =
        blobs(data).list().try_filter(|blob| std::future::ready(Blobs::read_path(&blob.path).is_some()));
    std::pin::pin!(kept).next().await.is_some()
}

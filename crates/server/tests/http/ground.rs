//! Where the servers of these tests keep things: a database and a folder in their data folder. The suite `grown` takes the
//! same tests to PostgreSQL and a bucket, with a file in place of this one.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use limpet_model::AttachmentId;
use limpet_server::{
    blobs::Blobs,
    file_of::FileOf,
    serve::Settings,
    store::{Store, file_url},
};

/// How a server in this process serves a data folder.
pub fn settings(data: &Path) -> Settings {
    Settings::in_folder(data)
}

/// Tells a program that is given a data folder where the rest is: there is no rest.
pub fn dress(_: &mut Command, _: &Path) {}

/// What has arrived of an upload, of whichever practice.
pub async fn arrived(data: &Path, id: AttachmentId) -> Option<Vec<u8>> {
    match arriving(data, id) {
        Some(path) => Some(tokio::fs::read(path).await.unwrap()),
        None => None,
    }
}

/// What has arrived of an upload.
pub async fn arrived_of(data: &Path, FileOf { practice, attachment }: FileOf) -> Option<Vec<u8>> {
    tokio::fs::read(data.join("uploads").join(practice.to_string()).join(attachment.to_string())).await.ok()
}

/// The files that are put away.
pub fn blobs(data: &Path) -> Blobs {
    let folder = data.join("blobs");
    std::fs::create_dir_all(&folder).unwrap();
    Blobs::in_folder(&folder).unwrap()
}

/// Whether anything has been put away.
pub async fn has_blobs(data: &Path) -> bool {
    let Ok(mut practices) = tokio::fs::read_dir(data.join("blobs")).await else { return false };
    practices.next_entry().await.is_ok_and(|found| found.is_some())
}

fn arriving(data: &Path, id: AttachmentId) -> Option<PathBuf> {
    let practices = std::fs::read_dir(data.join("uploads")).unwrap();
    practices.map(|practice| practice.unwrap().path().join(id.to_string())).find(|path| path.exists())
}

/// The rows, for what is done with them.
pub async fn with_store<T>(data: &Path, work: impl AsyncFnOnce(&Store) -> T) -> T {
    let store = Store::open_as_it_is(&file_url(&data.join("limpet.db"))).await.unwrap();
    let done = work(&store).await;
    store.close().await;
    done
}

//! Moving an embedded installation into PostgreSQL and a shared blob store.
//!
//! **Invariant:** the source is only read, and the server that serves it has stopped. **Invariant:** the target holds
//! nothing else, and nothing is served from it until all of it was compared: a row of `moving` says so. A move that was
//! broken off is finished by the same command.
//!
//! A file that has arrived whole and waits to be prepared goes to the blob store as an original, where its job finds
//! it. A file of which only a part has arrived stays behind: its upload stands at nothing, and the device that sends it,
//! which keeps it until the server has all of it, begins anew by itself.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    io,
    path::{Path, PathBuf},
};

use futures_util::TryStreamExt;
use limpet_model::Millis;
use sha2::{Digest, Sha256};

use crate::{
    blobs::{BlobError, Blobs, Part},
    doctor::{self, DoctorError, Finding},
    hashed::{self, Hashed},
    intake::Folder,
    progress::{Progress, counted},
    serve::{StartError, lock},
    store::{Store, StoreError, file_url, tables::Table},
};

/// What was moved.
#[derive(Debug)]
pub struct Moved {
    /// Each table, and how many rows it has here and there.
    pub tables: Vec<(String, u64)>,
    /// How many blobs.
    pub blobs: u64,
    /// And bytes.
    pub bytes: u64,
    /// Uploads under way, which begin anew.
    pub begin_anew: usize,
    /// What doctor says of the target.
    pub found: Vec<Finding>,
}

/// Why it was not moved.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// There is nothing to move.
    #[error("there is no database in {0}")]
    NoDatabase(PathBuf),
    /// It is being served.
    #[error("a limpet-server is serving {0}; stop it first, so that nothing is written while it is moved")]
    Served(PathBuf),
    /// The folder cannot be used.
    #[error("{0}: {1}")]
    File(PathBuf, io::Error),
    /// The target has to be shared by nodes.
    #[error("--database has to be a postgres:// address")]
    NotPostgres,
    /// The target's database has other tables.
    #[error(
        "the database holds tables that are not Limpet's ({0}); nothing was changed. Give an empty database"
    )]
    Strange(String),
    /// The target's database is somebody's.
    #[error(
        "the database already holds an installation (there are rows in {0}); nothing was changed. Give an empty one"
    )]
    Taken(String),
    /// Another installation is half way into it.
    #[error("another installation is being moved into this database; finish that, or give an empty one")]
    Another,
    /// The target's blob store has something else.
    #[error(
        "the blob store holds {0}, which is not this installation's; nothing was changed. Give an empty one"
    )]
    StrangeBlob(String),
    /// A table came out different.
    #[error("the table {0} is not the same there ({1} rows here, {2} there); give the command again")]
    Differs(String, u64, u64),
    /// A blob came out different.
    #[error("{0} is not the same there; give the command again")]
    BlobDiffers(String),
    /// A file that no store has.
    #[error(
        "the file of {0} waits to be prepared and is gone; `limpet-server doctor` says more. Nothing was moved"
    )]
    Lost(String),
    /// A database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A blob store.
    #[error(transparent)]
    Blobs(#[from] BlobError),
    /// Looking at what came out.
    #[error(transparent)]
    Doctor(#[from] DoctorError),
}

type Result<T, E = MoveError> = std::result::Result<T, E>;

/// Moves the installation in `data`.
pub async fn move_in(data: &Path, database: &str, blobs: &Blobs, now: Millis) -> Result<Moved> {
    if !database.starts_with("postgres:") && !database.starts_with("postgresql:") {
        return Err(MoveError::NotPostgres);
    }
    let file = data.join("limpet.db");
    if !file.is_file() {
        return Err(MoveError::NoDatabase(data.to_owned()));
    }
    let _lock = lock(data).map_err(|error| match error {
        StartError::Folder { folder, error } => MoveError::File(folder, error),
        _ => MoveError::Served(data.to_owned()),
    })?;
    let source = Store::open_as_it_is(&file_url(&file)).await?;
    let moved = match Store::open_to_move_in(database).await {
        Ok(Ok(target)) => {
            let move_ = Move { data, source: &source, target: &target, blobs };
            let moved = move_.run(now).await;
            target.close().await;
            moved
        }
        Ok(Err(names)) => Err(MoveError::Strange(names.join(", "))),
        Err(error) => Err(error.into()),
    };
    source.close().await;
    moved
}

struct Move<'a> {
    data: &'a Path,
    source: &'a Store,
    target: &'a Store,
    blobs: &'a Blobs,
}

impl Move<'_> {
    async fn run(&self, now: Millis) -> Result<Moved> {
        let tables = self.source.tables().await?;
        let files = self.files().await?;
        let fingerprint = self.source.fingerprint().await?;
        self.look_at_target(&tables, &files, &fingerprint).await?;
        self.target.begin_move(&fingerprint, now).await?;
        let moved = self.rows(&tables).await?;
        let bytes = self.files_over(&files).await?;
        self.target.end_move().await?;
        let uploads = self.source.uploads().await?;
        let intake = Folder::new(&self.data.join("uploads"));
        let begun = uploads.iter().filter(|upload| intake.file(upload.file_of()).exists());
        Ok(Moved {
            tables: moved,
            blobs: files.len() as u64,
            bytes,
            begin_anew: begun.count(),
            found: doctor::examine(self.target, self.blobs, now).await?,
        })
    }

    /// What is to lie in the blob store, by its place there, and the file that holds it here.
    async fn files(&self) -> Result<BTreeMap<String, PathBuf>> {
        let folder = self.data.join("blobs");
        let mut files = BTreeMap::new();
        if folder.is_dir() {
            let mut list = Blobs::in_folder(&folder)?.list();
            while let Some(blob) = list.try_next().await? {
                if !Blobs::is_aside(&blob.path) {
                    files.insert(blob.path.clone(), folder.join(&blob.path));
                }
            }
        }
        let intake = Folder::new(&self.data.join("uploads"));
        for of in self.source.files_with_jobs().await? {
            let (path, file) = (Blobs::path_of(of, Part::Original), intake.file(of));
            // What was put away is the whole of it; what has arrived may be the rest of a job that was done.
            if let Entry::Vacant(place) = files.entry(path) {
                if !file.is_file() {
                    return Err(MoveError::Lost(place.key().clone()));
                }
                place.insert(file);
            }
        }
        Ok(files)
    }

    /// The target is empty, or holds a beginning of this very move.
    async fn look_at_target(
        &self,
        tables: &[Table],
        files: &BTreeMap<String, PathBuf>,
        fingerprint: &str,
    ) -> Result<()> {
        let ours = self.source.table_names().await?;
        let strange: Vec<String> = self.target.table_names().await?.difference(&ours).cloned().collect();
        if !strange.is_empty() {
            return Err(MoveError::Strange(strange.join(", ")));
        }
        match self.target.moving().await? {
            Some(other) if other != fingerprint => return Err(MoveError::Another),
            Some(_) => {}
            None => {
                for table in tables {
                    if self.target.contents(table).await?.rows > 0 {
                        return Err(MoveError::Taken(table.name.clone()));
                    }
                }
            }
        }
        let mut list = self.blobs.list();
        while let Some(blob) = list.try_next().await? {
            if !files.contains_key(&blob.path) {
                return Err(MoveError::StrangeBlob(blob.path));
            }
        }
        Ok(())
    }

    /// Copies the rows and compares them. What an earlier attempt copied stays if it is still the same.
    async fn rows(&self, tables: &[Table]) -> Result<Vec<(String, u64)>> {
        let mut all = Vec::new();
        let mut as_it_was = true;
        for table in tables {
            let (here, there) = (self.source.contents(table).await?, self.target.contents(table).await?);
            as_it_was &= there.rows == 0 || there == here;
            all.push((table, here));
        }
        if !as_it_was {
            self.target.empty(tables).await?;
        }
        let mut moved = Vec::new();
        for (table, here) in all {
            let mut there = self.target.contents(table).await?;
            if there != here {
                let mut told = 0;
                self.target
                    .copy_table(self.source, table, |rows| {
                        if rows - told >= 50_000 {
                            told = rows;
                            eprintln!("moving: {rows} of {} of {}", counted(here.rows, "row"), table.name);
                        }
                    })
                    .await?;
                there = self.target.contents(table).await?;
            }
            if there != here {
                return Err(MoveError::Differs(table.name.clone(), here.rows, there.rows));
            }
            moved.push((table.name.clone(), here.rows));
        }
        Ok(moved)
    }

    /// Copies the blobs that are not there, and compares all of them by reading them back.
    async fn files_over(&self, files: &BTreeMap<String, PathBuf>) -> Result<u64> {
        let mut there = BTreeMap::new();
        let mut list = self.blobs.list();
        while let Some(blob) = list.try_next().await? {
            there.insert(blob.path, blob.bytes);
        }
        let length = |file: &Path| std::fs::metadata(file).map(|meta| meta.len());
        let mut bytes = 0;
        for file in files.values() {
            bytes += length(file).map_err(|error| MoveError::File(file.clone(), error))?;
        }
        let mut progress = Progress::begin("moving", files.len() as u64, bytes);
        for (path, file) in files {
            let failed = |error| MoveError::File(file.clone(), error);
            let here = hashed::hash(file).await.map_err(failed)?;
            // One that an earlier attempt put there is compared first, and put there again if it is not the same.
            let same = there.get(path) == Some(&here.bytes) && self.read_back(path).await? == here;
            if !same {
                self.blobs.put_file_at(path, file).await?;
                if self.read_back(path).await? != here {
                    return Err(MoveError::BlobDiffers(path.clone()));
                }
            }
            progress.file(here.bytes);
        }
        Ok(bytes)
    }

    async fn read_back(&self, path: &str) -> Result<Hashed> {
        let mut stream = self.blobs.stream_at(path).await?;
        let (mut hash, mut bytes) = (Sha256::new(), 0);
        while let Some(chunk) = stream.try_next().await? {
            bytes += chunk.len() as u64;
            hash.update(&chunk);
        }
        Ok(Hashed { bytes, sha256: hex::encode(hash.finalize()) })
    }
}

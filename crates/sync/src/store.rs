//! The files of a profile, open: cache, outbox and both media folders.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Mutex,
};

use limpet_cache::{Cache, CacheError, Outbox, StoreKey, media::MediaFolder};

/// Where the files of a profile are. The only list of them.
#[derive(Debug, Clone)]
pub struct Folders {
    profile: PathBuf,
}

impl Folders {
    /// Of the profile in a folder.
    pub fn of(profile: &Path) -> Self {
        Self { profile: profile.to_owned() }
    }

    /// The database that may be rebuilt.
    pub fn cache(&self) -> PathBuf {
        self.profile.join("cache").join("cache.db")
    }

    /// Downloaded media.
    pub fn arrived(&self) -> PathBuf {
        self.profile.join("cache").join("media")
    }

    /// The database that must not be lost.
    pub fn outbox(&self) -> PathBuf {
        self.profile.join("outbox").join("outbox.db")
    }

    /// Media on its way out, and transcripts waiting to be filed.
    pub fn outgoing(&self) -> PathBuf {
        self.profile.join("outbox").join("media")
    }

    /// Held by the one process that has the profile open.
    pub fn lock(&self) -> PathBuf {
        self.profile.join("lock")
    }

    /// Makes the folders.
    pub fn create(&self) -> io::Result<()> {
        std::fs::create_dir_all(self.arrived())?;
        std::fs::create_dir_all(self.outgoing())
    }
}

/// The files of a profile, open.
pub struct Store {
    /// What the server said.
    pub cache: Cache,
    /// What it does not know yet.
    pub outbox: Outbox,
    /// Downloaded media; goes when room is needed.
    pub arrived: MediaFolder,
    /// Staged and outgoing media; stays until the server has it.
    pub outgoing: MediaFolder,
    /// One overlay is computed at a time, or an older one could be laid over a newer one.
    pub(crate) laying: Mutex<()>,
}

impl Store {
    /// Opens everything for the program that owns the profile. The cache is rebuilt when it has to be; the answer
    /// says where the old one is. An outbox that does not open is an error, and stays where it is.
    pub fn open(folders: &Folders, key: &StoreKey) -> Result<(Self, Option<PathBuf>), CacheError> {
        folders.create()?;
        let outbox = Outbox::open(&folders.outbox(), key)?;
        let (cache, kept) = Cache::open_or_rebuild(&folders.cache(), key)?;
        let (arrived, outgoing) =
            (MediaFolder::open(&folders.arrived(), key)?, MediaFolder::open(&folders.outgoing(), key)?);
        Ok((Self { cache, outbox, arrived, outgoing, laying: Mutex::default() }, kept))
    }

    /// Opens what is there for reading, beside the program that owns it.
    pub fn open_beside(folders: &Folders, key: &StoreKey) -> Result<Self, CacheError> {
        Ok(Self {
            cache: Cache::open_beside(&folders.cache(), key)?,
            outbox: Outbox::open_beside(&folders.outbox(), key)?,
            arrived: MediaFolder::open(&folders.arrived(), key)?,
            outgoing: MediaFolder::open(&folders.outgoing(), key)?,
            laying: Mutex::default(),
        })
    }
}

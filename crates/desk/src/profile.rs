//! Opening a profile: its lock, its key, its files, and what is said when one of them is lost.
//!
//! **Invariant:** an outbox that does not open is set aside and named in a notice, never deleted.
//! **Invariant:** without a keyring no file is written.

use std::{
    fs::{File, OpenOptions},
    path::Path,
    sync::Arc,
    time::Duration,
};

use limpet_cache::{StoreKey, aside};
use limpet_sync::{Folders, Store};
use limpet_wire::{Code, Failure};

use crate::{
    hub::{Hub, blocking},
    vault::Vault,
};

/// The key's name in the vault.
pub(crate) const KEY: &str = "database-key";

/// Held while a process has the profile open.
pub(crate) struct Lock(#[expect(dead_code, reason = "the lock lasts as long as the file is open")] File);

/// Why a profile did not open.
pub(crate) enum NotOpen {
    /// Its keys cannot be had. The desk opens empty and says so.
    Keyring(Failure),
    /// Its files cannot be used.
    Files(Failure),
}

/// Takes the profile's lock. Waits a moment for a process that is just ending.
pub(crate) async fn lock(folders: &Folders) -> Result<Lock, Failure> {
    let folders = folders.clone();
    for _ in 0..20 {
        let folders = folders.clone();
        if let Some(lock) = blocking(move || try_lock(&folders)).await? {
            return Ok(lock);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Err(Failure::new(
        Code::Conflict,
        "Limpet is already open with this profile. Use the window that is open, or close it first.",
    ))
}

fn try_lock(folders: &Folders) -> Result<Option<Lock>, Failure> {
    folders.create().map_err(|error| unusable(&error))?;
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    let file = options.open(folders.lock()).map_err(|error| unusable(&error))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Lock(file))),
        Err(std::fs::TryLockError::WouldBlock) => Ok(None),
        Err(std::fs::TryLockError::Error(error)) => Err(unusable(&error)),
    }
}

fn unusable(error: &std::io::Error) -> Failure {
    tracing::error!(%error, "The profile's folder cannot be used");
    Failure::new(
        Code::Invalid,
        "The folder of this profile cannot be written. Check that the disk has room and that the folder is yours.",
    )
}

/// Opens the files with the key from the vault, and puts what has to be known into the notice.
pub(crate) async fn open(hub: &Arc<Hub>) -> Result<(), NotOpen> {
    let (folders, vault) = (hub.folders.clone(), Arc::clone(&hub.vault));
    let opened = tokio::task::spawn_blocking(move || open_files(&folders, vault.as_ref())).await;
    let (store, notices) = opened.unwrap_or_else(|_| {
        Err(NotOpen::Files(Failure::new(
            Code::Internal,
            "Something went wrong inside Limpet. Open it again.",
        )))
    })?;
    hub.set_store(Some(Arc::new(store)));
    for notice in notices {
        hub.set_notice(notice);
    }
    Ok(())
}

fn open_files(folders: &Folders, vault: &dyn Vault) -> Result<(Store, Vec<Failure>), NotOpen> {
    let mut notices = Vec::new();
    let found = vault.get(KEY).map_err(|error| keyring(&error))?;
    let known = found.as_deref().and_then(|hex| StoreKey::from_hex(hex));
    let key = if let Some(key) = known {
        key
    } else {
        let key = StoreKey::generate().map_err(|error| NotOpen::Files(error.into()))?;
        // The new key is safe before anything that needs the old one is moved away.
        vault.set(KEY, &key.to_hex()).map_err(|error| keyring(&error))?;
        notices.extend(without_key(folders).map_err(|error| NotOpen::Files(unusable(&error)))?);
        key
    };
    let opened = match Store::open(folders, &key) {
        Err(error) if error.is_unusable_file() => {
            tracing::warn!(%error, "The outbox does not open and is set aside");
            notices.extend(keep_outbox(folders).map_err(|error| NotOpen::Files(unusable(&error)))?);
            Store::open(folders, &key)
        }
        other => other,
    };
    let (store, rebuilt) = opened.map_err(|error| NotOpen::Files(error.into()))?;
    if let Some(kept) = rebuilt {
        notices.push(cache_rebuilt(Some(&kept)));
    }
    sweep(&store);
    Ok((store, notices))
}

fn keyring(error: &crate::vault::VaultError) -> NotOpen {
    tracing::warn!(%error, "The keyring cannot be used");
    NotOpen::Keyring(Failure::from(error))
}

/// The key is gone: what it encrypted cannot be read by anybody.
fn without_key(folders: &Folders) -> std::io::Result<Option<Failure>> {
    let had_files = folders.cache().exists() || folders.outbox().exists();
    if !had_files {
        return Ok(None);
    }
    // Without its key the cache is noise, and the server has all of it.
    std::fs::remove_dir_all(folders.arrived())?;
    for tail in ["", "-wal", "-shm"] {
        let mut path = folders.cache().into_os_string();
        path.push(tail);
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    let kept = aside::keep(&folders.outbox())?;
    aside::keep(&folders.outgoing())?;
    folders.create()?;
    let where_is = kept
        .map(|path| format!(" What had not been sent is kept in {}.", path.display()))
        .unwrap_or_default();
    Ok(Some(Failure::new(
        Code::Internal,
        format!(
            "The key to this computer's copy is no longer in the keyring, so the copy starts over from the server.{where_is} If the keyring can be restored, restore it and ask support."
        ),
    )))
}

fn keep_outbox(folders: &Folders) -> std::io::Result<Option<Failure>> {
    let kept = aside::keep(&folders.outbox())?;
    aside::keep(&folders.outgoing())?;
    folders.create()?;
    Ok(kept.map(|path| {
        Failure::new(
            Code::Internal,
            format!(
                "The outbox on this computer is damaged. It is kept in {}. Messages that were not sent may be missing: check the last conversations, and ask support before deleting that file.",
                path.display()
            ),
        )
    }))
}

pub(crate) fn cache_rebuilt(kept: Option<&Path>) -> Failure {
    let kept =
        kept.map(|path| format!(" The damaged file is kept in {}.", path.display())).unwrap_or_default();
    Failure::new(
        Code::Internal,
        format!(
            "This computer's copy was damaged and is being fetched again from the server. Nothing is lost.{kept}"
        ),
    )
}

/// Removes outgoing files that nothing needs any more: a crash came between two steps.
fn sweep(store: &Store) {
    let swept = store.outgoing.list().map_err(limpet_cache::CacheError::from).and_then(|files| {
        for (id, kind) in files {
            if !store.outbox.is_staged(id)? {
                store.outgoing.hand_over(&store.arrived, id, kind)?;
            }
        }
        Ok(())
    });
    if let Err(error) = swept {
        tracing::warn!(%error, "The folder of outgoing files could not be swept");
    }
}

/// Removes the files and forgets their key. Only after a person signed out and nothing was unsent. What was set
/// aside stays, and with it the key that may open it.
pub(crate) fn remove_files(folders: &Folders, vault: &dyn Vault) -> Result<(), Failure> {
    for folder in folders.cache().parent().into_iter().map(Path::to_owned).chain([folders.outgoing()]) {
        gone(std::fs::remove_dir_all(folder))?;
    }
    let outbox = folders.outbox();
    aside::remove(&outbox).map_err(|error| unusable(&error))?;
    let is_kept = outbox
        .parent()
        .and_then(|folder| std::fs::read_dir(folder).ok())
        .is_some_and(|mut files| files.next().is_some());
    if !is_kept {
        vault.remove(KEY).map_err(|error| Failure::from(&error))?;
    }
    Ok(())
}

fn gone(removed: std::io::Result<()>) -> Result<(), Failure> {
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(unusable(&error)),
        _ => Ok(()),
    }
}

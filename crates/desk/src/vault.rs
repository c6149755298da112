//! Where the secrets of a profile are: the keyring of the operating system. The only room that knows `keyring`.
//!
//! **Invariant:** no secret is ever written anywhere else; without a keyring nobody signs in.

use std::{fmt, path::Path};

use limpet_wire::{Code, Failure};
use zeroize::Zeroizing;

/// Why the vault did not answer. What to do is in [`From<VaultError> for Failure`](Failure).
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// There is no keyring on this computer, or it does not run.
    #[error("no keyring: {0}")]
    Missing(String),
    /// It is there and stays locked.
    #[error("the keyring is locked: {0}")]
    Locked(String),
    /// Anything else.
    #[error("the keyring failed: {0}")]
    Failed(String),
}

impl From<&VaultError> for Failure {
    fn from(error: &VaultError) -> Self {
        let message = match error {
            VaultError::Missing(_) if cfg!(target_os = "linux") => {
                "This computer has no keyring, so Limpet has no safe place for its keys. Install and start a keyring \
                 (for example gnome-keyring or KWallet), sign in to the computer again, then open Limpet again."
            }
            VaultError::Missing(_) => {
                "The keyring of this computer does not answer, so Limpet has no safe place for its keys. Restart the \
                 computer, then open Limpet again."
            }
            VaultError::Locked(_) => {
                "The keyring of this computer is locked. Unlock it, then open Limpet again."
            }
            VaultError::Failed(_) => {
                "The keyring of this computer did not answer. Open Limpet again; if this stays, restart the computer."
            }
        };
        Self::new(Code::Invalid, message)
    }
}

/// A place for secrets. Calls may block for as long as a person takes to unlock a keyring.
pub trait Vault: Send + Sync {
    /// The secret called `what`, if there is one.
    fn get(&self, what: &str) -> Result<Option<Zeroizing<String>>, VaultError>;
    /// Keeps a secret, replacing an older one.
    fn set(&self, what: &str, secret: &str) -> Result<(), VaultError>;
    /// Removes a secret; one that is not there is fine.
    fn remove(&self, what: &str) -> Result<(), VaultError>;
}

/// The keyring of the operating system: Secret Service, Keychain or Credential Manager. Entries have the service
/// `limpet` and the account `<what>@<profile path>`.
pub struct Keyring {
    profile: String,
}

impl Keyring {
    /// For the profile in a folder.
    pub fn new(profile: &Path) -> Self {
        // The same folder under two spellings must be the same profile.
        let profile = std::path::absolute(profile).unwrap_or_else(|_| profile.to_owned());
        Self { profile: profile.to_string_lossy().into_owned() }
    }

    fn entry(&self, what: &str) -> Result<keyring::Entry, VaultError> {
        if let Err(error) = keyring::Entry::store_status() {
            return Err(VaultError::Missing(error.to_string()));
        }
        keyring::Entry::new("limpet", &format!("{what}@{}", self.profile)).map_err(sort)
    }
}

impl Vault for Keyring {
    fn get(&self, what: &str) -> Result<Option<Zeroizing<String>>, VaultError> {
        match self.entry(what)?.get_password() {
            Ok(secret) => Ok(Some(Zeroizing::new(secret))),
            Err(keyring::Error::NoEntry) => Ok(None),
            Err(error) => Err(sort(error)),
        }
    }

    fn set(&self, what: &str, secret: &str) -> Result<(), VaultError> {
        self.entry(what)?.set_password(secret).map_err(sort)
    }

    fn remove(&self, what: &str) -> Result<(), VaultError> {
        match self.entry(what)?.delete_credential() {
            Ok(()) | Err(keyring::Error::NoEntry) => Ok(()),
            Err(error) => Err(sort(error)),
        }
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyring(..)")
    }
}

fn sort(error: keyring::Error) -> VaultError {
    match error {
        keyring::Error::NoDefaultStore => VaultError::Missing(error.to_string()),
        keyring::Error::NoStorageAccess(_) => VaultError::Locked(error.to_string()),
        // Some errors carry what was read; their text is not for logs.
        keyring::Error::BadEncoding(_) | keyring::Error::BadDataFormat(..) => {
            VaultError::Failed("the entry is not readable".to_owned())
        }
        other => VaultError::Failed(other.to_string()),
    }
}

/// A vault in memory, for tests: shared by its clones, and it can be told to be missing.
#[cfg(any(test, feature = "testing"))]
#[derive(Clone, Default)]
pub struct Memory {
    secrets: std::sync::Arc<std::sync::Mutex<std::collections::HashMap<String, String>>>,
    missing: std::sync::Arc<std::sync::atomic::AtomicBool>,
}

#[cfg(any(test, feature = "testing"))]
impl Memory {
    /// From now on there is no keyring, or there is one again.
    pub fn set_missing(&self, missing: bool) {
        self.missing.store(missing, std::sync::atomic::Ordering::SeqCst);
    }

    fn secrets(
        &self,
    ) -> Result<std::sync::MutexGuard<'_, std::collections::HashMap<String, String>>, VaultError> {
        if self.missing.load(std::sync::atomic::Ordering::SeqCst) {
            return Err(VaultError::Missing("as the test wants it".to_owned()));
        }
        Ok(self.secrets.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

#[cfg(any(test, feature = "testing"))]
impl Vault for Memory {
    fn get(&self, what: &str) -> Result<Option<Zeroizing<String>>, VaultError> {
        Ok(self.secrets()?.get(what).cloned().map(Zeroizing::new))
    }

    fn set(&self, what: &str, secret: &str) -> Result<(), VaultError> {
        self.secrets()?.insert(what.to_owned(), secret.to_owned());
        Ok(())
    }

    fn remove(&self, what: &str) -> Result<(), VaultError> {
        self.secrets()?.remove(what);
        Ok(())
    }
}

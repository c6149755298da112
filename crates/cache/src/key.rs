//! The one secret of a profile, 256 random bits, and the keys derived from it.
//!
//! **Invariant:** a key is wiped from memory when dropped and never appears in a log or an error.

use std::fmt;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::CacheError;

/// The secret of a profile. Lives in the OS keyring.
#[derive(Clone, PartialEq, Eq)]
pub struct StoreKey(Zeroizing<[u8; 32]>);

impl StoreKey {
    /// A new one from the operating system's generator.
    pub fn generate() -> Result<Self, CacheError> {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(bytes.as_mut_slice())
            .map_err(|_| std::io::Error::other("the system has no randomness"))?;
        Ok(Self(bytes))
    }

    /// From the 64 hexadecimal digits of [`Self::to_hex`]; `None` when the text is something else.
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut bytes = Zeroizing::new([0; 32]);
        hex::decode_to_slice(text.trim(), bytes.as_mut_slice()).ok()?;
        Some(Self(bytes))
    }

    /// As 64 hexadecimal digits, for the keyring.
    pub fn to_hex(&self) -> Zeroizing<String> {
        Zeroizing::new(hex::encode(*self.0))
    }

    /// The key for one purpose. SHA-256 over a fixed label and a uniformly random key of fixed length is a
    /// sound derivation: neither part can be stretched into the other.
    pub(crate) fn derive(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        let digest =
            Sha256::new().chain_update(b"limpet ").chain_update(purpose).chain_update(*self.0).finalize();
        Zeroizing::new(digest.into())
    }
}

impl fmt::Debug for StoreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoreKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_the_keyring_and_never_prints() {
        let key = StoreKey::generate().unwrap();
        assert_eq!(StoreKey::from_hex(&key.to_hex()), Some(key.clone()));
        assert_eq!(StoreKey::from_hex("limpet"), None);
        assert_eq!(format!("{key:?}"), "StoreKey(..)");
        assert_ne!(*key.derive("cache"), *key.derive("outbox"));
    }
}

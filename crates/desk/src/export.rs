//! For programs without a window: a transcript from the local copy, also while the desktop app is open.
//!
//! **Invariant:** nothing here takes the profile's lock or writes to its files. SQLite's write-ahead log lets a
//! reader look while the owner writes.

use std::{path::Path, sync::Arc};

use limpet_cache::StoreKey;
use limpet_model::ConversationId;
use limpet_sync::{Folders, Store, clock::Clock, lay_over};
use limpet_wire::{Code, Failure};

use crate::{hub::blocking, papers, profile, vault::Vault};

/// Which transcript.
#[derive(Debug, Clone, Copy)]
pub struct TranscriptOptions {
    /// Of which conversation.
    pub conversation: ConversationId,
    /// Whether it contains notes.
    pub include_notes: bool,
}

/// The PDF of a conversation from the profile's local copy. Works offline, and beside the desktop app.
///
/// # Errors
/// `SignedOut` when nobody signed in with this profile, `NotFound` when the conversation is not in its copy.
pub async fn transcript_beside(
    profile: &Path,
    vault: Arc<dyn Vault>,
    clock: Arc<dyn Clock>,
    wanted: TranscriptOptions,
) -> Result<Vec<u8>, Failure> {
    let folders = Folders::of(&std::path::absolute(profile).unwrap_or_else(|_| profile.to_owned()));
    blocking(move || {
        let nobody = || {
            Failure::new(
                Code::SignedOut,
                "Nobody has signed in with this profile. Sign in with the desktop app or with `limpet-cli sign-in` first.",
            )
        };
        if !folders.outbox().exists() || !folders.cache().exists() {
            return Err(nobody());
        }
        let key = vault.get(profile::KEY).map_err(|error| Failure::from(&error))?;
        let key = key.as_deref().and_then(|hex| StoreKey::from_hex(hex)).ok_or_else(nobody)?;
        let store = Store::open_beside(&folders, &key)?;
        let owner = store.outbox.owner()?.ok_or_else(nobody)?;
        lay_over(&store, owner.staff.id)?;
        let practice = store.cache.practice()?.unwrap_or(owner.practice);
        let version = u32::try_from(store.outbox.filings(wanted.conversation)?.len().max(1)).unwrap_or(u32::MAX);
        let what = papers::Wanted {
            conversation: wanted.conversation,
            include_notes: wanted.include_notes,
            version,
        };
        papers::make(&store, practice, &what, clock.now()).map_err(|failure| match failure.code {
            Code::NotFound => Failure::new(
                Code::NotFound,
                "There is no conversation with this id in the copy of this profile. Check the id, and that the profile has been online since.",
            ),
            _ => failure,
        })
    })
    .await
}

//! Computing the overlay from the outbox and laying it over the cache.

use std::sync::PoisonError;

use limpet_cache::CacheError;
use limpet_model::StaffId;

use crate::{Store, plan};

/// Lays everything pending over the cache. After every change to the outbox and after every page of the feed.
pub fn lay_over(store: &Store, me: StaffId) -> Result<(), CacheError> {
    let _alone = store.laying.lock().unwrap_or_else(PoisonError::into_inner);
    let entries = store.outbox.entries()?;
    let mut known = plan::Known::default();
    for entry in &entries {
        if let Some(id) = entry.work.conversation()
            && let Some(conversation) = store.cache.conversation_at_server(id)?
        {
            known.conversations.insert(id, conversation);
        }
        if let limpet_cache::outbox::Work::Message { id, .. } = &entry.work
            && store.cache.has_message(*id)?
        {
            known.messages.insert(*id);
        }
    }
    store.cache.lay_over(&plan::overlay(&entries, me, &known))
}

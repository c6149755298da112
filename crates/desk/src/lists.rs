//! Lists: queues of conversations.

use std::sync::Arc;

use limpet_cache::cache::ListedConversation;
use limpet_wire::{
    Failure,
    desk::{ConversationList, ConversationQuery, ConversationRow},
};

use crate::hub::Hub;

/// Rows in a page at most, whatever is asked for.
const MOST: u32 = 500;

pub(crate) async fn conversations(
    hub: &Arc<Hub>,
    query: ConversationQuery,
) -> Result<ConversationList, Failure> {
    hub.on_disk(move |here| {
        let me = here.signed_in.staff.id;
        let limit = query.limit.min(MOST);
        let (rows, total) = here.store.cache.list(query.queue, me, &query.search, query.offset, limit)?;
        let counts = here.store.cache.counts(me)?;
        Ok(ConversationList { rows: rows.into_iter().map(row).collect(), total, counts })
    })
    .await
}

fn row(listed: ListedConversation) -> ConversationRow {
    ConversationRow {
        last_words: listed.last_line(),
        last_by_staff: listed.last_by_staff(),
        last_at: listed.last_at(),
        conversation: listed.conversation,
        client: listed.client,
        patient: listed.patient,
        species: listed.species,
        assignee: listed.assignee,
        clips: listed.clips,
        unread: listed.unread,
    }
}

//! Changes to people and conversations that the server refused, and how far an ending has come.
//!
//! **Invariant:** words that a person typed are never dropped with a change; they come back as a draft.

use limpet_model::{Audience, ConversationId, ConversationState, Millis};
use limpet_wire::Failure;

use super::{
    Entry, EntryState, Outbox, Work, draft,
    entry::{COLUMNS, read},
};
use crate::CacheError;

impl Outbox {
    /// Why changes to people and conversations were refused, oldest first.
    pub fn refused_changes(&self) -> Result<Vec<Failure>, CacheError> {
        let refused = self.entries()?.into_iter().filter(|entry| {
            !matches!(
                entry.work,
                Work::Message { .. } | Work::Upload { .. } | Work::Read { .. } | Work::Export { .. }
            )
        });
        let why = refused.filter_map(|entry| match entry.state {
            EntryState::Refused(failure) => Some(failure),
            _ => None,
        });
        Ok(why.collect())
    }

    /// Queues refused changes to people and conversations again.
    pub fn retry_changes(&self) -> Result<usize, CacheError> {
        Ok(self.conn().execute(
            "UPDATE entry SET state = 'queued', code = NULL, reason = '', attempts = 0, not_before = 0
             WHERE state = 'refused' AND kind NOT IN ('message', 'upload')",
            [],
        )?)
    }

    /// Drops refused changes to people and conversations. A person has read why. What was written about the end of
    /// a conversation comes back as a note in its draft; a conversation in which messages wait is kept.
    pub fn drop_refused_changes(&self, now: Millis) -> Result<usize, CacheError> {
        self.write(|tx| {
            let mut query = tx.prepare(&format!(
                "SELECT {COLUMNS} FROM entry e WHERE state = 'refused' AND kind NOT IN ('message', 'upload')
                     AND NOT (kind = 'conversation' AND EXISTS (
                         SELECT 1 FROM entry m WHERE m.kind = 'message'
                             AND json_extract(m.work, '$.of.new.conversation') = e.about))
                 ORDER BY nr"
            ))?;
            let refused = query.query_map([], read)?.collect::<Result<Vec<_>, _>>()?;
            for entry in &refused {
                if let Work::Change { conversation, change } = &entry.work {
                    let written = [&change.summary, &change.plan];
                    let written: Vec<&str> = written
                        .into_iter()
                        .flatten()
                        .map(|text| text.trim())
                        .filter(|text| !text.is_empty())
                        .collect();
                    if !written.is_empty() {
                        draft::append(tx, *conversation, Audience::Staff, &written.join("\n\n"), now)?;
                    }
                }
                tx.execute("DELETE FROM entry WHERE nr = ?1", [entry.nr])?;
            }
            Ok(refused.len())
        })
    }

    /// How far the end of a conversation has come; `None` when there is none on its way.
    pub fn ending(&self, conversation: ConversationId) -> Result<Option<EntryState>, CacheError> {
        let ends = |entry: &Entry| {
            matches!(&entry.work, Work::Change { conversation: of, change }
                if *of == conversation && change.state == Some(ConversationState::Ended))
        };
        Ok(self.entries()?.into_iter().rev().find(ends).map(|entry| entry.state))
    }
}

//! Which entries of the outbox may go now.
//!
//! What is done in a conversation reaches the server in the order in which it was done. Uploads are slow, so they
//! have a lane of their own: a short message written after a long clip does not wait for the clip, which was
//! announced with its own message before.
//!
//! **Invariant:** two entries of one lane are never on their way at once, and none overtakes another.

use limpet_cache::outbox::{Entry, EntryState, Work};
use limpet_model::{ClientId, ConversationId, Millis};

/// What has to stay in order among itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lane {
    Client(ClientId),
    Conversation(ConversationId),
    Uploads(ConversationId),
}

fn lane(work: &Work) -> Lane {
    match work {
        Work::Client(client) => Lane::Client(client.id),
        Work::Patient(patient) => Lane::Client(patient.client),
        Work::Conversation { id, .. } => Lane::Conversation(*id),
        Work::Change { conversation, .. } | Work::Read { conversation, .. } => {
            Lane::Conversation(*conversation)
        }
        Work::Export { new, .. } => Lane::Conversation(new.conversation),
        Work::Message { new, .. } => Lane::Conversation(new.conversation),
        Work::Upload { conversation, .. } => Lane::Uploads(*conversation),
    }
}

/// Whether `later` cannot go unless `earlier` went through.
fn needs(later: &Work, earlier: &Work) -> bool {
    match (earlier, later) {
        // A conversation is about people the server has to know first.
        (Work::Client(client), Work::Conversation { new, .. }) => client.id == new.client,
        (Work::Patient(patient), Work::Conversation { new, .. }) => patient.id == new.patient,
        (Work::Conversation { id, .. }, later) => later.conversation() == Some(*id),
        // Bytes follow the message that announces them.
        (Work::Message { id, .. }, Work::Upload { message, .. }) => id == message,
        _ => false,
    }
}

/// Whether a refusal of `earlier` stops `later`, too. A refused change to a person does not: the server may have an
/// older state that does.
fn stops(earlier: &Entry, later: &Work) -> bool {
    matches!(earlier.state, EntryState::Refused(_))
        && matches!(earlier.work, Work::Conversation { .. } | Work::Message { .. })
        && needs(later, &earlier.work)
}

fn is_under_way(entry: &Entry) -> bool {
    matches!(entry.state, EntryState::Queued | EntryState::Sending)
}

/// Numbers of the entries to send now. `entries` are in the order in which they were done.
pub fn ready(entries: &[Entry], now: Millis) -> Vec<i64> {
    candidates(entries).into_iter().filter(|entry| entry.not_before <= now).map(|entry| entry.nr).collect()
}

/// When the next entry that only waits for its time may go.
pub fn next_attempt(entries: &[Entry], now: Millis) -> Option<Millis> {
    candidates(entries).into_iter().map(|entry| entry.not_before).filter(|at| *at > now).min()
}

fn candidates(entries: &[Entry]) -> Vec<&Entry> {
    let mut candidates = Vec::new();
    // What is still to come and not stopped by a refusal; only that keeps a lane busy.
    let mut ahead: Vec<&Entry> = Vec::new();
    for (place, entry) in entries.iter().enumerate().filter(|(_, entry)| is_under_way(entry)) {
        if entries.iter().take(place).any(|earlier| stops(earlier, &entry.work)) {
            continue;
        }
        let held =
            |earlier: &&Entry| lane(&earlier.work) == lane(&entry.work) || needs(&entry.work, &earlier.work);
        if entry.state == EntryState::Queued && !ahead.iter().any(held) {
            candidates.push(entry);
        }
        ahead.push(entry);
    }
    candidates
}

#[cfg(test)]
mod tests;

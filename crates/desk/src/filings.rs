//! Filing: transcripts on their way into the practice management system.
//!
//! The PDF is made once, before the first attempt, and kept; every attempt offers the same bytes.

use std::{sync::Arc, time::Duration};

use limpet_cache::{
    CacheError,
    outbox::{EntryState, FilingEntry, Work},
};
use limpet_model::{ConversationId, ConversationState, Filing, FilingId, FilingState, Millis};
use limpet_records::{FilingOutcome, Paper, Target, WatchedFolder};
use limpet_sync::{Store, plan};
use limpet_wire::{
    Code, Failure,
    desk::{DeskEvent, MakeTranscript},
    http::{ExportKind, NewExport},
};

use crate::{
    hub::{Here, Hub, blocking},
    papers, thread,
};

/// When nothing waits, look again after this long all the same.
const IDLE: Duration = Duration::from_secs(600);
/// How often an unreachable folder is tried.
const PACE: plan::Pace =
    plan::Pace { first: Duration::from_secs(5), longest: Duration::from_secs(300), silence: IDLE };

/// A filing to queue. Refused while no folder is chosen, so that nobody waits for what cannot happen.
pub(crate) fn new(
    store: &Store,
    conversation: ConversationId,
    include_notes: bool,
    now: Millis,
) -> Result<FilingEntry, Failure> {
    let folder = store.outbox.settings()?.filing_folder;
    if folder.is_empty() {
        return Err(Failure::new(
            Code::Invalid,
            "No filing folder is chosen. Choose the folder that your practice management system watches in the settings.",
        ));
    }
    Ok(FilingEntry {
        filing: Filing {
            id: FilingId::new(),
            conversation,
            target: WatchedFolder::new(folder).name(),
            requested_at: now,
            state: FilingState::Queued { waiting_for: String::new() },
        },
        include_notes,
        attempts: 0,
        not_before: Millis(0),
    })
}

pub(crate) async fn queue(hub: &Arc<Hub>, wanted: MakeTranscript) -> Result<FilingId, Failure> {
    let (now, conversation) = (hub.clock.now(), wanted.conversation);
    let id = hub
        .on_disk(move |here| {
            if !is_ended(&here.store, conversation)? {
                return Err(Failure::new(
                    Code::Conflict,
                    "Only an ended conversation is filed. End it first, or save its transcript as a file.",
                ));
            }
            let filing = new(&here.store, conversation, wanted.include_notes, now)?;
            here.store.outbox.add_filing(&filing)?;
            Ok(filing.filing.id)
        })
        .await?;
    hub.filing.notify_one();
    hub.tell_conversation(conversation);
    Ok(id)
}

pub(crate) async fn retry(hub: &Arc<Hub>, id: FilingId) -> Result<(), Failure> {
    let conversation = hub
        .on_disk(move |here| {
            here.store.outbox.retry_filing(id)?;
            Ok(here.store.outbox.filing(id)?.map(|filing| filing.filing.conversation))
        })
        .await?;
    hub.filing.notify_one();
    if let Some(id) = conversation {
        hub.tell_conversation(id);
    }
    Ok(())
}

/// Drops a filing that waits or was refused, and the document made for it.
pub(crate) async fn discard(hub: &Arc<Hub>, id: FilingId) -> Result<(), Failure> {
    let conversation = hub
        .on_disk(move |here| {
            let dropped = here.store.outbox.discard_filing(id)?;
            here.store.outgoing.remove_paper(id).map_err(CacheError::from)?;
            Ok(dropped)
        })
        .await?;
    hub.tell_conversation(conversation);
    Ok(())
}

/// Files what is due, one after the other.
pub(crate) async fn run(hub: Arc<Hub>) {
    loop {
        let pause = match next(&hub).await {
            Ok(Some(Next::Now(filing))) => {
                file(&hub, &filing).await;
                continue;
            }
            Ok(Some(Next::In(pause))) => pause,
            Ok(None) => IDLE,
            Err(failure) => {
                // Signed out: a sign-in wakes this loop.
                tracing::debug!(code = ?failure.code, "Filing pauses");
                IDLE
            }
        };
        tokio::select! {
            () = hub.filing.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

enum Next {
    Now(Box<FilingEntry>),
    In(Duration),
}

async fn next(hub: &Arc<Hub>) -> Result<Option<Next>, Failure> {
    let now = hub.clock.now();
    hub.on_disk(move |here| {
        let waiting = here.store.outbox.filings_waiting()?;
        // What an ending has become free for goes at once.
        let mut due = Vec::new();
        for filing in waiting {
            let held = held(&here.store, &filing.filing)?;
            let waits = matches!(&filing.filing.state, FilingState::Queued { waiting_for } if !waiting_for.is_empty());
            match held {
                Some(FilingState::Queued { .. }) if waits => {}
                Some(_) => due.push(FilingEntry { not_before: Millis(0), ..filing }),
                None => due.push(filing),
            }
        }
        Ok(due.into_iter().min_by_key(|filing| filing.not_before).map(|filing| {
            if filing.not_before <= now {
                Next::Now(Box::new(filing))
            } else {
                Next::In(Duration::from_millis(filing.not_before.since(now).unsigned_abs()))
            }
        }))
    })
    .await
}

async fn file(hub: &Arc<Hub>, entry: &FilingEntry) {
    let (id, conversation) = (entry.filing.id, entry.filing.conversation);
    let pause = i64::try_from(plan::delay(PACE, entry.attempts + 1, 128).as_millis()).unwrap_or(i64::MAX);
    let later = Millis(hub.clock.now().0.saturating_add(pause));
    let (unchanged, asked) = (entry.filing.target.clone(), entry.filing.clone());
    let (target, state, not_before) = match hub.on_disk(move |here| held(&here.store, &asked)).await {
        // It goes at once when the ending has arrived.
        Ok(Some(state)) => (unchanged, state, Millis(0)),
        Ok(None) => match attempt(hub, entry).await {
            Ok((target, state)) => (target, state, later),
            Err(failure) => (unchanged, FilingState::Queued { waiting_for: failure.message }, later),
        },
        Err(failure) => (unchanged, FilingState::Queued { waiting_for: failure.message }, later),
    };
    let filed = matches!(state, FilingState::Filed { .. });
    let noted = hub.on_disk(move |here| {
        if let FilingState::Filed { at, sha256, .. } = &state {
            tell(&here.store, id, conversation, *at, sha256)?;
        }
        here.store.outbox.filing_came_to(id, &target, &state, not_before)?;
        if filed {
            here.store.outgoing.remove_paper(id).map_err(CacheError::from)?;
        }
        Ok(())
    });
    if let Err(failure) = noted.await {
        tracing::error!(filing = %id, code = ?failure.code, "The outcome of a filing could not be noted");
        // Not a tight loop: the same bytes are offered again, and found to be there.
        tokio::time::sleep(PACE.first).await;
    }
    hub.tell(DeskEvent::Conversations { ids: vec![conversation] });
    if filed && let Err(failure) = hub.queued(Some(conversation)) {
        tracing::debug!(code = ?failure.code, "Nobody is signed in to tell of a filing");
    }
}

/// Has the server told that a transcript was filed. The export has the filing's id: one that is noted twice, because the
/// program died in between, is one.
fn tell(
    store: &Store,
    filing: FilingId,
    conversation: ConversationId,
    at: Millis,
    sha256: &str,
) -> Result<(), Failure> {
    let id =
        filing.to_string().parse().map_err(|_| Failure::new(Code::Internal, "a filing's id is no id"))?;
    let new =
        NewExport { conversation, attachment: None, how: ExportKind::Filed, sha256: sha256.to_owned(), at };
    store.outbox.add(&Work::Export { id, new }, at)?;
    Ok(())
}

/// What keeps a filing from being tried: the server has not taken the end of its conversation, or never will. A
/// transcript of an ending that did not come about must not stand in the record. One that was made is of an ending
/// that did, whatever came after it.
fn held(store: &Store, filing: &Filing) -> Result<Option<FilingState>, Failure> {
    if store.outgoing.has_paper(filing.id) {
        return Ok(None);
    }
    let conversation = filing.conversation;
    Ok(match store.outbox.ending(conversation)? {
        None | Some(EntryState::Accepted) if is_ended(store, conversation)? => None,
        None | Some(EntryState::Accepted) => Some(FilingState::Refused {
            reason: "The conversation is open again. End it, then file it again, or discard this filing."
                .into(),
        }),
        Some(EntryState::Queued | EntryState::Sending) => Some(FilingState::Queued {
            waiting_for:
                "The server does not know yet that the conversation has ended. Filing goes on by itself \
                          once it does."
                    .into(),
        }),
        Some(EntryState::Refused(failure)) => Some(FilingState::Refused {
            reason: format!("The conversation was not ended: {}", failure.message),
        }),
    })
}

fn is_ended(store: &Store, conversation: ConversationId) -> Result<bool, Failure> {
    let known = store.cache.conversation(conversation)?.ok_or(CacheError::NotFound)?;
    Ok(known.state == ConversationState::Ended)
}

async fn attempt(hub: &Arc<Hub>, entry: &FilingEntry) -> Result<(String, FilingState), Failure> {
    let here = hub.here()?;
    let paper = {
        let (here, id) = (here.clone(), entry.filing.id);
        blocking(move || Ok(here.store.outgoing.paper(id).map_err(CacheError::from)?)).await?
    };
    let pdf = if let Some(pdf) = paper {
        pdf
    } else {
        papers::gather(hub, &here, entry.filing.conversation).await;
        let (here, entry, now) = (here.clone(), entry.clone(), hub.clock.now());
        blocking(move || make(&here, &entry, now)).await?
    };
    let (entry, now) = (entry.clone(), hub.clock.now());
    blocking(move || offer(&here, &entry, &pdf, now)).await
}

fn make(here: &Here, entry: &FilingEntry, now: Millis) -> Result<Vec<u8>, Failure> {
    let wanted = papers::Wanted {
        conversation: entry.filing.conversation,
        include_notes: entry.include_notes,
        version: version(&here.store, entry)?,
    };
    let pdf = papers::make(&here.store, papers::practice(here)?, &wanted, now)?;
    here.store.outgoing.put_paper(entry.filing.id, &pdf).map_err(CacheError::from)?;
    Ok(pdf)
}

/// Which filing of its conversation this is, in the order in which they were asked for.
fn version(store: &Store, entry: &FilingEntry) -> Result<u32, Failure> {
    let latest_first = store.outbox.filings(entry.filing.conversation)?;
    let later = latest_first.iter().position(|filing| filing.id == entry.filing.id).unwrap_or_default();
    Ok(u32::try_from(latest_first.len() - later).unwrap_or(u32::MAX))
}

fn offer(
    here: &Here,
    entry: &FilingEntry,
    pdf: &[u8],
    now: Millis,
) -> Result<(String, FilingState), Failure> {
    let thread = thread::read(&here.store, entry.filing.conversation)?;
    let folder = here.store.outbox.settings()?.filing_folder;
    let target: Box<dyn Target> =
        Box::new(WatchedFolder::new(if folder.is_empty() { &entry.filing.target } else { &folder }));
    let ended = thread.conversation.ending.as_ref().map_or(entry.filing.requested_at, |ending| ending.at);
    let outcome = target.file(&Paper {
        pdf,
        conversation: entry.filing.conversation,
        client: &thread.client,
        patient: &thread.patient,
        date: &papers::day(ended, &papers::practice(here)?),
        version: version(&here.store, entry)?,
        description: &thread.conversation.subject,
    });
    let state = match outcome {
        FilingOutcome::Filed(filed) => {
            FilingState::Filed { at: now, place: filed.place, sha256: filed.sha256 }
        }
        FilingOutcome::Waiting { reason } => FilingState::Queued { waiting_for: reason },
        FilingOutcome::Refused { reason } => FilingState::Refused { reason },
    };
    Ok((target.name(), state))
}

//! The outbox loop: whatever may go, goes; what came of it is written down.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use limpet_cache::{
    CacheError,
    outbox::{Entry, Work},
};
use limpet_model::Millis;
use limpet_wire::Failure;
use tokio::task::{Id, JoinSet};

use super::{Link, Shared, SyncEvent, perform::perform};
use crate::{
    Store, lay_over,
    plan::{self, Verdict},
};

/// Words on their way at once.
const AT_ONCE: usize = 4;
/// Uploads on their way at once, beside them: they are slow, and words do not wait for them.
const UPLOADS_AT_ONCE: usize = 2;
/// When nothing is due, look again after this long all the same.
const IDLE: Duration = Duration::from_secs(300);

pub(super) async fn drain(shared: Arc<Shared>) {
    let mut link = shared.link.subscribe();
    let mut running: JoinSet<(Entry, Verdict)> = JoinSet::new();
    let mut in_hand: BTreeMap<Id, Entry> = BTreeMap::new();
    loop {
        let pause = if *link.borrow_and_update() == Link::Online {
            match start_ready(&shared, &mut running, &mut in_hand).await {
                Ok(pause) => pause,
                Err(error) => {
                    tracing::error!(%error, "The outbox could not be read");
                    shared.tell(SyncEvent::Trouble(Failure::from(error)));
                    shared.pause(4)
                }
            }
        } else {
            IDLE
        };
        tokio::select! {
            () = shared.queued.notified() => {}
            _ = link.changed() => {}
            () = tokio::time::sleep(pause) => {}
            Some(done) = running.join_next_with_id() => {
                let (id, entry, verdict) = match done {
                    Ok((id, (entry, verdict))) => (id, Some(entry), verdict),
                    Err(error) => (error.id(), None, Verdict::Later),
                };
                let held = in_hand.remove(&id);
                if let Some(entry) = entry.or(held)
                    && let Err(error) = note(&shared, entry, verdict).await
                {
                    tracing::error!(%error, "The outbox could not be written");
                    shared.tell(SyncEvent::Trouble(Failure::from(error)));
                }
            }
        }
    }
}

fn is_upload(work: &Work) -> bool {
    matches!(work, Work::Upload { .. })
}

/// Starts what may go; answers how long until something else may.
async fn start_ready(
    shared: &Arc<Shared>,
    running: &mut JoinSet<(Entry, Verdict)>,
    in_hand: &mut BTreeMap<Id, Entry>,
) -> Result<Duration, CacheError> {
    let now = shared.parts.clock.now();
    let mut room = AT_ONCE.saturating_sub(in_hand.values().filter(|entry| !is_upload(&entry.work)).count());
    let uploads = in_hand.values().filter(|entry| is_upload(&entry.work)).count();
    let mut upload_room = UPLOADS_AT_ONCE.saturating_sub(uploads);
    let held: Vec<i64> = in_hand.values().map(|entry| entry.nr).collect();
    let (started, next) = shared
        .on_disk(move |store| {
            store.outbox.requeue(&held)?;
            let entries = store.outbox.entries()?;
            let ready = plan::ready(&entries, now);
            let mut started = Vec::new();
            for entry in entries.iter().filter(|entry| ready.contains(&entry.nr)) {
                let place = if is_upload(&entry.work) { &mut upload_room } else { &mut room };
                if *place == 0 {
                    continue;
                }
                if let Some(entry) = store.outbox.start(entry.nr)? {
                    *place -= 1;
                    started.push(entry);
                }
            }
            Ok((started, plan::next_attempt(&entries, now)))
        })
        .await?;
    for entry in started {
        shared.tell(SyncEvent::Outbox(entry.work.conversation()));
        let task = running.spawn(perform(Arc::clone(shared), entry.clone()));
        in_hand.insert(task.id(), entry);
    }
    Ok(next.map_or(IDLE, |next| {
        Duration::from_millis(next.since(now).unsigned_abs()).max(Duration::from_millis(10))
    }))
}

/// Writes down what came of an entry.
async fn note(shared: &Arc<Shared>, entry: Entry, verdict: Verdict) -> Result<(), CacheError> {
    let (nr, me) = (entry.nr, shared.parts.me);
    let conversation = entry.work.conversation();
    match verdict {
        Verdict::Accepted => {
            shared.on_disk(move |store| store.outbox.accept(nr)).await?;
            shared.ask.notify_one();
        }
        Verdict::Later => {
            let pause = i64::try_from(shared.pause(entry.attempts).as_millis()).unwrap_or(i64::MAX);
            let not_before = Millis(shared.parts.clock.now().0.saturating_add(pause));
            shared.on_disk(move |store| store.outbox.wait(nr, not_before)).await?;
            // If there is no way to the server at all, the feed loop finds out and says so.
            shared.ask.notify_one();
        }
        Verdict::SignedOut => {
            shared.on_disk(move |store| store.outbox.wait(nr, Millis(0))).await?;
            shared.ask.notify_one();
            shared.set_link(Link::SignedOut);
        }
        Verdict::Refused(failure) => {
            tracing::info!(kind = entry.work.kind(), code = ?failure.code, "The server refused an entry");
            let is_message = matches!(entry.work, Work::Message { .. } | Work::Upload { .. });
            // A read mark, or what left, has nothing to say to anybody.
            let is_silent = matches!(entry.work, Work::Read { .. } | Work::Export { .. });
            let why = failure.clone();
            let write = move |store: &Store| {
                if is_silent { store.outbox.accept(nr) } else { store.outbox.refuse(nr, &why) }
            };
            shared.on_disk(write).await?;
            // Told as soon as it is written, and not before: whoever closes the notice drops the change with it.
            if !is_message && !is_silent {
                shared.tell(SyncEvent::ChangeRefused(failure));
            }
            shared.on_disk(move |store| lay_over(store, me)).await?;
        }
    }
    shared.tell(SyncEvent::Outbox(conversation));
    Ok(())
}

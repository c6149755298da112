//! The task that fetches one file, a piece at a time, as long as somebody wants it.
//!
//! **Invariant:** what came stays, however the task ends, unless it is not what was sent.

use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use limpet_cache::media::{MediaFile, MediaKind};
use limpet_sync::{
    Engine, Link, ServerError,
    http::{Arrived, Download, Wanted},
    plan::{Verdict, verdict},
};
use limpet_wire::{Code, Failure, desk::DeskEvent};
use tokio::time::Instant;

use super::{
    arrival::{Arrival, Ended, Next},
    budget, closing,
};
use crate::hub::{Hub, blocking};

/// Progress is told every so many bytes.
const STEP: i64 = 1024 * 1024;
/// So often in a row, and for so long without a byte, it is tried again while somebody waits.
const ATTEMPTS: u32 = 6;
const PATIENCE: Duration = Duration::from_secs(30);
/// So often a file is proven of which parts turn out to be damaged on this computer.
const PROOFS: u32 = 3;

/// A task's hold on its arrival: when it is dropped before its end, whoever waits is told that it ended.
pub(super) struct Task {
    arrival: Arc<Arrival>,
    is_done: bool,
}

impl Task {
    pub(super) fn of(arrival: &Arc<Arrival>) -> Self {
        Self { arrival: Arc::clone(arrival), is_done: false }
    }

    fn end(mut self, end: Result<Option<MediaFile>, Ended>) {
        self.is_done = true;
        if let Some(end) = end.transpose() {
            self.arrival.ended(end);
        }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        if !self.is_done {
            self.arrival.ended(Err(Ended::ForNow(closing())));
        }
    }
}

pub(super) async fn run(task: Task, hub: Weak<Hub>) {
    let Some(hub) = hub.upgrade() else { return };
    let arrival = Arc::clone(&task.arrival);
    if let Some(end) = arrival.stop.run_until_cancelled(fetch(&hub, &arrival)).await {
        task.end(end);
    }
}

/// None: nobody wants it any more.
async fn fetch(hub: &Arc<Hub>, arrival: &Arc<Arrival>) -> Result<Option<MediaFile>, Ended> {
    let (here, attachment, kind) = (&arrival.here, &arrival.attachment, arrival.kind);
    let id = attachment.id;
    // Whoever was at it before may have got it.
    if let Some(file) = super::local(hub, here, id, kind).await.map_err(Ended::ForNow)? {
        return Ok(Some(file));
    }
    let is_original = kind == MediaKind::Original;
    let length = u64::try_from(attachment.bytes).ok().filter(|_| is_original);
    budget::make_room(hub, here, (id, kind), length.unwrap_or(0)).await.map_err(Ended::ForNow)?;
    let engine = &here.signed_in.engine;
    let sha256 = attachment.sha256.clone().filter(|_| is_original);
    let wanted = Wanted { attachment: id, kind, length, sha256 };
    let download = engine.server().download(&here.store.arrived, wanted).await.map_err(ended)?;
    let mut download = download.sized(hub.fetches.size());
    let arrived = hears(hub, arrival);
    if let Some(filling) = download.filling() {
        arrived(filling);
    }
    let mut trouble = Trouble::none(engine.link() != Link::Offline, bytes_here(&download));
    let mut proofs = 0;
    loop {
        match arrival.next(&download).await {
            Next::Stop => return Ok(None),
            Next::Piece(range) => {
                let fetched = download.piece(range, &arrived).await;
                trouble.note(bytes_here(&download));
                if let Err(error) = fetched {
                    let failures = trouble.one_more(error, arrival.is_hurried())?;
                    pause(engine, arrival, failures).await;
                }
                hub.fetches.set_size(download.size());
            }
            Next::Prove => match download.finish().await.map_err(ended)? {
                Some(file) => {
                    let (store, now, length) = (Arc::clone(&here.store), hub.clock.now(), file.len());
                    let noted = blocking(move || Ok(store.cache.media_used(id, kind, length, now)?));
                    noted.await.map_err(Ended::ForNow)?;
                    return Ok(Some(file));
                }
                None if proofs < PROOFS => proofs += 1,
                None => return Err(ended(ServerError::File("what was written does not stay".to_owned()))),
            },
        }
    }
}

/// Tells of what came: to those who wait for it, and every now and then to the UI.
fn hears(hub: &Arc<Hub>, arrival: &Arc<Arrival>) -> Arrived {
    let (hub, arrival, told) = (Arc::clone(hub), Arc::clone(arrival), AtomicI64::new(0));
    Arc::new(move |filling| {
        let (sent, total) = (signed(filling.bytes_here()), signed(filling.len()));
        if sent >= told.load(Ordering::Relaxed) + STEP || sent == total {
            told.store(sent, Ordering::Relaxed);
            hub.tell(DeskEvent::Progress { attachment: arrival.attachment.id, sent, total });
        }
        arrival.came(filling)
    })
}

fn bytes_here(download: &Download) -> u64 {
    download.filling().map_or(0, |filling| filling.bytes_here())
}

fn signed(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// How it goes with the server.
struct Trouble {
    /// Whether the server was there lately, so that it may be back soon.
    is_patient: bool,
    failures: u32,
    here: u64,
    moved: Instant,
}

impl Trouble {
    /// With so many bytes here from before.
    fn none(is_patient: bool, here: u64) -> Self {
        Self { is_patient, failures: 0, here, moved: Instant::now() }
    }

    /// So many bytes are here by now.
    fn note(&mut self, here: u64) {
        if here > self.here {
            *self = Self::none(true, here);
        }
    }

    /// It failed again. Answers how often in a row if it is worth trying once more.
    fn one_more(&mut self, error: ServerError, is_hurried: bool) -> Result<u32, Ended> {
        let may_pass = error.answer().is_some_and(|answer| verdict(answer) == Verdict::Later);
        self.failures += 1;
        let goes_on = may_pass && is_hurried && self.is_patient;
        if goes_on && self.failures < ATTEMPTS && self.moved.elapsed() < PATIENCE {
            return Ok(self.failures);
        }
        Err(ended(error))
    }
}

/// Waits before the next attempt, not longer than until the connection is back or nobody wants the file any more.
async fn pause(engine: &Engine, arrival: &Arrival, failures: u32) {
    let mut link = engine.watch_link();
    link.mark_unchanged();
    let back = async {
        while link.changed().await.is_ok() {
            if *link.borrow_and_update() == Link::Online {
                return;
            }
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = tokio::time::sleep(engine.pause(failures)) => {}
        () = back => {}
        () = arrival.unwanted() => {}
    }
}

fn ended(error: ServerError) -> Ended {
    let is_wrong = error == ServerError::NotAsSent;
    let failure = match Failure::from(error) {
        Failure { code: Code::Offline, .. } => Failure::new(
            Code::Offline,
            "This file is not on this computer yet and the server cannot be reached. It opens when Limpet is online again.",
        ),
        other => other,
    };
    if is_wrong { Ended::ForGood(failure) } else { Ended::ForNow(failure) }
}

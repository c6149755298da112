//! The workers: they claim a job, hold on to it while they work, and give it back when it did not go well.
//!
//! **Invariant:** a job that was interrupted (stop, crash, lost lease) is done again from the start, and doing it
//! again changes nothing that was right.

mod prepare;

use std::{sync::Arc, time::Duration};

use limpet_model::{AttachmentState, Millis};

use self::prepare::{Trouble, prepare};
use crate::{
    app::App,
    store::{
        Result,
        jobs::{ATTEMPTS, Job, LEASE, back_off},
    },
    view::View,
};

/// How often to look for jobs that nobody announced: back-off that has passed, leases that ran out.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How long to leave a job alone when the disk is full, milliseconds.
const FULL_WAIT: i64 = 60 * 1000;

/// Starts the workers. The leases this node held before it stopped are free again at once.
pub async fn start(app: &App, workers: usize, node: &str) -> Result<()> {
    let freed = app.store.reclaim_jobs(node).await?;
    if freed > 0 {
        tracing::info!(jobs = freed, "Taking up jobs that were interrupted");
    }
    let node: Arc<str> = node.into();
    for _ in 0..workers {
        app.tasks.spawn(work(app.clone(), node.clone()));
    }
    Ok(())
}

async fn work(app: App, node: Arc<str>) {
    while !app.stopping.is_cancelled() {
        match app.store.claim_job(&node, app.now()).await {
            Ok(Some(job)) => run(&app, job).await,
            Ok(None) => {
                tokio::select! {
                    () = app.work.notified() => {}
                    () = tokio::time::sleep(LOOK_EVERY) => {}
                    () = app.stopping.cancelled() => {}
                }
            }
            Err(error) => {
                tracing::error!(%error, "Cannot look for jobs");
                app.stopping.run_until_cancelled(tokio::time::sleep(LOOK_EVERY)).await;
            }
        }
    }
}

async fn run(app: &App, job: Job) {
    let outcome = tokio::select! {
        outcome = prepare(app, job) => outcome,
        () = lose_lease(app, job) => return,
        () = app.stopping.cancelled() => Err(Trouble::Interrupted),
    };
    let put_back = match outcome {
        Ok(()) => return,
        Err(Trouble::Lost) => {
            tracing::warn!(attachment = %job.attachment, "A job was done by somebody else meanwhile");
            return;
        }
        Err(Trouble::Interrupted) => {
            app.store.put_back_job(job, app.now(), false, "interrupted", false).await
        }
        Err(Trouble::Full) => {
            tracing::error!(attachment = %job.attachment, "No room left to prepare a clip");
            let later = Millis(app.now().0 + FULL_WAIT);
            app.store.put_back_job(job, later, false, "no room left", false).await
        }
        Err(Trouble::Again(reason)) => fail(app, job, &reason).await,
    };
    if let Err(error) = put_back {
        // Its lease runs out, and somebody takes it up.
        tracing::error!(attachment = %job.attachment, %error, "Cannot give a job back");
    }
}

async fn fail(app: &App, job: Job, reason: &str) -> Result<()> {
    let last = job.attempt >= ATTEMPTS;
    tracing::error!(attachment = %job.attachment, attempt = job.attempt, last, reason, "A job failed");
    let later = Millis(app.now().0 + back_off(job.attempt));
    if last && let Some(mut found) = app.store.attachment(job.practice, View::Staff, job.attachment).await? {
        found.state = AttachmentState::Refused {
            reason:
                "This file could not be prepared for showing. It is kept as it was sent; send it again, or \
                     download the original."
                    .into(),
        };
        if !app.store.write_findings(job, &found, false).await? {
            return Ok(());
        }
    }
    app.store.put_back_job(job, later, true, reason, last).await
}

/// Holds on to the lease; returns when it is somebody else's.
async fn lose_lease(app: &App, job: Job) {
    let third = Duration::from_millis(LEASE.unsigned_abs() / 3);
    loop {
        tokio::time::sleep(third).await;
        match app.store.renew_job(job, app.now()).await {
            Ok(true) => {}
            Ok(false) => {
                tracing::warn!(attachment = %job.attachment, "Lost the lease of a job");
                return;
            }
            Err(error) => tracing::warn!(attachment = %job.attachment, %error, "Cannot renew a lease"),
        }
    }
}

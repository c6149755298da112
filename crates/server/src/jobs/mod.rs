//! The workers: they claim a job, hold on to it while they work, and give it back when it did not go well.
//!
//! **Invariant:** a job that was interrupted (stop, crash, lost lease) is done again from the start, and doing it
//! again changes nothing that was right.

mod mail;
mod prepare;
mod retain;
mod tell;
mod trouble;

use std::{sync::Arc, time::Duration};

use limpet_model::Millis;
use opentelemetry::trace::SpanKind;

use self::{
    mail::mail,
    prepare::{give_up, prepare},
    retain::{forget, retain},
    tell::tell,
    trouble::Trouble,
};
use crate::{
    app::App,
    store::{
        Result,
        account_links::LinkFor,
        jobs::{ATTEMPTS, Job, LEASE, Lane, PutBack, Work, back_off},
    },
};

/// How often to look for jobs that nobody announced: back-off that has passed, leases that ran out.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How long to leave a job alone when the disk is full, or the store away, milliseconds.
const LATER: i64 = 60 * 1000;
/// Jobs that take a moment, done at once.
const LIGHT_WORKERS: usize = 4;
/// Jobs that wait for servers of others, done at once.
const OUTSIDE_WORKERS: usize = 4;
/// Mails sent at once.
const POST_WORKERS: usize = 2;

/// Starts `workers` for what takes long, and if there are any, those for what takes a moment; where there is a mail
/// server, those that send. The leases this node held before it stopped are free again at once.
pub async fn start(app: &App, workers: usize, node: &str) -> Result<()> {
    let freed = app.store.reclaim_jobs(node).await?;
    if freed > 0 {
        tracing::info!(jobs = freed, "Taking up jobs that were interrupted");
    }
    let node: Arc<str> = node.into();
    let others = |count: usize| if workers > 0 { count } else { 0 };
    let lanes = [
        (Lane::Heavy, workers),
        (Lane::Light, others(LIGHT_WORKERS)),
        (Lane::Outside, others(OUTSIDE_WORKERS)),
        (Lane::Removal, others(1)),
        (Lane::Post, if app.post.is_some() { POST_WORKERS } else { 0 }),
    ];
    for (lane, count) in lanes {
        for _ in 0..count {
            app.tasks.spawn(work(app.clone(), lane, node.clone()));
        }
    }
    Ok(())
}

async fn work(app: App, lane: Lane, node: Arc<str>) {
    while !app.stopping.is_cancelled() {
        match claim(&app, lane, &node).await {
            Ok(Some(job)) => run(&app, job).await,
            Ok(None) => {
                tokio::select! {
                    () = app.store.bells().rung(lane) => {}
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

async fn claim(app: &App, lane: Lane, node: &str) -> Result<Option<Job>> {
    if lane == Lane::Post {
        app.store.address_resets(app.now()).await?;
    }
    app.store.claim_job(lane, node, app.now()).await
}

async fn run(app: &App, job: Job) {
    let mut traced = app.traces.begin(job.work.kind(), SpanKind::Consumer, None);
    traced.say("limpet.practice", job.practice.to_string());
    traced.say("limpet.subject", job.work.subject());
    traced.say("limpet.attempt", job.attempt);
    let done = async {
        match job.work {
            Work::Prepare(attachment) => prepare(app, job, attachment).await,
            Work::Wake(id) => or_lost(app.store.wake_conversation(job, id, app.now()).await),
            Work::Escalate(id) => or_lost(app.store.escalate(job, id, app.now()).await),
            Work::Send(id) => or_lost(app.store.send_due(job, id, app.now()).await),
            Work::Tell(id) => tell(app, job, id).await,
            Work::Invite(id) => mail(app, job, id, LinkFor::Invitation).await,
            Work::Reset(id) => mail(app, job, id, LinkFor::Reset).await,
            Work::Retain(id) => retain(app, job, id).await,
            Work::Forget(id) => forget(app, job, id).await,
        }
    };
    let outcome = tokio::select! {
        outcome = done => outcome,
        () = lose_lease(app, job) => return,
        () = app.stopping.cancelled() => Err(Trouble::Interrupted),
    };
    if outcome.is_err() {
        traced.fail("not done; it is tried again");
    }
    drop(traced);
    let put_back = match outcome {
        Ok(()) => return,
        Err(Trouble::Lost) => {
            tracing::warn!(job = %job.work, "A job was done by somebody else meanwhile");
            return;
        }
        Err(Trouble::Interrupted) => {
            app.store.put_back_job(job, PutBack::Interrupted, app.now(), "interrupted").await
        }
        Err(Trouble::Full) => {
            tracing::error!(job = %job.work, "No room left to do a job");
            let later = Millis(app.now().0 + LATER);
            app.store.put_back_job(job, PutBack::Interrupted, later, "no room left").await
        }
        Err(Trouble::Away(reason)) => {
            tracing::error!(job = %job.work, reason, "The blob store is away");
            let later = Millis(app.now().0 + LATER);
            app.store.put_back_job(job, PutBack::Interrupted, later, "the blob store is away").await
        }
        Err(Trouble::Again(reason)) => fail(app, job, &reason).await,
    };
    if let Err(error) = put_back {
        // Its lease runs out, and somebody takes it up.
        tracing::error!(job = %job.work, %error, "Cannot give a job back");
    }
}

/// What a store did for a claim that may not count any more.
fn or_lost(done: Result<bool>) -> Result<(), Trouble> {
    if done? { Ok(()) } else { Err(Trouble::Lost) }
}

async fn fail(app: &App, job: Job, reason: &str) -> Result<()> {
    // Deliveries and mails count their attempts themselves; what fails here is trouble of our own. What is to be removed
    // is never given up.
    let counted = matches!(
        job.work,
        Work::Tell(_) | Work::Invite(_) | Work::Reset(_) | Work::Retain(_) | Work::Forget(_)
    );
    let last = job.attempt >= ATTEMPTS && !counted;
    tracing::error!(job = %job.work, attempt = job.attempt, last, reason, "A job failed");
    let later = Millis(app.now().0 + back_off(job.attempt));
    if last {
        let ours = match job.work {
            Work::Prepare(attachment) => give_up(app, job, attachment).await?,
            Work::Wake(_)
            | Work::Escalate(_)
            | Work::Send(_)
            | Work::Tell(_)
            | Work::Invite(_)
            | Work::Reset(_)
            | Work::Retain(_)
            | Work::Forget(_) => true,
        };
        if !ours {
            return Ok(());
        }
    }
    let how = if last { PutBack::Dead } else { PutBack::Failed };
    app.store.put_back_job(job, how, later, reason).await
}

/// Holds on to the lease; returns when it is somebody else's.
async fn lose_lease(app: &App, job: Job) {
    let third = Duration::from_millis(LEASE.unsigned_abs() / 3);
    loop {
        tokio::time::sleep(third).await;
        match app.store.renew_job(job, app.now()).await {
            Ok(true) => {}
            Ok(false) => {
                tracing::warn!(job = %job.work, "Lost the lease of a job");
                return;
            }
            Err(error) => tracing::warn!(job = %job.work, %error, "Cannot renew a lease"),
        }
    }
}

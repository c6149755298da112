//! Jobs: whatever is due, claimed by lease.
//!
//! **Invariant:** a job is done when its row is gone, and its row goes in the same transaction as its outcome is
//! written down. A worker that dies leaves a lease that runs out; the next one starts over, and what the first may
//! still want to write down, should it come back, is not.

mod work;

use limpet_model::{Millis, PracticeId};
use sqlx::{AnyConnection, any::AnyRow};

pub use self::work::{Lane, Work};
use super::{Quiet, Result, Store, row::Columns};
use crate::file_of::FileOf;

/// How long a worker may be silent before its job is somebody else's, milliseconds.
pub const LEASE: i64 = 30 * 1000;
/// How often a job is tried before it is given up.
pub const ATTEMPTS: i64 = 4;

/// A job that this node holds the lease of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Job {
    /// The practice.
    pub practice: PracticeId,
    /// What is to be done.
    pub work: Work,
    /// Which attempt this is, from one.
    pub attempt: i64,
    /// The number of this claim: when it was made, or one more than the last one's. What has had its job done may get
    /// another, and a claim of the first is not mistaken for one of the second.
    pub fence: i64,
}

/// How a job is given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutBack {
    /// It was interrupted: the attempt does not count.
    Interrupted,
    /// It failed, and is worth another attempt.
    Failed,
    /// It failed for the last time.
    Dead,
}

/// How it stands with the jobs of all practices, and with uploads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobFigures {
    /// Due, and nobody works on them.
    pub due: i64,
    /// Being worked on.
    pub running: i64,
    /// Given up.
    pub dead: i64,
    /// For how long the one that waits longest has been due, milliseconds.
    pub oldest: i64,
    /// Uploads under way.
    pub uploads: i64,
}

/// How long to wait before the attempt after `attempt`, milliseconds.
pub fn back_off(attempt: i64) -> i64 {
    5_000 * 4_i64.pow(u32::try_from(attempt.clamp(1, 6)).unwrap_or(6) - 1)
}

/// Queues a job. If there is one, it is due at the new time; one that was given up is taken up again.
pub(super) async fn queue(
    quiet: &mut Quiet,
    practice: PracticeId,
    work: Work,
    run_at: Millis,
    now: Millis,
) -> Result<()> {
    let (kind, subject) = work.words();
    sqlx::query(
        "INSERT INTO jobs (practice_id, kind, subject_id, attempts, run_at, lease_owner, lease_until, fence, \
         last_error, dead, created_at) VALUES ($1, $2, $3, 0, $4, '', 0, 0, '', 0, $5) \
         ON CONFLICT (practice_id, kind, subject_id) \
         DO UPDATE SET attempts = CASE WHEN jobs.dead = 1 THEN 0 ELSE jobs.attempts END, dead = 0, \
         run_at = excluded.run_at",
    )
    .bind(practice.to_string())
    .bind(kind)
    .bind(subject)
    .bind(run_at.0)
    .bind(now.0)
    .execute(quiet.connection())
    .await?;
    if run_at <= now {
        quiet.ring(work.lane());
    }
    Ok(())
}

/// Whether this is still to be done.
pub(super) async fn waits(connection: &mut AnyConnection, practice: PracticeId, work: Work) -> Result<bool> {
    let (kind, subject) = work.words();
    let row = sqlx::query("SELECT 1 FROM jobs WHERE practice_id = $1 AND kind = $2 AND subject_id = $3")
        .bind(practice.to_string())
        .bind(kind)
        .bind(subject)
        .fetch_optional(connection)
        .await?;
    Ok(row.is_some())
}

/// Marks a job as done, in the transaction that writes its outcome down, or with `done` false only makes sure that
/// nobody else can claim it before that transaction is over. False when the claim no longer counts: then nothing may be
/// written.
pub(super) async fn hold(connection: &mut AnyConnection, job: Job, done: bool) -> Result<bool> {
    let sql = if done {
        "DELETE FROM jobs WHERE practice_id = $1 AND kind = $2 AND subject_id = $3 AND fence = $4 AND lease_owner <> ''"
    } else {
        "UPDATE jobs SET last_error = '' WHERE practice_id = $1 AND kind = $2 AND subject_id = $3 AND fence = $4 \
         AND lease_owner <> ''"
    };
    let (kind, subject) = job.work.words();
    let held = sqlx::query(sql)
        .bind(job.practice.to_string())
        .bind(kind)
        .bind(subject)
        .bind(job.fence)
        .execute(connection)
        .await?
        .rows_affected();
    Ok(held > 0)
}

/// Gives a job back, to be tried again at `run_at` or never. Whether the claim still counted.
pub(super) async fn put_back(
    connection: &mut AnyConnection,
    job: Job,
    how: PutBack,
    run_at: Millis,
    error: &str,
) -> Result<bool> {
    let (kind, subject) = job.work.words();
    let ours = sqlx::query(
        "UPDATE jobs SET lease_owner = '', lease_until = 0, run_at = $5, attempts = attempts - $6, \
         last_error = $7, dead = $8 WHERE practice_id = $1 AND kind = $2 AND subject_id = $3 AND fence = $4 \
         AND lease_owner <> ''",
    )
    .bind(job.practice.to_string())
    .bind(kind)
    .bind(subject)
    .bind(job.fence)
    .bind(run_at.0)
    .bind(i64::from(how == PutBack::Interrupted))
    .bind(error.to_owned())
    .bind(i64::from(how == PutBack::Dead))
    .execute(connection)
    .await?
    .rows_affected();
    Ok(ours > 0)
}

impl Store {
    /// Claims the job of a lane that has waited longest, of any practice.
    pub async fn claim_job(&self, lane: Lane, owner: &str, now: Millis) -> Result<Option<Job>> {
        let next = match lane {
            Lane::Heavy => {
                "SELECT practice_id, kind, subject_id FROM jobs \
                 WHERE dead = 0 AND run_at <= $1 AND lease_until <= $1 AND kind = 'prepare' ORDER BY run_at LIMIT 1"
            }
            Lane::Light => {
                "SELECT practice_id, kind, subject_id FROM jobs \
                 WHERE dead = 0 AND run_at <= $1 AND lease_until <= $1 \
                 AND kind NOT IN ('prepare', 'tell', 'invite', 'reset', 'retain', 'forget') ORDER BY run_at LIMIT 1"
            }
            Lane::Post => {
                "SELECT practice_id, kind, subject_id FROM jobs \
                 WHERE dead = 0 AND run_at <= $1 AND lease_until <= $1 AND kind IN ('invite', 'reset') \
                 ORDER BY run_at LIMIT 1"
            }
            Lane::Removal => {
                "SELECT practice_id, kind, subject_id FROM jobs \
                 WHERE dead = 0 AND run_at <= $1 AND lease_until <= $1 AND kind IN ('retain', 'forget') \
                 ORDER BY run_at LIMIT 1"
            }
            // One at a time for each webhook: one that does not answer keeps no other waiting.
            Lane::Outside => {
                "SELECT j.practice_id AS practice_id, j.kind AS kind, j.subject_id AS subject_id FROM jobs j \
                 LEFT JOIN deliveries d ON d.practice_id = j.practice_id AND d.id = j.subject_id \
                 WHERE j.kind = 'tell' AND j.dead = 0 AND j.run_at <= $1 AND j.lease_until <= $1 AND NOT EXISTS ( \
                 SELECT 1 FROM jobs o JOIN deliveries e ON e.practice_id = o.practice_id AND e.id = o.subject_id \
                 WHERE o.practice_id = j.practice_id AND o.kind = 'tell' AND o.lease_until > $1 \
                 AND e.webhook_id = d.webhook_id) ORDER BY j.run_at, j.subject_id LIMIT 1"
            }
        };
        // Nearly always there is none: that is asked without the turn to write.
        if sqlx::query(next).bind(now.0).fetch_optional(self.pool()).await?.is_none() {
            return Ok(None);
        }
        let mut quiet = self.quiet().await?;
        let Some(next) = sqlx::query(next).bind(now.0).fetch_optional(quiet.connection()).await? else {
            quiet.discard().await?;
            return Ok(None);
        };
        let (practice, work): (PracticeId, Work) = (next.id("practice_id")?, Work::read(&next)?);
        let (kind, subject) = work.words();
        // On PostgreSQL another node may have been quicker: the condition is asked again under the row's lock.
        let claimed = sqlx::query(
            "UPDATE jobs SET lease_owner = $4, lease_until = $5, attempts = attempts + 1, \
             fence = CASE WHEN fence < $6 THEN $6 ELSE fence + 1 END \
             WHERE practice_id = $1 AND kind = $2 AND subject_id = $3 AND dead = 0 AND lease_until <= $6 \
             RETURNING attempts AS attempts, fence AS fence",
        )
        .bind(practice.to_string())
        .bind(kind)
        .bind(subject)
        .bind(owner.to_owned())
        .bind(now.0 + LEASE)
        .bind(now.0)
        .fetch_optional(quiet.connection())
        .await?;
        quiet.commit().await?;
        let job =
            |row: AnyRow| Ok(Job { practice, work, attempt: row.int("attempts")?, fence: row.int("fence")? });
        claimed.map(job).transpose()
    }

    /// Holds on to a job. Whether this claim still counts.
    pub async fn renew_job(&self, job: Job, now: Millis) -> Result<bool> {
        let (kind, subject) = job.work.words();
        let mut quiet = self.quiet().await?;
        let held = sqlx::query(
            "UPDATE jobs SET lease_until = $5 WHERE practice_id = $1 AND kind = $2 AND subject_id = $3 \
             AND fence = $4 AND lease_owner <> ''",
        )
        .bind(job.practice.to_string())
        .bind(kind)
        .bind(subject)
        .bind(job.fence)
        .bind(now.0 + LEASE)
        .execute(quiet.connection())
        .await?
        .rows_affected();
        quiet.commit().await?;
        Ok(held > 0)
    }

    /// Says that a job is done whose outcome is written down nowhere else. Whether the claim still counted.
    pub async fn finish_job(&self, job: Job) -> Result<bool> {
        let mut quiet = self.quiet().await?;
        let ours = hold(quiet.connection(), job, true).await?;
        quiet.commit().await?;
        Ok(ours)
    }

    /// Gives a job back, to be tried again at `run_at` or never. Nothing happens when the claim no longer counts.
    pub async fn put_back_job(&self, job: Job, how: PutBack, run_at: Millis, error: &str) -> Result<()> {
        let mut quiet = self.quiet().await?;
        put_back(quiet.connection(), job, how, run_at, error).await?;
        quiet.commit().await
    }

    /// After a start: the leases this owner held before it stopped are nobody's.
    pub async fn reclaim_jobs(&self, owner: &str) -> Result<u64> {
        let mut quiet = self.quiet().await?;
        let freed = sqlx::query("UPDATE jobs SET lease_owner = '', lease_until = 0 WHERE lease_owner = $1")
            .bind(owner.to_owned())
            .execute(quiet.connection())
            .await?
            .rows_affected();
        quiet.commit().await?;
        Ok(freed)
    }

    /// The files that are still to be looked at, of all practices.
    pub async fn files_with_jobs(&self) -> Result<Vec<FileOf>> {
        let rows = sqlx::query("SELECT practice_id, subject_id FROM jobs WHERE kind = 'prepare'")
            .fetch_all(self.pool())
            .await?;
        let of =
            |row: &AnyRow| Ok(FileOf { practice: row.id("practice_id")?, attachment: row.id("subject_id")? });
        rows.iter().map(of).collect()
    }

    /// The files that are still to be taken away, of all practices.
    pub async fn files_to_forget(&self) -> Result<Vec<FileOf>> {
        let rows = sqlx::query("SELECT practice_id, subject_id FROM jobs WHERE kind = 'forget'")
            .fetch_all(self.pool())
            .await?;
        let of =
            |row: &AnyRow| Ok(FileOf { practice: row.id("practice_id")?, attachment: row.id("subject_id")? });
        rows.iter().map(of).collect()
    }

    /// The jobs that were given up, and why.
    pub async fn dead_jobs(&self) -> Result<Vec<(PracticeId, Work, String)>> {
        let rows = sqlx::query(
            "SELECT practice_id, kind, subject_id, last_error FROM jobs WHERE dead = 1 ORDER BY created_at",
        )
        .fetch_all(self.pool())
        .await?;
        let read = |row: &AnyRow| Ok((row.id("practice_id")?, Work::read(row)?, row.text("last_error")?));
        rows.iter().map(read).collect()
    }

    /// Takes up a job that was given up. Whether there was one.
    pub async fn try_job_again(&self, practice: PracticeId, work: Work, now: Millis) -> Result<bool> {
        let (kind, subject) = work.words();
        let mut quiet = self.quiet().await?;
        let found = sqlx::query(
            "UPDATE jobs SET dead = 0, attempts = 0, run_at = $4 \
             WHERE practice_id = $1 AND kind = $2 AND subject_id = $3 AND dead = 1",
        )
        .bind(practice.to_string())
        .bind(kind)
        .bind(subject)
        .bind(now.0)
        .execute(quiet.connection())
        .await?
        .rows_affected();
        quiet.commit().await?;
        Ok(found > 0)
    }

    /// The figures of jobs and uploads that somebody should look at now and then.
    pub async fn job_figures(&self, now: Millis) -> Result<JobFigures> {
        let row = sqlx::query(
            "SELECT COUNT(CASE WHEN dead = 0 AND lease_until > $1 THEN 1 END) AS running, \
             COUNT(CASE WHEN dead = 0 AND lease_until <= $1 AND run_at <= $1 THEN 1 END) AS due, \
             COUNT(CASE WHEN dead = 1 THEN 1 END) AS dead, \
             MIN(CASE WHEN dead = 0 AND lease_until <= $1 AND run_at <= $1 THEN run_at END) AS oldest, \
             (SELECT COUNT(*) FROM uploads) AS uploads FROM jobs",
        )
        .bind(now.0)
        .fetch_one(self.pool())
        .await?;
        let oldest = row.maybe_time("oldest")?.map_or(0, |since| now.since(since));
        Ok(JobFigures {
            due: row.int("due")?,
            running: row.int("running")?,
            dead: row.int("dead")?,
            oldest,
            uploads: row.int("uploads")?,
        })
    }

    /// How many jobs there are, waiting or running, and how many were given up.
    pub async fn count_jobs(&self) -> Result<(i64, i64)> {
        let row =
            sqlx::query("SELECT COUNT(*) AS jobs, COUNT(CASE WHEN dead = 1 THEN 1 END) AS dead FROM jobs")
                .fetch_one(self.pool())
                .await?;
        let dead = row.int("dead")?;
        Ok((row.int("jobs")? - dead, dead))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_longer_after_each_attempt() {
        assert_eq!([1, 2, 3].map(back_off), [5_000, 20_000, 80_000]);
        assert_eq!(back_off(0), 5_000);
        assert_eq!(back_off(99), back_off(6));
    }
}

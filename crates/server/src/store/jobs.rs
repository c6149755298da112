//! Jobs: one for each complete upload, claimed by lease.
//!
//! **Invariant:** a job is done when its row is gone, and its row goes in the same transaction as its outcome is
//! written down. A worker that dies leaves a lease that runs out; the next one starts over, and what the first may
//! still want to write down, should it come back, is not.

use limpet_model::{Attachment, AttachmentId, AttachmentState, Millis, PracticeId};
use sqlx::{AnyConnection, any::AnyRow};

use super::{Result, Store, StoreError, attachments, row::Columns};
use crate::{file_of::FileOf, secrets::new_token, view::View};

/// How long a worker may be silent before its job is somebody else's, milliseconds.
pub const LEASE: i64 = 60 * 1000;
/// How often a job is tried before it is given up.
pub const ATTEMPTS: i64 = 4;

/// A job that this node holds the lease of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Job {
    /// The practice.
    pub practice: PracticeId,
    /// What to look at.
    pub attachment: AttachmentId,
    /// Which attempt this is, from one.
    pub attempt: i64,
    /// The number of this claim: when it was made, or one more than the last one's. An attachment whose job is done may
    /// get another job, and a claim of the first is not mistaken for one of the second.
    pub fence: i64,
}

impl Job {
    /// The file that arrived.
    pub fn file_of(&self) -> FileOf {
        FileOf { practice: self.practice, attachment: self.attachment }
    }
}

/// How long to wait before the attempt after `attempt`, milliseconds.
pub fn back_off(attempt: i64) -> i64 {
    5_000 * 4_i64.pow(u32::try_from(attempt.clamp(1, 6)).unwrap_or(6) - 1)
}

pub(super) async fn queue(
    connection: &mut AnyConnection,
    practice: PracticeId,
    attachment: AttachmentId,
    now: Millis,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO jobs (practice_id, attachment_id, attempts, run_at, lease_owner, lease_until, last_error, \
         dead, created_at) VALUES ($1, $2, 0, $3, '', 0, '', 0, $4) \
         ON CONFLICT (practice_id, attachment_id) DO NOTHING",
    )
    .bind(practice.to_string())
    .bind(attachment.to_string())
    .bind(now.0)
    .bind(now.0)
    .execute(connection)
    .await?;
    Ok(())
}

impl Store {
    /// Claims the job that has waited longest, of any practice.
    pub async fn claim_job(&self, owner: &str, now: Millis) -> Result<Option<Job>> {
        let mut quiet = self.quiet().await?;
        let next = sqlx::query(
            "SELECT practice_id, attachment_id FROM jobs \
             WHERE dead = 0 AND run_at <= $1 AND lease_until <= $1 ORDER BY run_at LIMIT 1",
        )
        .bind(now.0)
        .fetch_optional(quiet.connection())
        .await?;
        let Some(next) = next else {
            quiet.discard().await?;
            return Ok(None);
        };
        let (practice, attachment): (PracticeId, AttachmentId) =
            (next.id("practice_id")?, next.id("attachment_id")?);
        // On PostgreSQL another node may have been quicker: the condition is asked again under the row's lock.
        let claimed = sqlx::query(
            "UPDATE jobs SET lease_owner = $3, lease_until = $4, attempts = attempts + 1, \
             fence = CASE WHEN fence < $5 THEN $5 ELSE fence + 1 END \
             WHERE practice_id = $1 AND attachment_id = $2 AND dead = 0 AND lease_until <= $5 \
             RETURNING attempts AS attempts, fence AS fence",
        )
        .bind(practice.to_string())
        .bind(attachment.to_string())
        .bind(owner.to_owned())
        .bind(now.0 + LEASE)
        .bind(now.0)
        .fetch_optional(quiet.connection())
        .await?;
        quiet.commit().await?;
        let job = |row: AnyRow| {
            Ok(Job { practice, attachment, attempt: row.int("attempts")?, fence: row.int("fence")? })
        };
        claimed.map(job).transpose()
    }

    /// Holds on to a job. Whether this claim still counts.
    pub async fn renew_job(&self, job: Job, now: Millis) -> Result<bool> {
        let mut quiet = self.quiet().await?;
        let held = sqlx::query(
            "UPDATE jobs SET lease_until = $4 WHERE practice_id = $1 AND attachment_id = $2 AND fence = $3 \
             AND lease_owner <> ''",
        )
        .bind(job.practice.to_string())
        .bind(job.attachment.to_string())
        .bind(job.fence)
        .bind(now.0 + LEASE)
        .execute(quiet.connection())
        .await?
        .rows_affected();
        quiet.commit().await?;
        Ok(held > 0)
    }

    /// Gives a job back to be tried again at `run_at`, or for good. The attempt counts only if it `failed`. Nothing
    /// happens when the claim no longer counts.
    pub async fn put_back_job(
        &self,
        job: Job,
        run_at: Millis,
        failed: bool,
        error: &str,
        dead: bool,
    ) -> Result<()> {
        let mut quiet = self.quiet().await?;
        sqlx::query(
            "UPDATE jobs SET lease_owner = '', lease_until = 0, run_at = $3, attempts = attempts - $4, \
             last_error = $5, dead = $6 WHERE practice_id = $1 AND attachment_id = $2 AND fence = $7 \
             AND lease_owner <> ''",
        )
        .bind(job.practice.to_string())
        .bind(job.attachment.to_string())
        .bind(run_at.0)
        .bind(i64::from(!failed))
        .bind(error.to_owned())
        .bind(i64::from(dead))
        .bind(job.fence)
        .execute(quiet.connection())
        .await?;
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

    /// What there are jobs for, of all practices.
    pub async fn files_with_jobs(&self) -> Result<Vec<FileOf>> {
        let rows = sqlx::query("SELECT practice_id, attachment_id FROM jobs").fetch_all(self.pool()).await?;
        let of = |row: &AnyRow| {
            Ok(FileOf { practice: row.id("practice_id")?, attachment: row.id("attachment_id")? })
        };
        rows.iter().map(of).collect()
    }

    /// The jobs that were given up, and why.
    pub async fn dead_jobs(&self) -> Result<Vec<(FileOf, String)>> {
        let rows = sqlx::query("SELECT practice_id, attachment_id, last_error FROM jobs WHERE dead = 1")
            .fetch_all(self.pool())
            .await?;
        let read = |row: &AnyRow| {
            let of = FileOf { practice: row.id("practice_id")?, attachment: row.id("attachment_id")? };
            Ok((of, row.text("last_error")?))
        };
        rows.iter().map(read).collect()
    }

    /// Has an attachment prepared once more, from its original.
    pub async fn prepare_again(&self, of: FileOf, now: Millis) -> Result<()> {
        let mut write = self.write(of.practice).await?;
        let stored = attachments::find(write.connection(), of.practice, View::Staff, of.attachment).await?;
        let Some(mut attachment) = stored else { return Err(StoreError::Missing("attachment")) };
        attachment.state = AttachmentState::Processing;
        // They are made again, or there are none any more.
        (attachment.has_poster, attachment.has_rendition) = (false, false);
        attachments::update(&mut write, &attachment).await?;
        queue(write.connection(), of.practice, of.attachment, now).await?;
        sqlx::query(
            "UPDATE jobs SET dead = 0, attempts = 0, run_at = $3 \
             WHERE practice_id = $1 AND attachment_id = $2 AND dead = 1",
        )
        .bind(of.practice.to_string())
        .bind(of.attachment.to_string())
        .bind(now.0)
        .execute(write.connection())
        .await?;
        write.commit().await.map(drop)
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

    /// Writes down what a job found out; `done` when there is nothing left to do. The first time, the
    /// attachment gets its link. False, and nothing is written, when the claim no longer counts.
    pub async fn write_findings(&self, job: Job, found: &Attachment, done: bool) -> Result<bool> {
        let capability = new_token()?;
        let mut write = self.write(job.practice).await?;
        let stored = attachments::find(write.connection(), job.practice, View::Staff, job.attachment).await?;
        if stored.is_none() {
            return Err(StoreError::Missing("attachment"));
        }
        // Writes, so that nobody else can claim it before this is committed.
        let ours = if done {
            "DELETE FROM jobs WHERE practice_id = $1 AND attachment_id = $2 AND fence = $3 AND lease_owner <> ''"
        } else {
            "UPDATE jobs SET last_error = '' WHERE practice_id = $1 AND attachment_id = $2 AND fence = $3 \
             AND lease_owner <> ''"
        };
        let ours = sqlx::query(ours)
            .bind(job.practice.to_string())
            .bind(job.attachment.to_string())
            .bind(job.fence)
            .execute(write.connection())
            .await?
            .rows_affected();
        if ours == 0 {
            write.discard().await?;
            return Ok(false);
        }
        attachments::update(&mut write, found).await?;
        attachments::give_capability(&mut write, job.attachment, &capability).await?;
        write.commit().await?;
        Ok(true)
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

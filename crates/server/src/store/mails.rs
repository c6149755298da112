//! Mail on its way: to whom, and in which language. When it goes out is a job's.
//!
//! **Invariant:** no link and no word of a mail is kept: the mail is made when it goes out. A mail is sent once its job is
//! gone; a node that dies in between sends it again, with another link.

use limpet_model::{Millis, PracticeId, StaffId};
use sqlx::any::AnyRow;

use super::{
    Quiet, Result, Store,
    jobs::{self, Job, Work},
    row::Columns,
};

/// How often a mail is tried before it is given up: over somewhat more than three hours.
pub const ATTEMPTS: i64 = 8;
/// Forgotten passwords that may wait at once: somebody who asks for thousands fills no disk.
const MOST_RESETS: i64 = 500;

/// Queues a mail to a staff member. One of the same kind that still waits goes out once, in the newer language.
pub(super) async fn queue(
    quiet: &mut Quiet,
    practice: PracticeId,
    work: Work,
    language: &str,
    now: Millis,
) -> Result<()> {
    // The job first, as `end_mail` does: two that take turns on both rows wait for each other in one order.
    jobs::queue(quiet, practice, work, now, now).await?;
    sqlx::query(
        "INSERT INTO mails (practice_id, kind, staff_id, language) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (practice_id, kind, staff_id) DO UPDATE SET language = excluded.language",
    )
    .bind(practice.to_string())
    .bind(work.kind())
    .bind(work.subject())
    .bind(language.to_owned())
    .execute(quiet.connection())
    .await?;
    Ok(())
}

impl Store {
    /// Keeps that whoever has this address forgot the password, if anybody has: nobody looks before the answer is out, so
    /// that asking takes as long for any address. Nothing is kept while too many wait.
    pub async fn queue_reset(&self, address: &str, language: &str, now: Millis) -> Result<()> {
        let mut quiet = self.quiet().await?;
        let waiting =
            sqlx::query("SELECT COUNT(*) AS resets FROM resets").fetch_one(quiet.connection()).await?;
        if waiting.int("resets")? >= MOST_RESETS {
            tracing::warn!("Too many forgotten passwords wait for their mail");
            return quiet.discard().await;
        }
        sqlx::query(
            "INSERT INTO resets (address, language, asked_at) VALUES ($1, $2, $3) \
             ON CONFLICT (address) DO UPDATE SET language = excluded.language",
        )
        .bind(address.to_owned())
        .bind(language.to_owned())
        .bind(now.0)
        .execute(quiet.connection())
        .await?;
        quiet.ring(jobs::Lane::Post);
        quiet.commit().await
    }

    /// Finds out whose the forgotten passwords are, and queues a mail to each who is there.
    pub async fn address_resets(&self, now: Millis) -> Result<()> {
        while let Some(address) = self.oldest_reset().await? {
            let mut quiet = self.quiet().await?;
            // Another node may have been quicker.
            let taken = sqlx::query("DELETE FROM resets WHERE address = $1 RETURNING language AS language")
                .bind(address.clone())
                .fetch_optional(quiet.connection())
                .await?;
            let found = sqlx::query("SELECT practice_id, id, active FROM staff WHERE email = $1")
                .bind(address)
                .fetch_optional(quiet.connection())
                .await?;
            if let (Some(taken), Some(found)) = (taken, found)
                && found.flag("active")?
            {
                let (practice, staff): (PracticeId, StaffId) = (found.id("practice_id")?, found.id("id")?);
                queue(&mut quiet, practice, Work::Reset(staff), &taken.text("language")?, now).await?;
            }
            quiet.commit().await?;
        }
        Ok(())
    }

    async fn oldest_reset(&self) -> Result<Option<String>> {
        let row = sqlx::query("SELECT address FROM resets ORDER BY asked_at, address LIMIT 1")
            .fetch_optional(self.pool())
            .await?;
        row.map(|row: AnyRow| row.text("address")).transpose()
    }

    /// The language of a mail.
    pub async fn mail_language(&self, job: Job) -> Result<String> {
        let row =
            sqlx::query("SELECT language FROM mails WHERE practice_id = $1 AND kind = $2 AND staff_id = $3")
                .bind(job.practice.to_string())
                .bind(job.work.kind())
                .bind(job.work.subject())
                .fetch_optional(self.pool())
                .await?;
        row.map_or_else(|| Ok(String::new()), |row| row.text("language"))
    }

    /// A mail is out, or there is nobody to write to. Whether the claim still counted.
    pub async fn end_mail(&self, job: Job) -> Result<bool> {
        let mut quiet = self.quiet().await?;
        if !jobs::hold(quiet.connection(), job, true).await? {
            quiet.discard().await?;
            return Ok(false);
        }
        sqlx::query("DELETE FROM mails WHERE practice_id = $1 AND kind = $2 AND staff_id = $3")
            .bind(job.practice.to_string())
            .bind(job.work.kind())
            .bind(job.work.subject())
            .execute(quiet.connection())
            .await?;
        quiet.commit().await?;
        Ok(true)
    }

    /// How many mails wait, and how many were given up.
    pub async fn count_mails(&self) -> Result<(i64, i64)> {
        let row = sqlx::query(
            "SELECT COUNT(*) AS mails, COUNT(CASE WHEN dead = 1 THEN 1 END) AS dead, \
             (SELECT COUNT(*) FROM resets) AS resets FROM jobs WHERE kind IN ('invite', 'reset')",
        )
        .fetch_one(self.pool())
        .await?;
        let dead = row.int("dead")?;
        Ok((row.int("mails")? - dead + row.int("resets")?, dead))
    }
}

//! Mail on its way, claimed by lease.
//!
//! **Invariant:** no link and no word of a mail is kept: the row says what is to be written to whom, and the mail is made
//! when it goes out. A mail is sent once its row is gone; a node that dies in between sends it again, with another link.

use limpet_model::{Millis, PracticeId, StaffId};
use sqlx::{AnyConnection, any::AnyRow};

use super::{Result, Store, row::Columns};

/// How long a node may be silent before its mail is somebody else's, milliseconds.
const LEASE: i64 = 2 * 60 * 1000;
/// How often it is tried before it is given up: over some four hours.
pub const ATTEMPTS: i64 = 8;
/// Forgotten passwords that may wait at once: somebody who asks for thousands fills no disk.
const MOST_RESETS: i64 = 500;
/// How long a mail that was given up can be looked at, milliseconds.
const DEAD_FOR: i64 = 30 * 24 * 60 * 60 * 1000;

/// What is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailKind {
    /// Somebody new is invited.
    Invitation {
        /// Where.
        practice: PracticeId,
        /// Who.
        staff: StaffId,
    },
    /// Whoever has this address forgot the password, if anybody has.
    Reset,
}

/// A mail that this node holds the lease of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    id: String,
    fence: i64,
    /// What for.
    pub kind: MailKind,
    /// To whom.
    pub address: String,
    /// Language tag.
    pub language: String,
    /// Which attempt this is, from one.
    pub attempt: i64,
}

fn from_row(row: &AnyRow) -> Result<Mail> {
    let kind = match (row.maybe_id("practice_id")?, row.maybe_id("staff_id")?) {
        (Some(practice), Some(staff)) => MailKind::Invitation { practice, staff },
        _ => MailKind::Reset,
    };
    Ok(Mail {
        id: row.text("id")?,
        fence: row.int("fence")?,
        kind,
        address: row.text("address")?,
        language: row.text("language")?,
        attempt: row.int("attempts")?,
    })
}

/// Queues a mail; one of the same kind to the same person that still waits goes.
pub(super) async fn queue(
    connection: &mut AnyConnection,
    kind: &MailKind,
    address: &str,
    language: &str,
    now: Millis,
) -> Result<()> {
    let (word, practice, staff) = match kind {
        MailKind::Invitation { practice, staff } => {
            ("invitation", Some(practice.to_string()), Some(staff.to_string()))
        }
        MailKind::Reset => ("reset", None, None),
    };
    sqlx::query("DELETE FROM mails WHERE kind = $1 AND address = $2 AND lease_until <= $3")
        .bind(word)
        .bind(address.to_owned())
        .bind(now.0)
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        "INSERT INTO mails (id, kind, practice_id, staff_id, address, language, attempts, run_at, lease_until, fence, \
         last_error, dead, created_at) VALUES ($1, $2, $3, $4, $5, $6, 0, $7, 0, 0, '', 0, $7)",
    )
    .bind(uuid::Uuid::now_v7().to_string())
    .bind(word)
    .bind(practice)
    .bind(staff)
    .bind(address.to_owned())
    .bind(language.to_owned())
    .bind(now.0)
    .execute(connection)
    .await?;
    Ok(())
}

impl Store {
    /// Queues a mail to whoever has forgotten a password, if anybody has this address: nobody looks before it goes out,
    /// so that asking takes as long for any address. Nothing is queued while too many wait.
    pub async fn queue_reset(&self, address: &str, language: &str, now: Millis) -> Result<()> {
        let mut quiet = self.quiet().await?;
        let waiting = sqlx::query("SELECT COUNT(*) AS resets FROM mails WHERE kind = 'reset' AND dead = 0")
            .fetch_one(quiet.connection())
            .await?
            .int("resets")?;
        if waiting >= MOST_RESETS {
            tracing::warn!("Too many forgotten passwords wait for their mail");
            return quiet.discard().await;
        }
        queue(quiet.connection(), &MailKind::Reset, address, language, now).await?;
        quiet.commit().await
    }

    /// Claims the mail that has waited longest.
    pub async fn claim_mail(&self, now: Millis) -> Result<Option<Mail>> {
        let mut quiet = self.quiet().await?;
        let next = sqlx::query(
            "SELECT id FROM mails WHERE dead = 0 AND run_at <= $1 AND lease_until <= $1 ORDER BY run_at LIMIT 1",
        )
        .bind(now.0)
        .fetch_optional(quiet.connection())
        .await?;
        let Some(next) = next else {
            quiet.discard().await?;
            return Ok(None);
        };
        // On PostgreSQL another node may have been quicker: the condition is asked again under the row's lock.
        let claimed = sqlx::query(
            "UPDATE mails SET lease_until = $2, attempts = attempts + 1, fence = fence + 1 \
             WHERE id = $1 AND dead = 0 AND lease_until <= $3 RETURNING id AS id, fence AS fence, \
             practice_id AS practice_id, staff_id AS staff_id, address AS address, language AS language, \
             attempts AS attempts",
        )
        .bind(next.text("id")?)
        .bind(now.0 + LEASE)
        .bind(now.0)
        .fetch_optional(quiet.connection())
        .await?;
        quiet.commit().await?;
        claimed.as_ref().map(from_row).transpose()
    }

    /// A mail is out, or there is nobody to write to. Old ones that were given up are swept away in passing.
    pub async fn mail_done(&self, mail: &Mail, now: Millis) -> Result<()> {
        let mut quiet = self.quiet().await?;
        sqlx::query("DELETE FROM mails WHERE id = $1 AND fence = $2")
            .bind(mail.id.clone())
            .bind(mail.fence)
            .execute(quiet.connection())
            .await?;
        sqlx::query("DELETE FROM mails WHERE dead = 1 AND created_at <= $1")
            .bind(now.0 - DEAD_FOR)
            .execute(quiet.connection())
            .await?;
        quiet.commit().await
    }

    /// Gives a mail back to be tried again at `run_at`, or gives it up. Nothing happens when the claim no longer counts.
    pub async fn put_back_mail(&self, mail: &Mail, run_at: Millis, error: &str, dead: bool) -> Result<()> {
        let mut quiet = self.quiet().await?;
        sqlx::query(
            "UPDATE mails SET lease_until = 0, run_at = $3, last_error = $4, dead = $5 WHERE id = $1 AND fence = $2",
        )
        .bind(mail.id.clone())
        .bind(mail.fence)
        .bind(run_at.0)
        .bind(error.to_owned())
        .bind(i64::from(dead))
        .execute(quiet.connection())
        .await?;
        quiet.commit().await
    }

    /// How many mails wait, and how many were given up.
    pub async fn count_mails(&self) -> Result<(i64, i64)> {
        let row =
            sqlx::query("SELECT COUNT(*) AS mails, COUNT(CASE WHEN dead = 1 THEN 1 END) AS dead FROM mails")
                .fetch_one(self.pool())
                .await?;
        let dead = row.int("dead")?;
        Ok((row.int("mails")? - dead, dead))
    }
}

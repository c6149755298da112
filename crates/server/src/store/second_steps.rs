//! The second step of signing in: secrets, codes that were taken, recovery codes.
//!
//! **Invariant:** a code is taken once: its time step, or its row, is used up in the transaction that takes it. Wrong
//! ones are counted there, too, for the account and not for a place: whoever tries codes has the password already, and
//! could try from a thousand places.

use limpet_model::{Millis, PracticeId, StaffId};
use serde_json::json;
use sqlx::AnyConnection;

use super::{Quiet, Result, Store, audit::Act, row::Columns, sessions};
use crate::{
    by::By,
    codes::{recovery_hash, step_of},
};

/// Wrong codes of one account within [`WINDOW`].
const MOST: i64 = 10;
/// Milliseconds.
const WINDOW: i64 = 15 * 60 * 1000;

/// What came of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It was right, and is used up.
    Right,
    /// It was wrong, or was taken before.
    Wrong,
    /// It was not looked at: too many were wrong. Another is welcome after so many milliseconds.
    TooMany(i64),
}

impl Store {
    /// Whether a code is asked for, and how many recovery codes are left.
    pub async fn second_step(&self, practice: PracticeId, staff: StaffId) -> Result<(bool, u32)> {
        let row = sqlx::query(
            "SELECT (SELECT COUNT(*) FROM second_steps WHERE practice_id = $1 AND staff_id = $2 \
             AND confirmed_at IS NOT NULL) AS steps, \
             (SELECT COUNT(*) FROM recovery_codes WHERE practice_id = $1 AND staff_id = $2) AS codes",
        )
        .bind(practice.to_string())
        .bind(staff.to_string())
        .fetch_one(self.pool())
        .await?;
        Ok((row.int("steps")? > 0, u32::try_from(row.int("codes")?).unwrap_or(u32::MAX)))
    }

    /// Keeps a secret that is not asked for yet, in place of one that never was. False when one is asked for already.
    pub async fn begin_second_step(&self, by: By, staff: StaffId, secret: &str) -> Result<bool> {
        let practice = by.practice;
        let mut write = self.write(by).await?;
        let kept = sqlx::query(
            "INSERT INTO second_steps (practice_id, staff_id, secret, confirmed_at, last_step, tried, tried_since) \
             VALUES ($1, $2, $3, NULL, 0, 0, 0) \
             ON CONFLICT (practice_id, staff_id) DO UPDATE SET secret = excluded.secret, last_step = 0 \
             WHERE second_steps.confirmed_at IS NULL",
        )
        .bind(practice.to_string())
        .bind(staff.to_string())
        .bind(secret.to_owned())
        .execute(write.connection())
        .await?
        .rows_affected();
        if kept == 0 {
            write.discard().await?;
            return Ok(false);
        }
        write.log(Act::Changed, staff, json!({ "second_step": "begun" }));
        write.commit_quietly().await?;
        Ok(true)
    }

    /// The secret that is not asked for yet.
    pub async fn new_secret_of(&self, practice: PracticeId, staff: StaffId) -> Result<Option<String>> {
        let row = sqlx::query(
            "SELECT secret FROM second_steps WHERE practice_id = $1 AND staff_id = $2 AND confirmed_at IS NULL",
        )
        .bind(practice.to_string())
        .bind(staff.to_string())
        .fetch_optional(self.pool())
        .await?;
        row.map(|row| row.text("secret")).transpose()
    }

    /// Takes the first code of a new secret: from now on codes are asked for, and these recovery codes are good.
    /// [`Taken::Wrong`] also when there is no new secret.
    pub async fn confirm_second_step(
        &self,
        by: By,
        staff: StaffId,
        code: &str,
        recovery_codes: &[String],
    ) -> Result<Taken> {
        let (practice, now) = (by.practice, by.at);
        let mut write = self.write(by).await?;
        let taken = try_code(write.quiet(), practice, staff, code, false, now).await?;
        if taken == Taken::Right {
            sqlx::query("UPDATE second_steps SET confirmed_at = $3 WHERE practice_id = $1 AND staff_id = $2")
                .bind(practice.to_string())
                .bind(staff.to_string())
                .bind(now.0)
                .execute(write.connection())
                .await?;
            forget_recovery_codes(write.connection(), practice, staff).await?;
            for code in recovery_codes {
                sqlx::query(
                    "INSERT INTO recovery_codes (practice_id, staff_id, code_hash) VALUES ($1, $2, $3)",
                )
                .bind(practice.to_string())
                .bind(staff.to_string())
                .bind(recovery_hash(code))
                .execute(write.connection())
                .await?;
            }
            write.log(Act::Changed, staff, json!({ "second_step": "on" }));
        }
        // Also when it was wrong: that is counted.
        write.commit_quietly().await?;
        Ok(taken)
    }

    /// Takes a code of the authenticator app, or a recovery code.
    pub async fn take_code(
        &self,
        practice: PracticeId,
        staff: StaffId,
        code: &str,
        now: Millis,
    ) -> Result<Taken> {
        let mut quiet = self.quiet().await?;
        let taken = try_code(&mut quiet, practice, staff, code, true, now).await?;
        quiet.commit().await?;
        Ok(taken)
    }

    /// No code is asked for any more. With `close_sessions` the person's sessions end, too.
    pub async fn end_second_step(&self, by: By, staff: StaffId, close_sessions: bool) -> Result<()> {
        let practice = by.practice;
        let mut write = self.write(by).await?;
        sqlx::query("DELETE FROM second_steps WHERE practice_id = $1 AND staff_id = $2")
            .bind(practice.to_string())
            .bind(staff.to_string())
            .execute(write.connection())
            .await?;
        forget_recovery_codes(write.connection(), practice, staff).await?;
        if close_sessions {
            sessions::close_all(write.connection(), practice, staff, None).await?;
        }
        write.log(Act::Changed, staff, json!({ "second_step": "off" }));
        write.commit_quietly().await?;
        if close_sessions {
            self.live.sessions_closed(practice);
        }
        Ok(())
    }
}

/// Looks at a code of a secret that is `confirmed` or of one that is not.
async fn try_code(
    quiet: &mut Quiet,
    practice: PracticeId,
    staff: StaffId,
    code: &str,
    confirmed: bool,
    now: Millis,
) -> Result<Taken> {
    // Counted before it is looked at, and under the row's lock: many at once wait for each other.
    let counted = sqlx::query(if confirmed {
        "UPDATE second_steps SET tried = CASE WHEN tried_since > $3 THEN tried + 1 ELSE 1 END, \
         tried_since = CASE WHEN tried_since > $3 THEN tried_since ELSE $4 END \
         WHERE practice_id = $1 AND staff_id = $2 AND confirmed_at IS NOT NULL \
         RETURNING secret AS secret, last_step AS last_step, tried AS tried, tried_since AS tried_since"
    } else {
        "UPDATE second_steps SET tried = CASE WHEN tried_since > $3 THEN tried + 1 ELSE 1 END, \
         tried_since = CASE WHEN tried_since > $3 THEN tried_since ELSE $4 END \
         WHERE practice_id = $1 AND staff_id = $2 AND confirmed_at IS NULL \
         RETURNING secret AS secret, last_step AS last_step, tried AS tried, tried_since AS tried_since"
    })
    .bind(practice.to_string())
    .bind(staff.to_string())
    .bind(now.0 - WINDOW)
    .bind(now.0)
    .fetch_optional(quiet.connection())
    .await?;
    let Some(row) = counted else { return Ok(Taken::Wrong) };
    if row.int("tried")? > MOST {
        return Ok(Taken::TooMany(WINDOW - now.since(row.time("tried_since")?)));
    }
    let last = row.int("last_step")?;
    let step = step_of(&row.text("secret")?, code, now).filter(|step| *step > last);
    if step.is_none() && !(confirmed && take_recovery_code(quiet.connection(), practice, staff, code).await?)
    {
        return Ok(Taken::Wrong);
    }
    sqlx::query("UPDATE second_steps SET last_step = $3, tried = 0 WHERE practice_id = $1 AND staff_id = $2")
        .bind(practice.to_string())
        .bind(staff.to_string())
        .bind(step.unwrap_or(last))
        .execute(quiet.connection())
        .await?;
    Ok(Taken::Right)
}

async fn take_recovery_code(
    connection: &mut AnyConnection,
    practice: PracticeId,
    staff: StaffId,
    code: &str,
) -> Result<bool> {
    let used =
        sqlx::query("DELETE FROM recovery_codes WHERE practice_id = $1 AND staff_id = $2 AND code_hash = $3")
            .bind(practice.to_string())
            .bind(staff.to_string())
            .bind(recovery_hash(code))
            .execute(connection)
            .await?
            .rows_affected();
    Ok(used > 0)
}

async fn forget_recovery_codes(
    connection: &mut AnyConnection,
    practice: PracticeId,
    staff: StaffId,
) -> Result<()> {
    sqlx::query("DELETE FROM recovery_codes WHERE practice_id = $1 AND staff_id = $2")
        .bind(practice.to_string())
        .bind(staff.to_string())
        .execute(connection)
        .await?;
    Ok(())
}

/// Whether an administrator who may sign in does so with codes.
pub(super) async fn an_admin_has_one(connection: &mut AnyConnection, practice: PracticeId) -> Result<bool> {
    let row = sqlx::query(
        "SELECT COUNT(*) AS admins FROM staff m JOIN second_steps s \
         ON s.practice_id = m.practice_id AND s.staff_id = m.id \
         WHERE m.practice_id = $1 AND m.role = 'admin' AND m.active = 1 AND s.confirmed_at IS NOT NULL",
    )
    .bind(practice.to_string())
    .fetch_one(connection)
    .await?;
    Ok(row.int("admins")? > 0)
}

/// Closes the sessions of all staff who sign in without a code.
pub(super) async fn close_sessions_without(
    connection: &mut AnyConnection,
    practice: PracticeId,
) -> Result<()> {
    sqlx::query(
        "DELETE FROM sessions WHERE practice_id = $1 AND staff_id IS NOT NULL AND staff_id NOT IN \
         (SELECT staff_id FROM second_steps WHERE practice_id = $1 AND confirmed_at IS NOT NULL)",
    )
    .bind(practice.to_string())
    .execute(connection)
    .await?;
    Ok(())
}

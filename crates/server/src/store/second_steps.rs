//! The second step of signing in: secrets, codes that were taken, recovery codes.
//!
//! **Invariant:** a code is taken once: its time step, or its row, is used up in the transaction that takes it. Wrong
//! ones are counted there, too, for the account and not for a place: whoever tries codes has the password already, and
//! could try from a thousand places.

use limpet_model::{Millis, PracticeId, StaffId};
use serde_json::json;
use sqlx::AnyConnection;

use super::{
    Flag, Quiet, Result, Store,
    account_links::{self, AccountLink, LinkFor},
    audit::Act,
    practices,
    row::Columns,
    sessions::{self, Session},
};
use crate::{
    by::By,
    codes::{recovery_hash, step_of},
    secrets::token_hash,
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
    /// It was a recovery code, and is used up.
    Recovered,
    /// It was wrong, or was taken before.
    Wrong,
    /// It was not looked at: too many were wrong. Another is welcome after so many milliseconds.
    TooMany(i64),
}

/// The first code of a new secret.
#[derive(Clone, Copy)]
pub struct FirstCode<'a> {
    /// As it was typed.
    pub code: &'a str,
    /// The secret that was shown where it was typed, if it is known: with another one, which somebody else began
    /// meanwhile, no code is right.
    pub shown: Option<&'a str>,
    /// The session that it was typed in. The others end.
    pub session: Option<&'a Session>,
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

    /// Keeps a secret that is not asked for yet, in place of one that never was. Tickets that were given before are
    /// closed; a new one is kept with it where the first code is to come by one. False when one is asked for already.
    pub async fn begin_second_step(
        &self,
        by: By,
        staff: StaffId,
        secret: &str,
        ticket_hash: Option<&str>,
    ) -> Result<bool> {
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
        account_links::close_tickets(write.connection(), practice, staff).await?;
        if let Some(hash) = ticket_hash {
            let ticket = AccountLink { practice, staff, kind: LinkFor::SecondStep };
            account_links::insert(write.connection(), hash, ticket, by.at).await?;
        }
        write.log(Act::Changed, staff, json!({ "second_step": "begun" }));
        write.commit_quietly().await?;
        Ok(true)
    }

    /// Whether this is the secret that is not asked for yet.
    pub async fn is_new_secret(&self, practice: PracticeId, staff: StaffId, shown: &str) -> Result<bool> {
        let row = sqlx::query(
            "SELECT secret FROM second_steps WHERE practice_id = $1 AND staff_id = $2 AND confirmed_at IS NULL",
        )
        .bind(practice.to_string())
        .bind(staff.to_string())
        .fetch_optional(self.pool())
        .await?;
        let secret = row.map(|row| row.text("secret")).transpose()?;
        Ok(secret.is_some_and(|secret| token_hash(&secret) == token_hash(shown)))
    }

    /// Takes the first code of a new secret: from now on codes are asked for, and these recovery codes are good. What was
    /// opened with the password alone is closed. [`Taken::Wrong`] also when there is no new secret.
    pub async fn confirm_second_step(
        &self,
        by: By,
        staff: StaffId,
        first: FirstCode<'_>,
        recovery_codes: &[String],
    ) -> Result<Taken> {
        let (practice, now) = (by.practice, by.at);
        let mut write = self.write(by).await?;
        let tried = Tried { code: first.code, confirmed: false, shown: first.shown };
        let taken = try_code(write.quiet(), practice, staff, tried, now).await?;
        if taken == Taken::Right {
            sqlx::query("UPDATE second_steps SET confirmed_at = $3 WHERE practice_id = $1 AND staff_id = $2")
                .bind(practice.to_string())
                .bind(staff.to_string())
                .bind(now.0)
                .execute(write.connection())
                .await?;
            set_recovery_codes(write.connection(), practice, staff, recovery_codes).await?;
            account_links::close_tickets(write.connection(), practice, staff).await?;
            sessions::close_all(write.connection(), practice, staff, first.session).await?;
            write.log(Act::Changed, staff, json!({ "second_step": "on" }));
        }
        // Also when it was wrong: that is counted.
        write.commit_quietly().await?;
        if taken == Taken::Right {
            self.live.sessions_closed(practice);
        }
        Ok(taken)
    }

    /// Takes a code and puts these recovery codes in the place of those there were.
    pub async fn renew_recovery_codes(
        &self,
        by: By,
        staff: StaffId,
        code: &str,
        recovery_codes: &[String],
    ) -> Result<Taken> {
        let practice = by.practice;
        let mut write = self.write(by).await?;
        let tried = Tried { code, confirmed: true, shown: None };
        let taken = try_code(write.quiet(), practice, staff, tried, by.at).await?;
        if matches!(taken, Taken::Right | Taken::Recovered) {
            set_recovery_codes(write.connection(), practice, staff, recovery_codes).await?;
            write.log(Act::Changed, staff, json!({ "second_step": "new recovery codes" }));
        }
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
        let tried = Tried { code, confirmed: true, shown: None };
        let taken = try_code(&mut quiet, practice, staff, tried, now).await?;
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

/// A code of a secret that is `confirmed` or of one that is not.
struct Tried<'a> {
    code: &'a str,
    confirmed: bool,
    shown: Option<&'a str>,
}

/// Looks at a code.
async fn try_code(
    quiet: &mut Quiet,
    practice: PracticeId,
    staff: StaffId,
    Tried { code, confirmed, shown }: Tried<'_>,
    now: Millis,
) -> Result<Taken> {
    // Counted before it is looked at, and under the row's lock: many at once wait for each other.
    let counted = sqlx::query(
        "UPDATE second_steps SET tried = CASE WHEN tried_since > $3 THEN tried + 1 ELSE 1 END, \
         tried_since = CASE WHEN tried_since > $3 THEN tried_since ELSE $4 END \
         WHERE practice_id = $1 AND staff_id = $2 AND CASE WHEN confirmed_at IS NULL THEN 0 ELSE 1 END = $5 \
         RETURNING secret AS secret, last_step AS last_step, tried AS tried, tried_since AS tried_since",
    )
    .bind(practice.to_string())
    .bind(staff.to_string())
    .bind(now.0 - WINDOW)
    .bind(now.0)
    .bind(Flag::store(confirmed))
    .fetch_optional(quiet.connection())
    .await?;
    let Some(row) = counted else { return Ok(Taken::Wrong) };
    if row.int("tried")? > MOST {
        return Ok(Taken::TooMany(WINDOW - now.since(row.time("tried_since")?)));
    }
    let (secret, last) = (row.text("secret")?, row.int("last_step")?);
    // As hashes: how long it takes to compare them says nothing.
    if shown.is_some_and(|shown| token_hash(shown) != token_hash(&secret)) {
        return Ok(Taken::Wrong);
    }
    let step = step_of(&secret, code, now).filter(|step| *step > last);
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
    Ok(if step.is_some() { Taken::Right } else { Taken::Recovered })
}

async fn set_recovery_codes(
    connection: &mut AnyConnection,
    practice: PracticeId,
    staff: StaffId,
    codes: &[String],
) -> Result<()> {
    forget_recovery_codes(connection, practice, staff).await?;
    for code in codes {
        sqlx::query("INSERT INTO recovery_codes (practice_id, staff_id, code_hash) VALUES ($1, $2, $3)")
            .bind(practice.to_string())
            .bind(staff.to_string())
            .bind(recovery_hash(code))
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
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

/// Whether somebody is asked for a code: the account has them, or the practice requires them.
pub(super) async fn is_asked(
    connection: &mut AnyConnection,
    practice: PracticeId,
    staff: StaffId,
) -> Result<bool> {
    let row = sqlx::query(
        "SELECT COUNT(*) AS steps FROM second_steps \
         WHERE practice_id = $1 AND staff_id = $2 AND confirmed_at IS NOT NULL",
    )
    .bind(practice.to_string())
    .bind(staff.to_string())
    .fetch_one(&mut *connection)
    .await?;
    let practice = practices::find(connection, practice).await?;
    Ok(row.int("steps")? > 0 || practice.is_some_and(|practice| practice.settings.requires_code))
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

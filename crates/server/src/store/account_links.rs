//! Links into an account: an invitation, a forgotten password, the way to codes at sign-in.
//!
//! **Invariant:** a link opens what it is for once, and only until it runs out or the account is closed.

use limpet_model::{Millis, PracticeId, StaffId};
use serde_json::{Value, json};
use sqlx::{AnyConnection, any::AnyRow};

use super::{Result, Store, audit::Act, devices, row::Columns, sessions};
use crate::by::{Actor, By};

const MINUTE: i64 = 60 * 1000;

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkFor {
    /// Somebody new sets a password.
    Invitation,
    /// Somebody sets another one.
    Reset,
    /// Somebody who has typed the password sets up codes at sign-in.
    SecondStep,
}

impl LinkFor {
    fn word(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::Reset => "reset",
            Self::SecondStep => "second_step",
        }
    }

    fn read(word: &str) -> Option<Self> {
        [Self::Invitation, Self::Reset, Self::SecondStep].into_iter().find(|it| it.word() == word)
    }

    /// How long it opens, milliseconds.
    pub fn lifetime(self) -> i64 {
        match self {
            Self::Invitation => 7 * 24 * 60 * MINUTE,
            Self::Reset => 60 * MINUTE,
            Self::SecondStep => 15 * MINUTE,
        }
    }
}

/// What a link opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountLink {
    /// The practice.
    pub practice: PracticeId,
    /// Whose account.
    pub staff: StaffId,
    /// What for.
    pub kind: LinkFor,
}

fn from_row(row: &AnyRow) -> Result<AccountLink> {
    Ok(AccountLink {
        practice: row.id("practice_id")?,
        staff: row.id("staff_id")?,
        kind: row.word("kind", LinkFor::read)?,
    })
}

impl Store {
    /// Keeps a new link; answers until when it opens. What has run out is swept away in passing.
    pub async fn add_account_link(&self, token_hash: &str, link: AccountLink, now: Millis) -> Result<Millis> {
        let mut quiet = self.quiet().await?;
        let expires_at = insert(quiet.connection(), token_hash, link, now).await?;
        quiet.commit().await?;
        Ok(expires_at)
    }

    /// Keeps a link that somebody hands over; answers until when it opens.
    pub async fn hand_over_link(
        &self,
        by: By,
        staff: StaffId,
        kind: LinkFor,
        token_hash: &str,
    ) -> Result<Millis> {
        let link = AccountLink { practice: by.practice, staff, kind };
        let mut write = self.write(by).await?;
        let expires_at = insert(write.connection(), token_hash, link, by.at).await?;
        write.log(Act::Invited, staff, json!({ "link": kind.word() }));
        write.commit_quietly().await?;
        Ok(expires_at)
    }

    /// A door: what a link opens, if it still does.
    pub async fn account_link(&self, token_hash: &str, now: Millis) -> Result<Option<AccountLink>> {
        let row = sqlx::query(
            "SELECT l.practice_id AS practice_id, l.staff_id AS staff_id, l.kind AS kind FROM account_links l \
             JOIN staff m ON m.practice_id = l.practice_id AND m.id = l.staff_id \
             WHERE l.token_hash = $1 AND l.expires_at > $2 AND m.active = 1",
        )
        .bind(token_hash.to_owned())
        .bind(now.0)
        .fetch_optional(self.pool())
        .await?;
        row.as_ref().map(from_row).transpose()
    }

    /// Until when a link of the practice opens; nothing if it was used meanwhile.
    pub async fn account_link_until(&self, practice: PracticeId, token_hash: &str) -> Result<Option<Millis>> {
        let row =
            sqlx::query("SELECT expires_at FROM account_links WHERE practice_id = $1 AND token_hash = $2")
                .bind(practice.to_string())
                .bind(token_hash.to_owned())
                .fetch_optional(self.pool())
                .await?;
        row.map(|row| row.int("expires_at").map(Millis)).transpose()
    }

    /// How many links of a kind an account was given since a time and did not use.
    pub async fn count_account_links(&self, link: AccountLink, since: Millis) -> Result<i64> {
        let row = sqlx::query(
            "SELECT COUNT(*) AS links FROM account_links \
             WHERE practice_id = $1 AND staff_id = $2 AND kind = $3 AND created_at > $4",
        )
        .bind(link.practice.to_string())
        .bind(link.staff.to_string())
        .bind(link.kind.word())
        .bind(since.0)
        .fetch_one(self.pool())
        .await?;
        row.int("links")
    }

    /// Uses a link up to set a password. All other links of the account go, its sessions end, and no device is known
    /// any more. `None` when the link does not open that; an invitation opens nothing once there is a password.
    pub async fn set_password_by_link(
        &self,
        token_hash: &str,
        password_hash: &str,
        now: Millis,
    ) -> Result<Option<AccountLink>> {
        let Some(found) = self.account_link(token_hash, now).await? else { return Ok(None) };
        let mut write = self.write(By::new(found.practice, Actor::Link, now)).await?;
        let used = sqlx::query(
            "DELETE FROM account_links WHERE practice_id = $1 AND token_hash = $2 AND expires_at > $3 \
             AND kind <> 'second_step' RETURNING practice_id AS practice_id, staff_id AS staff_id, kind AS kind",
        )
        .bind(found.practice.to_string())
        .bind(token_hash.to_owned())
        .bind(now.0)
        .fetch_optional(write.connection())
        .await?;
        let Some(link) = used.as_ref().map(from_row).transpose()? else {
            write.discard().await?;
            return Ok(None);
        };
        let set = sqlx::query(
            "UPDATE staff SET password_hash = $3 WHERE practice_id = $1 AND id = $2 AND active = 1 \
             AND (password_hash = '' OR $4 <> 'invitation')",
        )
        .bind(link.practice.to_string())
        .bind(link.staff.to_string())
        .bind(password_hash.to_owned())
        .bind(link.kind.word())
        .execute(write.connection())
        .await?
        .rows_affected();
        if set == 0 {
            write.discard().await?;
            return Ok(None);
        }
        close_doors(write.connection(), link.practice, link.staff).await?;
        write.log(Act::PasswordSet, link.staff, Value::Null);
        write.commit_quietly().await?;
        self.live.sessions_closed(link.practice);
        Ok(Some(link))
    }

    /// Takes a link back. Whether it was there.
    pub async fn use_account_link(&self, token_hash: &str, link: AccountLink) -> Result<bool> {
        let mut quiet = self.quiet().await?;
        let used = sqlx::query("DELETE FROM account_links WHERE practice_id = $1 AND token_hash = $2")
            .bind(link.practice.to_string())
            .bind(token_hash.to_owned())
            .execute(quiet.connection())
            .await?
            .rows_affected();
        quiet.commit().await?;
        Ok(used > 0)
    }
}

/// Closes the tickets with which somebody was about to set up codes.
pub(super) async fn close_tickets(
    connection: &mut AnyConnection,
    practice: PracticeId,
    staff: StaffId,
) -> Result<()> {
    sqlx::query(
        "DELETE FROM account_links WHERE practice_id = $1 AND staff_id = $2 AND kind = 'second_step'",
    )
    .bind(practice.to_string())
    .bind(staff.to_string())
    .execute(connection)
    .await?;
    Ok(())
}

/// Keeps a link; answers until when it opens.
pub(super) async fn insert(
    connection: &mut AnyConnection,
    token_hash: &str,
    link: AccountLink,
    now: Millis,
) -> Result<Millis> {
    let expires_at = Millis(now.0 + link.kind.lifetime());
    sqlx::query("DELETE FROM account_links WHERE practice_id = $1 AND expires_at <= $2")
        .bind(link.practice.to_string())
        .bind(now.0)
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        "INSERT INTO account_links (token_hash, practice_id, staff_id, kind, created_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(token_hash.to_owned())
    .bind(link.practice.to_string())
    .bind(link.staff.to_string())
    .bind(link.kind.word())
    .bind(now.0)
    .bind(expires_at.0)
    .execute(connection)
    .await?;
    Ok(expires_at)
}

/// Closes every link into an account.
pub(super) async fn close_links(
    connection: &mut AnyConnection,
    practice: PracticeId,
    staff: StaffId,
) -> Result<()> {
    sqlx::query("DELETE FROM account_links WHERE practice_id = $1 AND staff_id = $2")
        .bind(practice.to_string())
        .bind(staff.to_string())
        .execute(connection)
        .await?;
    Ok(())
}

/// Closes every way into an account but the password: links, sessions, what devices were known by.
pub(super) async fn close_doors(
    connection: &mut AnyConnection,
    practice: PracticeId,
    staff: StaffId,
) -> Result<()> {
    close_links(connection, practice, staff).await?;
    devices::forget(connection, practice, staff).await?;
    sessions::close_all(connection, practice, staff, None).await
}

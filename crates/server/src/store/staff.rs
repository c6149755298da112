//! Staff members and the passwords they sign in with.

use limpet_model::{Millis, PracticeId, Role, StaffId, StaffMember};
use limpet_wire::{changes::Entity, http::StaffChange};
use serde_json::{Value, json};
use sqlx::{AnyConnection, any::AnyRow, error::DatabaseError};

use super::{
    Flag, Result, Store, StoreError, Write, account_links,
    audit::Act,
    changes::Fed,
    jobs::Work,
    mails,
    row::Columns,
    sessions::{self, Session},
    sorting,
};
use crate::{by::By, view::per_view};

/// What sign-in needs to know about an e-mail address.
pub struct SignInRow {
    /// Where this person works.
    pub practice: PracticeId,
    /// Who it is.
    pub staff: StaffMember,
    /// argon2id; empty for somebody who was invited and has not set one.
    pub password_hash: String,
}

/// A role as it is stored.
pub fn role_word(role: Role) -> &'static str {
    match role {
        Role::Admin => "admin",
        Role::Veterinarian => "veterinarian",
        Role::Technician => "technician",
        Role::FrontDesk => "front_desk",
    }
}

/// The role behind a word.
pub fn read_role(word: &str) -> Option<Role> {
    [Role::Admin, Role::Veterinarian, Role::Technician, Role::FrontDesk]
        .into_iter()
        .find(|role| role_word(*role) == word)
}

/// An e-mail address as it is compared: without surrounding space, in lower case.
pub fn fold_email(email: &str) -> String {
    email.trim().to_lowercase()
}

fn from_row(row: &AnyRow) -> Result<StaffMember> {
    Ok(StaffMember {
        id: row.id("id")?,
        name: row.text("name")?,
        role: row.word("role", read_role)?,
        email: row.text("email")?,
        active: row.flag("active")?,
    })
}

impl Store {
    /// Adds a staff member.
    ///
    /// # Errors
    /// `Conflict` when somebody, in whichever practice, already signs in with this address.
    pub async fn add_staff(&self, by: By, member: &StaffMember, password_hash: &str) -> Result<()> {
        let mut write = self.write(by).await?;
        if !insert(&mut write, member, password_hash, by.at).await? {
            write.discard().await?;
            return Err(taken());
        }
        write.seen_by_everybody();
        write.log(Act::Added, member.id, json!({ "role": member.role }));
        write.commit().await.map(drop)
    }

    /// Adds a staff member who sets a password by the invitation that is mailed to them, if `by_mail`. Repeating it
    /// changes nothing.
    ///
    /// # Errors
    /// `Conflict` when somebody already signs in with this address, or the id is somebody else's.
    pub async fn invite_staff(&self, by: By, member: &StaffMember, by_mail: Option<&str>) -> Result<()> {
        let (practice, now) = (by.practice, by.at);
        let mut write = self.write(by).await?;
        if let Some(there) = find(write.connection(), practice, member.id).await? {
            write.discard().await?;
            return if there == *member {
                Ok(())
            } else {
                Err(StoreError::Conflict("There is already another account with this id."))
            };
        }
        if !insert(&mut write, member, "", now).await? {
            write.discard().await?;
            return Err(taken());
        }
        if let Some(language) = by_mail {
            mails::queue(write.quiet(), practice, Work::Invite(member.id), language, now).await?;
        }
        write.seen_by_everybody();
        write.log(Act::Added, member.id, json!({ "role": member.role, "invited": true }));
        write.commit().await.map(drop)
    }

    /// Queues the invitation of somebody once more.
    ///
    /// # Errors
    /// `Missing` for an unknown account, `Conflict` for one that has a password already or is closed.
    pub async fn queue_invitation(&self, by: By, staff: StaffId, language: &str) -> Result<()> {
        self.invited(by.practice, staff).await?;
        let mut write = self.write(by).await?;
        mails::queue(write.quiet(), by.practice, Work::Invite(staff), language, by.at).await?;
        write.log(Act::Invited, staff, Value::Null);
        write.commit_quietly().await
    }

    /// Somebody who was invited and has not set a password.
    ///
    /// # Errors
    /// As [`Store::queue_invitation`].
    pub async fn invited(&self, practice: PracticeId, staff: StaffId) -> Result<StaffMember> {
        let row = sqlx::query(
            "SELECT id, name, role, email, active, password_hash FROM staff WHERE practice_id = $1 AND id = $2",
        )
        .bind(practice.to_string())
        .bind(staff.to_string())
        .fetch_optional(self.pool())
        .await?
        .ok_or(StoreError::Missing("account"))?;
        if !row.flag("active")? || !row.text("password_hash")?.is_empty() {
            return Err(StoreError::Conflict(
                "This person has set a password already, or the account is closed. Whoever forgot a password asks for \
                 another one.",
            ));
        }
        from_row(&row)
    }

    /// A door: who signs in with this address.
    pub async fn staff_by_email(&self, email: &str) -> Result<Option<SignInRow>> {
        let row = sqlx::query(
            "SELECT practice_id, id, name, role, email, active, password_hash FROM staff WHERE email = $1",
        )
        .bind(fold_email(email))
        .fetch_optional(self.pool())
        .await?;
        let read = |row: AnyRow| {
            Ok(SignInRow {
                practice: row.id("practice_id")?,
                staff: from_row(&row)?,
                password_hash: row.text("password_hash")?,
            })
        };
        row.map(read).transpose()
    }

    /// Changes a staff member. Closing an account closes its sessions and every link into it, and nobody is assigned
    /// any more to the open conversations that this person had.
    ///
    /// # Errors
    /// `Conflict` when the practice would be left without an administrator, when the address is somebody's, or of
    /// somebody who has a password.
    pub async fn change_staff(&self, by: By, id: StaffId, change: &StaffChange) -> Result<()> {
        let practice = by.practice;
        let mut write = self.write(by).await?;
        let Some(mut member) = find(write.connection(), practice, id).await? else {
            return Err(StoreError::Missing("account"));
        };
        let before = member.clone();
        let address = change.email.as_deref().map(fold_email).filter(|address| *address != member.email);
        if let Some(address) = address {
            member.email = address;
            if !readdress(&mut write, &member).await? {
                write.discard().await?;
                return Err(StoreError::Conflict(
                    "Only the address of somebody who has not set a password yet can be changed.",
                ));
            }
        }
        member.name = change.name.clone().unwrap_or(member.name);
        member.role = change.role.unwrap_or(member.role);
        member.active = change.active.unwrap_or(member.active);
        if member == before {
            return write.discard().await;
        }
        let revision = write.revision();
        sqlx::query(
            "UPDATE staff SET revision = $3, name = $4, role = $5, active = $6 \
             WHERE practice_id = $1 AND id = $2",
        )
        .bind(practice.to_string())
        .bind(id.to_string())
        .bind(revision.0)
        .bind(member.name.clone())
        .bind(role_word(member.role))
        .bind(Flag::store(member.active))
        .execute(write.connection())
        .await?;
        if !has_admin(write.connection(), practice).await? {
            write.discard().await?;
            return Err(StoreError::Conflict(
                "The practice would have no administrator. Make somebody else an administrator first.",
            ));
        }
        if !member.active {
            account_links::close_doors(write.connection(), practice, id).await?;
            sorting::unassign(&mut write, id).await?;
        }
        write.seen_by_everybody();
        let otherwise = member.email != before.email;
        write.log(
            Act::Changed,
            id,
            json!({ "role": member.role, "active": member.active, "another_address": otherwise }),
        );
        write.commit().await?;
        self.live.sessions_closed(practice);
        Ok(())
    }

    /// Sets a password in place of the present one and closes the account's sessions, but for one, and every link into
    /// it. False when it has another one by now.
    pub async fn set_password(
        &self,
        by: By,
        id: StaffId,
        present_hash: &str,
        password_hash: &str,
        but: Option<&Session>,
    ) -> Result<bool> {
        let practice = by.practice;
        let mut write = self.write(by).await?;
        let set = sqlx::query(
            "UPDATE staff SET password_hash = $4 WHERE practice_id = $1 AND id = $2 AND password_hash = $3",
        )
        .bind(practice.to_string())
        .bind(id.to_string())
        .bind(present_hash.to_owned())
        .bind(password_hash.to_owned())
        .execute(write.connection())
        .await?
        .rows_affected();
        if set == 0 {
            write.discard().await?;
            return Ok(false);
        }
        account_links::close_links(write.connection(), practice, id).await?;
        sessions::close_all(write.connection(), practice, id, but).await?;
        write.log(Act::PasswordSet, id, Value::Null);
        write.commit_quietly().await?;
        self.live.sessions_closed(practice);
        Ok(true)
    }

    /// A staff member of the practice.
    pub async fn staff_member(&self, practice: PracticeId, staff: StaffId) -> Result<Option<StaffMember>> {
        find(&mut *self.pool().acquire().await?, practice, staff).await
    }
}

fn taken() -> StoreError {
    StoreError::Conflict(
        "Somebody already signs in with this e-mail address, or has a closed account with it. Open that account again.",
    )
}

/// Gives an account that has no password yet another address; what was mailed to the one before opens nothing any more.
/// False when it has a password: the address is what that person signs in with.
async fn readdress(write: &mut Write, member: &StaffMember) -> Result<bool> {
    let practice = write.practice();
    let set =
        sqlx::query("UPDATE staff SET email = $3 WHERE practice_id = $1 AND id = $2 AND password_hash = ''")
            .bind(practice.to_string())
            .bind(member.id.to_string())
            .bind(member.email.clone())
            .execute(write.connection())
            .await;
    match set {
        Ok(set) if set.rows_affected() == 0 => Ok(false),
        Ok(_) => {
            account_links::close_links(write.connection(), practice, member.id).await?;
            Ok(true)
        }
        Err(error) if error.as_database_error().is_some_and(DatabaseError::is_unique_violation) => {
            Err(taken())
        }
        Err(error) => Err(error.into()),
    }
}

/// Adds an account. False when the address is somebody's.
async fn insert(write: &mut Write, member: &StaffMember, password_hash: &str, now: Millis) -> Result<bool> {
    let (practice, revision) = (write.practice(), write.revision());
    let added = sqlx::query(
        "INSERT INTO staff \
         (practice_id, id, revision, name, role, email, active, password_hash, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (email) DO NOTHING",
    )
    .bind(practice.to_string())
    .bind(member.id.to_string())
    .bind(revision.0)
    .bind(member.name.clone())
    .bind(role_word(member.role))
    .bind(fold_email(&member.email))
    .bind(Flag::store(member.active))
    .bind(password_hash.to_owned())
    .bind(now.0)
    .execute(write.connection())
    .await?
    .rows_affected();
    Ok(added > 0)
}

async fn has_admin(connection: &mut AnyConnection, practice: PracticeId) -> Result<bool> {
    let row = sqlx::query(
        "SELECT COUNT(*) AS admins FROM staff WHERE practice_id = $1 AND role = 'admin' AND active = 1 \
         AND password_hash <> ''",
    )
    .bind(practice.to_string())
    .fetch_one(connection)
    .await?;
    Ok(row.int("admins")? > 0)
}

pub(super) async fn find(
    connection: &mut AnyConnection,
    practice: PracticeId,
    staff: StaffId,
) -> Result<Option<StaffMember>> {
    let row =
        sqlx::query("SELECT id, name, role, email, active FROM staff WHERE practice_id = $1 AND id = $2")
            .bind(practice.to_string())
            .bind(staff.to_string())
            .fetch_optional(connection)
            .await?;
    row.as_ref().map(from_row).transpose()
}

/// What the feed tells of them.
pub(super) const FED: Fed = Fed {
    sql: |view| {
        per_view!(view;
            "SELECT id, revision, name, role, email, active FROM staff WHERE practice_id = $1 AND ",
            seen(staff),
            " AND revision > $3 AND revision <= $4"
        )
    },
    read: |row| from_row(row).map(Entity::StaffMember),
};

//! Holds: what is kept however old it is, and why.
//!
//! **Invariant:** a hold is put on and lifted in a [`Write`], which locks the practice's row; whatever is removed asks
//! for holds under the same lock. So a hold that was answered is in force.

use limpet_model::{Held, Hold, HoldId, Lifted, Millis, PracticeId, Revision};
use limpet_wire::{changes::Entity, http::NewHold};
use serde_json::json;
use sqlx::{AnyConnection, any::AnyRow};

use super::{
    Result, Store, StoreError, Write,
    audit::{Act, Subject},
    changes::Fed,
    clients, merges, patients,
    row::Columns,
};
use crate::{
    by::By,
    view::{View, per_view},
};

macro_rules! columns {
    () => {
        "id, revision, kind, subject_id, reason, put_by, put_at, lifted_by, lifted_at"
    };
}

fn subject(of: Held) -> Subject {
    match of {
        Held::Conversation(id) => id.into(),
        Held::Patient(id) => id.into(),
        Held::Client(id) => id.into(),
    }
}

fn from_row(row: &AnyRow) -> Result<Hold> {
    let of = match row.text("kind")?.as_str() {
        "conversation" => Held::Conversation(row.id("subject_id")?),
        "patient" => Held::Patient(row.id("subject_id")?),
        "client" => Held::Client(row.id("subject_id")?),
        _ => return Err(StoreError::Unreadable("kind")),
    };
    let lifted = row.maybe_id("lifted_by")?.zip(row.maybe_time("lifted_at")?);
    Ok(Hold {
        id: row.id("id")?,
        of,
        reason: row.text("reason")?,
        by: row.id("put_by")?,
        at: row.time("put_at")?,
        lifted: lifted.map(|(by, at)| Lifted { by, at }),
    })
}

impl Store {
    /// Puts something on hold. Repeating it changes nothing.
    ///
    /// # Errors
    /// `Missing` for what the practice has not; `Conflict` when the id is another hold's, or nobody of the staff puts it
    /// on.
    pub async fn put_hold(&self, by: By, id: HoldId, new: &NewHold) -> Result<()> {
        let practice = by.practice;
        let staff = by.staff().ok_or(StoreError::Conflict("A hold is put on by somebody of the staff."))?;
        let mut write = self.write(by).await?;
        let of = match new.of {
            Held::Conversation(id) => merges::find_now(write.connection(), practice, View::Staff, id)
                .await?
                .map(|found| Held::Conversation(found.id))
                .ok_or(StoreError::Missing("conversation"))?,
            Held::Patient(id) => patients::find(write.connection(), practice, id)
                .await?
                .map(|found| Held::Patient(found.id))
                .ok_or(StoreError::Missing("patient"))?,
            Held::Client(id) => clients::find(write.connection(), practice, id)
                .await?
                .map(|found| Held::Client(found.id))
                .ok_or(StoreError::Missing("client"))?,
        };
        if let Some(there) = find(write.connection(), practice, id).await? {
            write.discard().await?;
            let same = there.of == of && there.reason == new.reason;
            return if same {
                Ok(())
            } else {
                Err(StoreError::Conflict("There is already another hold with this id."))
            };
        }
        let ((kind, subject_id), revision) = (of.words(), write.revision());
        sqlx::query(
            "INSERT INTO holds (practice_id, id, revision, kind, subject_id, reason, put_by, put_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(practice.to_string())
        .bind(id.to_string())
        .bind(revision.0)
        .bind(kind)
        .bind(subject_id)
        .bind(new.reason.clone())
        .bind(staff.to_string())
        .bind(by.at.0)
        .execute(write.connection())
        .await?;
        write.log(Act::Held, subject(of), json!({ "hold": id }));
        write.commit().await.map(drop)
    }

    /// Lifts a hold; what it kept stays for [`crate::retention::GRACE`] more. Repeating it changes nothing.
    ///
    /// # Errors
    /// `Missing` for an unknown hold; `Conflict` when nobody of the staff lifts it.
    pub async fn lift_hold(&self, by: By, id: HoldId) -> Result<()> {
        let practice = by.practice;
        let staff = by.staff().ok_or(StoreError::Conflict("A hold is lifted by somebody of the staff."))?;
        let mut write = self.write(by).await?;
        let found = find(write.connection(), practice, id).await?.ok_or(StoreError::Missing("hold"))?;
        if found.lifted.is_some() {
            return write.discard().await;
        }
        let revision = write.revision();
        sqlx::query(
            "UPDATE holds SET revision = $3, lifted_by = $4, lifted_at = $5 WHERE practice_id = $1 AND id = $2",
        )
        .bind(practice.to_string())
        .bind(id.to_string())
        .bind(revision.0)
        .bind(staff.to_string())
        .bind(by.at.0)
        .execute(write.connection())
        .await?;
        write.log(Act::Lifted, subject(found.of), json!({ "hold": id }));
        write.commit().await.map(drop)
    }

    /// What is on hold now.
    pub async fn holds(&self, practice: PracticeId, now: Millis) -> Result<Vec<Hold>> {
        let rows = sqlx::query(concat!(
            "SELECT ",
            columns!(),
            " FROM holds WHERE practice_id = $1 AND (lifted_at IS NULL OR lifted_at > $2) ORDER BY put_at, id"
        ))
        .bind(practice.to_string())
        .bind(now.0 - crate::retention::GRACE)
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(from_row).collect()
    }
}

/// A conversation became part of another one: so do its holds.
pub(super) async fn move_on(write: &mut Write, from: &str, into: &str) -> Result<()> {
    let (practice, Revision(revision)) = (write.practice(), write.revision());
    sqlx::query(
        "UPDATE holds SET revision = $4, subject_id = $3 \
         WHERE practice_id = $1 AND kind = 'conversation' AND subject_id = $2",
    )
    .bind(practice.to_string())
    .bind(from.to_owned())
    .bind(into.to_owned())
    .bind(revision)
    .execute(write.connection())
    .await?;
    Ok(())
}

async fn find(connection: &mut AnyConnection, practice: PracticeId, id: HoldId) -> Result<Option<Hold>> {
    let row = sqlx::query(concat!("SELECT ", columns!(), " FROM holds WHERE practice_id = $1 AND id = $2"))
        .bind(practice.to_string())
        .bind(id.to_string())
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(from_row).transpose()
}

/// What the feed tells of them.
pub(super) const FED: Fed = Fed {
    sql: |view| {
        per_view!(view;
            "SELECT ",
            columns!(),
            " FROM holds WHERE practice_id = $1 AND ",
            seen(holds),
            " AND revision > $3 AND revision <= $4"
        )
    },
    read: |row| from_row(row).map(Entity::Hold),
};

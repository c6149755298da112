//! The texts that clients were asked to consent to, and what they said. Append-only.

use limpet_model::{ClientId, Consent, ConsentId, ConsentText, PracticeId};
use limpet_wire::{changes::Entity, http::NewConsent};
use serde_json::json;
use sqlx::{AnyConnection, any::AnyRow};

use super::{Flag, Result, Store, StoreError, Write, audit::Act, changes::Fed, clients, row::Columns};
use crate::{by::By, view::per_view};

/// Answers of one client after which its own device gives no more.
pub const MOST: i64 = 200;

fn version(row: &AnyRow) -> Result<u32> {
    u32::try_from(row.int("version")?).map_err(|_| StoreError::Unreadable("version"))
}

fn from_row(row: &AnyRow) -> Result<Consent> {
    Ok(Consent {
        id: row.id("id")?,
        client: row.id("client_id")?,
        version: version(row)?,
        given: row.flag("given")?,
        at: row.time("at")?,
        by: row.maybe_id("staff_id")?,
    })
}

impl Store {
    /// Every text there was, the newest first.
    pub async fn consent_texts(&self, practice: PracticeId) -> Result<Vec<ConsentText>> {
        let rows = sqlx::query(
            "SELECT version, words, since FROM consent_texts WHERE practice_id = $1 ORDER BY version DESC",
        )
        .bind(practice.to_string())
        .fetch_all(self.pool())
        .await?;
        let text = |row: &AnyRow| {
            let words =
                serde_json::from_str(&row.text("words")?).map_err(|_| StoreError::Unreadable("words"))?;
            Ok(ConsentText { version: version(row)?, words, since: row.time("since")? })
        };
        rows.iter().map(text).collect()
    }

    /// Keeps what a client said, as written down by a staff member or said by the client's own device. Repeating it
    /// changes nothing, and so does saying once more, under whichever id, what was said last.
    ///
    /// # Errors
    /// `Missing` for an unknown client or version, `Conflict` when the id is another answer's, or the client's device has
    /// changed its mind [`MOST`] times.
    pub async fn put_consent(&self, by: By, id: ConsentId, new: &NewConsent) -> Result<()> {
        let (practice, now) = (by.practice, by.at);
        let mut write = self.write(by).await?;
        let by = by.staff();
        if let Some(there) = find(write.connection(), practice, id).await? {
            write.discard().await?;
            let same = (there.client, there.version, there.given, there.by)
                == (new.client, new.version, new.given, by);
            return if same {
                Ok(())
            } else {
                Err(StoreError::Conflict("There is already another answer with this id."))
            };
        }
        let missing = if clients::find(write.connection(), practice, new.client).await?.is_none() {
            Some("client")
        } else if !has_version(write.connection(), practice, new.version).await? {
            Some("consent text")
        } else {
            None
        };
        if let Some(what) = missing {
            write.discard().await?;
            return Err(StoreError::Missing(what));
        }
        let (answers, newest) = said(write.connection(), practice, new.client).await?;
        if newest == Some((new.version, new.given)) {
            return write.discard().await;
        }
        if by.is_none() && answers >= MOST {
            write.discard().await?;
            return Err(StoreError::Conflict("You have answered very often. Tell the practice instead."));
        }
        let revision = write.revision();
        sqlx::query(
            "INSERT INTO consents (practice_id, id, revision, client_id, version, given, at, staff_id) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(practice.to_string())
        .bind(id.to_string())
        .bind(revision.0)
        .bind(new.client.to_string())
        .bind(i64::from(new.version))
        .bind(Flag::store(new.given))
        .bind(now.0)
        .bind(by.map(|id| id.to_string()))
        .execute(write.connection())
        .await?;
        write.seen_by(new.client);
        write.log(
            Act::Added,
            new.client,
            json!({ "consent": id, "version": new.version, "given": new.given }),
        );
        write.commit().await.map(drop)
    }
}

pub(super) async fn add_text(write: &mut Write, text: &ConsentText) -> Result<()> {
    let practice = write.practice();
    sqlx::query("INSERT INTO consent_texts (practice_id, version, words, since) VALUES ($1, $2, $3, $4)")
        .bind(practice.to_string())
        .bind(i64::from(text.version))
        .bind(serde_json::to_string(&text.words).map_err(|_| StoreError::Unreadable("words"))?)
        .bind(text.since.0)
        .execute(write.connection())
        .await?;
    Ok(())
}

async fn has_version(connection: &mut AnyConnection, practice: PracticeId, version: u32) -> Result<bool> {
    let row = sqlx::query("SELECT version FROM consent_texts WHERE practice_id = $1 AND version = $2")
        .bind(practice.to_string())
        .bind(i64::from(version))
        .fetch_optional(connection)
        .await?;
    Ok(row.is_some())
}

/// How many answers there are of a client, and the newest: to which version, and whether it is a yes.
async fn said(
    connection: &mut AnyConnection,
    practice: PracticeId,
    client: ClientId,
) -> Result<(i64, Option<(u32, bool)>)> {
    let row =
        sqlx::query("SELECT COUNT(*) AS answers FROM consents WHERE practice_id = $1 AND client_id = $2")
            .bind(practice.to_string())
            .bind(client.to_string())
            .fetch_one(&mut *connection)
            .await?;
    let newest = sqlx::query(
        "SELECT version, given FROM consents WHERE practice_id = $1 AND client_id = $2 ORDER BY revision DESC LIMIT 1",
    )
    .bind(practice.to_string())
    .bind(client.to_string())
    .fetch_optional(connection)
    .await?;
    let newest = newest.map(|row| Ok::<_, StoreError>((version(&row)?, row.flag("given")?))).transpose()?;
    Ok((row.int("answers")?, newest))
}

async fn find(
    connection: &mut AnyConnection,
    practice: PracticeId,
    id: ConsentId,
) -> Result<Option<Consent>> {
    let row = sqlx::query(
        "SELECT id, client_id, version, given, at, staff_id FROM consents WHERE practice_id = $1 AND id = $2",
    )
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
            "SELECT id, revision, client_id, version, given, at, staff_id FROM consents WHERE practice_id = $1 AND ",
            seen(consents),
            " AND revision > $3 AND revision <= $4"
        )
    },
    read: |row| from_row(row).map(Entity::Consent),
};

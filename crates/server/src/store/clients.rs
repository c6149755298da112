//! Clients: the pet owners.

use limpet_model::{Client, ClientId, PracticeId, Revision};
use limpet_wire::changes::{Change, Entity};
use sqlx::{AnyConnection, any::AnyRow};

use super::{
    Result, Store, StoreError, Write,
    audit::{Act, fields_that_differ},
    changes::told,
    row::Columns,
    terms::Terms,
};
use crate::{
    by::By,
    view::{View, per_view},
    words::check_client_email,
};

macro_rules! columns {
    () => {
        "id, revision, name, email, phone, address, pms_id"
    };
}

fn from_row(row: &AnyRow) -> Result<Client> {
    Ok(Client {
        id: row.id("id")?,
        name: row.text("name")?,
        email: row.text("email")?,
        phone: row.text("phone")?,
        address: row.text("address")?,
        pms_id: row.text("pms_id")?,
    })
}

impl Store {
    /// Adds or changes a client; the last one to write wins.
    pub async fn put_client(&self, by: By, client: &Client) -> Result<()> {
        self.put_client_on(by, client, &Terms::default()).await.map(drop)
    }

    /// Adds or changes a client on these terms. Answers its revision, or nothing when this was done before.
    ///
    /// # Errors
    /// `Unfit` when the e-mail address is none and was not there before.
    pub async fn put_client_on(&self, by: By, client: &Client, terms: &Terms) -> Result<Option<Revision>> {
        let mut write = self.write(by).await?;
        if terms.was_done(&mut write, &("client", client)).await? {
            write.discard().await?;
            return Ok(None);
        }
        let found = ONE.find(write.connection(), by.practice, View::Staff, client.id).await?;
        terms.hold(found.as_ref().map(|found| found.revision))?;
        let before = match found {
            Some(Change { revision, entity: Entity::Client(before) }) => Some((revision, before)),
            _ => None,
        };
        if let Some((revision, _)) = before.as_ref().filter(|(_, before)| before == client) {
            let revision = *revision;
            terms.leave(write).await?;
            return Ok(Some(revision));
        }
        let before = before.as_ref().map(|(_, before)| before);
        if let Err(problem) = check_client_email(client, before) {
            write.discard().await?;
            return Err(StoreError::Unfit(problem.failure().message.clone()));
        }
        save(&mut write, before, client).await?;
        write.commit().await.map(Some)
    }
}

/// Writes a client down where it is another than before. Whether it is.
pub(super) async fn save(write: &mut Write, before: Option<&Client>, client: &Client) -> Result<bool> {
    if before == Some(client) {
        return Ok(false);
    }
    upsert(write, client).await?;
    let act = if before.is_some() { Act::Changed } else { Act::Added };
    write.log(act, client.id, fields_that_differ(before, client));
    Ok(true)
}

async fn upsert(write: &mut Write, client: &Client) -> Result<()> {
    let (practice, revision) = (write.practice(), write.revision());
    sqlx::query(
        "INSERT INTO clients (practice_id, id, revision, name, email, phone, address, pms_id) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
         ON CONFLICT (practice_id, id) DO UPDATE SET revision = excluded.revision, name = excluded.name, \
         email = excluded.email, phone = excluded.phone, address = excluded.address, pms_id = excluded.pms_id",
    )
    .bind(practice.to_string())
    .bind(client.id.to_string())
    .bind(revision.0)
    .bind(client.name.clone())
    .bind(client.email.clone())
    .bind(client.phone.clone())
    .bind(client.address.clone())
    .bind(client.pms_id.clone())
    .execute(write.connection())
    .await?;
    write.seen_by(client.id);
    Ok(())
}

/// Every client of a practice.
pub(super) async fn all(connection: &mut AnyConnection, practice: PracticeId) -> Result<Vec<Client>> {
    let sql = concat!("SELECT ", columns!(), " FROM clients WHERE practice_id = $1");
    let rows = sqlx::query(sql).bind(practice.to_string()).fetch_all(connection).await?;
    rows.iter().map(from_row).collect()
}

pub(super) async fn find(
    connection: &mut AnyConnection,
    practice: PracticeId,
    client: ClientId,
) -> Result<Option<Client>> {
    Ok(match ONE.find(connection, practice, View::Staff, client).await? {
        Some(Change { entity: Entity::Client(client), .. }) => Some(client),
        _ => None,
    })
}

told!(clients, " FROM clients WHERE practice_id = $1 AND ", Entity::Client);

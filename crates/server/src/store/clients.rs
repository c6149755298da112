//! Clients: the pet owners.

use limpet_model::{Client, ClientId, PracticeId};
use limpet_wire::changes::{Change, Entity};
use sqlx::{AnyConnection, any::AnyRow};

use super::{
    Result, Store, Write,
    audit::{Act, fields_that_differ},
    changes::Span,
    row::Columns,
};
use crate::{
    by::By,
    view::{View, per_view},
};

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
        let mut write = self.write(by).await?;
        let before = find(write.connection(), by.practice, client.id).await?;
        if before.as_ref() == Some(client) {
            return write.discard().await;
        }
        upsert(&mut write, client).await?;
        let act = if before.is_some() { Act::Changed } else { Act::Added };
        write.log(act, client.id, fields_that_differ(before.as_ref(), client));
        write.commit().await.map(drop)
    }
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

pub(super) async fn find(
    connection: &mut AnyConnection,
    practice: PracticeId,
    client: ClientId,
) -> Result<Option<Client>> {
    let row = sqlx::query(
        "SELECT id, name, email, phone, address, pms_id FROM clients WHERE practice_id = $1 AND id = $2",
    )
    .bind(practice.to_string())
    .bind(client.to_string())
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(from_row).transpose()
}

pub(super) async fn changed(
    connection: &mut AnyConnection,
    practice: PracticeId,
    view: View,
    span: Span,
) -> Result<Vec<Change>> {
    let sql = per_view!(view;
        "SELECT id, revision, name, email, phone, address, pms_id FROM clients WHERE practice_id = $1 AND ",
        seen(clients),
        " AND revision > $3 AND revision <= $4"
    );
    span.changes(connection, sql, practice, view, |row| from_row(row).map(Entity::Client)).await
}

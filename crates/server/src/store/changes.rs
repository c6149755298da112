//! The change feed, read from one snapshot of the tables.
//!
//! **Invariant:** a page ends between two revisions, never inside one.

use limpet_model::{ClientId, ConversationId, MessageId, PatientId, PracticeId, Revision};
use limpet_wire::changes::{Change, ChangePage, Entity};
use sqlx::{AnyConnection, any::AnyRow};

use super::{
    Result, Store, attachments, clients, consents, conversations, holds, listings, messages, patients,
    practices, row::Columns, staff, tombstones,
};
use crate::view::{View, per_view};

/// Most changes that are asked for at once. A page is longer only when one revision is.
pub const PAGE_LIMIT: u32 = 1000;

/// Where a device is in the feed.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// It has everything up to here.
    pub since: Revision,
    /// The newest revision when it had nothing: it never saw what was gone by then.
    pub begun: Revision,
}

impl Place {
    /// What went up to here, it knows or never saw.
    fn known_gone(self) -> Revision {
        self.since.max(self.begun)
    }
}

/// Of one that may have seen everything.
impl From<Revision> for Place {
    fn from(since: Revision) -> Self {
        Self { since, begun: Revision(0) }
    }
}

/// The revisions after `since`, up to and including `upto`.
#[derive(Debug, Clone, Copy)]
struct Span {
    since: Revision,
    upto: Revision,
}

/// What the feed tells of a table: how its changes are found and read.
pub(super) struct Fed {
    /// Finds what a view sees, each row with its `revision`: `$1` practice, `$2` scope, `$3` since and `$4` upto.
    pub sql: fn(View) -> &'static str,
    /// Reads the rest of a row.
    pub read: fn(&AnyRow) -> Result<Entity>,
}

impl Fed {
    async fn changes(
        &self,
        connection: &mut AnyConnection,
        practice: PracticeId,
        view: View,
        span: Span,
    ) -> Result<Vec<Change>> {
        let rows = sqlx::query((self.sql)(view))
            .bind(practice.to_string())
            .bind(view.scope())
            .bind(span.since.0)
            .bind(span.upto.0)
            .fetch_all(connection)
            .await?;
        rows.iter().map(|row| change(row, self.read)).collect()
    }
}

/// How one thing of a table is found and read.
pub(super) struct One {
    /// Finds it, if a view sees it, with its `revision`: `$1` practice, `$2` scope and `$3` its id.
    pub sql: fn(View) -> &'static str,
    /// Reads the rest of its row.
    pub read: fn(&AnyRow) -> Result<Entity>,
}

impl One {
    /// The one with this id, and the revision at which it last changed.
    pub(super) async fn find(
        &self,
        connection: &mut AnyConnection,
        practice: PracticeId,
        view: View,
        id: impl ToString,
    ) -> Result<Option<Change>> {
        let row = sqlx::query((self.sql)(view))
            .bind(practice.to_string())
            .bind(view.scope())
            .bind(id.to_string())
            .fetch_optional(connection)
            .await?;
        row.map(|row| change(&row, self.read)).transpose()
    }
}

/// `FED` and `ONE` of a table, out of its `columns!` and its `from_row`.
macro_rules! told {
    ($table:ident, $from:literal, $entity:path $(, $order:literal)?) => {
        /// What the feed tells of them.
        pub(super) const FED: $crate::store::changes::Fed = $crate::store::changes::Fed {
            sql: |view| {
                per_view!(view;
                    "SELECT ",
                    columns!(),
                    $from,
                    seen($table),
                    " AND revision > $3 AND revision <= $4"
                    $(, $order)?
                )
            },
            read: |row| from_row(row).map($entity),
        };

        /// One of them.
        pub(super) const ONE: $crate::store::changes::One = $crate::store::changes::One {
            sql: |view| {
                per_view!(view; "SELECT ", columns!(), $from, seen($table), " AND id = $3")
            },
            read: FED.read,
        };
    };
}
pub(super) use told;

fn change(row: &AnyRow, read: fn(&AnyRow) -> Result<Entity>) -> Result<Change> {
    Ok(Change { revision: row.revision()?, entity: read(row)? })
}

/// What the feed tells of, but for what is gone. Within a revision what is referred to comes before what refers to it.
const FEED: [Fed; 10] = [
    practices::FED,
    staff::FED,
    listings::FED,
    clients::FED,
    consents::FED,
    patients::FED,
    conversations::FED,
    messages::FED,
    attachments::FED,
    holds::FED,
];

/// A thing that can be asked for by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thing {
    /// A client.
    Client(ClientId),
    /// A patient.
    Patient(PatientId),
    /// A conversation.
    Conversation(ConversationId),
    /// A message or, for staff, a note.
    Message(MessageId),
}

/// Finds the revision of the `$4`th change (from zero) after `$3` that a view sees; of tombstones those after `$5`.
fn nth_of(view: View) -> &'static str {
    per_view!(view;
        "SELECT revision FROM (",
        "SELECT revision FROM practices WHERE id = $1 AND revision > $3 AND ",
        seen(practices),
        " UNION ALL SELECT revision FROM staff WHERE practice_id = $1 AND revision > $3 AND ",
        seen(staff),
        " UNION ALL SELECT revision FROM listings WHERE practice_id = $1 AND revision > $3 AND ",
        seen(listings),
        " UNION ALL SELECT revision FROM consents WHERE practice_id = $1 AND revision > $3 AND ",
        seen(consents),
        " UNION ALL SELECT revision FROM clients WHERE practice_id = $1 AND revision > $3 AND ",
        seen(clients),
        " UNION ALL SELECT revision FROM patients WHERE practice_id = $1 AND revision > $3 AND ",
        seen(patients),
        " UNION ALL SELECT revision FROM conversations WHERE practice_id = $1 AND revision > $3 AND ",
        seen(conversations),
        " UNION ALL SELECT revision FROM messages WHERE practice_id = $1 AND revision > $3 AND ",
        seen(messages),
        " UNION ALL SELECT revision FROM attachments WHERE practice_id = $1 AND revision > $3 AND ",
        seen(attachments),
        " UNION ALL SELECT revision FROM holds WHERE practice_id = $1 AND revision > $3 AND ",
        seen(holds),
        " UNION ALL SELECT revision FROM tombstones WHERE practice_id = $1 AND revision > $5 AND ",
        seen(tombstones),
        ") AS feed ORDER BY revision LIMIT 1 OFFSET $4"
    )
}

impl Store {
    /// One thing as `view` sees it, and the revision at which it last changed.
    pub async fn one(&self, practice: PracticeId, view: View, thing: Thing) -> Result<Option<Change>> {
        let mut connection = self.pool().acquire().await?;
        let (table, id) = match thing {
            Thing::Client(id) => (clients::ONE, id.to_string()),
            Thing::Patient(id) => (patients::ONE, id.to_string()),
            Thing::Conversation(id) => (conversations::ONE, id.to_string()),
            Thing::Message(id) => (messages::ONE, id.to_string()),
        };
        let found = table.find(&mut connection, practice, view, id).await?;
        Ok(found.map(|change| Change { entity: view.trim(change.entity), ..change }))
    }

    /// What changed after a place as `view` sees it, about `limit` changes at most, in revision order. Links of
    /// attachments are paths.
    pub async fn changes(
        &self,
        practice: PracticeId,
        view: View,
        from: impl Into<Place>,
        limit: u32,
    ) -> Result<ChangePage> {
        let from = from.into();
        let mut tx = self.snapshot().await?;
        let newest = practices::current_revision(&mut tx, practice).await?;
        let limit = i64::from(limit.clamp(1, PAGE_LIMIT));
        let last = nth(&mut tx, practice, view, from, limit - 1).await?;
        let upto = last.unwrap_or(newest);
        let next = Place { since: upto, ..from };
        let more = last.is_some() && nth(&mut tx, practice, view, next, 0).await?.is_some();

        let mut changes = Vec::new();
        let span = Span { since: from.since, upto };
        for table in FEED {
            changes.extend(table.changes(&mut tx, practice, view, span).await?);
        }
        let gone = Span { since: from.known_gone(), upto };
        changes.extend(tombstones::FED.changes(&mut tx, practice, view, gone).await?);
        tx.commit().await?;

        // Stable: within a revision what is referred to stays before what refers to it.
        changes.sort_by_key(|change| change.revision);
        for change in &mut changes {
            change.entity = view.trim(change.entity.clone());
        }
        // Less than `since` only after a restored backup: the device then starts over.
        let revision = if more { upto } else { newest };
        Ok(ChangePage { revision, changes, more, epoch: String::new() })
    }
}

async fn nth(
    connection: &mut AnyConnection,
    practice: PracticeId,
    view: View,
    from: Place,
    offset: i64,
) -> Result<Option<Revision>> {
    let row = sqlx::query(nth_of(view))
        .bind(practice.to_string())
        .bind(view.scope())
        .bind(from.since.0)
        .bind(offset)
        .bind(from.known_gone().0)
        .fetch_optional(connection)
        .await?;
    row.map(|row| row.revision()).transpose()
}

#[cfg(test)]
mod tests {
    use limpet_model::ClientId;
    use sqlx::{AssertSqlSafe, Row};
    use tokio_util::task::TaskTracker;

    use super::*;
    use crate::live::Live;

    /// What a client's device costs does not depend on how much the practice holds.
    #[tokio::test]
    async fn a_clients_feed_reads_its_own_rows_by_their_index() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("limpet.db");
        let store = Store::open_file(&path, Live::default(), TaskTracker::new()).await.unwrap();
        let plan = async |view| {
            let sql = format!("EXPLAIN QUERY PLAN {}", nth_of(view));
            let query =
                sqlx::query(AssertSqlSafe(sql)).bind("p").bind("c").bind(0_i64).bind(0_i64).bind(0_i64);
            let rows = query.fetch_all(store.pool()).await.unwrap();
            let lines = rows.iter().map(|row| row.try_get::<String, _>("detail").unwrap());
            lines.collect::<Vec<_>>().join("\n")
        };
        let (staff, client) = (plan(View::Staff).await, plan(View::Client(ClientId::new())).await);
        for table in ["patients", "conversations", "messages", "attachments"] {
            assert!(staff.contains(&format!("{table}_by_revision")), "{staff}");
            assert!(client.contains(&format!("{table}_by_client")), "{client}");
        }
        assert!(!staff.contains("SCAN messages") && !client.contains("SCAN messages"), "{staff}\n{client}");
    }
}

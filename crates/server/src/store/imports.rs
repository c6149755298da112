//! Clients and patients that come out of a file: who is known already, and doing what was planned.
//!
//! **Invariant:** it is done in many short transactions, so that nobody waits long for their turn to write; each is whole,
//! and the same file once more does what is left.

use limpet_model::PracticeId;
use serde_json::json;

use super::{Result, Store, Write, audit::Act, clients, patients};
use crate::{
    by::By,
    imports::{Known, Planned},
};

/// Rows in one transaction: each may be two changes, and a page of the feed holds whole transactions.
const AT_ONCE: usize = 100;

impl Store {
    /// Everybody a practice has.
    pub async fn known_people(&self, practice: PracticeId) -> Result<Known> {
        let mut snapshot = self.snapshot().await?;
        let clients = clients::all(&mut snapshot, practice).await?;
        let patients = patients::all(&mut snapshot, practice).await?;
        snapshot.rollback().await?;
        Ok(Known { clients, patients })
    }

    /// Does what was planned for the rows of a file, which the audit log knows by its hash.
    pub async fn import(&self, by: By, file: &str, planned: &[Planned]) -> Result<()> {
        for rows in planned.chunks(AT_ONCE) {
            let mut write = self.write(by).await?;
            let mut changed = 0;
            for row in rows {
                match take(&mut write, row).await {
                    Ok(changes) => changed += changes,
                    Err(error) => {
                        write.discard().await?;
                        return Err(error);
                    }
                }
            }
            if changed == 0 {
                write.discard().await?;
                continue;
            }
            let of = |row: Option<&Planned>| row.map(|row| row.row.row);
            let detail = json!({ "file": file, "rows": [of(rows.first()), of(rows.last())] });
            write.log(Act::Imported, by.practice, detail);
            write.commit().await?;
        }
        Ok(())
    }
}

/// Changes what a row says is otherwise. What others changed since it was planned stays where the row says nothing of it.
async fn take(write: &mut Write, planned: &Planned) -> Result<usize> {
    let (practice, mut changed) = (write.practice(), 0);
    if let Some((id, cells)) = &planned.client {
        let found = clients::find(write.connection(), practice, *id).await?;
        let client = cells.onto(*id, found.as_ref());
        changed += usize::from(clients::save(write, found.as_ref(), &client).await?);
    }
    if let Some((id, owner, cells)) = &planned.patient {
        let found = patients::find(write.connection(), practice, *id).await?;
        let patient = cells.onto(*id, *owner, found.as_ref());
        changed += usize::from(patients::save(write, found.as_ref(), &patient).await?);
    }
    Ok(changed)
}

//! After a restore another past begins: what devices have beyond the backup never was, nothing is removed at once, and the
//! audit log of every practice says what happened.
//!
//! **Invariant:** no server runs meanwhile: one that does goes on telling devices of the past that it began with.

use limpet_model::Millis;
use serde_json::{Value, json};

use super::{Result, hold};
use crate::{
    by::{Actor, By},
    retention::GRACE,
    store::{Store, audit::Act, newest_step},
};

/// The step of the schema that has the audit log.
const AUDIT: i64 = 8;
/// The step that removes what is old.
const RETENTION: i64 = 12;

/// Begins another past in a database that is up to date and was put back by other tools than ours. `data` is the folder
/// that holds it, if one does. Answers how many practices are in it.
///
/// # Errors
/// When a server serves the folder, and when the database says no. Some of it may be done then; it is done again.
pub async fn came_back(store: &Store, data: Option<&std::path::Path>, now: Millis) -> Result<usize> {
    let _lock = data.map(hold).transpose()?;
    begin_anew(store, newest_step(), None, now).await
}

/// Another past begins, and the audit log of every practice says so, with the time of the backup where it is known.
pub(super) async fn begin_anew(
    store: &Store,
    schema: i64,
    taken_at: Option<Millis>,
    now: Millis,
) -> Result<usize> {
    store.begin_epoch().await?;
    let practices = store.practices().await?;
    if schema < AUDIT {
        return Ok(practices.len());
    }
    if schema >= RETENTION {
        // Holds that were put on since are gone: somebody has to have the time to put them on again.
        store.retain_not_before(Millis(now.0 + GRACE)).await?;
    }
    for practice in &practices {
        let detail = taken_at.map_or(Value::Null, |taken_at| json!({ "taken_at": taken_at }));
        store.note(By::new(*practice, Actor::Operator, now), Act::Restored, detail).await?;
    }
    Ok(practices.len())
}

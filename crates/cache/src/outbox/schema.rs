//! The schema of `outbox.db`, step by step. Each table's text stands in its own file.
//!
//! **Invariant:** append only. A table's `CREATE` is what version 1 was, for ever; a change is a new step.

use super::{draft, entry, filing, settings};
use crate::database::Migration;

pub(super) const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, sql: &[entry::CREATE, draft::CREATE, filing::CREATE, settings::CREATE] },
    Migration { version: 2, sql: &[settings::ADD_REVIEW_MEMORY] },
];

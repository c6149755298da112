//! The schema of `cache.db`, step by step. Each table's text stands in its own file.
//!
//! **Invariant:** append only. A table's `CREATE` is what version 1 was, for ever; a change is a new step.

use super::{attachment, client, conversation, feed, lists, media, message, patient, practice, staff};
use crate::database::Migration;

pub(super) const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        sql: &[
            feed::CREATE,
            practice::CREATE,
            staff::CREATE,
            client::CREATE,
            patient::CREATE,
            conversation::CREATE,
            message::CREATE,
            attachment::CREATE,
            media::CREATE,
        ],
    },
    Migration { version: 2, sql: &[attachment::ADD_MISSING] },
    Migration { version: 3, sql: &[feed::ADD_UNREAD] },
    Migration {
        version: 4,
        sql: &[conversation::ADD_SNOOZE, message::ADD_EDITS, feed::ADD_EPOCH, feed::FROM_THE_START],
    },
    Migration {
        version: 5,
        sql: &[
            practice::ADD_SETTINGS,
            practice::ADD_LOGO,
            conversation::ADD_SORTING,
            message::ADD_AUTOMATIC,
            lists::ADD,
            feed::FROM_THE_START,
        ],
    },
    Migration { version: 6, sql: &[lists::ADD_HOLDS] },
];

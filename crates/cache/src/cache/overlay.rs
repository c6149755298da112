//! What this device has changed and the feed has not confirmed, laid over the server's rows.
//!
//! Temporary tables, never in the file; views named `.._now` join both. A pending client, patient or
//! conversation hides the server's row, for it is that row with the pending change applied. A message or an
//! attachment of the server hides the pending one, for it is the same thing, further along.

use std::fmt::Write as _;

use limpet_model::{Attachment, Client, Conversation, Message, Patient};
use rusqlite::TransactionBehavior;

use super::{Cache, attachment, client, conversation, message, patient};
use crate::CacheError;

/// Everything pending, as it should look.
#[derive(Debug, Default)]
pub struct Overlay {
    /// Clients as they will be.
    pub clients: Vec<Client>,
    /// Patients as they will be.
    pub patients: Vec<Patient>,
    /// Conversations as they will be.
    pub conversations: Vec<Conversation>,
    /// Messages the feed has not brought yet.
    pub messages: Vec<Message>,
    /// What goes with them.
    pub attachments: Vec<Attachment>,
}

/// Statements that make the temporary tables and views of a connection.
pub(super) fn create_tables() -> String {
    let mut sql = String::new();
    for (table, columns) in
        [("client", client::COLUMNS), ("patient", patient::COLUMNS), ("conversation", conversation::COLUMNS)]
    {
        let _ = write!(
            sql,
            "CREATE TEMP TABLE {table}_over AS SELECT {columns} FROM main.{table} WHERE 0;
             CREATE TEMP VIEW {table}_now AS
                 SELECT {columns} FROM temp.{table}_over
                 UNION ALL SELECT {columns} FROM main.{table}
                     WHERE id NOT IN (SELECT id FROM temp.{table}_over);"
        );
    }
    for (table, columns) in [("message", message::COLUMNS), ("attachment", attachment::COLUMNS)] {
        let _ = write!(
            sql,
            "CREATE TEMP TABLE {table}_over AS SELECT {columns} FROM main.{table} WHERE 0;
             CREATE TEMP VIEW {table}_now AS
                 SELECT {columns}, 0 AS pending FROM main.{table}
                 UNION ALL SELECT {columns}, 1 AS pending FROM temp.{table}_over o
                     WHERE NOT EXISTS (SELECT 1 FROM main.{table} m WHERE m.id = o.id);"
        );
    }
    sql
}

impl Cache {
    /// Replaces the overlay.
    pub fn lay_over(&self, overlay: &Overlay) -> Result<(), CacheError> {
        let mut conn = self.conn();
        let tx = conn.transaction_with_behavior(TransactionBehavior::Deferred)?;
        tx.execute_batch(
            "DELETE FROM temp.client_over; DELETE FROM temp.patient_over; DELETE FROM temp.conversation_over;
             DELETE FROM temp.message_over; DELETE FROM temp.attachment_over;",
        )?;
        overlay.clients.iter().try_for_each(|it| client::lay_over(&tx, it))?;
        overlay.patients.iter().try_for_each(|it| patient::lay_over(&tx, it))?;
        overlay.conversations.iter().try_for_each(|it| conversation::lay_over(&tx, it))?;
        overlay.messages.iter().try_for_each(|it| message::lay_over(&tx, it))?;
        overlay.attachments.iter().try_for_each(|it| attachment::lay_over(&tx, it))?;
        tx.commit()?;
        Ok(())
    }
}

/// A word to find, in the two forms the tables need.
pub(super) struct SearchTerm {
    /// For `MATCH`: a quoted prefix.
    pub fts: String,
    /// For `LIKE`: anywhere in the text. Only used on the few rows of the overlay.
    pub like: String,
}

/// The words of a search as typed. Everything but letters and digits separates words, as the tokenizer does.
pub(super) fn search_terms(search: &str) -> Vec<SearchTerm> {
    search
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .take(12)
        .map(|word| SearchTerm { fts: format!("\"{word}\"*"), like: format!("%{word}%") })
        .collect()
}

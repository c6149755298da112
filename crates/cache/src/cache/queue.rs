//! Queues: which conversations, in which order, and what a row shows besides the conversation.

use std::fmt::Write as _;

use limpet_model::{Author, Conversation, Message, Millis, StaffId};
use limpet_wire::desk::{Queue, QueueCounts};
use rusqlite::{Connection, OptionalExtension as _, named_params, types::Value};

use super::{
    Cache, conversation, message,
    overlay::{SearchTerm, search_terms},
};
use crate::CacheError;

/// A conversation and what its row shows.
#[derive(Debug)]
pub struct ListedConversation {
    /// The conversation, pending changes included.
    pub conversation: Conversation,
    /// The client's name; empty when the feed has not brought it yet.
    pub client: String,
    /// The patient's name.
    pub patient: String,
    /// The patient's species.
    pub species: String,
    /// The assignee's name, or empty.
    pub assignee: String,
    /// The last message that a client can see, if any.
    pub last: Option<LastWords>,
    /// How many clips it has.
    pub clips: u32,
    /// Whether the client wrote something that no staff member has seen.
    pub unread: bool,
}

/// The last message of a conversation.
#[derive(Debug)]
pub struct LastWords {
    /// It.
    pub message: Message,
    /// Names of what goes with it.
    pub attached: Vec<String>,
}

fn of_queue(queue: Queue) -> &'static str {
    match queue {
        Queue::Waiting => "state = 'open' AND waiting_since IS NOT NULL AND NOT snoozed",
        Queue::Mine => "state = 'open' AND assignee = ?1",
        Queue::Unassigned => "state = 'open' AND assignee IS NULL",
        Queue::Open => "state = 'open'",
        Queue::Ended => "state = 'ended'",
    }
}

fn order(queue: Queue) -> &'static str {
    match queue {
        Queue::Ended => "ended_at DESC, id DESC",
        _ => {
            "urgent DESC, waiting_since IS NULL, waiting_since,
             (SELECT max(received_at) FROM message_now m WHERE m.conversation = conversation_now.id) DESC, id"
        }
    }
}

/// Every word has to be found somewhere: in a message, the subject, or the names of client and patient.
fn matching(terms: &[SearchTerm]) -> String {
    let mut sql = String::new();
    for n in 0..terms.len() {
        let (fts, like) = (2 + 2 * n, 3 + 2 * n);
        let _ = write!(
            sql,
            " AND (id IN (SELECT m.conversation FROM message_words w JOIN main.message m ON m.nr = w.rowid
                          WHERE w.message_words MATCH ?{fts})
                OR id IN (SELECT c.id FROM conversation_words w JOIN main.conversation c ON c.nr = w.rowid
                          WHERE w.conversation_words MATCH ?{fts})
                OR client IN (SELECT c.id FROM client_words w JOIN main.client c ON c.nr = w.rowid
                              WHERE w.client_words MATCH 'name : ' || ?{fts})
                OR patient IN (SELECT p.id FROM patient_words w JOIN main.patient p ON p.nr = w.rowid
                               WHERE w.patient_words MATCH ?{fts})
                OR id IN (SELECT conversation FROM temp.message_over WHERE body LIKE ?{like})
                OR id IN (SELECT id FROM temp.conversation_over WHERE subject LIKE ?{like})
                OR client IN (SELECT id FROM temp.client_over WHERE name LIKE ?{like})
                OR patient IN (SELECT id FROM temp.patient_over WHERE name LIKE ?{like}))"
        );
    }
    sql
}

impl Cache {
    /// A page of a queue and how many rows it has in all.
    pub fn list(
        &self,
        queue: Queue,
        me: StaffId,
        search: &str,
        offset: u32,
        limit: u32,
    ) -> Result<(Vec<ListedConversation>, u32), CacheError> {
        let terms = search_terms(search);
        let wanted = format!("?1 IS NOT NULL AND {}{}", of_queue(queue), matching(&terms));
        let mut values: Vec<Value> = vec![me.to_string().into()];
        for term in terms {
            values.push(term.fts.into());
            values.push(term.like.into());
        }
        let conn = self.conn();
        let total = conn.query_row(
            &format!("SELECT count(*) FROM conversation_now WHERE {wanted}"),
            rusqlite::params_from_iter(&values),
            |row| row.get(0),
        )?;
        let (columns, order) = (conversation::COLUMNS, order(queue));
        let mut query = conn.prepare(&format!(
            "SELECT {columns} FROM conversation_now WHERE {wanted} ORDER BY {order} LIMIT {limit} OFFSET {offset}"
        ))?;
        let found: Vec<Conversation> = query
            .query_map(rusqlite::params_from_iter(&values), conversation::read)?
            .collect::<Result<_, _>>()?;
        let rows = found.into_iter().map(|found| dress(&conn, found)).collect::<Result<_, _>>()?;
        Ok((rows, total))
    }

    /// Sizes of the queues.
    pub fn counts(&self, me: StaffId) -> Result<QueueCounts, CacheError> {
        Ok(self.conn().query_row(
            "SELECT sum(state = 'open' AND waiting_since IS NOT NULL AND NOT snoozed) AS waiting,
                    sum(state = 'open' AND assignee = ?1) AS mine,
                    sum(state = 'open' AND assignee IS NULL) AS unassigned,
                    sum(state = 'open') AS open,
                    sum(state = 'ended') AS ended
             FROM conversation_now",
            [me.to_string()],
            |row| {
                let count = |column| row.get::<_, Option<u32>>(column).map(Option::unwrap_or_default);
                Ok(QueueCounts {
                    waiting: count("waiting")?,
                    mine: count("mine")?,
                    unassigned: count("unassigned")?,
                    open: count("open")?,
                    ended: count("ended")?,
                })
            },
        )?)
    }
}

fn dress(conn: &Connection, conversation: Conversation) -> Result<ListedConversation, CacheError> {
    let id = conversation.id.to_string();
    let one = |sql: &str, id: String| -> Result<String, CacheError> {
        Ok(conn.query_row(sql, [id], |row| row.get(0)).optional()?.unwrap_or_default())
    };
    let client = one("SELECT name FROM client_now WHERE id = ?1", conversation.client.to_string())?;
    let (patient, species) = conn
        .query_row(
            "SELECT name, species FROM patient_now WHERE id = ?1",
            [conversation.patient.to_string()],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?
        .unwrap_or_default();
    let assignee = match conversation.assignee {
        Some(staff) => one("SELECT name FROM staff WHERE id = ?1", staff.to_string())?,
        None => String::new(),
    };
    let clips = conn.query_row(
        "SELECT count(*) FROM attachment_now WHERE conversation = ?1 AND kind = 'clip'",
        [&id],
        |row| row.get(0),
    )?;
    let unread = conn.query_row(
        "SELECT EXISTS (SELECT 1 FROM main.message WHERE conversation = :id AND author_kind = 'client'
                        AND received_at > :seen)",
        named_params! { ":id": id, ":seen": conversation.read_by_staff.0 },
        |row| row.get(0),
    )?;
    let last = last_words(conn, &id)?;
    Ok(ListedConversation { conversation, client, patient, species, assignee, last, clips, unread })
}

fn last_words(conn: &Connection, conversation: &str) -> Result<Option<LastWords>, CacheError> {
    let columns = message::COLUMNS;
    let Some(message) = conn
        .query_row(
            &format!(
                "SELECT {columns} FROM message_now
                 WHERE conversation = ?1 AND audience = 'everyone' AND author_kind <> 'system'
                 ORDER BY pending DESC, received_at DESC, id DESC LIMIT 1"
            ),
            [conversation],
            message::read,
        )
        .optional()?
    else {
        return Ok(None);
    };
    let mut names = conn.prepare("SELECT name FROM attachment_now WHERE id = ?1")?;
    let mut attached = Vec::new();
    for id in &message.attachments {
        attached.extend(names.query_row([id.to_string()], |row| row.get(0)).optional()?);
    }
    Ok(Some(LastWords { message, attached }))
}

impl ListedConversation {
    /// The last words on one line, or the names of what was attached.
    pub fn last_line(&self) -> String {
        let Some(last) = &self.last else { return String::new() };
        let words = last.message.body.split_whitespace().collect::<Vec<_>>().join(" ");
        if words.is_empty() { last.attached.join(", ") } else { words }
    }

    /// When the last message was received, or when the conversation was opened.
    pub fn last_at(&self) -> Millis {
        self.last.as_ref().map_or(self.conversation.opened_at, |last| last.message.received_at)
    }

    /// Whether the last words are a staff member's.
    pub fn last_by_staff(&self) -> bool {
        self.last.as_ref().is_some_and(|last| matches!(last.message.author, Author::Staff(_)))
    }
}

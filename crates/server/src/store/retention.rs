//! What is removed because of its age: ended conversations with everything in them, and then people who have none left.
//!
//! **Invariant:** what is removed is asked for once more in the transaction that removes it, under the practice's row:
//! a hold, a setting or a message that came in between wins. **Invariant:** the files of what is removed are named by
//! jobs that are written in the same transaction; they go after it, so that no row is ever without its file, and a crash
//! forgets none.

use limpet_model::{AttachmentId, ClientId, ConversationId, Millis, PatientId, PracticeId};
use serde_json::json;
use sqlx::any::AnyRow;

use super::{
    Result, Store, StoreError, Write,
    audit::Act,
    jobs::{self, Job, Work},
    practices,
    row::Columns,
    tombstones,
};
use crate::{
    by::By,
    retention::{Bounds, GRACE, bounds},
};

/// Messages after which a transaction ends, so that nobody waits long for the next turn to write.
const MOST_MESSAGES: i64 = 1000;

/// An ended conversation, and when something last happened in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// Which.
    pub id: ConversationId,
    /// The newest of what was written, changed or taken back.
    pub last: Millis,
    /// Whether it, its patient or its client is on hold.
    pub held: bool,
}

/// What a transaction did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Removed {
    /// How many of those it was given it came to.
    pub looked_at: usize,
    /// How many of them are gone.
    pub conversations: usize,
}

/// Conversations of `$1` that ended and in which nothing happened since `$2`, each with whether it is on a hold that was
/// not lifted before `$3`.
macro_rules! ended {
    ($more:literal) => {
        concat!(
            "SELECT c.id AS id, c.client_id AS client_id, c.patient_id AS patient_id, \
             (SELECT MAX(m.received_at) FROM messages m WHERE m.practice_id = c.practice_id AND m.conversation_id = c.id) \
             AS received, \
             (SELECT MAX(COALESCE(m.deleted_at, m.edited_at)) FROM messages m \
             WHERE m.practice_id = c.practice_id AND m.conversation_id = c.id) AS changed, \
             (SELECT COUNT(*) FROM holds h WHERE h.practice_id = c.practice_id \
             AND h.subject_id IN (c.id, c.patient_id, c.client_id) \
             AND (h.lifted_at IS NULL OR h.lifted_at > $3)) AS holds \
             FROM conversations c WHERE c.practice_id = $1 AND c.state = 'ended' \
             AND EXISTS (SELECT 1 FROM messages m WHERE m.practice_id = c.practice_id AND m.conversation_id = c.id) \
             AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.practice_id = c.practice_id \
             AND m.conversation_id = c.id AND (m.received_at >= $2 OR m.edited_at >= $2 OR m.deleted_at >= $2 \
             OR m.due_at IS NOT NULL)) AND ",
            $more
        )
    };
}

fn from_row(row: &AnyRow) -> Result<Ended> {
    let times = [row.maybe_time("received")?, row.maybe_time("changed")?];
    let last = times.into_iter().flatten().max().unwrap_or(Millis(0));
    Ok(Ended { id: row.id("id")?, last, held: row.int("holds")? > 0 })
}

impl Store {
    /// Nothing is removed before then.
    pub async fn retain_not_before(&self, at: Millis) -> Result<()> {
        let mut quiet = self.quiet().await?;
        sqlx::query("UPDATE jobs SET run_at = $1 WHERE kind = 'retain' AND run_at < $1")
            .bind(at.0)
            .execute(quiet.connection())
            .await?;
        quiet.commit().await
    }

    /// Conversations that ended and in which nothing happened since the cut, in the order of their ids, after one of
    /// them. Asked without the turn to write.
    pub async fn ended_before(
        &self,
        practice: PracticeId,
        bounds: Bounds,
        after: Option<ConversationId>,
        limit: i64,
    ) -> Result<Vec<Ended>> {
        let rows = sqlx::query(ended!("c.id > $4 ORDER BY c.id LIMIT $5"))
            .bind(practice.to_string())
            .bind(bounds.cut.0)
            .bind(bounds.free_since.0)
            .bind(after.map(|id| id.to_string()).unwrap_or_default())
            .bind(limit)
            .fetch_all(self.pool())
            .await?;
        rows.iter().map(from_row).collect()
    }

    /// Removes those of these conversations that are still due, in one transaction. `None` when the claim no longer
    /// counts.
    pub async fn remove_conversations(
        &self,
        job: Job,
        ids: &[ConversationId],
        now: Millis,
    ) -> Result<Option<Removed>> {
        let practice = job.practice;
        let mut write = self.write(By::server(practice, now)).await?;
        if !jobs::hold(write.connection(), job, false).await? {
            write.discard().await?;
            return Ok(None);
        }
        let mut removed = Removed { looked_at: ids.len(), conversations: 0 };
        let found = practices::find(write.connection(), practice).await?;
        let Some(bounds) = found.and_then(|practice| bounds(&practice, now)) else {
            write.discard().await?;
            return Ok(Some(removed));
        };
        let mut messages = 0;
        for (at, id) in ids.iter().enumerate() {
            if messages >= MOST_MESSAGES {
                removed.looked_at = at;
                break;
            }
            let row = sqlx::query(ended!("c.id = $4"))
                .bind(practice.to_string())
                .bind(bounds.cut.0)
                .bind(bounds.free_since.0)
                .bind(id.to_string())
                .fetch_optional(write.connection())
                .await?;
            let Some(row) = row else { continue };
            let ended = from_row(&row)?;
            if !ended.held {
                messages += remove(&mut write, ended, row.id("client_id")?, row.id("patient_id")?).await?;
                removed.conversations += 1;
            }
        }
        if removed.conversations == 0 {
            write.discard().await?;
            return Ok(Some(removed));
        }
        write.commit().await?;
        // Sessions may have gone with them.
        self.live.sessions_closed(practice);
        Ok(Some(removed))
    }

    /// Removes one patient or client whose last conversation was removed, and about whom nothing was done since the cut.
    /// Whether there was one; `None` when the claim no longer counts.
    pub async fn remove_somebody(&self, job: Job, now: Millis) -> Result<Option<bool>> {
        let practice = job.practice;
        let Some(bounds) = self.practice(practice).await?.and_then(|practice| bounds(&practice, now)) else {
            return Ok(Some(false));
        };
        for sql in [NOBODYS_PATIENT, LONELY_CLIENT] {
            let ask = |sql: &'static str| {
                let query = sqlx::query(sql).bind(practice.to_string());
                query.bind(bounds.cut.0).bind(bounds.free_since.0)
            };
            if ask(sql).fetch_optional(self.pool()).await?.is_none() {
                continue;
            }
            let mut write = self.write(By::server(practice, now)).await?;
            if !jobs::hold(write.connection(), job, false).await? {
                write.discard().await?;
                return Ok(None);
            }
            // Asked again: under the practice's row nothing comes in between.
            let still = practices::find(write.connection(), practice).await?;
            let same = still.and_then(|practice| self::bounds(&practice, now)) == Some(bounds);
            let row = ask(sql).fetch_optional(write.connection()).await?.filter(|_| same);
            let Some(row) = row else {
                write.discard().await?;
                continue;
            };
            if sql == NOBODYS_PATIENT {
                remove_patient(&mut write, row.id("id")?, row.id("client_id")?).await?;
            } else {
                remove_client(&mut write, row.id("id")?).await?;
            }
            write.commit().await?;
            return Ok(Some(true));
        }
        Ok(Some(false))
    }

    /// Sees to it that every practice has its daily look. One that has none yet gets its first after a while, so that
    /// nothing goes the day a practice, or a version that removes, is new.
    pub async fn plan_retention(&self, now: Millis) -> Result<()> {
        let missing = "SELECT p.id FROM practices p WHERE NOT EXISTS (SELECT 1 FROM jobs j \
             WHERE j.practice_id = p.id AND j.kind = 'retain' AND j.subject_id = p.id)";
        for row in sqlx::query(missing).fetch_all(self.pool()).await? {
            let practice: PracticeId = row.id("id")?;
            let mut quiet = self.quiet().await?;
            sqlx::query(
                "INSERT INTO jobs (practice_id, kind, subject_id, attempts, run_at, lease_owner, lease_until, fence, \
                 last_error, dead, created_at) VALUES ($1, 'retain', $1, 0, $2, '', 0, 0, '', 0, $3) \
                 ON CONFLICT (practice_id, kind, subject_id) DO NOTHING",
            )
            .bind(practice.to_string())
            .bind(now.0 + GRACE)
            .bind(now.0)
            .execute(quiet.connection())
            .await?;
            quiet.commit().await?;
        }
        Ok(())
    }

    /// When a practice is looked at next; `None` before it was planned.
    pub async fn next_retention(&self, practice: PracticeId) -> Result<Option<Millis>> {
        let row = sqlx::query("SELECT run_at FROM jobs WHERE practice_id = $1 AND kind = 'retain'")
            .bind(practice.to_string())
            .fetch_optional(self.pool())
            .await?;
        row.map(|row| row.time("run_at")).transpose()
    }
}

/// `$1` practice, `$2` the cut, `$3` since when holds must be gone. A person is known to be old by the audit log alone:
/// of whom it knows nothing stays.
macro_rules! untouched {
    ($of:literal) => {
        concat!(
            "(SELECT MAX(a.at) FROM audit a WHERE a.practice_id = p.practice_id AND a.subject_id = p.id \
             AND a.subject = '",
            $of,
            "') < $2"
        )
    };
}

const NOBODYS_PATIENT: &str = concat!(
    "SELECT p.id AS id, p.client_id AS client_id FROM patients p WHERE p.practice_id = $1 \
     AND p.emptied_at IS NOT NULL AND ",
    untouched!("patient"),
    " AND NOT EXISTS (SELECT 1 FROM conversations c WHERE c.practice_id = p.practice_id AND c.patient_id = p.id) \
     AND NOT EXISTS (SELECT 1 FROM holds h WHERE h.practice_id = p.practice_id \
     AND h.subject_id IN (p.id, p.client_id) AND (h.lifted_at IS NULL OR h.lifted_at > $3)) ORDER BY p.id LIMIT 1"
);

const LONELY_CLIENT: &str = concat!(
    "SELECT p.id AS id FROM clients p WHERE p.practice_id = $1 AND p.emptied_at IS NOT NULL AND ",
    untouched!("client"),
    " AND NOT EXISTS (SELECT 1 FROM conversations c WHERE c.practice_id = p.practice_id AND c.client_id = p.id) \
     AND NOT EXISTS (SELECT 1 FROM patients a WHERE a.practice_id = p.practice_id AND a.client_id = p.id) \
     AND NOT EXISTS (SELECT 1 FROM consents k WHERE k.practice_id = p.practice_id AND k.client_id = p.id \
     AND k.at >= $2) \
     AND NOT EXISTS (SELECT 1 FROM sessions s WHERE s.practice_id = p.practice_id AND s.client_id = p.id) \
     AND NOT EXISTS (SELECT 1 FROM holds h WHERE h.practice_id = p.practice_id AND h.subject_id = p.id \
     AND (h.lifted_at IS NULL OR h.lifted_at > $3)) ORDER BY p.id LIMIT 1"
);

/// What goes with a conversation, each after what refers to it: `$1` practice, `$2` conversation.
const WITH_IT: [&str; 17] = [
    "DELETE FROM jobs WHERE practice_id = $1 AND kind = 'prepare' AND subject_id IN (SELECT a.id FROM attachments a \
     JOIN messages m ON m.practice_id = a.practice_id AND m.id = a.message_id \
     WHERE m.practice_id = $1 AND m.conversation_id = $2)",
    "DELETE FROM jobs WHERE practice_id = $1 AND kind = 'send' AND subject_id IN (SELECT id FROM messages \
     WHERE practice_id = $1 AND conversation_id = $2)",
    "DELETE FROM jobs WHERE practice_id = $1 AND kind IN ('wake', 'escalate') AND subject_id = $2",
    "DELETE FROM turns WHERE practice_id = $1 AND attachment_id IN (SELECT a.id FROM attachments a \
     JOIN messages m ON m.practice_id = a.practice_id AND m.id = a.message_id \
     WHERE m.practice_id = $1 AND m.conversation_id = $2)",
    "DELETE FROM parts WHERE practice_id = $1 AND attachment_id IN (SELECT a.id FROM attachments a \
     JOIN messages m ON m.practice_id = a.practice_id AND m.id = a.message_id \
     WHERE m.practice_id = $1 AND m.conversation_id = $2)",
    "DELETE FROM uploads WHERE practice_id = $1 AND attachment_id IN (SELECT a.id FROM attachments a \
     JOIN messages m ON m.practice_id = a.practice_id AND m.id = a.message_id \
     WHERE m.practice_id = $1 AND m.conversation_id = $2)",
    "DELETE FROM openings WHERE practice_id = $1 AND attachment_id IN (SELECT a.id FROM attachments a \
     JOIN messages m ON m.practice_id = a.practice_id AND m.id = a.message_id \
     WHERE m.practice_id = $1 AND m.conversation_id = $2)",
    "DELETE FROM attachments WHERE practice_id = $1 AND message_id IN (SELECT id FROM messages \
     WHERE practice_id = $1 AND conversation_id = $2)",
    "DELETE FROM earlier_words WHERE practice_id = $1 AND message_id IN (SELECT id FROM messages \
     WHERE practice_id = $1 AND conversation_id = $2)",
    "DELETE FROM messages WHERE practice_id = $1 AND conversation_id = $2",
    "DELETE FROM endings WHERE practice_id = $1 AND conversation_id = $2",
    "DELETE FROM exports WHERE practice_id = $1 AND conversation_id = $2",
    "DELETE FROM merges WHERE practice_id = $1 AND into_id = $2",
    "DELETE FROM invitations WHERE practice_id = $1 AND conversation_id = $2",
    "DELETE FROM holds WHERE practice_id = $1 AND kind = 'conversation' AND subject_id = $2",
    // A client's device is turned to another conversation, if there is one.
    "UPDATE sessions SET conversation_id = (SELECT MAX(c.id) FROM conversations c \
     WHERE c.practice_id = $1 AND c.client_id = sessions.client_id AND c.id <> $2) \
     WHERE practice_id = $1 AND conversation_id = $2 AND EXISTS (SELECT 1 FROM conversations c \
     WHERE c.practice_id = $1 AND c.client_id = sessions.client_id AND c.id <> $2)",
    "DELETE FROM sessions WHERE practice_id = $1 AND conversation_id = $2",
];

/// Removes a conversation with everything in it. Answers how many messages that were.
async fn remove(write: &mut Write, ended: Ended, client: ClientId, patient: PatientId) -> Result<i64> {
    let (practice, now, id) = (write.practice(), write.by().at, ended.id.to_string());
    let count = sqlx::query(
        "SELECT COUNT(*) AS messages FROM messages WHERE practice_id = $1 AND conversation_id = $2",
    )
    .bind(practice.to_string())
    .bind(id.clone())
    .fetch_one(write.connection())
    .await?;
    let messages = count.int("messages")?;
    let files = sqlx::query(
        "SELECT a.id AS id, a.bytes AS bytes FROM attachments a \
         JOIN messages m ON m.practice_id = a.practice_id AND m.id = a.message_id \
         WHERE m.practice_id = $1 AND m.conversation_id = $2 ORDER BY a.id",
    )
    .bind(practice.to_string())
    .bind(id.clone())
    .fetch_all(write.connection())
    .await?;
    let mut bytes = 0_i64;
    for row in &files {
        let file: AttachmentId = row.id("id")?;
        bytes = bytes.saturating_add(row.int("bytes")?);
        jobs::queue(write.quiet(), practice, Work::Forget(file), now, now).await?;
    }
    for sql in WITH_IT.into_iter().chain(["DELETE FROM conversations WHERE practice_id = $1 AND id = $2"]) {
        sqlx::query(sql).bind(practice.to_string()).bind(id.clone()).execute(write.connection()).await?;
    }
    for (sql, of) in [
        ("UPDATE patients SET emptied_at = $3 WHERE practice_id = $1 AND id = $2", patient.to_string()),
        ("UPDATE clients SET emptied_at = $3 WHERE practice_id = $1 AND id = $2", client.to_string()),
    ] {
        let empty = sqlx::query(sql).bind(practice.to_string()).bind(of).bind(now.0);
        empty.execute(write.connection()).await?;
    }
    tombstones::bury_for(write, client, "conversation", &id).await?;
    let detail = json!({
        "client": client, "patient": patient, "last": ended.last, "messages": messages, "attachments": files.len(),
        "bytes": bytes,
    });
    write.log(Act::Removed, ended.id, detail);
    Ok(messages)
}

async fn remove_patient(write: &mut Write, id: PatientId, client: ClientId) -> Result<()> {
    take_away(
        write,
        &["DELETE FROM patients WHERE practice_id = $1 AND id = $2"],
        "patient",
        &id.to_string(),
    )
    .await?;
    tombstones::bury_for(write, client, "patient", &id.to_string()).await?;
    write.log(Act::Removed, id, json!({ "client": client }));
    Ok(())
}

async fn remove_client(write: &mut Write, id: ClientId) -> Result<()> {
    let sql = [
        "DELETE FROM consents WHERE practice_id = $1 AND client_id = $2",
        "DELETE FROM clients WHERE practice_id = $1 AND id = $2",
    ];
    take_away(write, &sql, "client", &id.to_string()).await?;
    tombstones::bury_for(write, id, "client", &id.to_string()).await?;
    write.log(Act::Removed, id, json!(null));
    Ok(())
}

async fn take_away(write: &mut Write, sql: &[&'static str], kind: &'static str, id: &str) -> Result<()> {
    let practice = write.practice();
    sqlx::query("DELETE FROM holds WHERE practice_id = $1 AND subject_id = $2 AND kind = $3")
        .bind(practice.to_string())
        .bind(id.to_owned())
        .bind(kind)
        .execute(write.connection())
        .await?;
    let mut gone = 0;
    for sql in sql.iter().copied() {
        let query = sqlx::query(sql).bind(practice.to_string()).bind(id.to_owned());
        gone = query.execute(write.connection()).await?.rows_affected();
    }
    if gone == 0 { Err(StoreError::Missing(kind)) } else { Ok(()) }
}

//! The audit log of a practice: who saw, wrote, changed, exported, filed or deleted what.
//!
//! **Invariant:** rows are only ever added, in the transaction of what they tell of, while the practice's row is locked.
//! **Invariant:** a row's hash is the SHA-256, in lower-case hex, of the hash before it (nothing before the first), a
//! line feed, and the JSON array `[number, at, actor, actor_id, act, subject, subject_id, detail]`; the practice's row
//! holds the newest number and hash. Whoever changes, adds or removes a row has to make all later ones again, and
//! whoever keeps a hash elsewhere sees that.
//! **Invariant:** a detail holds ids and facts, never what somebody wrote.

use limpet_model::{
    AttachmentId, ClientId, ConversationId, MessageId, PatientId, PracticeId, StaffId, TokenId, WebhookId,
};
use limpet_wire::http::{AuditEntry, AuditPage};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::{AnyConnection, any::AnyRow};

use super::{Result, Store, StoreError, row::Columns};
use crate::by::By;

/// Rows in a page at most.
const PAGE: i64 = 1000;

macro_rules! acts {
    ($($(#[$doc:meta])+ $act:ident $word:literal;)*) => {
        /// What was done.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Act {
            $($(#[$doc])+ $act,)*
        }

        impl Act {
            /// As the log writes it.
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$act => $word,)*
                }
            }
        }
    };
}

acts! {
    /// Opened a session.
    SignedIn "signed in";
    /// Closed a session.
    SignedOut "signed out";
    /// Read a conversation, up to a moment.
    Read "read";
    /// Opened a file or its page.
    Opened "opened";
    /// Wrote a message or a note.
    Wrote "wrote";
    /// Added something.
    Added "added";
    /// Changed something.
    Changed "changed";
    /// Sent what was to be sent later.
    Sent "sent";
    /// Brought a client who waited too long to everybody's notice.
    Escalated "escalated";
    /// Took something back.
    Deleted "deleted";
    /// Ended a conversation.
    Ended "ended";
    /// Opened an ended conversation again.
    Reopened "reopened";
    /// Put a transcript into the practice management system.
    Filed "filed";
    /// Saved a transcript or a file outside.
    Exported "exported";
    /// Brought in clients and patients from a file.
    Imported "imported";
    /// Made another conversation part of one.
    Merged "merged";
    /// Made a link for a client.
    Invited "invited";
    /// Closed a link.
    Revoked "revoked";
    /// Set a password.
    PasswordSet "set the password";
    /// Gave up sending a file.
    GaveUp "gave up";
    /// Put on hold.
    Held "put on hold";
    /// Lifted a hold.
    Lifted "lifted the hold";
    /// Removed because of its age.
    Removed "removed";
    /// Put a backup in the place of what there was.
    Restored "restored";
    /// Had something made again.
    MadeAgain "had made again";
}

/// What it was done to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    kind: &'static str,
    id: String,
}

macro_rules! subjects {
    ($($id:ty: $kind:literal;)*) => {
        $(impl From<$id> for Subject {
            fn from(id: $id) -> Self {
                Self { kind: $kind, id: id.to_string() }
            }
        })*
    };
}

subjects! {
    PracticeId: "practice";
    StaffId: "staff";
    ClientId: "client";
    PatientId: "patient";
    ConversationId: "conversation";
    MessageId: "message";
    AttachmentId: "attachment";
    TokenId: "token";
    WebhookId: "webhook";
}

impl Subject {
    /// A session, by the id that names it to whoever may close it.
    pub fn session(id: String) -> Self {
        Self { kind: "session", id }
    }
}

/// The names of the fields in which two forms of a thing differ, or nothing for a new one.
pub(super) fn fields_that_differ<T: Serialize>(before: Option<&T>, after: &T) -> Value {
    let forms = before.map(|before| (serde_json::to_value(before), serde_json::to_value(after)));
    let Some((Ok(Value::Object(before)), Ok(Value::Object(after)))) = forms else { return Value::Null };
    let fields = after.iter().filter(|(name, value)| before.get(*name) != Some(*value));
    json!({ "fields": fields.map(|(name, _)| name).collect::<Vec<_>>() })
}

/// Something that was done, to be written down with the change it tells of.
#[derive(Debug)]
pub(super) struct Deed {
    pub act: Act,
    pub subject: Subject,
    pub detail: Value,
}

/// Where the log of a practice ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The number of the last row; 0 when there is none.
    pub number: i64,
    /// Its hash.
    pub hash: String,
}

/// What is wrong with a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Broken {
    /// This row does not say what it said when it was written, or one before it does not.
    Changed(i64),
    /// A row is missing; this one should have come next.
    Missing(i64),
    /// There are rows after the last one that was written.
    Added(i64),
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Changed(number) => write!(f, "row {number} was changed after it was written"),
            Self::Missing(number) => write!(f, "row {number} is missing"),
            Self::Added(number) => write!(f, "row {number} was added by somebody else"),
        }
    }
}

fn hash(before: &str, entry: &AuditEntry) -> Result<String> {
    let AuditEntry { number, at, actor, actor_id, act, subject, subject_id, detail, hash: _ } = entry;
    let line = serde_json::to_string(&(number, at, actor, actor_id, act, subject, subject_id, detail))
        .map_err(|_| StoreError::Unreadable("audit row"))?;
    Ok(hex::encode(Sha256::new().chain_update(before).chain_update("\n").chain_update(line).finalize()))
}

/// Adds what was done. The practice's row has to be locked. Answers where the log ends now; the caller writes that.
pub(super) async fn append(
    connection: &mut AnyConnection,
    by: By,
    mut head: Head,
    deeds: Vec<Deed>,
) -> Result<Head> {
    let (actor, actor_id) = by.actor.words();
    for Deed { act, subject, detail } in deeds {
        let mut entry = AuditEntry {
            number: head.number + 1,
            at: by.at,
            actor: actor.to_owned(),
            actor_id: actor_id.clone(),
            act: act.word().to_owned(),
            subject: subject.kind.to_owned(),
            subject_id: subject.id,
            detail: if detail.is_null() { String::new() } else { detail.to_string() },
            hash: String::new(),
        };
        entry.hash = hash(&head.hash, &entry)?;
        head = Head { number: entry.number, hash: entry.hash.clone() };
        insert(connection, by.practice, entry).await?;
    }
    Ok(head)
}

async fn insert(connection: &mut AnyConnection, practice: PracticeId, entry: AuditEntry) -> Result<()> {
    sqlx::query(
        "INSERT INTO audit (practice_id, number, at, actor, actor_id, act, subject, subject_id, detail, hash) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(practice.to_string())
    .bind(entry.number)
    .bind(entry.at.0)
    .bind(entry.actor)
    .bind(entry.actor_id)
    .bind(entry.act)
    .bind(entry.subject)
    .bind(entry.subject_id)
    .bind(entry.detail)
    .bind(entry.hash)
    .execute(connection)
    .await?;
    Ok(())
}

fn from_row(row: &AnyRow) -> Result<AuditEntry> {
    Ok(AuditEntry {
        number: row.int("number")?,
        at: row.time("at")?,
        actor: row.text("actor")?,
        actor_id: row.text("actor_id")?,
        act: row.text("act")?,
        subject: row.text("subject")?,
        subject_id: row.text("subject_id")?,
        detail: row.text("detail")?,
        hash: row.text("hash")?,
    })
}

impl Store {
    /// Writes down what was done to a practice as a whole, where that is all there is to write.
    pub async fn note(&self, by: By, act: Act, detail: Value) -> Result<()> {
        let mut write = self.write(by).await?;
        write.log(act, by.practice, detail);
        write.commit_quietly().await
    }

    /// The rows after a number, oldest first, `limit` at most.
    pub async fn audit(&self, practice: PracticeId, after: i64, limit: i64) -> Result<AuditPage> {
        let limit = limit.clamp(1, PAGE);
        let rows = sqlx::query(
            "SELECT number, at, actor, actor_id, act, subject, subject_id, detail, hash FROM audit \
             WHERE practice_id = $1 AND number > $2 ORDER BY number LIMIT $3",
        )
        .bind(practice.to_string())
        .bind(after)
        .bind(limit + 1)
        .fetch_all(self.pool())
        .await?;
        let mut entries = rows.iter().map(from_row).collect::<Result<Vec<_>>>()?;
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = entries.len() > most;
        entries.truncate(most);
        Ok(AuditPage { entries, more })
    }

    /// Reads the whole log of a practice again. Answers where it ends, or what is wrong first.
    pub async fn verify_audit(&self, practice: PracticeId) -> Result<std::result::Result<Head, Broken>> {
        // Where it ends comes first: rows may be written meanwhile.
        let end = self.audit_head(practice).await?;
        let mut at = Head { number: 0, hash: String::new() };
        loop {
            let page = self.audit(practice, at.number, PAGE).await?;
            for entry in page.entries {
                if entry.number != at.number + 1 {
                    return Ok(Err(Broken::Missing(at.number + 1)));
                }
                let right = hash(&at.hash, &entry)? == entry.hash;
                if !right || (entry.number == end.number && entry.hash != end.hash) {
                    return Ok(Err(Broken::Changed(entry.number)));
                }
                at = Head { number: entry.number, hash: entry.hash };
            }
            if !page.more {
                break;
            }
        }
        if at.number < end.number {
            return Ok(Err(Broken::Missing(at.number + 1)));
        }
        let end = self.audit_head(practice).await?;
        Ok(if at.number > end.number { Err(Broken::Added(end.number + 1)) } else { Ok(at) })
    }

    async fn audit_head(&self, practice: PracticeId) -> Result<Head> {
        let row = sqlx::query("SELECT audit_number, audit_hash FROM practices WHERE id = $1")
            .bind(practice.to_string())
            .fetch_optional(self.pool())
            .await?
            .ok_or(StoreError::Missing("practice"))?;
        Ok(Head { number: row.int("audit_number")?, hash: row.text("audit_hash")? })
    }
}

//! Sessions: a token's hash, and whose device it is on.
//!
//! **Invariant:** a session slides: it ends a fixed time after it was last used. **Invariant:** nobody has more than
//! [`MOST`]: whoever opens a link a thousand times has the last ones.

use limpet_model::{ClientId, ConversationId, Millis, PracticeId, Role, StaffId, TokenId};
use serde_json::{Value, json};
use sqlx::{AnyConnection, any::AnyRow};

use super::{
    Result, Store, StoreError,
    audit::{Act, Subject},
    row::Columns,
    second_steps,
    staff::read_role,
};
use crate::{
    by::{Actor, By},
    permission::Scopes,
    secrets::token_hash,
    view::View,
};

const DAY: i64 = 24 * 60 * 60 * 1000;
/// How long a staff session lasts without being used, milliseconds.
pub const STAFF_SESSION: i64 = 30 * DAY;
/// How long a client's session lasts without being used, milliseconds.
pub const CLIENT_SESSION: i64 = 180 * DAY;
/// Sessions of one person; the one that was not used for longest gives way.
pub const MOST: i64 = 30;
/// A session in use is written down again after this long, not at each request.
const SLIDE_EVERY: i64 = DAY / 24;

/// Whose session it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// A staff member, and the role at this moment.
    Staff(StaffId, Role),
    /// A client's device, and the conversation its last link was for.
    Client(ClientId, ConversationId),
    /// An integration, and what its token is for. Its session is the token, which is kept in `tokens`.
    Token(TokenId, Scopes),
}

/// With what somebody was let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum With {
    /// The password alone.
    Password,
    /// A code of the authenticator app beside it.
    Code,
    /// A recovery code beside it.
    RecoveryCode,
}

/// An open session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// SHA-256 of its token.
    pub token_hash: String,
    /// The practice.
    pub practice: PracticeId,
    /// Whose.
    pub holder: Holder,
}

impl Session {
    /// Names it to whoever may close it. Nobody gets in with that.
    pub fn id(&self) -> String {
        id_of(&self.token_hash)
    }

    /// Whoever has it, acting now.
    pub fn by(&self, now: Millis) -> By {
        let actor = match self.holder {
            Holder::Staff(staff, _) => Actor::Staff(staff),
            Holder::Client(client, _) => Actor::Client(client),
            Holder::Token(token, _) => Actor::Token(token),
        };
        By::new(self.practice, actor, now)
    }

    /// Through whose eyes it sees the practice.
    pub fn view(&self) -> View {
        match self.holder {
            Holder::Staff(..) | Holder::Token(..) => View::Staff,
            Holder::Client(client, _) => View::Client(client),
        }
    }
}

pub(super) fn id_of(hash: &str) -> String {
    token_hash(hash).chars().take(32).collect()
}

fn lifetime(holder: Holder) -> i64 {
    match holder {
        Holder::Staff(..) | Holder::Token(..) => STAFF_SESSION,
        Holder::Client(..) => CLIENT_SESSION,
    }
}

fn read_holder(row: &AnyRow) -> Result<Holder> {
    match (row.maybe_id("staff_id")?, row.maybe_id("client_id")?, row.maybe_id("conversation_id")?) {
        (Some(staff), None, None) => Ok(Holder::Staff(staff, row.word("role", read_role)?)),
        (None, Some(client), Some(conversation)) => Ok(Holder::Client(client, conversation)),
        _ => Err(StoreError::Unreadable("session")),
    }
}

impl Store {
    /// Opens a session. What has run out is swept away in passing.
    pub async fn open_session(&self, session: &Session, device: &str, now: Millis) -> Result<()> {
        let mut write = self.write(session.by(now)).await?;
        insert(write.connection(), session, device, now).await?;
        write.log(Act::SignedIn, Subject::session(session.id()), Value::Null);
        write.commit_quietly().await
    }

    /// Opens a staff member's session, if the account is open, still has the password that was checked, and no code is
    /// asked for that was not taken. False when not: then nothing was opened.
    pub async fn open_staff_session(
        &self,
        session: &Session,
        device: &str,
        checked_hash: &str,
        with: With,
        now: Millis,
    ) -> Result<bool> {
        let Holder::Staff(staff, _) = session.holder else { return Ok(false) };
        let mut write = self.write(session.by(now)).await?;
        // Writes, so that who changes the account waits until this session is there to be closed.
        let same = sqlx::query(
            "UPDATE staff SET password_hash = password_hash \
             WHERE practice_id = $1 AND id = $2 AND active = 1 AND password_hash = $3",
        )
        .bind(session.practice.to_string())
        .bind(staff.to_string())
        .bind(checked_hash.to_owned())
        .execute(write.connection())
        .await?
        .rows_affected();
        // Asked here and not before: who begins to require codes waits, too, and then closes what was opened without.
        let lacks_code = with == With::Password
            && second_steps::is_asked(write.connection(), session.practice, staff).await?;
        if same == 0 || lacks_code {
            write.discard().await?;
            return Ok(false);
        }
        insert(write.connection(), session, device, now).await?;
        let detail =
            if with == With::RecoveryCode { json!({ "with": "recovery code" }) } else { Value::Null };
        write.log(Act::SignedIn, Subject::session(session.id()), detail);
        write.commit_quietly().await?;
        Ok(true)
    }

    /// A door: the session a token opens, kept open for as long again. `None` when it has run out, was closed,
    /// or its staff member may not sign in any more.
    pub async fn session(&self, token_hash: &str, now: Millis) -> Result<Option<Session>> {
        let row = sqlx::query(
            "SELECT s.practice_id AS practice_id, s.staff_id AS staff_id, s.client_id AS client_id, \
             s.conversation_id AS conversation_id, s.seen_at AS seen_at, m.role AS role FROM sessions s \
             LEFT JOIN staff m ON m.practice_id = s.practice_id AND m.id = s.staff_id \
             WHERE s.token_hash = $1 AND s.expires_at > $2 AND (s.staff_id IS NULL OR m.active = 1)",
        )
        .bind(token_hash.to_owned())
        .bind(now.0)
        .fetch_optional(self.pool())
        .await?;
        let Some(row) = row else { return Ok(None) };
        let session = Session {
            token_hash: token_hash.to_owned(),
            practice: row.id("practice_id")?,
            holder: read_holder(&row)?,
        };
        if now.since(row.time("seen_at")?) >= SLIDE_EVERY {
            self.slide_session(&session, now).await?;
        }
        Ok(Some(session))
    }

    /// Whether a session still lets in.
    pub async fn is_open(&self, session: &Session, now: Millis) -> Result<bool> {
        Ok(match session.holder {
            Holder::Token(..) => self.token(&session.token_hash, now).await?.is_some(),
            Holder::Staff(..) | Holder::Client(..) => self.session(&session.token_hash, now).await?.is_some(),
        })
    }

    async fn slide_session(&self, session: &Session, now: Millis) -> Result<()> {
        let mut quiet = self.quiet().await?;
        sqlx::query(
            "UPDATE sessions SET seen_at = $3, expires_at = $4 WHERE practice_id = $1 AND token_hash = $2",
        )
        .bind(session.practice.to_string())
        .bind(session.token_hash.clone())
        .bind(now.0)
        .bind(now.0 + lifetime(session.holder))
        .execute(quiet.connection())
        .await?;
        quiet.commit().await
    }

    /// Points a client's session at another of its conversations.
    pub async fn turn_session(&self, session: &Session, conversation: ConversationId) -> Result<()> {
        let mut quiet = self.quiet().await?;
        sqlx::query("UPDATE sessions SET conversation_id = $3 WHERE practice_id = $1 AND token_hash = $2")
            .bind(session.practice.to_string())
            .bind(session.token_hash.clone())
            .bind(conversation.to_string())
            .execute(quiet.connection())
            .await?;
        quiet.commit().await
    }

    /// Closes a session.
    pub async fn close_session(&self, session: &Session, now: Millis) -> Result<()> {
        let mut write = self.write(session.by(now)).await?;
        close(write.connection(), session.practice, &session.token_hash).await?;
        write.log(Act::SignedOut, Subject::session(session.id()), Value::Null);
        write.commit_quietly().await?;
        self.live.sessions_closed(session.practice);
        Ok(())
    }

    /// How many sessions a client's devices have.
    pub async fn count_sessions(&self, practice: PracticeId, client: ClientId) -> Result<i64> {
        let row = sqlx::query(
            "SELECT COUNT(*) AS sessions FROM sessions WHERE practice_id = $1 AND client_id = $2",
        )
        .bind(practice.to_string())
        .bind(client.to_string())
        .fetch_one(self.pool())
        .await?;
        row.int("sessions")
    }
}

async fn insert(connection: &mut AnyConnection, session: &Session, device: &str, now: Millis) -> Result<()> {
    let (staff, client, conversation) = match session.holder {
        Holder::Staff(staff, _) => (Some(staff.to_string()), None, None),
        Holder::Client(client, conversation) => {
            (None, Some(client.to_string()), Some(conversation.to_string()))
        }
        Holder::Token(..) => return Err(StoreError::Unreadable("session")),
    };
    sqlx::query("DELETE FROM sessions WHERE expires_at <= $1").bind(now.0).execute(&mut *connection).await?;
    make_room(connection, session).await?;
    sqlx::query(
        "INSERT INTO sessions (token_hash, practice_id, staff_id, client_id, conversation_id, device, \
             created_at, seen_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(session.token_hash.clone())
    .bind(session.practice.to_string())
    .bind(staff)
    .bind(client)
    .bind(conversation)
    .bind(device.to_owned())
    .bind(now.0)
    .bind(now.0)
    .bind(now.0 + lifetime(session.holder))
    .execute(&mut *connection)
    .await?;
    Ok(())
}

/// Leaves room for one more session of the same person.
async fn make_room(connection: &mut AnyConnection, session: &Session) -> Result<()> {
    let (sql, person) = match session.holder {
        Holder::Staff(staff, _) => (
            "DELETE FROM sessions WHERE practice_id = $1 AND staff_id = $2 AND token_hash NOT IN \
             (SELECT token_hash FROM sessions WHERE practice_id = $1 AND staff_id = $2 \
             ORDER BY seen_at DESC, token_hash LIMIT $3)",
            staff.to_string(),
        ),
        Holder::Client(client, _) => (
            "DELETE FROM sessions WHERE practice_id = $1 AND client_id = $2 AND token_hash NOT IN \
             (SELECT token_hash FROM sessions WHERE practice_id = $1 AND client_id = $2 \
             ORDER BY seen_at DESC, token_hash LIMIT $3)",
            client.to_string(),
        ),
        // Its session is the token.
        Holder::Token(..) => return Ok(()),
    };
    sqlx::query(sql)
        .bind(session.practice.to_string())
        .bind(person)
        .bind(MOST - 1)
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn close(
    connection: &mut AnyConnection,
    practice: PracticeId,
    token_hash: &str,
) -> Result<()> {
    sqlx::query("DELETE FROM sessions WHERE practice_id = $1 AND token_hash = $2")
        .bind(practice.to_string())
        .bind(token_hash.to_owned())
        .execute(connection)
        .await?;
    Ok(())
}

/// Closes the sessions of a client's devices. Answers how many that were.
pub(super) async fn close_clients(
    connection: &mut AnyConnection,
    practice: PracticeId,
    client: ClientId,
) -> Result<u64> {
    let done = sqlx::query("DELETE FROM sessions WHERE practice_id = $1 AND client_id = $2")
        .bind(practice.to_string())
        .bind(client.to_string())
        .execute(connection)
        .await?;
    Ok(done.rows_affected())
}

/// Closes the sessions of a staff member, but for one.
pub(super) async fn close_all(
    connection: &mut AnyConnection,
    practice: PracticeId,
    staff: StaffId,
    but: Option<&Session>,
) -> Result<()> {
    sqlx::query("DELETE FROM sessions WHERE practice_id = $1 AND staff_id = $2 AND token_hash <> $3")
        .bind(practice.to_string())
        .bind(staff.to_string())
        .bind(but.map(|session| session.token_hash.clone()).unwrap_or_default())
        .execute(connection)
        .await?;
    Ok(())
}

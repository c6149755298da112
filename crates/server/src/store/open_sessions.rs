//! Sessions as whoever may close them sees them: named by an id that lets nobody in.

use limpet_model::{Author, Millis, PracticeId, StaffId};
use limpet_wire::http::OpenSession;
use serde_json::Value;
use sqlx::any::AnyRow;

use super::{
    Result, Store,
    audit::{Act, Subject},
    row::Columns,
    sessions::{close, close_all, id_of},
};
use crate::by::By;

impl Store {
    /// The open sessions of a staff member, the one used last first.
    pub async fn staff_sessions(
        &self,
        practice: PracticeId,
        staff: StaffId,
        now: Millis,
    ) -> Result<Vec<OpenSession>> {
        let rows = sqlx::query(
            "SELECT token_hash, device, created_at, seen_at FROM sessions \
             WHERE practice_id = $1 AND staff_id = $2 AND expires_at > $3 ORDER BY seen_at DESC, token_hash",
        )
        .bind(practice.to_string())
        .bind(staff.to_string())
        .bind(now.0)
        .fetch_all(self.pool())
        .await?;
        let read = |row: &AnyRow| {
            Ok(OpenSession {
                id: id_of(&row.text("token_hash")?),
                device: row.text("device")?,
                opened_at: row.time("created_at")?,
                seen_at: row.time("seen_at")?,
                own: false,
            })
        };
        rows.iter().map(read).collect()
    }

    /// Whether a session that is named by its id is somebody's, and open.
    pub async fn is_session_of(
        &self,
        practice: PracticeId,
        who: Author,
        id: &str,
        now: Millis,
    ) -> Result<bool> {
        let (sql, person) = match who {
            Author::Staff(staff) => (
                "SELECT token_hash FROM sessions WHERE practice_id = $1 AND staff_id = $2 AND expires_at > $3",
                staff.to_string(),
            ),
            Author::Client(client) => (
                "SELECT token_hash FROM sessions WHERE practice_id = $1 AND client_id = $2 AND expires_at > $3",
                client.to_string(),
            ),
            Author::System => return Ok(false),
        };
        let rows = sqlx::query(sql)
            .bind(practice.to_string())
            .bind(person)
            .bind(now.0)
            .fetch_all(self.pool())
            .await?;
        let hashes: Result<Vec<String>> = rows.iter().map(|row| row.text("token_hash")).collect();
        Ok(hashes?.iter().any(|hash| id_of(hash) == id))
    }

    /// Closes one of a staff member's sessions. Whether it was there.
    pub async fn close_staff_session(&self, by: By, staff: StaffId, id: &str) -> Result<bool> {
        let practice = by.practice;
        let mut write = self.write(by).await?;
        let rows = sqlx::query("SELECT token_hash FROM sessions WHERE practice_id = $1 AND staff_id = $2")
            .bind(practice.to_string())
            .bind(staff.to_string())
            .fetch_all(write.connection())
            .await?;
        let hashes: Result<Vec<String>> = rows.iter().map(|row| row.text("token_hash")).collect();
        let Some(hash) = hashes?.into_iter().find(|hash| id_of(hash) == id) else {
            write.discard().await?;
            return Ok(false);
        };
        close(write.connection(), practice, &hash).await?;
        write.log(Act::SignedOut, Subject::session(id.to_owned()), Value::Null);
        write.commit_quietly().await?;
        self.live.sessions_closed(practice);
        Ok(true)
    }

    /// Closes all sessions of a staff member.
    pub async fn close_staff_sessions(&self, by: By, staff: StaffId) -> Result<()> {
        let mut write = self.write(by).await?;
        close_all(write.connection(), by.practice, staff, None).await?;
        write.log(Act::SignedOut, staff, Value::Null);
        write.commit_quietly().await?;
        self.live.sessions_closed(by.practice);
        Ok(())
    }
}

//! Invitations: the links that open a conversation on a client's phone.
//!
//! **Invariant:** only a link's hash is kept. It opens any number of times until it runs out or is revoked.

use limpet_model::{ClientId, ConversationId, Millis, PracticeId, StaffId};

use super::{Result, Store, row::Columns};

/// How long an invitation opens, milliseconds.
pub const INVITATION_LIFETIME: i64 = 14 * 24 * 60 * 60 * 1000;

/// What an invitation opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opened {
    /// The practice.
    pub practice: PracticeId,
    /// For whom.
    pub client: ClientId,
    /// Which conversation.
    pub conversation: ConversationId,
}

impl Store {
    /// Keeps a new invitation. Answers until when it opens.
    pub async fn add_invitation(
        &self,
        token_hash: &str,
        opened: Opened,
        by: StaffId,
        now: Millis,
    ) -> Result<Millis> {
        let expires_at = Millis(now.0 + INVITATION_LIFETIME);
        let mut quiet = self.quiet().await?;
        sqlx::query(
            "INSERT INTO invitations \
             (token_hash, practice_id, conversation_id, client_id, created_by, created_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(token_hash.to_owned())
        .bind(opened.practice.to_string())
        .bind(opened.conversation.to_string())
        .bind(opened.client.to_string())
        .bind(by.to_string())
        .bind(now.0)
        .bind(expires_at.0)
        .execute(quiet.connection())
        .await?;
        quiet.commit().await?;
        Ok(expires_at)
    }

    /// A door: what a link opens, if it still does.
    pub async fn invitation(&self, token_hash: &str, now: Millis) -> Result<Option<Opened>> {
        let row = sqlx::query(
            "SELECT practice_id, client_id, conversation_id FROM invitations \
             WHERE token_hash = $1 AND expires_at > $2 AND revoked_at IS NULL",
        )
        .bind(token_hash.to_owned())
        .bind(now.0)
        .fetch_optional(self.pool())
        .await?;
        row.map(|row| {
            Ok(Opened {
                practice: row.id("practice_id")?,
                client: row.id("client_id")?,
                conversation: row.id("conversation_id")?,
            })
        })
        .transpose()
    }

    /// Closes an invitation for good. Whether it was open.
    pub async fn revoke_invitation(&self, token_hash: &str, now: Millis) -> Result<bool> {
        let mut quiet = self.quiet().await?;
        let closed = sqlx::query(
            "UPDATE invitations SET revoked_at = $2 WHERE token_hash = $1 AND revoked_at IS NULL",
        )
        .bind(token_hash.to_owned())
        .bind(now.0)
        .execute(quiet.connection())
        .await?
        .rows_affected();
        quiet.commit().await?;
        Ok(closed > 0)
    }
}

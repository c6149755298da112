//! Invitations: the links that open a conversation on a client's phone.
//!
//! **Invariant:** only a link's hash is kept. It opens any number of times until it runs out or is revoked.

use limpet_model::{ClientId, ConversationId, Millis, PracticeId};
use serde_json::json;

use super::{Result, Store, audit::Act, row::Columns, sessions};
use crate::by::{Actor, By};

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
    pub async fn add_invitation(&self, by: By, token_hash: &str, opened: Opened) -> Result<Millis> {
        let expires_at = Millis(by.at.0 + INVITATION_LIFETIME);
        let mut write = self.write(by).await?;
        let (_, created_by) = by.actor.words();
        sqlx::query(
            "INSERT INTO invitations \
             (token_hash, practice_id, conversation_id, client_id, created_by, created_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(token_hash.to_owned())
        .bind(opened.practice.to_string())
        .bind(opened.conversation.to_string())
        .bind(opened.client.to_string())
        .bind(created_by)
        .bind(by.at.0)
        .bind(expires_at.0)
        .execute(write.connection())
        .await?;
        write.log(Act::Invited, opened.client, json!({ "conversation": opened.conversation }));
        write.commit_quietly().await?;
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

    /// Closes an invitation for good, and what this client's devices have open: which of them came by this link is not
    /// known, and whoever found it may be among them. Answers how many that were, if it was open.
    pub async fn revoke_invitation(
        &self,
        token_hash: &str,
        actor: Actor,
        now: Millis,
    ) -> Result<Option<u64>> {
        // One that has run out may be closed too.
        let row = sqlx::query("SELECT practice_id, client_id FROM invitations WHERE token_hash = $1")
            .bind(token_hash.to_owned())
            .fetch_optional(self.pool())
            .await?;
        let Some(row) = row else { return Ok(None) };
        let (practice, client): (PracticeId, ClientId) = (row.id("practice_id")?, row.id("client_id")?);
        let mut write = self.write(By::new(practice, actor, now)).await?;
        let closed = sqlx::query(
            "UPDATE invitations SET revoked_at = $3 \
             WHERE practice_id = $1 AND token_hash = $2 AND revoked_at IS NULL",
        )
        .bind(practice.to_string())
        .bind(token_hash.to_owned())
        .bind(now.0)
        .execute(write.connection())
        .await?
        .rows_affected();
        if closed == 0 {
            write.discard().await?;
            return Ok(None);
        }
        let devices = sessions::close_clients(write.connection(), practice, client).await?;
        write.log(Act::Revoked, client, json!({ "devices": devices }));
        write.commit_quietly().await?;
        self.live.sessions_closed(practice);
        Ok(Some(devices))
    }
}

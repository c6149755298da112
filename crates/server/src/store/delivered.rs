//! How far a client's devices have come. One that asks for what came after a revision has what came before.

use limpet_model::{ClientId, ConversationId, Millis, Revision};

use super::{Result, Store, conversations, row::Columns};
use crate::{by::By, view::View};

/// What was written to a client up to a revision, and has not been said to have arrived.
const ARRIVED: &str = "SELECT c.id AS id, MAX(m.received_at) AS at FROM messages m \
     JOIN conversations c ON c.practice_id = m.practice_id AND c.id = m.conversation_id \
     WHERE m.practice_id = $1 AND m.client_id = $2 AND m.revision <= $3 AND m.audience = 'everyone' \
     AND m.received_at > c.delivered_to_client GROUP BY c.id";

impl Store {
    /// Writes down that everything up to a revision has reached a device of a client.
    pub async fn delivered(&self, by: By, client: ClientId, upto: Revision) -> Result<()> {
        let practice = by.practice;
        let arrived = sqlx::query(ARRIVED)
            .bind(practice.to_string())
            .bind(client.to_string())
            .bind(upto.0)
            .fetch_all(self.pool())
            .await?;
        if arrived.is_empty() {
            return Ok(());
        }
        let mut write = self.write(by).await?;
        for row in arrived {
            let (id, at): (ConversationId, Millis) = (row.id("id")?, row.time("at")?);
            let found = conversations::find(write.connection(), practice, View::Staff, id).await?;
            let Some(mut conversation) = found else { continue };
            conversation.delivered_to_client = conversation.delivered_to_client.max(at);
            conversations::update(&mut write, &conversation).await?;
        }
        write.commit().await.map(drop)
    }
}

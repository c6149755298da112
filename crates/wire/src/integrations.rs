//! What integrations come in with, and what an administrator decides about them.

use limpet_model::{DeliveryId, Millis, TokenId, WebhookId};
use serde::{Deserialize, Serialize};

/// What a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Scope {
    /// Read the practice: people, conversations, messages and notes, and follow what changes.
    #[serde(rename = "read:conversations")]
    ReadConversations,
    /// Open clips, photos and documents.
    #[serde(rename = "read:media")]
    ReadMedia,
    /// Add and change clients and patients.
    #[serde(rename = "write:people")]
    WritePeople,
    /// Open conversations, mark them urgent, assign them. Ending one takes somebody of the staff.
    #[serde(rename = "write:conversations")]
    WriteConversations,
    /// Make the link that lets a client in.
    #[serde(rename = "invite:clients")]
    InviteClients,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 5] = [
        Self::ReadConversations,
        Self::ReadMedia,
        Self::WritePeople,
        Self::WriteConversations,
        Self::InviteClients,
    ];

    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::ReadConversations => "read:conversations",
            Self::ReadMedia => "read:media",
            Self::WritePeople => "write:people",
            Self::WriteConversations => "write:conversations",
            Self::InviteClients => "invite:clients",
        }
    }
}

/// A new token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NewToken {
    /// What it is for: the integration's name.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// Until when it may be used; for ever when absent.
    pub expires_at: Option<Millis>,
}

/// A token that was just made. It is shown this once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct IssuedToken {
    /// Names it to whoever may revoke it.
    pub id: TokenId,
    /// Sent as `Authorization: Bearer <token>`.
    pub token: String,
}

/// A token, as an administrator sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TokenInfo {
    /// Names it; nobody gets in with it.
    pub id: TokenId,
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub created_at: Millis,
    /// When it was last used, to the day.
    pub used_at: Option<Millis>,
    /// Until when it may be used.
    pub expires_at: Option<Millis>,
    /// When it was revoked.
    pub revoked_at: Option<Millis>,
}

/// What a webhook is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Event {
    /// Somebody wrote a message or a note.
    #[serde(rename = "message.created")]
    MessageCreated,
    /// A conversation was ended.
    #[serde(rename = "conversation.ended")]
    ConversationEnded,
}

impl Event {
    /// Every event.
    pub const ALL: [Self; 2] = [Self::MessageCreated, Self::ConversationEnded];

    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::MessageCreated => "message.created",
            Self::ConversationEnded => "conversation.ended",
        }
    }
}

/// A new webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NewWebhook {
    /// Where to send it: an https address on the public internet.
    pub url: String,
    /// What of.
    pub events: Vec<Event>,
}

/// A webhook that was just made. The secret is shown this once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct IssuedWebhook {
    /// Names it.
    pub id: WebhookId,
    /// What every delivery is signed with, as Standard Webhooks says.
    pub secret: String,
}

/// A webhook, as an administrator sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WebhookInfo {
    /// Names it.
    pub id: WebhookId,
    /// Where it is.
    pub url: String,
    /// What it is told of.
    pub events: Vec<Event>,
    /// When it was made.
    pub created_at: Millis,
    /// When it answered 410: since then it is told nothing.
    pub gone_at: Option<Millis>,
}

/// How far a delivery has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// To be told, or to be told again.
    Waiting,
    /// The other side has it.
    Done,
    /// Given up.
    Dead,
}

impl DeliveryState {
    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Done => "done",
            Self::Dead => "dead",
        }
    }
}

/// One thing that a webhook was or is to be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Delivery {
    /// Sent as `webhook-id`, the same at each attempt.
    pub id: DeliveryId,
    /// What happened.
    pub event: Event,
    /// How far it has come.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: i64,
    /// When it is tried next.
    pub next_at: Option<Millis>,
    /// What came of the last attempt, if it failed.
    pub last_error: String,
    /// When it happened.
    pub created_at: Millis,
    /// When it was told or given up.
    pub ended_at: Option<Millis>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_written_as_their_words() {
        for scope in Scope::ALL {
            assert_eq!(serde_json::to_value(scope).unwrap(), scope.word());
        }
        for event in Event::ALL {
            assert_eq!(serde_json::to_value(event).unwrap(), event.word());
        }
        for state in [DeliveryState::Waiting, DeliveryState::Done, DeliveryState::Dead] {
            assert_eq!(serde_json::to_value(state).unwrap(), state.word());
        }
    }
}

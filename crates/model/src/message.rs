//! A message, or a note that no client ever sees.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{AttachmentId, ClientId, ConversationId, MessageId, Millis, StaffId};

/// Who wrote a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum Author {
    /// A staff member.
    Staff(StaffId),
    /// The client.
    Client(ClientId),
    /// Limpet itself: "conversation ended", or an automatic reply.
    System,
}

/// Who may read a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Client and staff.
    Everyone,
    /// Staff only: a note.
    Staff,
}

/// A message in a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Message {
    /// Which.
    pub id: MessageId,
    /// Where.
    pub conversation: ConversationId,
    /// By whom.
    pub author: Author,
    /// For whom.
    pub audience: Audience,
    /// Whether the practice's server wrote it by itself: nobody has answered with that.
    #[serde(default)]
    pub automatic: bool,
    /// The words. Plain text, newlines kept.
    pub body: String,
    /// What goes with the words, in order.
    pub attachments: Vec<AttachmentId>,
    /// When the author pressed send, by the author's clock.
    pub sent_at: Millis,
    /// When the server took it; this orders a thread.
    pub received_at: Millis,
    /// Staff whom a note calls.
    #[serde(default)]
    pub mentions: Vec<StaffId>,
    /// When it will be sent; until then it is for staff only.
    #[serde(default)]
    pub due_at: Option<Millis>,
    /// When its author last changed the words.
    #[serde(default)]
    pub edited_at: Option<Millis>,
    /// When it was taken back: then it has no words any more, and only staff see what went with it.
    #[serde(default)]
    pub deleted_at: Option<Millis>,
}

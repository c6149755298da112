//! What the UI asks the desk for, and what it has it do.

use limpet_model::{AttachmentId, Audience, ClientId, ConversationId, PatientId, StaffId};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Queue;

/// Sign-in at a server.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DeskSignIn {
    /// Address of the server, `https://...`.
    pub server: String,
    /// Sign-in name.
    pub email: String,
    /// Password.
    pub password: String,
    /// The code that was asked for with `code_needed`.
    #[ts(optional)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// Which conversations to list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ConversationQuery {
    /// From which queue.
    pub queue: Queue,
    /// Words to find in messages and in names of clients and patients; empty for all.
    pub search: String,
    /// Rows to skip.
    pub offset: u32,
    /// Rows at most.
    pub limit: u32,
}

/// That one is in a conversation, or writing there. It passes by itself and is said again every few seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BeHere {
    /// Which.
    pub conversation: ConversationId,
    /// Whether one looks at it.
    pub here: bool,
    /// Whether one is writing, and for whom.
    pub typing: Option<Audience>,
}

/// A file to stage for a conversation's draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct StageFile {
    /// For which conversation.
    pub conversation: ConversationId,
    /// Path on this machine, as the file dialog gave it.
    pub path: String,
}

/// A staged file to drop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Unstage {
    /// From which draft.
    pub conversation: ConversationId,
    /// Which file.
    pub file: AttachmentId,
}

/// A conversation to open with a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct StartConversation {
    /// With whom.
    pub client: ClientId,
    /// About which animal.
    pub patient: PatientId,
    /// The reason.
    pub subject: String,
}

/// Clients found by name, telephone, mail or a patient's name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ClientQuery {
    /// What to find; empty for all.
    pub search: String,
    /// Rows at most.
    pub limit: u32,
}

/// Who answers a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AssignTo {
    /// Which conversation.
    pub conversation: ConversationId,
    /// Whom, or nobody.
    pub to: Option<StaffId>,
}

/// Urgent or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MarkUrgent {
    /// Which conversation.
    pub conversation: ConversationId,
    /// Urgent from now on.
    pub urgent: bool,
}

/// The end of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct EndConversation {
    /// Which conversation.
    pub conversation: ConversationId,
    /// What was seen and concluded.
    pub summary: String,
    /// What happens next.
    pub plan: String,
    /// Whether to file the transcript.
    pub file: bool,
    /// Whether the transcript contains notes.
    pub include_notes: bool,
}

/// A transcript to save or file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MakeTranscript {
    /// Of which conversation.
    pub conversation: ConversationId,
    /// Whether it contains notes.
    pub include_notes: bool,
    /// Path to save to; empty for a name in the downloads folder.
    pub path: String,
}

/// The original of an attachment, saved as a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SaveAttachment {
    /// Which.
    pub attachment: AttachmentId,
    /// Path to save to; empty for its own name in the downloads folder.
    pub path: String,
}

/// A frame to capture as a still, at full resolution, upright and in standard range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CaptureStill {
    /// The clip that is open for review.
    pub clip: AttachmentId,
    /// Frame number in display order.
    pub frame: u32,
}

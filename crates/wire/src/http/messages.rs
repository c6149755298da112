//! Messages, their files, and what they said before.

use limpet_model::{AttachmentId, AttachmentKind, Audience, ConversationId, Millis, StaffId, StillOf};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// New words for a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MessageChange {
    /// The words; may be empty when something is attached.
    pub body: String,
}

/// What a message said before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EarlierWords {
    /// The words.
    pub body: String,
    /// Until when it said that.
    pub replaced_at: Millis,
}

/// A new message. Repeating it with the same id changes nothing; the same id with other content is a conflict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NewMessage {
    /// Where.
    pub conversation: ConversationId,
    /// For whom. A client's device may only say `everyone`.
    pub audience: Audience,
    /// The words; may be empty when something is attached.
    pub body: String,
    /// When the author pressed send.
    pub sent_at: Millis,
    /// What goes with it. The bytes follow by tus, keyed by attachment id.
    pub attachments: Vec<NewAttachment>,
    /// Staff whom a note calls.
    #[ts(optional, as = "Option<Vec<StaffId>>")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<StaffId>,
    /// Send it then; until then it is for staff only. One whose time has passed is sent at once.
    #[ts(optional)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Millis>,
    /// Send it when the chat hours begin, or at once while they last; until then it is for staff only.
    #[ts(optional, as = "Option<bool>")]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub when_open: bool,
}

/// An attachment announced with its message, before its bytes.
///
/// The upload that follows is tus `POST /v1/uploads` with `Upload-Length` and
/// `Upload-Metadata: attachment <base64 of the id>`; its address is `/v1/uploads/{attachment}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NewAttachment {
    /// Its id.
    pub id: AttachmentId,
    /// What the sender says it is; the server looks for itself.
    pub kind: AttachmentKind,
    /// File name without a path.
    pub name: String,
    /// Media type as the sender knows it.
    pub mime: String,
    /// Size in bytes.
    #[ts(type = "number")]
    pub bytes: i64,
    /// Label or description, or empty.
    pub caption: String,
    /// When it was filmed, if known.
    pub captured_at: Option<Millis>,
    /// Present for a still.
    pub still_of: Option<StillOf>,
}

//! What goes with a message: clip, photo, still, document.
//!
//! **Invariant:** the original is kept byte for byte; a rendition is only ever a copy for playing.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{AttachmentId, ConversationId, MessageId, Micros, Millis};

/// What an attachment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AttachmentKind {
    /// A video.
    Clip,
    /// A picture taken with a camera.
    Photo,
    /// A frame captured from a clip by staff.
    Still,
    /// Anything else a practice accepts: a PDF.
    Document,
}

/// How far an attachment has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum AttachmentState {
    /// Bytes are still arriving.
    Uploading {
        /// How many have arrived.
        received: i64,
    },
    /// Complete, being looked at.
    Processing,
    /// Complete and playable.
    Ready,
    /// Complete, kept, but not what it claims to be or not readable.
    Refused {
        /// What is wrong and what to do, for the person who sent it.
        reason: String,
    },
}

/// Facts about a clip, from its index and not from its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ClipFacts {
    /// Length.
    pub duration: Micros,
    /// How much is missing at its end, because the file was cut off; 0 for a whole clip.
    #[serde(default)]
    pub missing: Micros,
    /// Width in pixels as a person sees it (after rotation).
    pub width: u32,
    /// Height in pixels as a person sees it.
    pub height: u32,
    /// How many frames are shown.
    pub frames: u32,
    /// Whether there is sound.
    pub audio: bool,
}

/// Where a still comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StillOf {
    /// The clip.
    pub clip: AttachmentId,
    /// Frame number in display order, from zero.
    pub frame: u32,
    /// Its time in the clip.
    pub at: Micros,
}

/// Something that goes with a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Attachment {
    /// Which.
    pub id: AttachmentId,
    /// In which conversation.
    pub conversation: ConversationId,
    /// With which message.
    pub message: MessageId,
    /// What it is.
    pub kind: AttachmentKind,
    /// File name as sent, without a path.
    pub name: String,
    /// Media type; sniffed by the server once the bytes are there.
    pub mime: String,
    /// Size of the original in bytes.
    pub bytes: i64,
    /// How far it has come.
    pub state: AttachmentState,
    /// SHA-256 of the original in lower-case hex, once complete.
    pub sha256: Option<String>,
    /// Present for a clip that could be read.
    pub clip: Option<ClipFacts>,
    /// Present for a still.
    pub still_of: Option<StillOf>,
    /// Label or description, or empty.
    pub caption: String,
    /// When it was filmed, if the file or the sender says so.
    pub captured_at: Option<Millis>,
    /// When its last byte arrived.
    pub uploaded_at: Option<Millis>,
    /// Address of its media page, once complete. Stable for the retention period.
    pub link: Option<String>,
    /// Whether a poster can be fetched.
    pub has_poster: bool,
    /// Whether a rendition can be fetched.
    pub has_rendition: bool,
}

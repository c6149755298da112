//! What left Limpet, and who did what.

use limpet_model::{AttachmentId, ConversationId, Millis};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Something left Limpet. Told so that the audit log of the practice holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NewExport {
    /// Of which conversation.
    pub conversation: ConversationId,
    /// Which file of it; the transcript where there is none.
    pub attachment: Option<AttachmentId>,
    /// Whether it went into the practice management system, or was saved by a person.
    pub how: ExportKind,
    /// SHA-256 of what was written, lower-case hex.
    pub sha256: String,
    /// When, by the device's clock.
    pub at: Millis,
}

/// How something left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ExportKind {
    /// Into the practice management system.
    Filed,
    /// Into a file of a person's choice.
    Saved,
}

/// A line of the audit log of a practice. Its hash holds the one before it: see `docs/SECURITY.md`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AuditEntry {
    /// From one, without a gap.
    #[ts(type = "number")]
    pub number: i64,
    /// When, by the server's clock.
    pub at: Millis,
    /// `staff`, `client`, `link`, `operator` or `server`.
    pub actor: String,
    /// Whose id, or empty.
    pub actor_id: String,
    /// What was done: `read`, `wrote`, `changed` and so on.
    pub act: String,
    /// What it was done to: `conversation`, `client` and so on.
    pub subject: String,
    /// Its id.
    pub subject_id: String,
    /// JSON, or empty: ids and facts, never what somebody wrote.
    pub detail: String,
    /// SHA-256 over this line and the hash before it, lower-case hex.
    pub hash: String,
}

/// A page of the audit log, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AuditPage {
    /// The lines.
    pub entries: Vec<AuditEntry>,
    /// Whether there are more: ask again with the last number.
    pub more: bool,
}

//! A transcript's way into the practice management system.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{ConversationId, FilingId, Millis};

/// How far a filing has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FilingState {
    /// Waiting for its turn, or for the target to be reachable again.
    Queued {
        /// Why the last attempt did not succeed; empty before the first.
        waiting_for: String,
    },
    /// The target has it.
    Filed {
        /// When.
        at: Millis,
        /// Where: a path or an address.
        place: String,
        /// SHA-256 of the PDF, lower-case hex.
        sha256: String,
    },
    /// The target said no; somebody has to act.
    Refused {
        /// What happened and what to do.
        reason: String,
    },
}

/// One transcript filed once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Filing {
    /// Which.
    pub id: FilingId,
    /// Of which conversation.
    pub conversation: ConversationId,
    /// Name of the target, as settings show it.
    pub target: String,
    /// When it was asked for.
    pub requested_at: Millis,
    /// How far it has come.
    pub state: FilingState,
}

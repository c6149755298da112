//! A conversation: one client, one patient, one matter, from the first clip to the filed transcript.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{ClientId, ConversationId, DepartmentId, Millis, PatientId, StaffId, TagId};

/// Where a conversation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ConversationState {
    /// Being answered.
    Open,
    /// Closed by staff; the client's next message opens it again.
    Ended,
}

/// How a conversation was ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Ending {
    /// When.
    pub at: Millis,
    /// By whom; the staff member responsible.
    pub by: StaffId,
    /// What was seen and concluded.
    pub summary: String,
    /// What happens next.
    pub plan: String,
}

/// A conversation that was put off. The client's next message, and the end of it, bring it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Snooze {
    /// Until when, or until the client writes.
    pub until: Option<Millis>,
}

/// A conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Conversation {
    /// Which.
    pub id: ConversationId,
    /// With whom.
    pub client: ClientId,
    /// About which animal.
    pub patient: PatientId,
    /// The reason, in a few words.
    pub subject: String,
    /// Open or ended.
    pub state: ConversationState,
    /// Shown before everything else.
    pub urgent: bool,
    /// Who answers it.
    pub assignee: Option<StaffId>,
    /// Which department answers it.
    #[serde(default)]
    pub department: Option<DepartmentId>,
    /// How staff have marked it, in the order in which they did. A client's view holds none.
    #[serde(default)]
    pub tags: Vec<TagId>,
    /// When it was opened.
    pub opened_at: Millis,
    /// Since when the client has been waiting for a human answer.
    pub waiting_since: Option<Millis>,
    /// When the client had waited longer than the practice wants; until somebody answers.
    #[serde(default)]
    pub escalated_at: Option<Millis>,
    /// Present while it is put off. A client's view does not hold it.
    #[serde(default)]
    pub snooze: Option<Snooze>,
    /// Everything up to here was seen by a staff member.
    pub read_by_staff: Millis,
    /// Everything up to here has reached a device of the client.
    #[serde(default)]
    pub delivered_to_client: Millis,
    /// Everything up to here was seen by the client.
    pub read_by_client: Millis,
    /// Present when ended. A client's view holds neither summary nor plan.
    pub ending: Option<Ending>,
}

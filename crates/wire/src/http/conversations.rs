//! Conversations: opening, changing, merging, reading.

use limpet_model::{
    ClientId, ConversationId, ConversationState, DepartmentId, Millis, PatientId, Snooze, StaffId, TagId,
};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A new conversation. Repeating it with the same id changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NewConversation {
    /// With whom.
    pub client: ClientId,
    /// About which animal.
    pub patient: PatientId,
    /// The reason.
    pub subject: String,
    /// When it was opened, by the device's clock.
    pub opened_at: Millis,
}

/// What changes about a conversation. Absent means: as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct ConversationChange {
    /// Urgent or not.
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub urgent: Option<bool>,
    /// Who answers it from now on.
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assign: Option<Assign>,
    /// Put it off, or bring it back.
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snooze: Option<SetSnooze>,
    /// True when there is nothing to answer: the client waits no longer.
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wave_off: Option<bool>,
    /// Which department answers it from now on.
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub department: Option<InDepartment>,
    /// All its tags.
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<TagId>>,
    /// End it, or open it again.
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<ConversationState>,
    /// With `state: ended`: when, by the device's clock.
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Millis>,
    /// With `state: ended`: `received_at` of the newest message that this device knows. The ending is refused when
    /// the client has written something newer that nobody at the practice has seen.
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen: Option<Millis>,
    /// With `state: ended`: what was seen and concluded.
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// With `state: ended`: what happens next.
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
}

/// Assign to somebody or to nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Assign {
    /// Whom.
    pub to: Option<StaffId>,
}

/// Into a department, or into none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct InDepartment {
    /// Which.
    pub to: Option<DepartmentId>,
}

/// Put off, or not any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SetSnooze {
    /// How.
    pub to: Option<Snooze>,
}

/// Another conversation about the same patient that becomes part of this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Merge {
    /// Which.
    pub from: ConversationId,
}

/// One change to many conversations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BulkChange {
    /// Which, 200 at most.
    pub conversations: Vec<ConversationId>,
    /// What changes.
    pub change: ConversationChange,
}

/// What came of it. What is not named has changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BulkAnswer {
    /// Conversations that stayed as they were.
    pub refused: Vec<BulkRefusal>,
}

/// A conversation that stayed as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BulkRefusal {
    /// Which.
    pub conversation: ConversationId,
    /// Why.
    pub failure: crate::Failure,
}

/// Everything received up to this time has been seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReadUpTo {
    /// `received_at` of the last message seen.
    pub at: Millis,
}

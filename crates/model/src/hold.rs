//! Holds: what is kept however old it is, because of a complaint or a lawsuit.
//!
//! **Invariant:** a hold never changes but for being lifted, once. Another reason is another hold.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{ClientId, ConversationId, HoldId, Millis, PatientId, StaffId};

/// What a hold keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum Held {
    /// A conversation.
    Conversation(ConversationId),
    /// A patient and every conversation about it.
    Patient(PatientId),
    /// A client, and every conversation with them.
    Client(ClientId),
}

impl Held {
    /// Its kind in a word, and its id.
    pub fn words(self) -> (&'static str, String) {
        match self {
            Self::Conversation(id) => ("conversation", id.to_string()),
            Self::Patient(id) => ("patient", id.to_string()),
            Self::Client(id) => ("client", id.to_string()),
        }
    }
}

/// A hold. No client's device sees one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Hold {
    /// Which.
    pub id: HoldId,
    /// What it keeps.
    pub of: Held,
    /// Why, in a few words.
    pub reason: String,
    /// Who put it on.
    pub by: StaffId,
    /// When.
    pub at: Millis,
    /// Present once it was lifted.
    pub lifted: Option<Lifted>,
}

/// How a hold ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Lifted {
    /// Who lifted it.
    pub by: StaffId,
    /// When. What it kept stays for some days more.
    pub at: Millis,
}

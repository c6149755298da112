//! Who is in a conversation now, and who is writing. It passes by itself: nothing of it is kept anywhere.

use limpet_model::{Audience, ConversationId, StaffId};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// How long somebody is taken to be in a conversation without saying so again, milliseconds.
pub const HERE_FOR: i64 = 30_000;
/// How long somebody is taken to be writing without saying so again, milliseconds.
pub const TYPING_FOR: i64 = 10_000;
/// People that are told of in one conversation. More are cut off, so that an event stays a short line.
pub const PEOPLE_LIMIT: usize = 20;

/// What somebody says about being in a conversation. Say it again within [`HERE_FOR`] and [`TYPING_FOR`]: a third of
/// that is often enough, and never at each key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Presence {
    /// Whether it is being looked at.
    pub here: bool,
    /// Whether something is being written, and for whom. A client's device may only say `everyone`.
    #[ts(optional)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub typing: Option<Audience>,
}

/// Who is in a conversation now: the data of the event `presence` of `GET /v1/live`. Nobody, when the list is empty; a
/// conversation that was not told of since the line was opened has nobody in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Present {
    /// Which.
    pub conversation: ConversationId,
    /// Everybody once, whoever asks too, 20 at most.
    pub people: Vec<PresentPerson>,
}

/// Somebody who is in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PresentPerson {
    /// Who.
    pub who: PresentAs,
    /// Whether they are writing, and for whom. A client's device never sees `staff`.
    pub typing: Option<Audience>,
}

/// Who it is, as far as the asker may know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum PresentAs {
    /// The conversation's client. Staff see that.
    Client,
    /// Somebody of the practice. A client sees that, and not who.
    Practice,
    /// A staff member. Staff see that.
    Staff(StaffId),
}

//! What clients are asked to consent to, and what they said.
//!
//! **Invariant:** neither changes. Another text is another version, another answer another consent.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{ClientId, ConsentId, Millis, StaffId, Wording};

/// A version of the consent text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ConsentText {
    /// Counted from one.
    pub version: u32,
    /// The text.
    pub words: Wording,
    /// Since when clients are asked with it.
    pub since: Millis,
}

/// What a client said to a version of the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Consent {
    /// Which answer.
    pub id: ConsentId,
    /// Whose.
    pub client: ClientId,
    /// To which version.
    pub version: u32,
    /// Given, or withheld.
    pub given: bool,
    /// When the server took it.
    pub at: Millis,
    /// The staff member who wrote it down; absent when the client's own device said it.
    pub by: Option<StaffId>,
}

//! Holds.

use limpet_model::Held;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Something is to be kept however old it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NewHold {
    /// What.
    pub of: Held,
    /// Why, in a few words. Staff read it, no client does.
    pub reason: String,
}

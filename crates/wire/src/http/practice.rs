//! The practice's settings, and consents.

use limpet_model::{ClientId, Hours, Wording};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What changes about a practice. Absent means: as it is. The last one to write wins, setting by setting.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct PracticeChange {
    /// The name on the letterhead.
    pub name: Option<String>,
    /// Street and town.
    pub address: Option<String>,
    /// Telephone.
    pub phone: Option<String>,
    /// IANA time zone name.
    pub time_zone: Option<String>,
    /// Further lines of the letterhead.
    pub letterhead: Option<String>,
    /// When the practice is open.
    pub hours: Option<Hours>,
    /// When somebody answers the chat.
    pub chat_hours: Option<Hours>,
    /// Nobody answers the chat for now.
    pub offline: Option<bool>,
    /// What clients read while it is on.
    pub offline_words: Option<Wording>,
    /// The automatic reply outside the chat hours.
    pub away_words: Option<Wording>,
    /// The automatic reply to a client's first message.
    pub first_words: Option<Wording>,
    /// Largest file, bytes.
    #[ts(type = "number | null")]
    pub upload_limit: Option<i64>,
    /// Years that conversations are kept; 0 for ever.
    pub retention_years: Option<u32>,
    /// Minutes after which a client who waits is brought to everybody's notice; 0 for never. Who waits already is meant too.
    pub escalate_minutes: Option<u32>,
    /// Nothing is removed.
    pub legal_hold: Option<bool>,
    /// Staff sign in with a code beside their password.
    pub requires_code: Option<bool>,
    /// Another consent text: the next version. The same text changes nothing.
    pub consent: Option<Wording>,
}

/// What a client says to a version of the consent text. Repeating it with the same id changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NewConsent {
    /// Whose it is; a client's device says its own.
    pub client: ClientId,
    /// The version that was read.
    pub version: u32,
    /// Given, or withheld.
    pub given: bool,
}

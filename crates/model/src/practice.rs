//! A practice: what stands on its letterhead, and how it wants to work.
//!
//! **Invariant:** everything that an older server or an older file does not say has a default, and the default is how
//! a practice works that never set anything.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{ConsentText, Hours, Millis, PracticeId};

/// Largest file that any practice takes, bytes.
pub const UPLOAD_LIMIT: i64 = 200 * 1024 * 1024;

/// Text in several languages, by language tag (`en`, `es`, `es-MX`).
pub type Wording = BTreeMap<String, String>;

/// A veterinary practice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Practice {
    /// Which practice.
    pub id: PracticeId,
    /// The name on the letterhead.
    pub name: String,
    /// Street and town, one line each. Empty in a client's view.
    pub address: String,
    /// Telephone, as printed.
    pub phone: String,
    /// IANA time zone name; local times in transcripts, and the hours, are in it.
    pub time_zone: String,
    /// How it works. A client's view holds what its device shows.
    #[serde(default)]
    pub settings: Box<PracticeSettings>,
}

/// How a practice works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct PracticeSettings {
    /// What stands on the letterhead below address and telephone, lines separated by newline.
    pub letterhead: String,
    /// The picture on the letterhead.
    pub logo: Option<Logo>,
    /// When the practice is open.
    pub hours: Hours,
    /// When somebody answers the chat.
    pub chat_hours: Hours,
    /// Nobody answers the chat until this is switched off again.
    pub offline: bool,
    /// What clients read while it is on.
    pub offline_words: Wording,
    /// The automatic reply outside the chat hours.
    pub away_words: Wording,
    /// The automatic reply to a client's first message in a conversation; empty for none.
    pub first_words: Wording,
    /// Largest file that a message may carry, bytes.
    #[ts(type = "number")]
    pub upload_limit: i64,
    /// For how many years conversations are kept; 0 for ever.
    pub retention_years: u32,
    /// A client who waits longer than so many minutes is brought to everybody's notice; 0 for never.
    pub escalate_minutes: u32,
    /// Nothing is removed, however old it is.
    pub legal_hold: bool,
    /// Present after less was to be kept: for some days it is kept as before. The server sets it.
    pub retention_grace: Option<RetentionGrace>,
    /// Staff sign in with a code beside their password.
    pub requires_code: bool,
    /// What clients are asked to consent to; the newest version.
    pub consent: Option<ConsentText>,
}

impl Default for PracticeSettings {
    fn default() -> Self {
        Self {
            letterhead: String::new(),
            logo: None,
            hours: Hours::default(),
            chat_hours: Hours::default(),
            offline: false,
            offline_words: Wording::new(),
            away_words: Wording::new(),
            first_words: Wording::new(),
            upload_limit: UPLOAD_LIMIT,
            // What most rules ask for at most.
            retention_years: 7,
            escalate_minutes: 0,
            legal_hold: false,
            retention_grace: None,
            requires_code: false,
            consent: None,
        }
    }
}

/// Until when more is kept than the settings say, so that a mistake can be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RetentionGrace {
    /// For how many years conversations are kept meanwhile; 0 for ever.
    pub years: u32,
    /// From then on the settings hold.
    pub until: Millis,
}

/// The picture on a letterhead: a PNG that the server made of what was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Logo {
    /// SHA-256 of the PNG, lower-case hex.
    pub sha256: String,
    /// Width, pixels.
    pub width: u32,
    /// Height, pixels.
    pub height: u32,
}

/// The text for a reader of `language`: in it, in the same language of another country, in English, or whatever there
/// is.
pub fn worded<'a>(wording: &'a Wording, language: &str) -> Option<&'a str> {
    let primary = |tag: &str| tag.split(['-', '_']).next().unwrap_or_default().to_lowercase();
    let wanted = primary(language);
    // One that was left blank is none.
    let written = || wording.iter().filter(|(_, text)| !text.trim().is_empty());
    let by_language = |of: &str| written().find(|(tag, _)| primary(tag) == of);
    let exact = written().find(|(tag, _)| tag.eq_ignore_ascii_case(language));
    let nearest = exact.or_else(|| by_language(&wanted)).or_else(|| by_language("en"));
    nearest.or_else(|| written().next()).map(|(_, text)| text.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_gets_the_language_that_is_nearest() {
        let wording = Wording::from([
            ("de".to_owned(), "Guten Tag".to_owned()),
            ("en".to_owned(), "Hello".to_owned()),
            ("es-MX".to_owned(), "Qué tal".to_owned()),
        ]);
        for (language, text) in [
            ("es-MX", "Qué tal"),
            ("es", "Qué tal"),
            ("ES_es", "Qué tal"),
            ("de-AT", "Guten Tag"),
            ("fr", "Hello"),
        ] {
            assert_eq!(worded(&wording, language), Some(text), "{language}");
        }
        let one = Wording::from([("de".to_owned(), "Guten Tag".to_owned())]);
        assert_eq!(worded(&one, "es"), Some("Guten Tag"));
        assert_eq!(worded(&Wording::from([("en".to_owned(), " ".to_owned())]), "en"), None);
        let blank = Wording::from([("en".to_owned(), " ".to_owned()), ("es".to_owned(), "Hola".to_owned())]);
        assert_eq!(worded(&blank, "en"), Some("Hola"), "a blank one hides no other");
        assert_eq!(worded(&Wording::new(), "en"), None);
    }
}

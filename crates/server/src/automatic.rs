//! Automatic replies: whether a client's message gets one, and what it says.
//!
//! **Invariant:** a conversation gets none within [`AGAIN_AFTER`] of its last one, whatever the reason.

use limpet_model::{Millis, Practice, worded};

use crate::hours::{is_open, zone};

/// How long a conversation is left alone after an automatic reply, milliseconds.
pub const AGAIN_AFTER: i64 = 12 * 60 * 60 * 1000;

/// What is known when a client's message has arrived.
#[derive(Debug, Clone, Copy)]
pub struct Arrived<'a> {
    /// When.
    pub at: Millis,
    /// Whether it is the client's first in this conversation.
    pub first: bool,
    /// When the conversation got its last automatic reply.
    pub last: Option<Millis>,
    /// Language tag of the client's device.
    pub language: &'a str,
}

/// The reply, or none.
pub fn reply(practice: &Practice, arrived: Arrived<'_>) -> Option<String> {
    if arrived.last.is_some_and(|last| arrived.at.since(last) < AGAIN_AFTER) {
        return None;
    }
    let settings = &practice.settings;
    let said = |wording| worded(wording, arrived.language).map(str::to_owned);
    if settings.offline {
        return said(&settings.offline_words).or_else(|| Some(away(practice, arrived.language)));
    }
    if !is_open(&settings.chat_hours, &zone(&practice.time_zone), arrived.at) {
        return said(&settings.away_words).or_else(|| Some(away(practice, arrived.language)));
    }
    said(&settings.first_words).filter(|_| arrived.first)
}

/// What a practice says that has not written anything.
fn away(practice: &Practice, language: &str) -> String {
    let spanish = language.split(['-', '_']).next().is_some_and(|tag| tag.eq_ignore_ascii_case("es"));
    let phone = practice.phone.trim();
    match (spanish, phone.is_empty()) {
        (false, true) => {
            "Thank you for your message. Nobody is here to answer right now; we will as soon as we are back."
                .into()
        }
        (false, false) => format!(
            "Thank you for your message. Nobody is here to answer right now; we will as soon as we are back. If it \
             cannot wait, call {phone}."
        ),
        (true, true) => {
            "Gracias por su mensaje. Ahora no hay nadie para responder; lo haremos en cuanto volvamos.".into()
        }
        (true, false) => format!(
            "Gracias por su mensaje. Ahora no hay nadie para responder; lo haremos en cuanto volvamos. Si no puede \
             esperar, llame al {phone}."
        ),
    }
}

#[cfg(test)]
mod tests {
    use limpet_model::{Hours, PracticeId, PracticeSettings, Span, Wording};

    use super::*;

    /// Noon in Madrid, a Sunday.
    const NOON: Millis = Millis(1_795_345_200_000);

    fn practice(settings: PracticeSettings) -> Practice {
        Practice {
            id: PracticeId::new(),
            name: "Lapa".into(),
            address: String::new(),
            phone: "555 0100".into(),
            time_zone: "Europe/Madrid".into(),
            settings: Box::new(settings),
        }
    }

    fn arrived(at: Millis) -> Arrived<'static> {
        Arrived { at, first: false, last: None, language: "es-ES" }
    }

    fn weekdays() -> Hours {
        let mut hours = Hours::default();
        hours.week[..5].fill(vec![Span { from: 540, to: 1020 }]);
        hours
    }

    #[test]
    fn nobody_is_told_off_hours_where_there_are_none() {
        assert_eq!(reply(&practice(PracticeSettings::default()), arrived(NOON)), None);
    }

    #[test]
    fn outside_the_hours_and_while_switched_off_the_client_reads_so_in_their_language() {
        let away = PracticeSettings { chat_hours: weekdays(), ..PracticeSettings::default() };
        assert!(reply(&practice(away.clone()), arrived(NOON)).unwrap().contains("llame al 555 0100"));
        assert_eq!(
            reply(&practice(away.clone()), arrived(Millis(NOON.0 + 24 * 3_600_000))),
            None,
            "Monday noon"
        );
        let words = Wording::from([("en".into(), "Closed".into()), ("es".into(), "Cerrado".into())]);
        let written = PracticeSettings { away_words: words, ..away };
        assert_eq!(reply(&practice(written), arrived(NOON)).as_deref(), Some("Cerrado"));
        let off = PracticeSettings {
            offline: true,
            offline_words: Wording::from([("en".into(), "Flooded".into())]),
            ..PracticeSettings::default()
        };
        assert_eq!(reply(&practice(off), arrived(NOON)).as_deref(), Some("Flooded"));
    }

    #[test]
    fn not_again_within_twelve_hours_and_the_first_message_once() {
        let off = practice(PracticeSettings { offline: true, ..PracticeSettings::default() });
        let again = |ms| reply(&off, Arrived { last: Some(NOON), ..arrived(Millis(NOON.0 + ms)) });
        assert_eq!(again(AGAIN_AFTER - 1), None);
        assert!(again(AGAIN_AFTER).is_some());
        let words = Wording::from([("en".into(), "Welcome".into())]);
        let welcome = practice(PracticeSettings { first_words: words, ..PracticeSettings::default() });
        assert_eq!(reply(&welcome, arrived(NOON)), None);
        assert!(reply(&welcome, Arrived { first: true, ..arrived(NOON) }).is_some());
    }
}

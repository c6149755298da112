//! The name under which a transcript is filed.
//!
//! **Invariant:** the name begins with the id that importers look for, is a legal file name on Windows, macOS and
//! Linux, and is the same for the same transcript however often it is filed.

use crate::Paper;

/// Characters of a patient's name that are kept.
const LONGEST_PATIENT: usize = 40;
/// Characters of an id that are kept.
const LONGEST_ID: usize = 40;

/// The name without its ending: `<patient id> <date> <patient> transcript <conversation> v<version>`.
///
/// Importers match the first run of digits to a record, hence the id of the practice management system first.
/// A patient that has none is named by the conversation. The conversation also stands near the end, so that two
/// conversations about one patient on one day do not claim the same name.
pub(crate) fn stem(paper: &Paper<'_>) -> String {
    let conversation = paper.conversation.to_string();
    let short: String = conversation.chars().rev().take(8).collect::<Vec<_>>().into_iter().rev().collect();
    let id = clean(&paper.patient.pms_id, LONGEST_ID).replace(' ', "-");
    let first = if id.is_empty() { short.clone() } else { id };
    let patient = clean(&paper.patient.name, LONGEST_PATIENT);
    let date: String = clean(paper.date, 10);
    let parts = [first.as_str(), date.as_str(), patient.as_str(), "transcript", short.as_str()];
    let named: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    format!("{} v{}", named.join(" "), paper.version)
}

/// Text as part of a file name: without what a file system forbids or a person cannot see, single spaces, no dot or
/// dash at the beginning, no dot or space at the end.
fn clean(text: &str, longest: usize) -> String {
    let legal = |character: char| if is_legal(character) { character } else { ' ' };
    let spaced: String = text.chars().map(legal).collect();
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let joined: String = words.join(" ").chars().take(longest).collect();
    joined.trim_start_matches(['.', '-', '~', ' ']).trim_end_matches(['.', ' ']).to_owned()
}

fn is_legal(character: char) -> bool {
    let forbidden = matches!(character, '<' | '>' | ':' | '"' | '/' | '\\' | '|' | '?' | '*');
    let unseen = matches!(
        character,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff0}'..='\u{ffff}' | '\u{e0000}'..='\u{e0fff}'
    );
    !forbidden && !unseen && !character.is_control()
}

#[cfg(test)]
pub(crate) mod tests {
    use limpet_model::{Client, Patient, Sex};
    use proptest::prelude::*;

    use super::*;

    /// A client and a patient for papers in tests.
    pub(crate) fn people(pms_id: &str, name: &str) -> (Client, Patient) {
        let client = Client {
            id: "019a8d00-0000-7000-8000-000000000020".parse().unwrap(),
            name: "Ana Ruiz".into(),
            email: String::new(),
            phone: String::new(),
            address: String::new(),
            pms_id: String::new(),
        };
        let patient = Patient {
            id: "019a8d00-0000-7000-8000-000000000021".parse().unwrap(),
            client: client.id,
            name: name.into(),
            species: "Dog".into(),
            breed: String::new(),
            sex: Sex::Unknown,
            born: String::new(),
            colour: String::new(),
            weight_kg: None,
            alert: String::new(),
            pms_id: pms_id.into(),
        };
        (client, patient)
    }

    /// A paper in tests.
    pub(crate) fn paper<'a>(pdf: &'a [u8], people: &'a (Client, Patient)) -> Paper<'a> {
        Paper {
            pdf,
            conversation: "019a8d00-0000-7000-8000-0000f00dcafe".parse().unwrap(),
            client: &people.0,
            patient: &people.1,
            date: "2026-11-20",
            version: 1,
            description: "Limps after walks",
        }
    }

    fn named(pms_id: &str, name: &str) -> String {
        stem(&paper(b"", &people(pms_id, name)))
    }

    #[test]
    fn the_id_comes_first() {
        assert_eq!(named("88231", "Biscuit"), "88231 2026-11-20 Biscuit transcript f00dcafe v1");
        assert_eq!(named("", "Biscuit"), "f00dcafe 2026-11-20 Biscuit transcript f00dcafe v1");
        assert_eq!(
            named("A/7 1", ".Ñoño: \"the\tbest\""),
            "A-7-1 2026-11-20 Ñoño the best transcript f00dcafe v1"
        );
        assert_eq!(named("7", ""), "7 2026-11-20 transcript f00dcafe v1");
    }

    proptest! {
        #[test]
        fn every_name_is_legal_everywhere(pms_id in any::<String>(), name in any::<String>()) {
            let file = format!("{}.pdf", named(&pms_id, &name));
            prop_assert!(file.encode_utf16().count() < 200);
            prop_assert!(file.len() <= 255);
            prop_assert!(!file.starts_with(['.', ' ', '-', '~']));
            prop_assert!(file.chars().all(is_legal));
            prop_assert!(!file.contains("  "));
            prop_assert!(file.ends_with(" v1.pdf"));
            let device = file.split(['.', ' ']).next().unwrap().to_ascii_uppercase();
            prop_assert!(file.contains(' ') && !device.is_empty());
        }
    }
}

//! Why JSON was not taken, for whoever wrote the program that sent it: which field, and what it has to be.
//!
//! **Invariant:** nothing of what was sent is said again but the names of fields.

use std::fmt;

use serde_json::error::Category;

/// Longest name of a field that is said, characters.
const LONGEST: usize = 100;

/// What was wrong, as part of a sentence.
#[derive(Debug)]
pub(super) struct Misread(String);

impl Misread {
    /// It is no JSON at all.
    pub(super) fn no_json(error: &serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        Self(match error.classify() {
            Category::Eof => "the JSON ends too early".to_owned(),
            _ => format!("it is not JSON from line {line}, column {column} on"),
        })
    }

    /// A list stands there for an object.
    pub(super) fn list(field: &str) -> Self {
        Self(format!("{} has to be an object", named(field)))
    }

    /// A field does not fit.
    pub(super) fn at(error: &serde_path_to_error::Error<serde_json::Error>) -> Self {
        let path = error.path().to_string();
        // The path of the whole is a dot.
        let path = if path == "." { "" } else { &path };
        let said = error.inner().to_string();
        if let Some(field) = said.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
            let dot = if path.is_empty() { "" } else { "." };
            return Self(format!("{} is missing", named(&format!("{path}{dot}{field}"))));
        }
        if said.starts_with("UUID parsing failed") {
            return Self(format!("{} has to be a UUID", named(path)));
        }
        if said.starts_with("unknown field `") {
            return Self(format!("{} is not known", named(path)));
        }
        Self(match expected(&said) {
            Some(expected) => format!("{} has to be {expected}", named(path)),
            None => format!("{} is not as it has to be", named(path)),
        })
    }
}

impl fmt::Display for Misread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A field by its path, as far as that looks like one: what else was sent for a name is not said again.
fn named(path: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_-.[]".contains(letter);
    match path.chars().count() {
        0 => "it".to_owned(),
        length if length <= LONGEST && path.chars().all(is_plain) => format!("the field {path}"),
        _ => "a field".to_owned(),
    }
}

/// What would have fitted. Of a sentence that is none of serde's nothing is told: it may say what was sent.
fn expected(said: &str) -> Option<String> {
    const STARTS: [&str; 4] = ["invalid type: ", "invalid value: ", "invalid length ", "unknown variant `"];
    if !STARTS.iter().any(|start| said.starts_with(start)) {
        return None;
    }
    // What is expected is our own; before it stands what was sent.
    let (_, expected) = said.rsplit_once(", expected ")?;
    let range = said.starts_with("invalid value: integer").then(|| range(expected)).flatten();
    Some(range.unwrap_or_else(|| in_words(expected)))
}

/// Between which numbers a whole number has to be that is too large or too small.
fn range(expected: &str) -> Option<String> {
    let (least, most) = match expected {
        "i8" => (i64::from(i8::MIN), i8::MAX as u64),
        "i16" => (i64::from(i16::MIN), i16::MAX as u64),
        "i32" => (i64::from(i32::MIN), i32::MAX as u64),
        "i64" => (i64::MIN, i64::MAX as u64),
        "u8" => (0, u64::from(u8::MAX)),
        "u16" => (0, u64::from(u16::MAX)),
        "u32" => (0, u64::from(u32::MAX)),
        "u64" => (0, u64::MAX),
        _ => return None,
    };
    Some(format!("a whole number from {least} to {most}"))
}

/// What serde expects, as people say it.
fn in_words(expected: &str) -> String {
    match expected {
        "i8" | "i16" | "i32" | "i64" => "a whole number".to_owned(),
        "u8" | "u16" | "u32" | "u64" => "a whole number, 0 or more".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "an object".to_owned(),
        "a formatted UUID string" => "a UUID".to_owned(),
        "unit" => "null".to_owned(),
        _ if expected.starts_with("struct ") || expected.starts_with("internally tagged") => {
            "an object".to_owned()
        }
        _ if expected.starts_with("tuple struct ") => "another value".to_owned(),
        _ => expected.replace('`', ""),
    }
}

#[cfg(test)]
mod tests {
    use limpet_model::ConversationId;
    use limpet_wire::http::{NewMessage, PracticeChange, ReadUpTo};
    use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned, de::Error};
    use serde_json::{Value, json};

    use super::super::read;

    fn why<T: DeserializeOwned + Serialize>(sent: &str) -> String {
        read::<T>(sent.as_bytes()).err().map(|misread| misread.to_string()).unwrap_or_default()
    }

    fn message(change: impl FnOnce(&mut Value)) -> String {
        let file = json!({
            "id": ConversationId::new(), "kind": "clip", "name": "x.mov", "mime": "", "bytes": 7, "caption": "",
        });
        let mut sent = json!({
            "conversation": ConversationId::new(), "audience": "staff", "body": "x", "sent_at": 1, "attachments": [file],
        });
        change(&mut sent);
        why::<NewMessage>(&sent.to_string())
    }

    #[test]
    fn the_field_is_named_and_what_it_has_to_be() {
        assert_eq!(message(|_| {}), "");
        let bytes = message(|sent| sent["attachments"][0]["bytes"] = json!("much"));
        assert_eq!(bytes, "the field attachments[0].bytes has to be a whole number");
        assert_eq!(message(|sent| sent["body"] = json!(7)), "the field body has to be a string");
        let audience = message(|sent| sent["audience"] = json!("secret, expected nobody"));
        assert_eq!(audience, "the field audience has to be everyone or staff");
        let gone =
            message(|sent| sent["attachments"][0].as_object_mut().unwrap().retain(|name, _| name != "kind"));
        assert_eq!(gone, "the field attachments[0].kind is missing");
        assert_eq!(message(|sent| sent["attachments"] = json!({})), "the field attachments has to be a list");
        assert_eq!(
            message(|sent| sent["attachments"] = json!([[]])),
            "the field attachments[0] has to be an object"
        );
        let id = message(|sent| sent["conversation"] = json!("Biscuit limps"));
        assert_eq!(id, "the field conversation has to be a UUID");
    }

    #[test]
    fn a_number_out_of_range_is_told_the_range_and_a_field_that_is_none_that_it_is_not_known() {
        let years = |years: &str| why::<PracticeChange>(&format!("{{\"retention_years\": {years}}}"));
        let range = "the field retention_years has to be a whole number from 0 to 4294967295";
        assert_eq!([years("5000000000"), years("-1")], [range, range]);
        assert_eq!(years("\"7\""), "the field retention_years has to be a whole number, 0 or more");
        let at = why::<ReadUpTo>("{\"at\": 18446744073709551615}");
        assert_eq!(
            at,
            "the field at has to be a whole number from -9223372036854775808 to 9223372036854775807"
        );
        assert_eq!(why::<PracticeChange>("{\"colour\": \"red\"}"), "the field colour is not known");
        assert_eq!(why::<PracticeChange>("{\"Biscuit limps\": 1}"), "a field is not known");
    }

    #[test]
    fn a_sentence_that_may_quote_what_was_sent_is_not_said_again() {
        #[derive(Debug, Serialize)]
        struct Day(String);
        impl<'de> Deserialize<'de> for Day {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = String::deserialize(from)?;
                Err(D::Error::custom(format!("{text}: no day, expected {text}")))
            }
        }
        assert_eq!(why::<Day>("\"Biscuit limps\""), "it is not as it has to be");
    }

    #[test]
    fn what_is_no_json_is_said_to_be_none_and_where() {
        assert_eq!(why::<ReadUpTo>("{\"at\": 7"), "the JSON ends too early");
        assert_eq!(why::<ReadUpTo>("{\"at\": Biscuit}"), "it is not JSON from line 1, column 8 on");
        assert_eq!(why::<ReadUpTo>("7"), "it has to be an object");
    }
}

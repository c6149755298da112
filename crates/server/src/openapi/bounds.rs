//! What a schema cannot take from a type: how long, how large, how many. Each limit is the one that `words` enforces.
//!
//! **Invariant:** a line that names nothing fails a test.

use limpet_wire::{
    http::{MESSAGE_LIMIT, UPLOAD_LIMIT},
    integrations::{Event, Scope},
};
use serde_json::{Map, Value, json};

use crate::{
    limits::{self, ATTACHMENTS_LIMIT, MEDIA_TIME_LIMIT, TIME_LIMIT, WEIGHT_LIMIT, WEIGHT_MINIMUM},
    secrets::{PASSWORD_MAXIMUM, PASSWORD_MINIMUM},
};

/// A day as it is written; whether there was one, `words` says.
const DATE: &str = "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$";
/// Minutes of a day, whose last one ends at midnight.
const DAY_MINUTES: i64 = 24 * 60;

/// Type, field (empty for the type itself), and what else is true of it.
fn bounds() -> Vec<(&'static str, &'static str, Value)> {
    let whole = |least: i64, most: i64| json!({ "minimum": least, "maximum": most });
    vec![
        ("Millis", "", whole(0, TIME_LIMIT)),
        ("Micros", "", whole(-MEDIA_TIME_LIMIT, MEDIA_TIME_LIMIT)),
        ("Revision", "", json!({ "minimum": 0 })),
        ("Client", "name", limits::NAME.bounds()),
        ("Client", "email", limits::EMAIL.bounds()),
        ("Client", "phone", limits::PHONE.bounds()),
        ("Client", "address", limits::ADDRESS.bounds()),
        ("Client", "pms_id", limits::PMS_ID.bounds()),
        ("Patient", "name", limits::NAME.bounds()),
        ("Patient", "species", limits::SPECIES.bounds()),
        ("Patient", "breed", limits::BREED.bounds()),
        ("Patient", "colour", limits::COLOUR.bounds()),
        ("Patient", "alert", limits::ALERT.bounds()),
        ("Patient", "pms_id", limits::PMS_ID.bounds()),
        ("Patient", "born", json!({ "pattern": limits::BORN })),
        ("Patient", "weight_kg", json!({ "minimum": WEIGHT_MINIMUM, "maximum": WEIGHT_LIMIT })),
        ("StaffChange", "name", limits::NAME.bounds()),
        ("StaffChange", "email", limits::EMAIL_NEEDED.bounds()),
        ("NewPassword", "new", json!({ "minLength": PASSWORD_MINIMUM, "maxLength": PASSWORD_MAXIMUM })),
        ("NewToken", "name", limits::NAME.bounds()),
        ("NewToken", "scopes", json!({ "minItems": 1, "maxItems": Scope::ALL.len() })),
        ("NewWebhook", "url", limits::URL.bounds()),
        ("NewWebhook", "events", json!({ "minItems": 1, "maxItems": Event::ALL.len() })),
        ("NewStaff", "name", limits::NAME.bounds()),
        ("NewStaff", "email", limits::EMAIL_NEEDED.bounds()),
        ("PasswordReset", "email", limits::EMAIL_NEEDED.bounds()),
        ("PracticeChange", "name", limits::NAME.bounds()),
        ("PracticeChange", "address", limits::ADDRESS.bounds()),
        ("PracticeChange", "phone", limits::PHONE.bounds()),
        ("PracticeChange", "letterhead", limits::LETTERHEAD.bounds()),
        ("PracticeChange", "offline_words", wording(limits::OFFLINE_WORDS)),
        ("PracticeChange", "away_words", wording(limits::REPLY)),
        ("PracticeChange", "first_words", wording(limits::REPLY)),
        ("PracticeChange", "consent", wording(limits::CONSENT)),
        ("PracticeChange", "upload_limit", whole(limits::UPLOAD_LIMIT_MINIMUM, UPLOAD_LIMIT)),
        ("PracticeChange", "retention_years", whole(0, limits::YEARS_LIMIT.into())),
        ("PracticeChange", "escalate_minutes", whole(0, limits::ESCALATE_LIMIT.into())),
        ("Hours", "days", json!({ "maxItems": limits::DAYS_LIMIT })),
        ("Day", "spans", json!({ "maxItems": limits::SPANS_LIMIT })),
        ("Day", "date", json!({ "pattern": DATE })),
        ("Span", "from", whole(0, DAY_MINUTES - 1)),
        ("Span", "to", whole(1, DAY_MINUTES)),
        ("NewConsent", "version", json!({ "maximum": u32::MAX })),
        ("Department", "name", limits::LABEL.bounds()),
        ("Department", "position", whole(i32::MIN.into(), i32::MAX.into())),
        ("Tag", "name", limits::LABEL.bounds()),
        ("Tag", "position", whole(i32::MIN.into(), i32::MAX.into())),
        ("Template", "title", limits::NAME.bounds()),
        ("Template", "body", limits::TEMPLATE.bounds()),
        ("Template", "language", json!({ "pattern": limits::LANGUAGE })),
        ("Template", "tags", json!({ "maxItems": limits::TAGS_LIMIT })),
        ("Template", "position", whole(i32::MIN.into(), i32::MAX.into())),
        ("ConversationChange", "tags", json!({ "maxItems": limits::TAGS_LIMIT })),
        ("NewHold", "reason", limits::REASON.bounds()),
        ("NewConversation", "subject", limits::SUBJECT.bounds()),
        ("ConversationChange", "summary", limits::WORDS.bounds()),
        ("ConversationChange", "plan", limits::WORDS.bounds()),
        ("NewMessage", "body", limits::WORDS.bounds()),
        ("NewMessage", "attachments", json!({ "maxItems": ATTACHMENTS_LIMIT })),
        ("NewMessage", "mentions", json!({ "maxItems": limits::MENTIONS_LIMIT })),
        ("MessageChange", "body", limits::WORDS.bounds()),
        ("BulkChange", "conversations", json!({ "maxItems": limits::BULK_LIMIT })),
        ("NewExport", "sha256", json!({ "pattern": "^[0-9a-f]{64}$" })),
        ("NewMessage", "", something_to_say()),
        ("StillOf", "frame", json!({ "maximum": u32::MAX })),
        ("NewAttachment", "name", limits::FILE_NAME.bounds()),
        ("NewAttachment", "mime", limits::MIME.bounds()),
        ("NewAttachment", "caption", limits::CAPTION.bounds()),
        ("NewAttachment", "bytes", whole(1, UPLOAD_LIMIT)),
        ("NewAttachment", "", only_a_still_is_of_a_clip()),
    ]
}

/// Text by language.
fn wording(text: limits::Text) -> Value {
    let mut words = text.bounds();
    words["type"] = json!("string");
    json!({
        "maxProperties": limits::LANGUAGES_LIMIT,
        "propertyNames": { "pattern": limits::LANGUAGE },
        "additionalProperties": words,
    })
}

/// Words, or a file.
fn something_to_say() -> Value {
    let words = limits::Text::needed(MESSAGE_LIMIT).bounds();
    json!({ "anyOf": [
        { "properties": { "body": words } },
        { "properties": { "attachments": { "minItems": 1 } } },
    ] })
}

fn only_a_still_is_of_a_clip() -> Value {
    json!({
        "if": { "properties": { "kind": { "const": "still" } } },
        "then": { "required": ["still_of"], "properties": { "still_of": { "type": "object" } } },
        "else": { "properties": { "still_of": { "type": "null" } } },
    })
}

/// Adds them to the schemas.
pub(super) fn add(definitions: &mut Map<String, Value>) {
    for (kind, field, more) in bounds() {
        let Some(schema) = definitions.get_mut(kind) else { continue };
        let place = if field.is_empty() { Some(schema) } else { schema["properties"].get_mut(field) };
        if let (Some(place), Some(more)) = (place.and_then(Value::as_object_mut), more.as_object()) {
            place.extend(more.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bound_stands_in_the_document() {
        let document = super::super::document();
        for (kind, field, more) in bounds() {
            let schema = &document["components"]["schemas"][kind];
            let place = if field.is_empty() { schema } else { &schema["properties"][field] };
            for (key, value) in more.as_object().unwrap() {
                assert_eq!(&place[key], value, "{kind}.{field} {key}");
            }
        }
    }
}

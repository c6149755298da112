//! Reading what was sent: JSON, ids and questions, with a sentence when it does not fit.

mod misread;

use std::{str::FromStr, time::Duration};

use axum::{
    body::Body,
    extract::{FromRequest, FromRequestParts, Path, Query, Request},
    http::{StatusCode, header, request::Parts},
};
use futures_util::StreamExt;
use limpet_wire::Code;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use self::misread::Misread;
use crate::{
    app::App,
    blobs::Part,
    failure::{Answer, Problem},
};

/// Most bytes of JSON: the longest message, with room for escapes.
const JSON_LIMIT: usize = 256 * 1024;
/// How long JSON or a form may take to arrive.
pub const WORDS_TIME: Duration = Duration::from_secs(30);

/// Why a body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unread {
    /// It has more bytes than are taken.
    TooLong,
    /// Not all of it came in time, or the connection broke.
    CutOff,
}

impl Unread {
    /// What is said of it: of one that is too long, this.
    pub fn or(self, too_long: impl FnOnce() -> Problem) -> Problem {
        match self {
            Self::TooLong => too_long(),
            Self::CutOff => Problem::new(Code::Offline, "The connection is too slow. Try again."),
        }
    }
}

/// A body of at most `limit` bytes that is all here within `time`.
pub async fn whole_body(body: Body, limit: usize, time: Duration) -> Result<Vec<u8>, Unread> {
    let whole = async {
        let (mut whole, mut parts) = (Vec::new(), body.into_data_stream());
        while let Some(part) = parts.next().await {
            let part = part.map_err(|_| Unread::CutOff)?;
            if whole.len() + part.len() > limit {
                return Err(Unread::TooLong);
            }
            whole.extend_from_slice(&part);
        }
        Ok(whole)
    };
    tokio::time::timeout(time, whole).await.unwrap_or(Err(Unread::CutOff))
}

/// A JSON body.
pub struct Sent<T>(pub T);

impl<T: DeserializeOwned + Serialize> FromRequest<App> for Sent<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &App) -> Answer<Self> {
        // A form of another site cannot send this type without asking first, and is told no.
        let is_json =
            request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(
                |value| value.split(';').next().is_some_and(|kind| kind.trim() == "application/json"),
            );
        if !is_json {
            return Err(Problem::invalid(
                "This has to be sent as application/json. If an app sent it, update the app.",
            )
            .with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
        }
        let body = whole_body(request.into_body(), JSON_LIMIT, WORDS_TIME).await;
        let too_long =
            || Problem::new(Code::TooLarge, "That is too much text for one message. Split it in two.");
        let body = body.map_err(|unread| unread.or(too_long))?;
        read(&body).map(Self).map_err(|misread| {
            // That, not what: the text may be a client's.
            tracing::warn!("Unreadable JSON");
            Problem::invalid(format!(
                "The server cannot read what was sent: {misread}. If an app sent it, update the app."
            ))
        })
    }
}

/// Reads JSON as a schema means it: 3.0 is a whole number, and a list is no object, which serde would take for one.
fn read<T: DeserializeOwned + Serialize>(body: &[u8]) -> Result<T, Misread> {
    let mut sent: Value = serde_json::from_slice(body).map_err(|error| Misread::no_json(&error))?;
    make_whole(&mut sent);
    let read: T = serde_path_to_error::deserialize(&sent).map_err(|error| Misread::at(&error))?;
    let whole = serde_json::to_value(&read).map_err(|error| Misread::no_json(&error))?;
    match list_for_object(&sent, &whole, String::new()) {
        Some(field) => Err(Misread::list(&field)),
        None => Ok(read),
    }
}

fn make_whole(value: &mut Value) {
    /// Up to here every whole number has a floating point number of its own.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::Number(number) if number.is_f64() => {
            let float = number.as_f64().unwrap_or_default();
            if float.fract() == 0.0 && float.abs() <= EXACT {
                #[expect(clippy::cast_possible_truncation, reason = "it is whole and small enough")]
                let whole = float as i64;
                *value = whole.into();
            }
        }
        Value::Array(values) => values.iter_mut().for_each(make_whole),
        Value::Object(fields) => fields.values_mut().for_each(make_whole),
        _ => {}
    }
}

/// Where a list stands for an object, if anywhere.
fn list_for_object(sent: &Value, read: &Value, at: String) -> Option<String> {
    match (sent, read) {
        (Value::Array(_), Value::Object(_)) => Some(at),
        (Value::Array(sent), Value::Array(read)) => {
            let mut both = sent.iter().zip(read).enumerate();
            both.find_map(|(index, (sent, read))| list_for_object(sent, read, format!("{at}[{index}]")))
        }
        (Value::Object(sent), Value::Object(read)) => read.iter().find_map(|(name, read)| {
            let dot = if at.is_empty() { "" } else { "." };
            list_for_object(sent.get(name)?, read, format!("{at}{dot}{name}"))
        }),
        _ => None,
    }
}

/// The one id in a path.
pub struct IdOf<T>(pub T);

impl<T: FromStr> FromRequestParts<App> for IdOf<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Answer<Self> {
        let Path(text) =
            Path::<String>::from_request_parts(parts, app).await.map_err(|_| Problem::not_found("page"))?;
        text.parse().map(Self).map_err(|_| Problem::not_found("page"))
    }
}

/// The id in a path, and the part of a file that follows it.
pub struct PartOf<T>(pub T, pub Part);

impl<T: FromStr> FromRequestParts<App> for PartOf<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Answer<Self> {
        let Path((id, part)) = Path::<(String, String)>::from_request_parts(parts, app)
            .await
            .map_err(|_| Problem::not_found("page"))?;
        let id = id.parse().map_err(|_| Problem::not_found("file"))?;
        Ok(Self(id, Part::read(&part).ok_or_else(|| Problem::not_found("page"))?))
    }
}

/// What stands after the question mark.
pub struct Asked<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<App> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Answer<Self> {
        let Query(asked) = Query::from_request_parts(parts, app).await.map_err(|_| {
            Problem::invalid(
                "The server cannot read the question after the address. If an app sent it, update the app.",
            )
        })?;
        Ok(Self(asked))
    }
}

#[cfg(test)]
mod tests {
    use limpet_wire::http::{ConversationChange, NewMessage, ReadUpTo};

    use super::*;

    #[tokio::test]
    async fn a_body_has_an_end_and_a_time() {
        use futures_util::stream;
        type Piece = Result<&'static str, std::io::Error>;
        let read = async |pieces: Vec<Piece>, goes_on: bool| {
            let pieces = stream::iter(pieces);
            let body = if goes_on {
                Body::from_stream(pieces.chain(stream::pending()))
            } else {
                Body::from_stream(pieces)
            };
            let read = whole_body(body, 6, Duration::from_millis(50));
            tokio::time::timeout(Duration::from_secs(5), read).await.unwrap()
        };
        assert_eq!(read(vec![Ok("abc"), Ok("def")], false).await, Ok(b"abcdef".to_vec()));
        assert_eq!(read(vec![Ok("abc"), Ok("defg")], false).await, Err(Unread::TooLong));
        assert_eq!(read(vec![Ok("abc")], true).await, Err(Unread::CutOff), "it never ends");
        let broken = std::io::Error::other("gone");
        assert_eq!(read(vec![Ok("abc"), Err(broken)], false).await, Err(Unread::CutOff));
    }

    #[test]
    fn numbers_and_objects_are_read_as_a_schema_means_them() {
        let mark = |text: &str| read::<ReadUpTo>(text.as_bytes()).map(|mark| mark.at.0).ok();
        assert_eq!([mark(r#"{"at": 7.0}"#), mark(r#"{"at": 7e2}"#)], [Some(7), Some(700)]);
        let why = |text: &str| read::<ReadUpTo>(text.as_bytes()).err().map(|misread| misread.to_string());
        assert_eq!(why("[7]").as_deref(), Some("it has to be an object"));
        for bad in [r#"{"at": 7.5}"#, r#"{"at": 1e300}"#, r#"{"at": "7"}"#, "[7]", "7", ""] {
            assert_eq!(mark(bad), None, "{bad}");
        }
        let assigns = |text: &str| read::<ConversationChange>(text.as_bytes()).is_ok();
        assert!(assigns(r#"{"assign": {"to": null}}"#) && assigns(r#"{"assign": null, "more": [1]}"#));
        assert!(!assigns(r#"{"assign": [null]}"#) && !assigns("[]"));
        let id = limpet_model::ConversationId::new();
        let files = |files: &str| {
            let text = format!(
                r#"{{"conversation": "{id}", "audience": "staff", "body": "x", "sent_at": 1, "attachments": {files}}}"#
            );
            read::<NewMessage>(text.as_bytes()).is_ok()
        };
        let fields = format!(r#""{id}", "clip", "x.mov", "", 7, "", null, null"#);
        assert!(files("[]") && !files(&format!("[[{fields}]]")));
    }
}

//! On which terms something is read or changed: tags of states (RFC 9110), and keys that make a repetition harmless.
//!
//! The tag of a thing is the revision at which it last changed. Who reads says which state it has and is told that
//! nothing changed. Who writes may say which state it saw, and nothing is done when there is another by now; and may
//! give the write a key, so that the same write, repeated late, does not undo what somebody else did meanwhile.

use axum::{
    Json,
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use limpet_model::Revision;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::{
    app::App,
    failure::{Answer, Problem},
    openapi::{Answers, Asks, Telling},
    range::is_current,
    store::terms::{Once, OnlyIf, Terms},
};

/// The key of a write.
const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Longest key, characters.
const KEY_LIMIT: usize = 100;

fn tag_of(revision: Revision) -> String {
    format!("\"{}\"", revision.0)
}

fn tag_header(revision: Revision) -> Answer<HeaderValue> {
    HeaderValue::from_str(&tag_of(revision)).map_err(|error| Problem::internal(&error))
}

/// The states that the asker has.
pub struct Known(HeaderMap);

impl Known {
    /// A thing as it is, or that it is as the asker has it.
    pub fn or<T: Serialize>(&self, revision: Revision, state: T) -> Answer<Tagged<T>> {
        let known = is_current(&self.0, &tag_of(revision));
        Ok(Tagged { state: (!known).then_some(state), tag: tag_header(revision)? })
    }
}

impl FromRequestParts<App> for Known {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Answer<Self> {
        Ok(Self(parts.headers.clone()))
    }
}

/// A thing with the tag of its state; nothing but the tag when the asker has it.
pub struct Tagged<T> {
    state: Option<T>,
    tag: HeaderValue,
}

impl<T: Serialize> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        let mut response = match self.state {
            Some(state) => Json(state).into_response(),
            None => StatusCode::NOT_MODIFIED.into_response(),
        };
        let headers = response.headers_mut();
        headers.insert(header::ETAG, self.tag);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
        headers.insert(header::VARY, HeaderValue::from_static("authorization, cookie"));
        response
    }
}

/// Done, and there is nothing to say.
pub struct Done;

impl IntoResponse for Done {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

/// Done, with the tag of the new state. Without one when it was done before.
pub struct Changed(pub Option<Revision>);

impl IntoResponse for Changed {
    fn into_response(self) -> Response {
        let mut response = StatusCode::NO_CONTENT.into_response();
        if let Some(tag) = self.0.and_then(|revision| tag_header(revision).ok()) {
            response.headers_mut().insert(header::ETAG, tag);
        }
        response
    }
}

/// What the asker says about a write.
pub struct On(pub Terms);

impl FromRequestParts<App> for On {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Answer<Self> {
        let once = match parts.headers.get(KEY) {
            None => None,
            Some(key) => {
                let plain = |key: &&str| key.bytes().all(|byte| byte.is_ascii_graphic());
                let key = key.to_str().ok().filter(|key| (1..=KEY_LIMIT).contains(&key.len())).filter(plain);
                let key = key.ok_or_else(|| {
                    Problem::invalid(format!("The Idempotency-Key is not 1 to {KEY_LIMIT} plain characters."))
                })?;
                Some(Once { key: key.to_owned() })
            }
        };
        Ok(Self(Terms { only_if: only_if(&parts.headers), once }))
    }
}

fn only_if(headers: &HeaderMap) -> Option<OnlyIf> {
    let mut tags = headers.get_all(header::IF_MATCH).iter().peekable();
    tags.peek()?;
    let tags: Vec<&str> = tags
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect();
    if tags.contains(&"*") {
        return Some(OnlyIf::There);
    }
    // What is no tag of ours matches nothing.
    let read = |tag: &&str| tag.strip_prefix('"')?.strip_suffix('"')?.parse().ok().map(Revision);
    Some(OnlyIf::At(tags.iter().filter_map(read).collect()))
}

impl Asks for Known {
    fn ask(telling: &mut Telling<'_>) {
        let words = "The tags of the states that the asker has.";
        telling.parameter("header", "If-None-Match", false, &json!({ "type": "string" }), words);
        telling.answers(304, "The asker has it as it is.");
    }
}

impl Asks for On {
    fn ask(telling: &mut Telling<'_>) {
        let words = "Only if it is still so: the tags of the states that the asker saw, or `*`.";
        telling.parameter("header", "If-Match", false, &json!({ "type": "string" }), words);
        let key = json!({ "type": "string", "minLength": 1, "maxLength": KEY_LIMIT, "pattern": "^[!-~]+$" });
        let words = "Names this write. The same write with the same key is done once, however late it is repeated; \
                     kept for 90 days.";
        telling.parameter("header", "Idempotency-Key", false, &key, words);
        telling.fails(&[400, 409, 412]);
    }
}

impl<T: JsonSchema> Answers for Tagged<T> {
    fn answer(telling: &mut Telling<'_>) {
        Json::<T>::answer(telling);
        let tag = json!({ "type": "string" });
        telling.header(200, "ETag", true, &tag, "The tag of this state.");
        telling.header(304, "ETag", true, &tag, "The tag of this state.");
    }
}

impl Answers for Done {
    fn answer(telling: &mut Telling<'_>) {
        telling.answers(204, "Done.");
    }
}

impl Answers for Changed {
    fn answer(telling: &mut Telling<'_>) {
        telling.answers(204, "Done, now or before.");
        let words = "The tag of the new state; missing when it was done before.";
        telling.header(204, "ETag", false, &json!({ "type": "string" }), words);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_that_are_not_ours_match_nothing() {
        let read = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_MATCH, HeaderValue::from_static(text));
            only_if(&headers)
        };
        assert_eq!(only_if(&HeaderMap::new()), None);
        assert_eq!(read("*"), Some(OnlyIf::There));
        assert_eq!(read("\"3\", \"4\""), Some(OnlyIf::At(vec![Revision(3), Revision(4)])));
        for nothing in ["W/\"3\"", "3", "\"x\"", "", "\"99999999999999999999\""] {
            assert_eq!(read(nothing), Some(OnlyIf::At(Vec::new())), "{nothing}");
        }
    }
}

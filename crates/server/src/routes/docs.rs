//! What there is to read for whoever writes an integration: the OpenAPI document, and a word about each code.

use std::sync::LazyLock;

use axum::{
    Json,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::{
    body::IdOf,
    failure::{Answer, CODES, Problem, status_of, title_of, word_of},
    openapi::{self, Answers, Telling},
};

static DOCUMENT: LazyLock<String> = LazyLock::new(|| openapi::document().to_string());

/// The document, as it is sent.
pub struct Document;

impl IntoResponse for Document {
    fn into_response(self) -> Response {
        let mut response = DOCUMENT.as_str().into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        response
    }
}

impl Answers for Document {
    fn answer(telling: &mut Telling<'_>) {
        telling.answers_with(200, "This document.", "application/json", &json!({ "type": "object" }));
    }
}

/// `GET /v1/openapi.json`
pub async fn openapi() -> Document {
    Document
}

/// What a code means.
#[derive(Serialize, JsonSchema)]
pub struct Meaning {
    /// The code.
    code: &'static str,
    /// In a few words.
    title: &'static str,
    /// The HTTP status that it usually comes with.
    status: u16,
}

/// `GET /v1/problems/{code}`
pub async fn problem(IdOf(word): IdOf<String>) -> Answer<Json<Meaning>> {
    let code = CODES.into_iter().find(|code| word_of(*code) == word);
    let code = code.ok_or_else(|| Problem::not_found("code"))?;
    Ok(Json(Meaning { code: word_of(code), title: title_of(code), status: status_of(code).as_u16() }))
}

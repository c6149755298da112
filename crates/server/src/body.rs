//! Reading what was sent: JSON and ids, with a sentence when it does not fit.

use std::{str::FromStr, time::Duration};

use axum::{
    body::to_bytes,
    extract::{FromRequest, FromRequestParts, Path, Request},
    http::{header, request::Parts},
};
use limpet_wire::Code;
use serde::de::DeserializeOwned;

use crate::{
    app::App,
    failure::{Answer, Problem},
};

/// Most bytes of JSON: the longest message, with room for escapes.
const JSON_LIMIT: usize = 256 * 1024;
/// How long JSON may take to arrive.
const JSON_TIME: Duration = Duration::from_secs(30);

/// A JSON body.
pub struct Sent<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Sent<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &App) -> Answer<Self> {
        // A form of another site cannot send this type without asking first, and is told no.
        let is_json =
            request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(
                |value| value.split(';').next().is_some_and(|kind| kind.trim() == "application/json"),
            );
        if !is_json {
            return Err(Problem::invalid("This app sent something the server cannot read. Update the app."));
        }
        let body = tokio::time::timeout(JSON_TIME, to_bytes(request.into_body(), JSON_LIMIT)).await;
        let Ok(body) = body else {
            return Err(Problem::new(Code::Offline, "The connection is too slow. Try again."));
        };
        let body = body.map_err(|_| {
            Problem::new(Code::TooLarge, "That is too much text for one message. Split it in two.")
        })?;
        serde_json::from_slice(&body).map(Self).map_err(|error| {
            // Where, not what: the text may be a client's.
            tracing::warn!(line = error.line(), column = error.column(), "Unreadable JSON");
            Problem::invalid("This app sent something the server cannot read. Update the app.")
        })
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

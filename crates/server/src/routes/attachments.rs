//! `GET, HEAD /v1/attachments/{id}/{original,rendition,poster}`: bytes for a session.

use axum::{
    extract::State,
    http::{HeaderMap, Method},
    response::Response,
};
use limpet_model::AttachmentId;
use serde_json::json;

use crate::{
    access::Caller,
    app::App,
    blobs::Part,
    body::PartOf,
    deliver::deliver,
    failure::{Answer, Problem},
    openapi::Telling,
};

/// `GET, HEAD /v1/attachments/{id}/{part}`
pub async fn bytes(
    State(app): State<App>,
    caller: Caller,
    PartOf(id, part): PartOf<AttachmentId>,
    method: Method,
    headers: HeaderMap,
) -> Answer<Response> {
    let attachment = app
        .store
        .attachment(caller.practice(), caller.view(), id)
        .await?
        .ok_or_else(|| Problem::not_found("attachment"))?;
    // Posters are in every list; who looks at the thing itself is written down.
    if method == Method::GET && part != Part::Poster {
        app.openings.log(&app, caller.by(app.now()), id, part.word(), caller.0.id()).await?;
    }
    deliver(&app, caller.practice(), &attachment, part, &method, &headers).await
}

/// Tells of bytes: a range of them, and a tag by which a player goes on.
pub fn tell_bytes(telling: &mut Telling<'_>) {
    let text = json!({ "type": "string" });
    let range = "One range of bytes, as in `bytes=0-99`. More than one means the whole.";
    telling.parameter("header", "Range", false, &text, range);
    telling.parameter("header", "If-Range", false, &text, "Only while the file has this tag.");
    telling.parameter("header", "If-None-Match", false, &text, "The tag of what the asker has.");
    let bytes = json!({ "type": "string", "format": "binary" });
    for (status, words) in [(200, "All of it."), (206, "The range.")] {
        telling.answers_with(status, words, "*/*", &bytes);
        telling.header(status, "ETag", true, &text, "The tag of these bytes.");
        telling.header(status, "Accept-Ranges", true, &text, "`bytes`.");
    }
    telling.header(206, "Content-Range", true, &text, "Which bytes, of how many.");
    telling.answers(304, "The asker has it.");
    telling.fails(&[404, 409, 416]);
}

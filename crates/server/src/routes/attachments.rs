//! `GET, HEAD /v1/attachments/{id}/{original,rendition,poster}`: bytes for a session.

use axum::{
    extract::{Path, State},
    http::{HeaderMap, Method},
    response::Response,
};
use limpet_model::AttachmentId;

use crate::{
    access::Caller,
    app::App,
    blobs::Part,
    deliver::deliver,
    failure::{Answer, Problem},
};

/// `GET, HEAD /v1/attachments/{id}/{part}`
pub async fn bytes(
    State(app): State<App>,
    caller: Caller,
    Path((id, part)): Path<(String, String)>,
    method: Method,
    headers: HeaderMap,
) -> Answer<Response> {
    let id: AttachmentId = id.parse().map_err(|_| Problem::not_found("attachment"))?;
    let part = Part::read(&part).ok_or_else(|| Problem::not_found("page"))?;
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

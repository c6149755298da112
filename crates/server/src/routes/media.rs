//! Media links: the page behind a transcript's link, and the bytes it plays.
//!
//! **Invariant:** whoever has the link sees this one attachment and nothing else, and every opening is written
//! down before anything is sent.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use limpet_model::{Attachment, PracticeId};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::{
    app::App,
    body::{IdOf, PartOf},
    deliver::deliver,
    failure::{Answer, Problem},
    openapi::Telling,
    pages::{self, Language, Shown},
    peer::Peer,
    range::is_current,
    view::View,
};

/// A page may load its style, its pictures and its video from here, and run nothing.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; media-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'";

/// `GET /m/{capability}`
pub async fn page(
    State(app): State<App>,
    peer: Peer,
    IdOf(capability): IdOf<String>,
    headers: HeaderMap,
) -> Response {
    let language = Language::of(&headers);
    match shown(&app, &capability).await {
        Ok(Some((practice, shown))) => {
            match app.log_opening(practice, shown.attachment.id, "page", peer).await {
                Ok(()) => html(StatusCode::OK, pages::media(language, &capability, &shown)),
                Err(error) => sorry(language, error.into()),
            }
        }
        Ok(None) => html(StatusCode::NOT_FOUND, pages::gone(language)),
        Err(problem) => sorry(language, problem),
    }
}

/// `GET, HEAD /m/{capability}/{part}`
pub async fn bytes(
    State(app): State<App>,
    peer: Peer,
    PartOf(capability, part): PartOf<String>,
    method: Method,
    headers: HeaderMap,
) -> Answer<Response> {
    let (practice, attachment) = open(&app, &capability).await?.ok_or_else(|| Problem::not_found("link"))?;
    app.log_opening(practice, attachment.id, part.word(), peer).await?;
    deliver(&app, practice, &attachment, part, &method, &headers).await
}

/// `GET /m-assets/{file}`
pub async fn asset(IdOf(file): IdOf<String>, headers: HeaderMap) -> Response {
    let Some((mime, content)) = pages::asset(&file) else {
        return Problem::not_found("file").into_response();
    };
    let etag = format!("\"{}\"", hex::encode(Sha256::digest(&content)));
    let known = is_current(&headers, &etag);
    // Asked for each time: a page of a newer server never meets the style of the one before.
    let headers =
        [(header::CONTENT_TYPE, mime), (header::CACHE_CONTROL, "no-cache"), (header::ETAG, etag.as_str())];
    if known {
        (StatusCode::NOT_MODIFIED, headers).into_response()
    } else {
        (headers, content).into_response()
    }
}

async fn open(app: &App, capability: &str) -> Answer<Option<(PracticeId, Attachment)>> {
    // Anything that is not shaped like a link cannot be one; the database is not asked.
    if capability.len() != 43 {
        return Ok(None);
    }
    Ok(app.store.attachment_by_capability(capability).await?)
}

async fn shown(app: &App, capability: &str) -> Answer<Option<(PracticeId, Shown)>> {
    let Some((id, attachment)) = open(app, capability).await? else { return Ok(None) };
    let practice = app.store.practice(id).await?;
    let conversation = app.store.conversation(id, View::Staff, attachment.conversation).await?;
    let (Some(practice), Some(conversation)) = (practice, conversation) else { return Ok(None) };
    let patient = app.store.patient(id, conversation.patient).await?;
    let patient = patient.map(|patient| patient.name).unwrap_or_default();
    Ok(Some((id, Shown { practice, patient, attachment })))
}

fn html(status: StatusCode, page: String) -> Response {
    let mut response = (status, axum::response::Html(page)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::VARY, HeaderValue::from_static("accept-language"));
    headers.insert("x-robots-tag", HeaderValue::from_static("noindex, nofollow"));
    response
}

fn sorry(language: Language, problem: Problem) -> Response {
    let page = pages::sorry(language, &problem.failure().message);
    html(problem.into_response().status(), page)
}

/// Tells of a page for people; whoever has no link any more is told so on a page too.
pub fn tell_page(telling: &mut Telling<'_>) {
    let page = json!({ "type": "string" });
    telling.answers_with(200, "The page.", "text/html", &page);
    telling.answers_with(404, "The link does not open, or not any more.", "text/html", &page);
}

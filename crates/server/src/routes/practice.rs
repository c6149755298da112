//! The practice: its settings, its logo, consent texts and what clients said to them.

use std::time::Duration;

use axum::{
    Json,
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use limpet_model::{Author, ConsentId, ConsentText, Practice};
use limpet_wire::{
    Code,
    changes::Entity,
    http::{NewConsent, PracticeChange},
};
use serde_json::json;

use crate::{
    access::{Caller, Staff},
    app::App,
    blobs::BlobError,
    body::{IdOf, Sent, whole_body},
    failure::{Answer, Problem},
    logo::MOST_BYTES,
    openapi::Telling,
    range::is_current,
    terms::Done,
    words,
};

/// How long a logo may take to arrive.
const LOGO_TIME: Duration = Duration::from_secs(120);

/// `GET /v1/practice`
pub async fn show(State(app): State<App>, caller: Caller) -> Answer<Json<Practice>> {
    let practice = app.store.practice(caller.practice()).await?;
    let practice = practice.ok_or_else(|| Problem::not_found("practice"))?;
    match caller.view().trim(Entity::Practice(practice)) {
        Entity::Practice(practice) => Ok(Json(practice)),
        _ => Err(Problem::not_found("practice")),
    }
}

/// `PATCH /v1/practice`
pub async fn change(
    State(app): State<App>,
    staff: Staff,
    Sent(change): Sent<PracticeChange>,
) -> Answer<Json<Practice>> {
    words::check_practice(&change)?;
    let practice = app.store.change_practice(staff.by(app.now()), &change).await?;
    tracing::info!(practice = %staff.practice, by = %staff.id, "Changed the practice");
    Ok(Json(practice))
}

/// `GET /v1/practice/logo`
pub async fn logo(State(app): State<App>, caller: Caller, headers: HeaderMap) -> Answer<Response> {
    let practice = app.store.practice(caller.practice()).await?;
    let logo = practice.and_then(|practice| practice.settings.logo);
    let logo = logo.ok_or_else(|| Problem::not_found("logo"))?;
    let etag = format!("\"{}\"", logo.sha256);
    let mut response = if is_current(&headers, &etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        match app.blobs.logo(caller.practice(), &logo.sha256).await {
            Ok(png) => png.into_response(),
            Err(BlobError::Missing) => return Err(Problem::not_found("logo")),
            Err(error) => return Err(Problem::internal(&error)),
        }
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("image/png"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        headers.insert(header::ETAG, etag);
    }
    Ok(response)
}

/// Tells of the logo.
pub fn tell_logo(telling: &mut Telling<'_>) {
    let text = json!({ "type": "string" });
    telling.parameter("header", "If-None-Match", false, &text, "The tag of what the asker has.");
    let png = json!({ "type": "string", "format": "binary" });
    telling.answers_with(200, "The picture.", "image/png", &png);
    telling.answers(304, "The asker has it.");
    for status in [200, 304] {
        telling.header(status, "ETag", true, &text, "The tag of this picture.");
    }
    telling.fails(&[404]);
}

/// `PUT /v1/practice/logo`
pub async fn set_logo(State(app): State<App>, staff: Staff, body: Body) -> Answer<Done> {
    let too_large = || Problem::new(Code::TooLarge, "The logo is larger than 2 MB. Send a smaller picture.");
    let sent = whole_body(body, MOST_BYTES, LOGO_TIME).await.map_err(|unread| unread.or(too_large))?;
    let (logo, png) = app.easel.redraw(sent).await?;
    // The bytes first: a row never says that something is there which is not. The logo before it is left to `doctor`,
    // for somebody may be reading it.
    match app.blobs.put_logo(staff.practice, &logo.sha256, png).await {
        Ok(()) => {}
        Err(BlobError::Full) => return Err(Problem::no_room()),
        Err(error) => return Err(Problem::internal(&error)),
    }
    app.store.set_logo(staff.by(app.now()), Some(logo)).await?;
    tracing::info!(practice = %staff.practice, by = %staff.id, "Changed the logo");
    Ok(Done)
}

/// Tells of the picture that is taken.
pub fn tell_set_logo(telling: &mut Telling<'_>) {
    telling.takes("application/octet-stream", &json!({ "type": "string", "format": "binary" }), true);
    telling.fails(&[400, 413, 429, 503]);
}

/// `DELETE /v1/practice/logo`
pub async fn remove_logo(State(app): State<App>, staff: Staff) -> Answer<Done> {
    app.store.set_logo(staff.by(app.now()), None).await?;
    Ok(Done)
}

/// `GET /v1/consent-texts`
pub async fn consent_texts(State(app): State<App>, staff: Staff) -> Answer<Json<Vec<ConsentText>>> {
    Ok(Json(app.store.consent_texts(staff.practice).await?))
}

/// `PUT /v1/consents/{id}`
pub async fn consent(
    State(app): State<App>,
    caller: Caller,
    IdOf(id): IdOf<ConsentId>,
    Sent(new): Sent<NewConsent>,
) -> Answer<Done> {
    match caller.author()? {
        Author::Staff(_) => {}
        Author::Client(client) if client == new.client => {}
        Author::Client(_) | Author::System => return Err(Problem::not_found("client")),
    }
    app.store.put_consent(caller.by(app.now()), id, &new).await?;
    Ok(Done)
}

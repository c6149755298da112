//! The owner app's files, as built into `ui/owner/dist`.
//!
//! **Invariant:** scripts and styles come from this server and from nowhere else; nothing inline runs.

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use limpet_wire::Code;
use rust_embed::{EmbeddedFile, RustEmbed};
use serde_json::json;

use crate::{body::IdOf, failure::Problem, openapi::Telling, range::is_current};

#[derive(RustEmbed)]
#[folder = "../../ui/owner/dist"]
#[allow_missing = true]
struct Files;

/// What the owner app may load, and from where: this server.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; \
     media-src 'self' blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// `GET /o/{invitation}`: the app itself; it opens the invitation with a call of its own.
pub async fn index(_: IdOf<String>, headers: HeaderMap) -> Response {
    match Files::get("index.html") {
        Some(file) => answer("index.html", &file, &headers),
        None => Problem::new(
            Code::Internal,
            "The owner app was not built into this server. Build it with `npm --prefix ui run build`, then build the \
             server again.",
        )
        .with_status(StatusCode::SERVICE_UNAVAILABLE)
        .into_response(),
    }
}

/// `GET /owner/...`
pub async fn file(IdOf(path): IdOf<String>, headers: HeaderMap) -> Response {
    match Files::get(&path) {
        Some(file) => answer(&path, &file, &headers),
        None => Problem::not_found("file").into_response(),
    }
}

fn answer(path: &str, file: &EmbeddedFile, asked: &HeaderMap) -> Response {
    let mime = if path.ends_with(".webmanifest") {
        "application/manifest+json".to_owned()
    } else {
        mime_guess::from_path(path).first_or_octet_stream().to_string()
    };
    let mime = if mime.starts_with("text/") { format!("{mime}; charset=utf-8") } else { mime };
    // Vite puts a hash of the content into the names under assets/.
    let cache = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let etag = format!("\"{}\"", hex::encode(file.metadata.sha256_hash()));
    let mut response = if is_current(asked, &etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        file.data.to_vec().into_response()
    };
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    set(header::CONTENT_TYPE, &mime);
    set(header::CACHE_CONTROL, cache);
    set(header::ETAG, &etag);
    set(header::CONTENT_SECURITY_POLICY, POLICY);
    set(HeaderName::from_static("permissions-policy"), "camera=(self), microphone=(self), geolocation=()");
    // The worker's file is under /owner/, what it looks after is also under /o/.
    set(HeaderName::from_static("service-worker-allowed"), "/");
    response
}

/// Tells of the app's page.
pub fn tell_index(telling: &mut Telling<'_>) {
    telling.answers_with(200, "The app.", "text/html", &json!({ "type": "string" }));
    telling.answers(304, "The asker has it.");
}

/// Tells of a file of a page.
pub fn tell_file(telling: &mut Telling<'_>) {
    telling.answers_with(200, "The file.", "*/*", &json!({ "type": "string", "format": "binary" }));
    telling.answers(304, "The asker has it.");
    telling.fails(&[404]);
}

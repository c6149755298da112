//! What pages for people have in common: what they may load, what was typed into their forms, whose letterhead they bear,
//! and how they say that something went wrong. The page at the server's own address is here, too.
//!
//! **Invariant:** a page runs nothing but, where there is something to copy, this server's own script.

use std::{collections::HashMap, time::Duration};

use axum::{
    body::Body,
    extract::{FromRequest, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use limpet_model::Practice;
use serde_json::json;
use url::form_urlencoded;

use crate::{
    app::App,
    body::{WORDS_TIME, whole_body},
    failure::{Answer, Problem},
    openapi::{Asks, Telling},
    pages::{self, Language, account::Letterhead},
};

/// Most bytes of a form.
const FORM_LIMIT: usize = 16 * 1024;
/// How long a page waits for the logo.
const LOGO_TIME: Duration = Duration::from_secs(2);
/// A page may load its style and send its form back here, show the logo that stands in it, and run nothing.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; \
     frame-ancestors 'none'";
/// A page that has something to copy runs this server's script besides.
const POLICY_TO_COPY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// What was typed into a form.
pub struct Typed(HashMap<String, String>);

impl Typed {
    /// What was typed there, or nothing.
    pub(super) fn take(&mut self, name: &str) -> String {
        self.0.remove(name).unwrap_or_default()
    }
}

impl FromRequest<App> for Typed {
    type Rejection = Problem;

    async fn from_request(request: Request<Body>, _: &App) -> Answer<Self> {
        let body = whole_body(request.into_body(), FORM_LIMIT, WORDS_TIME).await;
        let body = body.map_err(|unread| unread.or(|| Problem::invalid("This is too long for a form.")))?;
        Ok(Self(form_urlencoded::parse(&body).into_owned().collect()))
    }
}

impl Asks for Typed {
    fn ask(telling: &mut Telling<'_>) {
        let form = json!({ "type": "object", "additionalProperties": { "type": "string" } });
        telling.takes("application/x-www-form-urlencoded", &form, false);
        telling.fails(&[400, 503]);
    }
}

/// Tells of a page for people.
pub fn tell_page(telling: &mut Telling<'_>) {
    tell_pages(telling, &[(200, "The page.")]);
}

/// Tells of a link that may not open.
pub fn tell_link(telling: &mut Telling<'_>) {
    tell_pages(telling, &[(404, "The link does not open, or not any more.")]);
}

/// Tells of a page for each of these answers.
pub(super) fn tell_pages(telling: &mut Telling<'_>, pages: &[(u16, &str)]) {
    let page = json!({ "type": "string" });
    for (status, words) in pages {
        telling.answers_with(*status, words, "text/html", &page);
    }
}

/// A page as it is answered.
pub(super) fn html(status: StatusCode, page: String) -> Response {
    html_under(POLICY, status, page)
}

/// A page with something to copy.
pub(super) fn html_to_copy(status: StatusCode, page: String) -> Response {
    html_under(POLICY_TO_COPY, status, page)
}

fn html_under(policy: &'static str, status: StatusCode, page: String) -> Response {
    let mut response = (status, Html(page)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(header::VARY, HeaderValue::from_static("accept-language"));
    headers.insert("x-robots-tag", HeaderValue::from_static("noindex, nofollow"));
    response
}

/// The page that says what went wrong.
pub(super) fn sorry(language: Language, problem: Problem) -> Response {
    let page = pages::sorry(language, &problem.failure().message);
    html(problem.into_response().status(), page)
}

/// How a practice's pages begin. One whose logo cannot be read, or not soon, has none this time: the page matters more.
pub(super) async fn letterhead(app: &App, practice: &Practice) -> Letterhead {
    let logo = match &practice.settings.logo {
        None => None,
        Some(logo) => {
            let read = tokio::time::timeout(LOGO_TIME, app.blobs.logo(practice.id, &logo.sha256)).await;
            match read {
                Ok(Ok(png)) => Some(png.to_vec()),
                Ok(Err(error)) => {
                    tracing::warn!(practice = %practice.id, %error, "A logo could not be read");
                    None
                }
                Err(_) => {
                    tracing::warn!(practice = %practice.id, "A logo could not be read in time");
                    None
                }
            }
        }
    };
    Letterhead { practice: practice.name.clone(), logo }
}

/// `GET /`
pub async fn home(State(app): State<App>, headers: HeaderMap) -> Response {
    let page = pages::home(Language::of(&headers), &app.address_of(""), app.post.is_some());
    html(StatusCode::OK, page)
}

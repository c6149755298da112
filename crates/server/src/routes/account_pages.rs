//! Pages about a password, and the same for a device: forgotten ones, and links that set one. What all pages about an
//! account have is here, too, and the one at the server's own address; those about codes are `second_step_page`.
//!
//! **Invariant:** asking for another password looks the same and takes the same whoever asks: no account is looked for
//! before the answer is out.

use std::{collections::HashMap, time::Duration};

use axum::{
    body::Body,
    extract::{FromRequest, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use limpet_model::{Practice, StaffMember};
use limpet_wire::{Code, http::PasswordReset};
use serde_json::json;
use url::form_urlencoded;

use crate::{
    app::App,
    body::{IdOf, Sent, WORDS_TIME, whole_body},
    failure::{Answer, Problem},
    openapi::{Asks, Telling},
    pages::{
        self, Language,
        account::{self, Invited, Letterhead, Wrong},
    },
    peer::Peer,
    secrets::{check_password, token_hash},
    store::{account_links::LinkFor, staff::fold_email},
    terms::Done,
    words,
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

/// Tells what may come of asking for a link.
pub fn tell_forgot(telling: &mut Telling<'_>) {
    let not_an_address = (400, "That is no e-mail address.");
    tell_pages(telling, &[(200, "Asked for."), not_an_address, (429, "Too often of late.")]);
}

/// Tells what may come of setting a password.
pub fn tell_password(telling: &mut Telling<'_>) {
    let weak = (422, "It is too easy to guess, or not the same twice.");
    tell_pages(telling, &[(200, "It is set."), weak, (429, "Too many at this moment.")]);
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

/// `POST /v1/password-reset`
pub async fn reset(State(app): State<App>, peer: Peer, Sent(sent): Sent<PasswordReset>) -> Answer<Done> {
    ask_reset(&app, peer, &sent.email, Language::of_tag(&sent.language)).await?;
    Ok(Done)
}

async fn ask_reset(app: &App, peer: Peer, email: &str, language: Language) -> Answer<()> {
    if app.post.is_none() {
        let sentence = "This server sends no mail. Ask your administrator, or whoever runs it, for a link.";
        return Err(Problem::new(Code::Conflict, sentence));
    }
    words::check_email(email)?;
    let (email, now) = (fold_email(email), app.now());
    let wait = app.doorbell.forgets(peer, now);
    if wait > 0 {
        let sentence = "Too many passwords were forgotten here lately. Try again later.";
        return Err(Problem::new(Code::TooMany, sentence).retry_after(wait.div_euclid(1000) + 1));
    }
    // Whoever asks too often has got some mails already, or there is nobody to get any.
    if app.doorbell.may_write_to(&email, now) {
        app.store.queue_reset(&email, language.tag(), now).await?;
    }
    Ok(())
}

/// `GET /reset`
pub async fn forgot(State(app): State<App>, headers: HeaderMap) -> Response {
    let language = Language::of(&headers);
    let page = match app.post {
        Some(_) => account::forgot(language, "", Wrong::Nothing),
        None => account::forgot_without_mail(language),
    };
    html(StatusCode::OK, page)
}

/// `POST /reset`
pub async fn forgot_sent(
    State(app): State<App>,
    peer: Peer,
    headers: HeaderMap,
    mut typed: Typed,
) -> Response {
    let language = Language::of(&headers);
    if app.post.is_none() {
        return html(StatusCode::OK, account::forgot_without_mail(language));
    }
    let email = typed.take("email");
    let Err(problem) = ask_reset(&app, peer, &email, language).await else {
        return html(StatusCode::OK, account::forgot_sent(language));
    };
    match problem.failure().code {
        Code::TooMany => {
            html(StatusCode::TOO_MANY_REQUESTS, account::forgot(language, &email, Wrong::TooMany))
        }
        Code::Invalid => html(StatusCode::BAD_REQUEST, account::forgot(language, &email, Wrong::Address)),
        _ => sorry(language, problem),
    }
}

/// `GET /a/{link}`
pub async fn open(State(app): State<App>, IdOf(token): IdOf<String>, headers: HeaderMap) -> Response {
    let language = Language::of(&headers);
    match opened(&app, &token).await {
        Ok(Some(opened)) => asks(&app, language, &opened, Wrong::Nothing).await,
        Ok(None) => html(StatusCode::NOT_FOUND, account::link_gone(language, app.post.is_some())),
        Err(problem) => sorry(language, problem),
    }
}

/// What a link opens.
struct Opened {
    practice: Practice,
    email: String,
    /// Whoever was invited, if that is what it is for.
    invited: Option<Invited>,
}

async fn opened(app: &App, token: &str) -> Answer<Option<Opened>> {
    // Anything that is not shaped like a link cannot be one; the database is not asked.
    if token.len() != 43 {
        return Ok(None);
    }
    let link = app.store.account_link(&token_hash(token), app.now()).await?;
    let Some(link) = link.filter(|link| link.kind != LinkFor::SecondStep) else { return Ok(None) };
    let practice = app.store.practice(link.practice).await?;
    let member = app.store.staff_member(link.practice, link.staff).await?;
    let until = app.store.account_link_until(link.practice, &token_hash(token)).await?;
    let (Some(practice), Some(member), Some(until)) = (practice, member, until) else { return Ok(None) };
    let StaffMember { name, role, email, .. } = member;
    let time_zone = practice.time_zone.clone();
    let invited = (link.kind == LinkFor::Invitation).then_some(Invited { name, role, until, time_zone });
    Ok(Some(Opened { practice, email, invited }))
}

/// The page that asks for the password.
async fn asks(app: &App, language: Language, opened: &Opened, what: Wrong) -> Response {
    let of = letterhead(app, &opened.practice).await;
    let status = if what == Wrong::Nothing { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    html(status, account::new_password(language, opened.invited.as_ref(), &of, &opened.email, what))
}

/// `POST /a/{link}`
pub async fn set_password(
    State(app): State<App>,
    IdOf(token): IdOf<String>,
    headers: HeaderMap,
    mut typed: Typed,
) -> Response {
    let language = Language::of(&headers);
    let (password, again) = (typed.take("password"), typed.take("again"));
    match set(&app, &token, password, &again).await {
        Ok(Set::Done(of, email)) => {
            let page = account::password_set(language, &of, &app.address_of(""), &email);
            html_to_copy(StatusCode::OK, page)
        }
        Ok(Set::Gone) => html(StatusCode::NOT_FOUND, account::link_gone(language, app.post.is_some())),
        Ok(Set::Not(opened, why)) => asks(&app, language, &opened, why).await,
        Err(problem) => sorry(language, problem),
    }
}

enum Set {
    /// With what the page about it needs.
    Done(Letterhead, String),
    Gone,
    Not(Opened, Wrong),
}

async fn set(app: &App, token: &str, password: String, again: &str) -> Answer<Set> {
    let Some(opened) = opened(app, token).await? else { return Ok(Set::Gone) };
    if password != again {
        return Ok(Set::Not(opened, Wrong::NotTheSame));
    }
    if check_password(&password, &opened.email).is_err() {
        return Ok(Set::Not(opened, Wrong::Weak));
    }
    let hash = app.passwords.hash(password).await?;
    // Everything that the page needs first: the link opens once.
    let of = letterhead(app, &opened.practice).await;
    let used = app.store.set_password_by_link(&token_hash(token), &hash, app.now()).await?;
    match used {
        Some(link) => {
            tracing::info!(practice = %link.practice, staff = %link.staff, "Set a password by a link");
            Ok(Set::Done(of, opened.email))
        }
        None => Ok(Set::Gone),
    }
}

//! Pages about a password, and the same for a device: forgotten ones, and links that set one. Those about codes are
//! `second_step_page`.
//!
//! **Invariant:** asking for another password looks the same and takes the same whoever asks: no account is looked for
//! before the answer is out.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use limpet_model::{Practice, StaffMember};
use limpet_wire::{Code, http::PasswordReset};

use super::pages_for_people::{Typed, html, html_to_copy, letterhead, sorry, tell_pages};
use crate::{
    app::App,
    body::{IdOf, Sent},
    failure::{Answer, Problem},
    openapi::Telling,
    pages::{
        Language,
        account::{self, Invited, Letterhead, Wrong},
    },
    peer::Peer,
    secrets::{check_password, token_hash},
    store::{account_links::LinkFor, staff::fold_email},
    terms::Done,
    words,
};

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

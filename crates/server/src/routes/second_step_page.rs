//! The page that sets up codes, for whoever may not sign in without: first the password, or the ticket that a sign-in
//! with the right password was given, then a code.
//!
//! **Invariant:** a secret is only ever shown in the answer that made it, and again to whoever sends it back: a ticket
//! shows nobody what somebody else began.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use limpet_wire::Code;
use serde::Deserialize;

use super::pages_for_people::{Typed, html, html_to_copy, letterhead, sorry, tell_pages};
use crate::{
    app::App,
    attempts::Trier,
    body::Asked,
    by::{Actor, By},
    codes::{link, new_secret, recovery_codes},
    failure::{Answer, Problem},
    openapi::Telling,
    pages::{
        Language,
        account::{self, Letterhead, ShownSecret, Wrong},
    },
    passwords::{Guess, too_many},
    peer::Peer,
    secrets::{PASSWORD_MAXIMUM, new_token, token_hash},
    store::{
        StoreError,
        account_links::{AccountLink, LinkFor},
        second_steps::{FirstCode, Taken},
        staff::fold_email,
    },
};

/// Tells what may come of setting codes up.
pub fn tell_set_up(telling: &mut Telling<'_>) {
    let wrong = (401, "The e-mail address or the password is not right.");
    let code = (422, "The code is not right.");
    tell_pages(telling, &[(200, "What comes next."), wrong, code, (429, "Too often of late.")]);
}

/// What the page is asked for.
#[derive(Deserialize, schemars::JsonSchema)]
pub struct Ask {
    /// The ticket that a sign-in was given, if it is one's way here.
    #[serde(default)]
    ticket: String,
}

/// `GET /second-step`
pub async fn second_step(Asked(ask): Asked<Ask>, headers: HeaderMap) -> Response {
    let language = Language::of(&headers);
    // Nothing is begun by looking at a link: programs that read mail and chats do that, too.
    let page = match ask.ticket.as_str() {
        "" => account::second_step(language, "", Wrong::Nothing),
        ticket => account::second_step_by_ticket(language, ticket),
    };
    html(StatusCode::OK, page)
}

/// `POST /second-step`
pub async fn set_up(State(app): State<App>, peer: Peer, headers: HeaderMap, mut typed: Typed) -> Response {
    let language = Language::of(&headers);
    let (ticket, secret, email) = (typed.take("ticket"), typed.take("secret"), typed.take("email"));
    let done = if ticket.is_empty() {
        by_password(&app, peer, language, &email, typed.take("password")).await
    } else if secret.is_empty() {
        by_ticket(&app, language, &ticket).await
    } else {
        confirm(&app, language, &ticket, &secret, &typed.take("code")).await
    };
    done.unwrap_or_else(|problem| match problem.failure().code {
        Code::TooMany => {
            html(StatusCode::TOO_MANY_REQUESTS, account::second_step(language, &email, Wrong::TooMany))
        }
        _ => sorry(language, problem),
    })
}

async fn by_password(
    app: &App,
    peer: Peer,
    language: Language,
    typed: &str,
    password: String,
) -> Answer<Response> {
    let email = fold_email(typed);
    let wrong = || html(StatusCode::UNAUTHORIZED, account::second_step(language, typed, Wrong::SignIn));
    if email.len() > 254 || password.len() > PASSWORD_MAXIMUM {
        return Ok(wrong());
    }
    let found = app.store.staff_by_email(&email).await?;
    let hash = found.as_ref().map(|found| found.password_hash.clone()).filter(|hash| !hash.is_empty());
    let guess = Guess { trier: Trier { email: &email, peer, device: None }, now: app.now() };
    let right = app.passwords.is_right(guess, password, hash).await?;
    let Some(found) = found.filter(|found| right && found.staff.active) else { return Ok(wrong()) };
    let to = AccountLink { practice: found.practice, staff: found.staff.id, kind: LinkFor::SecondStep };
    begin(app, language, to).await
}

async fn by_ticket(app: &App, language: Language, ticket: &str) -> Answer<Response> {
    match opened(app, ticket).await? {
        Some(to) => begin(app, language, to).await,
        None => Ok(gone(language)),
    }
}

/// What a ticket opens.
async fn opened(app: &App, ticket: &str) -> Answer<Option<AccountLink>> {
    let to = app.store.account_link(&token_hash(ticket), app.now()).await?;
    Ok(to.filter(|to| to.kind == LinkFor::SecondStep))
}

fn gone(language: Language) -> Response {
    html(StatusCode::NOT_FOUND, account::step_gone(language))
}

async fn begin(app: &App, language: Language, to: AccountLink) -> Answer<Response> {
    let secret = new_secret().map_err(StoreError::from)?;
    let ticket = new_token().map_err(StoreError::from)?;
    let by = By::new(to.practice, Actor::Staff(to.staff), app.now());
    if !app.store.begin_second_step(by, to.staff, &secret, Some(&token_hash(&ticket))).await? {
        return Ok(html(StatusCode::OK, account::second_step_is_on(language)));
    }
    show_secret(app, language, to, &secret, &ticket, Wrong::Nothing).await
}

async fn show_secret(
    app: &App,
    language: Language,
    to: AccountLink,
    secret: &str,
    ticket: &str,
    what: Wrong,
) -> Answer<Response> {
    let (of, email) = whose(app, to).await?;
    let link =
        link(secret, &of.practice, &email).ok_or_else(|| Problem::internal(&"no link for a secret"))?;
    let status = if what == Wrong::Nothing { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let shown = ShownSecret { of: &of, email: &email, secret, link: &link, ticket };
    Ok(html_to_copy(status, account::secret(language, &shown, what)))
}

/// How the practice's pages begin, and the account's address.
async fn whose(app: &App, to: AccountLink) -> Answer<(Letterhead, String)> {
    let of = match app.store.practice(to.practice).await? {
        Some(practice) => letterhead(app, &practice).await,
        None => Letterhead::default(),
    };
    let member = app.store.staff_member(to.practice, to.staff).await?;
    Ok((of, member.map(|member| member.email).unwrap_or_default()))
}

/// Takes the first code of the secret that the page showed.
async fn confirm(app: &App, language: Language, ticket: &str, secret: &str, code: &str) -> Answer<Response> {
    let Some(to) = opened(app, ticket).await? else { return Ok(gone(language)) };
    // Everything that the page needs first: the codes are shown once.
    let (of, email) = whose(app, to).await?;
    let codes = recovery_codes().map_err(StoreError::from)?;
    let by = By::new(to.practice, Actor::Staff(to.staff), app.clock.own());
    let first = FirstCode { code, shown: Some(secret), session: None };
    match app.store.confirm_second_step(by, to.staff, first, &codes).await? {
        Taken::Right | Taken::Recovered => {
            tracing::info!(practice = %to.practice, staff = %to.staff, "Set up codes at sign-in");
            Ok(html_to_copy(StatusCode::OK, account::recovery_codes(language, &of, &email, &codes)))
        }
        Taken::Wrong if app.store.is_new_secret(to.practice, to.staff, secret).await? => {
            show_secret(app, language, to, secret, ticket, Wrong::Code).await
        }
        // Another one was begun meanwhile.
        Taken::Wrong => Ok(gone(language)),
        Taken::TooMany(wait) => Err(too_many(wait)),
    }
}

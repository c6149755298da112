//! Signing in and out, and opening an invitation.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, header},
};
use limpet_model::{Practice, PracticeId};
use limpet_wire::{
    Code,
    http::{ClientSession, Me, OpenInvitation, SignIn, StaffSession},
};

use crate::{
    access::{COOKIE, Caller, cookie},
    app::App,
    body::Sent,
    failure::{Answer, Problem},
    openapi::Telling,
    passwords::Guess,
    peer::Peer,
    secrets::{new_token, token_hash},
    store::{
        StoreError,
        invitations::Opened,
        sessions::{CLIENT_SESSION, Holder, Session},
        staff::fold_email,
    },
    terms::Done,
};

/// `POST /v1/sign-in`
pub async fn sign_in(
    State(app): State<App>,
    peer: Peer,
    Sent(sign_in): Sent<SignIn>,
) -> Answer<Json<StaffSession>> {
    let email = fold_email(&sign_in.email);
    if email.len() > 254 || sign_in.password.len() > crate::secrets::PASSWORD_MAXIMUM {
        return Err(wrong_password());
    }
    let found = app.store.staff_by_email(&email).await?;
    let hash = found.as_ref().map(|found| found.password_hash.clone());
    let right =
        app.passwords.is_right(Guess { email: &email, peer, now: app.now() }, sign_in.password, hash).await?;
    let Some(found) = found.filter(|_| right) else { return Err(wrong_password()) };
    if !found.staff.active {
        return Err(Problem::new(
            Code::SignedOut,
            "This account is closed. Ask the practice's administrator.",
        ));
    }
    let practice = practice(&app, found.practice).await?;
    let token = new_token().map_err(StoreError::from)?;
    let session = Session {
        token_hash: token_hash(&token),
        practice: found.practice,
        holder: Holder::Staff(found.staff.id, found.staff.role),
    };
    let device: String = sign_in.device.chars().take(200).collect();
    // The account may have been closed, or got another password, since it was asked for.
    if !app.store.open_staff_session(&session, &device, &found.password_hash, app.now()).await? {
        return Err(wrong_password());
    }
    tracing::info!(practice = %found.practice, staff = %found.staff.id, "Signed in");
    Ok(Json(StaffSession { token, practice, staff: found.staff }))
}

fn wrong_password() -> Problem {
    Problem::new(
        Code::SignedOut,
        "The e-mail address or the password is not right. Check both and try again.",
    )
}

/// `POST /v1/sign-out`
pub async fn sign_out(State(app): State<App>, caller: Caller) -> Answer<(HeaderMap, Done)> {
    app.store.close_session(&caller.0, app.now()).await?;
    let mut headers = HeaderMap::new();
    if matches!(caller.0.holder, Holder::Client(..)) {
        headers.insert(header::SET_COOKIE, client_cookie(&app, "", 0)?);
    }
    Ok((headers, Done))
}

/// `GET /v1/me`
pub async fn me(State(app): State<App>, headers: HeaderMap, caller: Caller) -> Answer<(HeaderMap, Json<Me>)> {
    let practice = practice(&app, caller.practice()).await?;
    Ok(match caller.0.holder {
        Holder::Staff(id, _) => {
            let staff = app.store.staff_member(practice.id, id).await?;
            let staff = staff.ok_or_else(|| Problem::not_found("account"))?;
            (HeaderMap::new(), Json(Me::Staff { practice, staff }))
        }
        Holder::Client(client, conversation) => {
            let me = Me::Client(ClientSession { practice: practice.name, client, conversation });
            (kept_cookie(&app, &headers)?, Json(me))
        }
        Holder::Token(..) => return Err(Problem::forbidden("This is not for integrations.")),
    })
}

/// `POST /v1/open-invitation`
pub async fn open_invitation(
    State(app): State<App>,
    headers: HeaderMap,
    Sent(sent): Sent<OpenInvitation>,
) -> Answer<(HeaderMap, Json<ClientSession>)> {
    let now = app.now();
    let opened = app.store.invitation(&token_hash(&sent.invitation), now).await?.ok_or_else(|| {
        Problem::new(Code::NotFound, "This link does not open any more. Ask the practice for a new one.")
    })?;
    let practice = practice(&app, opened.practice).await?;
    let answer = Json(ClientSession {
        practice: practice.name,
        client: opened.client,
        conversation: opened.conversation,
    });
    // A device that is this client's already keeps its session: links may be opened again and again.
    if let Some(session) = own_session(&app, &headers, opened).await? {
        app.store.turn_session(&session, opened.conversation).await?;
        return Ok((kept_cookie(&app, &headers)?, answer));
    }
    let token = new_token().map_err(StoreError::from)?;
    let session = Session {
        token_hash: token_hash(&token),
        practice: opened.practice,
        holder: Holder::Client(opened.client, opened.conversation),
    };
    app.store.open_session(&session, "", now).await?;
    tracing::info!(practice = %opened.practice, client = %opened.client, "Opened an invitation");
    let cookie = client_cookie(&app, &token, CLIENT_SESSION / 1000)?;
    Ok((HeaderMap::from_iter([(header::SET_COOKIE, cookie)]), answer))
}

async fn own_session(app: &App, headers: &HeaderMap, opened: Opened) -> Answer<Option<Session>> {
    let Some(token) = cookie(headers) else { return Ok(None) };
    let session = app.store.session(&token_hash(token), app.now()).await?;
    Ok(session.filter(|session| {
        session.practice == opened.practice
            && matches!(session.holder, Holder::Client(client, _) if client == opened.client)
    }))
}

/// The cookie once more, so that it lives as long as the session it stands for.
fn kept_cookie(app: &App, headers: &HeaderMap) -> Answer<HeaderMap> {
    let mut kept = HeaderMap::new();
    if let Some(token) = cookie(headers) {
        kept.insert(header::SET_COOKIE, client_cookie(app, token, CLIENT_SESSION / 1000)?);
    }
    Ok(kept)
}

fn client_cookie(app: &App, token: &str, seconds: i64) -> Answer<HeaderValue> {
    let secure = if app.is_secure() { "; Secure" } else { "" };
    let cookie = format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}");
    HeaderValue::from_str(&cookie).map_err(|error| Problem::internal(&error))
}

async fn practice(app: &App, id: PracticeId) -> Answer<Practice> {
    app.store.practice(id).await?.ok_or_else(|| Problem::not_found("practice"))
}

/// Tells what may come of guessing a password.
pub fn guesses(telling: &mut Telling<'_>) {
    telling.fails(&[401, 429]);
}

/// Tells what may come of a link.
pub fn old_links(telling: &mut Telling<'_>) {
    telling.fails(&[404]);
}

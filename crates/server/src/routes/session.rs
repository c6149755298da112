//! Signing in and out, and opening an invitation.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
};
use limpet_model::{Practice, PracticeId, StaffId, StaffMember};
use limpet_wire::{
    Code,
    http::{ClientSession, Me, OpenInvitation, SignIn, StaffSession},
};

use crate::{
    access::{COOKIE, Caller, cookie},
    app::App,
    attempts::Trier,
    body::Sent,
    failure::{Answer, Problem},
    openapi::Telling,
    passwords::{Guess, too_many},
    peer::Peer,
    secrets::{new_token, token_hash},
    store::{
        StoreError,
        account_links::{AccountLink, LinkFor},
        invitations::Opened,
        second_steps::Taken,
        sessions::{CLIENT_SESSION, Holder, Session, With},
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
    let (email, now) = (fold_email(&sign_in.email), app.now());
    let long = |text: &Option<String>| text.as_ref().is_some_and(|text| text.len() > 200);
    if email.len() > 254
        || sign_in.password.len() > crate::secrets::PASSWORD_MAXIMUM
        || long(&sign_in.code)
        || long(&sign_in.mark)
    {
        return Err(wrong_password());
    }
    let found = app.store.staff_by_email(&email).await?;
    let mark = sign_in.mark.as_deref().map(token_hash);
    // Asked for nobody, too: it takes as long.
    let somebody = found.as_ref().map(|found| (found.practice, found.staff.id));
    let (at, whose) = somebody.unwrap_or((PracticeId::NOBODYS, StaffId::NOBODYS));
    let device = match &mark {
        Some(mark) if app.store.is_known_device(at, whose, mark, now).await? => Some(mark.as_str()),
        _ => None,
    };
    // Whoever was invited has none yet.
    let hash = found.as_ref().map(|found| found.password_hash.clone()).filter(|hash| !hash.is_empty());
    let guess = Guess { trier: Trier { email: &email, peer, device }, now };
    let right = app.passwords.is_right(guess, sign_in.password, hash).await?;
    let Some(found) = found.filter(|_| right) else { return Err(wrong_password()) };
    if !found.staff.active {
        return Err(Problem::new(
            Code::SignedOut,
            "This account is closed. Ask the practice's administrator.",
        ));
    }
    let practice = practice(&app, found.practice).await?;
    let with = check_code(&app, &practice, &found.staff, sign_in.code.as_deref()).await?;
    let token = new_token().map_err(StoreError::from)?;
    let session = Session {
        token_hash: token_hash(&token),
        practice: found.practice,
        holder: Holder::Staff(found.staff.id, found.staff.role),
    };
    let device: String = sign_in.device.chars().take(200).collect();
    if !app.store.open_staff_session(&session, &device, &found.password_hash, with, app.now()).await? {
        let sentence = "This account was changed at this moment. Sign in again.";
        return Err(Problem::new(Code::SignedOut, sentence));
    }
    let mark = mark_of(&app, &practice, &found.staff, sign_in.mark).await?;
    tracing::info!(practice = %found.practice, staff = %found.staff.id, "Signed in");
    Ok(Json(StaffSession { token, practice, staff: found.staff, mark }))
}

/// Asks for the second step, where there is one. The password was right.
async fn check_code(app: &App, practice: &Practice, staff: &StaffMember, code: Option<&str>) -> Answer<With> {
    let (on, _) = app.store.second_step(practice.id, staff.id).await?;
    let needed = |sentence: &str| Problem::new(Code::CodeNeeded, sentence);
    match (on, code.map(str::trim).filter(|code| !code.is_empty())) {
        (false, _) if practice.settings.requires_code => {
            let page =
                app.address_of(&format!("/second-step?ticket={}", ticket(app, practice, staff).await?));
            let sentence = format!(
                "Your practice requires codes at sign-in. Set them up at {page} first, then sign in here."
            );
            Err(Problem::new(Code::Invalid, sentence).with_status(StatusCode::FORBIDDEN))
        }
        (false, _) => Ok(With::Password),
        (true, None) => Err(needed("Type the code that your authenticator app shows, or a recovery code.")),
        (true, Some(code)) => {
            match app.store.take_code(practice.id, staff.id, code, app.clock.own()).await? {
                Taken::Right => Ok(With::Code),
                Taken::Recovered => Ok(With::RecoveryCode),
                Taken::Wrong => Err(needed("The code is not right, or was used already. Type the next one.")),
                Taken::TooMany(wait) => Err(too_many(wait)),
            }
        }
    }
}

/// Lets somebody whose password was right here set up codes on the page without typing it again: whoever keeps the page
/// busy with wrong passwords does not keep out a device that is known.
async fn ticket(app: &App, practice: &Practice, staff: &StaffMember) -> Answer<String> {
    let ticket = new_token().map_err(StoreError::from)?;
    let link = AccountLink { practice: practice.id, staff: staff.id, kind: LinkFor::SecondStep };
    app.store.add_account_link(&token_hash(&ticket), link, app.now()).await?;
    Ok(ticket)
}

/// The mark by which this device is known: the one it has, if this practice gave it, or a new one.
async fn mark_of(
    app: &App,
    practice: &Practice,
    staff: &StaffMember,
    sent: Option<String>,
) -> Answer<String> {
    let now = app.now();
    let mark = match sent {
        Some(mark) if app.store.is_mark_of(practice.id, &token_hash(&mark), now).await? => mark,
        _ => new_token().map_err(StoreError::from)?,
    };
    app.store.know_device(practice.id, staff.id, &token_hash(&mark), now).await?;
    Ok(mark)
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
    let wait = app.doorbell.opens(&token_hash(&sent.invitation), now);
    if wait > 0 {
        let sentence = "This link was opened on many devices lately. Try again later, or call the practice.";
        return Err(Problem::new(Code::TooMany, sentence).retry_after(wait.div_euclid(1000) + 1));
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

/// Tells what may come of guessing a password or a code; 403 where a practice requires codes first.
pub fn guesses(telling: &mut Telling<'_>) {
    telling.fails(&[401, 403, 429]);
}

/// Tells what comes of asking too often.
pub fn too_often(telling: &mut Telling<'_>) {
    telling.fails(&[429]);
}

/// Tells what may come of a link.
pub fn old_links(telling: &mut Telling<'_>) {
    telling.fails(&[404, 429]);
}

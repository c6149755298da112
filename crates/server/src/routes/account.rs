//! Accounts of staff: one's own sessions and password, and what an administrator decides about others.

use axum::{Json, extract::State};
use limpet_model::{StaffId, StaffMember};
use limpet_wire::{
    Code,
    http::{InLanguage, NewPassword, NewStaff, OpenSession, StaffChange, StaffInvitation},
};

use crate::{
    access::{Caller, Staff},
    app::App,
    attempts::Trier,
    body::{IdOf, Sent},
    failure::{Answer, Problem},
    pages::Language,
    passwords::Guess,
    peer::Peer,
    secrets::{PASSWORD_MAXIMUM, check_password, new_token, token_hash},
    store::{StoreError, account_links::LinkFor, staff::fold_email},
    terms::Done,
    words,
};

/// `GET /v1/sessions`
pub async fn sessions(
    State(app): State<App>,
    caller: Caller,
    staff: Staff,
) -> Answer<Json<Vec<OpenSession>>> {
    let mut sessions = app.store.staff_sessions(staff.practice, staff.id, app.now()).await?;
    for session in &mut sessions {
        session.own = session.id == caller.0.id();
    }
    Ok(Json(sessions))
}

/// `DELETE /v1/sessions/{id}`
pub async fn close_session(State(app): State<App>, staff: Staff, IdOf(id): IdOf<String>) -> Answer<Done> {
    if app.store.close_staff_session(staff.by(app.now()), staff.id, &id).await? {
        tracing::info!(practice = %staff.practice, staff = %staff.id, "Closed a session");
        return Ok(Done);
    }
    Err(Problem::not_found("session"))
}

/// `PUT /v1/password`
pub async fn change_password(
    State(app): State<App>,
    peer: Peer,
    caller: Caller,
    staff: Staff,
    Sent(sent): Sent<NewPassword>,
) -> Answer<Done> {
    let wrong = "The present password is not right. Type it again.";
    let own = password_again(&app, peer, &caller, &staff, sent.current, wrong).await?;
    check_password(&sent.new, &own.email).map_err(Problem::invalid)?;
    let hash = app.passwords.hash(sent.new).await?;
    // Somebody else may have set another one meanwhile.
    let by = staff.by(app.now());
    if !app.store.set_password(by, staff.id, &own.password_hash, &hash, Some(&caller.0)).await? {
        return Err(Problem::invalid(wrong));
    }
    tracing::info!(practice = %staff.practice, staff = %staff.id, "Changed a password");
    Ok(Done)
}

/// An account whose password was typed once more.
pub(super) struct Own {
    /// Sign-in name.
    pub email: String,
    /// The hash of the password that was right.
    pub password_hash: String,
}

/// Asks whoever is signed in for the password once more; `wrong` is said when it is another one.
pub(super) async fn password_again(
    app: &App,
    peer: Peer,
    caller: &Caller,
    staff: &Staff,
    password: String,
    wrong: &'static str,
) -> Answer<Own> {
    let member = app.store.staff_member(staff.practice, staff.id).await?;
    let email = member.ok_or_else(|| Problem::not_found("account"))?.email;
    if password.len() > PASSWORD_MAXIMUM {
        return Err(Problem::invalid(wrong));
    }
    let found = app.store.staff_by_email(&email).await?;
    let password_hash = found.map(|found| found.password_hash).unwrap_or_default();
    let trier = Trier { email: &email, peer, device: Some(&caller.0.token_hash) };
    let guess = Guess { trier, now: app.now() };
    if !app.passwords.is_right(guess, password, Some(password_hash.clone())).await? {
        return Err(Problem::invalid(wrong));
    }
    Ok(Own { email, password_hash })
}

/// `PUT /v1/staff/{id}`
pub async fn invite(
    State(app): State<App>,
    staff: Staff,
    IdOf(id): IdOf<StaffId>,
    Sent(new): Sent<NewStaff>,
) -> Answer<Done> {
    words::check_new_staff(&new)?;
    let NewStaff { name, role, email, language } = new;
    let member = StaffMember { id, name, role, email: fold_email(&email), active: true };
    let by_mail = app.post.is_some().then(|| Language::of_tag(&language).tag());
    // The same again sends nothing.
    if by_mail.is_some() && app.store.staff_member(staff.practice, id).await?.is_none() {
        may_invite(&app, &staff, &member.email)?;
    }
    app.store.invite_staff(staff.by(app.now()), &member, by_mail).await?;
    tracing::info!(practice = %staff.practice, by = %staff.id, staff = %id, "Invited somebody");
    Ok(Done)
}

/// `POST /v1/staff/{id}/invitation`: mails it again or, where no mail is sent, answers the link.
pub async fn invitation(
    State(app): State<App>,
    staff: Staff,
    IdOf(id): IdOf<StaffId>,
    Sent(sent): Sent<InLanguage>,
) -> Answer<Json<StaffInvitation>> {
    let now = app.now();
    if app.post.is_some() {
        let language = Language::of_tag(&sent.language).tag();
        let member = app.store.invited(staff.practice, id).await?;
        may_invite(&app, &staff, &member.email)?;
        app.store.queue_invitation(staff.by(now), id, language).await?;
        return Ok(Json(StaffInvitation { link: None, expires_at: None }));
    }
    app.store.invited(staff.practice, id).await?;
    let token = new_token().map_err(StoreError::from)?;
    let (by, hash) = (staff.by(now), token_hash(&token));
    let expires_at = app.store.hand_over_link(by, id, LinkFor::Invitation, &hash).await?;
    let link = app.address_of(&format!("/a/{token}"));
    Ok(Json(StaffInvitation { link: Some(link), expires_at: Some(expires_at) }))
}

/// Whether an invitation may be mailed to this address: an administrator's account that somebody took is no way to mail
/// to the whole world.
fn may_invite(app: &App, staff: &Staff, email: &str) -> Answer<()> {
    let wait = app.doorbell.invites(staff.practice, email, app.now());
    if wait == 0 {
        return Ok(());
    }
    let sentence =
        "Too many invitations were mailed lately, or too many to this address. Try again in an hour.";
    Err(Problem::new(Code::TooMany, sentence).retry_after(wait.div_euclid(1000) + 1))
}

/// `PATCH /v1/staff/{id}`
pub async fn change(
    State(app): State<App>,
    staff: Staff,
    IdOf(id): IdOf<StaffId>,
    Sent(change): Sent<StaffChange>,
) -> Answer<Done> {
    words::check_staff(&change)?;
    app.store.change_staff(staff.by(app.now()), id, &change).await?;
    tracing::info!(practice = %staff.practice, by = %staff.id, staff = %id, "Changed an account");
    Ok(Done)
}

/// `DELETE /v1/staff/{id}/sessions`
pub async fn close_sessions(State(app): State<App>, staff: Staff, IdOf(id): IdOf<StaffId>) -> Answer<Done> {
    let member = app.store.staff_member(staff.practice, id).await?;
    member.ok_or_else(|| Problem::not_found("account"))?;
    app.store.close_staff_sessions(staff.by(app.now()), id).await?;
    tracing::info!(practice = %staff.practice, by = %staff.id, staff = %id, "Closed an account's sessions");
    Ok(Done)
}

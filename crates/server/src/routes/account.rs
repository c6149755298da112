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
    store::{StoreError, staff::fold_email},
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
    let member = app.store.staff_member(staff.practice, staff.id).await?;
    let member = member.ok_or_else(|| Problem::not_found("account"))?;
    check_password(&sent.new, &member.email).map_err(Problem::invalid)?;
    let wrong = || Problem::new(Code::Invalid, "The present password is not right. Type it again.");
    if sent.current.len() > PASSWORD_MAXIMUM {
        return Err(wrong());
    }
    let found = app.store.staff_by_email(&member.email).await?;
    let present = found.map(|found| found.password_hash).unwrap_or_default();
    let trier = Trier { email: &member.email, peer, device: Some(&caller.0.token_hash) };
    let guess = Guess { trier, now: app.now() };
    if !app.passwords.is_right(guess, sent.current, Some(present.clone())).await? {
        return Err(wrong());
    }
    let hash = app.passwords.hash(sent.new).await?;
    // Somebody else may have set another one meanwhile.
    if !app.store.set_password(staff.by(app.now()), staff.id, &present, &hash, Some(&caller.0)).await? {
        return Err(wrong());
    }
    tracing::info!(practice = %staff.practice, staff = %staff.id, "Changed a password");
    Ok(Done)
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
        app.store.queue_invitation(staff.by(now), id, language).await?;
        return Ok(Json(StaffInvitation { link: None, expires_at: None }));
    }
    app.store.invited(staff.practice, id).await?;
    let token = new_token().map_err(StoreError::from)?;
    let expires_at = app.store.add_invitation_link(staff.by(now), id, &token_hash(&token)).await?;
    let link = app.address_of(&format!("/a/{token}"));
    Ok(Json(StaffInvitation { link: Some(link), expires_at: Some(expires_at) }))
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

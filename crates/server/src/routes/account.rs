//! Accounts of staff: one's own sessions and password, and what an administrator decides about others.

use axum::{Json, extract::State};
use limpet_model::StaffId;
use limpet_wire::{
    Code,
    http::{NewPassword, OpenSession, StaffChange},
};

use crate::{
    access::{Caller, Staff},
    app::App,
    body::{IdOf, Sent},
    failure::{Answer, Problem},
    passwords::Guess,
    peer::Peer,
    secrets::{PASSWORD_MAXIMUM, check_password},
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
    let guess = Guess { email: &member.email, peer, now: app.now() };
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

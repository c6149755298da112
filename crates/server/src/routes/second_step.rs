//! Codes at sign-in, set up by whoever is signed in and taken off by an administrator.

use axum::{Json, extract::State};
use limpet_model::StaffId;
use limpet_wire::{
    Code,
    http::{NewSecret, Password, PasswordAndCode, RecoveryCodes, SecondStep, TypedCode},
};

use super::account::{Own, password_again};
use crate::{
    access::{Caller, Staff},
    app::App,
    body::{IdOf, Sent},
    codes::{link, new_secret, recovery_codes},
    failure::{Answer, Problem},
    passwords::too_many,
    peer::Peer,
    store::{
        StoreError,
        second_steps::{FirstCode, Taken},
    },
    terms::Done,
};

const WRONG: &str = "The password is not right. Type it again.";

/// `GET /v1/second-step`
pub async fn show(State(app): State<App>, staff: Staff) -> Answer<Json<SecondStep>> {
    let (on, recovery_codes) = app.store.second_step(staff.practice, staff.id).await?;
    let practice = app.store.practice(staff.practice).await?;
    let required = practice.is_some_and(|practice| practice.settings.requires_code);
    Ok(Json(SecondStep { on, required, recovery_codes }))
}

/// `POST /v1/second-step`
pub async fn begin(
    State(app): State<App>,
    peer: Peer,
    caller: Caller,
    staff: Staff,
    Sent(sent): Sent<Password>,
) -> Answer<Json<NewSecret>> {
    let Own { email, .. } = password_again(&app, peer, &caller, &staff, sent.password, WRONG).await?;
    let practice =
        app.store.practice(staff.practice).await?.map(|practice| practice.name).unwrap_or_default();
    let secret = new_secret().map_err(StoreError::from)?;
    let link = link(&secret, &practice, &email).ok_or_else(|| Problem::internal(&"no link for a secret"))?;
    if !app.store.begin_second_step(staff.by(app.now()), staff.id, &secret, None).await? {
        return Err(Problem::new(Code::Conflict, "Codes are asked for already. Switch them off first."));
    }
    Ok(Json(NewSecret { secret, link }))
}

/// `PUT /v1/second-step`
pub async fn confirm(
    State(app): State<App>,
    caller: Caller,
    staff: Staff,
    Sent(sent): Sent<TypedCode>,
) -> Answer<Json<RecoveryCodes>> {
    let codes = recovery_codes().map_err(StoreError::from)?;
    let by = staff.by(app.clock.own());
    let first = FirstCode { code: &sent.code, shown: None, session: Some(&caller.0) };
    match app.store.confirm_second_step(by, staff.id, first, &codes).await? {
        Taken::Right | Taken::Recovered => {
            tracing::info!(practice = %staff.practice, staff = %staff.id, "Set up codes at sign-in");
            Ok(Json(RecoveryCodes { codes }))
        }
        Taken::Wrong => Err(Problem::invalid("The code is not right. Type the one that the app shows now.")),
        Taken::TooMany(wait) => Err(too_many(wait)),
    }
}

/// `POST /v1/second-step/recovery-codes`
pub async fn renew(
    State(app): State<App>,
    peer: Peer,
    caller: Caller,
    staff: Staff,
    Sent(sent): Sent<PasswordAndCode>,
) -> Answer<Json<RecoveryCodes>> {
    password_again(&app, peer, &caller, &staff, sent.password, WRONG).await?;
    let codes = recovery_codes().map_err(StoreError::from)?;
    match app.store.renew_recovery_codes(staff.by(app.clock.own()), staff.id, &sent.code, &codes).await? {
        Taken::Right | Taken::Recovered => {
            tracing::info!(practice = %staff.practice, staff = %staff.id, "Made new recovery codes");
            Ok(Json(RecoveryCodes { codes }))
        }
        Taken::Wrong => {
            Err(Problem::invalid("The code is not right, or was used already. Type the next one."))
        }
        Taken::TooMany(wait) => Err(too_many(wait)),
    }
}

/// `POST /v1/second-step/off`
pub async fn end(
    State(app): State<App>,
    peer: Peer,
    caller: Caller,
    staff: Staff,
    Sent(sent): Sent<Password>,
) -> Answer<Done> {
    password_again(&app, peer, &caller, &staff, sent.password, WRONG).await?;
    let practice = app.store.practice(staff.practice).await?;
    if practice.is_some_and(|practice| practice.settings.requires_code) {
        let sentence = "Your practice requires codes at sign-in. For another phone, ask an administrator.";
        return Err(Problem::new(Code::Conflict, sentence));
    }
    app.store.end_second_step(staff.by(app.now()), staff.id, false).await?;
    tracing::info!(practice = %staff.practice, staff = %staff.id, "Switched codes at sign-in off");
    Ok(Done)
}

/// `DELETE /v1/staff/{id}/second-step`
pub async fn take_off(State(app): State<App>, staff: Staff, IdOf(id): IdOf<StaffId>) -> Answer<Done> {
    if id == staff.id {
        let sentence =
            "These are your own. Switch them off with your password, or ask another administrator.";
        return Err(Problem::new(Code::Conflict, sentence));
    }
    let member = app.store.staff_member(staff.practice, id).await?;
    member.ok_or_else(|| Problem::not_found("account"))?;
    app.store.end_second_step(staff.by(app.now()), id, true).await?;
    tracing::info!(practice = %staff.practice, by = %staff.id, staff = %id, "Took codes at sign-in off an account");
    Ok(Done)
}

//! Codes at sign-in, set up by whoever is signed in and taken off by an administrator.

use axum::{Json, extract::State};
use limpet_model::StaffId;
use limpet_wire::{
    Code,
    http::{NewSecret, Password, RecoveryCodes, SecondStep, TypedCode},
};

use crate::{
    access::{Caller, Staff},
    app::App,
    attempts::Trier,
    body::{IdOf, Sent},
    codes::{link, new_secret, recovery_codes},
    failure::{Answer, Problem},
    passwords::{Guess, too_many},
    peer::Peer,
    secrets::PASSWORD_MAXIMUM,
    store::{StoreError, second_steps::Taken},
    terms::Done,
};

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
    let email = check_password(&app, peer, &caller, &staff, sent).await?;
    let practice =
        app.store.practice(staff.practice).await?.map(|practice| practice.name).unwrap_or_default();
    let secret = new_secret().map_err(StoreError::from)?;
    let link = link(&secret, &practice, &email).ok_or_else(|| Problem::internal(&"no link for a secret"))?;
    if !app.store.begin_second_step(staff.by(app.now()), staff.id, &secret).await? {
        return Err(Problem::new(Code::Conflict, "Codes are asked for already. Switch them off first."));
    }
    Ok(Json(NewSecret { secret, link }))
}

/// `PUT /v1/second-step`
pub async fn confirm(
    State(app): State<App>,
    staff: Staff,
    Sent(sent): Sent<TypedCode>,
) -> Answer<Json<RecoveryCodes>> {
    let codes = recovery_codes().map_err(StoreError::from)?;
    let by = staff.by(app.clock.own());
    let taken = app.store.confirm_second_step(by, staff.id, &sent.code, &codes).await?;
    match taken {
        Taken::Right => {
            tracing::info!(practice = %staff.practice, staff = %staff.id, "Set up codes at sign-in");
            Ok(Json(RecoveryCodes { codes }))
        }
        Taken::Wrong => Err(Problem::invalid("The code is not right. Type the one that the app shows now.")),
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
    check_password(&app, peer, &caller, &staff, sent).await?;
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
    let member = app.store.staff_member(staff.practice, id).await?;
    member.ok_or_else(|| Problem::not_found("account"))?;
    app.store.end_second_step(staff.by(app.now()), id, true).await?;
    tracing::info!(practice = %staff.practice, by = %staff.id, staff = %id, "Took codes at sign-in off an account");
    Ok(Done)
}

/// Asks for the password once more; answers the sign-in name.
async fn check_password(
    app: &App,
    peer: Peer,
    caller: &Caller,
    staff: &Staff,
    Password { password }: Password,
) -> Answer<String> {
    let member = app.store.staff_member(staff.practice, staff.id).await?;
    let member = member.ok_or_else(|| Problem::not_found("account"))?;
    let wrong = || Problem::invalid("The password is not right. Type it again.");
    if password.len() > PASSWORD_MAXIMUM {
        return Err(wrong());
    }
    let found = app.store.staff_by_email(&member.email).await?;
    let hash = found.map(|found| found.password_hash);
    let trier = Trier { email: &member.email, peer, device: Some(&caller.0.token_hash) };
    if !app.passwords.is_right(Guess { trier, now: app.now() }, password, hash).await? {
        return Err(wrong());
    }
    Ok(member.email)
}

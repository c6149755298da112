//! Holds: putting on and lifting.

use axum::extract::State;
use limpet_model::HoldId;
use limpet_wire::http::NewHold;

use crate::{
    access::Staff,
    app::App,
    body::{IdOf, Sent},
    failure::Answer,
    terms::Done,
    words,
};

/// `PUT /v1/holds/{id}`
pub async fn put(
    State(app): State<App>,
    staff: Staff,
    IdOf(id): IdOf<HoldId>,
    Sent(new): Sent<NewHold>,
) -> Answer<Done> {
    words::check_hold(&new)?;
    app.store.put_hold(staff.by(app.now()), id, &new).await?;
    Ok(Done)
}

/// `DELETE /v1/holds/{id}`
pub async fn lift(State(app): State<App>, staff: Staff, IdOf(id): IdOf<HoldId>) -> Answer<Done> {
    app.store.lift_hold(staff.by(app.now()), id).await?;
    Ok(Done)
}

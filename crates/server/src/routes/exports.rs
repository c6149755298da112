//! `PUT /v1/exports/{id}`: a device tells what left Limpet.

use axum::extract::State;
use limpet_model::ExportId;
use limpet_wire::http::NewExport;

use crate::{
    access::Staff,
    app::App,
    body::{IdOf, Sent},
    failure::Answer,
    terms::Done,
    words,
};

/// `PUT /v1/exports/{id}`
pub async fn put(
    State(app): State<App>,
    staff: Staff,
    IdOf(id): IdOf<ExportId>,
    Sent(new): Sent<NewExport>,
) -> Answer<Done> {
    words::check_export(&new)?;
    app.store.put_export(staff.by(app.now()), id, &new).await?;
    Ok(Done)
}

//! `GET /v1/audit`: who did what, for an administrator.

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use limpet_wire::http::AuditPage;
use serde::Deserialize;

use crate::{
    access::Staff,
    app::App,
    failure::{Answer, Problem},
};

/// Lines in a page unless fewer or more are asked for.
const PAGE: i64 = 200;

/// Where to go on, and how far.
#[derive(Deserialize)]
pub struct Ask {
    #[serde(default)]
    after: i64,
    limit: Option<i64>,
}

/// `GET /v1/audit?after=&limit=`
pub async fn audit(
    State(app): State<App>,
    staff: Staff,
    ask: Result<Query<Ask>, QueryRejection>,
) -> Answer<Json<AuditPage>> {
    let Query(ask) =
        ask.map_err(|_| Problem::invalid("The log was asked for in a way the server cannot read."))?;
    Ok(Json(app.store.audit(staff.practice, ask.after, ask.limit.unwrap_or(PAGE)).await?))
}

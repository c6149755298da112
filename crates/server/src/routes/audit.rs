//! `GET /v1/audit`: who did what, for an administrator.

use axum::{Json, extract::State};
use limpet_wire::http::AuditPage;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{access::Staff, app::App, body::Asked, failure::Answer};

/// Lines in a page unless fewer or more are asked for.
const PAGE: i64 = 200;

/// Where to go on, and how far.
#[derive(Deserialize, JsonSchema)]
pub struct Ask {
    /// The number of the last line that is known.
    #[serde(default)]
    #[schemars(range(min = -9_223_372_036_854_775_808_i64, max = 9_223_372_036_854_775_807_i64))]
    after: i64,
    /// About how many: 200 unless said, 1000 at most.
    #[schemars(with = "i64", range(min = -9_223_372_036_854_775_808_i64, max = 9_223_372_036_854_775_807_i64))]
    limit: Option<i64>,
}

/// `GET /v1/audit?after=&limit=`
pub async fn audit(State(app): State<App>, staff: Staff, Asked(ask): Asked<Ask>) -> Answer<Json<AuditPage>> {
    Ok(Json(app.store.audit(staff.practice, ask.after, ask.limit.unwrap_or(PAGE)).await?))
}

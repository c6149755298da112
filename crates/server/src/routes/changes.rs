//! `GET /v1/changes`: the feed.

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use limpet_model::Revision;
use limpet_wire::changes::ChangePage;
use serde::Deserialize;

use crate::{
    access::Caller,
    app::App,
    failure::{Answer, Problem},
};

/// Changes in a page unless the device asks for fewer or more.
const PAGE: u32 = 500;

/// Where to go on, and how far.
#[derive(Deserialize)]
pub struct Ask {
    #[serde(default)]
    since: i64,
    limit: Option<u32>,
}

/// `GET /v1/changes?since=&limit=`
pub async fn changes(
    State(app): State<App>,
    caller: Caller,
    ask: Result<Query<Ask>, QueryRejection>,
) -> Answer<Json<ChangePage>> {
    let Query(ask) =
        ask.map_err(|_| Problem::invalid("The app asked for changes in a way the server cannot read."))?;
    let limit = ask.limit.unwrap_or(PAGE);
    let page = app.store.changes(caller.practice(), caller.view(), Revision(ask.since.max(0)), limit).await?;
    Ok(Json(app.with_links(page)))
}

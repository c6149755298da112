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
    view::View,
};

/// Changes in a page unless the device asks for fewer or more.
const PAGE: u32 = 500;

/// Where to go on, and how far.
#[derive(Deserialize)]
pub struct Ask {
    #[serde(default)]
    since: i64,
    limit: Option<u32>,
    /// In which past `since` counts. A device that does not know has none yet, or is of an older version.
    epoch: Option<String>,
}

/// `GET /v1/changes?since=&limit=&epoch=`
pub async fn changes(
    State(app): State<App>,
    caller: Caller,
    ask: Result<Query<Ask>, QueryRejection>,
) -> Answer<Json<ChangePage>> {
    let Query(ask) =
        ask.map_err(|_| Problem::invalid("The app asked for changes in a way the server cannot read."))?;
    let limit = ask.limit.unwrap_or(PAGE);
    if ask.since > 0 && ask.epoch.is_some_and(|epoch| epoch != app.epoch) {
        // What it counts from never was here: it starts over.
        let (revision, changes, epoch) = (Revision(0), Vec::new(), app.epoch.clone());
        return Ok(Json(ChangePage { revision, changes, more: true, epoch }));
    }
    if let (View::Client(client), true) = (caller.view(), ask.since > 0) {
        app.store.delivered(caller.by(app.now()), client, Revision(ask.since)).await?;
    }
    let page = app.store.changes(caller.practice(), caller.view(), Revision(ask.since.max(0)), limit).await?;
    Ok(Json(ChangePage { epoch: app.epoch.clone(), ..app.with_links(page) }))
}

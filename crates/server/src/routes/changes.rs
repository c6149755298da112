//! `GET /v1/changes`: the feed.

use axum::{Json, extract::State};
use limpet_model::Revision;
use limpet_wire::changes::ChangePage;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    access::Caller,
    app::App,
    body::Asked,
    failure::{Answer, Problem},
    view::View,
};

/// Changes in a page unless the device asks for fewer or more.
const PAGE: u32 = 500;

/// Where to go on, and how far.
#[derive(Deserialize, JsonSchema)]
pub struct Ask {
    /// The `revision` of the last page; 0 begins with everything.
    #[serde(default)]
    #[schemars(range(min = 0, max = 9_223_372_036_854_775_807_i64))]
    since: i64,
    /// About how many changes: 500 unless said, 1000 at most.
    #[schemars(with = "u32", range(max = 4_294_967_295_u32))]
    limit: Option<u32>,
    /// In which past `since` counts. A device that does not know has none yet, or is of an older version.
    #[schemars(with = "String")]
    epoch: Option<String>,
}

/// `GET /v1/changes?since=&limit=&epoch=`
pub async fn changes(
    State(app): State<App>,
    caller: Caller,
    Asked(ask): Asked<Ask>,
) -> Answer<Json<ChangePage>> {
    if ask.since < 0 {
        return Err(Problem::invalid("There are no revisions before 0. Begin there."));
    }
    let limit = ask.limit.unwrap_or(PAGE);
    if ask.since > 0 && ask.epoch.is_some_and(|epoch| epoch != app.epoch) {
        // What it counts from never was here: it starts over.
        let (revision, changes, epoch) = (Revision(0), Vec::new(), app.epoch.clone());
        return Ok(Json(ChangePage { revision, changes, more: true, epoch }));
    }
    if let (View::Client(client), true) = (caller.view(), ask.since > 0) {
        app.store.delivered(caller.by(app.now()), client, Revision(ask.since)).await?;
    }
    let page = app.store.changes(caller.practice(), caller.view(), Revision(ask.since), limit).await?;
    Ok(Json(ChangePage { epoch: app.epoch.clone(), ..app.with_links(page) }))
}

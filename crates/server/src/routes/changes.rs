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
    past::Past,
    store::Place,
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
    /// The `epoch` of the last page, as it came. A device that has none yet says none.
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
    let since = Revision(ask.since);
    let newest = app.store.revision(caller.practice()).await?;
    let beginning = Past::beginning(&app.epoch, newest);
    let past = match ask.epoch.as_deref().map(|said| Past::said(said, &app.epoch)) {
        Some(Some(past)) if past.begun <= newest => past,
        Some(_) => {
            // What it counts from never was here, so some of what it holds never was either: it starts over.
            let (revision, changes, epoch) = (Revision(0), Vec::new(), beginning.to_string());
            return Ok(Json(ChangePage { revision, changes, more: true, epoch }));
        }
        None if ask.since == 0 => beginning,
        // It has something and does not say since when: it hears of all that went.
        None => Past::beginning(&app.epoch, Revision(0)),
    };
    if let (View::Client(client), true) = (caller.view(), ask.since > 0) {
        app.store.delivered(caller.by(app.now()), client, since).await?;
    }
    let from = Place { since, begun: past.begun };
    let page = app.store.changes(caller.practice(), caller.view(), from, limit).await?;
    Ok(Json(ChangePage { epoch: past.to_string(), ..app.with_links(page) }))
}

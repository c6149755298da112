//! Clients and patients from a CSV file: first a look at what it would do, then doing it.

use std::time::Duration;

use axum::{Json, body::Body, extract::State};
use limpet_model::PracticeId;
use limpet_wire::{
    Code,
    http::{IMPORT_LIMIT, ImportDates, ImportReport},
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::{
    access::Caller,
    app::App,
    body::{Asked, whole_body},
    failure::{Answer, Problem},
    imports::{Done, Said, look},
    openapi::Telling,
};

/// Files that are read at once: each is held in memory.
static PLACES: Semaphore = Semaphore::const_new(2);

/// How long a file may take to arrive.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long one waits for its place.
const TURN: Duration = Duration::from_secs(30);

/// What is said about a file.
#[derive(Deserialize, JsonSchema)]
pub struct Ask {
    /// Which column is what, as a JSON object of headings and fields; null leaves a column out. Columns that are not named
    /// are recognised by their headings.
    #[schemars(with = "String")]
    columns: Option<String>,
    /// How days are written that could be read either way.
    #[schemars(with = "ImportDates")]
    dates: Option<ImportDates>,
}

/// What is said about a file that was looked at.
#[derive(Deserialize, JsonSchema)]
pub struct AskToDo {
    /// The same as at the preview.
    #[schemars(with = "String")]
    columns: Option<String>,
    /// The same as at the preview.
    #[schemars(with = "ImportDates")]
    dates: Option<ImportDates>,
    /// The `preview` of what was looked at.
    #[schemars(with = "String")]
    preview: Option<String>,
}

/// `POST /v1/imports/preview`
pub async fn preview(
    State(app): State<App>,
    caller: Caller,
    Asked(ask): Asked<Ask>,
    body: Body,
) -> Answer<Json<ImportReport>> {
    let said = Said::read(ask.columns.as_deref(), ask.dates)?;
    Ok(Json(examine(&app, caller.practice(), said, body).await?.report))
}

/// `POST /v1/imports`
pub async fn import(
    State(app): State<App>,
    caller: Caller,
    Asked(ask): Asked<AskToDo>,
    body: Body,
) -> Answer<Json<ImportReport>> {
    let said = Said::read(ask.columns.as_deref(), ask.dates)?;
    let Done { mut report, planned, .. } = examine(&app, caller.practice(), said, body).await?;
    if ask.preview.as_deref() != Some(report.preview.as_str()) {
        return Err(Problem::new(
            Code::Conflict,
            "This is not the file that was looked at. Look at this one first.",
        ));
    }
    app.store.import(caller.by(app.now()), &report.preview, &planned).await?;
    report.done = true;
    tracing::info!(practice = %caller.practice(), rows = report.counts.rows, refused = report.counts.refused, "Imported clients and patients");
    Ok(Json(report))
}

async fn examine(app: &App, practice: PracticeId, said: Said, body: Body) -> Answer<Done> {
    let too_large = || {
        let words = format!("The file is larger than {} MB. Split it in two.", IMPORT_LIMIT / (1024 * 1024));
        Problem::new(Code::TooLarge, words)
    };
    let bytes = whole_body(body, IMPORT_LIMIT, PATIENCE).await.map_err(|unread| unread.or(too_large))?;
    // Only once it is here: whoever sends slowly keeps nobody waiting.
    let _place = place(TURN).await?;
    let known = app.store.known_people(practice).await?;
    let looked = tokio::task::spawn_blocking(move || look(practice, &bytes, &said, known)).await;
    looked.map_err(|error| Problem::internal(&error))?
}

/// A place, or to come back later when none was free for so long.
async fn place(turn: Duration) -> Answer<SemaphorePermit<'static>> {
    let busy = |_| {
        Problem::new(Code::TooMany, "Other files are being looked at. Try again in a minute.").retry_after(60)
    };
    let waited = tokio::time::timeout(turn, PLACES.acquire()).await.map_err(busy)?;
    waited.map_err(|error| Problem::internal(&error))
}

/// Tells of the file.
pub fn tell(telling: &mut Telling<'_>) {
    telling.takes("text/csv", &json!({ "type": "string", "format": "binary" }), true);
    telling.fails(&[400, 413, 429]);
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;

    use super::*;

    #[tokio::test]
    async fn who_finds_no_place_in_time_is_told_when_to_come_back() {
        let one = place(TURN).await.unwrap();
        let _two = place(TURN).await.unwrap();
        let refused = tokio::time::timeout(PATIENCE / 10, place(Duration::ZERO)).await.expect("it waits on");
        let refused = refused.unwrap_err().into_response();
        assert_eq!(
            (refused.status().as_u16(), &refused.headers()["retry-after"]),
            (429, &"60".parse().unwrap())
        );
        // Whoever waits has the next one that is free.
        let (third, ()) = tokio::join!(place(TURN), async { drop(one) });
        assert!(third.is_ok());
    }
}

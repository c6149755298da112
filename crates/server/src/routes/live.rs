//! `GET /v1/live`: says that there is something new, and nothing about it.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::State,
    http::{HeaderName, HeaderValue},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::{StreamExt, stream};
use serde_json::json;
use tokio::sync::watch;
use tokio_stream::wrappers::WatchStream;

use crate::{
    access::Caller, app::App, failure::Answer, live::Ear, openapi::Telling, store::sessions::Session,
};

/// Keeps middle boxes from closing a quiet connection.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// How often to ask whether the session still holds: another node may have closed it.
const ASK_AGAIN: Duration = Duration::from_secs(60);

/// `GET /v1/live`
pub async fn live(State(app): State<App>, caller: Caller) -> Answer<Response> {
    // Listen first, then look: a revision in between is told, not lost.
    let Ear { revisions, closings } = app.live.listen(caller.practice(), caller.view());
    let newest = app.store.revision(caller.practice()).await?;
    app.live.began_at(caller.practice(), newest);
    let events = stream::iter([newest])
        .chain(WatchStream::from_changes(revisions))
        .map(|revision| Ok::<_, Infallible>(Event::default().data(revision.0.to_string())));
    let mut response = Sse::new(events.take_until(until_over(app, caller.0, closings)))
        .keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
        .into_response();
    response
        .headers_mut()
        .insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(response)
}

/// Ends with the session, or with the server.
async fn until_over(app: App, session: Session, mut closings: watch::Receiver<()>) {
    loop {
        // The first time at once: it may have been closed before anybody listened.
        match app.store.is_open(&session, app.now()).await {
            Ok(false) => return,
            Ok(true) => {}
            Err(error) => tracing::warn!(%error, "Cannot ask for a session"),
        }
        tokio::select! {
            () = app.stopping.cancelled() => return,
            () = tokio::time::sleep(ASK_AGAIN) => {}
            closed = closings.changed() => if closed.is_err() { return },
        }
    }
}

/// Tells of events that never end by themselves.
pub fn tell(telling: &mut Telling<'_>) {
    let words = "Each event is `data: <revision>`; ask `/v1/changes` for what is new. A comment every 15 seconds keeps the \
                 line open. It ends with the session.";
    // Each event by itself: so do those who check documents read the schema of a stream.
    let revision = json!({ "type": "string", "pattern": "^[0-9]+$" });
    let event = json!({ "type": "object", "required": ["data"], "properties": { "data": revision } });
    telling.answers_with(200, words, "text/event-stream", &event);
}

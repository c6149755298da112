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
use tokio::sync::watch;
use tokio_stream::wrappers::WatchStream;

use crate::{access::Caller, app::App, failure::Answer, live::Ear};

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
    let mut response = Sse::new(events.take_until(until_over(app, caller.0.token_hash, closings)))
        .keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
        .into_response();
    response
        .headers_mut()
        .insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(response)
}

/// Ends with the session, or with the server.
async fn until_over(app: App, token_hash: String, mut closings: watch::Receiver<()>) {
    loop {
        // The first time at once: it may have been closed before anybody listened.
        match app.store.session(&token_hash, app.now()).await {
            Ok(None) => return,
            Ok(Some(_)) => {}
            Err(error) => tracing::warn!(%error, "Cannot ask for a session"),
        }
        tokio::select! {
            () = app.stopping.cancelled() => return,
            () = tokio::time::sleep(ASK_AGAIN) => {}
            closed = closings.changed() => if closed.is_err() { return },
        }
    }
}

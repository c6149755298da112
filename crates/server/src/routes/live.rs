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
use futures_util::{Stream, StreamExt};
use tokio_stream::wrappers::WatchStream;

use crate::{access::Caller, app::App, failure::Answer};

/// Keeps middle boxes from closing a quiet connection.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// `GET /v1/live`
pub async fn live(State(app): State<App>, caller: Caller) -> Answer<Response> {
    // Listen first, then look: a revision in between is told, not lost.
    let ear = app.live.listen(caller.practice());
    let newest = app.store.revision(caller.practice()).await?;
    app.live.tell(caller.practice(), newest);
    let stopping = app.stopping.clone();
    let mut response = Sse::new(events(WatchStream::new(ear)).take_until(stopping.cancelled_owned()))
        .keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
        .into_response();
    response
        .headers_mut()
        .insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(response)
}

fn events(
    revisions: WatchStream<limpet_model::Revision>,
) -> impl Stream<Item = Result<Event, Infallible>> + Send + 'static {
    revisions.map(|revision| Ok(Event::default().data(revision.0.to_string())))
}

//! `GET /v1/live`: says that there is something new, and nothing about it; and who is in a conversation now, which is
//! nowhere to be asked for.

use std::{convert::Infallible, future::ready, sync::Arc, time::Duration};

use axum::{
    extract::State,
    http::{HeaderName, HeaderValue},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::{Stream, StreamExt, stream};
use limpet_model::Revision;
use limpet_wire::http::Present;
use serde_json::json;
use tokio::sync::watch;
use tokio_stream::wrappers::WatchStream;

use crate::{
    access::Caller, app::App, failure::Answer, live::Ear, openapi::Telling, presence::Seen,
    store::sessions::Session,
};

/// Keeps middle boxes from closing a quiet connection.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// How soon after one another changes of who is where are told.
const PAUSE: Duration = Duration::from_millis(200);

/// How often to ask whether the session still holds: another node may have closed it.
const ASK_AGAIN: Duration = Duration::from_secs(60);

/// `GET /v1/live`
pub async fn live(State(app): State<App>, caller: Caller) -> Answer<Response> {
    // Listen first, then look: a revision in between is told, not lost.
    let Ear { revisions, present, closings } = app.live.listen(caller.practice(), caller.view());
    let newest = app.store.revision(caller.practice()).await?;
    app.live.began_at(caller.practice(), newest);
    // Another node's notice may come after what was looked up: nobody hears of less than they know.
    let mut told = None;
    let is_news = move |revision: &Revision| {
        let is_news = told < Some(*revision);
        told = told.max(Some(*revision));
        ready(is_news)
    };
    let revisions = stream::iter([newest])
        .chain(WatchStream::from_changes(revisions))
        .filter(is_news)
        .map(|revision| Event::default().data(revision.0.to_string()));
    let events = stream::select(revisions, presences(present)).map(Ok::<_, Infallible>);
    let mut response = Sse::new(events.take_until(until_over(app, caller.0, closings)))
        .keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
        .into_response();
    response
        .headers_mut()
        .insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(response)
}

/// Who is where now, and then each conversation in which that changes. Somebody who comes and goes all the time fills no
/// line: what changed meanwhile is told once.
fn presences(present: watch::Receiver<Seen>) -> impl Stream<Item = Event> {
    let told = stream::unfold((present, None::<Seen>), |(mut present, told)| async move {
        if told.is_some() {
            tokio::time::sleep(PAUSE).await;
            present.changed().await.ok()?;
        }
        let now = present.borrow_and_update().clone();
        let news = news(&told.unwrap_or_default(), &now);
        Some((stream::iter(news), (present, Some(now))))
    });
    // Named, so that who knows nothing of it hears revisions only.
    told.flatten().filter_map(async |present| Event::default().event("presence").json_data(&*present).ok())
}

fn news(told: &Seen, now: &Seen) -> Vec<Arc<Present>> {
    let came =
        now.iter().filter(|(id, present)| told.get(id) != Some(present)).map(|(_, present)| present.clone());
    let left = told.keys().filter(|id| !now.contains_key(id));
    came.chain(left.map(|id| Arc::new(Present { conversation: *id, people: Vec::new() }))).collect()
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
    let words = "Each event without a name is `data: <revision>`; ask `/v1/changes` for what is new. The event `presence` \
                 says who is in a conversation now, as JSON: a conversation that was not told of has nobody in it. Ignore \
                 events of other names. A comment every 15 seconds keeps the line open. It ends with the session.";
    // Each event by itself: so do those who check documents read the schema of a stream.
    let revision = json!({
        "type": "object", "required": ["data"],
        "properties": { "data": { "type": "string", "pattern": "^[0-9]+$" } },
    });
    let present = telling.schema_of::<Present>();
    let presence = json!({
        "type": "object", "required": ["event", "data"],
        "properties": {
            "event": { "const": "presence" },
            "data": { "type": "string", "contentMediaType": "application/json", "contentSchema": present },
        },
    });
    telling.answers_with(200, words, "text/event-stream", &json!({ "anyOf": [revision, presence] }));
}

//! Connections and routes.

use std::{convert::Infallible, io, sync::Arc, time::Duration};

use hyper::{Method, Request, StatusCode, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use limpet_desk::Desk;
use limpet_wire::{Code, Failure};
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    answer::{self, Answer},
    calls, events, files,
    guard::{Guard, Verdict},
    media,
    stage::{self, Stage},
};

/// A connection that has not sent its headers after this long is closed.
const PATIENCE: Duration = Duration::from_secs(10);

/// Everything an answer is made from.
pub(crate) struct Bridge {
    pub(crate) desk: Desk,
    pub(crate) guard: Guard,
    pub(crate) stage: Stage,
    pub(crate) stop: CancellationToken,
}

/// Answers whoever connects, until told to stop.
pub(crate) async fn serve(listener: TcpListener, bridge: Arc<Bridge>) -> io::Result<()> {
    let connections = TaskTracker::new();
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of file handles, most likely: others close some.
                tracing::warn!(kind = ?error.kind(), "A connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let bridge = bridge.clone();
        connections.spawn(async move {
            let service = service_fn(|request| route(bridge.clone(), request));
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(PATIENCE)
                .serve_connection(TokioIo::new(stream), service);
            tokio::select! {
                served = connection => if let Err(error) = served {
                    tracing::debug!(%error, "A connection ended early");
                },
                () = bridge.stop.cancelled() => {}
            }
        });
    }
}

async fn route(bridge: Arc<Bridge>, request: Request<Incoming>) -> Result<Answer, Infallible> {
    match bridge.guard.judge(request.method(), request.uri(), request.headers()) {
        Verdict::Answer => {}
        Verdict::Welcome => return Ok(answer::welcome(&bridge.guard.cookie())),
        Verdict::Stranger => return Ok(refused("This address answers only Limpet's own page.")),
        Verdict::NoToken => {
            return Ok(refused(
                "Open the address that limpet-bridge printed when it was started; it has the key in it.",
            ));
        }
    }
    let path = request.uri().path().to_owned();
    let answered = match (request.method(), path.as_str()) {
        (&Method::POST, "/call") => calls::call(&bridge, request).await,
        (&Method::GET, "/events") => Ok(events::events(&bridge)),
        (&Method::POST, "/stage") => stage::receive(&bridge.stage, request).await,
        (&Method::GET, path) if path.starts_with("/media/") => media::media(&bridge, path).await,
        (&Method::GET | &Method::HEAD, path) => Ok(files::file(path)),
        _ => Err(Failure::new(Code::NotFound, "There is nothing at this address.")),
    };
    Ok(answered.unwrap_or_else(|failure| answer::failure(&failure)))
}

fn refused(words: &str) -> Answer {
    answer::failed(StatusCode::FORBIDDEN, &Failure::new(Code::Invalid, words))
}

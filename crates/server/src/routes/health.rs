//! What a load balancer asks: whether the process lives, and whether to send it anything.

use std::{sync::atomic::Ordering, time::Duration};

use axum::{extract::State, http::StatusCode};

use crate::app::App;

/// A database that takes longer to answer is not one to rely on.
const PATIENCE: Duration = Duration::from_secs(2);

/// `GET /healthz`
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// `GET /readyz`
pub async fn readyz(State(app): State<App>) -> (StatusCode, &'static str) {
    if app.draining.load(Ordering::Acquire) {
        return (StatusCode::SERVICE_UNAVAILABLE, "draining\n");
    }
    match tokio::time::timeout(PATIENCE, app.store.answers()).await {
        Ok(Ok(())) => (StatusCode::OK, "ready\n"),
        Ok(Err(error)) => {
            tracing::warn!(%error, "Not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n")
        }
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the database is slow\n"),
    }
}

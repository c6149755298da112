//! What a load balancer asks: whether the process lives, and whether to send it anything.

use std::{sync::atomic::Ordering, time::Duration};

use axum::{extract::State, http::StatusCode};
use limpet_model::Millis;
use tokio::sync::Mutex;

use crate::{app::App, intake::Intake};

/// A database or a bucket that takes longer to answer is not one to rely on.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a bucket's answer counts: balancers ask every second, and each request to a bucket costs something.
const COUNTS_FOR: i64 = 5_000;

/// Whether the bucket answered, and when it was asked.
#[derive(Default)]
pub struct BucketAnswer(Mutex<Option<(Millis, bool)>>);

impl BucketAnswer {
    /// Asks, unless it was asked a moment ago. Who asks at the same time waits for the same answer.
    async fn get(&self, app: &App) -> bool {
        let mut last = self.0.lock().await;
        if let Some((at, answers)) = *last
            && app.now().since(at) < COUNTS_FOR
        {
            return answers;
        }
        let asked = tokio::time::timeout(PATIENCE, app.blobs.answers()).await;
        let answers = matches!(asked, Ok(Ok(())));
        if let Ok(Err(error)) = asked {
            tracing::warn!(%error, "The bucket does not answer");
        }
        *last = Some((app.now(), answers));
        answers
    }
}

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
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            tracing::warn!(%error, "Not ready");
            return (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n");
        }
        Err(_) => return (StatusCode::SERVICE_UNAVAILABLE, "the database is slow\n"),
    }
    if matches!(app.intake, Intake::Shared(_)) && !app.bucket_answer.get(&app).await {
        return (StatusCode::SERVICE_UNAVAILABLE, "the bucket does not answer\n");
    }
    (StatusCode::OK, "ready\n")
}

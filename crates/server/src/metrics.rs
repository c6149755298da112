//! What the server counts about itself, for Prometheus, on an address of its own.
//!
//! **Invariant:** a label is a word of ours: a route's pattern, a method that has a name, a status, a state. Never an
//! id, never anything that somebody sent. **Invariant:** counting on the way of a request takes no lock that a scrape
//! holds for long, and asks no database; what has to be asked for is asked for by the scrape.

use std::{
    sync::{Arc, atomic::AtomicU64, atomic::Ordering},
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::State,
    http::{Method, header},
    response::IntoResponse,
    routing::get,
};
use prometheus_client::{
    encoding::{EncodeLabelSet, prometheus_text},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram, info::Info},
    registry::Registry,
};

use crate::{app::App, store::Store};

/// Bounds of a histogram of times, seconds.
const BUCKETS: [f64; 13] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0];
/// A database that takes longer counts as one that does not answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// What Prometheus has read since its beginnings.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// How long something took, each time. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Durations(Histogram);

impl Default for Durations {
    fn default() -> Self {
        Self(Histogram::new(BUCKETS))
    }
}

impl Durations {
    /// It begins now, and ends when what is answered is dropped.
    pub(crate) fn begin(&self) -> Took {
        Took { of: self.0.clone(), begun: Instant::now() }
    }
}

/// Something that takes time.
pub(crate) struct Took {
    of: Histogram,
    begun: Instant,
}

impl Drop for Took {
    fn drop(&mut self) {
        self.of.observe(self.begun.elapsed().as_secs_f64());
    }
}

/// The name of a method, as logs and metrics write it. Anybody can make one up.
pub fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Asked {
    method: &'static str,
    route: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    method: &'static str,
    route: &'static str,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InState {
    state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct What {
    what: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Build {
    version: &'static str,
}

type Number = Gauge<f64, AtomicU64>;

/// Everything that is counted.
pub struct Metrics {
    registry: Registry,
    answered: Family<Answered, Counter>,
    took: Family<Asked, Histogram, fn() -> Histogram>,
    uploaded: Counter,
    removed: Family<What, Counter>,
    listeners: Gauge,
    draining: Gauge,
    passwords: Gauge,
    database_up: Gauge,
    connections: Family<InState, Gauge>,
    jobs: Family<InState, Number>,
    oldest: Number,
    ahead: Number,
    uploads: Number,
}

impl Metrics {
    /// Nothing counted yet, but for what the store counts itself.
    pub fn new(store: &Store) -> Arc<Self> {
        let mut registry = Registry::with_prefix("limpet");
        let histogram: fn() -> Histogram = || Histogram::new(BUCKETS);
        let answered = Family::<Answered, Counter>::default();
        registry.register("http_requests", "Requests that were answered", answered.clone());
        let took = Family::new_with_constructor(histogram);
        registry.register("http_request_seconds", "Time until an answer began", took.clone());
        let uploaded = Counter::default();
        registry.register("upload_bytes", "Bytes of uploads that arrived", uploaded.clone());
        let removed = Family::<What, Counter>::default();
        registry.register("removed", "What was removed because of its age", removed.clone());
        let listeners = Gauge::default();
        registry.register("live_listeners", "Devices that listen for changes", listeners.clone());
        let draining = Gauge::default();
        registry.register("draining", "1 while it is about to stop", draining.clone());
        let passwords = Gauge::default();
        registry.register("passwords_waiting", "Passwords that wait to be checked", passwords.clone());
        let database_up = Gauge::default();
        registry.register("database_up", "1 if the database answered this scrape", database_up.clone());
        let connections = Family::<InState, Gauge>::default();
        registry.register("database_connections", "Connections to the database", connections.clone());
        let Durations(writes) = store.writes();
        registry.register("write_transaction_seconds", "Time of a writing transaction", writes.clone());
        let jobs = Family::<InState, Number>::default();
        registry.register("jobs", "Jobs: due, being worked on, given up", jobs.clone());
        let oldest = Number::default();
        registry.register(
            "jobs_oldest_seconds",
            "For how long the longest waiting job is due",
            oldest.clone(),
        );
        let ahead = Number::default();
        registry.register(
            "clock_ahead_seconds",
            "By how much the database's clock, which counts, is ahead of this machine's",
            ahead.clone(),
        );
        let uploads = Number::default();
        registry.register("uploads_arriving", "Uploads under way", uploads.clone());
        registry.register("build", "The program", Info::new(Build { version: env!("CARGO_PKG_VERSION") }));
        Arc::new(Self {
            registry,
            answered,
            took,
            uploaded,
            removed,
            listeners,
            draining,
            passwords,
            database_up,
            connections,
            jobs,
            oldest,
            ahead,
            uploads,
        })
    }

    /// A request was answered.
    pub fn answered(&self, method: &'static str, route: &'static str, status: u16, took: Duration) {
        self.answered.get_or_create(&Answered { method, route, status }).inc();
        self.took.get_or_create(&Asked { method, route }).observe(took.as_secs_f64());
    }

    /// Bytes of an upload arrived.
    pub fn uploaded(&self, bytes: u64) {
        self.uploaded.inc_by(bytes);
    }

    /// So many of these were removed because of their age: conversations, or the files of attachments.
    pub fn removed(&self, what: &'static str, count: usize) {
        self.removed.get_or_create(&What { what }).inc_by(count as u64);
    }

    async fn look(&self, app: &App) {
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        self.listeners.set(count(app.live.listeners()));
        self.ahead.set(app.clock.ahead() as f64 / 1000.0);
        self.draining.set(i64::from(app.draining.load(Ordering::Acquire)));
        self.passwords.set(count(app.passwords.waiting()));
        let (open, idle) = app.store.connections();
        for (state, connections) in [("busy", open.saturating_sub(idle)), ("idle", idle)] {
            self.connections.get_or_create(&InState { state }).set(count(connections));
        }
        let figures = tokio::time::timeout(PATIENCE, app.store.job_figures(app.now())).await;
        let figures = figures.ok().and_then(Result::ok);
        self.database_up.set(i64::from(figures.is_some()));
        // What is not known is not a number: an old one would look like a good one.
        let number = |of: Option<i64>| of.map_or(f64::NAN, |number| number as f64);
        for (state, jobs) in [
            ("due", figures.map(|jobs| jobs.due)),
            ("running", figures.map(|jobs| jobs.running)),
            ("dead", figures.map(|jobs| jobs.dead)),
        ] {
            self.jobs.get_or_create(&InState { state }).set(number(jobs));
        }
        self.oldest.set(number(figures.map(|jobs| jobs.oldest)) / 1000.0);
        self.uploads.set(number(figures.map(|jobs| jobs.uploads)));
    }
}

/// The one page of the address for metrics.
pub(crate) fn router(app: App) -> Router {
    Router::new().route("/metrics", get(show)).with_state(app)
}

async fn show(State(app): State<App>) -> impl IntoResponse {
    app.metrics.look(&app).await;
    let mut text = String::new();
    let written = prometheus_text::encode(&mut text, &app.metrics.registry);
    debug_assert!(written.is_ok(), "a string takes everything");
    ([(header::CONTENT_TYPE, TEXT)], text)
}

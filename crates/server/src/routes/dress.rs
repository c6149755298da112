//! Around every request: its number, its line in the log, its place in the metrics and in a trace, and the headers that
//! keep a browser strict.
//!
//! **Invariant:** log, metrics and traces hold the route's pattern, never the path: paths hold links and invitations.
//! **Invariant:** what a proxy says of a request is taken only where there is one, and only if it is of a shape in which
//! nobody's words fit.

use std::{panic::AssertUnwindSafe, time::Instant};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;
use opentelemetry::trace::SpanKind;
use tracing::{Instrument, field};

use super::ROUTES;
use crate::{
    app::App,
    failure::Problem,
    metrics::method_name,
    traces::{Span, read_parent},
};

/// For everything that is not a page: nothing may be loaded, nothing may frame it.
const NOTHING: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// W3C Trace Context, level 2: of which trace the answer is a part.
const TRACE_RESPONSE: HeaderName = HeaderName::from_static("traceresponse");

/// Numbers, logs, counts and dresses a request.
pub async fn dress(State(app): State<App>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let id = given_id(&app, headers).unwrap_or_else(|| uuid::Uuid::now_v7().simple().to_string());
    let method = method_name(request.method());
    let route = route_of(&request);
    let mut traced = trace(&app, headers, method, route);
    let span =
        tracing::info_span!("request", id, method, route, trace = field::Empty, practice = field::Empty);
    if let Some(trace) = traced.trace() {
        span.record("trace", field::display(trace));
    }
    let begun = Instant::now();
    // What panics is a failure like any other; what it held is rolled back or let go of on the way.
    let answered = AssertUnwindSafe(next.run(request)).catch_unwind().instrument(span.clone()).await;
    let mut response =
        answered.unwrap_or_else(|_| span.in_scope(|| Problem::internal(&"a route panicked").into_response()));
    let (status, took) = (response.status().as_u16(), begun.elapsed());
    app.metrics.answered(method, route, status, took);
    traced.say("http.response.status_code", i64::from(status));
    traced.say("limpet.request_id", id.clone());
    span.in_scope(|| {
        let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        match status {
            // Not now: it stops, or the database is away, and whoever asks goes on later.
            503 => tracing::warn!(status, ms, "Answered"),
            500.. => tracing::error!(status, ms, "Answered"),
            _ => tracing::info!(status, ms, "Answered"),
        }
    });
    if status >= 500 {
        traced.fail("the server's fault");
    }

    let headers = response.headers_mut();
    let mut unless_set = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    unless_set(header::CONTENT_SECURITY_POLICY, NOTHING);
    unless_set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    unless_set(header::REFERRER_POLICY, "no-referrer");
    unless_set(header::X_FRAME_OPTIONS, "DENY");
    unless_set(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    unless_set(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    unless_set(header::CACHE_CONTROL, "no-store");
    if app.is_secure() {
        unless_set(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    for (name, value) in [(REQUEST_ID, Some(id)), (TRACE_RESPONSE, traced.written())] {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
            headers.insert(name, value);
        }
    }
    response
}

/// The pattern of the route, or a dash for an address that there is not.
fn route_of(request: &Request) -> &'static str {
    let matched = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    ROUTES.iter().map(|route| route.path).find(|path| matched == Some(path)).unwrap_or("-")
}

/// The number that a proxy in front gave the request: digits of a hexadecimal number, as proxies make them. A token, a
/// link or a word does not look like one.
fn given_id(app: &App, headers: &HeaderMap) -> Option<String> {
    let given = headers.get(REQUEST_ID).filter(|_| app.behind_proxy)?.to_str().ok()?;
    is_id(given).then(|| given.to_owned())
}

fn is_id(given: &str) -> bool {
    (16..=64).contains(&given.len()) && given.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

fn trace(app: &App, headers: &HeaderMap, method: &'static str, route: &'static str) -> Span {
    // A balancer asks these every second.
    if matches!(route, "/healthz" | "/readyz") {
        return Span::none();
    }
    let given = headers.get("traceparent").filter(|_| app.behind_proxy);
    let parent = given.and_then(|given| read_parent(given.to_str().ok()?));
    let mut span = app.traces.begin(format!("{method} {route}"), SpanKind::Server, parent.as_ref());
    span.say("http.request.method", method);
    span.say("http.route", route);
    span
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_number_and_nothing_else() {
        for good in
            ["5f2b9c1e8a7d4c3b", "0195c1d2-3e4f-7a6b-8c9d-0e1f2a3b4c5d", "ABCDEF0123456789ABCDEF0123456789"]
        {
            assert!(is_id(good), "{good}");
        }
        for bad in ["", "1", "Biscuit limps since Monday", "Root=1-67891233-abcdef", &"a".repeat(65)] {
            assert!(!is_id(bad), "{bad}");
        }
        assert!(!is_id("mK3vXq1h2Yw_9rT0sLzAaBbCcDdEeFfGgHhIiJjKk4u"), "a token");
    }
}

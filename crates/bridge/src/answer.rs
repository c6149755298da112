//! Answers: their bodies, and the headers that every one of them carries.

use bytes::Bytes;
use futures_util::Stream;
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    Response, StatusCode,
    body::Frame,
    header::{self, HeaderName, HeaderValue},
};
use limpet_wire::{Code, Failure};
use serde_json::Value;

/// A body that may go on for as long as the bridge runs.
pub(crate) type Body = UnsyncBoxBody<Bytes, std::convert::Infallible>;
/// An answer.
pub(crate) type Answer = Response<Body>;

/// The same as the window's, as far as a browser has it.
const POLICY: &str = "default-src 'self'; connect-src 'self' ws://127.0.0.1:*; img-src 'self' blob: data:; \
    style-src 'self' 'unsafe-inline'; font-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";
/// For what clients sent: nothing in it may do anything.
const SENT_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'";

const ALWAYS: [(HeaderName, &str); 5] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Bytes of a type.
pub(crate) fn bytes(status: StatusCode, mime: &str, bytes: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(bytes.into()).boxed_unsync());
    *answer.status_mut() = status;
    let mime = HeaderValue::from_str(mime).unwrap_or(HeaderValue::from_static("application/octet-stream"));
    answer.headers_mut().insert(header::CONTENT_TYPE, mime);
    guarded(answer)
}

/// Bytes that somebody sent, perhaps not a friend.
pub(crate) fn sent(mime: &str, content: Vec<u8>) -> Answer {
    let mut answer = bytes(StatusCode::OK, mime, content);
    answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(SENT_POLICY));
    answer
}

/// JSON.
pub(crate) fn json(value: &Value) -> Answer {
    bytes(StatusCode::OK, "application/json", value.to_string())
}

/// A failure, with the status that fits it.
pub(crate) fn failure(failure: &Failure) -> Answer {
    let status = match failure.code {
        Code::SignedOut | Code::CodeNeeded => StatusCode::UNAUTHORIZED,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::Conflict => StatusCode::CONFLICT,
        Code::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Code::BadClip | Code::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        Code::TooMany => StatusCode::TOO_MANY_REQUESTS,
        Code::Offline => StatusCode::SERVICE_UNAVAILABLE,
        Code::NoRoom => StatusCode::INSUFFICIENT_STORAGE,
        Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    };
    failed(status, failure)
}

/// A failure with a status of its own.
pub(crate) fn failed(status: StatusCode, failure: &Failure) -> Answer {
    let body = serde_json::to_vec(failure).unwrap_or_default();
    bytes(status, "application/json", body)
}

/// Events, for as long as they come.
pub(crate) fn events(stream: impl Stream<Item = Bytes> + Send + 'static) -> Answer {
    use futures_util::StreamExt;
    let frames = stream.map(|bytes| Ok(Frame::data(bytes)));
    let mut answer = Response::new(StreamBody::new(frames).boxed_unsync());
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    guarded(answer)
}

/// Goes on to the page, with a cookie.
pub(crate) fn welcome(cookie: &str) -> Answer {
    let mut answer = bytes(StatusCode::SEE_OTHER, "text/plain; charset=utf-8", "");
    let headers = answer.headers_mut();
    headers.insert(header::LOCATION, HeaderValue::from_static("/"));
    if let Ok(cookie) = HeaderValue::from_str(cookie) {
        headers.insert(header::SET_COOKIE, cookie);
    }
    answer
}

fn guarded(mut answer: Answer) -> Answer {
    for (name, value) in ALWAYS {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    answer
}

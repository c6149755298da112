//! What went wrong, as the person on the other side is told: a problem as RFC 9457 writes it, with the code and the
//! sentence of a [`Failure`] beside it, which is what devices read.
//!
//! **Invariant:** an answer that is not 2xx or 3xx, and not a page for people, is a problem. What happened inside goes
//! to the log under a number, and only the number goes out.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use limpet_wire::{Code, Failure};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{intake::IntakeError, receive::locked, store::StoreError};

/// The media type of a problem.
pub const PROBLEM: &str = "application/problem+json";

/// A failure on its way out.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    failure: Failure,
    retry_after: Option<i64>,
}

/// What the other side is sent.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub struct Body {
    /// Address, on this server, of what there is to say about the code.
    #[serde(rename = "type")]
    kind: String,
    /// The kind of problem, in a few words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What happened and what to do, for a person.
    detail: String,
    /// What to do about it, for a program.
    code: Code,
    /// The same as `detail`.
    message: String,
}

/// What a route answers.
pub type Answer<T> = Result<T, Problem>;

impl Problem {
    /// A failure with the status that goes with its code.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { status: status_of(code), failure: Failure::new(code, message), retry_after: None }
    }

    /// The same with another status.
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// The same, saying after how many seconds to try again.
    pub fn retry_after(mut self, seconds: i64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// What was asked for is not here, or not the asker's: the two are never told apart.
    pub fn not_found(what: &str) -> Self {
        Self::new(Code::NotFound, format!("There is no such {what} here, or it is not yours."))
    }

    /// What was sent does not fit.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Code::Invalid, message)
    }

    /// Whoever asks may not do this.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::invalid(message).with_status(StatusCode::FORBIDDEN)
    }

    /// The disk is full.
    pub fn no_room() -> Self {
        Self::new(
            Code::NoRoom,
            "The practice's server has no room left. What has arrived is kept. Try again later, or call the \
             practice.",
        )
    }

    /// A file has more than this many bytes.
    pub fn file_too_large(limit: i64) -> Self {
        let megabytes = limit / (1024 * 1024);
        Self::new(
            Code::TooLarge,
            format!(
                "The file is larger than {megabytes} MB. Send a shorter clip, or film at a lower resolution."
            ),
        )
    }

    /// Our fault. `error` goes to the log.
    pub fn internal(error: &dyn std::fmt::Display) -> Self {
        let number = uuid::Uuid::new_v4().simple().to_string();
        let number = number.get(..8).unwrap_or_default().to_owned();
        tracing::error!(number, %error, "Something failed");
        Self::new(
            Code::Internal,
            format!(
                "Something went wrong on the server. Try again; if it goes on, tell support number {number}."
            ),
        )
    }

    /// What the person is told.
    pub fn failure(&self) -> &Failure {
        &self.failure
    }
}

/// Every code, in the order of the documents.
pub const CODES: [Code; 11] = [
    Code::Offline,
    Code::SignedOut,
    Code::CodeNeeded,
    Code::NotFound,
    Code::Conflict,
    Code::BadClip,
    Code::TooLarge,
    Code::Invalid,
    Code::TooMany,
    Code::NoRoom,
    Code::Internal,
];

/// A code as it is written.
pub fn word_of(code: Code) -> &'static str {
    match code {
        Code::Offline => "offline",
        Code::SignedOut => "signed_out",
        Code::CodeNeeded => "code_needed",
        Code::NotFound => "not_found",
        Code::Conflict => "conflict",
        Code::BadClip => "bad_clip",
        Code::TooLarge => "too_large",
        Code::Invalid => "invalid",
        Code::TooMany => "too_many",
        Code::NoRoom => "no_room",
        Code::Internal => "internal",
    }
}

/// What kind of problem a code is, in a few words.
pub fn title_of(code: Code) -> &'static str {
    match code {
        Code::Offline => "Not reachable at the moment",
        Code::SignedOut => "Not signed in",
        Code::CodeNeeded => "A code is needed",
        Code::NotFound => "Not here, or not yours",
        Code::Conflict => "Somebody or something came first",
        Code::BadClip => "Not a file that can be read",
        Code::TooLarge => "Too large",
        Code::Invalid => "Does not fit",
        Code::TooMany => "Too many attempts",
        Code::NoRoom => "No room left",
        Code::Internal => "Our fault",
    }
}

/// The status that goes with a code, unless a route says another.
pub fn status_of(code: Code) -> StatusCode {
    match code {
        Code::SignedOut | Code::CodeNeeded => StatusCode::UNAUTHORIZED,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::Conflict => StatusCode::CONFLICT,
        Code::BadClip => StatusCode::UNPROCESSABLE_ENTITY,
        Code::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Code::Invalid => StatusCode::BAD_REQUEST,
        Code::TooMany => StatusCode::TOO_MANY_REQUESTS,
        Code::NoRoom => StatusCode::INSUFFICIENT_STORAGE,
        Code::Offline => StatusCode::SERVICE_UNAVAILABLE,
        Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Missing(what) => Self::not_found(what),
            StoreError::Conflict(message) => Self::new(Code::Conflict, message),
            StoreError::Unfit(message) => Self::invalid(message),
            StoreError::Changed => Self::new(
                Code::Conflict,
                "Somebody else has changed this since you looked. Look again, then decide anew.",
            )
            .with_status(StatusCode::PRECONDITION_FAILED),
            StoreError::Full => Self::no_room(),
            StoreError::TooLarge(limit) => Self::file_too_large(limit),
            StoreError::OverQuota => Self::new(
                Code::NoRoom,
                "The practice has used up its room for files, so nothing was sent. Words still arrive. Call the \
                 practice: it can get more room.",
            ),
            StoreError::TurnLost => locked(),
            StoreError::Stopping => {
                Self::new(Code::Offline, "The server is restarting. It goes on in a moment.").retry_after(2)
            }
            error => Self::internal(&error),
        }
    }
}

impl From<IntakeError> for Problem {
    fn from(error: IntakeError) -> Self {
        match error {
            IntakeError::Full => Self::no_room(),
            IntakeError::TurnLost => locked(),
            IntakeError::Store(error) => error.into(),
            error => Self::internal(&error),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Self { status, failure: Failure { code, message }, retry_after } = self;
        let body = Body {
            kind: format!("/v1/problems/{}", word_of(code)),
            title: title_of(code),
            status: status.as_u16(),
            detail: message.clone(),
            code,
            message,
        };
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_written_as_devices_read_them() {
        for code in CODES {
            assert_eq!(serde_json::to_value(code).unwrap(), word_of(code));
        }
    }
}

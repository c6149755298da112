//! What went wrong, as the person on the other side is told.
//!
//! **Invariant:** an answer that is not 2xx or 3xx carries a [`Failure`]. What happened inside goes to the log
//! under a number, and only the number goes out.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use limpet_wire::{Code, Failure};

use crate::store::StoreError;

/// A failure on its way out.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    failure: Failure,
    retry_after: Option<i64>,
}

/// What a route answers.
pub type Answer<T> = Result<T, Problem>;

impl Problem {
    /// A failure with the status that goes with its code.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        let status = match code {
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
        };
        Self { status, failure: Failure::new(code, message), retry_after: None }
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

    /// The disk is full.
    pub fn no_room() -> Self {
        Self::new(
            Code::NoRoom,
            "The practice's server has no room left. What has arrived is kept. Try again later, or call the \
             practice.",
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

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Missing(what) => Self::not_found(what),
            StoreError::Conflict(message) => Self::new(Code::Conflict, message),
            StoreError::Full => Self::no_room(),
            StoreError::Stopping => {
                Self::new(Code::Offline, "The server is restarting. It goes on in a moment.").retry_after(2)
            }
            error => Self::internal(&error),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.failure)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

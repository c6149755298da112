//! The one place that talks to a server. Routes and bodies are those of `limpet_wire::http`.
//!
//! **Invariant:** nothing here decides what to do about an answer; that is [`crate::plan`]'s.

mod address;
mod download;
mod live;
mod pieces;
mod tus;

use std::{sync::Arc, time::Duration};

use limpet_model::{ConversationId, Revision};
use limpet_wire::{
    Code, Failure,
    changes::ChangePage,
    http::{Invitation, Me, Presence, ReadUpTo, SignIn, StaffSession},
};
use reqwest::{Method, RequestBuilder, Response, StatusCode, header};
use serde::{Serialize, de::DeserializeOwned};
use url::Url;
use zeroize::Zeroizing;

pub use address::server_address;
pub use download::{Arrived, Download, Wanted};
pub use live::{Live, Told};

use crate::plan::Answer;
use limpet_cache::outbox::Work;

/// Whole requests with small bodies take no longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Larger than any logo, bytes.
const LARGEST_LOGO: usize = 8 * 1024 * 1024;

/// Why the server did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServerError {
    /// No answer.
    #[error("no answer: {0}")]
    NoWay(String),
    /// It said no.
    #[error("{status}: {}", failure.message)]
    Said {
        /// HTTP status.
        status: u16,
        /// What it says.
        failure: Failure,
    },
    /// A file that it sends is not the one that was announced, or not the one that it began to send.
    #[error("what arrives is not what was sent")]
    NotAsSent,
    /// A file of this computer could not be read or written.
    #[error("file: {0}")]
    File(String),
}

impl ServerError {
    /// As the plan takes it; `None` when the trouble is on this side.
    pub fn answer(&self) -> Option<Answer> {
        match self {
            Self::NoWay(_) => Some(Answer::NoWay),
            Self::Said { status, failure } => {
                Some(Answer::Said { status: *status, failure: failure.clone() })
            }
            Self::NotAsSent | Self::File(_) => None,
        }
    }

    /// Whether the session is over.
    pub fn is_signed_out(&self) -> bool {
        matches!(self, Self::Said { status: 401, .. })
    }
}

impl From<ServerError> for Failure {
    fn from(error: ServerError) -> Self {
        match error {
            ServerError::NoWay(_) => Failure::new(
                Code::Offline,
                "The server cannot be reached. Check the network; Limpet keeps trying by itself.",
            ),
            ServerError::Said { failure, .. } => failure,
            ServerError::NotAsSent => Failure::new(
                Code::Internal,
                "What arrived of this file is not what was sent. Try again; if it happens again, tell support.",
            ),
            ServerError::File(error) => {
                tracing::error!(error, "A media file could not be used");
                Failure::new(
                    Code::Internal,
                    "A file on this computer could not be read or written. Check that the disk has room, then try again.",
                )
            }
        }
    }
}

impl From<reqwest::Error> for ServerError {
    fn from(error: reqwest::Error) -> Self {
        // Addresses hold ids only, but a log line does not need them either.
        let error = error.without_url();
        let mut words = error.to_string();
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            words = format!("{words}: {cause}");
            source = cause.source();
        }
        Self::NoWay(words)
    }
}

/// A server, with or without a session. Cheap to clone.
#[derive(Clone)]
pub struct Server {
    base: Url,
    http: reqwest::Client,
    token: Option<Arc<Zeroizing<String>>>,
}

impl Server {
    /// The server at an address that [`server_address`] made.
    pub fn at(base: Url) -> Result<Self, ServerError> {
        let http = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(10))
            .read_timeout(Duration::from_secs(60))
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("limpet/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { base, http, token: None })
    }

    /// The same server with a session.
    #[must_use]
    pub fn with_session(self, token: &str) -> Self {
        Self { token: Some(Arc::new(Zeroizing::new(token.to_owned()))), ..self }
    }

    /// Signs in.
    pub async fn sign_in(&self, sign_in: &SignIn) -> Result<StaffSession, ServerError> {
        self.json(self.request(Method::POST, "v1/sign-in")?.json(sign_in)).await
    }

    /// Ends the session at the server.
    pub async fn sign_out(&self) -> Result<(), ServerError> {
        self.done(self.request(Method::POST, "v1/sign-out")?).await
    }

    /// Whose session it is.
    pub async fn me(&self) -> Result<Me, ServerError> {
        self.json(self.request(Method::GET, "v1/me")?).await
    }

    /// A page of the change feed.
    pub async fn changes(
        &self,
        since: Revision,
        limit: u32,
        epoch: Option<&str>,
    ) -> Result<ChangePage, ServerError> {
        let mut path = format!("v1/changes?since={}&limit={limit}", since.0);
        if let Some(epoch) = epoch {
            path = format!("{path}&epoch={epoch}");
        }
        self.json(self.request(Method::GET, &path)?).await
    }

    /// The practice's logo: a PNG.
    pub async fn logo(&self) -> Result<Vec<u8>, ServerError> {
        let request = self.request(Method::GET, "v1/practice/logo")?.timeout(PATIENCE);
        let mut response = answered(request.send().await?).await?;
        let mut png = Vec::new();
        while let Some(piece) = response.chunk().await? {
            png.extend_from_slice(&piece);
            if png.len() > LARGEST_LOGO {
                return Err(ServerError::NotAsSent);
            }
        }
        Ok(png)
    }

    /// A link for the client of a conversation.
    pub async fn invite(&self, conversation: ConversationId) -> Result<Invitation, ServerError> {
        self.json(self.request(Method::POST, &format!("v1/conversations/{conversation}/invitation"))?).await
    }

    /// Says that one is in a conversation, or writing there. It passes by itself.
    pub async fn be_present(&self, conversation: ConversationId, said: Presence) -> Result<(), ServerError> {
        self.done(self.put(&format!("v1/conversations/{conversation}/presence"), &said)?).await
    }

    /// Tells the server one thing, once: with the same key it is not done again, however late it is repeated. Not for
    /// uploads: they are [`Self::upload`].
    pub async fn tell(&self, work: &Work, key: &str) -> Result<(), ServerError> {
        let request = match work {
            Work::Client(it) => self.put(&format!("v1/clients/{}", it.id), it)?,
            Work::Patient(it) => self.put(&format!("v1/patients/{}", it.id), it)?,
            Work::Conversation { id, new } => self.put(&format!("v1/conversations/{id}"), new)?,
            Work::Change { conversation, change } => {
                self.request(Method::PATCH, &format!("v1/conversations/{conversation}"))?.json(change)
            }
            Work::Read { conversation, at } => self
                .request(Method::POST, &format!("v1/conversations/{conversation}/read"))?
                .json(&ReadUpTo { at: *at }),
            Work::Export { id, new } => self.put(&format!("v1/exports/{id}"), new)?,
            Work::Message { id, new } => self.put(&format!("v1/messages/{id}"), new)?,
            Work::Upload { .. } => return Ok(()),
        };
        self.done(request.header("idempotency-key", key)).await
    }

    fn put(&self, path: &str, body: &impl Serialize) -> Result<RequestBuilder, ServerError> {
        Ok(self.request(Method::PUT, path)?.json(body))
    }

    fn request(&self, method: Method, path: &str) -> Result<RequestBuilder, ServerError> {
        let url = self.base.join(path).map_err(|error| ServerError::NoWay(error.to_string()))?;
        let request = self.http.request(method, url);
        Ok(match &self.token {
            Some(token) => request.bearer_auth(token.as_str()),
            None => request,
        })
    }

    async fn json<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, ServerError> {
        Ok(answered(request.timeout(PATIENCE).send().await?).await?.json().await?)
    }

    async fn done(&self, request: RequestBuilder) -> Result<(), ServerError> {
        answered(request.timeout(PATIENCE).send().await?).await.map(drop)
    }
}

/// The answer when it is a good one, the server's sentence otherwise.
async fn answered(response: Response) -> Result<Response, ServerError> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let media_type = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let is_json = media_type.is_some_and(holds_failure);
    let failure = if is_json { response.json::<Failure>().await.ok() } else { None };
    let status = status.as_u16();
    Err(match failure {
        Some(failure) => ServerError::Said { status, failure },
        None => match Answer::silent(status) {
            Answer::Said { status, failure } => ServerError::Said { status, failure },
            Answer::Done | Answer::NoWay => ServerError::NoWay(StatusCode::BAD_GATEWAY.to_string()),
        },
    })
}

/// Whether an answer of this media type holds a failure: as servers say it now, or as a problem (RFC 9457).
fn holds_failure(media_type: &str) -> bool {
    let name = media_type.split(';').next().unwrap_or_default().trim();
    ["application/json", "application/problem+json"].contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_read_in_both_forms_and_pages_of_a_proxy_are_not() {
        assert!(
            holds_failure("application/json") && holds_failure("application/problem+json; charset=utf-8")
        );
        assert!(!holds_failure("text/html") && !holds_failure("application/jsonp"));
    }
}

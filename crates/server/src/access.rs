//! Who is asking: a staff member by bearer token, or a client's device by cookie.
//!
//! **Invariant:** a writing request that relies on the cookie carries `limpet-app: owner`, which another site's
//! page cannot send. **Invariant:** a request that says in `limpet-client` for whom it is meant is never answered as
//! somebody else.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, Method, header, request::Parts},
};
use limpet_model::{Author, PracticeId, StaffId};
use limpet_wire::Code;

use crate::{
    app::App,
    failure::{Answer, Problem},
    secrets::token_hash,
    store::sessions::{Holder, Session},
    view::View,
};

/// Name of a client's cookie.
pub const COOKIE: &str = "limpet_client";

/// Anybody with a session.
pub struct Caller(pub Session);

impl Caller {
    /// The practice.
    pub fn practice(&self) -> PracticeId {
        self.0.practice
    }

    /// Through whose eyes.
    pub fn view(&self) -> View {
        self.0.view()
    }

    /// As whom they write.
    pub fn author(&self) -> Author {
        match self.0.holder {
            Holder::Staff(staff) => Author::Staff(staff),
            Holder::Client(client, _) => Author::Client(client),
        }
    }
}

/// A staff member. For a client's device the route does not exist.
pub struct Staff {
    /// The practice.
    pub practice: PracticeId,
    /// Who.
    pub id: StaffId,
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Answer<Self> {
        let bearer = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "));
        if let Some(token) = bearer {
            let session = app.store.session(&token_hash(token.trim()), app.now()).await?;
            return session
                .filter(|session| matches!(session.holder, Holder::Staff(_)))
                .map(Self)
                .ok_or_else(|| Problem::new(Code::SignedOut, "Your session is over. Sign in again."));
        }
        let session = match cookie(&parts.headers) {
            Some(token) => app.store.session(&token_hash(token), app.now()).await?,
            None => None,
        };
        let session =
            session.filter(|session| matches!(session.holder, Holder::Client(..))).ok_or_else(|| {
                Problem::new(
                    Code::SignedOut,
                    "This device is not signed in. Open the link from the practice again.",
                )
            })?;
        // One browser keeps one cookie: a page about one client must not go on with the session of another.
        let meant = parts.headers.get("limpet-client").map(HeaderValue::as_bytes);
        if let (Some(meant), Holder::Client(client, _)) = (meant, session.holder)
            && meant != client.to_string().as_bytes()
        {
            return Err(Problem::new(
                Code::SignedOut,
                "Another client's link was opened in this browser. Open your own link from the practice again.",
            ));
        }
        let reads = [Method::GET, Method::HEAD, Method::OPTIONS].contains(&parts.method);
        let from_app = parts.headers.get("limpet-app").is_some_and(|value| value == "owner");
        if !reads && !from_app {
            return Err(Problem::invalid(
                "This has to come from the practice's own page. Open its link again.",
            ));
        }
        Ok(Self(session))
    }
}

impl FromRequestParts<App> for Staff {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Answer<Self> {
        let caller = Caller::from_request_parts(parts, app).await?;
        match caller.0.holder {
            Holder::Staff(id) => Ok(Self { practice: caller.0.practice, id }),
            Holder::Client(..) => Err(Problem::not_found("page")),
        }
    }
}

/// The token in a client's cookie.
pub fn cookie(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, token)| token)
}

//! Who is asking: a staff member or an integration by bearer token, or a client's device by cookie. It is asked once,
//! before the route.
//!
//! **Invariant:** a writing request that relies on the cookie carries `limpet-app: owner`, which another site's
//! page cannot send. **Invariant:** a client's request that says in `limpet-client` for whom it is meant is never
//! answered as somebody else.

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, HeaderValue, Method, header, request::Parts},
    middleware::Next,
    response::Response,
};
use limpet_model::{Author, Millis, PracticeId, StaffId};
use limpet_wire::Code;

use crate::{
    app::App,
    by::{Actor, By},
    failure::{Answer, Problem},
    permission::{Act, Who, may},
    secrets::{is_api_token, token_hash},
    store::sessions::{Holder, Session},
    view::View,
};

/// Name of a client's cookie.
pub const COOKIE: &str = "limpet_client";

/// Who comes in at a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// Anyone.
    Anyone,
    /// Whoever has the link, which is in the path.
    Link,
    /// A session that may do this.
    Session(Act),
}

/// Somebody with a session, who may do what the route does.
#[derive(Clone)]
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

    /// As whom they write. An integration writes no messages: a message has somebody who answers for it.
    pub fn author(&self) -> Answer<Author> {
        match self.0.holder {
            Holder::Staff(staff, _) => Ok(Author::Staff(staff)),
            Holder::Client(client, _) => Ok(Author::Client(client)),
            Holder::Token(..) => Err(Problem::forbidden("An integration writes no messages.")),
        }
    }

    /// They, acting now.
    pub fn by(&self, now: Millis) -> By {
        self.0.by(now)
    }

    /// Who, to the table of permissions.
    pub fn who(&self) -> Who {
        match self.0.holder {
            Holder::Staff(_, role) => Who::Staff(role),
            Holder::Client(..) => Who::Client,
            Holder::Token(_, scopes) => Who::Token(scopes),
        }
    }
}

/// A staff member, and not an integration. For a client's device the route does not exist.
pub struct Staff {
    /// The practice.
    pub practice: PracticeId,
    /// Who.
    pub id: StaffId,
}

impl Staff {
    /// They, acting now.
    pub fn by(&self, now: Millis) -> By {
        By::new(self.practice, Actor::Staff(self.id), now)
    }
}

/// Stands before a route and lets in whom its gate lets in.
pub async fn guard(
    State((app, gate)): State<(App, Gate)>,
    mut request: Request,
    next: Next,
) -> Answer<Response> {
    if let Gate::Session(act) = gate {
        let caller = caller(&app, request.method(), request.headers()).await?;
        tracing::Span::current().record("practice", tracing::field::display(caller.practice()));
        match caller.who() {
            who if may(who, act) => {}
            // For a client's device the route does not exist.
            Who::Client => return Err(Problem::not_found("page")),
            Who::Staff(_) => {
                let sentence = "Your role does not allow this. Ask an administrator of the practice.";
                return Err(Problem::forbidden(sentence));
            }
            Who::Token(_) => {
                return Err(Problem::forbidden(match act.scope() {
                    Some(scope) => format!("This takes a token with the scope {}.", scope.word()),
                    None => "This is not for integrations.".into(),
                }));
            }
        }
        request.extensions_mut().insert(caller);
    }
    Ok(next.run(request).await)
}

async fn caller(app: &App, method: &Method, headers: &HeaderMap) -> Answer<Caller> {
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    if let Some(token) = bearer.filter(|token| is_api_token(token.trim())) {
        let session = app.store.token(&token_hash(token.trim()), app.now()).await?;
        return session.map(Caller).ok_or_else(|| {
            Problem::new(
                Code::SignedOut,
                "This token does not let in: it was revoked, has run out, or is none.",
            )
        });
    }
    if let Some(token) = bearer {
        let session = app.store.session(&token_hash(token.trim()), app.now()).await?;
        return session
            .filter(|session| matches!(session.holder, Holder::Staff(..)))
            .map(Caller)
            .ok_or_else(|| Problem::new(Code::SignedOut, "Your session is over. Sign in again."));
    }
    let cookie = cookie(headers);
    if cookie.is_none() && !is_from_app(headers) {
        return Err(Problem::new(
            Code::SignedOut,
            "Nobody is signed in here. A client opens the link from the practice again; a program sends its token, as \
             Authorization: Bearer.",
        ));
    }
    let session = match cookie {
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
    let meant = headers.get("limpet-client").map(HeaderValue::as_bytes);
    if let (Some(meant), Holder::Client(client, _)) = (meant, session.holder)
        && meant != client.to_string().as_bytes()
    {
        return Err(Problem::new(
            Code::SignedOut,
            "Another client's link was opened in this browser. Open your own link from the practice again.",
        ));
    }
    let reads = [Method::GET, Method::HEAD, Method::OPTIONS].contains(method);
    if !reads && !is_from_app(headers) {
        return Err(Problem::invalid("This has to come from the practice's own page. Open its link again."));
    }
    Ok(Caller(session))
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Answer<Self> {
        let caller = parts.extensions.get::<Self>().cloned();
        caller.ok_or_else(|| Problem::internal(&"a route that wants to know who asks has no gate"))
    }
}

impl FromRequestParts<App> for Staff {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Answer<Self> {
        let caller = Caller::from_request_parts(parts, app).await?;
        match caller.0.holder {
            Holder::Staff(id, _) => Ok(Self { practice: caller.0.practice, id }),
            Holder::Client(..) => Err(Problem::not_found("page")),
            Holder::Token(..) => Err(Problem::forbidden("This is not for integrations.")),
        }
    }
}

/// Whether the owner app says that it asks.
fn is_from_app(headers: &HeaderMap) -> bool {
    headers.get("limpet-app").is_some_and(|value| value == "owner")
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

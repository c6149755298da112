//! The HTTP interface as a device uses it: a staff member's or a client's.

use anyhow::{Context as _, Result, bail};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use limpet_model::{AttachmentId, AttachmentState, ConversationId, Message, Millis};
use limpet_wire::{
    Failure,
    changes::{Change, ChangePage, Entity},
    http::{Invitation, OpenInvitation, SignIn, StaffSession},
};
use reqwest::{Client as Http, Method, RequestBuilder, Response, header};
use serde::{Deserialize, Serialize};

/// What lets a device in.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Session {
    /// The `authorization` header of a staff member's.
    Desk(String),
    /// The `cookie` header of a client's.
    Phone(String),
}

/// A device with a session.
#[derive(Clone)]
pub struct Device {
    http: Http,
    url: String,
    session: Session,
}

impl Device {
    /// Signs a staff member in.
    pub async fn sign_in(http: &Http, url: &str, email: &str, password: &str) -> Result<Self> {
        let body = SignIn {
            email: email.into(),
            password: password.into(),
            device: "front desk computer".into(),
            code: None,
            mark: None,
        };
        let answer = heard(http.post(format!("{url}/v1/sign-in")).json(&body)).await?;
        let session: StaffSession = answer.json().await?;
        let bearer = format!("Bearer {}", session.token);
        Ok(Self::with(http, url, Session::Desk(bearer)))
    }

    /// Opens a client's invitation on their phone.
    pub async fn open(http: &Http, url: &str, invitation: &Invitation) -> Result<Self> {
        let last = invitation.link.rsplit('/').next().unwrap_or_default();
        let body = OpenInvitation { invitation: last.into() };
        let answer = heard(http.post(format!("{url}/v1/open-invitation")).json(&body)).await?;
        let cookie = answer
            .headers()
            .get_all(header::SET_COOKIE)
            .iter()
            .filter_map(|set| set.to_str().ok())
            .filter_map(|set| set.split(';').next())
            .find(|set| set.starts_with("limpet_client="))
            .context("the invitation set no cookie")?;
        Ok(Self::with(http, url, Session::Phone(cookie.into())))
    }

    /// One whose session was opened before.
    pub fn with(http: &Http, url: &str, session: Session) -> Self {
        Self { http: http.clone(), url: url.into(), session }
    }

    /// What lets it in.
    pub fn session(&self) -> Session {
        self.session.clone()
    }

    /// A request of this device's.
    pub fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        let (name, value) = match &self.session {
            Session::Desk(bearer) => (header::AUTHORIZATION, bearer),
            Session::Phone(cookie) => (header::COOKIE, cookie),
        };
        self.http
            .request(method, format!("{}{path}", self.url))
            .header(name, value)
            .header("limpet-app", "owner")
    }

    /// Writes something whose id the path names.
    pub async fn put(&self, path: &str, body: &impl Serialize) -> Result<()> {
        heard(self.ask(Method::PUT, path).json(body)).await.map(drop)
    }

    /// Changes something.
    pub async fn patch(&self, path: &str, body: &impl Serialize) -> Result<()> {
        heard(self.ask(Method::PATCH, path).json(body)).await.map(drop)
    }

    /// Asks for something to be done.
    pub async fn post(&self, path: &str, body: &impl Serialize) -> Result<()> {
        heard(self.ask(Method::POST, path).json(body)).await.map(drop)
    }

    /// A link for the client of a conversation.
    pub async fn invite(&self, conversation: ConversationId) -> Result<Invitation> {
        let path = format!("/v1/conversations/{conversation}/invitation");
        Ok(heard(self.ask(Method::POST, &path)).await?.json().await?)
    }

    /// Uploads the bytes of an attachment that was announced.
    pub async fn upload(&self, id: AttachmentId, bytes: Vec<u8>) -> Result<()> {
        let tus = |request: RequestBuilder| request.header("tus-resumable", "1.0.0");
        let length = bytes.len().to_string();
        let metadata = format!("attachment {}", BASE64_STANDARD.encode(id.to_string()));
        let create = tus(self.ask(Method::POST, "/v1/uploads"));
        heard(create.header("upload-length", length).header("upload-metadata", metadata)).await?;
        let fill = tus(self.ask(Method::PATCH, &format!("/v1/uploads/{id}")));
        let fill =
            fill.header("upload-offset", "0").header("content-type", "application/offset+octet-stream");
        heard(fill.body(bytes)).await.map(drop)
    }

    /// A page of what changed after a revision.
    pub async fn changes(&self, since: i64) -> Result<ChangePage> {
        let path = format!("/v1/changes?since={since}&limit=500");
        Ok(heard(self.ask(Method::GET, &path)).await?.json().await?)
    }

    /// The current state of everything that changed after a revision.
    pub async fn changed_since(&self, mut since: i64) -> Result<Vec<Change>> {
        let mut all = vec![];
        loop {
            let page = self.changes(since).await?;
            since = page.revision.0;
            all.extend(page.changes);
            if !page.more {
                return Ok(all);
            }
        }
    }

    /// The current state of everything.
    pub async fn everything(&self) -> Result<Vec<Entity>> {
        Ok(self.changed_since(0).await?.into_iter().map(|change| change.entity).collect())
    }

    /// When the server took the newest message of a conversation.
    pub async fn newest(&self, conversation: ConversationId) -> Result<Option<Millis>> {
        let all = self.everything().await?;
        Ok(all.iter().filter_map(|entity| received(entity, conversation)).max())
    }

    /// How many attachments are still being looked at, and names of those that were refused, with the reason.
    pub async fn unfinished(&self) -> Result<(usize, Vec<String>)> {
        let (mut busy, mut refused) = (0, vec![]);
        for entity in self.everything().await? {
            let Entity::Attachment(attachment) = entity else { continue };
            match attachment.state {
                AttachmentState::Uploading { .. } | AttachmentState::Processing => busy += 1,
                AttachmentState::Refused { reason } => refused.push(format!("{}: {reason}", attachment.name)),
                AttachmentState::Ready => {}
            }
        }
        Ok((busy, refused))
    }
}

fn received(entity: &Entity, conversation: ConversationId) -> Option<Millis> {
    match entity {
        Entity::Message(Message { conversation: of, received_at, .. }) if *of == conversation => {
            Some(*received_at)
        }
        _ => None,
    }
}

/// The answer, or what the server said was wrong.
pub async fn heard(request: RequestBuilder) -> Result<Response> {
    let answer = request.send().await.context("the server does not answer")?;
    if answer.status().is_success() {
        return Ok(answer);
    }
    let (status, path) = (answer.status(), answer.url().path().to_owned());
    let said = answer.text().await?;
    match serde_json::from_str::<Failure>(&said) {
        Ok(failure) => bail!("{path}: {status}: {}", failure.message),
        Err(_) => bail!("{path}: {status}: {said}"),
    }
}

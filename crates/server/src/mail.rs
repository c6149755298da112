//! Mail: made when it is due, sent by SMTP, tried again with back-off.
//!
//! **Invariant:** a link is made here, its hash is kept, and the link itself is only ever in the mail. **Invariant:**
//! logs say that a mail went out or did not, and never to whom.

mod words;

use std::{net::IpAddr, time::Duration};

use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, header::ContentType},
};
use limpet_model::{Millis, StaffMember};
use url::Url;

use self::words::Letter;
use crate::{
    app::App,
    pages::Language,
    secrets::{new_token, token_hash},
    store::{
        Result, StoreError,
        account_links::{AccountLink, LinkFor},
        jobs::back_off,
        mails::{ATTEMPTS, Mail, MailKind},
    },
};

/// How often to look for mails that nobody announced.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How long a mail server may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Links for a forgotten password that an account gets in an hour, whoever asks and on however many nodes.
const RESETS: i64 = 3;
const HOUR: i64 = 60 * 60 * 1000;

/// How mail is sent.
pub struct Post {
    smtp: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

/// What is wrong with what was said about mail.
#[derive(Debug, thiserror::Error)]
pub enum PostError {
    /// The address of the mail server.
    #[error("the address of the mail server has to be like smtps://user:password@mail.example.org:465: {0}")]
    Server(String),
    /// The sender.
    #[error("--mail-from has to be like \"Limpet <limpet@example.org>\"")]
    From,
}

impl Post {
    /// A mail server at an `smtp:` or `smtps:` address. What is said to one that is not on this machine is always
    /// encrypted: `smtp:` begins TLS before anything else, unless the address says `?tls=opportunistic`.
    pub fn by(address: &str, from: &str) -> Result<Self, PostError> {
        let bad = |error: &dyn std::fmt::Display| PostError::Server(error.to_string());
        let mut url = Url::parse(address).map_err(|error| bad(&error))?;
        // In an address of this kind a number is a name like any other.
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| bad(&"it names no host"))?;
        let ip = host.trim_matches(['[', ']']).parse::<IpAddr>();
        let here = host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback());
        if url.scheme() == "smtp" && !here && !url.query_pairs().any(|(name, _)| name == "tls") {
            url.query_pairs_mut().append_pair("tls", "required");
        }
        // Its own words may hold the password.
        let smtp = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.as_str())
            .map_err(|_| bad(&"it cannot be used"))?
            .timeout(Some(PATIENCE))
            .build();
        let from = from.parse().map_err(|_| PostError::From)?;
        Ok(Self { smtp, from })
    }
}

/// Sends what is due until the server stops.
pub async fn deliver(app: App) {
    while !app.stopping.is_cancelled() {
        match app.store.claim_mail(app.now()).await {
            Ok(Some(mail)) => {
                let sent = tokio::select! {
                    sent = send(&app, &mail) => sent,
                    () = app.stopping.cancelled() => Err(Trouble::Again("interrupted".into())),
                };
                if let Err(error) = note(&app, &mail, sent).await {
                    // Its lease runs out, and somebody takes it up.
                    tracing::error!(%error, "Cannot note what came of a mail");
                }
            }
            Ok(None) => {
                tokio::select! {
                    () = app.mail.notified() => {}
                    () = tokio::time::sleep(LOOK_EVERY) => {}
                    () = app.stopping.cancelled() => {}
                }
            }
            Err(error) => {
                tracing::error!(%error, "Cannot look for mails");
                app.stopping.run_until_cancelled(tokio::time::sleep(LOOK_EVERY)).await;
            }
        }
    }
}

enum Trouble {
    Again(String),
    Never(String),
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Again(error.to_string())
    }
}

async fn note(app: &App, mail: &Mail, sent: std::result::Result<(), Trouble>) -> Result<()> {
    let (reason, again) = match sent {
        Ok(()) => return app.store.mail_done(mail, app.now()).await,
        Err(Trouble::Again(reason)) => (reason, true),
        Err(Trouble::Never(reason)) => (reason, false),
    };
    let dead = !again || mail.attempt >= ATTEMPTS;
    tracing::warn!(attempt = mail.attempt, dead, reason, "A mail did not go out");
    let later = Millis(app.now().0 + back_off(mail.attempt));
    app.store.put_back_mail(mail, later, &reason, dead).await
}

async fn send(app: &App, mail: &Mail) -> std::result::Result<(), Trouble> {
    let Some(post) = &app.post else { return Err(Trouble::Again("no mail server".into())) };
    let Some((member, link)) = addressee(app, mail).await? else { return Ok(()) };
    let practice = app.store.practice(link.practice).await?.map(|practice| practice.name).unwrap_or_default();
    let token = new_token().map_err(StoreError::from)?;
    app.store.add_account_link(&token_hash(&token), link, app.now()).await?;
    let letter = Letter {
        name: &member.name,
        practice: &practice,
        link: &app.address_of(&format!("/a/{token}")),
        kind: link.kind,
    };
    let (subject, body) = words::write(Language::of_tag(&mail.language), &letter);
    let to = member.email.parse().map_err(|_| Trouble::Never("the address cannot be written to".into()))?;
    let message = Message::builder()
        .from(post.from.clone())
        .to(Mailbox::new(None, to))
        .subject(subject)
        .header(ContentType::TEXT_PLAIN)
        .body(body)
        .map_err(|_| Trouble::Never("the mail cannot be written".into()))?;
    match post.smtp.send(message).await {
        Ok(_) => {
            tracing::info!(practice = %link.practice, staff = %link.staff, "A mail went out");
            Ok(())
        }
        // What a server says may hold the address. Of its refusals only those of the mailbox are final: what is wrong
        // with how it is asked can be put right meanwhile.
        Err(error) if error.status().is_some_and(|code| code.to_string().starts_with("55")) => {
            Err(Trouble::Never(format!("the mail server refused it{}", code(&error))))
        }
        Err(error) => Err(Trouble::Again(format!("the mail server did not take it{}", code(&error)))),
    }
}

fn code(error: &lettre::transport::smtp::Error) -> String {
    error.status().map(|code| format!(" with {code}")).unwrap_or_default()
}

/// Who is written to and what the link is for; `None` when there is nobody, or nobody any more.
async fn addressee(app: &App, mail: &Mail) -> Result<Option<(StaffMember, AccountLink)>> {
    match mail.kind {
        MailKind::Invitation { practice, staff } => match app.store.invited(practice, staff).await {
            Ok(member) => Ok(Some((member, AccountLink { practice, staff, kind: LinkFor::Invitation }))),
            Err(StoreError::Missing(_) | StoreError::Conflict(_)) => Ok(None),
            Err(error) => Err(error),
        },
        MailKind::Reset => {
            let Some(found) = app.store.staff_by_email(&mail.address).await? else { return Ok(None) };
            let link = AccountLink { practice: found.practice, staff: found.staff.id, kind: LinkFor::Reset };
            let lately = Millis(app.now().0 - HOUR);
            if !found.staff.active || app.store.count_account_links(link, lately).await? >= RESETS {
                return Ok(None);
            }
            Ok(Some((found.staff, link)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_over_the_network_is_encrypted() {
        let by = |address: &str| Post::by(address, "Limpet <limpet@example.org>");
        let tls = |address: &str| format!("{:?}", by(address).map(|post| post.smtp).ok());
        assert!(tls("smtp://mail.example.org").contains("Required"), "{}", tls("smtp://mail.example.org"));
        assert!(tls("smtps://u:p@mail.example.org:465").contains("Wrapper"));
        assert!(tls("smtp://127.0.0.1:2525").contains("tls: None"), "{}", tls("smtp://127.0.0.1:2525"));
        for bad in ["mail.example.org", "http://mail.example.org", "smtp:", ""] {
            let said = by(bad).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(said.contains("smtps://"), "{bad}: {said}");
        }
        assert!(!by("ftp://u:secret@mail.example.org").err().unwrap().to_string().contains("secret"));
        assert!(matches!(Post::by("smtp://localhost", "nobody"), Err(PostError::From)));
    }
}

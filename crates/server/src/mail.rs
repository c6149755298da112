//! The mail server, and what mails say. When one goes out is said in `jobs`.
//!
//! **Invariant:** what is said about a mail that did not go out holds no address and no password.

mod words;

use std::{net::IpAddr, time::Duration};

use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{
        Mailbox,
        header::{ContentType, MIME_VERSION_1_0},
    },
};
use url::Url;

pub use self::words::{Letter, write};

/// How long a mail server may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why a mail did not go out. The text is for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Worth another attempt.
    ForNow(String),
    /// It never will.
    ForGood(String),
}

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
    /// encrypted: `smtp:` begins TLS (STARTTLS) once the server has greeted, before the password and the mail, unless the
    /// address says `?tls=opportunistic`.
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

    /// Sends a mail.
    pub async fn send(&self, to: &str, subject: String, body: String) -> Result<(), Refusal> {
        let for_good = |why: &str| Refusal::ForGood(why.to_owned());
        let to = to.parse().map_err(|_| for_good("the address cannot be written to"))?;
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(subject)
            .message_id(None)
            .header(MIME_VERSION_1_0)
            .header(ContentType::TEXT_PLAIN)
            .body(body)
            .map_err(|_| for_good("the mail cannot be written"))?;
        match self.smtp.send(message).await {
            Ok(_) => Ok(()),
            // What a server says may hold the address. Of its refusals only those of the mailbox are final: what is wrong
            // with how it is asked, or with its own rules, can be put right meanwhile.
            Err(error) if is_no_mailbox(&error) => {
                Err(Refusal::ForGood(format!("the mail server refused it{}", code(&error))))
            }
            Err(error) => Err(Refusal::ForNow(format!("the mail server did not take it{}", code(&error)))),
        }
    }
}

/// Whether the server said that nobody has this mailbox. 550 alone does not: servers say it, too, of senders that they do
/// not relay for, which the enhanced code tells (RFC 3463: 5.7 is policy, 5.1 and 5.2 the mailbox).
fn is_no_mailbox(error: &lettre::transport::smtp::Error) -> bool {
    let code = error.status().map(|code| code.to_string()).unwrap_or_default();
    let said = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    matches!(code.as_str(), "550" | "551" | "553") && !said.trim_start().starts_with("5.7.")
}

fn code(error: &lettre::transport::smtp::Error) -> String {
    error.status().map(|code| format!(" with {code}")).unwrap_or_default()
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

//! Sending one delivery: signed as Standard Webhooks says (<https://www.standardwebhooks.com>), to a public address, over
//! TLS, once and with little patience.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, Mac};
use limpet_model::Millis;
use reqwest::{StatusCode, redirect::Policy};
use sha2::Sha256;
use url::{Host, Url};

use super::addresses::Allowed;
use crate::{
    failure::{Answer, Problem},
    secrets::NoRandomness,
    store::webhooks::Telling,
};

/// How a secret begins.
const SECRET: &str = "whsec_";
const CONNECT_TIME: Duration = Duration::from_secs(5);
/// The whole attempt takes no longer: well within the lease.
const TIME: Duration = Duration::from_secs(15);

/// What the other side said.
pub enum Said {
    /// It has it.
    Yes,
    /// It is gone for good.
    Gone,
    /// It does not, and why, in a few words.
    No(String),
}

/// A secret for a new webhook: 256 random bits, as Standard Webhooks writes them.
pub fn new_secret() -> Result<String, NoRandomness> {
    let mut bits = [0_u8; 32];
    getrandom::fill(&mut bits).map_err(|_| NoRandomness)?;
    Ok(format!("{SECRET}{}", BASE64_STANDARD.encode(bits)))
}

/// Whether a webhook may be there, or the sentence that says where it may be.
pub fn check_url(text: &str, to_loopback: bool) -> Answer<Url> {
    let sentence = "A webhook is at an https:// address on the public internet.";
    let url = Url::parse(text).map_err(|_| Problem::invalid(sentence))?;
    let allowed = Allowed { loopback: to_loopback };
    let (here, good) = match url.host() {
        Some(Host::Ipv4(address)) => (address.is_loopback(), allowed.has(address.into())),
        Some(Host::Ipv6(address)) => (address.is_loopback(), allowed.has(address.into())),
        // Where a name leads is seen when it is connected to.
        Some(Host::Domain(name)) => (false, name.contains('.')),
        None => (false, false),
    };
    let over_tls = url.scheme() == "https" || (url.scheme() == "http" && here && to_loopback);
    if !good || !over_tls || !url.username().is_empty() || url.password().is_some() {
        return Err(Problem::invalid(sentence));
    }
    Ok(url)
}

/// Sends deliveries. Cheap to clone.
#[derive(Clone)]
pub struct Sender {
    http: reqwest::Client,
    to_loopback: bool,
}

impl Sender {
    /// `to_loopback` allows this computer, also without TLS.
    pub fn new(to_loopback: bool) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .https_only(!to_loopback)
            .dns_resolver(Allowed { loopback: to_loopback })
            .redirect(Policy::none())
            // A proxy would connect to wherever it is told.
            .no_proxy()
            .pool_max_idle_per_host(0)
            .connect_timeout(CONNECT_TIME)
            .timeout(TIME)
            .user_agent(concat!("limpet-server/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { http, to_loopback })
    }

    /// Sends it. What comes back beside the status is not read.
    pub async fn send(&self, telling: &Telling, now: Millis) -> Said {
        // Asked again: an address in figures is connected to without asking for a name.
        let Ok(url) = check_url(&telling.url, self.to_loopback) else {
            return Said::No("It is not at a public https:// address.".into());
        };
        let at = now.0 / 1000;
        let id = telling.id.to_string();
        let Some(signature) = sign(&telling.secret, &id, at, &telling.payload) else {
            return Said::No("Its secret cannot be read.".into());
        };
        let sent = self
            .http
            .post(url)
            .header("content-type", "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", at.to_string())
            .header("webhook-signature", signature)
            .body(telling.payload.clone())
            .send()
            .await;
        match sent {
            Ok(answer) if answer.status().is_success() => Said::Yes,
            Ok(answer) if answer.status() == StatusCode::GONE => Said::Gone,
            Ok(answer) => Said::No(format!("It answered {}.", answer.status().as_u16())),
            Err(error) => Said::No(words_of(&error).into()),
        }
    }
}

/// Why it was not sent, without its address: that stands beside it, and logs do not need it.
fn words_of(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        "It did not answer in time."
    } else if error.is_connect() {
        "It could not be connected to, or is not at a public address."
    } else {
        "The connection broke."
    }
}

/// `v1,` and the HMAC-SHA256 of id, time and payload in base64.
fn sign(secret: &str, id: &str, at: i64, payload: &str) -> Option<String> {
    let key = BASE64_STANDARD.decode(secret.strip_prefix(SECRET)?).ok()?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
    mac.update(format!("{id}.{at}.{payload}").as_bytes());
    Some(format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's own libraries.
    #[test]
    fn signs_as_others_verify() {
        let signature = sign(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(signature.as_deref(), Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
    }

    #[test]
    fn a_webhook_is_at_a_public_address_over_tls() {
        for good in ["https://example.org/hook?x=1", "https://example.org:8443/", "https://1.1.1.1/"] {
            assert!(check_url(good, false).is_ok(), "{good}");
        }
        for bad in [
            "http://example.org/",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://10.0.0.8/",
            "https://localhost/",
            "https://intranet/",
            "https://0x7f000001/",
            "https://2130706433/",
            "https://169.254.169.254/latest",
            "https://user:pass@example.org/",
            "ftp://example.org/",
            "file:///etc/passwd",
            "example.org",
            "",
        ] {
            assert!(check_url(bad, false).is_err(), "{bad}");
        }
        assert!(check_url("http://127.0.0.1:99/", true).is_ok());
        assert!(check_url("http://10.0.0.8/", true).is_err());
        assert!(check_url("http://example.org/", true).is_err());
    }
}

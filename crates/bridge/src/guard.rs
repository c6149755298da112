//! Who is answered. Decided before a request is looked at any further, from its headers alone.
//!
//! Other pages in the same browser can send requests to this address, and other programs on this computer can
//! connect. Against a name that was pointed at 127.0.0.1 (DNS rebinding) stands the Host check, against requests
//! of other pages the Origin check, against everything else the token.
//!
//! **Invariant:** a request that may change something is answered only to our own page, or to a program that
//! carries the token itself; a cookie alone never suffices for it.

use std::net::SocketAddr;

use anyhow::{Result, anyhow};
use hyper::{
    HeaderMap, Method, Uri,
    header::{AUTHORIZATION, COOKIE, HOST, HeaderName, ORIGIN},
};
use subtle::ConstantTimeEq;

/// What is done with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is answered.
    Answer,
    /// It carries the token in its address: it gets the cookie and goes on to the page.
    Welcome,
    /// It comes from elsewhere.
    Stranger,
    /// It comes from here, without the token.
    NoToken,
}

/// The rules for one address and one token.
pub(crate) struct Guard {
    token: String,
    port: u16,
    hosts: [String; 2],
}

impl Guard {
    /// For what listens on `address`, with a new token.
    pub(crate) fn new(address: SocketAddr) -> Result<Self> {
        let mut token = [0_u8; 32];
        getrandom::fill(&mut token).map_err(|error| anyhow!("no random numbers: {error}"))?;
        Ok(Self::with_token(address, hex::encode(token)))
    }

    fn with_token(address: SocketAddr, token: String) -> Self {
        let port = address.port();
        Self { token, port, hosts: [address.to_string(), format!("localhost:{port}")] }
    }

    /// The address to open in a browser.
    pub(crate) fn address(&self) -> String {
        let [host, _] = &self.hosts;
        format!("http://{host}/?token={}", self.token)
    }

    /// The cookie that stands for the token. Cookies do not tell ports apart, so its name does.
    pub(crate) fn cookie(&self) -> String {
        format!("{}={}; Path=/; HttpOnly; SameSite=Strict", self.cookie_name(), self.token)
    }

    fn cookie_name(&self) -> String {
        format!("limpet_bridge_{}", self.port)
    }

    /// What is done with a request.
    pub(crate) fn judge(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Verdict {
        let host = text(headers, &HOST);
        if !host.is_some_and(|host| self.hosts.iter().any(|own| own == host)) {
            return Verdict::Stranger;
        }
        if let Some(origin) = text(headers, &ORIGIN)
            && origin.strip_prefix("http://") != host
        {
            return Verdict::Stranger;
        }
        let bearer = text(headers, &AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
        if bearer.is_some_and(|token| self.is_token(token)) {
            return Verdict::Answer;
        }
        let from_elsewhere = text(headers, &HeaderName::from_static("sec-fetch-site"))
            .is_some_and(|site| !matches!(site, "same-origin" | "none"));
        if method == Method::GET
            && uri.path() == "/"
            && query(uri, "token").is_some_and(|token| self.is_token(&token))
        {
            return Verdict::Welcome;
        }
        if from_elsewhere {
            return Verdict::Stranger;
        }
        let reads = matches!(*method, Method::GET | Method::HEAD);
        if !reads && !headers.contains_key(ORIGIN) {
            return Verdict::Stranger;
        }
        if self.has_cookie(headers) { Verdict::Answer } else { Verdict::NoToken }
    }

    fn has_cookie(&self, headers: &HeaderMap) -> bool {
        let name = self.cookie_name();
        let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs =
            cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.any(|(key, value)| key == name && self.is_token(value))
    }

    fn is_token(&self, given: &str) -> bool {
        bool::from(given.as_bytes().ct_eq(self.token.as_bytes()))
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    // Two of one kind are a trick.
    if values.next().is_some() { Some("") } else { Some(first.to_str().unwrap_or("")) }
}

/// A value of the query.
pub(crate) fn query(uri: &Uri, name: &str) -> Option<String> {
    let pairs = url::form_urlencoded::parse(uri.query()?.as_bytes());
    pairs.into_iter().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: (&str, &str) = ("host", "127.0.0.1:4100");
    const ORIGIN_OWN: (&str, &str) = ("origin", "http://127.0.0.1:4100");
    const COOKIE_OWN: (&str, &str) = ("cookie", "theme=dark; limpet_bridge_4100=secret");

    fn judged(method: &str, path: &str, headers: &[(&'static str, &str)]) -> Verdict {
        let guard = Guard::with_token("127.0.0.1:4100".parse().unwrap(), "secret".into());
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        guard.judge(&method.parse().unwrap(), &path.parse().unwrap(), &map)
    }

    #[test]
    fn our_own_page_is_answered() {
        assert_eq!(judged("GET", "/?token=secret", &[OWN]), Verdict::Welcome);
        assert_eq!(judged("GET", "/", &[OWN, COOKIE_OWN]), Verdict::Answer);
        assert_eq!(judged("POST", "/call", &[OWN, ORIGIN_OWN, COOKIE_OWN]), Verdict::Answer);
        assert_eq!(
            judged(
                "GET",
                "/events",
                &[("host", "localhost:4100"), ("sec-fetch-site", "same-origin"), COOKIE_OWN]
            ),
            Verdict::Answer
        );
    }

    #[test]
    fn a_program_with_the_token_is_answered() {
        assert_eq!(judged("POST", "/call", &[OWN, ("authorization", "Bearer secret")]), Verdict::Answer);
        assert_eq!(judged("POST", "/call", &[OWN, ("authorization", "Bearer other")]), Verdict::Stranger);
    }

    #[test]
    fn other_pages_are_not_even_with_the_cookie() {
        let evil = ("origin", "http://evil.example");
        let neighbour = ("origin", "http://127.0.0.1:9999");
        assert_eq!(judged("POST", "/call", &[OWN, evil, COOKIE_OWN]), Verdict::Stranger);
        assert_eq!(judged("POST", "/call", &[OWN, neighbour, COOKIE_OWN]), Verdict::Stranger);
        assert_eq!(judged("POST", "/call", &[OWN, ("origin", "null"), COOKIE_OWN]), Verdict::Stranger);
        assert_eq!(
            judged("POST", "/call", &[OWN, COOKIE_OWN]),
            Verdict::Stranger,
            "a form sends no Origin everywhere"
        );
        assert_eq!(
            judged("GET", "/media/x/poster", &[OWN, ("sec-fetch-site", "same-site"), COOKIE_OWN]),
            Verdict::Stranger
        );
        assert_eq!(judged("GET", "/events", &[OWN, ORIGIN_OWN, evil, COOKIE_OWN]), Verdict::Stranger);
    }

    #[test]
    fn a_name_pointed_at_this_computer_is_not() {
        for host in ["evil.example:4100", "127.0.0.1", "127.0.0.1:4101", ""] {
            assert_eq!(judged("GET", "/?token=secret", &[("host", host)]), Verdict::Stranger, "{host}");
        }
        assert_eq!(judged("GET", "/?token=secret", &[]), Verdict::Stranger);
        assert_eq!(judged("GET", "/?token=secret", &[OWN, ("host", "evil.example")]), Verdict::Stranger);
    }

    #[test]
    fn without_the_token_nothing_is_answered() {
        assert_eq!(judged("GET", "/", &[OWN]), Verdict::NoToken);
        assert_eq!(judged("GET", "/?token=wrong", &[OWN]), Verdict::NoToken);
        assert_eq!(
            judged("GET", "/call?token=secret", &[OWN]),
            Verdict::NoToken,
            "only the page takes it from the address"
        );
        assert_eq!(judged("GET", "/", &[OWN, ("cookie", "limpet_bridge_4101=secret")]), Verdict::NoToken);
        assert_eq!(judged("GET", "/", &[OWN, ("cookie", "limpet_bridge_4100=")]), Verdict::NoToken);
    }
}

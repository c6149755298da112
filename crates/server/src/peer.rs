//! From where a request comes.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
};

use axum::{extract::FromRequestParts, http::request::Parts};

use crate::{app::App, failure::Problem};

/// The address a connection came from; put into each request by the listener.
#[derive(Debug, Clone, Copy)]
pub struct Connected(pub SocketAddr);

/// The address of whoever asks: the connection's, or what the proxy in front wrote last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Peer(pub IpAddr);

impl Peer {
    /// Whoever is at this address. An IPv4 address that is written as an IPv6 one, as a socket for both has it, is the
    /// IPv4 address: all of those would be one network otherwise.
    pub fn at(address: IpAddr) -> Self {
        Self(address.to_canonical())
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromRequestParts<App> for Peer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let connected = parts
            .extensions
            .get::<Connected>()
            .map(|Connected(address)| address.ip())
            .ok_or_else(|| Problem::internal(&"a request without an address"))?;
        if !app.behind_proxy {
            return Ok(Self::at(connected));
        }
        // Only the last entry is the proxy's own word; what stands before it is the client's.
        let forwarded = parts
            .headers
            .get_all("x-forwarded-for")
            .iter()
            .next_back()
            .and_then(|value| value.to_str().ok())
            .and_then(|list| list.rsplit(',').next())
            .and_then(|entry| address_of(entry.trim()));
        Ok(Self::at(forwarded.unwrap_or(connected)))
    }
}

/// The address of an entry: some proxies write a port after it, and brackets around an IPv6 one.
fn address_of(entry: &str) -> Option<IpAddr> {
    let with_port = entry.parse::<SocketAddr>().map(|address| address.ip());
    with_port.or_else(|_| entry.trim_start_matches('[').trim_end_matches(']').parse()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_the_same_however_it_is_written() {
        let peer = |entry: &str| address_of(entry).map(|address| Peer::at(address).to_string());
        for entry in ["192.0.2.1", "192.0.2.1:4711", "::ffff:192.0.2.1", "[::ffff:192.0.2.1]:4711"] {
            assert_eq!(peer(entry).as_deref(), Some("192.0.2.1"), "{entry}");
        }
        for entry in ["2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:4711"] {
            assert_eq!(peer(entry).as_deref(), Some("2001:db8::1"), "{entry}");
        }
        assert_eq!([peer("unknown"), peer(""), peer("192.0.2.1:port")], [None, None, None]);
    }
}

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
            return Ok(Self(connected));
        }
        // Only the last entry is the proxy's own word; what stands before it is the client's.
        let forwarded = parts
            .headers
            .get_all("x-forwarded-for")
            .iter()
            .next_back()
            .and_then(|value| value.to_str().ok())
            .and_then(|list| list.rsplit(',').next())
            .and_then(|entry| entry.trim().parse().ok());
        Ok(Self(forwarded.unwrap_or(connected)))
    }
}

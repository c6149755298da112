//! The frame socket's door: one loopback port, one secret, and who may come in.
//!
//! **Invariant:** a connection is answered only when it carries the token of this child *and* an Origin that a
//! Limpet window has. A missing Origin is refused: every browser sends one, and our own tools say theirs.

use std::{
    io,
    net::{Ipv4Addr, TcpListener, TcpStream},
    time::Duration,
};

use subtle::ConstantTimeEq;
use tungstenite::{
    WebSocket,
    handshake::server::{ErrorResponse, Request, Response},
    http::{Response as HttpResponse, StatusCode},
    protocol::WebSocketConfig,
};

/// How long somebody at the door may take to say who they are, and a window to take a picture.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest message a window has to send.
const LONGEST_REQUEST: usize = 16 << 10;

/// A bound socket and its secret.
pub struct Door {
    listener: TcpListener,
    token: String,
}

impl Door {
    /// Takes a free loopback port and makes a 256-bit secret.
    pub fn bind() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).map_err(|error| io::Error::other(error.to_string()))?;
        Ok(Self { listener, token: hex::encode(secret) })
    }

    /// Where a window connects, secret included.
    pub fn address(&self) -> io::Result<String> {
        Ok(format!("ws://{}/?token={}", self.listener.local_addr()?, self.token))
    }

    /// The next one at the door, whoever it is.
    pub fn knock(&self) -> io::Result<TcpStream> {
        self.listener.accept().map(|(stream, _)| stream)
    }

    /// Lets somebody in, or not. Takes as long as they need, up to a limit.
    #[expect(clippy::result_large_err, reason = "the shape that tungstenite asks for")]
    pub fn admit(&self, stream: TcpStream) -> Option<WebSocket<TcpStream>> {
        stream.set_nodelay(true).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        stream.set_write_timeout(Some(PATIENCE)).ok()?;
        let check = |request: &Request, response: Response| self.check(request, response);
        let socket = tungstenite::accept_hdr_with_config(stream, check, Some(config())).ok()?;
        socket.get_ref().set_read_timeout(None).ok()?;
        Some(socket)
    }

    #[expect(clippy::result_large_err, reason = "the shape that tungstenite asks for")]
    fn check(&self, request: &Request, response: Response) -> Result<Response, ErrorResponse> {
        let origin = request.headers().get("origin").and_then(|origin| origin.to_str().ok());
        let token = request.uri().query().and_then(|query| query.strip_prefix("token=")).unwrap_or_default();
        let right = token.as_bytes().ct_eq(self.token.as_bytes());
        if bool::from(right) && origin.is_some_and(is_a_limpet_window) {
            return Ok(response);
        }
        tracing::warn!("Refused a connection to the frame socket");
        let mut refusal = HttpResponse::new(None);
        *refusal.status_mut() = StatusCode::FORBIDDEN;
        Err(refusal)
    }
}

/// Small messages in, large ones out.
pub fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .max_message_size(Some(LONGEST_REQUEST))
        .max_frame_size(Some(LONGEST_REQUEST))
        .read_buffer_size(LONGEST_REQUEST)
        .write_buffer_size(0)
}

/// The desktop's window on each platform, or a page that this machine serves.
fn is_a_limpet_window(origin: &str) -> bool {
    if matches!(origin, "tauri://localhost" | "http://tauri.localhost" | "https://tauri.localhost") {
        return true;
    }
    ["http://127.0.0.1", "http://localhost"].iter().any(|host| {
        origin.strip_prefix(host).is_some_and(|port| {
            port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_limpet_windows_have_the_right_origin() {
        for right in [
            "tauri://localhost",
            "http://tauri.localhost",
            "https://tauri.localhost",
            "http://127.0.0.1:8123",
            "http://localhost:5173",
            "http://localhost",
        ] {
            assert!(is_a_limpet_window(right), "{right}");
        }
        for wrong in [
            "",
            "null",
            "https://example.com",
            "http://localhost.example.com",
            "http://127.0.0.1.example.com",
            "http://localhost:80@example.com",
            "https://127.0.0.1:1",
            "http://localhost:99999",
            "tauri://localhost.evil",
        ] {
            assert!(!is_a_limpet_window(wrong), "{wrong}");
        }
    }
}

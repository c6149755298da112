//! `GET /v1/live`: server-sent events that say only "there is revision R".

use std::time::Duration;

use limpet_model::Revision;
use reqwest::{Method, Response, header};

use super::{Server, ServerError, answered};

/// More than a line of this stream ever needs; a server that sends more is not ours.
const LONGEST_LINE: usize = 4096;

/// An open live connection.
pub struct Live {
    response: Response,
    silence: Duration,
    line: Vec<u8>,
    data: Option<Revision>,
    told: std::collections::VecDeque<Revision>,
}

impl Server {
    /// Opens the live connection. When nothing at all arrives for `silence`, not even a comment, it counts as broken.
    pub async fn live(&self, silence: Duration) -> Result<Live, ServerError> {
        let request = self.request(Method::GET, "v1/live")?.header(header::ACCEPT, "text/event-stream");
        let opened = tokio::time::timeout(silence, request.send()).await;
        let response = opened.map_err(|_| ServerError::NoWay("no answer in time".to_owned()))??;
        let response = answered(response).await?;
        Ok(Live { response, silence, line: Vec::new(), data: None, told: std::collections::VecDeque::new() })
    }
}

impl Live {
    /// The next revision. Never ends well: a connection that ends is an error. Nothing is lost when the future is
    /// dropped half way.
    pub async fn next(&mut self) -> Result<Revision, ServerError> {
        loop {
            if let Some(revision) = self.told.pop_front() {
                return Ok(revision);
            }
            let chunk = tokio::time::timeout(self.silence, self.response.chunk())
                .await
                .map_err(|_| ServerError::NoWay("the live connection fell silent".to_owned()))??
                .ok_or_else(|| ServerError::NoWay("the live connection was closed".to_owned()))?;
            self.take(&chunk)?;
        }
    }

    /// Reads event-stream lines (WHATWG HTML, "server-sent events"): `data:` fields, ended by an empty line.
    fn take(&mut self, chunk: &[u8]) -> Result<(), ServerError> {
        for byte in chunk {
            match byte {
                b'\n' => self.end_line(),
                b'\r' => {}
                _ if self.line.len() < LONGEST_LINE => self.line.push(*byte),
                _ => return Err(ServerError::NoWay("the live connection speaks something else".to_owned())),
            }
        }
        Ok(())
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        if line.is_empty() {
            self.told.extend(self.data.take());
        } else if let Some(data) = line.strip_prefix(b"data:") {
            self.data =
                std::str::from_utf8(data).ok().and_then(|text| text.trim().parse().ok()).map(Revision);
        }
    }
}

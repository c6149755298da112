//! `GET /v1/live`: server-sent events that say "there is revision R", and who is in a conversation.

use std::{collections::VecDeque, time::Duration};

use limpet_model::Revision;
use limpet_wire::http::Present;
use reqwest::{Method, Response, header};

use super::{Server, ServerError, answered};

/// More than a line of this stream ever needs; a server that sends more is not ours.
const LONGEST_LINE: usize = 16 * 1024;

/// What it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// There is this revision.
    Revision(Revision),
    /// Who is in a conversation now.
    Present(Present),
}

/// An open live connection.
pub struct Live {
    response: Response,
    silence: Duration,
    line: Vec<u8>,
    /// Name of the event that is being read; revisions have none.
    event: Vec<u8>,
    data: Vec<u8>,
    told: VecDeque<Told>,
}

impl Server {
    /// Opens the live connection. When nothing at all arrives for `silence`, not even a comment, it counts as broken.
    pub async fn live(&self, silence: Duration) -> Result<Live, ServerError> {
        let request = self.request(Method::GET, "v1/live")?.header(header::ACCEPT, "text/event-stream");
        let opened = tokio::time::timeout(silence, request.send()).await;
        let response = opened.map_err(|_| ServerError::NoWay("no answer in time".to_owned()))??;
        let response = answered(response).await?;
        Ok(Live {
            response,
            silence,
            line: Vec::new(),
            event: Vec::new(),
            data: Vec::new(),
            told: VecDeque::new(),
        })
    }
}

impl Live {
    /// What is said next. Never ends well: a connection that ends is an error. Nothing is lost when the future is
    /// dropped half way.
    pub async fn next(&mut self) -> Result<Told, ServerError> {
        loop {
            if let Some(told) = self.told.pop_front() {
                return Ok(told);
            }
            let chunk = tokio::time::timeout(self.silence, self.response.chunk())
                .await
                .map_err(|_| ServerError::NoWay("the live connection fell silent".to_owned()))??
                .ok_or_else(|| ServerError::NoWay("the live connection was closed".to_owned()))?;
            self.take(&chunk)?;
        }
    }

    /// Reads event-stream lines (WHATWG HTML, "server-sent events"): `event:` and
    /// `data:` fields, ended by an empty line. What it does not know it ignores.
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
            let (event, data) = (std::mem::take(&mut self.event), std::mem::take(&mut self.data));
            self.told.extend(read(&event, &data));
        } else if let Some(name) = line.strip_prefix(b"event:") {
            self.event = name.trim_ascii().to_vec();
        } else if let Some(data) = line.strip_prefix(b"data:") {
            self.data = data.trim_ascii().to_vec();
        }
    }
}

fn read(event: &[u8], data: &[u8]) -> Option<Told> {
    match event {
        b"" => std::str::from_utf8(data).ok()?.parse().ok().map(Revision).map(Told::Revision),
        b"presence" => serde_json::from_slice(data).ok().map(Told::Present),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use limpet_model::ConversationId;

    use super::*;

    #[test]
    fn what_it_knows_is_read_and_the_rest_ignored() {
        assert_eq!(read(b"", b"7"), Some(Told::Revision(Revision(7))));
        let present = Present { conversation: ConversationId::new(), people: Vec::new() };
        let data = serde_json::to_vec(&present).unwrap();
        assert_eq!(read(b"presence", &data), Some(Told::Present(present)));
        for (event, data) in [(&b""[..], &b"{}"[..]), (b"presence", b"{}"), (b"weather", b"7"), (b"", b"")] {
            assert_eq!(read(event, data), None);
        }
    }
}

//! A server that fails on purpose: it answers what a test says, breaks off where a test says, and remembers what it
//! was asked. Only for faults of the transport; how a server behaves is tested against the real one.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::wildcard_imports,
    dead_code,
    missing_docs,
    unreachable_pub,
    reason = "each test takes what it needs, and stops at what it did not expect"
)]

use std::{
    collections::HashMap,
    fmt::Write as _,
    sync::{Arc, Mutex},
};

use limpet_cache::{StoreKey, media::MediaFolder};
use limpet_sync::{Server, http::server_address};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// A request as it arrived.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: String,
    pub path: String,
    pub headers: HashMap<String, String>,
    pub body: Vec<u8>,
}

impl Seen {
    pub fn is(&self, method: &str, path: &str) -> bool {
        self.method == method && self.path.split('?').next() == Some(path)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// What to answer.
pub struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    then: Then,
}

enum Then {
    Close,
    /// Say that there is more, and send nothing more.
    FallSilent,
    /// Announce the whole body and send only the beginning.
    BreakOff(usize),
    /// No answer at all.
    Vanish,
    /// No answer, and the line stays open.
    Hang,
}

impl Reply {
    pub fn new(status: u16) -> Self {
        Self { status, headers: vec![], body: vec![], then: Then::Close }
    }

    pub fn json(body: &impl serde::Serialize) -> Self {
        Self { body: serde_json::to_vec(body).unwrap(), ..Self::new(200) }
            .with("content-type", "application/json")
    }

    pub fn failure(status: u16, code: limpet_wire::Code, message: &str) -> Self {
        Self { status, ..Self::json(&limpet_wire::Failure::new(code, message)) }
    }

    pub fn with(mut self, name: &str, value: impl std::fmt::Display) -> Self {
        self.headers.push((name.to_owned(), value.to_string()));
        self
    }

    pub fn body(self, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..self }
    }

    pub fn then_silence(self) -> Self {
        Self { then: Then::FallSilent, ..self }
    }

    pub fn breaking_off(self, after: usize) -> Self {
        Self { then: Then::BreakOff(after), ..self }
    }

    pub fn vanish() -> Self {
        Self { then: Then::Vanish, ..Self::new(0) }
    }

    pub fn hang() -> Self {
        Self { then: Then::Hang, ..Self::new(0) }
    }
}

/// The server. Ends when dropped.
pub struct Faulty {
    pub address: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    _tasks: JoinSet<()>,
}

impl Faulty {
    pub async fn answering(answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (seen, answer) = (Arc::new(Mutex::new(vec![])), Arc::new(answer));
        let mut tasks = JoinSet::new();
        tasks.spawn({
            let seen = Arc::clone(&seen);
            async move {
                let mut connections = JoinSet::new();
                loop {
                    let (stream, _) = listener.accept().await.unwrap();
                    let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                    connections.spawn(async move {
                        // A peer that goes away is what these tests are about.
                        let _ = converse(stream, &seen, answer.as_ref()).await;
                    });
                }
            }
        });
        Self { address, seen, _tasks: tasks }
    }

    pub fn server(&self) -> Server {
        Server::at(server_address(&self.address).unwrap()).unwrap().with_session("token")
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub fn count(&self, method: &str, path: &str) -> usize {
        self.seen().iter().filter(|seen| seen.is(method, path)).count()
    }
}

async fn converse(
    stream: TcpStream,
    seen: &Mutex<Vec<Seen>>,
    answer: &(dyn Fn(&Seen) -> Reply + Send + Sync),
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (Some(method), Some(path)) = (words.next(), words.next()) else { return Ok(()) };
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    let request = Seen { method, path, headers, body };
    let reply = answer(&request);
    seen.lock().unwrap().push(request.clone());
    let mut head = format!("HTTP/1.1 {} Answer\r\nconnection: close\r\n", reply.status);
    for (name, value) in &reply.headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    match reply.then {
        Then::Vanish => return Ok(()),
        Then::Hang => std::future::pending().await,
        Then::FallSilent => {
            stream.write_all(format!("{head}\r\n").as_bytes()).await?;
            stream.write_all(&reply.body).await?;
            stream.flush().await?;
            std::future::pending::<()>().await;
        }
        Then::Close | Then::BreakOff(_) => {
            if request.method != "HEAD" && reply.status != 204 {
                let _ = write!(head, "content-length: {}\r\n", reply.body.len());
            }
            stream.write_all(format!("{head}\r\n").as_bytes()).await?;
            let end = if let Then::BreakOff(after) = reply.then { after } else { reply.body.len() };
            stream.write_all(&reply.body[..end]).await?;
            stream.shutdown().await?;
        }
    }
    Ok(())
}

/// A folder for media, and what holds it.
pub fn folder() -> (tempfile::TempDir, MediaFolder) {
    let temp = tempfile::tempdir().unwrap();
    let folder = MediaFolder::open(temp.path(), &StoreKey::generate().unwrap()).unwrap();
    (temp, folder)
}

/// So many bytes that are all alike on every run.
pub fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|n| u8::try_from(n * 31 % 251).unwrap()).collect()
}

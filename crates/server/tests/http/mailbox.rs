//! A mail server for tests: it speaks SMTP to whoever connects and keeps what it is given.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use limpet_server::serve::Mail;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

/// A mail that arrived.
#[derive(Debug, Clone)]
pub struct Letter {
    pub to: String,
    pub subject: String,
    pub body: String,
}

#[derive(Default)]
struct Kept {
    letters: Mutex<Vec<Letter>>,
    /// Connections so far.
    calls: AtomicUsize,
    /// What is still answered with a refusal, and with which.
    refusals: Mutex<Vec<&'static str>>,
}

/// The mail server.
#[derive(Clone)]
pub struct Mailbox {
    kept: Arc<Kept>,
    port: u16,
}

impl Mailbox {
    pub async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let kept = Arc::<Kept>::default();
        let mailbox = Self { kept: kept.clone(), port };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                kept.calls.fetch_add(1, Ordering::SeqCst);
                let kept = kept.clone();
                tokio::spawn(async move { kept.converse(stream).await });
            }
        });
        mailbox
    }

    #[expect(clippy::unnecessary_wraps, reason = "as the server's settings have it")]
    pub fn settings(&self) -> Option<Mail> {
        let server = format!("smtp://127.0.0.1:{}", self.port);
        Some(Mail { server, from: "Limpet <limpet@example.org>".into() })
    }

    /// The next recipients are refused with these answers.
    pub fn refuse(&self, with: &[&'static str]) {
        *self.kept.refusals.lock().unwrap() = with.iter().rev().copied().collect();
    }

    pub fn letters(&self) -> Vec<Letter> {
        self.kept.letters.lock().unwrap().clone()
    }

    pub fn calls(&self) -> usize {
        self.kept.calls.load(Ordering::SeqCst)
    }

    /// Waits until that many have arrived; answers the last one.
    pub async fn nth(&self, count: usize) -> Letter {
        eventually(|| self.letters().len() >= count).await;
        let letters = self.letters();
        assert_eq!(letters.len(), count);
        letters[count - 1].clone()
    }
}

/// Waits until something is so.
pub async fn eventually(is: impl Fn() -> bool) {
    let waiting = async {
        while !is() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), waiting).await.expect("it never came to that");
}

impl Kept {
    async fn converse(&self, stream: TcpStream) {
        let (reader, mut writer) = stream.into_split();
        let mut lines = BufReader::new(reader).lines();
        let mut to = String::new();
        writer.write_all(b"220 mailbox\r\n").await.unwrap();
        while let Ok(Some(line)) = lines.next_line().await {
            let word = line.split([' ', ':']).next().unwrap().to_uppercase();
            let answer = match word.as_str() {
                "EHLO" => "250-mailbox\r\n250 8BITMIME".to_owned(),
                "RCPT" => {
                    let refusal = self.refusals.lock().unwrap().pop();
                    if let Some(refusal) = refusal {
                        refusal.to_owned()
                    } else {
                        to = line.split(['<', '>']).nth(1).unwrap().to_owned();
                        "250 ok".to_owned()
                    }
                }
                "DATA" => {
                    writer.write_all(b"354 go on\r\n").await.unwrap();
                    let mut text = Vec::new();
                    while let Ok(Some(line)) = lines.next_line().await {
                        if line == "." {
                            break;
                        }
                        text.push(line.strip_prefix('.').map_or(line.clone(), str::to_owned));
                    }
                    self.letters.lock().unwrap().push(read(&to, &text));
                    "250 taken".to_owned()
                }
                "QUIT" => {
                    let _ = writer.write_all(b"221 bye\r\n").await;
                    return;
                }
                _ => "250 ok".to_owned(),
            };
            if writer.write_all(format!("{answer}\r\n").as_bytes()).await.is_err() {
                return;
            }
        }
    }
}

fn read(to: &str, lines: &[String]) -> Letter {
    let split = lines.iter().position(String::is_empty).unwrap();
    let header = |name: &str| {
        let mut found = lines[..split].iter().skip_while(|line| !line.starts_with(name));
        let mut value = found.next().map(|line| line[name.len()..].trim().to_owned()).unwrap_or_default();
        for more in found.take_while(|line| line.starts_with(' ')) {
            value.push_str(more);
        }
        value
    };
    let body = lines[split + 1..].join("\n");
    let body = match header("Content-Transfer-Encoding:").as_str() {
        "base64" => String::from_utf8(BASE64_STANDARD.decode(body.replace('\n', "")).unwrap()).unwrap(),
        "quoted-printable" => unquote(&body.replace("=\n", "")),
        _ => body,
    };
    Letter { to: to.into(), subject: header("Subject:"), body: body.replace("\r\n", "\n") }
}

fn unquote(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        if bytes[at] == b'=' {
            out.push(u8::from_str_radix(&text[at + 1..at + 3], 16).unwrap());
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8(out).unwrap()
}

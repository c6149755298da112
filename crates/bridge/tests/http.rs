//! The bridge as a browser meets it: the real program, over a real socket.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use serde_json::{Value, json};

struct Bridge {
    child: Child,
    address: String,
    token: String,
    profile: tempfile::TempDir,
}

impl Bridge {
    fn start() -> Self {
        let profile = tempfile::tempdir().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_limpet-bridge"))
            .arg("--profile")
            .arg(profile.path())
            .args(["--listen", "127.0.0.1:0"])
            // No keyring: the desk opens all the same, signed out.
            .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("bridge on http://").unwrap();
        let (address, token) = url.split_once("/?token=").unwrap();
        assert_eq!(token.len(), 64);
        Self { child, address: address.into(), token: token.into(), profile }
    }

    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Heard {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let lines: Vec<String> = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let (lines, length) = (lines.concat(), body.len());
        let head = format!(
            "{method} {path} HTTP/1.1\r\nconnection: close\r\ncontent-length: {length}\r\n{lines}\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        let mut text = Vec::new();
        stream.read_to_end(&mut text).unwrap();
        Heard::read(&text)
    }

    /// As our own page does.
    fn page(&self, method: &str, path: &str, body: &[u8]) -> Heard {
        let (origin, cookie) = (format!("http://{}", self.address), self.cookie());
        self.send(method, path, &[("host", &self.address), ("origin", &origin), ("cookie", &cookie)], body)
    }

    fn cookie(&self) -> String {
        let port = self.address.rsplit(':').next().unwrap();
        format!("limpet_bridge_{port}={}", self.token)
    }

    fn call(&self, name: &str, args: &Value) -> Heard {
        self.page("POST", "/call", json!({ "name": name, "args": args }).to_string().as_bytes())
    }

    fn incoming(&self) -> PathBuf {
        self.profile.path().join("bridge-incoming")
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Heard {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Heard {
    fn read(text: &[u8]) -> Self {
        let end = text.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(text.get(..end).unwrap().to_vec()).unwrap().to_lowercase();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Self { status, head, body: text.get(end + 4..).unwrap().to_vec() }
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

#[test]
fn the_printed_address_opens_the_page() {
    let bridge = Bridge::start();
    let path = format!("/?token={}", bridge.token);
    let welcome = bridge.send("GET", &path, &[("host", &bridge.address)], b"");
    assert_eq!(welcome.status, 303);
    assert!(welcome.head.contains("location: /\r\n"));
    assert!(
        welcome.head.contains(&format!("set-cookie: {}; path=/; httponly; samesite=strict", bridge.cookie()))
    );
    let page = bridge.page("GET", "/", b"");
    assert!(page.status == 200 || String::from_utf8_lossy(&page.body).contains("npm run build"));
    assert!(page.head.contains("connect-src 'self' ws://127.0.0.1:*; img-src 'self' blob: data:;"));
    assert!(page.head.contains("x-content-type-options: nosniff"));
    assert_eq!(bridge.page("GET", "/../Cargo.toml", b"").status, 404);
}

#[test]
fn strangers_are_not_answered() {
    let bridge = Bridge::start();
    let (address, cookie) = (bridge.address.clone(), bridge.cookie());
    let state = json!({ "name": "state", "args": null }).to_string();
    let own = format!("http://{address}");
    let refused: [&[(&str, &str)]; 4] = [
        &[("host", "evil.example"), ("origin", "http://evil.example"), ("cookie", &cookie)],
        &[("host", &address), ("origin", "http://evil.example"), ("cookie", &cookie)],
        &[("host", &address), ("cookie", &cookie)],
        &[("host", &address), ("origin", &own)],
    ];
    for headers in refused {
        let heard = bridge.send("POST", "/call", headers, state.as_bytes());
        assert_eq!(heard.status, 403, "{headers:?}");
        assert_eq!(heard.json()["code"], "invalid");
    }
}

#[test]
fn calls_are_answered_by_the_desk() {
    let bridge = Bridge::start();
    let state = bridge.call("state", &Value::Null);
    assert_eq!(state.status, 200);
    assert_eq!(state.json()["connection"], "signed_out");
    let queue = json!({ "queue": "open", "search": "", "offset": 0, "limit": 10 });
    let failed = bridge.call("list_conversations", &queue);
    assert!((400..500).contains(&failed.status), "{}", failed.status);
    assert!(failed.json()["message"].as_str().unwrap().ends_with('.'));
    assert_eq!(bridge.call("format_disk", &Value::Null).status, 422);
    let bearer = format!("Bearer {}", bridge.token);
    let body = json!({ "name": "state", "args": null }).to_string();
    let program = bridge.send(
        "POST",
        "/call",
        &[("host", &bridge.address), ("authorization", &bearer)],
        body.as_bytes(),
    );
    assert_eq!(program.status, 200);
    let nobody = bridge.page("GET", "/media/019a8d00-0000-7000-8000-000000000001/poster", b"");
    assert!((400..500).contains(&nobody.status));
}

#[test]
fn events_begin_at_once() {
    let bridge = Bridge::start();
    let mut stream = TcpStream::connect(&bridge.address).unwrap();
    let head =
        format!("GET /events HTTP/1.1\r\nhost: {}\r\ncookie: {}\r\n\r\n", bridge.address, bridge.cookie());
    stream.write_all(head.as_bytes()).unwrap();
    let mut heard = String::new();
    let mut lines = BufReader::new(stream);
    while !heard.contains(": here") {
        assert!(lines.read_line(&mut heard).unwrap() > 0, "{heard}");
    }
    assert!(heard.contains("content-type: text/event-stream"), "{heard}");
}

#[test]
fn a_staged_file_is_kept_until_the_desk_was_asked() {
    let bridge = Bridge::start();
    let staged = bridge.page("POST", "/stage?name=..%2Fpa%C3%B1o%201.mp4", b"moving pictures");
    assert_eq!(staged.status, 200);
    let path = staged.json()["path"].as_str().unwrap().to_owned();
    let file = Path::new(&path);
    assert_eq!(file.file_name().unwrap(), "paño 1.mp4");
    assert!(file.starts_with(bridge.incoming()));
    assert_eq!(std::fs::read(file).unwrap(), b"moving pictures");
    let args = json!({ "conversation": "019a8d00-0000-7000-8000-000000000001", "path": path });
    assert!(bridge.call("stage_file", &args).status >= 400, "nobody is signed in");
    assert!(!file.exists());
    assert_eq!(bridge.page("POST", "/stage?name=", b"x").status, 422);
}

#[test]
fn a_file_that_is_too_large_is_refused_with_a_sentence() {
    let bridge = Bridge::start();
    let large = vec![0_u8; 200 * 1024 * 1024 + 1];
    let heard = bridge.page("POST", "/stage?name=long.mov", &large);
    assert_eq!(heard.status, 413);
    assert_eq!(
        heard.json()["message"],
        "The file is larger than 200 MB. Send a shorter clip, or cut it first."
    );
    assert_eq!(std::fs::read_dir(bridge.incoming()).unwrap().count(), 0);
}

#[cfg(unix)]
#[test]
fn stopping_leaves_no_incoming_files() {
    let mut bridge = Bridge::start();
    assert_eq!(bridge.page("POST", "/stage?name=a.mov", b"clip").status, 200);
    let asked = Command::new("kill").args(["-TERM", &bridge.child.id().to_string()]).status().unwrap();
    assert!(asked.success());
    assert!(bridge.child.wait().unwrap().success());
    assert!(!bridge.incoming().exists());
}

#[test]
fn only_this_computer_can_be_listened_to() {
    let profile = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_limpet-bridge"))
        .arg("--profile")
        .arg(profile.path())
        .args(["--listen", "0.0.0.0:0"])
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("Use 127.0.0.1."));
}

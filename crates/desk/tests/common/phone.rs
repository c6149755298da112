//! A client's phone: as little HTTP as it takes to write a message and send a clip.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use limpet_model::*;
use limpet_wire::{
    changes::{ChangePage, Entity},
    http::{ClientSession, Invitation, NewAttachment, NewMessage, OpenInvitation},
};

pub struct Phone {
    address: String,
    cookie: String,
    pub session: ClientSession,
}

struct Heard {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Phone {
    /// Opens an invitation.
    pub fn open(server: &str, invitation: &Invitation) -> Self {
        let mut phone = Self {
            address: server.trim_start_matches("http://").into(),
            cookie: String::new(),
            session: ClientSession {
                practice: String::new(),
                client: ClientId::new(),
                conversation: ConversationId::new(),
            },
        };
        let last = invitation.link.rsplit('/').next().unwrap().to_owned();
        let body = serde_json::to_vec(&OpenInvitation { invitation: last }).unwrap();
        let heard = phone.ask("POST", "/v1/open-invitation", "content-type: application/json\r\n", &body);
        assert_eq!(heard.status, 200);
        let set = heard.head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
        set.split(';').next().unwrap().clone_into(&mut phone.cookie);
        phone.session = serde_json::from_slice(&heard.body).unwrap();
        phone
    }

    /// Sends words, with a clip if there is one.
    pub fn send(&self, body: &str, clip: Option<(&str, &[u8])>) -> MessageId {
        let (id, attachment) = (MessageId::new(), AttachmentId::new());
        let announced = clip.map(|(name, bytes)| NewAttachment {
            id: attachment,
            kind: AttachmentKind::Clip,
            name: name.into(),
            mime: "video/mp4".into(),
            bytes: i64::try_from(bytes.len()).unwrap(),
            caption: String::new(),
            captured_at: None,
            still_of: None,
        });
        let new = NewMessage {
            conversation: self.session.conversation,
            audience: Audience::Everyone,
            body: body.into(),
            sent_at: Millis(1_772_456_700_000),
            attachments: announced.into_iter().collect(),
            mentions: Vec::new(),
            due_at: None,
            when_open: false,
        };
        let json = serde_json::to_vec(&new).unwrap();
        let heard =
            self.ask("PUT", &format!("/v1/messages/{id}"), "content-type: application/json\r\n", &json);
        assert_eq!(heard.status, 204, "{}", String::from_utf8_lossy(&heard.body));
        if let Some((_, bytes)) = clip {
            self.upload(attachment, bytes);
        }
        id
    }

    fn upload(&self, id: AttachmentId, bytes: &[u8]) {
        let metadata = base64(id.to_string().as_bytes());
        let create = format!(
            "tus-resumable: 1.0.0\r\nupload-length: {}\r\nupload-metadata: attachment {metadata}\r\n",
            bytes.len()
        );
        assert_eq!(self.ask("POST", "/v1/uploads", &create, b"").status, 201);
        let fill =
            "tus-resumable: 1.0.0\r\nupload-offset: 0\r\ncontent-type: application/offset+octet-stream\r\n";
        assert_eq!(self.ask("PATCH", &format!("/v1/uploads/{id}"), fill, bytes).status, 204);
    }

    /// Everything this phone may see.
    pub fn everything(&self) -> Vec<Entity> {
        let heard = self.ask("GET", "/v1/changes?since=0&limit=1000", "", b"");
        let page: ChangePage = serde_json::from_slice(&heard.body).unwrap();
        page.changes.into_iter().map(|change| change.entity).collect()
    }

    /// Words of the messages it sees, in no particular order.
    pub fn words(&self) -> Vec<String> {
        let words = |entity| if let Entity::Message(message) = entity { Some(message.body) } else { None };
        self.everything().into_iter().filter_map(words).collect()
    }

    fn ask(&self, method: &str, path: &str, headers: &str, body: &[u8]) -> Heard {
        let cookie =
            if self.cookie.is_empty() { String::new() } else { format!("cookie: {}\r\n", self.cookie) };
        let head = format!("{headers}{cookie}limpet-app: owner\r\n");
        ask(&self.address, method, path, &head, body)
    }
}

/// Ends a staff member's session at the server, as an administrator would.
pub fn end_session(server: &str, token: &str) {
    let head = format!("authorization: Bearer {token}\r\n");
    assert_eq!(ask(server.trim_start_matches("http://"), "POST", "/v1/sign-out", &head, b"").status, 204);
}

fn ask(address: &str, method: &str, path: &str, headers: &str, body: &[u8]) -> Heard {
    let mut stream = TcpStream::connect(address).unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    let mut answer = vec![];
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("a whole head");
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    let status = head.split_whitespace().nth(1).unwrap().parse().unwrap();
    // The cookie's value must keep its case.
    let head = String::from_utf8_lossy(&answer[..end])
        .lines()
        .map(|line| {
            line.split_once(": ")
                .map_or(line.to_owned(), |(name, value)| format!("{}: {value}", name.to_ascii_lowercase()))
        })
        .collect::<Vec<_>>()
        .join("\n");
    let body = answer.split_off(end + 4);
    let body = if head.contains("transfer-encoding: chunked") { unchunk(&body) } else { body };
    Heard { status, head, body }
}

fn unchunk(mut body: &[u8]) -> Vec<u8> {
    let mut whole = vec![];
    loop {
        let line = body.windows(2).position(|window| window == b"\r\n").unwrap();
        let length = usize::from_str_radix(std::str::from_utf8(&body[..line]).unwrap(), 16).unwrap();
        if length == 0 {
            return whole;
        }
        whole.extend_from_slice(&body[line + 2..line + 2 + length]);
        body = &body[line + 4 + length..];
    }
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let group = (0..3).fold(0_u32, |sum, n| sum << 8 | u32::from(three.get(n).copied().unwrap_or(0)));
        for n in 0..4 {
            let digit = DIGITS[usize::try_from(group >> (18 - 6 * n) & 63).unwrap()];
            text.push(if n <= three.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

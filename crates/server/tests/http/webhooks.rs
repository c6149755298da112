//! Webhooks: told what happened, signed, again when it failed, and nowhere but where they may be.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, Mac};
use limpet_model::WebhookId;
use limpet_server::store::jobs::Lane;
use limpet_wire::{
    Code,
    integrations::{Delivery, DeliveryState, IssuedWebhook, WebhookInfo},
};
use reqwest::StatusCode;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use crate::{
    clinic::{Clinic, DAY, Device, fails, note, ok, sign_in},
    process::{Process, furnish, run},
    tokens::admin,
};

/// What was told.
#[derive(Debug, Clone)]
struct Told {
    path: String,
    headers: HashMap<String, String>,
    body: String,
}

impl Told {
    fn data(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    fn is_signed(&self, secret: &str) -> bool {
        let key = BASE64_STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        let (id, at) = (&self.headers["webhook-id"], &self.headers["webhook-timestamp"]);
        mac.update(format!("{id}.{at}.{}", self.body).as_bytes());
        let sum = BASE64_STANDARD.encode(mac.finalize().into_bytes());
        self.headers["webhook-signature"] == format!("v1,{sum}")
    }
}

/// The other side: answers with what it is told to answer, and remembers what it was told.
struct Hook {
    url: String,
    told: Arc<Mutex<Vec<Told>>>,
    answer: Arc<Mutex<&'static str>>,
    _tasks: JoinSet<()>,
}

impl Hook {
    async fn answering(first: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let (told, answer) = (Arc::new(Mutex::new(vec![])), Arc::new(Mutex::new(first)));
        let mut tasks = JoinSet::new();
        let (kept, says) = (Arc::clone(&told), Arc::clone(&answer));
        tasks.spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                if let Some(heard) = hear(stream, &says).await {
                    kept.lock().unwrap().push(heard);
                }
            }
        });
        Self { url, told, answer, _tasks: tasks }
    }

    fn now_answers(&self, answer: &'static str) {
        *self.answer.lock().unwrap() = answer;
    }

    fn told(&self) -> Vec<Told> {
        self.told.lock().unwrap().clone()
    }

    /// Waits until it was told so often.
    async fn hears(&self, times: usize) -> Vec<Told> {
        for _ in 0..600 {
            if self.told().len() >= times {
                return self.told();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("told {} times, not {times}", self.told().len());
    }
}

async fn hear(stream: TcpStream, answer: &Mutex<&'static str>) -> Option<Told> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    stream.read_line(&mut line).await.ok()?;
    let path = line.split_whitespace().nth(1)?.to_owned();
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    let mut body = vec![0; headers.get("content-length")?.parse().ok()?];
    stream.read_exact(&mut body).await.ok()?;
    let answer = *answer.lock().unwrap();
    let head = format!("HTTP/1.1 {answer}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.ok()?;
    Some(Told { path, headers, body: String::from_utf8(body).ok()? })
}

async fn subscribe(admin: &Device, url: &str, events: &[&str]) -> IssuedWebhook {
    let response = admin.post("/v1/webhooks", &json!({ "url": url, "events": events })).await;
    assert_eq!(response.status(), StatusCode::OK);
    response.json().await.unwrap()
}

async fn deliveries(admin: &Device, id: WebhookId) -> Vec<Delivery> {
    admin.read(&format!("/v1/webhooks/{id}/deliveries")).await
}

/// Waits until a webhook's newest delivery is so.
async fn settles(admin: &Device, id: WebhookId, so: impl Fn(&Delivery) -> bool) -> Delivery {
    for _ in 0..600 {
        if let Some(found) = deliveries(admin, id).await.into_iter().next().filter(&so) {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{:?}", deliveries(admin, id).await);
}

/// Time passes, and whoever looks now and then for what is due looks now.
fn wait(clinic: &Clinic, ms: i64) {
    clinic.clock.advance(ms);
    clinic.running.app().store.bells().ring(Lane::Outside);
}

#[tokio::test]
async fn what_happens_is_told_signed_and_without_its_words() {
    let clinic = Clinic::with_workers(1).await;
    let (staff, admin) = (clinic.staff().await, admin(&clinic).await);
    let case = staff.open_case().await;
    let (both, ends) = (Hook::answering("204 No Content").await, Hook::answering("200 OK").await);
    let issued = subscribe(&admin, &both.url, &["message.created", "conversation.ended"]).await;
    subscribe(&admin, &ends.url, &["conversation.ended"]).await;
    let said = staff.say(&case, "Film it from the side.").await;
    let secret = limpet_model::MessageId::new();
    ok(staff.put(&format!("/v1/messages/{secret}"), &note(&case, "difficult")).await).await;
    // The same again is not told again.
    ok(staff.put(&format!("/v1/messages/{secret}"), &note(&case, "difficult")).await).await;
    let path = format!("/v1/conversations/{}", case.conversation);
    ok(staff.patch(&path, &json!({ "state": "ended", "at": 5, "summary": "fine" })).await).await;

    let told = both.hears(3).await;
    let kinds: Vec<_> = told.iter().map(|told| told.data()["type"].clone()).collect();
    assert_eq!(kinds, ["message.created", "message.created", "conversation.ended"]);
    assert_eq!(told[0].data()["data"]["message"], said.to_string());
    assert_eq!(told[0].data()["data"]["conversation"], case.conversation.to_string());
    assert_eq!(told[1].data()["data"]["audience"], "staff");
    assert_eq!(told[2].data()["data"]["ended_by"], clinic.vet.to_string());
    assert_eq!(told[0].data()["timestamp"], "2026-11-22T11:00:00Z");
    for one in &told {
        assert!(one.is_signed(&issued.secret), "{one:?}");
        assert!(!one.is_signed("whsec_AAAA"));
        assert_eq!(one.path, "/hook");
        for words in ["Film it", "difficult", "fine", "Marta"] {
            assert!(!one.body.contains(words), "{one:?}");
        }
    }
    assert_eq!(ends.hears(1).await.len(), 1);
    let listed: Vec<WebhookInfo> = admin.read("/v1/webhooks").await;
    assert_eq!(listed.len(), 2);
    assert!(!format!("{listed:?}").contains(&issued.secret));
    settles(&admin, issued.id, |newest| newest.state == DeliveryState::Done).await;
    assert_eq!(both.told().len(), 3);
}

#[tokio::test]
async fn what_failed_is_told_again_under_its_id_and_given_up_in_the_end() {
    let clinic = Clinic::with_workers(1).await;
    let (staff, admin) = (clinic.staff().await, admin(&clinic).await);
    let case = staff.open_case().await;
    let elsewhere = Hook::answering("200 OK").await;
    let hook = Hook::answering("500 Oops").await;
    let id = subscribe(&admin, &hook.url, &["message.created"]).await.id;
    staff.say(&case, "hello").await;
    let waiting = settles(&admin, id, |newest| newest.last_error.contains("500")).await;
    assert_eq!((waiting.state, waiting.attempts), (DeliveryState::Waiting, 1));
    assert!(waiting.next_at > Some(clinic.clock.now()));
    // A redirect is not followed: it could lead anywhere.
    let redirect: &'static str = format!("302 Found\r\nlocation: {}", elsewhere.url).leak();
    hook.now_answers(redirect);
    wait(&clinic, DAY);
    let now = Some(clinic.clock.now());
    settles(&admin, id, |newest| newest.last_error.contains("302") && newest.next_at > now).await;
    for attempt in 3..=10 {
        wait(&clinic, 2 * DAY);
        // Its time lies ahead only once it is written down what came of the attempt.
        let now = Some(clinic.clock.now());
        settles(&admin, id, |newest| {
            newest.attempts == attempt && (newest.next_at > now || newest.state == DeliveryState::Dead)
        })
        .await;
    }
    assert_eq!(deliveries(&admin, id).await[0].state, DeliveryState::Dead);
    assert!(elsewhere.told().is_empty());
    let told = hook.told();
    assert_eq!(told.len(), 10);
    assert!(told.iter().all(|one| one.headers["webhook-id"] == told[0].headers["webhook-id"]));
    assert_ne!(told[9].headers["webhook-timestamp"], told[0].headers["webhook-timestamp"]);

    hook.now_answers("200 OK");
    ok(admin.post(&format!("/v1/webhooks/{id}/retry"), &json!({})).await).await;
    settles(&admin, id, |newest| newest.state == DeliveryState::Done).await;
    ok(admin.delete(&format!("/v1/webhooks/{id}")).await).await;
    fails(admin.get(&format!("/v1/webhooks/{id}/deliveries")).await, 404, Code::NotFound).await;
    staff.say(&case, "again").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(hook.told().len(), 11, "who was removed is told nothing");
}

#[tokio::test]
async fn who_is_gone_is_told_nothing_more() {
    let clinic = Clinic::with_workers(1).await;
    let (staff, admin) = (clinic.staff().await, admin(&clinic).await);
    let case = staff.open_case().await;
    let hook = Hook::answering("410 Gone").await;
    let id = subscribe(&admin, &hook.url, &["message.created"]).await.id;
    staff.say(&case, "hello").await;
    settles(&admin, id, |newest| newest.state == DeliveryState::Dead).await;
    staff.say(&case, "again").await;
    assert_eq!(deliveries(&admin, id).await.len(), 1);
    let listed: Vec<WebhookInfo> = admin.read("/v1/webhooks").await;
    assert!(listed[0].gone_at.is_some());
}

#[tokio::test]
async fn a_webhook_is_not_inside() {
    let clinic = Clinic::with_workers(1).await;
    let admin = admin(&clinic).await;
    for url in [
        "http://example.org/",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://[fd00::1]/",
        "https://intranet/",
        "https://a:b@example.org/",
        "gopher://example.org/",
        "no address",
    ] {
        let hook = json!({ "url": url, "events": ["message.created"] });
        let sentence = fails(admin.post("/v1/webhooks", &hook).await, 400, Code::Invalid).await;
        assert!(sentence.contains("public"), "{url}: {sentence}");
    }
    let none = json!({ "url": "https://example.org/", "events": [] });
    fails(admin.post("/v1/webhooks", &none).await, 400, Code::Invalid).await;
}

/// What was to be told when the machine died is told when it is back, and the rest was told once.
#[tokio::test]
async fn nothing_is_forgotten_when_the_server_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    furnish(data);
    let hook = Hook::answering("503 Not Now").await;
    let process = Process::start(data, &["--webhooks-to-loopback"]);
    let staff = crate::process::staff(&process).await;
    let me: Value = staff.read("/v1/me").await;
    let practice = me["practice"]["id"].as_str().unwrap();
    let boss = [
        "staff",
        "add",
        "--practice",
        practice,
        "--name",
        "Boss",
        "--email",
        "b@example.org",
        "--role",
        "admin",
    ];
    assert!(run(&boss, data, crate::clinic::PASSWORD).status.success());
    let admin = sign_in(&process.base, "b@example.org").await;
    subscribe(&admin, &hook.url, &["message.created"]).await;
    let case = staff.open_case().await;
    let said = staff.say(&case, "hello").await;
    hook.hears(1).await;
    process.kill();
    hook.now_answers("200 OK");
    let again = Process::start(data, &["--webhooks-to-loopback"]);
    let admin = Device { base: again.base.clone(), ..admin };
    let told = hook.hears(2).await;
    assert_eq!(told[1].data()["data"]["message"], said.to_string());
    assert_eq!(told[0].headers["webhook-id"], told[1].headers["webhook-id"]);
    let listed: Vec<WebhookInfo> = admin.read("/v1/webhooks").await;
    settles(&admin, listed[0].id, |newest| newest.state == DeliveryState::Done).await;
    assert_eq!(hook.told().len(), 2);
}

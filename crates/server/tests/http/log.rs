//! The log of a real server: who finds what in it, and who does not.

use limpet_model::AttachmentKind;
use limpet_wire::http::NewAttachment;
use reqwest::Method;
use serde_json::Value;

use crate::{
    clinic::{Device, PASSWORD, Pass, client_named, file, note, ok, open_link},
    process::{Process, furnish, made_clip, settled, staff},
    uploads::{chunk, create},
};

const GIVEN: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

fn token(device: &Device) -> String {
    match &device.pass {
        Pass::Bearer(token) | Pass::Cookie(token) => token.clone(),
        Pass::None => panic!("nobody"),
    }
}

/// The last part of a link.
fn last(link: &str) -> String {
    link.rsplit('/').next().unwrap().to_owned()
}

#[tokio::test]
async fn nothing_that_anybody_wrote_is_in_the_log_and_no_key_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let (data, log) = (folder.path().join("data"), folder.path().join("log"));
    furnish(&data);
    let process = Process::start_with_log(&data, &["--behind-proxy"], &log);
    let device = staff(&process).await;
    let case = device.open_case().await;
    device.say(&case, "Xylophone words of a veterinarian").await;
    let body = note(&case, "Quixotic words of a note");
    ok(device.put(&format!("/v1/messages/{}", limpet_model::MessageId::new()), &body).await).await;
    let link = device.invite(case.conversation).await.link;
    let phone = open_link(&process.base, &link).await;
    let bytes = made_clip(1);
    let clip = NewAttachment {
        caption: "Zanzibar caption".into(),
        ..file(AttachmentKind::Clip, "Wolverine.mov", bytes.len())
    };
    let id = phone.announce(&case, clip).await;
    create(&phone, id, bytes.len() as i64).await;
    ok(chunk(&phone, id, 0).body(bytes).send().await.unwrap()).await;
    let media = settled(&device, id).await.link.unwrap();
    let path = media.strip_prefix(&process.base).unwrap().to_owned();

    let from = |method: Method, path: &str| {
        device
            .ask(method, path)
            .header("x-forwarded-for", "203.0.113.77")
            .header("user-agent", "Umbrella/1.0")
    };
    ok(from(Method::GET, &path).send().await.unwrap()).await;
    from(Method::GET, "/Saxophone/path?query=Mandolin").send().await.unwrap();
    from(Method::from_bytes(b"TROMBONE").unwrap(), "/v1/me").send().await.unwrap();
    from(Method::GET, "/v1/changes?since=Accordion").send().await.unwrap();
    from(Method::PUT, "/v1/messages/Harmonica").body("{\"body\": \"Clarinet\"").send().await.unwrap();
    from(Method::PUT, &format!("/v1/messages/{}", limpet_model::MessageId::new()))
        .header("content-type", "application/json")
        .body("{\"body\": \"Clarinet\"}")
        .send()
        .await
        .unwrap();
    let wrong = serde_json::json!({ "email": "ana@example.org", "password": "Bassoon bassoon 9", "device": "Ocarina" });
    assert_eq!(device.post("/v1/sign-in", &wrong).await.status(), 401);
    let unknown = client_named(limpet_model::ClientId::new(), "Marta\nRuiz");
    device.put(&format!("/v1/clients/{}", unknown.id), &unknown).await;
    let answer = from(Method::GET, "/v1/me")
        .header("x-request-id", GIVEN)
        .header("traceparent", format!("00-{TRACE}-b7ad6b7169203331-01"))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.headers()["x-request-id"], GIVEN);
    let traced = answer.headers()["traceresponse"].to_str().unwrap().to_owned();
    assert!(traced.starts_with(&format!("00-{TRACE}-")) && !traced.contains("b7ad6b7169203331"), "{traced}");
    let words = from(Method::GET, "/v1/me").header("x-request-id", "Glockenspiel").send().await.unwrap();
    assert_eq!(words.headers()["x-request-id"].len(), 32, "a number of our own");
    assert!(!words.headers().contains_key("traceresponse"));
    assert!(process.terminate().success());

    let text = std::fs::read_to_string(&log).unwrap();
    let keys = [token(&device), token(&phone), last(&link), last(&media), PASSWORD.to_owned()];
    let words = [
        "Xylophone",
        "Quixotic",
        "Zanzibar",
        "Wolverine",
        "203.0.113.77",
        "Umbrella",
        "Saxophone",
        "Mandolin",
        "TROMBONE",
        "Accordion",
        "Harmonica",
        "Clarinet",
        "Bassoon",
        "Ocarina",
        "Glockenspiel",
        "Lapa",
        "Marta",
        "Biscuit",
        "Ana",
        "ana@example.org",
        "marta@example.org",
        "555 0101",
        "Mill Lane",
        "Limps",
        "Penicillin",
    ];
    for secret in keys.iter().map(String::as_str).chain(words) {
        let line = text.lines().find(|line| line.to_lowercase().contains(&secret.to_lowercase()));
        assert!(line.is_none(), "{secret} in {line:?}");
    }

    // And it is of use.
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let answered = |id: &str| {
        let line =
            lines.iter().find(|line| line["fields"]["message"] == "Answered" && line["spans"][0]["id"] == id);
        line.unwrap_or_else(|| panic!("{id} is not in the log")).clone()
    };
    let line = answered(GIVEN);
    assert_eq!((&line["fields"]["status"], &line["spans"][0]["route"]), (&200.into(), &"/v1/me".into()));
    assert!(line["fields"]["ms"].is_number());
    assert_eq!(line["spans"][0]["trace"], TRACE);
    assert_eq!(line["spans"][0]["practice"].as_str().unwrap().len(), 36);
    assert!(lines.iter().any(|line| line["spans"][0]["route"] == "/m/{capability}"));
    assert!(text.contains(&id.to_string()), "ids are there");
}

#[tokio::test]
async fn without_a_proxy_nobody_names_a_request_and_people_may_read_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let (data, log) = (folder.path().join("data"), folder.path().join("log"));
    furnish(&data);
    let process = Process::start_with_log(&data, &["--log-format", "text"], &log);
    let device = staff(&process).await;
    let answer = device
        .ask(Method::GET, "/v1/me")
        .header("x-request-id", GIVEN)
        .header("traceparent", format!("00-{TRACE}-b7ad6b7169203331-01"))
        .send()
        .await
        .unwrap();
    assert_ne!(answer.headers()["x-request-id"], GIVEN);
    assert!(!answer.headers().contains_key("traceresponse"));
    assert!(process.terminate().success());
    let text = std::fs::read_to_string(&log).unwrap();
    assert!(text.contains("Answered") && !text.contains(GIVEN), "{text}");
    assert!(text.lines().all(|line| serde_json::from_str::<Value>(line).is_err()), "{text}");
}

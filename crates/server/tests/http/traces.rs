//! `--otlp`: traces as a collector receives them.

use std::sync::{Arc, Mutex};

use axum::{Router, body::Bytes, extract::State, http::HeaderMap, routing::post};
use limpet_model::{AttachmentKind, AttachmentState};
use limpet_server::serve::Settings;
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value::Value},
    trace::v1::{Span, span::SpanKind},
};
use prost::Message;
use reqwest::Method;

use crate::{
    clinic::{Clinic, file, ok},
    uploads::{chunk, create},
};

type Received = Arc<Mutex<Vec<ExportTraceServiceRequest>>>;

async fn take(State(received): State<Received>, headers: HeaderMap, body: Bytes) {
    assert_eq!(headers["content-type"], "application/x-protobuf");
    received.lock().unwrap().push(ExportTraceServiceRequest::decode(body).unwrap());
}

/// A collector on a free port.
async fn collector() -> (String, Received) {
    let received = Received::default();
    let router = Router::new().route("/v1/traces", post(take)).with_state(received.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let service = hyper_util::service::TowerToHyperService::new(router.clone());
            tokio::spawn(
                hyper::server::conn::http1::Builder::new()
                    .serve_connection(hyper_util::rt::TokioIo::new(stream), service),
            );
        }
    });
    (address, received)
}

fn said(attributes: &[KeyValue], key: &str) -> String {
    let found = attributes.iter().find(|attribute| attribute.key == key);
    match found.and_then(|found| found.value.clone()?.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        other => panic!("{key} is {other:?}"),
    }
}

#[tokio::test]
async fn a_collector_receives_requests_and_jobs_and_no_words() {
    let (address, received) = collector().await;
    let clinic = Clinic::open_with(|settings| Settings {
        otlp: Some(address),
        behind_proxy: true,
        workers: 1,
        ..settings
    })
    .await;
    let device = clinic.staff().await;
    let case = device.open_case().await;
    device.say(&case, "Xylophone").await;
    let bytes = b"%PDF-1.4\n and so on";
    let id = device.announce(&case, file(AttachmentKind::Document, "Wolverine.pdf", bytes.len())).await;
    create(&device, id, bytes.len() as i64).await;
    ok(chunk(&device, id, 0).body(bytes.to_vec()).send().await.unwrap()).await;
    while device.attachment(id).await.state != AttachmentState::Ready {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    device.get("/Saxophone").await;
    device.get("/readyz").await;
    let answer = device
        .ask(Method::GET, "/v1/me")
        .header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
        .send()
        .await
        .unwrap();
    let given = answer.headers()["traceresponse"].to_str().unwrap().to_owned();
    // Whoever does not want to be traced is not.
    device
        .ask(Method::GET, "/v1/sessions")
        .header("traceparent", "00-1af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00")
        .send()
        .await
        .unwrap();
    let practice = clinic.practice.to_string();
    clinic.running.stop().await;

    let received = received.lock().unwrap();
    let resource = received[0].resource_spans[0].resource.clone().unwrap();
    assert_eq!(said(&resource.attributes, "service.name"), "limpet-server");
    assert_eq!(said(&resource.attributes, "service.version"), env!("CARGO_PKG_VERSION"));
    let spans: Vec<&Span> = received
        .iter()
        .flat_map(|request| &request.resource_spans)
        .flat_map(|resource| &resource.scope_spans)
        .flat_map(|scope| &scope.spans)
        .collect();
    let named = |name: &str| spans.iter().copied().filter(|span| span.name == name).collect::<Vec<_>>();

    let [me] = named("GET /v1/me")[..] else { panic!("{spans:#?}") };
    assert_eq!(hex::encode(&me.trace_id), "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(hex::encode(&me.parent_span_id), "b7ad6b7169203331");
    assert_eq!(given, format!("00-0af7651916cd43dd8448eb211c80319c-{}-01", hex::encode(&me.span_id)));
    assert_eq!(me.kind, SpanKind::Server as i32);
    assert_eq!(said(&me.attributes, "http.request.method"), "GET");
    assert_eq!(said(&me.attributes, "http.route"), "/v1/me");
    assert_eq!(said(&me.attributes, "http.response.status_code"), "200");
    assert_eq!(said(&me.attributes, "limpet.request_id"), answer.headers()["x-request-id"].to_str().unwrap());
    assert!(me.end_time_unix_nano > me.start_time_unix_nano);
    assert_eq!(named("PUT /v1/messages/{id}").len(), 2);
    assert_eq!(named("GET -").len(), 1);
    assert!(named("GET /readyz").is_empty() && named("GET /v1/sessions").is_empty());

    let [job] = named("prepare")[..] else { panic!("{spans:#?}") };
    assert_eq!(job.kind, SpanKind::Consumer as i32);
    assert_eq!(said(&job.attributes, "limpet.subject"), id.to_string());
    assert_eq!(said(&job.attributes, "limpet.practice"), practice);
    assert_eq!(said(&job.attributes, "limpet.attempt"), "1");

    let everything = format!("{received:?}");
    for secret in ["Xylophone", "Wolverine", "Saxophone", "Biscuit", "example.org", "127.0.0.1"] {
        assert!(!everything.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn a_collector_that_is_not_there_holds_nobody_up() {
    let clinic =
        Clinic::open_with(|settings| Settings { otlp: Some("http://127.0.0.1:9".into()), ..settings }).await;
    let begun = std::time::Instant::now();
    let device = clinic.staff().await;
    device.open_case().await;
    clinic.running.stop().await;
    assert!(begun.elapsed() < std::time::Duration::from_secs(15), "{:?}", begun.elapsed());
}

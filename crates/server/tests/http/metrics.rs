//! `--metrics`: what a real scrape reads after a run whose figures are known.

use std::collections::BTreeMap;

use limpet_model::AttachmentKind;
use limpet_server::routes::ROUTES;
use reqwest::Method;

use crate::{
    clinic::{Clinic, file, ok},
    uploads::{chunk, create},
};

/// Names with their labels, and values.
async fn scrape(clinic: &Clinic) -> BTreeMap<String, f64> {
    let address = clinic.running.metrics.unwrap();
    let response = reqwest::get(format!("http://{address}/metrics")).await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(response.headers()["content-type"].to_str().unwrap().starts_with("text/plain; version=0.0.4"));
    let text = response.text().await.unwrap();
    text.lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| {
            let (name, value) = line.rsplit_once(' ').unwrap();
            (name.to_owned(), value.parse().unwrap())
        })
        .collect()
}

#[track_caller]
fn is(value: f64, wanted: f64) {
    assert!((value - wanted).abs() < 1e-9, "{value} is not {wanted}");
}

#[tokio::test]
async fn a_scrape_tells_what_happened_and_nothing_about_anybody() {
    let clinic = Clinic::open_with(|settings| limpet_server::serve::Settings {
        metrics: Some(([127, 0, 0, 1], 0).into()),
        ..settings
    })
    .await;
    let device = clinic.staff().await;
    let case = device.open_case().await;
    let live = device.get("/v1/live").await;
    for _ in 0..3 {
        device.say(&case, "Biscuit limps").await;
    }
    let id = device.announce(&case, file(AttachmentKind::Clip, "walk.mov", 10)).await;
    create(&device, id, 10).await;
    ok(chunk(&device, id, 0).body("0123").send().await.unwrap()).await;
    let figures = scrape(&clinic).await;
    is(figures["limpet_uploads_arriving"], 1.0);
    ok(chunk(&device, id, 4).body("456789").send().await.unwrap()).await;
    for path in ["/secret-path", "/m/secret-capability", "/owner/secret-file"] {
        device.get(path).await;
    }
    let made_up = Method::from_bytes(b"BISCUIT").unwrap();
    device.ask(made_up, "/v1/me").send().await.unwrap();
    clinic.clock.advance(90_000);

    let figures = scrape(&clinic).await;
    let value = |name: &str| *figures.get(name).unwrap_or_else(|| panic!("{name} not in {figures:#?}"));
    let requests = |labels: &str| value(&format!("limpet_http_requests_total{{{labels}}}"));
    is(requests(r#"method="POST",route="/v1/sign-in",status="200""#), 1.0);
    is(requests(r#"method="PUT",route="/v1/messages/{id}",status="204""#), 4.0);
    is(requests(r#"method="GET",route="/m/{capability}",status="404""#), 1.0);
    is(requests(r#"method="GET",route="-",status="404""#), 1.0);
    is(requests(r#"method="other",route="/v1/me",status="405""#), 1.0);
    let took = r#"method="PUT",route="/v1/messages/{id}""#;
    is(value(&format!("limpet_http_request_seconds_count{{{took}}}")), 4.0);
    assert!(value(&format!("limpet_http_request_seconds_sum{{{took}}}")) > 0.0);
    is(value("limpet_live_listeners"), 1.0);
    is(value("limpet_upload_bytes_total"), 10.0);
    is(value("limpet_uploads_arriving"), 0.0);
    is(value(r#"limpet_jobs{state="due"}"#), 1.0);
    is(value(r#"limpet_jobs{state="running"}"#), 0.0);
    is(value(r#"limpet_jobs{state="dead"}"#), 0.0);
    is(value("limpet_jobs_oldest_seconds"), 90.0);
    is(value("limpet_database_up"), 1.0);
    assert!(value(r#"limpet_database_connections{state="idle"}"#) >= 1.0);
    assert!(value("limpet_write_transaction_seconds_count") >= 8.0);
    is(value("limpet_passwords_waiting"), 0.0);
    is(value("limpet_draining"), 0.0);
    is(value(&format!(r#"limpet_build_info{{version="{}"}}"#, env!("CARGO_PKG_VERSION"))), 1.0);

    // Labels are words of ours, whatever was asked.
    for name in figures.keys() {
        let labels = name.split_once('{').map_or("", |(_, labels)| labels.trim_end_matches('}'));
        let mut rest = labels;
        while let Some((label, after)) = rest.split_once("=\"") {
            let (text, after) = after.split_once('"').unwrap();
            let ours = match label.trim_start_matches(',') {
                "route" => text == "-" || ROUTES.iter().any(|route| route.path == text),
                "method" => {
                    ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"].contains(&text)
                }
                "status" | "le" => text == "+Inf" || text.parse::<f64>().is_ok(),
                "state" => ["due", "running", "dead", "busy", "idle"].contains(&text),
                "version" => text == env!("CARGO_PKG_VERSION"),
                _ => false,
            };
            assert!(ours, "{label} {text} in {name}");
            rest = after;
        }
    }
    drop(live);
    // Not at the address that devices know.
    assert_eq!(device.get("/metrics").await.status(), 404);

    // A database that does not answer is said, and nothing old is told as if it were so.
    clinic.running.app().store.close().await;
    let figures = scrape(&clinic).await;
    is(figures["limpet_database_up"], 0.0);
    assert!(figures[r#"limpet_jobs{state="due"}"#].is_nan());
}

#[tokio::test]
async fn there_is_no_page_of_metrics_unless_it_is_asked_for() {
    assert!(Clinic::open().await.running.metrics.is_none());
}

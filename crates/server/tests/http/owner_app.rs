//! `GET /o/{invitation}`, the owner app's files, and what is around every answer.

use limpet_wire::Code;

use crate::clinic::{Clinic, fails};

#[tokio::test]
async fn the_servers_own_address_says_whose_way_leads_where_and_not_what_runs_there() {
    let clinic = Clinic::open().await;
    let stranger = clinic.stranger();
    let home = stranger.get("/").await;
    assert_eq!(
        (home.status(), &home.headers()["content-type"]),
        (reqwest::StatusCode::OK, &"text/html; charset=utf-8".parse().unwrap())
    );
    let page = home.text().await.unwrap();
    assert!(page.contains(&format!("<code>{}</code>", clinic.base())), "{page}");
    assert!(!page.contains(env!("CARGO_PKG_VERSION")) && !page.contains("Lapa"), "{page}");
    let spanish =
        stranger.ask(reqwest::Method::GET, "/").header("accept-language", "es").send().await.unwrap();
    assert!(spanish.text().await.unwrap().contains("clínica"));
}

#[tokio::test]
async fn the_app_is_served_or_says_how_to_build_it() {
    let clinic = Clinic::open().await;
    let stranger = clinic.stranger();
    let response = stranger.get("/o/some-invitation").await;
    let built =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/owner/dist/index.html").exists();
    if built {
        assert_eq!(response.status(), 200);
        let policy = response.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(response.headers()["cache-control"], "no-cache");
        let html = response.text().await.unwrap();
        let script = html.split("src=\"").nth(1).unwrap().split('"').next().unwrap();
        let file = stranger.get(script).await;
        assert_eq!(file.status(), 200, "{script}");
        assert!(file.headers()["cache-control"].to_str().unwrap().contains("immutable"));
    } else {
        assert_eq!(response.status(), 503);
        assert!(response.text().await.unwrap().contains("npm --prefix ui run build"));
    }
    fails(stranger.get("/owner/../Cargo.toml").await, 404, Code::NotFound).await;
    fails(stranger.get("/owner/%2e%2e/%2e%2e/package.json").await, 404, Code::NotFound).await;
}

#[tokio::test]
async fn every_answer_is_numbered_and_strict() {
    let clinic = Clinic::open().await;
    let stranger = clinic.stranger();
    assert_eq!(stranger.get("/healthz").await.text().await.unwrap(), "ok\n");
    let response = stranger.get("/nowhere").await;
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("x-frame-options", "DENY"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(response.headers()[name], value);
    }
    assert_eq!(response.headers()["x-request-id"].len(), 32);
    fails(response, 404, Code::NotFound).await;
    let wrong = stranger.ask(reqwest::Method::DELETE, "/v1/me").send().await.unwrap();
    fails(wrong, 405, Code::Invalid).await;
}

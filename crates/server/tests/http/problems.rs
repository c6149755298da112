//! Every failure has the form of RFC 9457, and says as much as devices of every version read.

use limpet_model::{ClientId, MessageId};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::clinic::{Clinic, client_named};

/// Asserts the form, and answers what it says.
async fn problem(response: Response, status: u16) -> Value {
    assert_eq!(response.status().as_u16(), status);
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    let said: Value = response.json().await.unwrap();
    assert_eq!(said["status"], status);
    assert_eq!(said["detail"], said["message"]);
    assert!(said["title"].as_str().is_some_and(|title| !title.is_empty()), "{said}");
    assert_eq!(said["type"], format!("/v1/problems/{}", said["code"].as_str().unwrap()));
    said
}

#[tokio::test]
async fn whatever_fails_is_a_problem() {
    let clinic = Clinic::open().await;
    let (staff, stranger) = (clinic.staff().await, clinic.stranger());
    let client = ClientId::new();
    let path = format!("/v1/clients/{client}");
    let put = |kind: &str, body: String| {
        staff.ask(Method::PUT, &path).header("content-type", kind).body(body).send()
    };
    problem(stranger.get("/nowhere").await, 404).await;
    problem(stranger.get("/v1/me").await, 401).await;
    problem(stranger.get("/v1/attachments/%ff/original").await, 401).await;
    problem(staff.get("/v1/attachments/%ff/original").await, 404).await;
    problem(stranger.get("/m/%ff").await, 404).await;
    problem(stranger.get("/m/%ff/original").await, 404).await;
    problem(staff.get("/v1/clients/limpet").await, 404).await;
    problem(staff.get("/v1/changes?since=x").await, 400).await;
    problem(staff.get("/v1/changes?since=-1").await, 400).await;
    let unread = problem(put("application/json", "{".into()).await.unwrap(), 400).await;
    assert!(unread["message"].as_str().unwrap().contains("ends too early"), "{unread}");
    let unread = problem(put("application/json", "{}".into()).await.unwrap(), 400).await;
    assert!(unread["message"].as_str().unwrap().contains("the field id is missing"), "{unread}");
    problem(put("text/plain", "{}".into()).await.unwrap(), 415).await;
    problem(put("application/json", " ".repeat(300 * 1024)).await.unwrap(), 413).await;
    let long = json!({ "name": "x".repeat(201) });
    let mut long_named = serde_json::to_value(client_named(client, "x")).unwrap();
    long_named["name"] = long["name"].clone();
    problem(staff.put(&path, &long_named).await, 400).await;
    let mut number = long_named.clone();
    number["phone"] = json!(["Biscuit", 7]);
    let unread = problem(staff.put(&path, &number).await, 400).await;
    let sentence = unread["message"].as_str().unwrap();
    assert!(
        sentence.contains("the field phone has to be a string") && !sentence.contains("Biscuit"),
        "{unread}"
    );
    let mut mail = serde_json::to_value(client_named(client, "x")).unwrap();
    mail["email"] = json!("a b@c");
    let refused = problem(staff.put(&path, &mail).await, 400).await;
    assert!(refused["message"].as_str().unwrap().contains("e-mail address"), "{refused}");
    let wrong = stranger.ask(Method::DELETE, "/v1/me").send().await.unwrap();
    assert_eq!(wrong.headers()["allow"], "GET,HEAD");
    problem(wrong, 405).await;
    let upload = staff.ask(Method::HEAD, &format!("/v1/uploads/{}", MessageId::new())).send().await.unwrap();
    assert_eq!(upload.headers()["content-type"], "application/problem+json");

    let said = problem(stranger.get("/v1/me").await, 401).await;
    let meaning: Value = stranger.read(said["type"].as_str().unwrap()).await;
    assert_eq!((&meaning["code"], &meaning["status"]), (&json!("signed_out"), &json!(401)));
    problem(stranger.get("/v1/problems/limpet").await, 404).await;
}

#[tokio::test]
async fn nobody_is_let_in_without_being_told_how() {
    let clinic = Clinic::open().await;
    assert_eq!(clinic.stranger().get("/v1/me").await.headers()["www-authenticate"], "Bearer");
}

#[tokio::test]
async fn a_browser_at_an_address_that_there_is_not_gets_a_page() {
    let clinic = Clinic::open().await;
    let stranger = clinic.stranger();
    let ask = |path: &str, accept: &str, language: &str| {
        let request = stranger.ask(Method::GET, path).header("accept", accept);
        request.header("accept-language", language).send()
    };
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    for path in ["/o/", "/a/", "/m/", "/reset/", "/second-step/", "/nowhere", "/v1x"] {
        for (language, sentence) in [("en", "There is nothing here"), ("es", "Aquí no hay nada")] {
            let answer = ask(path, browser, language).await.unwrap();
            assert_eq!(answer.status(), 404, "{path}");
            assert!(
                answer.headers()["content-security-policy"].to_str().unwrap().contains("style-src 'self'")
            );
            let page = answer.text().await.unwrap();
            assert!(page.contains("name=\"viewport\"") && page.contains(sentence), "{path} {page}");
        }
        problem(ask(path, "application/json", "en").await.unwrap(), 404).await;
        problem(ask(path, "*/*", "en").await.unwrap(), 404).await;
        problem(ask(path, "text/html;q=0, application/json", "en").await.unwrap(), 404).await;
    }
    problem(ask("/v1/nowhere", browser, "en").await.unwrap(), 404).await;
    problem(ask("/v1", browser, "en").await.unwrap(), 404).await;
    problem(stranger.ask(Method::POST, "/nowhere").header("accept", browser).send().await.unwrap(), 404)
        .await;
}

#[tokio::test]
async fn a_program_is_told_what_a_program_can_do() {
    let clinic = Clinic::open().await;
    let staff = clinic.staff().await;
    let path = format!("/v1/clients/{}", ClientId::new());
    let unread = staff.ask(Method::PUT, &path).header("content-type", "application/json").body("{");
    for answer in [
        unread.send().await.unwrap(),
        staff.get("/v1/changes?since=x").await,
        staff.put(&path, &client_named(ClientId::new(), "x")).await,
    ] {
        let said = problem(answer, 400).await;
        assert!(said["message"].as_str().unwrap().contains("If an app sent it, update the app"), "{said}");
    }
    let said = problem(clinic.stranger().get("/v1/me").await, 401).await;
    let sentence = said["message"].as_str().unwrap();
    assert!(
        sentence.contains("Authorization: Bearer") && sentence.contains("link from the practice"),
        "{said}"
    );
}

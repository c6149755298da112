//! Tokens of integrations: made, used, run out, revoked; and what they may do.

use std::time::Duration;

use limpet_model::{ClientId, ConversationId, MessageId, Millis, Role, StaffId};
use limpet_wire::{
    Code,
    integrations::{IssuedToken, NewToken, Scope, TokenInfo},
};
use reqwest::StatusCode;
use serde_json::json;

use crate::{
    clinic::{Clinic, DAY, Device, NOON, Pass, client_named, fails, ok, patient_of, sign_in, words},
    process::{Process, furnish, run},
};

pub async fn admin(clinic: &Clinic) -> Device {
    let email = format!("{}@example.org", StaffId::new());
    clinic.add_member(clinic.practice, StaffId::new(), &email, Role::Admin).await;
    sign_in(&clinic.base(), &email).await
}

pub async fn issue(admin: &Device, scopes: &[Scope], expires_at: Option<Millis>) -> (Device, IssuedToken) {
    let new = NewToken { name: "Export".into(), scopes: scopes.to_vec(), expires_at };
    let response = admin.post("/v1/tokens", &new).await;
    assert_eq!(response.status(), StatusCode::OK);
    let issued: IssuedToken = response.json().await.unwrap();
    (Device::new(&admin.base, Pass::Bearer(issued.token.clone())), issued)
}

#[tokio::test]
async fn a_token_does_what_its_scopes_say() {
    let clinic = Clinic::open().await;
    let (staff, admin) = (clinic.staff().await, admin(&clinic).await);
    let case = staff.open_case().await;
    let (reader, _) = issue(&admin, &[Scope::ReadConversations], None).await;
    let (writer, _) = issue(&admin, &[Scope::WritePeople, Scope::WriteConversations], None).await;

    assert!(reader.everything().await.len() > 3);
    ok(reader.get(&format!("/v1/clients/{}", case.client)).await).await;
    let path = format!("/v1/clients/{}", case.client);
    let sentence = fails(reader.put(&path, &client_named(case.client, "x")).await, 403, Code::Invalid).await;
    assert!(sentence.contains("write:people"), "{sentence}");
    fails(writer.get("/v1/changes").await, 403, Code::Invalid).await;

    let (client, patient, conversation) =
        (ClientId::new(), limpet_model::PatientId::new(), ConversationId::new());
    ok(writer.put(&format!("/v1/clients/{client}"), &client_named(client, "Eva")).await).await;
    ok(writer.put(&format!("/v1/patients/{patient}"), &patient_of(client, patient, "Nut")).await).await;
    let path = format!("/v1/conversations/{conversation}");
    let new = json!({ "client": client, "patient": patient, "subject": "Check-up", "opened_at": 1 });
    ok(writer.put(&path, &new).await).await;
    ok(writer.patch(&path, &json!({ "urgent": true, "assign": { "to": clinic.vet } })).await).await;
    assert!(staff.conversation(conversation).await.urgent);
    // Somebody answers for a conversation's end, and for every message.
    let sentence = fails(writer.patch(&path, &json!({ "state": "ended" })).await, 409, Code::Conflict).await;
    assert!(sentence.contains("staff"), "{sentence}");
    let message = format!("/v1/messages/{}", MessageId::new());
    fails(writer.put(&message, &words(&case, "hello")).await, 403, Code::Invalid).await;
    fails(writer.get("/v1/me").await, 403, Code::Invalid).await;
    fails(writer.get("/v1/tokens").await, 403, Code::Invalid).await;
}

#[tokio::test]
async fn a_token_lets_in_until_it_runs_out_or_is_revoked() {
    let clinic = Clinic::open().await;
    let admin = admin(&clinic).await;
    let scopes = [Scope::ReadConversations];
    let (short, _) = issue(&admin, &scopes, Some(Millis(NOON.0 + DAY))).await;
    let (long, issued) = issue(&admin, &scopes, None).await;
    for token in [&short, &long] {
        ok(token.get("/v1/changes").await).await;
    }
    let mut live = long.get("/v1/live").await;
    assert_eq!(live.status(), StatusCode::OK);
    clinic.clock.advance(DAY);
    fails(short.get("/v1/changes").await, 401, Code::SignedOut).await;
    ok(long.get("/v1/changes").await).await;
    let listed: Vec<TokenInfo> = admin.read("/v1/tokens").await;
    let found = listed.iter().find(|token| token.id == issued.id).unwrap();
    assert_eq!((found.name.as_str(), found.scopes.as_slice()), ("Export", scopes.as_slice()));
    assert_eq!(found.used_at.map(|at| at.0 % DAY), Some(0), "to the day");
    assert!(!format!("{listed:?}").contains(&issued.token));

    // Revoking it again is no mistake, and another practice's token is nobody's.
    for _ in 0..2 {
        ok(admin.delete(&format!("/v1/tokens/{}", issued.id)).await).await;
    }
    let nobodys = format!("/v1/tokens/{}", limpet_model::TokenId::new());
    fails(admin.delete(&nobodys).await, 404, Code::NotFound).await;
    fails(long.get("/v1/changes").await, 401, Code::SignedOut).await;
    let ended = async { while live.chunk().await.unwrap().is_some() {} };
    tokio::time::timeout(Duration::from_secs(30), ended).await.expect("it goes on listening");
    let listed: Vec<TokenInfo> = admin.read("/v1/tokens").await;
    assert!(listed.iter().find(|token| token.id == issued.id).unwrap().revoked_at.is_some());
    for bad in [
        json!({ "name": " ", "scopes": ["read:media"] }),
        json!({ "name": "x", "scopes": [] }),
        json!({ "name": "x", "scopes": ["everything"] }),
    ] {
        fails(admin.post("/v1/tokens", &bad).await, 400, Code::Invalid).await;
    }
}

#[tokio::test]
async fn an_operator_makes_lists_and_revokes_tokens() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    furnish(data);
    let said = |output: std::process::Output| {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let practice = said(run(&["practice", "add", "--name", "Second", "--time-zone", "UTC"], data, ""));
    let of = ["--practice", &practice];
    let listed = said(run(&["practice", "list"], data, ""));
    let first = listed.lines().find_map(|line| line.split(' ').next().filter(|id| *id != practice)).unwrap();
    let add = |name: &str, of: &str| {
        let args = ["token", "add", "--name", name, "--scope", "read:conversations", "--scope", "read:media"];
        said(run(&[&args[..], &["--practice", of]].concat(), data, ""))
    };
    let (token, other) = (add("Export", &practice), add("Board", &practice));
    let theirs = add("Theirs", first);
    let process = Process::start(data, &[]);
    let device = |token: &str| Device::new(&process.base, Pass::Bearer(token.to_owned()));
    assert_eq!(device(&token).everything().await.len(), 1, "the practice itself");
    let list = |of: &str| said(run(&["token", "list", "--practice", of], data, ""));
    let (listed, of_first) = (list(&practice), list(first));
    let line = |name: &str| -> Vec<&str> {
        let has = |line: &&str| line.split('\t').nth(1) == Some(name);
        listed.lines().find(has).unwrap_or_else(|| panic!("{name}: {listed}")).split('\t').collect()
    };
    let (export, board) = (line("Export"), line("Board"));
    assert_eq!((listed.lines().count(), of_first.lines().count()), (2, 1), "{listed}\n{of_first}");
    assert!(of_first.contains("\tTheirs\t"), "{of_first}");
    assert_eq!(export[2], "read:conversations read:media");
    assert!(export[3].starts_with("used 2") && export[4] == "open", "{listed}");
    assert_eq!(board[3..], ["never used", "open"]);
    assert!(![&token, &other, &theirs].into_iter().any(|token| listed.contains(token)), "{listed}");
    // A practice revokes its own only.
    assert!(!run(&["token", "revoke", export[0], "--practice", first], data, "").status.success());
    ok(device(&token).get("/v1/changes").await).await;
    said(run(&[&["token", "revoke", export[0]][..], &of[..]].concat(), data, ""));
    fails(device(&token).get("/v1/changes").await, 401, Code::SignedOut).await;
    for token in [&other, &theirs] {
        ok(device(token).get("/v1/changes").await).await;
    }
    let listed = list(&practice);
    let states: Vec<&str> = listed.lines().map(|line| line.rsplit('\t').next().unwrap()).collect();
    assert!(
        states.contains(&"open") && states.iter().any(|state| state.starts_with("revoked 2")),
        "{listed}"
    );
    let refused = run(&["token", "add", "--name", "x", "--scope", "all", of[0], of[1]], data, "");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("read:conversations"));
    let nobody = limpet_model::PracticeId::new().to_string();
    let refused =
        run(&["token", "add", "--name", "x", "--scope", "read:media", "--practice", &nobody], data, "");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("no practice with the id"));
}

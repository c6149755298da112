//! `GET /v1/audit`, and `limpet-server audit`.

use std::collections::BTreeSet;

use limpet_model::{AttachmentKind, Role, StaffId};
use limpet_server::store::file_url;
use limpet_wire::http::{AuditEntry, AuditPage};
use serde_json::json;
use sqlx::AnyPool;

use crate::{
    attachments::{BYTES, prepared},
    clinic::{Clinic, Device, PASSWORD, file, ok, sign_in},
    process::{Process, furnish, run, staff},
};

async fn log(admin: &Device) -> Vec<AuditEntry> {
    let (mut entries, mut after): (Vec<AuditEntry>, i64) = (Vec::new(), 0);
    loop {
        let page: AuditPage = admin.read(&format!("/v1/audit?after={after}&limit=7")).await;
        entries.extend(page.entries);
        after = entries.last().map_or(0, |entry| entry.number);
        if !page.more {
            return entries;
        }
    }
}

#[tokio::test]
async fn a_day_of_a_practice_stands_in_the_log_and_nobodys_words() {
    let clinic = Clinic::open().await;
    let id = StaffId::new();
    clinic.add_member(clinic.practice, id, "ada@example.org", Role::Admin).await;
    let (admin, vet) = (sign_in(&clinic.base(), "ada@example.org").await, clinic.staff().await);
    let case = vet.open_case().await;
    let phone = vet.phone(&case).await;
    phone.say(&case, "She limps after the beach").await;
    let clip = phone.announce(&case, file(AttachmentKind::Clip, "beach.mov", BYTES.len())).await;
    prepared(&clinic, &phone, clip).await;
    for _ in 0..3 {
        ok(vet.get(&format!("/v1/attachments/{clip}/original")).await).await;
    }
    let link = vet.attachment(clip).await.link.unwrap();
    let page = link.strip_prefix(&clinic.base()).unwrap();
    ok(clinic.stranger().get(page).await).await;
    let newest = vet.thread(case.conversation).await.last().unwrap().received_at;
    let path = format!("/v1/conversations/{}", case.conversation);
    ok(vet.post(&format!("{path}/read"), &json!({ "at": newest })).await).await;
    ok(vet.patch(&path, &json!({ "urgent": true })).await).await;
    let end =
        json!({ "state": "ended", "at": newest, "seen": newest, "summary": "A sprain", "plan": "Rest" });
    ok(vet.patch(&path, &end).await).await;
    let new = json!({ "current": PASSWORD, "new": "four wet otters" });
    ok(vet.put("/v1/password", &new).await).await;
    ok(admin.patch(&format!("/v1/staff/{}", clinic.vet), &json!({ "role": "technician" })).await).await;
    ok(vet.post("/v1/sign-out", &json!({})).await).await;

    let entries = log(&admin).await;
    let done: BTreeSet<String> =
        entries.iter().map(|e| format!("{} {} {}", e.actor, e.act, e.subject)).collect();
    let expected = [
        "client signed in session",
        "client wrote message",
        "link opened attachment",
        "operator added staff",
        "staff added client",
        "staff added conversation",
        "staff added patient",
        "staff changed conversation",
        "staff changed staff",
        "staff ended conversation",
        "staff invited client",
        "staff opened attachment",
        "staff read conversation",
        "staff set the password staff",
        "staff signed in session",
        "staff signed out session",
    ];
    assert_eq!(done.iter().map(String::as_str).collect::<Vec<_>>(), expected);
    let opened = |entry: &&AuditEntry| entry.act == "opened" && entry.actor_id == clinic.vet.to_string();
    assert_eq!(entries.iter().filter(opened).count(), 1, "three requests within the hour are one opening");
    let numbers: Vec<i64> = entries.iter().map(|entry| entry.number).collect();
    assert_eq!(numbers, (1..=numbers.len() as i64).collect::<Vec<_>>());
    let text = serde_json::to_string(&entries).unwrap();
    let words = ["limps", "beach", "sprain", "Marta", "otters", "example.org", "127.0.0.1", page];
    for word in words {
        assert!(!text.contains(word), "{word} is in the log: {text}");
    }
}

#[tokio::test]
async fn the_command_finds_a_changed_row() {
    let folder = tempfile::tempdir().unwrap();
    furnish(folder.path());
    let process = Process::start(folder.path(), &[]);
    let case = staff(&process).await.open_case().await;
    assert!(process.terminate().success());

    let pool = AnyPool::connect(&file_url(&folder.path().join("limpet.db"))).await.unwrap();
    let done = run(&["audit", "verify"], folder.path(), "");
    let said = String::from_utf8(done.stdout).unwrap();
    assert!(done.status.success() && said.contains(" rows, "), "{said}");
    let practice = said.split(':').next().unwrap().to_owned();
    let exported = run(&["audit", "export", "--practice", &practice], folder.path(), "").stdout;
    let exported = String::from_utf8(exported).unwrap();
    let entries: Vec<AuditEntry> = exported.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(said.contains(&format!("{} rows", entries.len())), "{said}");
    assert_eq!(entries.last().unwrap().subject_id, case.conversation.to_string());
    assert!(said.contains(&entries.last().unwrap().hash), "{said}");

    sqlx::query("UPDATE audit SET actor_id = '' WHERE number = 3").execute(&pool).await.unwrap();
    pool.close().await;
    let done = run(&["audit", "verify"], folder.path(), "");
    let said = String::from_utf8(done.stdout).unwrap();
    assert!(!done.status.success() && said.contains("row 3 was changed"), "{said}");
}

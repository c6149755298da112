//! `/v1/sessions`, `/v1/password` and `/v1/staff/{id}`.

use limpet_model::{PracticeId, Role, StaffId};
use limpet_wire::{Code, changes::Entity, http::OpenSession};
use serde_json::json;

use crate::clinic::{Clinic, Device, PASSWORD, fails, ok, sign_in};

async fn sessions(device: &Device) -> Vec<OpenSession> {
    device.read("/v1/sessions").await
}

async fn with_admin() -> (Clinic, Device, StaffId) {
    let clinic = Clinic::open().await;
    let id = StaffId::new();
    clinic.add_member(clinic.practice, id, "ada@example.org", Role::Admin).await;
    let admin = sign_in(&clinic.base(), "ada@example.org").await;
    (clinic, admin, id)
}

#[tokio::test]
async fn ones_own_sessions_are_seen_and_closed_one_by_one() {
    let (clinic, admin, _) = with_admin().await;
    let (desk, laptop) = (clinic.staff().await, clinic.staff().await);
    let seen = sessions(&desk).await;
    assert_eq!(seen.len(), 2);
    assert!(seen.iter().all(|session| session.device == "test"));
    let own = seen.iter().find(|session| session.own).unwrap();
    let other = seen.iter().find(|session| !session.own).unwrap();
    let path = |session: &OpenSession| format!("/v1/sessions/{}", session.id);
    // Not even an administrator closes one of somebody else by its name.
    fails(admin.delete(&path(other)).await, 404, Code::NotFound).await;
    ok(desk.delete(&path(other)).await).await;
    fails(laptop.get("/v1/me").await, 401, Code::SignedOut).await;
    fails(desk.delete(&path(other)).await, 404, Code::NotFound).await;
    ok(desk.delete(&path(own)).await).await;
    fails(desk.get("/v1/me").await, 401, Code::SignedOut).await;
}

#[tokio::test]
async fn a_new_password_takes_the_present_one_and_closes_every_other_session() {
    let clinic = Clinic::open().await;
    let (desk, lost) = (clinic.staff().await, clinic.staff().await);
    let change = async |current: &str, new: &str| {
        desk.put("/v1/password", &json!({ "current": current, "new": new })).await
    };
    let sentence = fails(change("not the password", "four wet otters").await, 400, Code::Invalid).await;
    assert!(sentence.contains("present password"), "{sentence}");
    let sentence = fails(change(PASSWORD, "short").await, 400, Code::Invalid).await;
    assert!(sentence.contains("too short"), "{sentence}");
    assert_eq!(lost.get("/v1/me").await.status(), 200, "nothing has changed yet");
    ok(change(PASSWORD, "four wet otters").await).await;
    fails(lost.get("/v1/me").await, 401, Code::SignedOut).await;
    assert_eq!(desk.get("/v1/me").await.status(), 200);
    let sign_in = |password: &'static str| json!({ "email": "ana@example.org", "password": password, "device": "test" });
    let stranger = clinic.stranger();
    fails(stranger.post("/v1/sign-in", &sign_in(PASSWORD)).await, 401, Code::SignedOut).await;
    assert_eq!(stranger.post("/v1/sign-in", &sign_in("four wet otters")).await.status(), 200);
    // Whoever sits down at a desk that is signed in cannot try passwords for ever.
    for _ in 0..8 {
        change("a wrong guess", "five wet otters").await;
    }
    fails(change("a wrong guess", "five wet otters").await, 429, Code::TooMany).await;
}

#[tokio::test]
async fn an_administrator_changes_accounts_and_one_is_always_left() {
    let (clinic, admin, admin_id) = with_admin().await;
    let vet = clinic.staff().await;
    let path = format!("/v1/staff/{}", clinic.vet);
    fails(vet.patch(&path, &json!({ "role": "admin" })).await, 403, Code::Invalid).await;
    ok(admin.patch(&path, &json!({ "name": "Ana Ruiz", "role": "technician" })).await).await;
    let seen = admin.everything().await;
    let member = seen.iter().find_map(|change| match &change.entity {
        Entity::StaffMember(member) if member.id == clinic.vet => Some(member.clone()),
        _ => None,
    });
    let member = member.unwrap();
    assert_eq!((member.name.as_str(), member.role, member.active), ("Ana Ruiz", Role::Technician, true));
    let revision = admin.changes(0, 1000).await.revision;
    ok(admin.patch(&path, &json!({ "name": "Ana Ruiz" })).await).await;
    assert_eq!(admin.changes(0, 1000).await.revision, revision, "nothing changed");
    fails(admin.patch(&path, &json!({ "name": " " })).await, 400, Code::Invalid).await;

    // Closing the sessions, then the account.
    ok(admin.delete(&format!("{path}/sessions")).await).await;
    fails(vet.get("/v1/me").await, 401, Code::SignedOut).await;
    let vet = clinic.staff().await;
    ok(admin.patch(&path, &json!({ "active": false })).await).await;
    fails(vet.get("/v1/me").await, 401, Code::SignedOut).await;
    // Its sessions do not come back with the account.
    ok(admin.patch(&path, &json!({ "active": true })).await).await;
    fails(vet.get("/v1/me").await, 401, Code::SignedOut).await;

    let own = format!("/v1/staff/{admin_id}");
    for change in [json!({ "role": "front_desk" }), json!({ "active": false })] {
        let sentence = fails(admin.patch(&own, &change).await, 409, Code::Conflict).await;
        assert!(sentence.contains("no administrator"), "{sentence}");
    }
    ok(admin.patch(&path, &json!({ "role": "admin" })).await).await;
    ok(admin.patch(&own, &json!({ "role": "front_desk" })).await).await;
    fails(admin.patch(&path, &json!({ "name": "X" })).await, 403, Code::Invalid).await;

    let other = PracticeId::new();
    clinic.add_practice(other).await;
    clinic.add_member(other, StaffId::new(), "zoe@example.org", Role::Admin).await;
    let theirs = sign_in(&clinic.base(), "zoe@example.org").await;
    fails(theirs.patch(&path, &json!({ "active": false })).await, 404, Code::NotFound).await;
    fails(theirs.delete(&format!("{path}/sessions")).await, 404, Code::NotFound).await;
}

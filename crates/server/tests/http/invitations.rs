//! `POST /v1/conversations/{id}/invitation` and `POST /v1/open-invitation`.

use limpet_model::Millis;
use limpet_server::{by::Actor, secrets::token_hash};
use limpet_wire::{
    Code,
    http::{ClientSession, Me},
};
use serde_json::json;

use crate::clinic::{Clinic, DAY, Device, NOON, Pass, fails, ok, open_link};

#[tokio::test]
async fn a_link_opens_its_conversation_again_and_again() {
    let clinic = Clinic::open().await;
    let staff = clinic.staff().await;
    let case = staff.open_case().await;
    let invitation = staff.invite(case.conversation).await;
    assert_eq!(invitation.expires_at, Millis(NOON.0 + 14 * DAY));
    assert!(invitation.link.starts_with(&format!("{}/o/", clinic.base())));
    let phone = open_link(&clinic.base(), &invitation.link).await;
    let tablet = open_link(&clinic.base(), &invitation.link).await;
    for device in [&phone, &tablet] {
        let Me::Client(session) = device.read("/v1/me").await else { panic!("not a client") };
        assert_eq!((session.client, session.conversation), (case.client, case.conversation));
        assert_eq!(session.practice, "Lapa Veterinary Clinic");
    }
    ok(phone.post("/v1/sign-out", &json!({})).await).await;
    fails(phone.get("/v1/me").await, 401, Code::SignedOut).await;
    ok(tablet.get("/v1/me").await).await;
}

#[tokio::test]
async fn the_cookie_is_kept_from_scripts_and_other_sites() {
    let clinic = Clinic::open().await;
    let staff = clinic.staff().await;
    let case = staff.open_case().await;
    let link = staff.invite(case.conversation).await.link;
    let token = link.rsplit('/').next().unwrap();
    let response = clinic.stranger().post("/v1/open-invitation", &json!({ "invitation": token })).await;
    let cookie = response.headers()["set-cookie"].to_str().unwrap().to_owned();
    for part in ["limpet_client=", "; HttpOnly", "; SameSite=Strict", "; Path=/", "; Max-Age=15552000"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Secure"), "plain HTTP on this machine");
    // Only the hash is in the database.
    let database = std::fs::read(clinic.data.path().join("limpet.db")).unwrap();
    let log = std::fs::read(clinic.data.path().join("limpet.db-wal")).unwrap_or_default();
    let session = cookie.split([';', '=']).nth(1).unwrap();
    for secret in [token, session] {
        for bytes in [&database, &log] {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()));
        }
    }
}

#[tokio::test]
async fn a_device_keeps_its_session_when_it_opens_another_link() {
    let clinic = Clinic::open().await;
    let staff = clinic.staff().await;
    let case = staff.open_case().await;
    let phone = staff.phone(&case).await;
    let second = limpet_model::ConversationId::new();
    let new = limpet_wire::http::NewConversation {
        client: case.client,
        patient: case.patient,
        subject: "Coughs".into(),
        opened_at: NOON,
    };
    ok(staff.put(&format!("/v1/conversations/{second}"), &new).await).await;
    let link = staff.invite(second).await.link;
    let token = link.rsplit('/').next().unwrap();
    let response = phone.post("/v1/open-invitation", &json!({ "invitation": token })).await;
    // The same session, and the cookie lives on with it.
    let Pass::Cookie(own) = &phone.pass else { panic!("not a phone") };
    let again = response.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(again.contains(own.as_str()) && again.contains("Max-Age=15552000"), "{again}");
    let me = phone.get("/v1/me").await;
    assert!(me.headers()["set-cookie"].to_str().unwrap().contains(own.as_str()));
    assert_eq!(response.json::<ClientSession>().await.unwrap().conversation, second);
    let Me::Client(session) = phone.read("/v1/me").await else { panic!("not a client") };
    assert_eq!(session.conversation, second);
    // Somebody else's link on the same device begins a session of its own.
    let foreign = staff.open_case().await;
    let link = staff.invite(foreign.conversation).await.link;
    let token = link.rsplit('/').next().unwrap();
    let response = phone.post("/v1/open-invitation", &json!({ "invitation": token })).await;
    assert!(response.headers().contains_key("set-cookie"));
}

#[tokio::test]
async fn a_link_stops_opening_after_two_weeks_or_when_it_is_closed() {
    let clinic = Clinic::open().await;
    let staff = clinic.staff().await;
    let case = staff.open_case().await;
    let (kept, closed) =
        (staff.invite(case.conversation).await.link, staff.invite(case.conversation).await.link);
    let open = async |link: &str| {
        let token = link.rsplit('/').next().unwrap();
        Device::new(&clinic.base(), Pass::None)
            .post("/v1/open-invitation", &json!({ "invitation": token }))
            .await
    };
    let store = &clinic.running.app().store;
    let finder = open_link(&clinic.base(), &closed).await;
    let other = staff.open_case().await;
    let neighbour = staff.phone(&other).await;
    let revoked = store
        .revoke_invitation(&token_hash(closed.rsplit('/').next().unwrap()), Actor::Operator, NOON)
        .await
        .unwrap();
    assert_eq!(revoked, Some(1));
    // Whoever opened it is out, and nobody else.
    fails(finder.get("/v1/me").await, 401, Code::SignedOut).await;
    ok(neighbour.get("/v1/me").await).await;
    let sentence = fails(open(&closed).await, 404, Code::NotFound).await;
    assert!(sentence.contains("Ask the practice for a new one"), "{sentence}");
    let phone = open_link(&clinic.base(), &kept).await;
    clinic.clock.advance(14 * DAY);
    fails(open(&kept).await, 404, Code::NotFound).await;
    fails(open("not/a-link").await, 404, Code::NotFound).await;
    // The device that opened it in time goes on.
    ok(phone.get("/v1/me").await).await;
    clinic.clock.advance(180 * DAY);
    fails(phone.get("/v1/me").await, 401, Code::SignedOut).await;
}

#[tokio::test]
async fn a_page_about_one_client_is_never_answered_as_another() {
    let clinic = Clinic::open().await;
    let staff = clinic.staff().await;
    let (own, other) = (staff.open_case().await, staff.open_case().await);
    let phone = staff.phone(&own).await;
    let meant = async |client: limpet_model::ClientId| {
        let request = phone.ask(reqwest::Method::GET, "/v1/changes?since=0&limit=10");
        request.header("limpet-client", client.to_string()).send().await.unwrap()
    };
    ok(meant(own.client).await).await;
    fails(meant(other.client).await, 401, Code::SignedOut).await;
}

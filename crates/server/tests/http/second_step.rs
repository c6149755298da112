//! Codes at sign-in: `/v1/second-step`, the page, recovery codes, and an administrator who requires them.

use std::time::Duration;

use limpet_server::codes;
use limpet_wire::{
    Code,
    http::{AuditPage, NewSecret, RecoveryCodes, SecondStep, StaffSession},
};
use reqwest::Response;
use serde_json::{Value, json};
use totp_rs::{Builder, Secret};

use crate::clinic::{Clinic, Device, PASSWORD, Pass, fails, ok};

/// The code that an app shows at a time, milliseconds.
fn code_at(secret: &str, at: i64) -> String {
    let secret = Secret::try_from_base32(secret).unwrap();
    let totp = Builder::new().with_secret(secret).build().unwrap();
    totp.generate(u64::try_from(at / 1000).unwrap()).to_string()
}

fn now(clinic: &Clinic) -> i64 {
    clinic.clock.now().0
}

async fn sign_in(clinic: &Clinic, code: Option<&str>) -> Response {
    let mut body = json!({ "email": "ana@example.org", "password": PASSWORD, "device": "test" });
    if let Some(code) = code {
        body["code"] = json!(code);
    }
    clinic.stranger().post("/v1/sign-in", &body).await
}

async fn enrol(clinic: &Clinic, device: &Device) -> (String, Vec<String>) {
    let begun = device.post("/v1/second-step", &json!({ "password": PASSWORD })).await;
    let NewSecret { secret, link } = begun.json().await.unwrap();
    assert!(link.starts_with("otpauth://totp/") && link.contains(&secret), "{link}");
    let code = code_at(&secret, now(clinic));
    let confirmed = device.put("/v1/second-step", &json!({ "code": code })).await;
    let RecoveryCodes { codes } = confirmed.json().await.unwrap();
    assert_eq!(codes.len(), codes::RECOVERY_CODES);
    clinic.clock.advance(30_000);
    (secret, codes)
}

#[tokio::test]
async fn a_code_is_asked_for_once_it_was_shown_to_work_and_is_taken_once() {
    let clinic = Clinic::open().await;
    let device = clinic.staff().await;
    let wrong = device.post("/v1/second-step", &json!({ "password": "not it at all" })).await;
    fails(wrong, 400, Code::Invalid).await;
    // A secret that never arrived anywhere locks nobody out.
    ok(device.post("/v1/second-step", &json!({ "password": PASSWORD })).await).await;
    fails(device.put("/v1/second-step", &json!({ "code": "000000" })).await, 400, Code::Invalid).await;
    ok(sign_in(&clinic, None).await).await;

    let (secret, _) = enrol(&clinic, &device).await;
    let step: SecondStep = device.read("/v1/second-step").await;
    assert_eq!(step, SecondStep { on: true, required: false, recovery_codes: 10 });
    fails(device.post("/v1/second-step", &json!({ "password": PASSWORD })).await, 409, Code::Conflict).await;
    let sentence = fails(sign_in(&clinic, None).await, 401, Code::CodeNeeded).await;
    assert!(sentence.contains("authenticator app"), "{sentence}");
    let code = code_at(&secret, now(&clinic));
    ok(sign_in(&clinic, Some(&code)).await).await;
    fails(sign_in(&clinic, Some(&code)).await, 401, Code::CodeNeeded).await;
    // The one before it is older than one that was taken.
    fails(sign_in(&clinic, Some(&code_at(&secret, now(&clinic) - 30_000))).await, 401, Code::CodeNeeded)
        .await;
    // One step of drift, in either direction.
    ok(sign_in(&clinic, Some(&code_at(&secret, now(&clinic) + 30_000))).await).await;
    clinic.clock.advance(90_000);
    fails(sign_in(&clinic, Some(&code_at(&secret, now(&clinic) + 60_000))).await, 401, Code::CodeNeeded)
        .await;
    ok(sign_in(&clinic, Some(&code_at(&secret, now(&clinic) - 30_000))).await).await;
    // Whoever does not have the password learns nothing about codes.
    let body =
        json!({ "email": "ana@example.org", "password": "a wrong guess", "device": "x", "code": code });
    fails(clinic.stranger().post("/v1/sign-in", &body).await, 401, Code::SignedOut).await;
}

#[tokio::test]
async fn two_at_once_with_one_code_are_one() {
    let clinic = Clinic::open().await;
    let (secret, _) = enrol(&clinic, &clinic.staff().await).await;
    let code = code_at(&secret, now(&clinic));
    let (one, two) = tokio::join!(sign_in(&clinic, Some(&code)), sign_in(&clinic, Some(&code)));
    let let_in = [one, two].iter().filter(|answer| answer.status() == 200).count();
    assert_eq!(let_in, 1);
}

#[tokio::test]
async fn recovery_codes_let_in_once_each_and_are_kept_as_hashes() {
    let clinic = Clinic::open().await;
    let device = clinic.staff().await;
    let (_, codes) = enrol(&clinic, &device).await;
    ok(sign_in(&clinic, Some(&codes[3])).await).await;
    fails(sign_in(&clinic, Some(&codes[3])).await, 401, Code::CodeNeeded).await;
    ok(sign_in(&clinic, Some(&codes[4].to_lowercase().replace('-', ""))).await).await;
    let step: SecondStep = device.read("/v1/second-step").await;
    assert_eq!(step.recovery_codes, 8);
    for name in ["limpet.db", "limpet.db-wal"] {
        let bytes = std::fs::read(clinic.data.path().join(name)).unwrap();
        for code in &codes {
            for typed in [code.clone(), code.replace('-', "")] {
                assert!(!bytes.windows(typed.len()).any(|part| part == typed.as_bytes()));
            }
        }
    }
}

#[tokio::test]
async fn codes_cannot_be_guessed_from_however_many_places() {
    let mailless =
        Clinic::open_with(|settings| limpet_server::serve::Settings { behind_proxy: true, ..settings });
    let clinic = mailless.await;
    let (secret, _) = enrol(&clinic, &clinic.staff().await).await;
    let from = async |place: u8, code: &str| {
        let body = json!({ "email": "ana@example.org", "password": PASSWORD, "device": "x", "code": code });
        let request = clinic.stranger().ask(reqwest::Method::POST, "/v1/sign-in");
        request.header("x-forwarded-for", format!("192.0.2.{place}")).json(&body).send().await.unwrap()
    };
    for place in 0..10 {
        fails(from(place, "000000").await, 401, Code::CodeNeeded).await;
    }
    let right = code_at(&secret, now(&clinic));
    fails(from(11, &right).await, 429, Code::TooMany).await;
    clinic.clock.advance(15 * 60_000);
    ok(from(11, &code_at(&secret, now(&clinic))).await).await;
}

#[tokio::test]
async fn an_administrator_requires_codes_and_takes_them_off_somebody_whose_phone_is_gone() {
    let clinic = Clinic::open().await;
    let (admin, vet) = (clinic.admin().await, clinic.staff().await);
    let require = json!({ "requires_code": true });
    let sentence = fails(admin.patch("/v1/practice", &require).await, 409, Code::Conflict).await;
    assert!(sentence.contains("your own first"), "{sentence}");
    enrol(&clinic, &admin).await;
    ok(admin.patch("/v1/practice", &require).await).await;
    ok(admin.get("/v1/me").await).await;
    fails(vet.get("/v1/me").await, 401, Code::SignedOut).await;
    let sentence = fails(sign_in(&clinic, None).await, 403, Code::Invalid).await;
    let page = format!("{}/second-step", clinic.base());
    assert!(sentence.contains(&format!("{page}?ticket=")), "{sentence}");

    // The page lets the veterinarian set them up without being let in.
    let stranger = clinic.stranger();
    let fill_in = async |typed: &[(&str, &str)]| {
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(typed).finish();
        let answer = stranger.http.post(&page).body(form).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    assert_eq!(fill_in(&[("email", "ana@example.org"), ("password", "a wrong guess")]).await.0, 401);
    let (status, shown) = fill_in(&[("email", "ana@example.org"), ("password", PASSWORD)]).await;
    assert!(status == 200 && shown.contains("<svg"), "{shown}");
    let between = |text: &str, before: &str, after: &str| {
        let rest = text.split_once(before).unwrap().1;
        rest.split_once(after).unwrap().0.to_owned()
    };
    let secret = between(&shown, "secret=", "&amp;");
    let ticket = between(&shown, "name=\"ticket\" value=\"", "\"");
    let typed = async |code: &str| fill_in(&[("ticket", &ticket), ("secret", &secret), ("code", code)]).await;
    assert_eq!(typed("000000").await.0, 422);
    let code = code_at(&secret, now(&clinic));
    let (status, shown) = typed(&code).await;
    assert!(status == 200 && shown.matches("<li>").count() == 10, "{shown}");
    assert!(shown.contains("Lapa Veterinary Clinic") && shown.contains("ana@example.org"), "{shown}");
    let (status, gone) = typed(&code).await;
    assert_eq!(status, 404, "the ticket is used up");
    assert!(gone.contains("href=\"/second-step\""), "{gone}");
    assert_eq!(fill_in(&[("ticket", &ticket)]).await.0, 404, "and begins nothing");
    let (_, shown) = fill_in(&[("email", "ana@example.org"), ("password", PASSWORD)]).await;
    assert!(shown.contains("already") && !shown.contains("otpauth"), "{shown}");

    clinic.clock.advance(30_000);
    let session: StaffSession =
        sign_in(&clinic, Some(&code_at(&secret, now(&clinic)))).await.json().await.unwrap();
    let vet = Device::new(&clinic.base(), Pass::Bearer(session.token));
    let off = vet.post("/v1/second-step/off", &json!({ "password": PASSWORD })).await;
    fails(off, 409, Code::Conflict).await;
    let path = format!("/v1/staff/{}/second-step", clinic.vet);
    fails(vet.delete(&path).await, 403, Code::Invalid).await;
    ok(admin.delete(&path).await).await;
    fails(vet.get("/v1/me").await, 401, Code::SignedOut).await;
    fails(sign_in(&clinic, None).await, 403, Code::Invalid).await;
    ok(admin.patch("/v1/practice", &json!({ "requires_code": false })).await).await;
    ok(sign_in(&clinic, None).await).await;
    let own = format!("/v1/staff/{}/second-step", who(&admin).await);
    let sentence = fails(admin.delete(&own).await, 409, Code::Conflict).await;
    assert!(sentence.contains("your own"), "{sentence}");
    let me: Value = admin.read("/v1/second-step").await;
    assert_eq!(me["required"], json!(false));
    ok(admin.post("/v1/second-step/off", &json!({ "password": PASSWORD })).await).await;
}

/// Whose session it is.
async fn who(device: &Device) -> String {
    let me: Value = device.read("/v1/me").await;
    me["staff"]["id"].as_str().unwrap().to_owned()
}

async fn fill_in(clinic: &Clinic, from: &str, typed: &[(&str, &str)]) -> (u16, String) {
    let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(typed).finish();
    let request =
        clinic.stranger().ask(reqwest::Method::POST, "/second-step").header("x-forwarded-for", from);
    let answer = request.body(form).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// What stands in a page between these.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    text.split_once(before).unwrap().1.split_once(after).unwrap().0
}

#[tokio::test]
async fn a_ticket_shows_nobody_the_secret_that_somebody_else_began() {
    let clinic = Clinic::open().await;
    let device = clinic.staff().await;
    let (_, shown) = fill_in(&clinic, "", &[("email", "ana@example.org"), ("password", PASSWORD)]).await;
    let ticket = between(&shown, "name=\"ticket\" value=\"", "\"");
    let secret = between(&shown, "secret=", "&amp;");
    let begun = device.post("/v1/second-step", &json!({ "password": PASSWORD })).await;
    let hers: NewSecret = begun.json().await.unwrap();
    let code = code_at(&hers.secret, now(&clinic));
    for typed in ["000000", &code] {
        let kept = [("ticket", ticket), ("secret", secret), ("code", typed)];
        let (status, page) = fill_in(&clinic, "", &kept).await;
        assert!(status == 404 && !page.contains(&hers.secret), "{page}");
        let (_, page) = fill_in(&clinic, "", &[("ticket", ticket), ("code", typed)]).await;
        assert!(!page.contains(&hers.secret), "{page}");
    }
    ok(device.put("/v1/second-step", &json!({ "code": code })).await).await;
}

#[tokio::test]
async fn a_ticket_of_a_sign_in_shows_no_secret_that_was_begun_before_it() {
    let clinic = Clinic::open().await;
    let admin = clinic.admin().await;
    enrol(&clinic, &admin).await;
    ok(admin.patch("/v1/practice", &json!({ "requires_code": true })).await).await;
    let own = [("email", "ana@example.org"), ("password", PASSWORD)];
    let (_, shown) = fill_in(&clinic, "", &own).await;
    let secret = between(&shown, "secret=", "&amp;");
    let sentence = fails(sign_in(&clinic, None).await, 403, Code::Invalid).await;
    let ticket = between(&sentence, "ticket=", " ");
    let (status, page) =
        fill_in(&clinic, "", &[("ticket", ticket), ("secret", "guessed"), ("code", "000000")]).await;
    assert!(status == 404 && !page.contains(secret), "{page}");
}

#[tokio::test]
async fn switching_codes_on_closes_what_was_opened_without() {
    let clinic = Clinic::open().await;
    let (device, lost) = (clinic.staff().await, clinic.staff().await);
    let mut line = lost.get("/v1/live").await;
    line.chunk().await.unwrap();
    enrol(&clinic, &device).await;
    fails(lost.get("/v1/me").await, 401, Code::SignedOut).await;
    let ended = async { while let Ok(Some(_)) = line.chunk().await {} };
    tokio::time::timeout(Duration::from_secs(10), ended).await.expect("what it listens to ends at once");
    ok(device.get("/v1/me").await).await;
}

#[tokio::test]
async fn recovery_codes_are_renewed_by_password_and_code_and_leave_a_trace() {
    let clinic = Clinic::open().await;
    let admin = clinic.admin().await;
    let device = clinic.staff().await;
    let (secret, old) = enrol(&clinic, &device).await;
    ok(sign_in(&clinic, Some(&old[0])).await).await;
    let renew = async |password: &str, code: &str| {
        device.post("/v1/second-step/recovery-codes", &json!({ "password": password, "code": code })).await
    };
    let code = code_at(&secret, now(&clinic));
    fails(renew("not it at all", &code).await, 400, Code::Invalid).await;
    fails(renew(PASSWORD, "000000").await, 400, Code::Invalid).await;
    let RecoveryCodes { codes } = renew(PASSWORD, &code).await.json().await.unwrap();
    assert_eq!(codes.len(), codes::RECOVERY_CODES);
    fails(renew(PASSWORD, &code).await, 400, Code::Invalid).await;
    fails(sign_in(&clinic, Some(&old[1])).await, 401, Code::CodeNeeded).await;
    ok(sign_in(&clinic, Some(&codes[1])).await).await;
    let log: AuditPage = admin.read("/v1/audit?after=0&limit=1000").await;
    let recovered =
        log.entries.iter().filter(|entry| entry.act == "signed in" && entry.detail.contains("recovery"));
    assert_eq!(recovered.count(), 2);
    let renewed = log.entries.iter().filter(|entry| entry.detail.contains("new recovery codes"));
    assert_eq!(renewed.count(), 1);
}

#[tokio::test]
async fn who_must_set_up_codes_does_so_from_a_known_device_whatever_a_guest_gets_wrong() {
    const HERE: &str = "192.0.2.1";
    let clinic =
        Clinic::open_with(|settings| limpet_server::serve::Settings { behind_proxy: true, ..settings }).await;
    let admin = clinic.admin().await;
    let enter = async |mark: Option<&str>, code: Option<&str>| {
        let mut body = json!({ "email": "ana@example.org", "password": PASSWORD, "device": "desk" });
        body["mark"] = json!(mark);
        body["code"] = json!(code);
        let request =
            clinic.stranger().ask(reqwest::Method::POST, "/v1/sign-in").header("x-forwarded-for", HERE);
        request.json(&body).send().await.unwrap()
    };
    let mark = enter(None, None).await.json::<StaffSession>().await.unwrap().mark;
    enrol(&clinic, &admin).await;
    ok(admin.patch("/v1/practice", &json!({ "requires_code": true })).await).await;
    // A guest on the same network keeps the page busy.
    for n in 0..110 {
        let email = if n < 9 { "ana@example.org".to_owned() } else { format!("{n}@example.org") };
        fill_in(&clinic, HERE, &[("email", &email), ("password", "a wrong guess")]).await;
    }
    let own = [("email", "ana@example.org"), ("password", PASSWORD)];
    assert_eq!(fill_in(&clinic, HERE, &own).await.0, 429);
    let sentence = fails(enter(Some(&mark), None).await, 403, Code::Invalid).await;
    let link = sentence.split_whitespace().find(|word| word.starts_with("http")).unwrap();
    let page = clinic.stranger().http.get(link).send().await.unwrap().text().await.unwrap();
    let ticket = between(&page, "name=\"ticket\" value=\"", "\"");
    assert!(link.ends_with(ticket) && !page.contains("otpauth"), "looking begins nothing: {page}");
    let (status, page) = fill_in(&clinic, HERE, &[("ticket", ticket)]).await;
    assert_eq!(status, 200, "{page}");
    assert_eq!(fill_in(&clinic, HERE, &[("ticket", ticket)]).await.0, 404, "it is used up");
    let secret = between(&page, "secret=", "&amp;");
    let ticket = between(&page, "name=\"ticket\" value=\"", "\"");
    let code = code_at(secret, now(&clinic));
    let (status, _) =
        fill_in(&clinic, HERE, &[("ticket", ticket), ("secret", secret), ("code", &code)]).await;
    assert_eq!(status, 200);
    clinic.clock.advance(30_000);
    ok(enter(Some(&mark), Some(&code_at(secret, now(&clinic)))).await).await;
}

#[tokio::test]
async fn the_address_stays_in_the_form_after_a_wrong_password() {
    let clinic = Clinic::open().await;
    for (typed, kept) in [("ana@example.org", "ana@example.org"), ("\"><script>", "&quot;&gt;&lt;script&gt;")]
    {
        let (status, page) = fill_in(&clinic, "", &[("email", typed), ("password", "wrong")]).await;
        assert!(status == 401 && page.contains(&format!("value=\"{kept}\"")), "{page}");
        assert!(!page.contains("wrong\""), "the password does not: {page}");
    }
}

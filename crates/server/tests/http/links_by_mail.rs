//! Invitations of staff and forgotten passwords: by real mail, over SMTP.

use std::collections::HashMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use limpet_model::{Role, StaffId};
use limpet_server::{
    secrets::token_hash,
    store::{
        account_links::{AccountLink, LinkFor},
        jobs::Lane,
    },
};
use limpet_wire::{Code, http::AuditPage};
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use crate::{
    clinic::{Clinic, DAY, Device, HOUR, PASSWORD, fails, ok},
    mailbox::{Letter, Mailbox, eventually},
};

async fn with_mail() -> (Clinic, Mailbox) {
    let mailbox = Mailbox::open().await;
    let mail = mailbox.settings();
    let clinic = Clinic::open_with(|settings| limpet_server::serve::Settings { mail, ..settings }).await;
    (clinic, mailbox)
}

/// The path of the link in a mail.
fn path(letter: &Letter) -> String {
    let link = letter.body.lines().find(|line| line.starts_with("http://")).unwrap();
    format!("/a/{}", link.rsplit('/').next().unwrap())
}

pub async fn fill_in(device: &Device, path: &str, typed: &[(&str, &str)]) -> Response {
    let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(typed).finish();
    let request = device.http.post(format!("{}{path}", device.base)).body(form);
    request.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap()
}

async fn set_password(device: &Device, path: &str, password: &str) -> StatusCode {
    fill_in(device, path, &[("password", password), ("again", password)]).await.status()
}

async fn sign_in(device: &Device, email: &str, password: &str) -> StatusCode {
    let body = json!({ "email": email, "password": password, "device": "test" });
    device.post("/v1/sign-in", &body).await.status()
}

/// Waits until so many mails wait and so many were given up.
async fn sent(store: &limpet_server::store::Store, counts: (i64, i64)) {
    let begun = std::time::Instant::now();
    while store.count_mails().await.unwrap() != counts {
        assert!(begun.elapsed().as_secs() < 30, "{:?}", store.count_mails().await);
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// Gives the practice a logo; answers it as it stands in pages.
pub async fn logo(admin: &Device) -> String {
    let mut png = std::io::Cursor::new(Vec::new());
    let picture = image::RgbImage::from_pixel(40, 20, image::Rgb([10, 90, 80]));
    picture.write_to(&mut png, image::ImageFormat::Png).unwrap();
    let put = admin.ask(reqwest::Method::PUT, "/v1/practice/logo").body(png.into_inner());
    ok(put.send().await.unwrap()).await;
    let kept = admin.get("/v1/practice/logo").await.bytes().await.unwrap();
    format!("src=\"data:image/png;base64,{}\"", STANDARD.encode(kept))
}

pub fn new_staff(email: &str, language: &str) -> Value {
    json!({ "name": "Ben Ortiz", "role": "technician", "email": email, "language": language })
}

#[tokio::test]
async fn somebody_invited_sets_a_password_by_the_link_once() {
    let (clinic, mailbox) = with_mail().await;
    let (admin, vet) = (clinic.admin().await, clinic.staff().await);
    let ben = StaffId::new();
    let account = format!("/v1/staff/{ben}");
    fails(vet.put(&account, &new_staff("ben@example.org", "en")).await, 403, Code::Invalid).await;
    for _ in 0..2 {
        ok(admin.put(&account, &new_staff(" Ben@Example.org", "en")).await).await;
    }
    let letter = mailbox.nth(1).await;
    assert_eq!((letter.to.as_str(), letter.subject.contains("Lapa")), ("ben@example.org", true));
    assert!(letter.body.starts_with("Hello Ben Ortiz,"), "{}", letter.body);
    // What the desktop's sign-in asks for.
    assert!(letter.body.contains("ben@example.org") && letter.body.lines().any(|line| line == clinic.base()));
    let stranger = clinic.stranger();
    for guess in ["", PASSWORD] {
        assert_eq!(sign_in(&stranger, "ben@example.org", guess).await, 401, "there is no password yet");
    }
    let path = path(&letter);
    let page = stranger.get(&path).await;
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("default-src 'none'") && policy.contains("form-action 'self'"), "{policy}");
    assert_eq!(page.headers()["cache-control"], "no-store");
    let page = page.text().await.unwrap();
    assert!(page.contains("Lapa Veterinary Clinic") && page.contains("value=\"ben@example.org\""), "{page}");
    assert!(!page.contains("<img") && !page.contains("<script") && !policy.contains("script"), "{policy}");
    let png = logo(&admin).await;
    assert!(stranger.get(&path).await.text().await.unwrap().contains(&png), "the logo is in the page");
    // A mail program that looks at links has not used it up, nor has a wrong try.
    assert_eq!(set_password(&stranger, &path, "short").await, 422);
    assert_eq!(
        fill_in(&stranger, &path, &[("password", "five wet otters"), ("again", "x")]).await.status(),
        422
    );
    let typed = [("password", "five wet otters"), ("again", "five wet otters")];
    let done = fill_in(&stranger, &path, &typed).await;
    assert_eq!(done.status(), 200);
    let policy = done.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("script-src 'self';") && !policy.contains("unsafe"), "{policy}");
    let page = done.text().await.unwrap();
    assert!(page.contains(&png) && page.contains(&format!("<code>{}</code>", clinic.base())), "{page}");
    for file in page.split('"').filter(|part| part.starts_with("/m-assets/")) {
        assert_eq!(stranger.get(file).await.status(), 200, "{file} is on the page");
    }
    assert!(page.contains("/m-assets/account.js"), "{page}");
    assert_eq!(sign_in(&stranger, "ben@example.org", "five wet otters").await, 200);
    assert_eq!(set_password(&stranger, &path, "six wet otters").await, 404, "once");
    let gone = stranger.get(&path).await;
    assert_eq!(gone.status(), 404);
    assert!(gone.text().await.unwrap().contains("href=\"/reset\""));
    let log: AuditPage = admin.read("/v1/audit?after=0&limit=1000").await;
    let about = log.entries.iter().filter(|entry| entry.subject_id == ben.to_string());
    let done: Vec<_> = about.map(|entry| format!("{} {}", entry.actor, entry.act)).collect();
    assert!(done.iter().any(|it| it == "link set the password"), "{done:?}");
    // Who has a password is not invited again.
    let again = admin.post(&format!("{account}/invitation"), &json!({})).await;
    fails(again, 409, Code::Conflict).await;
    let twice =
        admin.put(&format!("/v1/staff/{}", StaffId::new()), &new_staff("ben@example.org", "en")).await;
    fails(twice, 409, Code::Conflict).await;
    let nonsense = admin.put(&format!("/v1/staff/{}", StaffId::new()), &new_staff("ben", "en")).await;
    fails(nonsense, 400, Code::Invalid).await;
}

#[tokio::test]
async fn an_invitation_opens_for_seven_days_and_not_into_a_closed_account() {
    let (clinic, mailbox) = with_mail().await;
    let admin = clinic.admin().await;
    let account = format!("/v1/staff/{}", StaffId::new());
    ok(admin.put(&account, &new_staff("ben@example.org", "es-MX")).await).await;
    let letter = mailbox.nth(1).await;
    assert!(letter.body.contains("contraseña"), "{}", letter.body);
    let stranger = clinic.stranger();
    clinic.clock.advance(7 * DAY - 1000);
    assert_eq!(stranger.get(&path(&letter)).await.status(), 200);
    clinic.clock.advance(1000);
    assert_eq!(stranger.get(&path(&letter)).await.status(), 404);
    assert_eq!(set_password(&stranger, &path(&letter), "five wet otters").await, 404);
    ok(admin.post(&format!("{account}/invitation"), &json!({ "language": "en" })).await).await;
    let letter = mailbox.nth(2).await;
    ok(admin.patch(&account, &json!({ "active": false })).await).await;
    assert_eq!(set_password(&stranger, &path(&letter), "five wet otters").await, 404);
}

#[tokio::test]
async fn where_no_mail_is_sent_an_administrator_hands_the_link_over() {
    let clinic = Clinic::open().await;
    let admin = clinic.admin().await;
    let account = format!("/v1/staff/{}", StaffId::new());
    ok(admin.put(&account, &new_staff("ben@example.org", "en")).await).await;
    let invitation: Value =
        admin.post(&format!("{account}/invitation"), &json!({})).await.json().await.unwrap();
    let path = invitation["link"].as_str().unwrap().strip_prefix(&clinic.base()).unwrap().to_owned();
    let stranger = clinic.stranger();
    assert_eq!(set_password(&stranger, &path, "five wet otters").await, 200);
    assert!(stranger.get("/reset").await.text().await.unwrap().contains("sends no mail"));
    // Nobody is told that a mail is on its way.
    let asked = stranger.post("/v1/password-reset", &json!({ "email": "ben@example.org" })).await;
    fails(asked, 409, Code::Conflict).await;
    let answer = fill_in(&stranger, "/reset", &[("email", "ben@example.org")]).await;
    assert_eq!(answer.status(), 200);
    let page = answer.text().await.unwrap();
    assert_eq!(page, stranger.get("/reset").await.text().await.unwrap());
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_by_a_link_that_opens_once_within_an_hour() {
    let (clinic, mailbox) = with_mail().await;
    let (desk, stranger) = (clinic.staff().await, clinic.stranger());
    let reset = json!({ "email": " ANA@example.org", "language": "en" });
    assert_eq!(stranger.post("/v1/password-reset", &reset).await.status(), 204);
    let letter = mailbox.nth(1).await;
    assert_eq!(letter.to, "ana@example.org");
    assert_eq!(desk.get("/v1/me").await.status(), 200, "asking alone changes nothing");
    assert_eq!(sign_in(&stranger, "ana@example.org", PASSWORD).await, 200);
    clinic.clock.advance(HOUR);
    assert_eq!(set_password(&stranger, &path(&letter), "five wet otters").await, 404);

    // The page does the same.
    assert_eq!(fill_in(&stranger, "/reset", &[("email", "ana@example.org")]).await.status(), 200);
    let letter = mailbox.nth(2).await;
    assert_eq!(set_password(&stranger, &path(&letter), "five wet otters").await, 200);
    fails(desk.get("/v1/me").await, 401, Code::SignedOut).await;
    assert_eq!(sign_in(&stranger, "ana@example.org", PASSWORD).await, 401);
    assert_eq!(sign_in(&stranger, "ana@example.org", "five wet otters").await, 200);
    assert_eq!(set_password(&stranger, &path(&letter), "six wet otters").await, 404);
}

#[tokio::test]
async fn asking_looks_the_same_for_whoever_is_there_and_for_nobody() {
    let (clinic, mailbox) = with_mail().await;
    clinic.add_member(clinic.practice, StaffId::new(), "gone@example.org", Role::Technician).await;
    let (admin, stranger) = (clinic.admin().await, clinic.stranger());
    let gone = clinic.running.app().store.staff_by_email("gone@example.org").await.unwrap().unwrap().staff.id;
    ok(admin.patch(&format!("/v1/staff/{gone}"), &json!({ "active": false })).await).await;
    let mut seen = Vec::new();
    for email in ["nobody@example.org", "gone@example.org", "ana@example.org"] {
        let answer = stranger.post("/v1/password-reset", &json!({ "email": email })).await;
        let mut headers: HashMap<_, _> =
            answer.headers().iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
        headers.retain(|name, _| name != "x-request-id" && name != "date");
        let page = fill_in(&stranger, "/reset", &[("email", email)]).await;
        seen.push((answer.status(), headers, page.status(), page.text().await.unwrap()));
        clinic.clock.advance(HOUR);
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0], seen[2]);
    // One request still waiting gives way to the next, so Ana has one mail or two, and nobody else has any.
    let store = &clinic.running.app().store;
    sent(store, (0, 0)).await;
    let letters = mailbox.letters();
    assert!((1..=2).contains(&letters.len()) && letters.iter().all(|letter| letter.to == "ana@example.org"));
}

#[tokio::test]
async fn whoever_asks_again_and_again_fills_neither_mailbox_nor_disk() {
    let (clinic, mailbox) = with_mail().await;
    let stranger = clinic.stranger();
    let ask = async |email: &str| stranger.post("/v1/password-reset", &json!({ "email": email })).await;
    for _ in 0..10 {
        assert_eq!(ask("ana@example.org").await.status(), 204);
        tokio::time::sleep(std::time::Duration::from_millis(60)).await;
    }
    for n in 0..20 {
        assert_eq!(ask(&format!("{n}@example.org")).await.status(), 204);
    }
    fails(ask("ana@example.org").await, 429, Code::TooMany).await;
    let page = fill_in(&stranger, "/reset", &[("email", "ana@example.org")]).await;
    assert_eq!(page.status(), 429);
    let store = &clinic.running.app().store;
    sent(store, (0, 0)).await;
    assert!((1..=3).contains(&mailbox.letters().len()), "{}", mailbox.letters().len());
    clinic.clock.advance(HOUR);
    assert_eq!(ask("ana@example.org").await.status(), 204);
}

#[tokio::test]
async fn a_mail_that_does_not_go_out_is_tried_again_and_one_that_cannot_is_given_up() {
    let (clinic, mailbox) = with_mail().await;
    let admin = clinic.admin().await;
    let store = clinic.running.app().store.clone();
    mailbox.refuse(&["451 come back later", "451 come back later"]);
    ok(admin.put(&format!("/v1/staff/{}", StaffId::new()), &new_staff("ben@example.org", "en")).await).await;
    eventually(|| mailbox.calls() == 1).await;
    // Not again at once.
    for _ in 0..10 {
        store.bells().ring(Lane::Post);
        tokio::time::sleep(std::time::Duration::from_millis(30)).await;
    }
    assert_eq!((mailbox.calls(), mailbox.letters().len()), (1, 0));
    for _ in 0..200 {
        clinic.clock.advance(1000);
        store.bells().ring(Lane::Post);
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(mailbox.calls(), 3);
    let letter = mailbox.nth(1).await;
    assert_eq!(set_password(&clinic.stranger(), &path(&letter), "five wet otters").await, 200);

    mailbox.refuse(&["550 nobody here"]);
    ok(admin.put(&format!("/v1/staff/{}", StaffId::new()), &new_staff("typo@example.org", "en")).await).await;
    sent(&store, (0, 1)).await;
    assert_eq!(mailbox.letters().len(), 1);
}

#[tokio::test]
async fn a_forgotten_passwords_mail_that_is_put_off_again_and_again_arrives_all_the_same() {
    let (clinic, mailbox) = with_mail().await;
    let store = clinic.running.app().store.clone();
    mailbox.refuse(&["451 come back later"; 4]);
    let stranger = clinic.stranger();
    let ask = async || stranger.post("/v1/password-reset", &json!({ "email": "ana@example.org" })).await;
    assert_eq!(ask().await.status(), 204);
    let pass = async |steps: usize| {
        for _ in 0..steps {
            clinic.clock.advance(5000);
            store.bells().ring(Lane::Post);
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    eventually(|| mailbox.calls() == 1).await;
    pass(120).await;
    assert_eq!((mailbox.calls(), mailbox.letters().len()), (5, 1));
    // What never arrived is not counted: she asks once more, and is written to.
    assert_eq!(ask().await.status(), 204);
    let letter = mailbox.nth(2).await;
    assert_eq!(set_password(&stranger, &path(&letter), "five wet otters").await, 200);
}

#[tokio::test]
async fn what_attempts_left_behind_that_were_cut_off_are_no_mails_that_arrived() {
    let (clinic, mailbox) = with_mail().await;
    let store = clinic.running.app().store.clone();
    mailbox.refuse(&["451 come back later"]);
    let stranger = clinic.stranger();
    let asked = stranger.post("/v1/password-reset", &json!({ "email": "ana@example.org" })).await;
    assert_eq!(asked.status(), 204);
    eventually(|| mailbox.calls() == 1).await;
    // As a node leaves them that dies while it sends.
    let link = AccountLink { practice: clinic.practice, staff: clinic.vet, kind: LinkFor::Reset };
    for n in 0..3 {
        store.add_account_link(&token_hash(&n.to_string()), link, clinic.clock.now()).await.unwrap();
    }
    for _ in 0..60 {
        clinic.clock.advance(5000);
        store.bells().ring(Lane::Post);
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    mailbox.nth(1).await;
}

#[tokio::test]
async fn a_server_that_does_not_relay_is_asked_again_and_one_without_the_mailbox_is_not() {
    let (clinic, mailbox) = with_mail().await;
    let admin = clinic.admin().await;
    let store = clinic.running.app().store.clone();
    mailbox.refuse(&["550 5.7.1 relaying denied"]);
    ok(admin.put(&format!("/v1/staff/{}", StaffId::new()), &new_staff("ben@example.org", "en")).await).await;
    eventually(|| mailbox.calls() == 1).await;
    sent(&store, (1, 0)).await;
    for _ in 0..50 {
        clinic.clock.advance(1000);
        store.bells().ring(Lane::Post);
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    mailbox.nth(1).await;
    mailbox.refuse(&["550 5.1.1 nobody here"]);
    ok(admin.put(&format!("/v1/staff/{}", StaffId::new()), &new_staff("typo@example.org", "en")).await).await;
    sent(&store, (0, 1)).await;
}

#[tokio::test]
async fn an_administrator_mails_nobody_again_and_again_and_writes_no_letters_of_their_own() {
    let (clinic, _mailbox) = with_mail().await;
    let admin = clinic.admin().await;
    let account = format!("/v1/staff/{}", StaffId::new());
    for _ in 0..5 {
        ok(admin.put(&account, &new_staff("ben@example.org", "en")).await).await;
    }
    let again = async || admin.post(&format!("{account}/invitation"), &json!({})).await;
    for _ in 0..2 {
        ok(again().await).await;
    }
    let sentence = fails(again().await, 429, Code::TooMany).await;
    assert!(sentence.contains("invitations"), "{sentence}");
    clinic.clock.advance(HOUR);
    ok(again().await).await;
    for name in ["Ben\n\nYou have won a prize", "Ben\u{85}Ortiz"] {
        let new = json!({ "name": name, "role": "technician", "email": "x@example.org", "language": "en" });
        let sentence =
            fails(admin.put(&format!("/v1/staff/{}", StaffId::new()), &new).await, 400, Code::Invalid).await;
        assert!(sentence.contains("one line"), "{sentence}");
        fails(admin.patch(&account, &json!({ "name": name })).await, 400, Code::Invalid).await;
    }
    // The address was mistyped: it is put right, and the next mail goes there.
    ok(admin.patch(&account, &json!({ "email": "Benito@example.org" })).await).await;
    let theirs = admin.patch(&account, &json!({ "email": "ana@example.org" })).await;
    let sentence = fails(theirs, 409, Code::Conflict).await;
    assert!(sentence.contains("closed account"), "{sentence}");
    fails(admin.patch(&account, &json!({ "email": "ben" })).await, 400, Code::Invalid).await;
}

#[tokio::test]
async fn a_mail_outlives_the_server_that_was_to_send_it() {
    let mailbox = Mailbox::open().await;
    // Nobody listens there.
    let nowhere = Mailbox::open()
        .await
        .settings()
        .map(|mail| limpet_server::serve::Mail { server: "smtp://127.0.0.1:1".into(), ..mail });
    let clinic =
        Clinic::open_with(|settings| limpet_server::serve::Settings { mail: nowhere, ..settings }).await;
    let admin = clinic.admin().await;
    ok(admin.put(&format!("/v1/staff/{}", StaffId::new()), &new_staff("ben@example.org", "en")).await).await;
    let Clinic { running, clock, data, .. } = clinic;
    running.stop().await;
    clock.advance(10 * 60_000);
    let running = limpet_server::serve::start(limpet_server::serve::Settings {
        listen: ([127, 0, 0, 1], 0).into(),
        clock,
        mail: mailbox.settings(),
        ..crate::ground::settings(data.path())
    })
    .await
    .unwrap();
    let letter = mailbox.nth(1).await;
    assert_eq!(letter.to, "ben@example.org");
    running.stop().await;
    // No token is kept anywhere in the clear.
    let token = path(&letter).trim_start_matches("/a/").to_owned();
    for name in ["limpet.db", "limpet.db-wal"] {
        let bytes = std::fs::read(data.path().join(name)).unwrap_or_default();
        assert!(!bytes.windows(token.len()).any(|part| part == token.as_bytes()), "{name}");
    }
}

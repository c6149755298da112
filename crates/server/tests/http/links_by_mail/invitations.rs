//! Invitations of staff: once, for seven days, and not without end.

use limpet_model::StaffId;
use limpet_wire::{Code, http::AuditPage};
use serde_json::{Value, json};

use super::{fill_in, logo, new_staff, path, set_password, sign_in, with_mail};
use crate::clinic::{Clinic, DAY, HOUR, PASSWORD, fails, ok};

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
    for told in ["<dd>Ben Ortiz</dd>", "<dd>Technician</dd>", "The link opens until"] {
        assert!(page.contains(told), "{told}: {page}");
    }
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

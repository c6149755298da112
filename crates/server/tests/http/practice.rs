//! `/v1/practice`, its logo, consent texts and consents; `limpet-server practice`.

use limpet_model::{ConsentId, Practice, UPLOAD_LIMIT};
use limpet_wire::{Code, changes::Entity};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{
    clinic::{Clinic, Device, fails, file, ok, words},
    process::{furnish, run},
};

/// The practice as a device's feed has it.
async fn in_feed(device: &Device) -> Practice {
    let practice = |entity| if let Entity::Practice(practice) = entity { Some(practice) } else { None };
    device.everything().await.into_iter().find_map(|change| practice(change.entity)).unwrap()
}

fn week(from: u16, to: u16) -> Value {
    json!({ "week": [[{ "from": from, "to": to }], [], [], [], [], [], []], "days": [] })
}

#[tokio::test]
async fn an_administrator_sets_how_the_practice_works_and_every_device_hears_of_it() {
    let clinic = Clinic::open().await;
    let (admin, vet) = (clinic.admin().await, clinic.staff().await);
    let case = vet.open_case().await;
    let phone = vet.phone(&case).await;
    let change = json!({
        "name": "Lapa Vets", "phone": "555 0199", "letterhead": "Reg. 4711\nsecret", "time_zone": "Atlantic/Canary",
        "hours": week(540, 1020), "chat_hours": week(600, 700), "upload_limit": 5_000_000, "retention_years": 3,
        "escalate_minutes": 45, "legal_hold": true, "offline": true, "offline_words": { "en": "Flooded" }, "away_words": { "en": "secret" },
    });
    fails(vet.patch("/v1/practice", &change).await, 403, Code::Invalid).await;
    fails(phone.patch("/v1/practice", &change).await, 404, Code::NotFound).await;
    let set: Practice = admin.patch("/v1/practice", &change).await.json().await.unwrap();
    assert_eq!((set.name.as_str(), set.settings.retention_years), ("Lapa Vets", 3));
    assert_eq!(set.settings.escalate_minutes, 45);
    assert_eq!(set.address, "1 Harbour Street", "what was not said is as it was");
    for device in [&admin, &vet] {
        assert_eq!(in_feed(device).await, set);
        assert_eq!(device.read::<Practice>("/v1/practice").await, set);
    }
    // A client's device holds what it shows.
    for seen in [in_feed(&phone).await, phone.read::<Practice>("/v1/practice").await] {
        assert!(!format!("{seen:?}").contains("secret") && seen.address.is_empty());
        assert_eq!(
            (seen.name.as_str(), seen.phone.as_str(), seen.settings.offline),
            ("Lapa Vets", "555 0199", true)
        );
        assert_eq!(seen.settings.hours, set.settings.hours);
        assert_eq!(seen.settings.escalate_minutes, 0);
        assert!(!seen.settings.legal_hold && seen.settings.retention_years != 3);
    }
    let revision = admin.changes(0, 1000).await.revision;
    ok(admin.patch("/v1/practice", &change).await).await;
    // The log says what flags and numbers are now, and only of what is otherwise.
    ok(admin.patch("/v1/practice", &json!({ "offline": true, "legal_hold": false })).await).await;
    let log: limpet_wire::http::AuditPage = admin.read("/v1/audit?after=0&limit=1000").await;
    let details: Vec<&str> =
        log.entries.iter().filter(|it| it.subject == "practice").map(|it| it.detail.as_str()).collect();
    assert!(details[0].contains(r#""retention_years":3"#) && !details[0].contains("secret"), "{details:?}");
    // A hold that is lifted counts after a week, which is a setting of its own.
    assert_eq!(details[1], r#"{"set":["legal_hold","retention_grace"],"to":{"legal_hold":false}}"#);
    ok(admin.patch("/v1/practice", &json!({ "legal_hold": true })).await).await;
    let revision = limpet_model::Revision(revision.0 + 2);
    assert_eq!(admin.changes(0, 1000).await.revision, revision, "nothing changed");
}

#[tokio::test]
async fn what_does_not_fit_is_refused_in_words_and_changes_nothing() {
    let clinic = Clinic::open().await;
    let admin = clinic.admin().await;
    let before = in_feed(&admin).await;
    for (change, part) in [
        (json!({ "name": " " }), "name is missing"),
        (json!({ "time_zone": "Mars/Olympus" }), "Europe/Madrid"),
        (json!({ "hours": week(600, 600) }), "begin before they end"),
        (
            json!({ "chat_hours": { "week": [[], [], [], [], [], [], []], "days": [{ "date": "2026-02-30", "spans": [] }] } }),
            "2026-12-24",
        ),
        (
            json!({ "hours": { "week": [[], [], [], [], [], [], []], "days": [{ "date": "2026-12-24", "spans": [] }] } }),
            "hours of the week first",
        ),
        (json!({ "away_words": { "en": "We are away.", "es": " " } }), "is missing"),
        (json!({ "away_words": { "english!": "x" } }), "es-MX"),
        (json!({ "upload_limit": UPLOAD_LIMIT + 1 }), "200 MB"),
        (json!({ "upload_limit": 1 }), "between 1"),
        (json!({ "retention_years": 101 }), "100 years"),
        (json!({ "escalate_minutes": 10_081 }), "a week"),
        (json!({ "consent": { "en": " " } }), "consent text is missing"),
        (json!({ "logo": { "sha256": "x", "width": 1, "height": 1 } }), "cannot read"),
        (json!({ "hours": { "week": [[]], "days": [] } }), "cannot read"),
    ] {
        let sentence = fails(admin.patch("/v1/practice", &change).await, 400, Code::Invalid).await;
        assert!(sentence.contains(part), "{change}: {sentence}");
    }
    assert_eq!(in_feed(&admin).await, before);
}

#[tokio::test]
async fn files_are_as_large_as_the_practice_takes_them() {
    let clinic = Clinic::open().await;
    let (admin, vet) = (clinic.admin().await, clinic.staff().await);
    let case = vet.open_case().await;
    ok(admin.patch("/v1/practice", &json!({ "upload_limit": 2 * 1024 * 1024 })).await).await;
    let with = |bytes: usize| {
        let attachment = file(limpet_model::AttachmentKind::Clip, "walk.mov", bytes);
        limpet_wire::http::NewMessage { attachments: vec![attachment], ..words(&case, "") }
    };
    let put = async |bytes| {
        vet.put(&format!("/v1/messages/{}", limpet_model::MessageId::new()), &with(bytes)).await
    };
    let (id, taken) = (limpet_model::MessageId::new(), with(2 * 1024 * 1024));
    ok(vet.put(&format!("/v1/messages/{id}"), &taken).await).await;
    ok(put(2 * 1024 * 1024).await).await;
    let sentence = fails(put(2 * 1024 * 1024 + 1).await, 413, Code::TooLarge).await;
    assert!(sentence.contains("larger than 2 MB"), "{sentence}");
    // What was taken is taken when its answer was lost and it comes once more.
    ok(admin.patch("/v1/practice", &json!({ "upload_limit": 1024 * 1024 })).await).await;
    ok(vet.put(&format!("/v1/messages/{id}"), &taken).await).await;
}

pub fn png(side: u32) -> Vec<u8> {
    let mut png = Vec::new();
    let drawn = image::RgbaImage::from_pixel(side, side, image::Rgba([10, 90, 80, 255]));
    drawn.write_to(&mut std::io::Cursor::new(&mut png), image::ImageFormat::Png).unwrap();
    png
}

#[tokio::test]
async fn the_logo_is_drawn_anew_and_shown_to_the_practices_devices() {
    let clinic = Clinic::open().await;
    let (admin, vet) = (clinic.admin().await, clinic.staff().await);
    let case = vet.open_case().await;
    let phone = vet.phone(&case).await;
    let send = async |device: &Device, bytes: Vec<u8>| {
        device.ask(Method::PUT, "/v1/practice/logo").body(bytes).send().await.unwrap()
    };
    fails(vet.get("/v1/practice/logo").await, 404, Code::NotFound).await;
    fails(send(&vet, png(8)).await, 403, Code::Invalid).await;
    let mut sent = png(700);
    sent.extend(b"hidden words");
    ok(send(&admin, sent.clone()).await).await;
    let logo = in_feed(&phone).await.settings.logo.unwrap();
    assert_eq!((logo.width, logo.height), (600, 600));
    for device in [&admin, &vet, &phone] {
        let shown = device.get("/v1/practice/logo").await;
        assert_eq!(shown.headers()["content-type"], "image/png");
        let etag = shown.headers()["etag"].clone();
        let bytes = shown.bytes().await.unwrap();
        assert_eq!(hex::encode(Sha256::digest(&bytes)), logo.sha256);
        assert!(!bytes.windows(6).any(|part| part == b"hidden"));
        let again =
            device.ask(Method::GET, "/v1/practice/logo").header("if-none-match", etag).send().await.unwrap();
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    }
    let sentence = fails(send(&admin, b"<svg/>".to_vec()).await, 400, Code::Invalid).await;
    assert!(sentence.contains("PNG"), "{sentence}");
    fails(send(&admin, vec![0; 3 * 1024 * 1024]).await, 413, Code::TooLarge).await;
    // Another practice has none of it.
    let other = limpet_model::PracticeId::new();
    clinic.add_practice(other).await;
    clinic.add_staff(other, limpet_model::StaffId::new(), "zoe@example.org").await;
    let theirs = crate::clinic::sign_in(&clinic.base(), "zoe@example.org").await;
    fails(theirs.get("/v1/practice/logo").await, 404, Code::NotFound).await;
    // `doctor` knows it for what it is.
    let blobs = clinic.data.path().join("blobs");
    let stored = blobs.join(clinic.practice.to_string()).join("logo").join(&logo.sha256);
    let old = std::fs::File::options().write(true).open(&stored).unwrap();
    old.set_modified(std::time::UNIX_EPOCH).unwrap();
    let look = async || {
        let blobs = limpet_server::blobs::Blobs::in_folder(&blobs).unwrap();
        let app = clinic.running.app();
        limpet_server::doctor::examine(&app.store, &blobs, app.now()).await.unwrap()
    };
    assert_eq!(look().await, []);
    let elsewhere = stored.with_extension("elsewhere");
    std::fs::rename(&stored, &elsewhere).unwrap();
    assert!(look().await.contains(&limpet_server::doctor::Finding::NoLogo(clinic.practice)));
    std::fs::rename(&elsewhere, &stored).unwrap();
    ok(admin.delete("/v1/practice/logo").await).await;
    fails(vet.get("/v1/practice/logo").await, 404, Code::NotFound).await;
    assert!(
        look().await[0].to_string().contains("nobody's file"),
        "one that is not shown any more is nobody's"
    );
}

#[tokio::test]
async fn a_new_consent_text_is_a_new_version_and_what_clients_said_stays() {
    let clinic = Clinic::open().await;
    let (admin, vet) = (clinic.admin().await, clinic.staff().await);
    let case = vet.open_case().await;
    let other = vet.open_case().await;
    let (phone, stranger) = (vet.phone(&case).await, vet.phone(&other).await);
    let say = async |device: &Device, id: ConsentId, version: u32, given: bool| {
        let new = json!({ "client": case.client, "version": version, "given": given });
        device.put(&format!("/v1/consents/{id}"), &new).await
    };
    fails(say(&phone, ConsentId::new(), 1, true).await, 404, Code::NotFound).await;
    for text in ["May we?", "May we?", "May we, please?"] {
        ok(admin.patch("/v1/practice", &json!({ "consent": { "en": text } })).await).await;
        clinic.clock.advance(1000);
    }
    let asked = in_feed(&phone).await.settings.consent.unwrap();
    assert_eq!((asked.version, asked.words["en"].as_str()), (2, "May we, please?"));
    let texts: Value = vet.read("/v1/consent-texts").await;
    assert_eq!((texts.as_array().unwrap().len(), texts[1]["words"]["en"].as_str()), (2, Some("May we?")));
    fails(phone.get("/v1/consent-texts").await, 404, Code::NotFound).await;

    let (first, second) = (ConsentId::new(), ConsentId::new());
    ok(say(&phone, first, 1, true).await).await;
    clinic.clock.advance(1000);
    ok(say(&phone, first, 1, true).await).await;
    fails(say(&phone, first, 1, false).await, 409, Code::Conflict).await;
    fails(say(&stranger, second, 2, true).await, 404, Code::NotFound).await;
    ok(say(&vet, second, 2, false).await).await;
    let said = async |device: &Device| {
        let consent = |entity| if let Entity::Consent(consent) = entity { Some(consent) } else { None };
        device.everything().await.into_iter().filter_map(|change| consent(change.entity)).collect::<Vec<_>>()
    };
    let seen = said(&vet).await;
    let facts: Vec<_> = seen.iter().map(|it| (it.id, it.version, it.given, it.by)).collect();
    assert_eq!(facts, [(first, 1, true, None), (second, 2, false, Some(clinic.vet))]);
    assert_eq!(said(&phone).await.len(), 2);
    assert_eq!(said(&phone).await[1].by, None, "who wrote it down is the practice's");
    assert!(said(&stranger).await.is_empty());
}

#[tokio::test]
async fn an_operator_lists_shows_and_sets_practices() {
    let folder = tempfile::tempdir().unwrap();
    furnish(folder.path());
    let text = |args: &[&str], input: &str| {
        let output = run(args, folder.path(), input);
        let (out, err) =
            (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        (output.status.success(), out, err)
    };
    let (_, listed, _) = text(&["practice", "list"], "");
    let (id, name) = listed.trim().split_once(' ').unwrap();
    assert!(!name.is_empty());
    let set = |change: &str| text(&["practice", "set", "--practice", id], change);
    let (done, out, _) = set(r#"{ "name": "Sur", "legal_hold": true, "escalate_minutes": 90 }"#);
    assert!(done && out.contains("\"legal_hold\": true"), "{out}");
    assert!(out.contains("\"escalate_minutes\": 90"), "{out}");
    let (_, shown, _) = text(&["practice", "show", "--practice", id], "");
    assert_eq!(serde_json::from_str::<Practice>(&shown).unwrap().name, "Sur");
    for (change, part) in
        [("{", "not a change"), (r#"{"nmae": "x"}"#, "nmae"), (r#"{"name": ""}"#, "missing")]
    {
        let (done, _, err) = set(change);
        assert!(!done && err.contains(part), "{err}");
    }
    let (done, _, err) = set(r#"{ "requires_code": true }"#);
    assert!(!done && err.contains("No administrator"), "{err}");
    assert!(!text(&["practice", "show", "--practice", "limpet"], "").0);
}

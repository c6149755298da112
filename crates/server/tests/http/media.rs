//! `GET /m/{capability}` and the bytes behind it.

use limpet_model::{AttachmentKind, AttachmentState};
use limpet_server::{
    by::Actor,
    store::jobs::{Lane, Work},
    view::View,
};
use limpet_wire::{Code, http::NewAttachment};
use reqwest::{Method, Response};

use crate::{
    attachments::{BYTES, prepared},
    clinic::{Clinic, HOUR, NOON, fails, file},
    uploads::{create, send},
};

async fn page(clinic: &Clinic, link: &str, language: &str) -> Response {
    let path = link.strip_prefix(&clinic.base()).unwrap_or(link);
    clinic.stranger().ask(Method::GET, path).header("accept-language", language).send().await.unwrap()
}

#[tokio::test]
async fn whoever_has_the_link_sees_the_clip_and_nothing_else() {
    let clinic = Clinic::open().await;
    let staff = clinic.staff().await;
    let case = staff.open_case().await;
    staff.say(&case, "nobody else's business").await;
    let clip = NewAttachment {
        captured_at: Some(NOON),
        caption: "After <the> walk".into(),
        ..file(AttachmentKind::Clip, "walk.mov", BYTES.len())
    };
    let id = staff.announce(&case, clip).await;
    prepared(&clinic, &staff, id).await;
    let link = staff.attachment(id).await.link.unwrap();
    assert_eq!(link.rsplit('/').next().unwrap().len(), 43);

    let response = page(&clinic, &link, "en").await;
    assert_eq!(response.status(), 200);
    let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(
        policy.contains("default-src 'none'") && !policy.contains("unsafe") && !policy.contains("script")
    );
    assert_eq!(response.headers()["cache-control"], "no-store");
    let html = response.text().await.unwrap();
    for part in [
        "Lapa Veterinary Clinic",
        "Biscuit",
        "Filmed on 22 November 2026, 12:00 CET",
        "<video",
        "playsinline",
        "/rendition\"",
        "poster=\"/m/",
        "After &lt;the&gt; walk",
        "20",
        "walk.mov",
        &"ab".repeat(32),
        "<html lang=\"en\">",
    ] {
        assert!(html.contains(part), "{part} not in {html}");
    }
    for hidden in ["business", "Marta", "<script", "style=", "Penicillin"] {
        assert!(!html.contains(hidden), "{hidden} in {html}");
    }
    let spanish = page(&clinic, &link, "es-MX,es;q=0.9").await.text().await.unwrap();
    assert!(
        spanish.contains("Grabado el 22 de noviembre de 2026") && spanish.contains("Descargar el original")
    );
    let style = clinic.stranger().get("/m-assets/media.css").await;
    assert_eq!(style.headers()["content-type"], "text/css; charset=utf-8");
    // After an upgrade no page meets the style of before.
    assert_eq!(style.headers()["cache-control"], "no-cache");
    let again = clinic.stranger().ask(Method::GET, "/m-assets/media.css");
    let again = again.header("if-none-match", style.headers()["etag"].clone()).send().await.unwrap();
    assert_eq!((again.status().as_u16(), again.bytes().await.unwrap().len()), (304, 0));
    for path in html.split('"').filter(|part| part.starts_with("/m")) {
        assert_eq!(clinic.stranger().get(path).await.status(), 200, "{path} is on the page");
    }

    let stranger = clinic.stranger();
    let path = link.strip_prefix(&clinic.base()).unwrap().to_owned();
    let part = stranger.ask(Method::GET, &format!("{path}/rendition")).header("range", "bytes=2-5").send();
    let part = part.await.unwrap();
    assert_eq!(
        (part.status().as_u16(), part.headers()["content-type"].to_str().unwrap()),
        (206, "video/mp4")
    );
    assert_eq!(part.bytes().await.unwrap(), &BYTES[2..6]);
    assert_eq!(stranger.get(&format!("{path}/original")).await.bytes().await.unwrap(), BYTES);

    // A still is no key to the conversation.
    fails(stranger.get(&format!("/v1/attachments/{id}/original")).await, 401, Code::SignedOut).await;
}

#[tokio::test]
async fn every_opening_is_written_down_without_an_address() {
    let clinic = Clinic::open().await;
    let staff = clinic.staff().await;
    let case = staff.open_case().await;
    let id = staff.announce(&case, file(AttachmentKind::Clip, "walk.mov", BYTES.len())).await;
    prepared(&clinic, &staff, id).await;
    let link = staff.attachment(id).await.link.unwrap();
    let path = link.strip_prefix(&clinic.base()).unwrap().to_owned();
    page(&clinic, &link, "en").await;
    for _ in 0..3 {
        clinic.stranger().get(&format!("{path}/rendition")).await;
    }
    clinic.clock.advance(HOUR);
    page(&clinic, &link, "en").await;
    let app = clinic.running.app();
    app.openings.write_down(app).await.unwrap();
    let openings = clinic.running.app().store.openings(clinic.practice, id).await.unwrap();
    let seen: Vec<_> = openings.iter().map(|o| (o.what.as_str(), o.count)).collect();
    assert_eq!(seen, [("page", 1), ("rendition", 3), ("page", 1)]);
    assert_eq!(openings[2].first_at.0, NOON.0 + HOUR);
    assert!(openings.iter().all(|opening| opening.address_hash.len() == 32));
    assert!(!openings[0].address_hash.contains("127"));
}

#[tokio::test]
async fn a_link_that_opens_nothing_says_so() {
    let clinic = Clinic::open().await;
    let staff = clinic.staff().await;
    let case = staff.open_case().await;
    let id = staff.announce(&case, file(AttachmentKind::Clip, "walk.mov", BYTES.len())).await;
    prepared(&clinic, &staff, id).await;
    let link = staff.attachment(id).await.link.unwrap();
    let capability = link.rsplit('/').next().unwrap();
    assert!(clinic.running.app().store.revoke_capability(capability, Actor::Operator, NOON).await.unwrap());
    for path in [link.as_str(), "/m/short", &format!("/m/{}", "x".repeat(43))] {
        let response = page(&clinic, path, "en").await;
        assert_eq!(response.status(), 404);
        let html = response.text().await.unwrap();
        assert!(html.contains("This link does not open") && html.contains("ask the practice"), "{html}");
    }
    let path = link.strip_prefix(&clinic.base()).unwrap();
    fails(clinic.stranger().get(&format!("{path}/original")).await, 404, Code::NotFound).await;
    // Devices are told that it is gone; the clip itself is not.
    assert_eq!(staff.attachment(id).await.link, None);
    assert_eq!(staff.get(&format!("/v1/attachments/{id}/original")).await.status(), 200);
}

#[tokio::test]
async fn a_clip_that_is_being_prepared_says_so_and_one_that_was_refused_says_why() {
    let clinic = Clinic::open().await;
    let staff = clinic.staff().await;
    let case = staff.open_case().await;
    let id = staff.announce(&case, file(AttachmentKind::Clip, "walk.mov", BYTES.len())).await;
    create(&staff, id, BYTES.len() as i64).await;
    send(&staff, id, 0, BYTES).await;
    let store = &clinic.running.app().store;
    let job = store.claim_job(Lane::Heavy, "test", NOON).await.unwrap().unwrap();
    assert_eq!((job.practice, job.work, job.attempt), (clinic.practice, Work::Prepare(id), 1));
    let mut found = store.attachment(clinic.practice, View::Staff, id).await.unwrap().unwrap();
    assert!(store.write_findings(job, &found, false, NOON).await.unwrap());
    let link = staff.attachment(id).await.link.unwrap();
    let html = page(&clinic, &link, "en").await.text().await.unwrap();
    assert!(html.contains("being prepared") && html.contains("http-equiv=\"refresh\""), "{html}");

    found.state = AttachmentState::Refused { reason: "This file is <not> a video.".into() };
    assert!(store.write_findings(job, &found, true, NOON).await.unwrap());
    assert_eq!(staff.attachment(id).await.link.unwrap(), link, "a link never changes");
    let html = page(&clinic, &link, "en").await.text().await.unwrap();
    assert!(html.contains("&lt;not&gt; a video") && !html.contains("refresh"), "{html}");
}

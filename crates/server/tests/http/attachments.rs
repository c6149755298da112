//! `GET, HEAD /v1/attachments/{id}/{original,rendition,poster}`: ranges and their edges.

use limpet_model::{Attachment, AttachmentId, AttachmentKind, AttachmentState};
use limpet_server::{
    blobs::Part,
    file_of::FileOf,
    store::jobs::{Lane, Work},
    view::View,
};
use limpet_wire::Code;
use reqwest::{Method, Response};

use crate::{
    clinic::{Clinic, Device, NOON, fails, file},
    uploads::{create, send},
};

pub const BYTES: &[u8] = b"0123456789abcdefghij";

/// An attachment as a job leaves it, without running one: the bytes are not a clip, and need not be here.
pub async fn prepared(clinic: &Clinic, device: &Device, id: AttachmentId) -> Attachment {
    create(device, id, BYTES.len() as i64).await;
    send(device, id, 0, BYTES).await;
    let app = clinic.running.app();
    let mut found = app.store.attachment(clinic.practice, View::Staff, id).await.unwrap().unwrap();
    let of = FileOf { practice: clinic.practice, attachment: id };
    for part in [Part::Original, Part::Rendition] {
        app.blobs.put(of, part, BYTES.to_vec()).await.unwrap();
    }
    app.blobs.put(of, Part::Poster, b"JPEG".to_vec()).await.unwrap();
    found.sha256 = Some("ab".repeat(32));
    found.mime = "video/quicktime".into();
    found.state = AttachmentState::Ready;
    found.has_poster = true;
    found.has_rendition = true;
    let job = app.store.claim_job(Lane::Heavy, "test", app.now()).await.unwrap().unwrap();
    assert_eq!(job.work, Work::Prepare(id));
    assert!(app.store.write_findings(job, &found, true, NOON).await.unwrap());
    app.store.attachment(clinic.practice, View::Staff, id).await.unwrap().unwrap()
}

async fn ranged(device: &Device, path: &str, method: Method, headers: &[(&str, &str)]) -> Response {
    let mut request = device.ask(method, path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

#[tokio::test]
async fn ranges_are_answered_as_the_standard_says() {
    let clinic = Clinic::open().await;
    let staff = clinic.staff().await;
    let case = staff.open_case().await;
    let id = staff.announce(&case, file(AttachmentKind::Clip, "walk \"1\".mov", BYTES.len())).await;
    prepared(&clinic, &staff, id).await;
    let path = format!("/v1/attachments/{id}/original");

    let whole = staff.get(&path).await;
    assert_eq!(whole.status(), 200);
    let headers = whole.headers().clone();
    assert_eq!(headers["accept-ranges"], "bytes");
    assert_eq!(headers["content-length"], "20");
    assert_eq!(headers["content-type"], "video/quicktime");
    assert_eq!(headers["x-content-type-options"], "nosniff");
    assert!(headers["content-security-policy"].to_str().unwrap().starts_with("sandbox"));
    assert!(
        headers["content-disposition"].to_str().unwrap().starts_with("attachment; filename=\"walk _1_.mov\"")
    );
    let etag = headers["etag"].to_str().unwrap().to_owned();
    assert_eq!(whole.bytes().await.unwrap(), BYTES);

    for (range, status, content_range, body) in [
        ("bytes=0-0", 206, Some("bytes 0-0/20"), &BYTES[..1]),
        ("bytes=5-9", 206, Some("bytes 5-9/20"), &BYTES[5..10]),
        ("bytes=15-", 206, Some("bytes 15-19/20"), &BYTES[15..]),
        ("bytes=15-99", 206, Some("bytes 15-19/20"), &BYTES[15..]),
        ("bytes=-4", 206, Some("bytes 16-19/20"), &BYTES[16..]),
        ("bytes=0-1,4-5", 200, None, BYTES),
        ("lines=0-1", 200, None, BYTES),
    ] {
        let response = ranged(&staff, &path, Method::GET, &[("range", range)]).await;
        assert_eq!(response.status(), status, "{range}");
        let said = response.headers().get("content-range").map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(said.as_deref(), content_range, "{range}");
        assert_eq!(response.headers()["content-length"], body.len().to_string(), "{range}");
        assert_eq!(response.bytes().await.unwrap(), body, "{range}");
    }
    let beyond = ranged(&staff, &path, Method::GET, &[("range", "bytes=20-")]).await;
    assert_eq!(beyond.headers()["content-range"], "bytes */20");
    fails(beyond, 416, Code::Invalid).await;

    let current = [("range", "bytes=0-3"), ("if-range", etag.as_str())];
    assert_eq!(ranged(&staff, &path, Method::GET, &current).await.status(), 206);
    let stale = [("range", "bytes=0-3"), ("if-range", "\"older\"")];
    assert_eq!(ranged(&staff, &path, Method::GET, &stale).await.status(), 200);
    let cached = ranged(&staff, &path, Method::GET, &[("if-none-match", etag.as_str())]).await;
    assert_eq!((cached.status().as_u16(), cached.bytes().await.unwrap().len()), (304, 0));

    let head = ranged(&staff, &path, Method::HEAD, &[("range", "bytes=5-9")]).await;
    assert_eq!((head.status().as_u16(), head.headers()["content-length"].to_str().unwrap()), (206, "5"));
    assert!(head.bytes().await.unwrap().is_empty());
}

#[tokio::test]
async fn what_is_not_there_yet_and_what_never_will_be() {
    let clinic = Clinic::open().await;
    let staff = clinic.staff().await;
    let case = staff.open_case().await;
    let id = staff.announce(&case, file(AttachmentKind::Clip, "walk.mov", BYTES.len())).await;
    for part in ["original", "rendition", "poster"] {
        fails(staff.get(&format!("/v1/attachments/{id}/{part}")).await, 409, Code::Conflict).await;
    }
    fails(staff.get(&format!("/v1/attachments/{id}/secrets")).await, 404, Code::NotFound).await;
    fails(staff.get(&format!("/v1/attachments/{}/poster", AttachmentId::new())).await, 404, Code::NotFound)
        .await;
    prepared(&clinic, &staff, id).await;
    let phone = staff.phone(&case).await;
    assert_eq!(phone.get(&format!("/v1/attachments/{id}/rendition")).await.bytes().await.unwrap(), BYTES);
    assert_eq!(
        phone.get(&format!("/v1/attachments/{id}/poster")).await.headers()["content-type"],
        "image/jpeg"
    );
    let stranger = clinic.stranger().get(&format!("/v1/attachments/{id}/poster")).await;
    fails(stranger, 401, Code::SignedOut).await;
    let foreign = staff.open_case().await;
    let other = staff.phone(&foreign).await.get(&format!("/v1/attachments/{id}/poster")).await;
    fails(other, 404, Code::NotFound).await;
}

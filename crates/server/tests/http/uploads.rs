//! tus 1.0 under `/v1/uploads`.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD};
use limpet_model::{AttachmentId, AttachmentKind, AttachmentState, MessageId};
use limpet_server::by::{Actor, By};
use limpet_wire::{
    Code,
    http::{NewMessage, UPLOAD_LIMIT},
};
use reqwest::{Method, RequestBuilder, Response};
use sha1::Digest as _;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::{
    clinic::{Case, Clinic, DAY, Device, NOON, fails, file, ok, words},
    ground,
};

pub const CLIP: &[u8] = b"0123456789abcdefghij";

pub fn tus(device: &Device, method: Method, path: &str) -> RequestBuilder {
    device.ask(method, path).header("tus-resumable", "1.0.0")
}

pub fn creation(device: &Device, id: AttachmentId, length: i64) -> RequestBuilder {
    tus(device, Method::POST, "/v1/uploads").header("upload-length", length).header(
        "upload-metadata",
        format!("filename eA==,attachment {}", BASE64_STANDARD.encode(id.to_string())),
    )
}

pub async fn create(device: &Device, id: AttachmentId, length: i64) -> Response {
    creation(device, id, length).send().await.unwrap()
}

pub fn chunk(device: &Device, id: AttachmentId, offset: i64) -> RequestBuilder {
    tus(device, Method::PATCH, &format!("/v1/uploads/{id}"))
        .header("upload-offset", offset)
        .header("content-type", "application/offset+octet-stream")
}

pub async fn send(device: &Device, id: AttachmentId, offset: i64, bytes: &'static [u8]) -> Response {
    chunk(device, id, offset).body(bytes).send().await.unwrap()
}

/// Announces a clip and sends all of it.
pub async fn send_clip(device: &Device, case: &Case, clip: Vec<u8>) -> AttachmentId {
    let id = device.announce(case, file(AttachmentKind::Clip, "walk.mov", clip.len())).await;
    create(device, id, clip.len() as i64).await;
    ok(chunk(device, id, 0).body(clip).send().await.unwrap()).await;
    id
}

pub async fn head(device: &Device, id: AttachmentId) -> Response {
    tus(device, Method::HEAD, &format!("/v1/uploads/{id}")).send().await.unwrap()
}

pub fn offset(response: &Response) -> i64 {
    assert_eq!(response.headers()["tus-resumable"], "1.0.0");
    response.headers()["upload-offset"].to_str().unwrap().parse().unwrap()
}

pub struct Sender {
    pub clinic: Clinic,
    pub staff: Device,
    pub phone: Device,
    pub case: Case,
    pub id: AttachmentId,
}

pub async fn sender() -> Sender {
    let clinic = Clinic::open().await;
    let staff = clinic.staff().await;
    let case = staff.open_case().await;
    let phone = staff.phone(&case).await;
    let id = phone.announce(&case, file(AttachmentKind::Clip, "walk.mov", CLIP.len())).await;
    Sender { clinic, staff, phone, case, id }
}

impl Sender {
    /// What has arrived, if anything.
    pub async fn arrived(&self) -> Option<Vec<u8>> {
        ground::arrived(self.clinic.data.path(), self.id).await
    }

    pub async fn stored(&self) -> Vec<u8> {
        self.arrived().await.unwrap()
    }

    async fn until_it_has(&self, bytes: usize) {
        until_it_is(async || self.arrived().await.is_some_and(|arrived| arrived.len() == bytes)).await;
    }
}

#[tokio::test]
async fn says_what_it_can_do() {
    let clinic = Clinic::open().await;
    let response = clinic.stranger().ask(Method::OPTIONS, "/v1/uploads").send().await.unwrap();
    let headers = response.headers();
    assert_eq!(response.status(), 204);
    assert_eq!(headers["tus-version"], "1.0.0");
    assert_eq!(headers["tus-extension"], "creation,creation-with-upload,expiration,termination,checksum");
    assert_eq!(headers["tus-checksum-algorithm"], "sha1,sha256");
    assert_eq!(headers["tus-max-size"], "209715200");
}

#[tokio::test]
async fn a_file_arrives_in_pieces_and_is_whole() {
    let s = sender().await;
    let created = create(&s.phone, s.id, 20).await;
    assert_eq!(created.status(), 201);
    assert_eq!(created.headers()["location"], format!("/v1/uploads/{}", s.id));
    assert!(created.headers().contains_key("upload-expires"));
    assert_eq!(offset(&created), 0);

    let first = send(&s.phone, s.id, 0, &CLIP[..7]).await;
    assert_eq!((first.status().as_u16(), offset(&first)), (204, 7));
    assert_eq!(s.staff.attachment(s.id).await.state, AttachmentState::Uploading { received: 7 });
    let asked = head(&s.phone, s.id).await;
    assert_eq!((asked.status().as_u16(), offset(&asked)), (200, 7));
    assert_eq!(asked.headers()["upload-length"], "20");
    assert_eq!(asked.headers()["cache-control"], "no-store");

    // Begun again, as a page does that was reloaded: it goes on where it was.
    let again = create(&s.phone, s.id, 20).await;
    assert_eq!((again.status().as_u16(), offset(&again)), (201, 7));

    let last = send(&s.phone, s.id, 7, &CLIP[7..]).await;
    assert_eq!((last.status().as_u16(), offset(&last)), (204, 20));
    let done = s.staff.attachment(s.id).await;
    assert_eq!(done.state, AttachmentState::Processing);
    assert!(done.uploaded_at.is_some());
    assert_eq!(s.stored().await, CLIP);
    assert_eq!(s.clinic.running.app().store.count_jobs().await.unwrap(), (1, 0));

    // Everything asked again after the end answers the end.
    assert_eq!(offset(&head(&s.phone, s.id).await), 20);
    assert_eq!(offset(&create(&s.phone, s.id, 20).await), 20);
    ok(send(&s.phone, s.id, 20, b"").await).await;
    fails(send(&s.phone, s.id, 7, &CLIP[7..]).await, 409, Code::Conflict).await;
    assert_eq!(s.clinic.running.app().store.count_jobs().await.unwrap(), (1, 0));
}

#[tokio::test]
async fn a_small_file_arrives_with_its_creation() {
    let s = sender().await;
    let request = creation(&s.phone, s.id, 20).header("content-type", "application/offset+octet-stream");
    let created = request.body(CLIP).send().await.unwrap();
    assert_eq!((created.status().as_u16(), offset(&created)), (201, 20));
    assert_eq!(s.staff.attachment(s.id).await.state, AttachmentState::Processing);
    assert_eq!(s.stored().await, CLIP);
}

#[tokio::test]
async fn a_piece_in_the_wrong_place_changes_nothing() {
    let s = sender().await;
    create(&s.phone, s.id, 20).await;
    send(&s.phone, s.id, 0, &CLIP[..7]).await;
    for wrong in [0, 6, 8] {
        fails(send(&s.phone, s.id, wrong, b"XXX").await, 409, Code::Conflict).await;
    }
    assert_eq!(s.stored().await, &CLIP[..7]);
    // More than was announced: refused before it is read, and as it is read.
    fails(send(&s.phone, s.id, 7, b"XXXXXXXXXXXXXXXXXXXX").await, 413, Code::TooLarge).await;
    let endless = futures_util::stream::iter([&CLIP[7..], b"beyond"].map(Ok::<_, std::io::Error>));
    let response = chunk(&s.phone, s.id, 7).body(reqwest::Body::wrap_stream(endless)).send().await.unwrap();
    assert!([204, 413].contains(&response.status().as_u16()), "{}", response.status());
    assert_eq!(s.stored().await, CLIP, "never more than was announced");
}

#[tokio::test]
async fn a_piece_is_checked_against_its_checksum() {
    let s = sender().await;
    create(&s.phone, s.id, 20).await;
    let sha1 = BASE64_STANDARD.encode(sha1::Sha1::digest(&CLIP[..7]));
    let with = |offset: i64, checksum: String, bytes: &'static [u8]| {
        chunk(&s.phone, s.id, offset).header("upload-checksum", checksum).body(bytes).send()
    };
    let damaged = with(0, format!("sha1 {sha1}"), b"0123X56").await.unwrap();
    fails(damaged, 460, Code::Conflict).await;
    assert_eq!(offset(&head(&s.phone, s.id).await), 0, "what was damaged is dropped");
    let unknown = with(0, format!("md5 {sha1}"), &CLIP[..7]).await.unwrap();
    fails(unknown, 400, Code::Invalid).await;
    assert_eq!(offset(&with(0, format!("sha1 {sha1}"), &CLIP[..7]).await.unwrap()), 7);
    let sha256 = BASE64_STANDARD.encode(<sha2::Sha256 as sha2::Digest>::digest(&CLIP[7..]));
    assert_eq!(offset(&with(7, format!("sha256 {sha256}"), &CLIP[7..]).await.unwrap()), 20);
    assert_eq!(s.stored().await, CLIP);
}

#[tokio::test]
async fn a_connection_that_breaks_keeps_what_arrived_unless_it_has_a_checksum() {
    let s = sender().await;
    create(&s.phone, s.id, 20).await;
    for (checksum, kept) in [(true, 0), (false, 7)] {
        let (pieces, body) = mpsc::channel::<Result<&'static [u8], std::io::Error>>(1);
        let mut request =
            chunk(&s.phone, s.id, 0).body(reqwest::Body::wrap_stream(ReceiverStream::new(body)));
        if checksum {
            request = request.header("upload-checksum", format!("sha1 {}", BASE64_STANDARD.encode([0; 20])));
        }
        let sending = tokio::spawn(request.send());
        pieces.send(Ok(&CLIP[..7])).await.unwrap();
        s.until_it_has(7).await;
        // The phone loses its signal.
        sending.abort();
        let _ = sending.await;
        drop(pieces);
        let answer = head(&s.phone, s.id).await;
        assert_eq!(offset(&answer), kept, "checksum: {checksum}");
    }
    assert_eq!(offset(&send(&s.phone, s.id, 7, &CLIP[7..]).await), 20);
    assert_eq!(s.stored().await, CLIP);
}

#[tokio::test]
async fn two_connections_do_not_write_at_once_and_a_hanging_one_gives_way() {
    let s = sender().await;
    create(&s.phone, s.id, 20).await;
    let (pieces, body) = mpsc::channel::<Result<&'static [u8], std::io::Error>>(1);
    let request = chunk(&s.phone, s.id, 0).body(reqwest::Body::wrap_stream(ReceiverStream::new(body)));
    let hanging = tokio::spawn(request.send());
    pieces.send(Ok(&CLIP[..7])).await.unwrap();
    s.until_it_has(7).await;
    let second = send(&s.phone, s.id, 7, &CLIP[7..]).await;
    fails(second, 423, Code::Conflict).await;
    // Asking where to go on makes the hanging connection give way.
    assert_eq!(offset(&head(&s.phone, s.id).await), 7);
    assert_eq!(offset(&send(&s.phone, s.id, 7, &CLIP[7..]).await), 20);
    assert_eq!(s.stored().await, CLIP);
    drop(pieces);
    let _ = hanging.await;
}

#[tokio::test]
async fn an_upload_nobody_finishes_runs_out_and_can_be_sent_again() {
    let s = sender().await;
    create(&s.phone, s.id, 20).await;
    send(&s.phone, s.id, 0, &CLIP[..7]).await;
    s.clinic.clock.advance(6 * DAY);
    assert_eq!(
        offset(&send(&s.phone, s.id, 7, &CLIP[7..9]).await),
        9,
        "each piece keeps it for as long again"
    );
    s.clinic.clock.advance(6 * DAY);
    assert_eq!(offset(&head(&s.phone, s.id).await), 9);
    s.clinic.clock.advance(2 * DAY);
    assert_eq!(head(&s.phone, s.id).await.status(), 410);
    assert_eq!(send(&s.phone, s.id, 9, &CLIP[9..]).await.status(), 410);
    limpet_server::sweep::once(s.clinic.running.app()).await.unwrap();
    let AttachmentState::Refused { reason } = s.staff.attachment(s.id).await.state else { panic!() };
    assert!(reason.contains("not finished in time"), "{reason}");
    assert_eq!(head(&s.phone, s.id).await.status(), 404);
    assert_eq!(s.arrived().await, None);
    // The person sends it again.
    assert_eq!(offset(&create(&s.phone, s.id, 20).await), 0);
    assert_eq!(s.staff.attachment(s.id).await.state, AttachmentState::Uploading { received: 0 });
    assert_eq!(offset(&send(&s.phone, s.id, 0, CLIP).await), 20);
}

#[tokio::test]
async fn a_file_that_never_begins_is_given_up_by_its_sender_or_by_time() {
    let s = sender().await;
    let lost = s.phone.announce(&s.case, file(AttachmentKind::Clip, "lost.mov", CLIP.len())).await;
    let path = format!("/v1/uploads/{}", s.id);
    assert_eq!(tus(&s.phone, Method::DELETE, &path).send().await.unwrap().status(), 204);
    assert!(matches!(s.staff.attachment(s.id).await.state, AttachmentState::Refused { .. }));
    let sweep = async || limpet_server::sweep::once(s.clinic.running.app()).await.unwrap();
    sweep().await;
    assert_eq!(s.staff.attachment(lost).await.state, AttachmentState::Uploading { received: 0 });
    s.clinic.clock.advance(8 * DAY);
    sweep().await;
    let AttachmentState::Refused { reason } = s.staff.attachment(lost).await.state else { panic!() };
    assert!(reason.contains("Send the file again"), "{reason}");
}

#[tokio::test]
async fn an_upload_can_be_given_up() {
    let s = sender().await;
    create(&s.phone, s.id, 20).await;
    send(&s.phone, s.id, 0, &CLIP[..7]).await;
    let path = format!("/v1/uploads/{}", s.id);
    assert_eq!(tus(&s.phone, Method::DELETE, &path).send().await.unwrap().status(), 204);
    assert_eq!(head(&s.phone, s.id).await.status(), 404);
    assert_eq!(s.arrived().await, None);
    assert!(matches!(s.staff.attachment(s.id).await.state, AttachmentState::Refused { .. }));
    create(&s.phone, s.id, 20).await;
    send(&s.phone, s.id, 0, CLIP).await;
    fails(tus(&s.phone, Method::DELETE, &path).send().await.unwrap(), 409, Code::Conflict).await;
}

#[tokio::test]
async fn only_what_was_announced_may_be_sent_and_only_by_who_announced_it() {
    let s = sender().await;
    let unannounced = create(&s.phone, AttachmentId::new(), 20).await;
    fails(unannounced, 404, Code::NotFound).await;
    let other_size = create(&s.phone, s.id, 21).await;
    let sentence = fails(other_size, 409, Code::Conflict).await;
    assert!(sentence.contains("has changed"), "{sentence}");
    let sentence = fails(create(&s.phone, s.id, UPLOAD_LIMIT + 1).await, 413, Code::TooLarge).await;
    assert!(sentence.contains("200 MB"), "{sentence}");
    fails(create(&s.staff, s.id, 20).await, 404, Code::NotFound).await;
    // Not even what staff announced in the client's own conversation.
    let theirs = s.staff.announce(&s.case, file(AttachmentKind::Photo, "x.jpg", 20)).await;
    fails(create(&s.phone, theirs, 20).await, 404, Code::NotFound).await;
    ok(create(&s.staff, theirs, 20).await).await;
    fails(send(&s.phone, theirs, 0, CLIP).await, 404, Code::NotFound).await;
    let foreign = s.staff.open_case().await;
    let stranger = s.staff.phone(&foreign).await;
    fails(create(&stranger, s.id, 20).await, 404, Code::NotFound).await;
    // Another version of the protocol, another type of body, no length.
    let path = format!("/v1/uploads/{}", s.id);
    ok(create(&s.phone, s.id, 20).await).await;
    let old = s.phone.ask(Method::PATCH, &path).header("tus-resumable", "0.2.2").send().await.unwrap();
    fails(old, 412, Code::Invalid).await;
    let text = tus(&s.phone, Method::PATCH, &path).header("upload-offset", 0).body("x").send().await.unwrap();
    fails(text, 415, Code::Invalid).await;
    let without = tus(&s.phone, Method::POST, "/v1/uploads").send().await.unwrap();
    fails(without, 400, Code::Invalid).await;
}

#[tokio::test]
async fn a_practice_that_is_at_its_limit_is_told_before_a_byte_is_sent() {
    let s = sender().await;
    let store = &s.clinic.running.app().store;
    let room = async || store.room(s.clinic.practice).await.unwrap().kept;
    assert_eq!(room().await, 20, "what is announced counts");
    store.set_quota(By::new(s.clinic.practice, Actor::Operator, NOON), Some(40)).await.unwrap();
    let too_much = |device: &Device, bytes: usize| {
        let attachments = vec![file(AttachmentKind::Clip, "b.mov", bytes)];
        let message = NewMessage { attachments, ..words(&s.case, "Look") };
        let device = device.clone();
        async move { device.put(&format!("/v1/messages/{}", MessageId::new()), &message).await }
    };
    let sentence = fails(too_much(&s.phone, 21).await, 507, Code::NoRoom).await;
    assert!(sentence.contains("used up its room"), "{sentence}");
    fails(too_much(&s.staff, 21).await, 507, Code::NoRoom).await;
    assert_eq!((room().await, s.staff.thread(s.case.conversation).await.len()), (20, 1));
    s.phone.say(&s.case, "Words still arrive").await;
    ok(too_much(&s.phone, 20).await).await;
    fails(too_much(&s.phone, 1).await, 507, Code::NoRoom).await;
    // What is given up makes room, and needs it when it is begun again.
    create(&s.phone, s.id, 20).await;
    let path = format!("/v1/uploads/{}", s.id);
    assert_eq!(tus(&s.phone, Method::DELETE, &path).send().await.unwrap().status(), 204);
    assert_eq!(room().await, 20);
    ok(too_much(&s.phone, 20).await).await;
    fails(create(&s.phone, s.id, 20).await, 507, Code::NoRoom).await;
    store.set_quota(By::new(s.clinic.practice, Actor::Operator, NOON), None).await.unwrap();
    ok(create(&s.phone, s.id, 20).await).await;
}

/// Waits until something is so; a test that waits in vain ends.
pub async fn until_it_is(mut so: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waiting).await.expect("it never came to be");
}

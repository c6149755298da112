//! What happens to a file once it has arrived, in the real server with its decoder child.

use futures_util::TryStreamExt;
use limpet_model::{AttachmentId, AttachmentKind, AttachmentState};
use limpet_server::{blobs::Part, file_of::FileOf};
use limpet_wire::changes::Entity;
use sha2::{Digest, Sha256};

use crate::{
    clinic::{Case, Device, file, ok},
    ground,
    process::{Process, furnish, made_clip, phone_clip, settled, staff},
    uploads::{chunk, create},
};

async fn upload(
    device: &Device,
    case: &Case,
    kind: AttachmentKind,
    name: &str,
    bytes: &[u8],
) -> AttachmentId {
    let id = device.announce(case, file(kind, name, bytes.len())).await;
    create(device, id, bytes.len() as i64).await;
    ok(chunk(device, id, 0).body(bytes.to_vec()).send().await.unwrap()).await;
    id
}

async fn bytes(device: &Device, id: AttachmentId, part: &str) -> bytes::Bytes {
    let response = device.get(&format!("/v1/attachments/{id}/{part}")).await;
    assert_eq!(response.status(), 200, "{part}");
    response.bytes().await.unwrap()
}

#[tokio::test]
async fn a_phones_clip_gets_facts_a_poster_a_rendition_and_a_link() {
    let folder = tempfile::tempdir().unwrap();
    furnish(folder.path());
    let process = Process::start(folder.path(), &[]);
    let device = staff(&process).await;
    let case = device.open_case().await;
    let clip = phone_clip();
    let id = upload(&device, &case, AttachmentKind::Clip, "IMG_0042.MOV", &clip).await;
    let found = settled(&device, id).await;
    assert_eq!(found.state, AttachmentState::Ready);
    assert_eq!(found.sha256, Some(hex::encode(Sha256::digest(&clip))));
    assert!(["video/mp4", "video/quicktime"].contains(&found.mime.as_str()), "{}", found.mime);
    assert!(found.has_poster && found.has_rendition);
    let facts = found.clip.unwrap();
    assert!(facts.frames > 10 && facts.duration.0 > 500_000, "{facts:?}");
    assert!(found.link.unwrap().starts_with(&format!("{}/m/", process.base)));

    assert!(bytes(&device, id, "original").await == clip, "byte for byte");
    assert!(bytes(&device, id, "poster").await.starts_with(&[0xFF, 0xD8, 0xFF]));
    let rendition = bytes(&device, id, "rendition").await;
    assert_eq!(&rendition[4..8], b"ftyp");
    let at = |name: &[u8]| rendition.windows(4).position(|window| window == name);
    assert!(at(b"moov") < at(b"mdat"), "the index comes first, so that it plays while it loads");
}

#[tokio::test]
async fn what_is_not_what_it_says_is_kept_and_refused_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    furnish(folder.path());
    let process = Process::start(folder.path(), &[]);
    let device = staff(&process).await;
    let case = device.open_case().await;
    let whole = made_clip(2);
    let truncated = &whole[..whole.len() / 2];
    let text = b"Dear doctor, here is the video you asked for.\n".repeat(50);
    let zeros = vec![0; 4096];
    let cases: [(AttachmentKind, &str, &[u8], &str); 8] = [
        (AttachmentKind::Clip, "letter.mp4", &text, "not a video"),
        (AttachmentKind::Clip, "invoice.mp4", b"%PDF-1.4\n%%EOF\n", "PDF document, not a video"),
        (AttachmentKind::Clip, "truncated.mp4", truncated, ""),
        (AttachmentKind::Clip, "zeros.mp4", &zeros, "not a video"),
        (AttachmentKind::Photo, "broken.jpg", b"\xFF\xD8\xFF\xE0 this is no picture", ""),
        (AttachmentKind::Photo, "IMG_1.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
        (AttachmentKind::Photo, "IMG_1.avif", b"\0\0\0\x18ftypavif\0\0\0\0mif1avif", "AVIF"),
        (AttachmentKind::Document, "scan.pdf", &whole, "video, not a PDF"),
    ];
    let mut ids = Vec::new();
    for (kind, name, content, _) in &cases {
        ids.push(upload(&device, &case, *kind, name, content).await);
    }
    for ((_, name, content, part), id) in cases.iter().zip(ids) {
        let found = settled(&device, id).await;
        let AttachmentState::Refused { reason } = &found.state else { panic!("{name}: {found:?}") };
        assert!(reason.contains(part) && reason.ends_with('.'), "{name}: {reason}");
        assert_eq!(found.sha256, Some(hex::encode(Sha256::digest(content))), "{name}");
        assert!(bytes(&device, id, "original").await == *content, "{name} is kept byte for byte");
        let original = device.get(&format!("/v1/attachments/{id}/original")).await;
        assert_eq!(original.headers()["content-type"], "application/octet-stream", "{name}");
    }
    // The server goes on.
    let good = upload(&device, &case, AttachmentKind::Clip, "good.mp4", &whole).await;
    assert_eq!(settled(&device, good).await.state, AttachmentState::Ready);
}

#[tokio::test]
async fn a_photo_gets_a_poster_and_a_document_is_taken_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    furnish(folder.path());
    let process = Process::start(folder.path(), &[]);
    let device = staff(&process).await;
    let case = device.open_case().await;
    let png = made_png();
    let heic = include_bytes!("../../../testkit/fixtures/photo.heic").as_slice();
    let photos = [("paw.png", png.as_slice(), "image/png"), ("IMG_1.HEIC", heic, "image/heic")];
    for (name, content, mime) in photos {
        let photo = upload(&device, &case, AttachmentKind::Photo, name, content).await;
        let found = settled(&device, photo).await;
        assert_eq!(
            (found.state, found.mime.as_str(), found.has_poster),
            (AttachmentState::Ready, mime, true)
        );
        assert!(bytes(&device, photo, "poster").await.starts_with(&[0xFF, 0xD8, 0xFF]));
    }
    let pdf = upload(&device, &case, AttachmentKind::Document, "bloods.pdf", b"%PDF-1.4\n%%EOF\n").await;
    let found = settled(&device, pdf).await;
    assert_eq!((found.state, found.mime.as_str()), (AttachmentState::Ready, "application/pdf"));
    assert!(found.link.is_some() && !found.has_poster);
    let missing = device.get(&format!("/v1/attachments/{pdf}/poster")).await;
    assert_eq!(missing.status(), 404);
}

#[tokio::test]
async fn an_original_that_is_there_is_never_written_over() {
    let folder = tempfile::tempdir().unwrap();
    furnish(folder.path());
    // Nobody works yet: what a job left that died just after it put the original away.
    let process = Process::start(folder.path(), &["--workers", "0"]);
    let device = staff(&process).await;
    let case = device.open_case().await;
    let practice = device.everything().await.into_iter().find_map(|change| {
        if let Entity::Practice(practice) = change.entity { Some(practice.id) } else { None }
    });
    let of = |attachment| FileOf { practice: practice.unwrap(), attachment };
    let pdf = b"%PDF-1.4\n%%EOF\n";
    let same = upload(&device, &case, AttachmentKind::Document, "same.pdf", pdf).await;
    let other = upload(&device, &case, AttachmentKind::Document, "other.pdf", pdf).await;
    let blobs = ground::blobs(folder.path());
    blobs.put(of(same), Part::Original, pdf.to_vec()).await.unwrap();
    blobs.put(of(other), Part::Original, b"%PDF-1.4\nanother".to_vec()).await.unwrap();
    assert!(process.terminate().success());

    let process = Process::start(folder.path(), &[]);
    let device = Device { base: process.base.clone(), ..device };
    // Tried, and given another try later; those after it are done meanwhile.
    let after = upload(&device, &case, AttachmentKind::Document, "after.pdf", pdf).await;
    for id in [same, after] {
        assert_eq!(settled(&device, id).await.state, AttachmentState::Ready);
    }
    assert_eq!(device.attachment(other).await.state, AttachmentState::Processing);
    let kept: Vec<_> =
        blobs.stream(of(other), Part::Original, 0..16).await.unwrap().try_collect().await.unwrap();
    assert_eq!(kept.concat(), b"%PDF-1.4\nanother");
}

fn made_png() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("paw.png");
    let made = std::process::Command::new("ffmpeg")
        .args(["-v", "error", "-f", "lavfi", "-i", "testsrc=size=64x48", "-frames:v", "1"])
        .arg(&path)
        .status()
        .unwrap();
    assert!(made.success());
    std::fs::read(path).unwrap()
}

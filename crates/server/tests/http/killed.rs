//! The real server killed with uploads and jobs under way, and started again.

use limpet_model::{AttachmentKind, AttachmentState};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::{
    clinic::{Device, file},
    ground,
    process::{Process, furnish, made_clip, settled, staff},
    uploads::{chunk, create, head, offset, send_clip, until_it_is},
};

#[tokio::test]
async fn an_upload_goes_on_where_the_killed_server_left_it() {
    let folder = tempfile::tempdir().unwrap();
    furnish(folder.path());
    let process = Process::start(folder.path(), &["--workers", "0"]);
    let device = staff(&process).await;
    let case = device.open_case().await;
    let clip: Vec<u8> = (0..8_000_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let id = device.announce(&case, file(AttachmentKind::Clip, "walk.mov", clip.len())).await;
    create(&device, id, clip.len() as i64).await;

    let (pieces, body) = mpsc::channel::<Result<Vec<u8>, std::io::Error>>(1);
    let sending = tokio::spawn(
        chunk(&device, id, 0).body(reqwest::Body::wrap_stream(ReceiverStream::new(body))).send(),
    );
    for piece in clip[..3_000_000].chunks(100_000) {
        pieces.send(Ok(piece.to_vec())).await.unwrap();
    }
    let arrived = async || ground::arrived(folder.path(), id).await;
    until_it_is(async || arrived().await.is_some_and(|bytes| bytes.len() > 2_000_000)).await;
    process.kill();
    drop(pieces);
    assert!(sending.await.unwrap().is_err());

    let process = Process::start(folder.path(), &["--workers", "0"]);
    let device = Device { base: process.base.clone(), ..device };
    let kept = offset(&head(&device, id).await);
    assert!(kept > 2_000_000 && kept <= 3_000_000, "{kept}");
    let rest = clip[usize::try_from(kept).unwrap()..].to_vec();
    let done = chunk(&device, id, kept).body(rest).send().await.unwrap();
    assert_eq!(offset(&done), clip.len() as i64);
    assert_eq!(device.attachment(id).await.state, AttachmentState::Processing);
    assert_eq!(Sha256::digest(arrived().await.unwrap()), Sha256::digest(&clip), "byte for byte");
}

#[tokio::test]
async fn a_clip_is_prepared_although_the_server_was_killed_while_it_was() {
    let folder = tempfile::tempdir().unwrap();
    furnish(folder.path());
    let process = Process::start(folder.path(), &[]);
    let device = staff(&process).await;
    let case = device.open_case().await;
    let clip = made_clip(20);
    let id = send_clip(&device, &case, clip.clone()).await;
    // Killed as soon as the work has visibly begun: the original is put away, the rest is not done.
    until_it_is(async || ground::has_blobs(folder.path()).await).await;
    process.kill();
    let process = Process::start(folder.path(), &[]);
    let device = Device { base: process.base.clone(), ..device };
    let attachment = settled(&device, id).await;
    assert_eq!(attachment.state, AttachmentState::Ready);
    assert_eq!(attachment.sha256, Some(hex::encode(Sha256::digest(&clip))));
    let original = device.get(&format!("/v1/attachments/{id}/original")).await.bytes().await.unwrap();
    assert!(original == clip, "byte for byte");
    until_it_is(async || ground::arrived(folder.path(), id).await.is_none()).await;
}

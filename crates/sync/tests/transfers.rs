//! Uploads and the live connection over connections that break.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at what it did not expect"
)]

mod faulty;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use faulty::{Faulty, Reply, Seen, bytes, folder};
use limpet_cache::media::{MediaFolder, MediaKind};
use limpet_model::{AttachmentId, Revision};
use limpet_sync::{ServerError, http::Told};
use sha2::{Digest, Sha256};

const ORIGINAL: MediaKind = MediaKind::Original;

/// A tus server that keeps what arrives and does to each PATCH what `fault` says: how much of it arrives, and whether
/// the answer does.
fn tus(
    arrived: Arc<Mutex<Option<Vec<u8>>>>,
    fault: impl Fn(usize, usize) -> (usize, bool) + Send + Sync + 'static,
) -> impl Fn(&Seen) -> Reply + Send + Sync {
    let patches = Mutex::new(0);
    move |seen| {
        let mut arrived = arrived.lock().unwrap();
        match (seen.method.as_str(), arrived.as_mut()) {
            ("POST", _) => {
                arrived.get_or_insert_with(Vec::new);
                Reply::new(201).with("Upload-Offset", 0)
            }
            ("HEAD", Some(bytes)) => Reply::new(200).with("Upload-Offset", bytes.len()),
            ("PATCH", Some(bytes)) => {
                let offset: usize = seen.header("upload-offset").unwrap().parse().unwrap();
                if offset != bytes.len() {
                    return Reply::failure(409, limpet_wire::Code::Conflict, "Wrong offset.");
                }
                let mut patches = patches.lock().unwrap();
                let (take, answer) = fault(*patches, seen.body.len());
                *patches += 1;
                bytes.extend_from_slice(&seen.body[..take]);
                if answer { Reply::new(204).with("Upload-Offset", bytes.len()) } else { Reply::vanish() }
            }
            _ => Reply::new(404),
        }
    }
}

async fn upload_until_done(faulty: &Faulty, folder: &MediaFolder, id: AttachmentId, length: usize) -> usize {
    let server = faulty.server();
    for attempt in 1..20 {
        match server.upload(folder, id, length as u64, &|_| {}).await {
            Ok(()) => return attempt,
            Err(error) => assert!(matches!(error, ServerError::NoWay(_)), "{error:?}"),
        }
    }
    panic!("the upload never ended");
}

#[tokio::test]
async fn an_upload_goes_on_where_the_server_stands_however_often_it_breaks() {
    let (_temp, folder) = folder();
    let (id, all) = (AttachmentId::new(), bytes(5 * 1024 * 1024 + 7));
    folder.put(id, ORIGINAL, &all).unwrap();
    let arrived = Arc::new(Mutex::new(None));
    // The first piece arrives in part and without an answer, the second whole and without an answer.
    let faults = |n, length| match n {
        0 => (length / 3, false),
        1 => (length, false),
        _ => (length, true),
    };
    let faulty = Faulty::answering(tus(Arc::clone(&arrived), faults)).await;
    assert_eq!(upload_until_done(&faulty, &folder, id, all.len()).await, 3);
    assert_eq!(arrived.lock().unwrap().as_ref(), Some(&all));
    let sent: usize =
        faulty.seen().iter().filter(|seen| seen.method == "PATCH").map(|seen| seen.body.len()).sum();
    assert!(sent < all.len() + 2 * 1024 * 1024, "{sent} bytes were sent for {}", all.len());
}

#[tokio::test]
async fn an_upload_that_was_moved_by_somebody_else_is_asked_again_where_it_stands() {
    let (_temp, folder) = folder();
    let (id, all) = (AttachmentId::new(), bytes(3 * 1024 * 1024));
    folder.put(id, ORIGINAL, &all).unwrap();
    let arrived = Arc::new(Mutex::new(None));
    let server = tus(Arc::clone(&arrived), |_, length| (length, true));
    let (late, whole) = (Mutex::new(true), all.clone());
    let moved = Arc::clone(&arrived);
    let faulty = Faulty::answering(move |seen| {
        // An earlier attempt that nobody waits for any more arrives just before this one.
        if seen.method == "PATCH" && std::mem::take(&mut *late.lock().unwrap()) {
            *moved.lock().unwrap() = Some(whole[..1_000_000].to_vec());
        }
        server(seen)
    })
    .await;
    faulty.server().upload(&folder, id, all.len() as u64, &|_| {}).await.unwrap();
    assert_eq!(arrived.lock().unwrap().as_ref(), Some(&all));
}

#[tokio::test]
async fn a_complete_upload_needs_no_file_any_more() {
    let (_temp, folder) = folder();
    let id = AttachmentId::new();
    let faulty = Faulty::answering(|_| Reply::new(200).with("Upload-Offset", 10)).await;
    faulty.server().upload(&folder, id, 10, &|_| {}).await.unwrap();
    let error = faulty.server().upload(&folder, id, 11, &|_| {}).await.unwrap_err();
    assert!(matches!(error, ServerError::File(_)), "{error:?}");
}

#[tokio::test]
async fn every_piece_carries_its_checksum() {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let (_temp, folder) = folder();
    let (id, all) = (AttachmentId::new(), bytes(100));
    folder.put(id, ORIGINAL, &all).unwrap();
    let faulty = Faulty::answering(tus(Arc::default(), |_, length| (length, true))).await;
    faulty.server().upload(&folder, id, 100, &|_| {}).await.unwrap();
    let patch = faulty.seen().into_iter().find(|seen| seen.method == "PATCH").unwrap();
    let expected = format!("sha256 {}", STANDARD.encode(Sha256::digest(&all)));
    assert_eq!(patch.header("upload-checksum"), Some(expected.as_str()));
    let post = faulty.seen().into_iter().find(|seen| seen.method == "POST").unwrap();
    assert_eq!(
        post.header("upload-metadata").unwrap(),
        format!("attachment {}", STANDARD.encode(id.to_string()))
    );
}

#[tokio::test]
async fn the_live_connection_tells_revisions_and_ends_when_it_falls_silent() {
    let stream = ": hello\n\ndata: 7\n\ndata:8\r\n\r\nevent: x\ndata: 3\n\nevent: presence\ndata: 4\n\ndata: nonsense\n\n\
                  data: 9\n\n";
    let faulty = Faulty::answering(move |_| {
        Reply::new(200).with("content-type", "text/event-stream").body(stream).then_silence()
    })
    .await;
    let mut live = faulty.server().live(Duration::from_millis(300)).await.unwrap();
    let mut told = vec![];
    let error = loop {
        match live.next().await {
            Ok(what) => told.push(what),
            Err(error) => break error,
        }
    };
    assert_eq!(told, [7, 8, 9].map(|number| Told::Revision(Revision(number))));
    assert_eq!(error, ServerError::NoWay("the live connection fell silent".into()));
}

#[tokio::test]
async fn the_servers_sentence_comes_through_and_a_strange_answer_gets_one() {
    let faulty = Faulty::answering(|seen| {
        if seen.path.contains("/me") {
            Reply::failure(401, limpet_wire::Code::SignedOut, "Sign in again.")
        } else {
            Reply::new(502).body("<html>Bad gateway</html>")
        }
    })
    .await;
    let error = faulty.server().me().await.unwrap_err();
    assert!(error.is_signed_out());
    assert_eq!(limpet_wire::Failure::from(error).message, "Sign in again.");
    let error = faulty.server().changes(Revision(0), 10, None).await.unwrap_err();
    assert!(limpet_wire::Failure::from(error).message.contains("502"));
}

//! Two real servers, one of which is killed in the middle of everything.

use std::{collections::BTreeMap, path::Path, time::Duration};

use futures_util::StreamExt;
use limpet_model::{AttachmentId, AttachmentKind, AttachmentState, MessageId};
use limpet_server::blobs::Blobs;
use sha2::{Digest, Sha256};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
};
use tokio_stream::wrappers::ReceiverStream;

use crate::{
    clinic::{Case, Device, file, ok, words},
    ground,
    process::{Process, furnish, made_clip, run, settled, staff},
    uploads::{chunk, create, offset, send_clip, tus, until_it_is},
};

const SIZE: usize = 9_000_000;
/// What each upload was told has arrived before its node dies.
const TOLD: usize = 1_000_000;

/// A document that is unlike the others.
fn document(number: u32) -> Vec<u8> {
    let mut bytes = b"%PDF-1.4\n".to_vec();
    bytes.extend((0..SIZE as u32).map(|n| (n.wrapping_mul(2_654_435_761).wrapping_add(number) >> 13) as u8));
    bytes
}

/// Says things until it is told to stop, to whichever node there is; answers what was taken.
fn talk(
    device: Device,
    case: Case,
    mut node: watch::Receiver<String>,
    prefix: usize,
) -> JoinHandle<Vec<MessageId>> {
    tokio::spawn(async move {
        let mut taken = Vec::new();
        for number in 0..40 {
            let id = MessageId::new();
            let message = words(&case, &format!("{prefix}-{number}"));
            loop {
                let base = node.borrow_and_update().clone();
                let device = Device { base, ..device.clone() };
                let path = format!("/v1/messages/{id}");
                match device.ask(reqwest::Method::PUT, &path).json(&message).send().await {
                    Ok(answer) if answer.status().is_success() => break,
                    // The node is gone, or going: the same message once more.
                    _ => tokio::time::sleep(Duration::from_millis(50)).await,
                }
            }
            taken.push(id);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        taken
    })
}

/// Listens, at whichever node there is, until it has heard the last revision. Answers how often it connected.
fn listen(
    device: Device,
    mut node: watch::Receiver<String>,
    last: watch::Receiver<i64>,
) -> JoinHandle<usize> {
    tokio::spawn(async move {
        let (mut heard, mut connections) = (0, 0);
        while heard < *last.borrow() {
            let base = node.borrow_and_update().clone();
            let device = Device { base, ..device.clone() };
            let Ok(answer) = device.ask(reqwest::Method::GET, "/v1/live").send().await else {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            connections += 1;
            let mut events = answer.bytes_stream();
            while heard < *last.borrow() {
                match tokio::time::timeout(Duration::from_millis(200), events.next()).await {
                    Ok(Some(Ok(event))) => {
                        let text = String::from_utf8(event.to_vec()).unwrap();
                        for told in text.lines().filter_map(|line| line.strip_prefix("data: ")?.parse().ok())
                        {
                            assert!(told >= heard, "{told} after {heard}");
                            heard = told;
                        }
                    }
                    Ok(_) => break,
                    Err(_) => {}
                }
            }
        }
        connections
    })
}

/// An upload of which the beginning has been told to have arrived, more is on its way, and the line stays open.
async fn under_way(
    device: &Device,
    id: AttachmentId,
    content: &[u8],
) -> mpsc::Sender<Result<Vec<u8>, std::io::Error>> {
    create(device, id, content.len() as i64).await;
    let first = chunk(device, id, 0).body(content[..TOLD].to_vec()).send().await.unwrap();
    assert_eq!(offset(&first), TOLD as i64);
    let (pieces, body) = mpsc::channel(1);
    let request = chunk(device, id, TOLD as i64).body(reqwest::Body::wrap_stream(ReceiverStream::new(body)));
    tokio::spawn(request.send());
    for piece in content[TOLD..6_000_000].chunks(100_000) {
        pieces.send(Ok(piece.to_vec())).await.unwrap();
    }
    pieces
}

/// Goes on as an app does: asks where, and sends the rest. Answers where it went on.
async fn go_on(device: &Device, id: AttachmentId, content: &[u8]) -> i64 {
    let mut begun = None;
    loop {
        let path = format!("/v1/uploads/{id}");
        let asked = tus(device, reqwest::Method::HEAD, &path).send().await.unwrap();
        let from = offset(&asked);
        begun.get_or_insert(from);
        let rest = content[usize::try_from(from).unwrap()..].to_vec();
        let sent = chunk(device, id, from).body(rest).send().await.unwrap();
        if sent.status().is_success() {
            assert_eq!(offset(&sent), content.len() as i64);
            return begun.unwrap();
        }
        assert_eq!(sent.status(), 423);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

fn start_beside(here: &Path, there: &Path) -> Process {
    ground::share(there, here);
    Process::start(there, &[])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_and_nothing_is_there_twice() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    furnish(here.path());
    let one = Process::start(here.path(), &[]);
    let device = staff(&one).await;
    let case = device.open_case().await;
    let (tell, node) = watch::channel(one.base.clone());
    let (end, last) = watch::channel(i64::MAX);
    let listeners: Vec<_> = (0..3).map(|_| listen(device.clone(), node.clone(), last.clone())).collect();
    let talkers: Vec<_> = (0..4).map(|prefix| talk(device.clone(), case, node.clone(), prefix)).collect();
    let documents: Vec<Vec<u8>> = (0..6).map(document).collect();
    let mut uploads = BTreeMap::new();
    for (number, content) in documents.iter().enumerate() {
        let name = format!("{number}.pdf");
        let id = device.announce(&case, file(AttachmentKind::Document, &name, content.len())).await;
        uploads.insert(id, (content, under_way(&device, id, content).await));
    }
    for id in uploads.keys() {
        until_it_is(async || {
            ground::arrived(here.path(), *id).await.is_some_and(|arrived| arrived.len() > TOLD)
        })
        .await;
    }
    // A job that has begun, and takes a while.
    let clip = made_clip(40);
    let in_work = send_clip(&device, &case, clip.clone()).await;
    until_it_is(async || ground::has_blobs(here.path()).await).await;

    let two = start_beside(here.path(), there.path());
    one.kill();
    let died = tokio::time::Instant::now();
    tell.send(two.base.clone()).unwrap();
    let device = Device { base: two.base.clone(), ..device };
    assert_eq!(device.attachment(in_work).await.state, AttachmentState::Processing);

    let going: Vec<_> = uploads.iter().map(|(id, (content, _))| go_on(&device, *id, content)).collect();
    for begun in futures_util::future::join_all(going).await {
        assert!(begun > TOLD as i64, "{begun}: what was told, and what was kept since");
        assert!(begun <= 6_000_000);
    }
    assert!(died.elapsed() < Duration::from_secs(60), "{:?}", died.elapsed());
    let mut said = Vec::new();
    for talker in talkers {
        said.extend(talker.await.unwrap());
    }

    let mut found: Vec<_> = device
        .thread(case.conversation)
        .await
        .into_iter()
        .filter(|message| !message.body.is_empty())
        .collect();
    found.sort_by_key(|message| message.id);
    said.sort_unstable();
    assert_eq!(found.iter().map(|message| message.id).collect::<Vec<_>>(), said, "each once, and no other");
    for (id, (content, _)) in &uploads {
        let attachment = settled(&device, *id).await;
        assert_eq!(attachment.state, AttachmentState::Ready);
        assert_eq!(attachment.sha256, Some(hex::encode(Sha256::digest(content))));
        let original = device.get(&format!("/v1/attachments/{id}/original")).await.bytes().await.unwrap();
        assert!(original == **content, "byte for byte");
    }
    let prepared = settled(&device, in_work).await;
    assert_eq!((prepared.state, prepared.has_rendition), (AttachmentState::Ready, true));
    assert_eq!(prepared.sha256, Some(hex::encode(Sha256::digest(&clip))));

    end.send(device.changes(0, 1000).await.revision.0).unwrap();
    for listener in listeners {
        let heard = tokio::time::timeout(Duration::from_secs(10), listener).await;
        assert_eq!(heard.expect("it hears of everything").unwrap(), 2, "it moved over, once");
    }
    // What is left are parts that were under way when the node died; no row knows them, and they are swept away.
    let rows = ground::with_store(here.path(), async |store| store.all_parts().await.unwrap()).await;
    assert_eq!(rows, []);
    let kept: Vec<_> = ground::blobs(here.path()).list().collect().await;
    let kept =
        kept.into_iter().filter(|blob| Blobs::read_path(&blob.as_ref().unwrap().path).is_some()).count();
    assert_eq!(kept, documents.len() + 3, "an original each, and the clip's three");
    let doctor = run(&["doctor"], there.path(), "");
    assert_eq!(String::from_utf8(doctor.stdout).unwrap(), "all is well\n");
    ok(device.get("/v1/me").await).await;
    assert!(two.terminate().success());
}

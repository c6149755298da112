//! A hundred uploads at once: parts are filled in memory, and there is only so much of it.

use limpet_model::AttachmentKind;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::{
    clinic::file,
    ground,
    process::{Process, furnish, staff},
    uploads::{chunk, create, until_it_is},
};

const UPLOADS: usize = 100;
const MEGABYTE: usize = 1 << 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_uploads_share_one_bounded_memory() {
    let folder = tempfile::tempdir().unwrap();
    furnish(folder.path());
    let process = Process::start(folder.path(), &["--workers", "0"]);
    let device = staff(&process).await;
    let case = device.open_case().await;
    let before = process.memory();
    let piece = bytes::Bytes::from(vec![7; MEGABYTE / 4]);
    let mut lines = Vec::new();
    for _ in 0..UPLOADS {
        let id = device.announce(&case, file(AttachmentKind::Clip, "walk.mov", 8 * MEGABYTE)).await;
        create(&device, id, 8 * MEGABYTE as i64).await;
        let (pieces, body) = mpsc::channel::<Result<bytes::Bytes, std::io::Error>>(1);
        let request = chunk(&device, id, 0).body(reqwest::Body::wrap_stream(ReceiverStream::new(body)));
        tokio::spawn(request.send());
        lines.push((id, pieces));
    }
    // Each has nearly a part, and none has a whole one; none goes on.
    for _ in 0..15 {
        for (_, pieces) in &lines {
            pieces.send(Ok(piece.clone())).await.unwrap();
        }
    }
    let sent = 15 * MEGABYTE / 4;
    let all = async || {
        let parts = ground::with_store(folder.path(), async |store| store.all_parts().await.unwrap()).await;
        parts.iter().map(|part| part.ends - part.begins).sum::<i64>() == (UPLOADS * sent) as i64
    };
    until_it_is(all).await;
    let grown = (process.most_memory() - before) / MEGABYTE as u64;
    println!("{UPLOADS} uploads of which {} MiB had come took {grown} MiB", UPLOADS * sent / MEGABYTE);
    // 64 MiB of parts; the rest is buffers of connections. Without the bound it would be 375 and more.
    assert!(grown < 220, "{grown} MiB");
}

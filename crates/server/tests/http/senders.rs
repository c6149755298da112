//! A hundred senders of files at once.

use limpet_model::AttachmentKind;

use crate::{
    clinic::file,
    process::{Process, furnish, staff},
    uploads::{chunk, create, offset},
};

const SENDERS: usize = 100;
const SIZE: usize = 8 << 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_senders_take_flat_memory() {
    let folder = tempfile::tempdir().unwrap();
    furnish(folder.path());
    let process = Process::start(folder.path(), &["--workers", "0"]);
    let device = staff(&process).await;
    let case = device.open_case().await;
    let mut ids = Vec::new();
    for _ in 0..SENDERS {
        let id = device.announce(&case, file(AttachmentKind::Clip, "walk.mov", SIZE)).await;
        create(&device, id, SIZE as i64).await;
        ids.push(id);
    }
    let content = bytes::Bytes::from(vec![7; SIZE]);

    let before = process.memory();
    let begun = std::time::Instant::now();
    let senders = ids.into_iter().map(|id| chunk(&device, id, 0).body(content.clone()).send());
    let senders: Vec<_> = senders.map(tokio::spawn).collect();
    for sender in senders {
        assert_eq!(offset(&sender.await.unwrap().unwrap()), SIZE as i64);
    }
    let grown = (process.most_memory() - before) >> 20;
    println!("{SENDERS} senders of {} MiB took {grown} MiB and {:?}", SIZE >> 20, begun.elapsed());
    // A piece of each is in the connection's buffer and one is on its way into the file.
    assert!(grown < 60, "{grown} MiB");
}

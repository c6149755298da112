//! A hundred readers of media at once.

use limpet_model::{AttachmentKind, AttachmentState};
use sha2::{Digest, Sha256};

use crate::{
    clinic::{Pass, file},
    process::{Process, furnish, settled, staff},
    uploads::{chunk, create},
};

const READERS: usize = 100;
const SIZE: usize = 8 << 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_readers_take_flat_memory() {
    let folder = tempfile::tempdir().unwrap();
    furnish(folder.path());
    let process = Process::start(folder.path(), &[]);
    let device = staff(&process).await;
    let case = device.open_case().await;
    let mut content = b"%PDF-1.4\n".to_vec();
    content.extend((9..SIZE as u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8));
    let id = device.announce(&case, file(AttachmentKind::Document, "scan.pdf", SIZE)).await;
    create(&device, id, SIZE as i64).await;
    chunk(&device, id, 0).body(content.clone()).send().await.unwrap();
    let found = settled(&device, id).await;
    assert_eq!(found.state, AttachmentState::Ready);
    let path = format!("{}/original", found.link.unwrap().strip_prefix(&process.base).unwrap());
    let sum = Sha256::digest(&content);
    // Without what the job took.
    assert!(process.terminate().success());
    let process = Process::start(folder.path(), &[]);

    let before = process.memory();
    let begun = std::time::Instant::now();
    let mut readers = Vec::new();
    for _ in 0..READERS {
        let reader = crate::clinic::Device::new(&process.base, Pass::None);
        let path = path.clone();
        readers.push(tokio::spawn(async move {
            let mut answer = reader.get(&path).await;
            let mut hash = Sha256::new();
            while let Some(bytes) = answer.chunk().await.unwrap() {
                hash.update(&bytes);
            }
            hash.finalize()
        }));
    }
    for reader in readers {
        assert!(reader.await.unwrap() == sum, "byte for byte");
    }
    let grown = (process.most_memory() - before) >> 20;
    println!("{READERS} readers of {} MiB took {grown} MiB and {:?}", SIZE >> 20, begun.elapsed());
    assert!(grown < 150, "{grown} MiB");
}

//! A disk that fills up under an upload. Needs the right to mount a small file system; without it one line is
//! printed and nothing is tested.

use std::{path::Path, process::Command};

use limpet_model::{AttachmentKind, AttachmentState, MessageId};
use limpet_wire::Code;
use sha2::{Digest, Sha256};

use crate::{
    clinic::{fails, file, ok},
    ground::arrived,
    process::{Process, furnish, settled, staff},
    uploads::{chunk, create, head, offset},
};

struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount(megabytes: u32) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let size = format!("size={megabytes}m");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder.path()).output();
        mounted.is_ok_and(|done| done.status.success()).then(|| Self(folder))
    }

    fn grow(&self, megabytes: u32) {
        let size = format!("remount,size={megabytes}m");
        assert!(Command::new("mount").args(["-o", &size]).arg(self.path()).status().unwrap().success());
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

/// Takes the last free bytes.
fn fill(disk: &Path) {
    use std::io::Write;
    let mut file = std::fs::File::create(disk.join("filler")).unwrap();
    while file.write_all(&[0; 1024]).is_ok() {}
}

#[tokio::test]
async fn a_full_disk_is_said_in_words_and_nothing_is_lost() {
    let Some(disk) = SmallDisk::mount(8) else {
        println!("skipped: mounting a small disk is not permitted here");
        return;
    };
    furnish(disk.path());
    let process = Process::start(disk.path(), &[]);
    let device = staff(&process).await;
    let case = device.open_case().await;
    device.say(&case, "Before the disk was full").await;
    let mut document = b"%PDF-1.4\n".to_vec();
    document.extend((0..20_000_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8));
    let id = device.announce(&case, file(AttachmentKind::Document, "scan.pdf", document.len())).await;
    create(&device, id, document.len() as i64).await;
    let full = chunk(&device, id, 0).body(document.clone()).send().await.unwrap();
    let sentence = fails(full, 507, Code::NoRoom).await;
    assert!(sentence.contains("no room left"), "{sentence}");

    // Words do not fit either, and are told so.
    let words = format!("/v1/messages/{}", MessageId::new());
    fill(disk.path());
    let unsaid = device.put(&words, &crate::clinic::words(&case, &"And after. ".repeat(800))).await;
    fails(unsaid, 507, Code::NoRoom).await;

    // What was there is there, also for who asks now.
    let kept = offset(&head(&device, id).await);
    assert!(kept > 1_000_000, "{kept}");
    assert_eq!(device.thread(case.conversation).await[0].body, "Before the disk was full");
    let stored = arrived(disk.path(), id).await.unwrap();
    assert!(stored == document[..stored.len()], "what arrived is a beginning of the file");

    // Somebody makes room. It goes on from there.
    disk.grow(128);
    let kept = offset(&head(&device, id).await);
    let rest = document[usize::try_from(kept).unwrap()..].to_vec();
    ok(chunk(&device, id, kept).body(rest).send().await.unwrap()).await;
    let found = settled(&device, id).await;
    assert_eq!(found.state, AttachmentState::Ready);
    assert_eq!(found.sha256, Some(hex::encode(Sha256::digest(&document))));
    ok(device.put(&words, &crate::clinic::words(&case, "And after")).await).await;
    assert!(process.terminate().success());
}

//! `limpet-server doctor` on PostgreSQL and a bucket.

use futures_util::{StreamExt, TryStreamExt};
use limpet_model::{AttachmentId, AttachmentKind, AttachmentState, Millis};
use limpet_server::{
    blobs::{Blobs, Part},
    clock::Clock,
    doctor::{Finding, examine, mend},
    file_of::FileOf,
};

use crate::{
    clinic::{Clinic, DAY, file, ok},
    ground,
    process::{Process, run, settled},
    uploads::{chunk, create, offset, send},
};

#[tokio::test]
async fn rows_and_objects_are_compared_and_nothing_is_deleted() {
    let clinic = Clinic::open().await;
    let staff = clinic.staff().await;
    let case = staff.open_case().await;
    let (store, blobs) = (&clinic.running.app().store, ground::blobs(clinic.data.path()));
    // A photo that is prepared by a node with workers, and an upload that is under way.
    let worker = tempfile::tempdir().unwrap();
    ground::share(worker.path(), clinic.data.path());
    let node = Process::start(worker.path(), &[]);
    let photo = include_bytes!("../../../testkit/fixtures/photo.heic").as_slice();
    let kept = staff.announce(&case, file(AttachmentKind::Photo, "paw.heic", photo.len())).await;
    create(&staff, kept, photo.len() as i64).await;
    ok(chunk(&staff, kept, 0).body(photo).send().await.unwrap()).await;
    assert_eq!(settled(&staff, kept).await.state, AttachmentState::Ready);
    assert!(node.terminate().success());
    let arriving = staff.announce(&case, file(AttachmentKind::Document, "scan.pdf", 20)).await;
    create(&staff, arriving, 20).await;
    assert_eq!(offset(&send(&staff, arriving, 0, b"0123456").await), 7);
    let said = run(&["doctor"], clinic.data.path(), "");
    assert_eq!(String::from_utf8(said.stdout).unwrap(), "all is well\n");

    let of = |attachment| FileOf { practice: clinic.practice, attachment };
    let (nobodys, stray) = (of(AttachmentId::new()), "7-nobody".to_owned());
    blobs.put(nobodys, Part::Original, b"x".to_vec()).await.unwrap();
    blobs.put_part(of(arriving), &stray, b"x".to_vec().into()).await.unwrap();
    blobs.set_aside(&Blobs::path_of(of(kept), Part::Poster)).await.unwrap();
    let parts = store.parts(of(arriving)).await.unwrap();
    blobs.remove_parts(of(arriving), vec![parts[0].name.clone()]).await.unwrap();

    let now = Clock::system().now();
    let young = examine(store, &blobs, now).await.unwrap();
    assert_eq!(young, [Finding::Missing(of(kept), "poster"), Finding::Torn(of(arriving))]);
    let later = Millis(now.0 + DAY + 60_000);
    let found = examine(store, &blobs, later).await.unwrap();
    let mut orphans =
        vec![Blobs::path_of(nobodys, Part::Original), Blobs::path_of_part(of(arriving), &stray)];
    orphans.sort();
    let mut expected: Vec<Finding> = orphans.into_iter().map(Finding::Orphan).collect();
    expected.extend(young);
    assert_eq!(found, expected);
    let count = async || blobs.list().try_collect::<Vec<_>>().await.unwrap().len();
    let before = count().await;
    assert_eq!(mend(store, &blobs, found, later).await.unwrap(), []);
    assert_eq!(count().await, before, "moved, not deleted");
    let aside = blobs.list().try_filter(|blob| std::future::ready(Blobs::is_aside(&blob.path)));
    assert_eq!(aside.count().await, 3);
    assert_eq!(staff.attachment(kept).await.state, AttachmentState::Processing, "its poster is made again");
    let AttachmentState::Refused { reason } = staff.attachment(arriving).await.state else { panic!() };
    assert!(reason.contains("Send the file again"), "{reason}");
    // It is sent again from its beginning, whatever there was.
    assert_eq!(offset(&create(&staff, arriving, 20).await), 0);
}

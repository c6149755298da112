//! Uploads that become jobs, and jobs that several nodes claim.

use limpet_model::AttachmentState;
use limpet_server::{
    by::{Actor, By},
    file_of::FileOf,
    store::jobs::{Job, LEASE, Lane, PutBack, Work},
    view::View,
};

use crate::{
    open,
    suite::{NOW, announce, at, open_case},
};

fn of(job: Job) -> FileOf {
    let Work::Prepare(attachment) = job.work else { panic!("{job:?}") };
    FileOf { practice: job.practice, attachment }
}

pub async fn uploads_become_jobs_once(url: &str) {
    let store = open(url).await;
    let case = open_case(&store).await;
    let id = announce(&store, &case).await;
    let get = async || store.attachment(case.practice, View::Staff, id).await.unwrap().unwrap();
    let upload = store.begin_upload(By::server(case.practice, NOW), &get().await).await.unwrap();
    assert_eq!(store.begin_upload(By::server(case.practice, at(5)), &get().await).await.unwrap(), upload);
    store.mark_unproven(&upload, Some(3), None).await.unwrap();
    assert_eq!(store.upload(case.practice, id).await.unwrap().unwrap().unproven_from, Some(3));
    store.mark_unproven(&upload, None, None).await.unwrap();
    store.upload_progress(&upload, 4, at(6)).await.unwrap();
    assert_eq!(get().await.state, AttachmentState::Uploading { received: 4 });
    let kept = store.upload(case.practice, id).await.unwrap().unwrap();
    assert!(kept.expires_at > upload.expires_at);
    store.finish_upload(&upload, None, at(7)).await.unwrap();
    store.finish_upload(&upload, None, at(8)).await.unwrap();
    assert_eq!(store.count_jobs().await.unwrap(), (1, 0));
    assert_eq!((get().await.state, get().await.uploaded_at), (AttachmentState::Processing, Some(at(7))));
    assert!(store.uploads().await.unwrap().is_empty());
}

pub async fn a_job_is_one_nodes_at_a_time(url: &str) {
    let (one, two) = (open(url).await, open(url).await);
    let case = open_case(&one).await;
    for _ in 0..2 {
        let id = announce(&one, &case).await;
        let attachment = one.attachment(case.practice, View::Staff, id).await.unwrap().unwrap();
        let upload = one.begin_upload(By::server(case.practice, NOW), &attachment).await.unwrap();
        one.finish_upload(&upload, None, NOW).await.unwrap();
    }
    let (first, second) =
        tokio::join!(one.claim_job(Lane::Heavy, "one", NOW), two.claim_job(Lane::Heavy, "two", NOW));
    let mut held: Vec<Job> = [first.unwrap(), second.unwrap()].into_iter().flatten().collect();
    while let Some(job) = one.claim_job(Lane::Heavy, "one", NOW).await.unwrap() {
        held.push(job);
    }
    held.sort_by_key(|job| job.work);
    assert_eq!(held.len(), 2);
    assert_ne!(held[0].work, held[1].work);

    // A lease runs out; who held it learns that it is gone.
    let taken = two.claim_job(Lane::Heavy, "three", at(LEASE)).await.unwrap().unwrap();
    assert_eq!(taken.attempt, 2);
    let lost = held.iter().copied().find(|job| job.work == taken.work).unwrap();
    assert!(two.renew_job(taken, at(LEASE)).await.unwrap());
    assert!(!one.renew_job(lost, at(LEASE)).await.unwrap());
    // And what it says of it late changes nothing.
    let mut late = one.attachment(case.practice, View::Staff, of(lost).attachment).await.unwrap().unwrap();
    late.state = AttachmentState::Refused { reason: "late".into() };
    for done in [false, true] {
        assert!(!one.write_findings(lost, &late, done, NOW).await.unwrap());
    }
    one.put_back_job(lost, PutBack::Dead, at(0), "late").await.unwrap();
    let as_it_was = one.attachment(case.practice, View::Staff, of(lost).attachment).await.unwrap().unwrap();
    assert_eq!(as_it_was.state, AttachmentState::Processing);
    assert!(two.renew_job(taken, at(LEASE)).await.unwrap());
    // A node that starts again has its own leases back at once.
    assert_eq!(two.reclaim_jobs("three").await.unwrap(), 1);
    let again = one.claim_job(Lane::Heavy, "one", at(LEASE)).await.unwrap().unwrap();
    // An interruption is no failure; a failure waits; a dead job is left alone.
    one.put_back_job(again, PutBack::Interrupted, at(LEASE), "interrupted").await.unwrap();
    let first = one.claim_job(Lane::Heavy, "one", at(LEASE)).await.unwrap().unwrap();
    let second = one.claim_job(Lane::Heavy, "one", at(LEASE)).await.unwrap().unwrap();
    one.put_back_job(first, PutBack::Failed, at(10 * LEASE), "failed").await.unwrap();
    one.put_back_job(second, PutBack::Dead, at(10 * LEASE), "failed").await.unwrap();
    assert_eq!(one.claim_job(Lane::Heavy, "one", at(9 * LEASE)).await.unwrap(), None);
    assert_eq!(one.count_jobs().await.unwrap(), (1, 1));
    let late = one.claim_job(Lane::Heavy, "one", at(10 * LEASE)).await.unwrap().unwrap();
    assert_eq!(late.work, first.work);

    // Done: the row is gone, the link is there and stays.
    let mut found = one.attachment(case.practice, View::Staff, of(late).attachment).await.unwrap().unwrap();
    found.sha256 = Some("ab".into());
    assert!(one.write_findings(late, &found, false, NOW).await.unwrap());
    let link =
        one.attachment(case.practice, View::Staff, of(late).attachment).await.unwrap().unwrap().link.unwrap();
    found.state = AttachmentState::Ready;
    assert!(one.write_findings(late, &found, true, NOW).await.unwrap());
    assert_eq!(one.count_jobs().await.unwrap(), (0, 1));
    // Another job for the same attachment: a claim of the first is none of this one.
    one.prepare_again(of(late), at(11 * LEASE)).await.unwrap();
    let anew = one.claim_job(Lane::Heavy, "one", at(11 * LEASE)).await.unwrap().unwrap();
    assert_eq!(anew.work, late.work);
    let very_first = held.iter().copied().find(|job| job.work == anew.work).unwrap();
    for old in [very_first, late] {
        assert!(!one.renew_job(old, at(11 * LEASE)).await.unwrap(), "{old:?}");
    }
    assert!(one.write_findings(anew, &found, true, NOW).await.unwrap());
    let capability = link.strip_prefix("/m/").unwrap();
    let (practice, opened) = two.attachment_by_capability(capability).await.unwrap().unwrap();
    assert_eq!((practice, opened.link), (case.practice, Some(link.clone())));
    assert!(two.revoke_capability(capability, Actor::Operator, NOW).await.unwrap());
    assert!(!one.revoke_capability(capability, Actor::Operator, NOW).await.unwrap());
}

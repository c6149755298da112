//! Mail that waits to be sent.

use limpet_server::store::jobs::{LEASE, Lane, PutBack, Work};

use crate::{
    open,
    suite::{Case, NOW, at, open_case, operator, technician},
};

pub async fn a_mail_is_one_nodes_at_a_time(url: &str) {
    let store = open(url).await;
    let Case { practice, .. } = open_case(&store).await;
    let member = technician(practice);
    store.invite_staff(operator(practice), &member, Some("es")).await.unwrap();
    store.invite_staff(operator(practice), &member, Some("es")).await.unwrap();
    let claim = async |now| store.claim_job(Lane::Post, "node", now).await.unwrap();
    let (one, two) = tokio::join!(claim(NOW), claim(NOW));
    let claimed: Vec<_> = [one, two].into_iter().flatten().collect();
    assert_eq!(claimed.len(), 1, "repeating the invitation queues nothing");
    let mail = claimed[0];
    assert_eq!((mail.work, mail.attempt), (Work::Invite(member.id), 1));
    assert_eq!(store.mail_language(mail).await.unwrap(), "es");
    // The node dies; another takes it up, and what the first still says counts for nothing.
    let again = claim(at(LEASE)).await.unwrap();
    assert_eq!(again.attempt, 2);
    assert!(!store.end_mail(mail).await.unwrap());
    assert_eq!(store.count_mails().await.unwrap(), (1, 0));
    assert_eq!(store.mail_language(again).await.unwrap(), "es");
    assert!(store.end_mail(again).await.unwrap());
    assert_eq!(store.count_mails().await.unwrap(), (0, 0));
    // Asked for once more: in the other language, and given up at last.
    store.queue_invitation(operator(practice), member.id, "en").await.unwrap();
    let last = claim(at(LEASE)).await.unwrap();
    assert_eq!(store.mail_language(last).await.unwrap(), "en");
    store.put_back_job(last, PutBack::Dead, at(LEASE), "refused").await.unwrap();
    assert_eq!(store.count_mails().await.unwrap(), (0, 1));
    store.queue_invitation(operator(practice), member.id, "en").await.unwrap();
    assert_eq!(store.count_mails().await.unwrap(), (1, 0), "asking again takes it up again");
}

pub async fn asking_for_a_mail_and_ending_one_wait_for_each_other_in_one_order(url: &str) {
    let store = open(url).await;
    let Case { practice, .. } = open_case(&store).await;
    let member = technician(practice);
    store.invite_staff(operator(practice), &member, Some("es")).await.unwrap();
    for round in 0..60 {
        let now = at(round * LEASE);
        store.queue_invitation(operator(practice), member.id, "en").await.unwrap();
        let mail = store.claim_job(Lane::Post, "node", now).await.unwrap().unwrap();
        let (asked, ended) =
            tokio::join!(store.queue_invitation(operator(practice), member.id, "es"), store.end_mail(mail));
        asked.unwrap();
        assert!(ended.unwrap());
    }
}

pub async fn a_forgotten_password_waits_until_it_is_known_whose_it_is(url: &str) {
    let store = open(url).await;
    let Case { practice, vet, .. } = open_case(&store).await;
    let email = store.staff_member(practice, vet).await.unwrap().unwrap().email;
    for n in 0..3 {
        store.queue_reset("nobody@example.org", "en", at(n)).await.unwrap();
        store.queue_reset(&email, "es", at(n)).await.unwrap();
    }
    assert_eq!(store.count_mails().await.unwrap(), (2, 0), "once for each address");
    let (one, two) = tokio::join!(store.address_resets(at(5)), store.address_resets(at(5)));
    one.and(two).unwrap();
    assert_eq!(store.count_mails().await.unwrap(), (1, 0), "nobody is nobody's");
    let job = store.claim_job(Lane::Post, "node", at(5)).await.unwrap().unwrap();
    assert_eq!((job.practice, job.work), (practice, Work::Reset(vet)));
    assert_eq!(store.mail_language(job).await.unwrap(), "es");
    assert!(store.end_mail(job).await.unwrap());
    for n in 0..600 {
        store.queue_reset(&format!("{n}@example.org"), "en", at(n)).await.unwrap();
    }
    assert_eq!(store.count_mails().await.unwrap().0, 500);
}

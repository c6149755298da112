//! The demo practice at a real server: what was told is what the change feed answers, and clients have waited
//! for as long as they should.
#![expect(clippy::unwrap_used, reason = "a test that panics says where")]

use std::{collections::BTreeMap, process::Command};

use limpet_model::{
    Attachment, AttachmentKind, AttachmentState, Conversation, ConversationState, Message, Millis,
};
use limpet_testkit::{
    clinic::{self, PASSWORD},
    clips,
    servers::Server,
};
use limpet_wire::{
    changes::{ChangePage, Entity},
    http::{SignIn, StaffSession},
};

const MINUTE: i64 = 60_000;

/// What a desktop sees after its first sync.
#[derive(Default)]
struct Seen {
    conversations: BTreeMap<String, Conversation>,
    messages: Vec<Message>,
    attachments: Vec<Attachment>,
}

async fn sync(url: &str, email: &str) -> Seen {
    let http = reqwest::Client::new();
    let sign_in = SignIn {
        email: email.into(),
        password: PASSWORD.into(),
        device: "test".into(),
        code: None,
        mark: None,
    };
    let session: StaffSession =
        http.post(format!("{url}/v1/sign-in")).json(&sign_in).send().await.unwrap().json().await.unwrap();
    let (mut seen, mut since) = (Seen::default(), 0);
    loop {
        let ask = http.get(format!("{url}/v1/changes?since={since}&limit=50")).bearer_auth(&session.token);
        let page: ChangePage = ask.send().await.unwrap().json().await.unwrap();
        for change in page.changes {
            match change.entity {
                Entity::Conversation(it) => drop(seen.conversations.insert(it.subject.clone(), it)),
                Entity::Message(it) => seen.messages.push(it),
                Entity::Attachment(it) => seen.attachments.push(it),
                _ => {}
            }
        }
        since = page.revision.0;
        if !page.more {
            return seen;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_practice_is_there_with_its_past() {
    let folder = tempfile::tempdir().unwrap();
    let before = clinic::now();
    let clinic = clinic::seed_past(folder.path(), &clips::cache_dir()).await.unwrap();
    let took = clinic::now().since(before);
    let mut server = Server::start_in(folder.path(), "127.0.0.1:0").unwrap();
    let me = clinic.staff.first().unwrap();
    let seen = sync(server.url(), &me.email).await;

    assert_eq!(seen.conversations.len(), 12);
    assert_eq!(clinic.conversations.len(), 12);
    let ended = seen.conversations.values().filter(|it| it.state == ConversationState::Ended);
    assert!(
        ended
            .clone()
            .all(|it| it.ending.as_ref().is_some_and(|e| !e.summary.is_empty() && !e.plan.is_empty()))
    );
    assert_eq!(ended.count(), 3);
    assert_eq!(seen.conversations.values().filter(|it| it.urgent).count(), 1);
    assert!(seen.conversations.values().any(|it| it.assignee == Some(me.id)));

    assert!(seen.attachments.iter().all(|it| it.state == AttachmentState::Ready), "{:?}", seen.attachments);
    let of = |kind| seen.attachments.iter().filter(move |it| it.kind == kind);
    assert_eq!(of(AttachmentKind::Clip).count(), 10);
    assert!(of(AttachmentKind::Clip).all(|it| it.clip.is_some() && it.has_poster && it.has_rendition));
    assert!(of(AttachmentKind::Still).all(|it| it.still_of.is_some()));
    assert_eq!(of(AttachmentKind::Still).count(), 4);

    let waited = |subject: &str| clinic::now().since(seen.conversations[subject].waiting_since.unwrap());
    if Command::new("faketime").arg("--version").output().is_ok() {
        for (subject, minutes) in [("Limping after walks", 66), ("Breathing fast while asleep", 9)] {
            let (at_least, at_most) = (minutes * MINUTE, minutes * MINUTE + took + MINUTE);
            assert!((at_least..at_most).contains(&waited(subject)), "{subject}: {} ms", waited(subject));
        }
        assert!(seen.messages.iter().all(|it| it.received_at < clinic::now()));
    }

    // The client's link works on the server that runs now, and what is there outlives a power cut.
    let first = clinic.conversations.first().unwrap();
    let invitation = clinic::invite(server.url(), &me.email, &me.password, first.id).await.unwrap();
    assert!(invitation.link.starts_with(server.url()), "{}", invitation.link);
    assert!(invitation.expires_at > Millis(clinic::now().0));
    server.cut().unwrap();
    server.start_again().unwrap();
    assert_eq!(sync(server.url(), &me.email).await.messages.len(), seen.messages.len());
}

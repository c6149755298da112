//! The two loops over a transport that loses answers and goes away.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at what it did not expect"
)]

mod faulty;
mod taking;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use faulty::{Faulty, Reply, Seen};
use limpet_cache::{StoreKey, outbox::Work};
use limpet_model::*;
use limpet_sync::{
    Engine, Folders, Link, Store, SyncEvent, clock::SystemClock, engine::EngineParts, plan::Pace,
};
use limpet_wire::{
    changes::{Change, ChangePage, Entity},
    desk::Draft,
};
use taking::{Fault, Taken, nothing_new, taking};
use tokio::sync::mpsc;

const PACE: Pace = Pace {
    first: Duration::from_millis(5),
    longest: Duration::from_millis(50),
    silence: Duration::from_secs(30),
};

struct Device {
    _folder: tempfile::TempDir,
    store: Arc<Store>,
}

impl Device {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = StoreKey::generate().unwrap();
        let (store, _) = Store::open(&Folders::of(folder.path()), &key).unwrap();
        Self { _folder: folder, store: Arc::new(store) }
    }

    fn start(&self, faulty: &Faulty) -> (Engine, mpsc::UnboundedReceiver<SyncEvent>) {
        let (events, heard) = mpsc::unbounded_channel();
        let engine = Engine::start(EngineParts {
            store: Arc::clone(&self.store),
            server: faulty.server(),
            me: StaffId::new(),
            clock: Arc::new(SystemClock),
            pace: PACE,
            events,
        });
        (engine, heard)
    }

    fn write(&self, conversation: ConversationId, body: &str) -> MessageId {
        let id = MessageId::new();
        let draft = Draft { conversation, audience: Audience::Everyone, body: body.into(), files: vec![] };
        self.store.outbox.send(&draft, id, Millis(1)).unwrap();
        id
    }

    /// Waits until the outbox is empty.
    async fn until_sent(&self, heard: &mut mpsc::UnboundedReceiver<SyncEvent>) {
        let emptied = async {
            while !self.store.outbox.entries().unwrap().is_empty() {
                heard.recv().await.unwrap();
            }
        };
        tokio::time::timeout(Duration::from_secs(60), emptied).await.expect("the outbox never gets empty");
    }
}

#[tokio::test]
async fn lost_answers_and_a_busy_server_neither_lose_nor_double_nor_disorder() {
    let taken = Arc::new(Mutex::new(Taken::default()));
    let faults = |n| match n % 4 {
        1 => Fault::LostAnswer,
        2 => Fault::Busy,
        _ => Fault::None,
    };
    let faulty = Faulty::answering(taking(Arc::clone(&taken), faults)).await;
    let device = Device::new();
    let here = ConversationId::new();
    let written: Vec<MessageId> = (0..6).map(|n| device.write(here, &format!("{n}"))).collect();
    let (engine, mut heard) = device.start(&faulty);
    device.until_sent(&mut heard).await;
    assert_eq!(taken.lock().unwrap().order, written);
    let in_cache: Vec<MessageId> =
        device.store.cache.messages(here).unwrap().iter().map(|it| it.id).collect();
    assert_eq!(in_cache, written);
    engine.stop().await;
}

#[tokio::test]
async fn an_engine_that_is_cut_off_at_any_moment_sends_each_message_once() {
    let taken = Arc::new(Mutex::new(Taken::default()));
    let faulty = Faulty::answering(taking(Arc::clone(&taken), |n| {
        if n % 3 == 0 { Fault::LostAnswer } else { Fault::None }
    }))
    .await;
    let device = Device::new();
    let here = ConversationId::new();
    let mut written = vec![];
    for n in 0..12_usize {
        written.push(device.write(here, &format!("{n}")));
        let (engine, mut heard) = device.start(&faulty);
        // Dropped after a few events, wherever that leaves it.
        for _ in 0..n % 5 {
            let _ = tokio::time::timeout(Duration::from_millis(20), heard.recv()).await;
        }
        drop(engine);
    }
    let (engine, mut heard) = device.start(&faulty);
    device.until_sent(&mut heard).await;
    assert_eq!(taken.lock().unwrap().order, written);
    engine.stop().await;
}

#[tokio::test]
async fn a_session_that_is_over_stops_everything_and_keeps_the_outbox() {
    let faulty =
        Faulty::answering(|_| Reply::failure(401, limpet_wire::Code::SignedOut, "Sign in again.")).await;
    let device = Device::new();
    device.write(ConversationId::new(), "Rest");
    let (engine, _heard) = device.start(&faulty);
    let mut link = engine.watch_link();
    tokio::time::timeout(Duration::from_secs(60), link.wait_for(|link| *link == Link::SignedOut))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(device.store.outbox.unsent().unwrap(), 1);
    assert_eq!(faulty.seen().iter().filter(|seen| seen.method == "PUT").count(), 0);
    engine.stop().await;
}

#[tokio::test]
async fn what_is_written_while_the_server_is_away_goes_out_when_it_is_back() {
    let (away, taken) = (Arc::new(AtomicBool::new(true)), Arc::new(Mutex::new(Taken::default())));
    let answer = taking(Arc::clone(&taken), |_| Fault::None);
    let gone = Arc::clone(&away);
    let faulty = Faulty::answering(
        move |seen| if gone.load(Ordering::SeqCst) { Reply::vanish() } else { answer(seen) },
    )
    .await;
    let device = Device::new();
    let (engine, mut heard) = device.start(&faulty);
    let mut link = engine.watch_link();
    tokio::time::timeout(Duration::from_secs(60), link.wait_for(|link| *link == Link::Offline))
        .await
        .unwrap()
        .unwrap();
    let here = ConversationId::new();
    let written = device.write(here, "Rest");
    engine.wake();
    away.store(false, Ordering::SeqCst);
    device.until_sent(&mut heard).await;
    assert_eq!(engine.link(), Link::Online);
    assert_eq!(taken.lock().unwrap().order, vec![written]);
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_change_is_told_and_kept() {
    let faulty = Faulty::answering(|seen| {
        nothing_new(seen)
            .unwrap_or_else(|| Reply::failure(400, limpet_wire::Code::Invalid, "The address is too long."))
    })
    .await;
    let device = Device::new();
    // Often, for between the word and what is written there is little time.
    for _ in 0..20 {
        device.store.outbox.add(&Work::Client(eva(&"x".repeat(5000))), Millis(1)).unwrap();
    }
    let (engine, mut heard) = device.start(&faulty);
    let mut told = Vec::new();
    while told.len() < 20 {
        let event = tokio::time::timeout(Duration::from_secs(60), heard.recv()).await.unwrap().unwrap();
        if let SyncEvent::ChangeRefused(failure) = event {
            assert_eq!(failure.message, "The address is too long.");
            told.push(failure);
            // What is told can be dropped at once.
            assert!(device.store.outbox.refused_changes().unwrap().len() >= told.len());
        }
    }
    engine.stop().await;
    assert_eq!(device.store.outbox.refused_changes().unwrap(), told);
}

#[tokio::test]
async fn what_is_to_be_tried_again_does_not_wait_for_what_hangs() {
    let again = |seen: &Seen| seen.method == "PUT" && String::from_utf8_lossy(&seen.body).contains("again");
    let faulty = Faulty::answering(move |seen| {
        let put = || if again(seen) { Reply::new(503) } else { Reply::hang() };
        nothing_new(seen).unwrap_or_else(put)
    })
    .await;
    let device = Device::new();
    device.write(ConversationId::new(), "again");
    // More than may go at once: the last one is ready all the time.
    for _ in 0..3 {
        let (attachment, message, conversation) =
            (AttachmentId::new(), MessageId::new(), ConversationId::new());
        let upload = Work::Upload { attachment, message, conversation, bytes: 10 };
        device.store.outbox.add(&upload, Millis(1)).unwrap();
    }
    let (engine, _heard) = device.start(&faulty);
    let tried = async {
        while faulty.seen().iter().filter(|seen| again(seen)).count() < 3 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    // Long before anything that hangs is given up.
    tokio::time::timeout(PACE.silence / 2, tried).await.expect("it was not tried again");
    engine.stop().await;
}

/// One that asks for everything again still holds what a server said that was set back since.
#[tokio::test]
async fn a_copy_of_another_past_starts_over_from_wherever_it_is() {
    let said = |revision, more| ChangePage {
        revision: Revision(revision),
        changes: vec![],
        more,
        epoch: "new.7".to_owned(),
    };
    let faulty = Faulty::answering(move |seen| match (seen.method.as_str(), seen.path.as_str()) {
        ("GET", "/v1/live") => Reply::new(200).body(": hello\n\n").then_silence(),
        ("GET", path) if path.contains("epoch=") => Reply::json(&said(0, true)),
        _ => Reply::json(&said(7, false)),
    })
    .await;
    let device = Device::new();
    let cache = &device.store.cache;
    let held = Change { revision: Revision(9), entity: Entity::Client(eva("Gran Vía 1")) };
    let old =
        ChangePage { revision: Revision(0), changes: vec![held], more: true, epoch: "old.3".to_owned() };
    cache.apply(Revision(0), &old).unwrap();
    assert_eq!((cache.position().unwrap(), cache.find_clients("", 9).unwrap().len()), (Revision(0), 1));
    let (engine, mut heard) = device.start(&faulty);
    let told = loop {
        let event = tokio::time::timeout(Duration::from_secs(60), heard.recv()).await.unwrap().unwrap();
        if let SyncEvent::Trouble(failure) = event {
            break failure;
        }
    };
    assert!(told.message.contains("set back"), "{told:?}");
    while cache.position().unwrap() < Revision(7) {
        tokio::time::timeout(Duration::from_secs(60), heard.recv()).await.unwrap().unwrap();
    }
    engine.stop().await;
    assert_eq!(cache.epoch().unwrap().as_deref(), Some("new.7"));
    assert!(cache.find_clients("", 9).unwrap().is_empty(), "what never was is still there");
}

fn eva(address: &str) -> Client {
    Client {
        id: ClientId::new(),
        name: "Eva".into(),
        email: String::new(),
        phone: String::new(),
        address: address.into(),
        pms_id: String::new(),
    }
}

/// The server knows a repetition by its key, so that it does not undo what somebody else has done in between.
#[tokio::test]
async fn a_change_whose_answer_was_lost_is_repeated_under_its_own_key() {
    let puts = Mutex::new(0_usize);
    let faulty = Faulty::answering(move |seen| match (seen.method.as_str(), seen.path.as_str()) {
        ("GET", "/v1/live") => Reply::new(200).body(": hello\n\n").then_silence(),
        ("GET", _) => Reply::json(&ChangePage {
            revision: Revision(1),
            changes: vec![],
            more: false,
            epoch: String::new(),
        }),
        _ => {
            let mut puts = puts.lock().unwrap();
            *puts += 1;
            if *puts == 1 { Reply::vanish() } else { Reply::new(204) }
        }
    })
    .await;
    let device = Device::new();
    let client = |name: &str| Client {
        id: ClientId::new(),
        name: name.into(),
        email: String::new(),
        phone: String::new(),
        address: String::new(),
        pms_id: String::new(),
    };
    device.store.outbox.add(&Work::Client(client("Eva")), Millis(7)).unwrap();
    device.store.outbox.add(&Work::Client(client("Ben")), Millis(7)).unwrap();
    let (engine, mut heard) = device.start(&faulty);
    device.until_sent(&mut heard).await;
    engine.stop().await;
    let mut keys = BTreeMap::<String, Vec<String>>::new();
    for seen in faulty.seen().iter().filter(|seen| seen.method == "PUT") {
        keys.entry(seen.path.clone()).or_default().push(seen.header("idempotency-key").unwrap().to_owned());
    }
    let all: Vec<_> = keys.values().flatten().collect();
    assert_eq!(all.len(), 3, "{keys:?}");
    assert!(keys.values().all(|of_one| of_one.iter().all(|key| *key == of_one[0])), "{keys:?}");
    assert_ne!(keys.values().next().unwrap()[0], keys.values().last().unwrap()[0]);
}

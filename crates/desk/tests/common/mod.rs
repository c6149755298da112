//! A practice on the real server, its desks, and a client's phone.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::wildcard_imports,
    dead_code,
    missing_docs,
    unreachable_pub,
    reason = "each test takes what it needs, and stops at what it did not expect"
)]

pub mod large;
pub mod line;
pub mod phone;
pub mod scene;

use std::{path::PathBuf, sync::Arc, time::Duration};

use limpet_desk::{Desk, DeskOptions, Outlet, vault::Memory};
use limpet_model::*;
use limpet_sync::{clock::SystemClock, plan::Pace};
use limpet_testkit::servers::{NewPractice, NewStaff, Server, add_practice, add_staff};
use limpet_wire::{calls::Answers as _, desk::*};

pub const PASSWORD: &str = "correct horse battery staple";

/// Longest wait for something to happen. Reached only when something is wrong.
const PATIENCE: Duration = Duration::from_secs(90);

/// A running server with one practice and two staff members.
pub struct Clinic {
    pub server: Server,
    pub id: PracticeId,
    pub ana: StaffId,
    pub bob: StaffId,
}

impl Clinic {
    pub fn start() -> Self {
        let server = Server::start().expect("build the server first: cargo build -p limpet-server");
        let practice = add_practice(
            server.data(),
            NewPractice {
                name: "Clínica Sur",
                address: "Calle 1\nMadrid",
                phone: "+34 1",
                time_zone: "Europe/Madrid",
            },
        )
        .unwrap();
        let staff = |name, email, role| {
            add_staff(server.data(), practice, NewStaff { name, email, password: PASSWORD, role }).unwrap()
        };
        let ana = staff("Ana Gil", "ana@example.org", Role::Veterinarian);
        let bob = staff("Bob Roe", "bob@example.org", Role::FrontDesk);
        Self { server, id: practice, ana, bob }
    }

    /// A desk with somebody signed in and everything fetched.
    pub async fn desk(&self, email: &str) -> (Profile, Desk) {
        let profile = Profile::new();
        let desk = profile.open().await;
        self.sign_in(&desk, email).await.unwrap();
        online(&desk).await;
        (profile, desk)
    }

    pub async fn sign_in(&self, desk: &Desk, email: &str) -> Result<DeskState, limpet_wire::Failure> {
        let wanted = DeskSignIn {
            server: self.server.url().into(),
            email: email.into(),
            password: PASSWORD.into(),
            code: None,
        };
        desk.sign_in(wanted).await
    }
}

/// A profile folder and its vault, which outlive the desks that are opened on them.
pub struct Profile {
    pub folder: tempfile::TempDir,
    pub vault: Memory,
}

impl Profile {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), vault: Memory::default() }
    }

    pub fn options(&self) -> DeskOptions {
        DeskOptions {
            profile: self.folder.path().to_owned(),
            vault: Arc::new(self.vault.clone()),
            clock: Arc::new(SystemClock),
            pace: Pace {
                first: Duration::from_millis(20),
                longest: Duration::from_millis(200),
                silence: Duration::from_secs(45),
            },
            media_budget: 1 << 30,
            device: "test".into(),
            outlet: Outlet::Nowhere,
        }
    }

    pub async fn open(&self) -> Desk {
        Desk::open(self.options()).await.unwrap()
    }

    pub fn file(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }
}

/// Waits until `check` answers something, asking again whenever the desk says that something happened.
pub async fn until<T>(desk: &Desk, what: &str, check: impl AsyncFn() -> Option<T>) -> T {
    let mut events = desk.events();
    let waiting = async {
        loop {
            if let Some(answer) = check().await {
                return answer;
            }
            // An event may have come before the receiver was there: look again after a while in any case.
            let _ = tokio::time::timeout(Duration::from_millis(200), events.recv()).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("waited in vain: {what}"))
}

pub async fn online(desk: &Desk) {
    connected(desk, Connection::Online).await;
}

pub async fn connected(desk: &Desk, wanted: Connection) {
    until(desk, &format!("{wanted:?}"), async || {
        (desk.state(()).await.unwrap().connection == wanted).then_some(())
    })
    .await;
}

/// Nothing is unsent.
pub async fn all_sent(desk: &Desk) {
    until(desk, "everything is sent", async || (desk.state(()).await.unwrap().unsent == 0).then_some(()))
        .await;
}

/// A client with a patient and an open conversation, made at this desk.
pub async fn matter(desk: &Desk) -> (Client, Patient, ConversationId) {
    let client = Client {
        id: ClientId::new(),
        name: "Eva Ruiz".into(),
        email: "eva@example.org".into(),
        phone: "+34 600".into(),
        address: "Calle 2\nMadrid".into(),
        pms_id: "C-17".into(),
    };
    let patient = Patient {
        id: PatientId::new(),
        client: client.id,
        name: "Luna".into(),
        species: "Dog".into(),
        breed: "Podenco".into(),
        sex: Sex::FemaleNeutered,
        born: "2019-05".into(),
        colour: "Tan".into(),
        weight_kg: Some(12.4),
        alert: String::new(),
        pms_id: "P-4711".into(),
    };
    desk.save_client(client.clone()).await.unwrap();
    desk.save_patient(patient.clone()).await.unwrap();
    let wanted =
        StartConversation { client: client.id, patient: patient.id, subject: "Limps after a walk".into() };
    let id = desk.start_conversation(wanted).await.unwrap();
    (client, patient, id)
}

pub fn words(conversation: ConversationId, body: &str) -> Draft {
    Draft { conversation, audience: Audience::Everyone, body: body.into(), files: vec![] }
}

/// Waits until a conversation is known here.
pub async fn arrived(desk: &Desk, id: ConversationId) -> Thread {
    until(desk, "the conversation arrives", async || desk.open_conversation(id).await.ok()).await
}

/// Waits for a message with these words.
pub async fn message(desk: &Desk, id: ConversationId, body: &str) -> ThreadMessage {
    until(desk, body, async || {
        let thread = desk.open_conversation(id).await.ok()?;
        thread.messages.into_iter().find(|message| message.message.body == body)
    })
    .await
}

pub async fn delivered(
    desk: &Desk,
    id: ConversationId,
    body: &str,
    wanted: impl Fn(&Delivery) -> bool,
) -> ThreadMessage {
    until(desk, &format!("delivery of {body}"), async || {
        let thread = desk.open_conversation(id).await.ok()?;
        thread.messages.into_iter().find(|message| message.message.body == body && wanted(&message.delivery))
    })
    .await
}

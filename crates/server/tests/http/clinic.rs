//! A clinic for tests: a server in this process with a clock that stands still, a practice, and its people.

use limpet_model::{
    Attachment, AttachmentId, AttachmentKind, Audience, Client, ClientId, Conversation, ConversationId,
    Message, MessageId, Millis, Patient, PatientId, Practice, PracticeId, Role, Sex, StaffId, StaffMember,
};
use limpet_server::{
    by::{Actor, By},
    clock::Clock,
    secrets::hash_password,
    serve::{Running, Settings, start},
};
use limpet_wire::{
    Code, Failure,
    changes::{Change, ChangePage, Entity},
    http::{Invitation, NewAttachment, NewConversation, NewMessage, StaffSession},
};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;
use tempfile::TempDir;

use crate::ground;

pub const PASSWORD: &str = "three wet otters";
pub const NOON: Millis = Millis(1_795_345_200_000);
pub const HOUR: i64 = 60 * 60 * 1000;
pub const DAY: i64 = 24 * HOUR;

/// A server in this process.
pub struct Clinic {
    pub running: Running,
    pub clock: Clock,
    pub practice: PracticeId,
    pub vet: StaffId,
    pub data: TempDir,
}

impl Clinic {
    pub async fn open() -> Self {
        Self::open_with(|settings| settings).await
    }

    /// One where what is due is done.
    pub async fn with_workers(workers: usize) -> Self {
        Self::open_with(|settings| Settings { workers, ..settings }).await
    }

    /// With other settings.
    pub async fn open_with(change: impl FnOnce(Settings) -> Settings) -> Self {
        let data = tempfile::tempdir().unwrap();
        let clock = Clock::held_at(NOON);
        let settings = Settings {
            listen: ([127, 0, 0, 1], 0).into(),
            workers: 0,
            webhooks_to_loopback: true,
            clock: clock.clone(),
            ..ground::settings(data.path())
        };
        let running = start(change(settings)).await.unwrap();
        let (practice, vet) = (PracticeId::new(), StaffId::new());
        let clinic = Self { running, clock, practice, vet, data };
        clinic.add_practice(practice).await;
        clinic.add_staff(practice, vet, "ana@example.org").await;
        clinic
    }

    pub async fn add_practice(&self, id: PracticeId) {
        let practice = Practice {
            id,
            name: "Lapa Veterinary Clinic".into(),
            address: "1 Harbour Street".into(),
            phone: "555 0100".into(),
            time_zone: "Europe/Madrid".into(),
            settings: Box::default(),
        };
        self.running.app().store.add_practice(&practice, NOON).await.unwrap();
    }

    pub async fn add_staff(&self, practice: PracticeId, id: StaffId, email: &str) {
        self.add_member(practice, id, email, Role::Veterinarian).await;
    }

    pub async fn add_member(&self, practice: PracticeId, id: StaffId, email: &str, role: Role) {
        let name = "Dr. Ana Ruiz".into();
        let member = StaffMember { id, name, role, email: email.into(), active: true };
        let hash = hash_password(PASSWORD).unwrap();
        self.running
            .app()
            .store
            .add_staff(By::new(practice, Actor::Operator, NOON), &member, &hash)
            .await
            .unwrap();
    }

    pub fn base(&self) -> String {
        format!("http://{}", self.running.address)
    }

    pub fn stranger(&self) -> Device {
        Device::new(&self.base(), Pass::None)
    }

    pub async fn staff(&self) -> Device {
        sign_in(&self.base(), "ana@example.org").await
    }

    /// An administrator, who is not the veterinarian.
    pub async fn admin(&self) -> Device {
        self.add_member(self.practice, StaffId::new(), "ada@example.org", Role::Admin).await;
        sign_in(&self.base(), "ada@example.org").await
    }
}

/// Signs a staff member in.
pub async fn sign_in(base: &str, email: &str) -> Device {
    let body = json!({ "email": email, "password": PASSWORD, "device": "test" });
    let session: StaffSession =
        Device::new(base, Pass::None).post("/v1/sign-in", &body).await.json().await.unwrap();
    Device::new(base, Pass::Bearer(session.token))
}

#[derive(Clone)]
pub enum Pass {
    None,
    Bearer(String),
    Cookie(String),
}

/// Somebody's device.
#[derive(Clone)]
pub struct Device {
    pub base: String,
    pub pass: Pass,
    pub http: reqwest::Client,
}

impl Device {
    pub fn new(base: &str, pass: Pass) -> Self {
        Self { base: base.into(), pass, http: reqwest::Client::new() }
    }

    pub fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.pass {
            Pass::None => request,
            Pass::Bearer(token) => request.bearer_auth(token),
            Pass::Cookie(token) => {
                request.header("cookie", format!("limpet_client={token}")).header("limpet-app", "owner")
            }
        }
    }

    pub async fn get(&self, path: &str) -> Response {
        self.ask(Method::GET, path).send().await.unwrap()
    }

    pub async fn put(&self, path: &str, body: &impl Serialize) -> Response {
        self.ask(Method::PUT, path).json(body).send().await.unwrap()
    }

    pub async fn post(&self, path: &str, body: &impl Serialize) -> Response {
        self.ask(Method::POST, path).json(body).send().await.unwrap()
    }

    pub async fn patch(&self, path: &str, body: &impl Serialize) -> Response {
        self.ask(Method::PATCH, path).json(body).send().await.unwrap()
    }

    pub async fn delete(&self, path: &str) -> Response {
        self.ask(Method::DELETE, path).send().await.unwrap()
    }

    pub async fn read<T: DeserializeOwned>(&self, path: &str) -> T {
        let response = self.get(path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.json().await.unwrap()
    }

    pub async fn changes(&self, since: i64, limit: u32) -> ChangePage {
        self.read(&format!("/v1/changes?since={since}&limit={limit}")).await
    }

    /// Everything this device sees.
    pub async fn everything(&self) -> Vec<Change> {
        let page = self.changes(0, 1000).await;
        assert!(!page.more);
        page.changes
    }

    pub async fn conversation(&self, id: ConversationId) -> Conversation {
        let find = |change: Change| match change.entity {
            Entity::Conversation(conversation) if conversation.id == id => Some(conversation),
            _ => None,
        };
        self.everything().await.into_iter().find_map(find).unwrap()
    }

    /// The thread as this device sees it.
    pub async fn thread(&self, id: ConversationId) -> Vec<Message> {
        let find = |change: Change| match change.entity {
            Entity::Message(message) if message.conversation == id => Some(message),
            _ => None,
        };
        let mut thread: Vec<_> = self.everything().await.into_iter().filter_map(find).collect();
        thread.sort_by_key(|message| message.received_at);
        thread
    }

    pub async fn attachment(&self, id: AttachmentId) -> Attachment {
        let find = |change: Change| match change.entity {
            Entity::Attachment(attachment) if attachment.id == id => Some(attachment),
            _ => None,
        };
        self.everything().await.into_iter().find_map(find).unwrap()
    }

    /// A client with a patient and an open conversation.
    pub async fn open_case(&self) -> Case {
        let (client, patient, conversation) = (ClientId::new(), PatientId::new(), ConversationId::new());
        ok(self.put(&format!("/v1/clients/{client}"), &client_named(client, "Marta Ruiz")).await).await;
        ok(self.put(&format!("/v1/patients/{patient}"), &patient_of(client, patient, "Biscuit")).await).await;
        let new = NewConversation { client, patient, subject: "Limps".into(), opened_at: NOON };
        ok(self.put(&format!("/v1/conversations/{conversation}"), &new).await).await;
        Case { client, patient, conversation }
    }

    pub async fn invite(&self, conversation: ConversationId) -> Invitation {
        let response = self.post(&format!("/v1/conversations/{conversation}/invitation"), &json!({})).await;
        assert_eq!(response.status(), StatusCode::OK);
        response.json().await.unwrap()
    }

    /// The client's phone after opening a new invitation.
    pub async fn phone(&self, case: &Case) -> Device {
        open_link(&self.base, &self.invite(case.conversation).await.link).await
    }

    /// Says something; answers the message's id.
    pub async fn say(&self, case: &Case, body: &str) -> MessageId {
        let id = MessageId::new();
        ok(self.put(&format!("/v1/messages/{id}"), &words(case, body)).await).await;
        id
    }

    /// Announces a file with a message of its own.
    pub async fn announce(&self, case: &Case, file: NewAttachment) -> AttachmentId {
        let id = file.id;
        let message = NewMessage { attachments: vec![file], ..words(case, "") };
        ok(self.put(&format!("/v1/messages/{}", MessageId::new()), &message).await).await;
        id
    }
}

#[derive(Clone, Copy)]
pub struct Case {
    pub client: ClientId,
    pub patient: PatientId,
    pub conversation: ConversationId,
}

pub async fn open_link(base: &str, link: &str) -> Device {
    let token = link.rsplit('/').next().unwrap();
    let response =
        Device::new(base, Pass::None).post("/v1/open-invitation", &json!({ "invitation": token })).await;
    assert_eq!(response.status(), StatusCode::OK);
    let cookie = response.headers()["set-cookie"].to_str().unwrap();
    let value = cookie.split(';').next().unwrap().strip_prefix("limpet_client=").unwrap();
    Device::new(base, Pass::Cookie(value.into()))
}

pub fn client_named(id: ClientId, name: &str) -> Client {
    Client {
        id,
        name: name.into(),
        email: "marta@example.org".into(),
        phone: "555 0101".into(),
        address: "2 Mill Lane".into(),
        pms_id: "C-17".into(),
    }
}

pub fn patient_of(client: ClientId, id: PatientId, name: &str) -> Patient {
    Patient {
        id,
        client,
        name: name.into(),
        species: "Dog".into(),
        breed: "Beagle".into(),
        sex: Sex::FemaleNeutered,
        born: "2017-05".into(),
        colour: "tricolour".into(),
        weight_kg: Some(12.4),
        alert: "Penicillin".into(),
        pms_id: "P-17".into(),
    }
}

pub fn words(case: &Case, body: &str) -> NewMessage {
    NewMessage {
        conversation: case.conversation,
        audience: Audience::Everyone,
        body: body.into(),
        sent_at: NOON,
        attachments: Vec::new(),
        mentions: Vec::new(),
        due_at: None,
        when_open: false,
    }
}

pub fn note(case: &Case, body: &str) -> NewMessage {
    NewMessage { audience: Audience::Staff, ..words(case, body) }
}

pub fn file(kind: AttachmentKind, name: &str, bytes: usize) -> NewAttachment {
    NewAttachment {
        id: AttachmentId::new(),
        kind,
        name: name.into(),
        mime: "video/mp4".into(),
        bytes: bytes as i64,
        caption: String::new(),
        captured_at: None,
        still_of: None,
    }
}

pub async fn ok(response: Response) {
    let status = response.status();
    assert!(status.is_success(), "{status}: {}", response.text().await.unwrap());
}

/// Asserts a failure and answers its sentence.
pub async fn fails(response: Response, status: u16, code: Code) -> String {
    assert_eq!(response.status().as_u16(), status);
    let failure: Failure = response.json().await.unwrap();
    assert_eq!(failure.code, code, "{}", failure.message);
    assert!(failure.message.ends_with('.'), "not a sentence: {}", failure.message);
    failure.message
}

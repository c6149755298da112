//! Everybody who asks for what is another's, and what they ask for at each route.

use limpet_model::{
    AttachmentId, AttachmentKind, ConsentId, ConversationId, DepartmentId, ExportId, HoldId, MessageId,
    PracticeId, Role, StaffId,
};
use limpet_server::{
    permission::{EVERYBODY, Who},
    routes::Route,
};
use limpet_wire::{
    http::{ExportKind, NewConversation, NewExport},
    integrations::Scope,
};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::{
    clinic::{Case, Clinic, Device, NOON, PASSWORD, client_named, file, ok, patient_of, sign_in, words},
    tokens::{admin, issue},
    uploads::{create, creation, send, tus},
};

/// Everybody who asks for what is another's.
pub struct Askers {
    pub clinic: Clinic,
    pub case: Case,
    pub attachment: AttachmentId,
    pub message: MessageId,
    pub hold: HoldId,
    pub foreign: ConversationId,
    pub session: String,
    pub token: String,
    pub webhook: String,
    pub revoked: Device,
    /// Tokens with every scope but one, and one with all of them.
    pub scoped: Vec<(Option<Scope>, Device)>,
    pub owner: Device,
    pub by_role: Vec<(Who, Device)>,
    pub closed: Device,
    pub other_client: Device,
}

pub async fn askers() -> Askers {
    let clinic = Clinic::open().await;
    let staff = clinic.staff().await;
    let case = staff.open_case().await;
    let attachment = staff.announce(&case, file(AttachmentKind::Photo, "x.jpg", 20)).await;
    let message = staff.say(&case, "Bring her in on Monday").await;
    let hold = HoldId::new();
    let on = json!({ "of": { "kind": "conversation", "id": case.conversation }, "reason": "A complaint" });
    ok(staff.put(&format!("/v1/holds/{hold}"), &on).await).await;
    // Under way: every route of uploads has something to answer about.
    create(&staff, attachment, 20).await;
    send(&staff, attachment, 0, b"01234").await;
    let mut by_role = Vec::new();
    for who in EVERYBODY {
        let device = match who {
            Who::Staff(role) => {
                let email = format!("{role:?}@example.org");
                clinic.add_member(clinic.practice, StaffId::new(), &email, role).await;
                sign_in(&clinic.base(), &email).await
            }
            Who::Client | Who::Token(_) => staff.phone(&case).await,
        };
        by_role.push((who, device));
    }
    // So that there is something to ask for.
    let administrator = &by_role[0].1;
    let logo = administrator
        .ask(Method::PUT, "/v1/practice/logo")
        .body(crate::practice::png(8))
        .send()
        .await
        .unwrap();
    ok(logo).await;
    ok(administrator.patch("/v1/practice", &json!({ "consent": { "en": "May we?" } })).await).await;
    let closed = clinic.staff().await;
    closed.post("/v1/sign-out", &json!({})).await;
    let foreign = staff.open_case().await;
    let other_client_of = foreign.conversation;
    let other_client = staff.phone(&foreign).await;
    let admin = admin(&clinic).await;
    let (revoked, issued) = issue(&admin, &Scope::ALL, None).await;
    admin.delete(&format!("/v1/tokens/{}", issued.id)).await;
    let mut scoped = Vec::new();
    for without in Scope::ALL.into_iter().map(Some).chain([None]) {
        let scopes: Vec<Scope> = Scope::ALL.into_iter().filter(|scope| Some(*scope) != without).collect();
        scoped.push((without, issue(&admin, &scopes, None).await.0));
    }
    let token = issued.id.to_string();
    let hook = json!({ "url": "http://127.0.0.1:9/", "events": ["message.created"] });
    let hook: Value = admin.post("/v1/webhooks", &hook).await.json().await.unwrap();
    let webhook = hook["id"].as_str().unwrap().to_owned();
    let sessions: Value = staff.read("/v1/sessions").await;
    let session = sessions[0]["id"].as_str().unwrap().to_owned();
    Askers {
        clinic,
        case,
        attachment,
        message,
        hold,
        foreign: other_client_of,
        session,
        token,
        webhook,
        revoked,
        scoped,
        owner: staff,
        by_role,
        closed,
        other_client,
    }
}

impl Askers {
    /// The administrator of a practice that has nothing yet.
    pub async fn other_practice(&self) -> Device {
        let (other, who) = (PracticeId::new(), StaffId::new());
        let email = format!("{who}@example.org");
        self.clinic.add_practice(other).await;
        self.clinic.add_member(other, who, &email, Role::Admin).await;
        sign_in(&self.clinic.base(), &email).await
    }

    /// The request of a route, about what is this practice's and this client's.
    pub fn request(&self, device: &Device, route: &Route) -> RequestBuilder {
        let Case { client, patient, conversation } = self.case;
        let method = Method::from_bytes(route.method.to_uppercase().as_bytes()).unwrap();
        let to = |path: String| device.ask(method.clone(), &path);
        let upload = format!("/v1/uploads/{}", self.attachment);
        match (route.method, route.path) {
            ("get", "/v1/clients/{id}") => to(format!("/v1/clients/{client}")),
            ("get", "/v1/patients/{id}") => to(format!("/v1/patients/{patient}")),
            ("get", "/v1/conversations/{id}") => to(format!("/v1/conversations/{conversation}")),
            ("post", "/v1/tokens") => {
                to("/v1/tokens".into()).json(&json!({ "name": "x", "scopes": ["read:media"] }))
            }
            (_, "/v1/tokens/{id}") => to(format!("/v1/tokens/{}", self.token)),
            ("post", "/v1/webhooks") => to("/v1/webhooks".into())
                .json(&json!({ "url": "http://127.0.0.1:9/", "events": ["message.created"] })),
            (_, "/v1/webhooks/{id}") => to(format!("/v1/webhooks/{}", self.webhook)),
            (_, "/v1/webhooks/{id}/deliveries") => to(format!("/v1/webhooks/{}/deliveries", self.webhook)),
            (_, "/v1/webhooks/{id}/retry") => to(format!("/v1/webhooks/{}/retry", self.webhook)),
            (_, "/v1/clients/{id}") => {
                to(format!("/v1/clients/{client}")).json(&client_named(client, "Imposter"))
            }
            (_, "/v1/patients/{id}") => {
                to(format!("/v1/patients/{patient}")).json(&patient_of(client, patient, "Imposter"))
            }
            ("put", "/v1/conversations/{id}") => {
                let new = NewConversation { client, patient, subject: "x".into(), opened_at: NOON };
                to(format!("/v1/conversations/{conversation}")).json(&new)
            }
            (_, "/v1/conversations/{id}") => {
                to(format!("/v1/conversations/{conversation}")).json(&json!({ "urgent": true }))
            }
            (_, "/v1/conversations/{id}/merge") => {
                to(format!("/v1/conversations/{conversation}/merge")).json(&json!({ "from": self.foreign }))
            }
            (_, "/v1/imports/preview" | "/v1/imports") => {
                to(route.path.to_owned()).body("Client number,Client name\n1,Imposter\n")
            }
            (_, "/v1/conversations/changes") => to(route.path.into())
                .json(&json!({ "conversations": [conversation], "change": { "urgent": false } })),
            (_, "/v1/conversations/{id}/invitation") => {
                to(format!("/v1/conversations/{conversation}/invitation")).json(&json!({}))
            }
            (_, "/v1/conversations/{id}/read") => {
                to(format!("/v1/conversations/{conversation}/read")).json(&json!({ "at": 1 }))
            }
            (_, "/v1/conversations/{id}/presence") => {
                to(format!("/v1/conversations/{conversation}/presence")).json(&json!({ "here": true }))
            }
            ("patch", "/v1/messages/{id}") => {
                to(format!("/v1/messages/{}", self.message)).json(&json!({ "body": "imposter" }))
            }
            ("get" | "delete", "/v1/messages/{id}") => to(format!("/v1/messages/{}", self.message)),
            (_, "/v1/exports/{id}") => {
                let sha256 = "ab".repeat(32);
                let new =
                    NewExport { conversation, attachment: None, how: ExportKind::Saved, sha256, at: NOON };
                to(format!("/v1/exports/{}", ExportId::new())).json(&new)
            }
            ("put", "/v1/holds/{id}") => to(format!("/v1/holds/{}", HoldId::new()))
                .json(&json!({ "of": { "kind": "client", "id": client }, "reason": "Imposter" })),
            (_, "/v1/holds/{id}") => to(format!("/v1/holds/{}", self.hold)),
            (_, "/v1/messages/{id}/earlier") => to(format!("/v1/messages/{}/earlier", self.message)),
            (_, "/v1/messages/{id}") => {
                to(format!("/v1/messages/{}", MessageId::new())).json(&words(&self.case, "imposter"))
            }
            ("post", "/v1/uploads") => creation(device, self.attachment, 20),
            ("patch", "/v1/uploads/{attachment}") => tus(device, method, &upload)
                .header("upload-offset", 0)
                .header("content-type", "application/offset+octet-stream")
                .body("x"),
            (_, "/v1/uploads/{attachment}") => tus(device, method, &upload),
            (_, "/v1/attachments/{id}/{part}") => to(format!("/v1/attachments/{}/original", self.attachment)),
            (_, "/v1/sessions/{id}") => to(format!("/v1/sessions/{}", self.session)),
            ("put", "/v1/staff/{id}") => {
                let email = format!("{}@example.org", StaffId::new());
                to(format!("/v1/staff/{}", self.clinic.vet))
                    .json(&json!({ "name": "Imposter", "role": "admin", "email": email }))
            }
            (_, "/v1/staff/{id}") => {
                to(format!("/v1/staff/{}", self.clinic.vet)).json(&json!({ "active": false }))
            }
            ("patch", "/v1/practice") => to(route.path.to_owned()).json(&json!({ "name": "Imposter" })),
            ("put", "/v1/practice/logo") => to(route.path.to_owned()).body(crate::practice::png(9)),
            (_, "/v1/consents/{id}") => to(format!("/v1/consents/{}", ConsentId::new()))
                .json(&json!({ "client": client, "version": 1, "given": true })),
            (_, "/v1/departments/{id}" | "/v1/tags/{id}") => {
                let id = DepartmentId::new();
                let it = json!({ "id": id, "name": "Imposter", "position": 1, "archived": false });
                to(route.path.replace("{id}", &id.to_string())).json(&it)
            }
            (_, "/v1/templates/{id}") => {
                let id = DepartmentId::new();
                let it = json!({
                    "id": id, "title": "Imposter", "body": "x", "language": "en", "department": null, "tags": [],
                    "position": 1, "archived": false,
                });
                to(format!("/v1/templates/{id}")).json(&it)
            }
            ("post", "/v1/second-step" | "/v1/second-step/off") => {
                to(route.path.to_owned()).json(&json!({ "password": PASSWORD }))
            }
            ("post", "/v1/second-step/recovery-codes") => {
                to(route.path.to_owned()).json(&json!({ "password": PASSWORD, "code": "000000" }))
            }
            ("put", "/v1/second-step") => to(route.path.to_owned()).json(&json!({ "code": "000000" })),
            (_, "/v1/staff/{id}/invitation") => {
                to(format!("/v1/staff/{}/invitation", self.clinic.vet)).json(&json!({}))
            }
            (_, "/v1/staff/{id}/second-step") => to(format!("/v1/staff/{}/second-step", self.clinic.vet)),
            (_, "/a/{link}") => to(format!("/a/{}", "x".repeat(43))),
            (_, "/v1/staff/{id}/sessions") => to(format!("/v1/staff/{}/sessions", self.clinic.vet)),
            (_, "/v1/problems/{code}") => to("/v1/problems/nothing".into()),
            (_, "/m/{capability}") => to(format!("/m/{}", "x".repeat(43))),
            (_, "/m/{capability}/{part}") => to(format!("/m/{}/original", "x".repeat(43))),
            (_, path) => {
                assert!(!path.contains('{'), "what {path} is asked for is to be said here");
                to(path.to_owned())
            }
        }
    }
}

//! Every route times everybody who must not get through it. What is found is the table in `docs/SECURITY.md`.

use std::fmt::Write as _;

use limpet_model::{
    AttachmentId, AttachmentKind, ConsentId, ConversationId, DepartmentId, ExportId, HoldId, MessageId,
    PracticeId, Role, StaffId,
};
use limpet_server::{
    access::Gate,
    permission::{Act, EVERYBODY, Who, may},
    routes::{ROUTES, Route},
};
use limpet_wire::{
    changes::Entity,
    http::{ExportKind, NewConversation, NewExport},
    integrations::Scope,
};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

use crate::{
    clinic::{Case, Clinic, DAY, Device, NOON, PASSWORD, client_named, file, ok, patient_of, sign_in, words},
    tokens::{admin, issue},
    uploads::{create, creation, send, tus},
};

/// Everybody who asks for what is another's.
struct Askers {
    clinic: Clinic,
    case: Case,
    attachment: AttachmentId,
    message: MessageId,
    hold: HoldId,
    foreign: ConversationId,
    session: String,
    token: String,
    webhook: String,
    revoked: Device,
    /// Tokens with every scope but one, and one with all of them.
    scoped: Vec<(Option<Scope>, Device)>,
    owner: Device,
    by_role: Vec<(Who, Device)>,
    closed: Device,
    other_client: Device,
}

async fn askers() -> Askers {
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
    async fn other_practice(&self) -> Device {
        let (other, who) = (PracticeId::new(), StaffId::new());
        let email = format!("{who}@example.org");
        self.clinic.add_practice(other).await;
        self.clinic.add_member(other, who, &email, Role::Admin).await;
        sign_in(&self.clinic.base(), &email).await
    }

    /// The request of a route, about what is this practice's and this client's.
    fn request(&self, device: &Device, route: &Route) -> RequestBuilder {
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

    /// How long the audit log is.
    async fn logged(&self) -> i64 {
        let store = &self.clinic.running.app().store;
        store.verify_audit(self.clinic.practice).await.unwrap().unwrap().number
    }

    async fn ask(&self, device: &Device, route: &Route) -> Response {
        self.request(device, route).send().await.unwrap()
    }

    async fn refused(&self, device: &Device, route: &Route, with: &[u16]) -> String {
        let status = self.ask(device, route).await.status().as_u16();
        assert!(with.contains(&status), "{} {}: {status}", route.method, route.path);
        status.to_string()
    }

    /// What somebody gets who may do this, but not with what is another's.
    async fn apart(&self, device: &Device, route: &Route) -> String {
        // Nothing in the request says whose it is: it is about whoever asks.
        if !route.path.contains('{') && (route.method, route.path) != ("post", "/v1/uploads") {
            return "own".into();
        }
        let found = self.ask(device, route).await.status().as_u16();
        // The same id is another thing there.
        let made_by_whoever_asks = [
            "/v1/clients/{id}",
            "/v1/departments/{id}",
            "/v1/tags/{id}",
            "/v1/templates/{id}",
            "/v1/staff/{id}",
        ];
        if found == 204 && route.method == "put" && made_by_whoever_asks.contains(&route.path) {
            return "own".into();
        }
        assert_eq!(found, 404, "{} {}", route.method, route.path);
        found.to_string()
    }

    async fn row(&self, route: &Route, act: Act) -> String {
        let nobody = self.clinic.stranger();
        let mut cells = vec![
            self.refused(&nobody, route, &[401]).await,
            self.refused(&self.closed, route, &[401]).await,
            self.refused(&self.revoked, route, &[401]).await,
        ];
        let (_, token) = self.scoped.iter().find(|(without, _)| *without == act.scope()).unwrap();
        let refused = self.refused(token, route, &[403]).await;
        cells.push(act.scope().map_or("never".into(), |scope| format!("`{}` {refused}", scope.word())));
        let mut refused = Vec::new();
        for (who, device) in &self.by_role {
            if !may(*who, act) {
                let with = if *who == Who::Client { [404] } else { [403] };
                refused.push(format!("{} {}", name(*who), self.refused(device, route, &with).await));
            }
        }
        cells.push(if refused.is_empty() { "all may".into() } else { refused.join(", ") });
        cells.push(self.apart(&self.other_practice().await, route).await);
        cells.push(if may(Who::Client, act) {
            self.apart(&self.other_client, route).await
        } else {
            self.refused(&self.other_client, route, &[404]).await
        });
        format!("| `{}` | {} |", title(route), cells.join(" | "))
    }
}

fn title(route: &Route) -> String {
    format!("{} {}", route.method.to_uppercase(), route.path)
}

fn name(who: Who) -> &'static str {
    match who {
        Who::Staff(Role::Admin) => "administrator",
        Who::Staff(Role::Veterinarian) => "veterinarian",
        Who::Staff(Role::Technician) => "technician",
        Who::Staff(Role::FrontDesk) => "front desk",
        Who::Client => "client",
        Who::Token(_) => "token",
    }
}

fn permissions() -> String {
    let names: Vec<&str> = EVERYBODY.map(name).to_vec();
    let mut table =
        format!("| what | {} | a token with |\n|---|{}---|\n", names.join(" | "), "---|".repeat(names.len()));
    for act in Act::ALL {
        let cells = EVERYBODY.map(|who| if may(who, *act) { "yes" } else { "" });
        let scope = act.scope().map(|scope| format!("`{}`", scope.word())).unwrap_or_default();
        let _ = writeln!(table, "| {} | {} | {scope} |", act.words(), cells.join(" | "));
    }
    table
}

#[tokio::test]
async fn nobody_gets_through_a_gate_that_is_not_theirs() {
    let askers = askers().await;
    let mut table = String::from(
        "| route | no session | closed session | revoked token | a token without | a role that may not | \
         another practice | another client |\n|---|---|---|---|---|---|---|---|\n",
    );
    for route in ROUTES {
        match route.gate {
            Gate::Session(act) => {
                let _ = writeln!(table, "{}", askers.row(route, act).await);
            }
            Gate::Link => {
                askers.refused(&askers.clinic.stranger(), route, &[404]).await;
                let _ = writeln!(table, "| `{}` | by the link alone: any other is 404 |||||||", title(route));
            }
            Gate::Anyone => {
                let _ = writeln!(table, "| `{}` | open to anyone |||||||", title(route));
            }
        }
    }
    // Nothing of what was refused has changed anything here.
    let seen = askers.clinic.staff().await.everything().await;
    assert!(!format!("{seen:?}").to_lowercase().contains("imposter"));
    let active = |entity: &Entity| matches!(entity, Entity::StaffMember(member) if member.active);
    assert_eq!(seen.iter().filter(|change| active(&change.entity)).count(), 6);

    // Whom it belongs to is let in everywhere: what was refused was refused for who asked.
    let vet = Who::Staff(Role::Veterinarian);
    let of_owner = |route: &&Route| matches!(route.gate, Gate::Session(act) if may(vet, act));
    let leaves = ["/v1/sign-out", "/v1/sessions/{id}"];
    for route in ROUTES.iter().filter(of_owner).filter(|route| !leaves.contains(&route.path)) {
        let logged = askers.logged().await;
        let status = askers.ask(&askers.owner, route).await.status().as_u16();
        // The bytes of a file belong to the message that announced it.
        let writes = !["get", "head", "options"].contains(&route.method)
            && (route.method == "delete" || !route.path.starts_with("/v1/uploads"))
            // It passes: there is nothing to answer for.
            && !route.path.ends_with("/presence");
        if writes && status < 300 {
            assert!(askers.logged().await > logged, "{} leaves nothing in the audit log", title(route));
        }
        // The file is not there yet.
        let expected =
            if route.path == "/v1/attachments/{id}/{part}" { [401, 403, 500] } else { [401, 403, 404] };
        assert!(!expected.contains(&status), "{}: {status}", title(route));
    }

    // Time ends what nobody has closed.
    askers.clinic.clock.advance(181 * DAY);
    for (who, device) in &askers.by_role {
        for route in ROUTES.iter().filter(|route| matches!(route.gate, Gate::Session(_))) {
            assert_eq!(askers.ask(device, route).await.status(), 401, "{who:?} {}", route.path);
        }
    }
    compare(&[("permissions", permissions()), ("routes", table)]);
}

/// The written tables are those that were found. `LIMPET_WRITE_DOCS=1` writes them.
fn compare(found: &[(&str, String)]) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/SECURITY.md");
    let before = std::fs::read_to_string(path).unwrap();
    let mut text = before.clone();
    for (name, table) in found {
        let (begin, end) =
            (format!("<!-- {name}: written by a test -->\n"), format!("<!-- end of {name} -->"));
        let from = text.find(&begin).unwrap() + begin.len();
        let to = text.find(&end).unwrap();
        text.replace_range(from..to, table);
    }
    if std::env::var_os("LIMPET_WRITE_DOCS").is_some() {
        std::fs::write(path, text).unwrap();
        return;
    }
    assert!(text == before, "docs/SECURITY.md is not what was found: run this test with LIMPET_WRITE_DOCS=1");
}

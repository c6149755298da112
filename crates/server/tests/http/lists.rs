//! `/v1/departments`, `/v1/tags`, `/v1/templates`, and what conversations are sorted by.

use limpet_model::{DepartmentId, TagId, TemplateId};
use limpet_wire::{Code, changes::Entity};
use serde_json::{Value, json};

use crate::clinic::{Clinic, Device, fails, ok};

fn department(id: DepartmentId, name: &str, archived: bool) -> Value {
    json!({ "id": id, "name": name, "position": 1, "archived": archived })
}

fn tag(id: TagId, name: &str) -> Value {
    json!({ "id": id, "name": name, "position": 1, "archived": false })
}

fn template(id: TemplateId, body: &str, department: Option<DepartmentId>, tags: &[TagId]) -> Value {
    json!({
        "id": id, "title": "After surgery", "body": body, "language": "en", "department": department, "tags": tags,
        "position": 1, "archived": false,
    })
}

async fn kinds(device: &Device) -> Vec<&'static str> {
    let kind = |entity: &Entity| match entity {
        Entity::Department(_) => Some("department"),
        Entity::Tag(_) => Some("tag"),
        Entity::Template(_) => Some("template"),
        _ => None,
    };
    device.everything().await.iter().filter_map(|change| kind(&change.entity)).collect()
}

#[tokio::test]
async fn administrators_keep_departments_and_staff_keep_tags_and_templates() {
    let clinic = Clinic::open().await;
    let (admin, vet) = (clinic.admin().await, clinic.staff().await);
    let case = vet.open_case().await;
    let phone = vet.phone(&case).await;
    let (surgery, urgent, after) = (DepartmentId::new(), TagId::new(), TemplateId::new());
    let departments = format!("/v1/departments/{surgery}");
    let (tags, templates) = (format!("/v1/tags/{urgent}"), format!("/v1/templates/{after}"));
    fails(vet.put(&departments, &department(surgery, "Surgery", false)).await, 403, Code::Invalid).await;
    fails(phone.put(&tags, &tag(urgent, "Bites")).await, 404, Code::NotFound).await;
    ok(admin.put(&departments, &department(surgery, "Surgery", false)).await).await;
    ok(vet.put(&tags, &tag(urgent, "Bites")).await).await;
    let whole = template(after, "Dear {{client.name}}, {{patient.name}} sleeps.", Some(surgery), &[urgent]);
    ok(vet.put(&templates, &whole).await).await;
    assert_eq!(kinds(&vet).await, ["department", "tag", "template"]);
    assert!(kinds(&phone).await.is_empty(), "none of it is a client's");

    let revision = vet.changes(0, 1000).await.revision;
    ok(vet.put(&templates, &whole).await).await;
    assert_eq!(vet.changes(0, 1000).await.revision, revision, "the same again changes nothing");
    let refused = async |body: &Value| fails(vet.put(&templates, body).await, 400, Code::Invalid).await;
    let sentence = refused(&template(after, "Dear {{client.nmae}}", None, &[])).await;
    assert!(sentence.contains("{{client.nmae}}") && sentence.contains("{{client.name}}"), "{sentence}");
    refused(&template(after, " ", None, &[])).await;
    refused(&template(TemplateId::new(), "x", None, &[])).await;
    let unknown = template(after, "x", Some(DepartmentId::new()), &[]);
    fails(vet.put(&templates, &unknown).await, 404, Code::NotFound).await;
    let unknown = template(after, "x", None, &[TagId::new()]);
    fails(vet.put(&templates, &unknown).await, 404, Code::NotFound).await;

    // Two of one name are told apart by nobody, unless one is used no more.
    let twin = DepartmentId::new();
    let path = format!("/v1/departments/{twin}");
    fails(admin.put(&path, &department(twin, " SURGERY ", false)).await, 409, Code::Conflict).await;
    ok(admin.put(&departments, &department(surgery, "Surgery", true)).await).await;
    ok(admin.put(&path, &department(twin, "Surgery", false)).await).await;
}

#[tokio::test]
async fn conversations_have_a_department_and_tags_that_no_client_sees() {
    let clinic = Clinic::open().await;
    let (admin, vet) = (clinic.admin().await, clinic.staff().await);
    let case = vet.open_case().await;
    let phone = vet.phone(&case).await;
    let (surgery, bites, night) = (DepartmentId::new(), TagId::new(), TagId::new());
    ok(admin.put(&format!("/v1/departments/{surgery}"), &department(surgery, "Surgery", false)).await).await;
    for (id, name) in [(bites, "Bites"), (night, "Night")] {
        ok(vet.put(&format!("/v1/tags/{id}"), &tag(id, name)).await).await;
    }
    let path = format!("/v1/conversations/{}", case.conversation);
    ok(vet.patch(&path, &json!({ "department": { "to": surgery }, "tags": [night, bites] })).await).await;
    let seen = vet.conversation(case.conversation).await;
    assert_eq!((seen.department, seen.tags.as_slice()), (Some(surgery), [night, bites].as_slice()));
    let theirs = phone.conversation(case.conversation).await;
    assert_eq!((theirs.department, theirs.tags.len()), (None, 0));
    // Each by itself; what is not said is as it was.
    ok(vet.patch(&path, &json!({ "tags": [] })).await).await;
    assert_eq!(vet.conversation(case.conversation).await.department, Some(surgery));
    ok(vet.patch(&path, &json!({ "department": { "to": null } })).await).await;
    assert_eq!(vet.conversation(case.conversation).await.department, None);
    for change in [json!({ "department": { "to": DepartmentId::new() } }), json!({ "tags": [TagId::new()] })]
    {
        fails(vet.patch(&path, &change).await, 404, Code::NotFound).await;
    }
    let many: Vec<TagId> = (0..21).map(|_| TagId::new()).collect();
    fails(vet.patch(&path, &json!({ "tags": many })).await, 400, Code::Invalid).await;
}

//! Departments, tags and templates. The last one to write wins.

use axum::extract::State;
use limpet_model::{Department, DepartmentId, Tag, TagId, Template, TemplateId};

use crate::{
    access::Staff,
    app::App,
    body::{IdOf, Sent},
    failure::{Answer, Problem},
    terms::Done,
    words,
};

fn same<T: PartialEq>(in_path: &T, in_body: &T) -> Answer<()> {
    if in_path == in_body {
        return Ok(());
    }
    Err(Problem::invalid("The id is not the one in the address. If an app sent it, update the app."))
}

/// `PUT /v1/departments/{id}`
pub async fn put_department(
    State(app): State<App>,
    staff: Staff,
    IdOf(id): IdOf<DepartmentId>,
    Sent(department): Sent<Department>,
) -> Answer<Done> {
    same(&id, &department.id)?;
    words::check_listed(&department.name)?;
    app.store.put_listed(staff.by(app.now()), &department).await?;
    Ok(Done)
}

/// `PUT /v1/tags/{id}`
pub async fn put_tag(
    State(app): State<App>,
    staff: Staff,
    IdOf(id): IdOf<TagId>,
    Sent(tag): Sent<Tag>,
) -> Answer<Done> {
    same(&id, &tag.id)?;
    words::check_listed(&tag.name)?;
    app.store.put_listed(staff.by(app.now()), &tag).await?;
    Ok(Done)
}

/// `PUT /v1/templates/{id}`
pub async fn put_template(
    State(app): State<App>,
    staff: Staff,
    IdOf(id): IdOf<TemplateId>,
    Sent(template): Sent<Template>,
) -> Answer<Done> {
    same(&id, &template.id)?;
    words::check_template(&template)?;
    app.store.put_template(staff.by(app.now()), &template).await?;
    Ok(Done)
}

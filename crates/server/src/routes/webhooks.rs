//! Webhooks, as an administrator makes them, looks after them and removes them.

use axum::{Json, extract::State};
use limpet_model::WebhookId;
use limpet_wire::integrations::{Delivery, IssuedWebhook, NewWebhook, WebhookInfo};

use crate::{
    access::Staff,
    app::App,
    body::{IdOf, Sent},
    failure::{Answer, Problem},
    hooks::{check_url, new_secret},
    store::StoreError,
    terms::Done,
    words,
};

/// `GET /v1/webhooks`
pub async fn list(State(app): State<App>, staff: Staff) -> Answer<Json<Vec<WebhookInfo>>> {
    Ok(Json(app.store.webhooks(staff.practice).await?))
}

/// `POST /v1/webhooks`
pub async fn add(
    State(app): State<App>,
    staff: Staff,
    Sent(new): Sent<NewWebhook>,
) -> Answer<Json<IssuedWebhook>> {
    words::check_webhook(&new)?;
    check_url(&new.url, app.webhooks_to_loopback)?;
    let (id, secret) = (WebhookId::new(), new_secret().map_err(StoreError::from)?);
    app.store.add_webhook(staff.by(app.now()), id, &new, &secret).await?;
    tracing::info!(practice = %staff.practice, by = %staff.id, webhook = %id, "Added a webhook");
    Ok(Json(IssuedWebhook { id, secret }))
}

/// `DELETE /v1/webhooks/{id}`
pub async fn remove(State(app): State<App>, staff: Staff, IdOf(id): IdOf<WebhookId>) -> Answer<Done> {
    if !app.store.remove_webhook(staff.by(app.now()), id).await? {
        return Err(Problem::not_found("webhook"));
    }
    tracing::info!(practice = %staff.practice, by = %staff.id, webhook = %id, "Removed a webhook");
    Ok(Done)
}

/// `GET /v1/webhooks/{id}/deliveries`
pub async fn deliveries(
    State(app): State<App>,
    staff: Staff,
    IdOf(id): IdOf<WebhookId>,
) -> Answer<Json<Vec<Delivery>>> {
    app.store.deliveries(staff.practice, id).await?.map(Json).ok_or_else(|| Problem::not_found("webhook"))
}

/// `POST /v1/webhooks/{id}/retry`
pub async fn retry(State(app): State<App>, staff: Staff, IdOf(id): IdOf<WebhookId>) -> Answer<Done> {
    if !app.store.tell_dead_again(staff.by(app.now()), id).await? {
        return Err(Problem::not_found("webhook"));
    }
    Ok(Done)
}

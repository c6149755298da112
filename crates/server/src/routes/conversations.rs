//! Conversations: opening, changing, inviting the client, read marks.

use axum::{Json, extract::State, http::StatusCode};
use limpet_model::ConversationId;
use limpet_wire::http::{ConversationChange, Invitation, NewConversation, ReadUpTo};

use crate::{
    access::{Caller, Staff},
    app::App,
    body::{IdOf, Sent},
    failure::{Answer, Problem},
    secrets::{new_token, token_hash},
    store::{StoreError, invitations::Opened},
    view::View,
    words,
};

/// `PUT /v1/conversations/{id}`
pub async fn open(
    State(app): State<App>,
    staff: Staff,
    IdOf(id): IdOf<ConversationId>,
    Sent(new): Sent<NewConversation>,
) -> Answer<StatusCode> {
    words::check_conversation(&new)?;
    app.store.open_conversation(staff.practice, id, &new, staff.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `PATCH /v1/conversations/{id}`
pub async fn change(
    State(app): State<App>,
    staff: Staff,
    IdOf(id): IdOf<ConversationId>,
    Sent(change): Sent<ConversationChange>,
) -> Answer<StatusCode> {
    words::check_change(&change)?;
    app.store.change_conversation(staff.practice, id, staff.id, &change, app.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /v1/conversations/{id}/invitation`
pub async fn invite(
    State(app): State<App>,
    staff: Staff,
    IdOf(id): IdOf<ConversationId>,
) -> Answer<Json<Invitation>> {
    let conversation = app
        .store
        .conversation(staff.practice, View::Staff, id)
        .await?
        .ok_or_else(|| Problem::not_found("conversation"))?;
    let token = new_token().map_err(StoreError::from)?;
    let opened = Opened { practice: staff.practice, client: conversation.client, conversation: id };
    let expires_at = app.store.add_invitation(&token_hash(&token), opened, staff.id, app.now()).await?;
    Ok(Json(Invitation { link: app.address_of(&format!("/o/{token}")), expires_at }))
}

/// `POST /v1/conversations/{id}/read`
pub async fn read(
    State(app): State<App>,
    caller: Caller,
    IdOf(id): IdOf<ConversationId>,
    Sent(up_to): Sent<ReadUpTo>,
) -> Answer<StatusCode> {
    app.store.read_up_to(caller.practice(), caller.view(), id, up_to.at).await?;
    Ok(StatusCode::NO_CONTENT)
}

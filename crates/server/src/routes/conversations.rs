//! Conversations: opening, changing, inviting the client, read marks.

use axum::{Json, extract::State, http::StatusCode};
use limpet_model::ConversationId;
use limpet_wire::{
    Code,
    http::{
        BulkAnswer, BulkChange, BulkRefusal, ConversationChange, Invitation, Merge, NewConversation, ReadUpTo,
    },
};

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

/// Most conversations that one request changes.
const MOST_AT_ONCE: usize = 200;

/// `PUT /v1/conversations/{id}`
pub async fn open(
    State(app): State<App>,
    staff: Staff,
    IdOf(id): IdOf<ConversationId>,
    Sent(new): Sent<NewConversation>,
) -> Answer<StatusCode> {
    words::check_conversation(&new)?;
    app.store.open_conversation(staff.by(app.now()), id, &new).await?;
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
    app.store.change_conversation(staff.by(app.now()), id, &change).await?;
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
    let expires_at = app.store.add_invitation(staff.by(app.now()), &token_hash(&token), opened).await?;
    Ok(Json(Invitation { link: app.address_of(&format!("/o/{token}")), expires_at }))
}

/// `POST /v1/conversations/{id}/merge`
pub async fn merge(
    State(app): State<App>,
    staff: Staff,
    IdOf(id): IdOf<ConversationId>,
    Sent(merge): Sent<Merge>,
) -> Answer<StatusCode> {
    app.store.merge_conversations(staff.by(app.now()), merge.from, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /v1/conversations/changes`
pub async fn change_many(
    State(app): State<App>,
    staff: Staff,
    Sent(bulk): Sent<BulkChange>,
) -> Answer<Json<BulkAnswer>> {
    words::check_change(&bulk.change)?;
    if bulk.conversations.len() > MOST_AT_ONCE {
        return Err(Problem::invalid(format!("Change at most {MOST_AT_ONCE} conversations at once.")));
    }
    let mut refused = Vec::new();
    for conversation in bulk.conversations {
        // Each by itself: one that cannot be changed holds up no other.
        let done = app.store.change_conversation(staff.by(app.now()), conversation, &bulk.change).await;
        if let Err(error) = done {
            let problem = Problem::from(error);
            if matches!(problem.failure().code, Code::Internal | Code::Offline | Code::NoRoom) {
                return Err(problem);
            }
            refused.push(BulkRefusal { conversation, failure: problem.failure().clone() });
        }
    }
    Ok(Json(BulkAnswer { refused }))
}

/// `POST /v1/conversations/{id}/read`
pub async fn read(
    State(app): State<App>,
    caller: Caller,
    IdOf(id): IdOf<ConversationId>,
    Sent(up_to): Sent<ReadUpTo>,
) -> Answer<StatusCode> {
    app.store.read_up_to(caller.by(app.now()), caller.view(), id, up_to.at).await?;
    Ok(StatusCode::NO_CONTENT)
}

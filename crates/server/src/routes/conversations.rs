//! Conversations: opening, changing, inviting the client, read marks.

use axum::{Json, extract::State};
use limpet_model::{Audience, Conversation, ConversationId};
use limpet_wire::{
    Code,
    changes::{Change, Entity},
    http::{
        BulkAnswer, BulkChange, BulkRefusal, ConversationChange, Invitation, Merge, NewConversation,
        Presence, ReadUpTo,
    },
};

use crate::{
    access::Caller,
    app::App,
    body::{IdOf, Sent},
    failure::{Answer, Problem},
    limits::BULK_LIMIT,
    presence::Said,
    secrets::{new_token, token_hash},
    store::{StoreError, changes::Thing, invitations::Opened},
    terms::{Changed, Done, Known, On, Tagged},
    view::View,
    words,
};

/// `GET /v1/conversations/{id}`
pub async fn conversation(
    State(app): State<App>,
    caller: Caller,
    IdOf(id): IdOf<ConversationId>,
    known: Known,
) -> Answer<Tagged<Conversation>> {
    match app.store.one(caller.practice(), caller.view(), Thing::Conversation(id)).await? {
        Some(Change { revision, entity: Entity::Conversation(found) }) => known.or(revision, found),
        _ => Err(Problem::not_found("conversation")),
    }
}

/// `PUT /v1/conversations/{id}`
pub async fn open(
    State(app): State<App>,
    caller: Caller,
    IdOf(id): IdOf<ConversationId>,
    Sent(new): Sent<NewConversation>,
) -> Answer<Done> {
    words::check_conversation(&new)?;
    app.store.open_conversation(caller.by(app.now()), id, &new).await?;
    Ok(Done)
}

/// `PATCH /v1/conversations/{id}`
pub async fn change(
    State(app): State<App>,
    caller: Caller,
    IdOf(id): IdOf<ConversationId>,
    On(terms): On,
    Sent(change): Sent<ConversationChange>,
) -> Answer<Changed> {
    words::check_change(&change)?;
    Ok(Changed(app.store.change_conversation_on(caller.by(app.now()), id, &change, &terms).await?))
}

/// `POST /v1/conversations/{id}/invitation`
pub async fn invite(
    State(app): State<App>,
    caller: Caller,
    IdOf(id): IdOf<ConversationId>,
) -> Answer<Json<Invitation>> {
    let conversation = app
        .store
        .conversation(caller.practice(), View::Staff, id)
        .await?
        .ok_or_else(|| Problem::not_found("conversation"))?;
    let token = new_token().map_err(StoreError::from)?;
    let opened = Opened { practice: caller.practice(), client: conversation.client, conversation: id };
    let expires_at = app.store.add_invitation(caller.by(app.now()), &token_hash(&token), opened).await?;
    Ok(Json(Invitation { link: app.address_of(&format!("/o/{token}")), expires_at }))
}

/// `POST /v1/conversations/{id}/merge`
pub async fn merge(
    State(app): State<App>,
    caller: Caller,
    IdOf(id): IdOf<ConversationId>,
    Sent(merge): Sent<Merge>,
) -> Answer<Done> {
    app.store.merge_conversations(caller.by(app.now()), merge.from, id).await?;
    Ok(Done)
}

/// `POST /v1/conversations/changes`
pub async fn change_many(
    State(app): State<App>,
    caller: Caller,
    Sent(bulk): Sent<BulkChange>,
) -> Answer<Json<BulkAnswer>> {
    words::check_change(&bulk.change)?;
    if bulk.conversations.len() > BULK_LIMIT {
        return Err(Problem::invalid(format!("Change at most {BULK_LIMIT} conversations at once.")));
    }
    let mut refused = Vec::new();
    for conversation in bulk.conversations {
        // Each by itself: one that cannot be changed holds up no other.
        let done = app.store.change_conversation(caller.by(app.now()), conversation, &bulk.change).await;
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
) -> Answer<Done> {
    words::check_mark(up_to)?;
    app.store.read_up_to(caller.by(app.now()), caller.view(), id, up_to.at).await?;
    Ok(Done)
}

/// `PUT /v1/conversations/{id}/presence`
pub async fn presence(
    State(app): State<App>,
    caller: Caller,
    IdOf(id): IdOf<ConversationId>,
    Sent(Presence { here, typing }): Sent<Presence>,
) -> Answer<Done> {
    let (practice, view, who) = (caller.practice(), caller.view(), caller.author()?);
    if typing == Some(Audience::Staff) && view != View::Staff {
        return Err(Problem::invalid("A note is for staff only. Say that you are writing a message."));
    }
    let found = app.store.conversation(practice, view, id).await?;
    let client = found.ok_or_else(|| Problem::not_found("conversation"))?.client;
    let here = here || typing.is_some();
    let said = Said { practice, conversation: id, client, session: caller.0.id(), who, here, typing };
    app.live.presences().say(said, app.now());
    Ok(Done)
}

//! `/v1/messages/{id}`: messages and notes: reading one, writing it, giving it new words, taking it back.

use axum::{Json, extract::State, http::HeaderMap};
use limpet_model::{Message, MessageId};
use limpet_wire::{
    changes::{Change, Entity},
    http::{EarlierWords, MessageChange, NewMessage},
};

use crate::{
    access::{Caller, Staff},
    app::App,
    body::{IdOf, Sent},
    failure::{Answer, Problem},
    openapi::Telling,
    pages::Language,
    permission::{Act, may},
    store::changes::Thing,
    terms::{Done, Known, Tagged},
    view::View,
    words,
};

/// `GET /v1/messages/{id}`
pub async fn message(
    State(app): State<App>,
    caller: Caller,
    IdOf(id): IdOf<MessageId>,
    known: Known,
) -> Answer<Tagged<Message>> {
    match app.store.one(caller.practice(), caller.view(), Thing::Message(id)).await? {
        Some(Change { revision, entity: Entity::Message(found) }) => known.or(revision, found),
        _ => Err(Problem::not_found("message")),
    }
}

/// `PUT /v1/messages/{id}`
pub async fn put(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    IdOf(id): IdOf<MessageId>,
    Sent(new): Sent<NewMessage>,
) -> Answer<Done> {
    words::check_message(caller.author()?, &new)?;
    let language = Language::wanted(&headers);
    app.store.put_message_in(&language, caller.by(app.now()), caller.view(), id, &new).await?;
    Ok(Done)
}

/// Tells what may be wrong with a message's files.
pub fn tell_put(telling: &mut Telling<'_>) {
    telling.fails(&[409, 422]);
}

/// `PATCH /v1/messages/{id}`
pub async fn edit(
    State(app): State<App>,
    caller: Caller,
    IdOf(id): IdOf<MessageId>,
    Sent(change): Sent<MessageChange>,
) -> Answer<Done> {
    words::check_words(&change)?;
    app.store.edit_message(caller.by(app.now()), caller.view(), id, &change.body).await?;
    Ok(Done)
}

/// `DELETE /v1/messages/{id}`
pub async fn delete(State(app): State<App>, caller: Caller, IdOf(id): IdOf<MessageId>) -> Answer<Done> {
    let anybodys = may(caller.who(), Act::TakeBack);
    app.store.delete_message(caller.by(app.now()), caller.view(), id, anybodys).await?;
    Ok(Done)
}

/// `GET /v1/messages/{id}/earlier`
pub async fn earlier(
    State(app): State<App>,
    staff: Staff,
    IdOf(id): IdOf<MessageId>,
) -> Answer<Json<Vec<EarlierWords>>> {
    let found = app.store.message(staff.practice, View::Staff, id).await?;
    found.ok_or_else(|| Problem::not_found("message"))?;
    Ok(Json(app.store.earlier_words(staff.practice, id).await?))
}

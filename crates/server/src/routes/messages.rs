//! Messages and notes: writing one, giving it new words, taking it back.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use limpet_model::{MessageId, UPLOAD_LIMIT};
use limpet_wire::http::{EarlierWords, MessageChange, NewMessage};

use crate::{
    access::{Caller, Staff},
    app::App,
    body::{IdOf, Sent},
    failure::{Answer, Problem},
    pages::Language,
    permission::{Act, may},
    view::View,
    words,
};

/// `PUT /v1/messages/{id}`
pub async fn put(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    IdOf(id): IdOf<MessageId>,
    Sent(new): Sent<NewMessage>,
) -> Answer<StatusCode> {
    let limit = if new.attachments.is_empty() {
        UPLOAD_LIMIT
    } else {
        app.store.practice(caller.practice()).await?.map_or(UPLOAD_LIMIT, |it| it.settings.upload_limit)
    };
    words::check_message(caller.author(), &new, limit)?;
    let language = Language::wanted(&headers);
    app.store.put_message_in(&language, caller.by(app.now()), caller.view(), id, &new).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `PATCH /v1/messages/{id}`
pub async fn edit(
    State(app): State<App>,
    caller: Caller,
    IdOf(id): IdOf<MessageId>,
    Sent(change): Sent<MessageChange>,
) -> Answer<StatusCode> {
    words::check_words(&change)?;
    app.store.edit_message(caller.by(app.now()), caller.view(), id, &change.body).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /v1/messages/{id}`
pub async fn delete(State(app): State<App>, caller: Caller, IdOf(id): IdOf<MessageId>) -> Answer<StatusCode> {
    let anybodys = may(caller.who(), Act::TakeBack);
    app.store.delete_message(caller.by(app.now()), caller.view(), id, anybodys).await?;
    Ok(StatusCode::NO_CONTENT)
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

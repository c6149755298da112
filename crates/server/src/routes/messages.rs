//! `PUT /v1/messages/{id}`: a message, or a note.

use axum::{extract::State, http::StatusCode};
use limpet_model::MessageId;
use limpet_wire::http::NewMessage;

use crate::{
    access::Caller,
    app::App,
    body::{IdOf, Sent},
    failure::Answer,
    words,
};

/// `PUT /v1/messages/{id}`
pub async fn put(
    State(app): State<App>,
    caller: Caller,
    IdOf(id): IdOf<MessageId>,
    Sent(new): Sent<NewMessage>,
) -> Answer<StatusCode> {
    words::check_message(caller.author(), &new)?;
    app.store.put_message(caller.practice(), caller.view(), caller.author(), id, &new, app.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

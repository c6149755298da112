//! Uploads by tus 1.0: the bytes of an attachment that was announced with its message.
//!
//! **Invariant:** what has arrived is never lost and never damaged: not by a dropped connection, a full disk or
//! a crash. The next request is told the offset to go on from.

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use limpet_model::{Attachment, AttachmentId};
use limpet_wire::{Code, http::UPLOAD_LIMIT};
use serde_json::{Value, json};

use crate::{
    access::Caller,
    app::App,
    body::IdOf,
    failure::{Answer, Problem},
    file_of::FileOf,
    openapi::Telling,
    receive::{finish_if_complete, locked, proven_offset, receive, wrong_offset},
    store::uploads::Upload,
    tus::{self, name},
    words,
};

/// `OPTIONS /v1/uploads`
pub async fn abilities() -> Response {
    let headers = [
        ("tus-version", HeaderValue::from_static(tus::VERSION)),
        ("tus-extension", HeaderValue::from_static(tus::EXTENSIONS)),
        ("tus-checksum-algorithm", HeaderValue::from_static(tus::ALGORITHMS)),
        ("tus-max-size", HeaderValue::from(UPLOAD_LIMIT)),
    ];
    with_version((StatusCode::NO_CONTENT, headers).into_response())
}

/// `POST /v1/uploads`
pub async fn begin(State(app): State<App>, caller: Caller, headers: HeaderMap, body: Body) -> Response {
    with_version(begun(&app, &caller, &headers, body).await.unwrap_or_else(IntoResponse::into_response))
}

async fn begun(app: &App, caller: &Caller, headers: &HeaderMap, body: Body) -> Answer<Response> {
    tus::check_version(headers)?;
    let length = tus::number(headers, &name::LENGTH)
        .ok_or_else(|| Problem::invalid("The app did not say how large the file is. Update the app."))?;
    words::check_size(length)?;
    let id = tus::attachment(headers)
        .ok_or_else(|| Problem::invalid("The app did not say what the file belongs to. Update the app."))?;
    let attachment = announced(app, caller, id).await?;
    if length != attachment.bytes {
        return Err(Problem::new(
            Code::Conflict,
            "The file has changed since the message was written. Choose it again.",
        ));
    }
    let location =
        HeaderValue::from_str(&format!("/v1/uploads/{id}")).map_err(|error| Problem::internal(&error))?;
    let mut offset = attachment.bytes;
    let mut expires = None;
    if attachment.uploaded_at.is_none() {
        let upload = app.store.begin_upload(caller.by(app.now()), &attachment).await?;
        offset = proven_offset(app, &upload).await?;
        if tus::is_chunk(headers) && offset == 0 {
            offset = receive(app, &upload, 0, tus::Proof::read(headers)?, length_of(headers), body).await?;
        }
        expires = tus::http_date(upload.expires_at).filter(|_| offset < attachment.bytes);
    }
    let mut response = (StatusCode::CREATED, [(header::LOCATION, location)]).into_response();
    state_offset(&mut response, offset, expires);
    Ok(response)
}

/// `HEAD /v1/uploads/{attachment}`
pub async fn offset(
    State(app): State<App>,
    caller: Caller,
    IdOf(id): IdOf<AttachmentId>,
    headers: HeaderMap,
) -> Response {
    let answer = async {
        tus::check_version(&headers)?;
        announced(&app, &caller, id).await?;
        let of = FileOf { practice: caller.practice(), attachment: id };
        // Who asks where to go on wants to go on: a connection that hangs gives way, and only then is it looked
        // how far it came.
        app.intake.ask_to_give_way(of).await?;
        let attachment = announced(&app, &caller, id).await?;
        let mut response = StatusCode::OK.into_response();
        if attachment.uploaded_at.is_some() {
            state_offset(&mut response, attachment.bytes, None);
        } else {
            let upload = under_way(&app, &caller, id).await?;
            let offset = proven_offset(&app, &upload).await?;
            finish_if_complete(&app, &upload).await?;
            state_offset(&mut response, offset, tus::http_date(upload.expires_at));
        }
        response.headers_mut().insert(name::LENGTH, HeaderValue::from(attachment.bytes));
        Ok(response)
    };
    with_version(answer.await.unwrap_or_else(|problem: Problem| problem.into_response()))
}

/// `PATCH /v1/uploads/{attachment}`
pub async fn append(
    State(app): State<App>,
    caller: Caller,
    IdOf(id): IdOf<AttachmentId>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    with_version(
        appended(&app, &caller, id, &headers, body).await.unwrap_or_else(IntoResponse::into_response),
    )
}

async fn appended(
    app: &App,
    caller: &Caller,
    id: AttachmentId,
    headers: &HeaderMap,
    body: Body,
) -> Answer<Response> {
    tus::check_version(headers)?;
    if !tus::is_chunk(headers) {
        return Err(Problem::invalid("The app sent a chunk of the wrong type. Update the app.")
            .with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    let from = tus::number(headers, &name::OFFSET)
        .ok_or_else(|| Problem::invalid("The app did not say where the chunk begins. Update the app."))?;
    let proof = tus::Proof::read(headers)?;
    let attachment = announced(app, caller, id).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    if attachment.uploaded_at.is_some() {
        if from != attachment.bytes {
            return Err(wrong_offset());
        }
        state_offset(&mut response, attachment.bytes, None);
        return Ok(response);
    }
    let upload = under_way(app, caller, id).await?;
    let offset = receive(app, &upload, from, proof, length_of(headers), body).await?;
    let expires = tus::http_date(upload.expires_at).filter(|_| offset < attachment.bytes);
    state_offset(&mut response, offset, expires);
    Ok(response)
}

/// `DELETE /v1/uploads/{attachment}`
pub async fn give_up(
    State(app): State<App>,
    caller: Caller,
    IdOf(id): IdOf<AttachmentId>,
    headers: HeaderMap,
) -> Response {
    let answer = async {
        tus::check_version(&headers)?;
        let attachment = announced(&app, &caller, id).await?;
        if attachment.uploaded_at.is_some() {
            return Err(Problem::new(
                Code::Conflict,
                "The file has already arrived; it cannot be called back.",
            ));
        }
        let of = FileOf { practice: caller.practice(), attachment: id };
        // A connection that hangs holds the turn: whoever cancels wants it to end.
        app.intake.ask_to_give_way(of).await?;
        let Some(turn) = app.intake.take_turn(of).await? else { return Err(locked()) };
        let reason = "The upload was cancelled. Send the file again if it is needed.";
        let done = async {
            app.store.abandon_upload(caller.by(app.now()), id, turn.hold(), reason).await?;
            Ok(app.intake.remove(of).await?)
        };
        let done: Answer<()> = done.await;
        turn.give_back().await;
        done.map(|()| StatusCode::NO_CONTENT.into_response())
    };
    with_version(answer.await.unwrap_or_else(|problem: Problem| problem.into_response()))
}

/// An attachment that this caller announced: nobody else may send its bytes.
async fn announced(app: &App, caller: &Caller, id: AttachmentId) -> Answer<Attachment> {
    let attachment = app.store.attachment(caller.practice(), caller.view(), id).await?;
    let own = app.store.is_author_of(caller.practice(), caller.author()?, id).await?;
    attachment.filter(|_| own).ok_or_else(|| Problem::not_found("upload"))
}

async fn under_way(app: &App, caller: &Caller, id: AttachmentId) -> Answer<Upload> {
    let upload =
        app.store.upload(caller.practice(), id).await?.ok_or_else(|| Problem::not_found("upload"))?;
    if upload.expires_at <= app.now() {
        return Err(Problem::new(
            Code::NotFound,
            "The upload was not finished in time. Send the file again.",
        )
        .with_status(StatusCode::GONE));
    }
    Ok(upload)
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn count() -> Value {
    json!({ "type": "integer", "format": "int64", "minimum": 0 })
}

fn tell_version(telling: &mut Telling<'_>) {
    let version = json!({ "type": "string", "const": tus::VERSION });
    telling.parameter("header", "Tus-Resumable", true, &version, "The version of tus.");
    telling.fails(&[400, 404, 412]);
}

fn tell_chunk(telling: &mut Telling<'_>, required: bool) {
    telling.takes(tus::CHUNK, &json!({ "type": "string", "format": "binary" }), required);
    let sum = "`sha1` or `sha256`, a blank, and the sum of this chunk in base64.";
    let pattern = "^(sha1 [A-Za-z0-9+/]{26}|sha256 [A-Za-z0-9+/]{42})[AEIMQUYcgkosw048]=$";
    let schema = json!({ "type": "string", "pattern": pattern });
    telling.parameter("header", "Upload-Checksum", false, &schema, sum);
    telling.fails(&[409, 413, 423, 460]);
}

fn tell_place(telling: &mut Telling<'_>, status: u16) {
    telling.header(status, "Tus-Resumable", true, &text(), "The version of tus.");
    telling.header(status, "Upload-Offset", true, &count(), "How many bytes have arrived.");
    telling.header(status, "Upload-Expires", false, &text(), "When it is given up.");
}

/// Tells of what is spoken.
pub fn tell_abilities(telling: &mut Telling<'_>) {
    telling.answers(204, "It stands in the headers.");
    for name in ["Tus-Resumable", "Tus-Version", "Tus-Extension", "Tus-Checksum-Algorithm"] {
        telling.header(204, name, true, &text(), "As tus 1.0 says.");
    }
    telling.header(204, "Tus-Max-Size", true, &count(), "The largest file, bytes.");
}

/// Tells of a beginning.
pub fn tell_begin(telling: &mut Telling<'_>) {
    tell_version(telling);
    tell_chunk(telling, false);
    let length = json!({ "type": "integer", "format": "int64", "minimum": 1, "maximum": UPLOAD_LIMIT });
    telling.parameter("header", "Upload-Length", true, &length, "How many bytes there are to be.");
    let metadata =
        "`attachment`, a blank, and the id of the announced attachment in base64; others are passed over.";
    telling.parameter("header", "Upload-Metadata", true, &text(), metadata);
    telling.answers(201, "It may be sent.");
    telling.header(201, "Location", true, &text(), "Where to send it.");
    tell_place(telling, 201);
    telling.fails(&[422]);
}

/// Tells of the question how far it has come.
pub fn tell_offset(telling: &mut Telling<'_>) {
    tell_version(telling);
    telling.answers(200, "It stands in the headers.");
    tell_place(telling, 200);
    telling.header(200, "Upload-Length", true, &count(), "How many bytes there are to be.");
    telling.fails(&[410]);
}

/// Tells of a chunk.
pub fn tell_append(telling: &mut Telling<'_>) {
    tell_version(telling);
    tell_chunk(telling, true);
    telling.parameter("header", "Upload-Offset", true, &count(), "Where the chunk begins.");
    telling.answers(204, "The bytes are kept.");
    tell_place(telling, 204);
    telling.fails(&[410, 415]);
}

/// Tells of giving up.
pub fn tell_give_up(telling: &mut Telling<'_>) {
    tell_version(telling);
    telling.answers(204, "It is given up.");
    telling.header(204, "Tus-Resumable", true, &text(), "The version of tus.");
    telling.fails(&[409, 423]);
}

fn length_of(headers: &HeaderMap) -> Option<i64> {
    tus::number(headers, &header::CONTENT_LENGTH)
}

fn state_offset(response: &mut Response, offset: i64, expires: Option<HeaderValue>) {
    response.headers_mut().insert(name::OFFSET, HeaderValue::from(offset));
    if let Some(expires) = expires {
        response.headers_mut().insert(name::EXPIRES, expires);
    }
}

fn with_version(mut response: Response) -> Response {
    let refused = response.status() == StatusCode::PRECONDITION_FAILED;
    let headers = response.headers_mut();
    headers.insert(name::RESUMABLE, HeaderValue::from_static(tus::VERSION));
    if refused {
        // Which version would do.
        headers.insert("tus-version", HeaderValue::from_static(tus::VERSION));
    }
    response
}

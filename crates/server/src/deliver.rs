//! Sending an attachment's bytes, whole or a range, straight off the blob store.
//!
//! **Invariant:** an original is somebody else's file: it goes out as a download, with its type as the server
//! saw it, and a browser that opens it anyway may run nothing in it.

use std::fmt::Write;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use limpet_model::{Attachment, AttachmentState, PracticeId};
use limpet_wire::Code;

use crate::{
    app::App,
    blobs::{BlobError, Part},
    failure::{Answer, Problem},
    file_of::FileOf,
    range::{Wanted, is_current, wanted},
};

/// Answers `GET` or `HEAD` of a part of an attachment.
pub async fn deliver(
    app: &App,
    practice: PracticeId,
    attachment: &Attachment,
    part: Part,
    method: &Method,
    asked: &HeaderMap,
) -> Answer<Response> {
    there_is(attachment, part)?;
    let (size, etag) = if let (Some(sha256), Part::Original) = (&attachment.sha256, part) {
        // The row knows it: a player asks for many ranges, and the store need not be asked twice for each.
        (u64::try_from(attachment.bytes).unwrap_or(0), format!("\"{sha256}\""))
    } else {
        let of = FileOf { practice, attachment: attachment.id };
        let meta = app.blobs.meta(of, part).await.map_err(|error| missing(&error))?;
        let made = meta.last_modified.timestamp_millis();
        (meta.size, format!("\"{}-{made}-{}\"", part.word(), meta.size))
    };
    let mut response = if is_current(asked, &etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        match wanted(asked, size, &etag) {
            Wanted::Nothing => {
                let range = format!("bytes */{size}");
                let problem = Problem::invalid("The file has fewer bytes than were asked for.")
                    .with_status(StatusCode::RANGE_NOT_SATISFIABLE);
                (([(header::CONTENT_RANGE, range)]), problem).into_response()
            }
            Wanted::Whole => bytes(app, practice, attachment, part, method, 0..size, StatusCode::OK).await?,
            Wanted::Part(range) => {
                let words = format!("bytes {}-{}/{size}", range.start, range.end - 1);
                let status = StatusCode::PARTIAL_CONTENT;
                let body = bytes(app, practice, attachment, part, method, range, status).await?;
                ([(header::CONTENT_RANGE, words)], body).into_response()
            }
        }
    };
    let headers = response.headers_mut();
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.insert(header::ETAG, value(&etag)?);
    Ok(response)
}

async fn bytes(
    app: &App,
    practice: PracticeId,
    attachment: &Attachment,
    part: Part,
    method: &Method,
    range: std::ops::Range<u64>,
    status: StatusCode,
) -> Answer<Response> {
    let length = range.end - range.start;
    let body = if *method == Method::HEAD || length == 0 {
        Body::empty()
    } else {
        let stream = app.blobs.stream(FileOf { practice, attachment: attachment.id }, part, range).await;
        Body::from_stream(stream.map_err(|error| missing(&error))?)
    };
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    let mime = match part {
        Part::Poster => "image/jpeg",
        Part::Rendition => "video/mp4",
        Part::Original if matches!(attachment.state, AttachmentState::Refused { .. }) => {
            "application/octet-stream"
        }
        Part::Original => attachment.mime.as_str(),
    };
    headers.insert(header::CONTENT_TYPE, value(mime)?);
    if part == Part::Original {
        headers.insert(header::CONTENT_DISPOSITION, value(&disposition(&attachment.name))?);
        let policy = HeaderValue::from_static("sandbox; default-src 'none'; frame-ancestors 'none'");
        headers.insert(HeaderName::from_static("content-security-policy"), policy);
    }
    Ok(response)
}

fn there_is(attachment: &Attachment, part: Part) -> Answer<()> {
    let there = match part {
        Part::Original => attachment.sha256.is_some(),
        Part::Rendition => attachment.has_rendition,
        Part::Poster => attachment.has_poster,
    };
    let on_its_way =
        matches!(attachment.state, AttachmentState::Uploading { .. } | AttachmentState::Processing);
    match (there, on_its_way) {
        (true, _) => Ok(()),
        (false, true) => Err(Problem::new(Code::Conflict, "This is still arriving. Try again in a moment.")),
        (false, false) => Err(Problem::not_found(part.word())),
    }
}

fn missing(error: &BlobError) -> Problem {
    match error {
        BlobError::Full => Problem::no_room(),
        // The row says it is there: its absence is our fault, not the asker's.
        error => Problem::internal(error),
    }
}

fn value(text: &str) -> Answer<HeaderValue> {
    HeaderValue::from_str(text).map_err(|error| Problem::internal(&error))
}

/// `attachment` with the name twice: in ASCII for old programs, and as it is (RFC 6266).
fn disposition(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || " .-_()".contains(c) { c } else { '_' })
        .collect();
    let mut exact = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b".-_".contains(&byte) {
            exact.push(char::from(byte));
        } else {
            let _ = write!(exact, "%{byte:02X}");
        }
    }
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{exact}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_break_out_of_its_header() {
        assert_eq!(
            disposition("cojera \"león\"\r\n.mp4"),
            "attachment; filename=\"cojera _le_n___.mp4\"; filename*=UTF-8''cojera%20%22le%C3%B3n%22%0D%0A.mp4"
        );
    }
}

//! `limpet://localhost/media/<attachment>/<original|rendition|poster>`: pictures for the window, decrypted on the way.

use limpet_desk::MediaKind;
use limpet_model::AttachmentId;
use limpet_wire::{Code, Failure};
use tauri::{
    Manager as _, Runtime, UriSchemeContext, UriSchemeResponder, async_runtime,
    http::{Request, Response, StatusCode, header},
};

use crate::desk::Opening;

/// Answers one request of the window for a picture.
#[expect(clippy::needless_pass_by_value, reason = "the shape of a scheme's handler is Tauri's")]
pub(crate) fn answer<R: Runtime>(
    context: UriSchemeContext<'_, R>,
    request: Request<Vec<u8>>,
    responder: UriSchemeResponder,
) {
    let app = context.app_handle().clone();
    async_runtime::spawn(async move {
        let opening = app.state::<Opening>();
        responder.respond(
            picture(&opening, request.uri().path()).await.unwrap_or_else(|failure| refusal(&failure)),
        );
    });
}

async fn picture(opening: &Opening, path: &str) -> Result<Response<Vec<u8>>, Failure> {
    let (attachment, kind) =
        parse(path).ok_or_else(|| Failure::new(Code::NotFound, "There is no such picture."))?;
    let media = opening.desk().await?.media(attachment, kind).await?;
    Ok(Response::builder()
        .header(header::CONTENT_TYPE, media.mime)
        .header(header::CACHE_CONTROL, "private, max-age=3600")
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .body(media.bytes)
        .unwrap_or_default())
}

fn refusal(failure: &Failure) -> Response<Vec<u8>> {
    let mut response = Response::new(failure.message.clone().into_bytes());
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

fn parse(path: &str) -> Option<(AttachmentId, MediaKind)> {
    let (attachment, kind) = path.strip_prefix("/media/")?.split_once('/')?;
    Some((attachment.parse().ok()?, MediaKind::from_word(kind)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_media_are_answered() {
        let id = AttachmentId::new();
        assert_eq!(parse(&format!("/media/{id}/poster")), Some((id, MediaKind::Poster)));
        assert_eq!(parse(&format!("/media/{id}/passwd")), None);
        assert_eq!(parse("/media/../poster"), None);
    }
}

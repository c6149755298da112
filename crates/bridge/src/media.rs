//! `GET /media/<attachment>/<original|rendition|poster>`: pictures and clips for the page.

use limpet_desk::MediaKind;
use limpet_model::AttachmentId;
use limpet_wire::{Code, Failure};

use crate::{
    answer::{self, Answer},
    serve::Bridge,
};

pub(crate) async fn media(bridge: &Bridge, path: &str) -> Result<Answer, Failure> {
    let (attachment, kind) =
        parse(path).ok_or_else(|| Failure::new(Code::NotFound, "There is nothing at this address."))?;
    let media = bridge.desk.media(attachment, kind).await?;
    Ok(answer::sent(&media.mime, media.bytes))
}

fn parse(path: &str) -> Option<(AttachmentId, MediaKind)> {
    let (attachment, kind) = path.strip_prefix("/media/")?.split_once('/')?;
    let kind = match kind {
        "original" => MediaKind::Original,
        "rendition" => MediaKind::Rendition,
        "poster" => MediaKind::Poster,
        _ => return None,
    };
    Some((attachment.parse().ok()?, kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_media_are_answered() {
        let id = AttachmentId::new();
        assert!(parse(&format!("/media/{id}/poster")) == Some((id, MediaKind::Poster)));
        for other in [format!("/media/{id}/x"), format!("/media/{id}"), "/media/../poster".into(), "/".into()]
        {
            assert!(parse(&other).is_none(), "{other}");
        }
    }
}

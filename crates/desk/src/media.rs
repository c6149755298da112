//! Bytes for the UI: pictures, posters, renditions, documents.

use std::{io, sync::Arc};

use limpet_cache::{
    CacheError,
    media::{MediaFile, MediaKind},
};
use limpet_model::{Attachment, AttachmentId, AttachmentKind};
use limpet_video::{ByteSource, Clip, photo_poster};
use limpet_wire::{Code, Failure};

use crate::{
    compose::unwritable,
    fetch,
    hub::{Here, Hub, blocking},
    sniff::safe_mime,
};

/// Longest side of a poster made here, pixels.
const POSTER_SIDE: u32 = 1280;

/// Bytes for the UI.
pub struct Media {
    /// Media type; one that a page may be handed.
    pub mime: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// An encrypted file as the decoder's parent reads it.
pub(crate) struct Sealed(pub MediaFile);

impl ByteSource for Sealed {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.len())
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read_at(offset, buf)
    }
}

pub(crate) async fn media(hub: &Arc<Hub>, id: AttachmentId, kind: MediaKind) -> Result<Media, Failure> {
    let here = hub.here()?;
    let known = hub
        .on_disk(move |here| match here.store.cache.attachment(id)? {
            Some(attachment) => Ok(Some(Known::Sent(Box::new(attachment)))),
            None => Ok(here.store.outbox.staged(id)?.map(|file| Known::Staged(file.kind, file.mime))),
        })
        .await?
        .ok_or(CacheError::NotFound)?;
    let (mime, file) = match (&known, kind) {
        (_, MediaKind::Poster) => return poster(hub, &here, id, &known).await,
        (Known::Sent(attachment), kind) => {
            if kind == MediaKind::Rendition && !attachment.has_rendition {
                return Err(Failure::new(Code::NotFound, "There is no copy of this clip for playing yet."));
            }
            let mime = if kind == MediaKind::Rendition { "video/mp4" } else { attachment.mime.as_str() };
            (safe_mime(mime), fetch::file(hub, &here, attachment, kind).await?)
        }
        (Known::Staged(_, mime), MediaKind::Original) => {
            let file = fetch::local(hub, &here, id, kind).await?;
            (safe_mime(mime), file.ok_or(CacheError::NotFound)?)
        }
        (Known::Staged(..), _) => return Err(CacheError::NotFound.into()),
    };
    blocking(move || Ok(Media { mime, bytes: file.read_all().map_err(|error| unwritable(&error))? })).await
}

enum Known {
    Sent(Box<Attachment>),
    Staged(AttachmentKind, String),
}

impl Known {
    fn kind(&self) -> AttachmentKind {
        match self {
            Self::Sent(attachment) => attachment.kind,
            Self::Staged(kind, _) => *kind,
        }
    }
}

/// The server's poster; where there is none, one made from the original that is on this computer.
async fn poster(hub: &Arc<Hub>, here: &Here, id: AttachmentId, known: &Known) -> Result<Media, Failure> {
    let made = fetch::local(hub, here, id, MediaKind::Poster).await?;
    let file = match (made, known) {
        (Some(file), _) => file,
        (None, Known::Sent(attachment)) if attachment.has_poster => {
            fetch::file(hub, here, attachment, MediaKind::Poster).await?
        }
        (None, _) => make_poster(hub, here, id, known.kind()).await?,
    };
    blocking(move || {
        Ok(Media {
            mime: "image/jpeg".to_owned(),
            bytes: file.read_all().map_err(|error| unwritable(&error))?,
        })
    })
    .await
}

async fn make_poster(
    hub: &Arc<Hub>,
    here: &Here,
    id: AttachmentId,
    kind: AttachmentKind,
) -> Result<MediaFile, Failure> {
    let nothing = || Failure::new(Code::NotFound, "There is no picture of this file yet.");
    if kind == AttachmentKind::Document {
        return Err(nothing());
    }
    let original = fetch::local(hub, here, id, MediaKind::Original).await?.ok_or_else(nothing)?;
    let store = Arc::clone(&here.store);
    let now = hub.clock.now();
    blocking(move || {
        let source = Arc::new(Sealed(original));
        let jpeg = match kind {
            AttachmentKind::Clip => Clip::open(source)?.poster(POSTER_SIDE)?,
            _ => photo_poster(source, POSTER_SIDE)?.jpeg,
        };
        // Beside its original, so that both go together.
        let outgoing = store.outgoing.has(id, MediaKind::Original);
        let folder = if outgoing { &store.outgoing } else { &store.arrived };
        folder.put(id, MediaKind::Poster, &jpeg).map_err(|error| unwritable(&error))?;
        if !outgoing {
            store.cache.media_used(id, MediaKind::Poster, jpeg.len() as u64, now)?;
        }
        folder.read(id, MediaKind::Poster).map_err(|error| unwritable(&error))
    })
    .await
}

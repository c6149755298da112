//! Stills: a frame of a clip, labelled as a record wants its pictures, into the draft.

use std::sync::Arc;

use jiff::{Timestamp, tz::TimeZone};
use limpet_cache::{CacheError, media::MediaKind};
use limpet_model::{
    Attachment, AttachmentId, AttachmentKind, Client, Micros, Millis, Patient, Practice, StillOf,
};
use limpet_transcript::Language;
use limpet_video::{Picture, Still};
use limpet_wire::{
    Failure,
    desk::{CaptureStill, StagedFile},
};

use crate::{
    compose::unwritable,
    hub::{Here, Hub, blocking},
    papers, review,
};

/// A PNG larger than this is sent as JPEG.
const LARGEST_PNG: usize = 8 * 1024 * 1024;
/// Quality of that JPEG: nothing a person can see is lost.
const JPEG_QUALITY: u8 = 92;

pub(crate) async fn capture(hub: &Arc<Hub>, wanted: CaptureStill) -> Result<StagedFile, Failure> {
    let here = hub.here()?;
    let attachment = review::attachment(hub, wanted.clip).await?;
    let conversation = attachment.conversation;
    let room = review::room(hub, &attachment).await?;
    let staged = blocking(move || {
        let Still { picture, at } = room.still(wanted.frame)?;
        let label = Label::of(&here, &attachment, wanted.frame, at)?;
        let (bytes, mime, ending) = encode(&picture.labelled(&label.lines))?;
        let stem = attachment.name.rsplit_once('.').map_or(attachment.name.as_str(), |(stem, _)| stem);
        let staged = StagedFile {
            id: AttachmentId::new(),
            kind: AttachmentKind::Still,
            name: format!(
                "{} {}.{ending}",
                stem.chars().take(150).collect::<String>(),
                u64::from(wanted.frame) + 1
            ),
            mime: mime.to_owned(),
            bytes: i64::try_from(bytes.len()).unwrap_or(i64::MAX),
            caption: label.caption,
            still_of: Some(StillOf { clip: wanted.clip, frame: wanted.frame, at }),
        };
        here.store
            .outgoing
            .put(staged.id, MediaKind::Original, &bytes)
            .map_err(|error| unwritable(&error))?;
        here.store.outbox.stage(conversation, &staged, attachment.captured_at)?;
        Ok(staged)
    })
    .await?;
    hub.tell_conversation(conversation);
    Ok(staged)
}

fn encode(picture: &Picture) -> Result<(Vec<u8>, &'static str, &'static str), Failure> {
    let png = picture.to_png()?;
    if png.len() <= LARGEST_PNG {
        return Ok((png, "image/png", "png"));
    }
    Ok((picture.to_jpeg(JPEG_QUALITY)?, "image/jpeg", "jpg"))
}

/// What stands under a still, and what its caption says.
struct Label {
    lines: Vec<String>,
    caption: String,
}

impl Label {
    fn of(here: &Here, clip: &Attachment, frame: u32, at: Micros) -> Result<Self, Failure> {
        let cache = &here.store.cache;
        let conversation = cache.conversation(clip.conversation)?.ok_or(CacheError::NotFound)?;
        let client = cache.client(conversation.client)?.ok_or(CacheError::NotFound)?;
        let patient = cache.patient(conversation.patient)?.ok_or(CacheError::NotFound)?;
        let practice = cache.practice()?.unwrap_or_else(|| here.signed_in.practice.clone());
        let messages = cache.messages(clip.conversation)?;
        let sent_at =
            messages.iter().find(|message| message.id == clip.message).map(|message| message.sent_at);
        let language = papers::language(&here.store.outbox.settings()?);
        Ok(Self::words(language, &practice, &client, &patient, clip, sent_at, frame, at))
    }

    #[expect(clippy::too_many_arguments, reason = "the facts of one label, each once")]
    fn words(
        language: Language,
        practice: &Practice,
        client: &Client,
        patient: &Patient,
        clip: &Attachment,
        sent_at: Option<Millis>,
        frame: u32,
        at: Micros,
    ) -> Self {
        let (filmed, sent, frame_word) = match language {
            Language::English => ("Filmed", "Sent", "frame"),
            Language::Spanish => ("Grabado", "Enviado", "fotograma"),
        };
        let who = match patient.species.as_str() {
            "" => format!("{}, {}", patient.name, client.name),
            species => format!("{} ({species}), {}", patient.name, client.name),
        };
        let when = match (clip.captured_at, sent_at) {
            (Some(captured), _) => format!("{filmed} {}", local_time(captured, &practice.time_zone)),
            (None, Some(sent_at)) => format!("{sent} {}", local_time(sent_at, &practice.time_zone)),
            (None, None) => String::new(),
        };
        // People count frames from one, as the review room does.
        let number = u64::from(frame) + 1;
        let place = format!("{}, {}, {frame_word} {number}", clip.name, clip_time(at));
        let caption =
            [who.as_str(), when.as_str(), place.as_str()].into_iter().filter(|part| !part.is_empty());
        let caption = caption.collect::<Vec<_>>().join(" · ");
        let lines =
            [practice.name.clone(), who, when, place].into_iter().filter(|line| !line.is_empty()).collect();
        Self { lines, caption }
    }
}

/// `2026-03-02 14:05 CET`, in the practice's time zone; UTC when its name is not known.
fn local_time(at: Millis, zone: &str) -> String {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let moment = Timestamp::from_millisecond(at.0).unwrap_or_default();
    moment.to_zoned(zone).strftime("%Y-%m-%d %H:%M %Z").to_string()
}

/// Minutes, seconds and milliseconds: `1:02.033`.
fn clip_time(at: Micros) -> String {
    let millis = at.0.max(0) / 1000;
    format!("{}:{:02}.{:03}", millis / 60_000, millis / 1000 % 60, millis % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_a_person_writes_them() {
        assert_eq!(clip_time(Micros(62_033_900)), "1:02.033");
        assert_eq!(local_time(Millis(1_772_456_700_000), "Europe/Madrid"), "2026-03-02 14:05 CET");
        assert_eq!(local_time(Millis(1_772_456_700_000), "Nowhere/Nothing"), "2026-03-02 13:05 UTC");
    }
}

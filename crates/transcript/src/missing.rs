//! What a transcript could not hold, said on page one so that nobody takes it for complete.

use limpet_model::{AttachmentKind, AttachmentState, Author};
use limpet_wire::desk::{Delivery, ThreadMessage};

use crate::layout::Layout;

/// A sentence for each gap, in the order of the thread.
pub(crate) fn missing(layout: &Layout<'_>) -> Vec<String> {
    let words = layout.words;
    let mut gaps = Vec::new();
    if !layout.when.zone_known {
        gaps.push(words.zone_unknown().to_owned());
    }
    for entry in layout.printed() {
        let sent = format!("{} {}", words.sent_on(), layout.when.full(entry.message.sent_at));
        if entry.message.author != Author::System {
            match &entry.delivery {
                Delivery::Queued | Delivery::Sending => {
                    gaps.push(format!("{} ({sent}).", words.message_unsent()));
                }
                Delivery::Refused { reason } => {
                    gaps.push(format!("{} ({sent}): {}", words.message_refused(), reason.message));
                }
                Delivery::Sent | Delivery::Delivered | Delivery::Read => {}
            }
        }
        gaps.extend(attachments(layout, entry, &sent));
    }
    gaps
}

fn attachments(layout: &Layout<'_>, entry: &ThreadMessage, sent: &str) -> Vec<String> {
    let words = layout.words;
    let mut gaps = Vec::new();
    for attachment in &entry.attachments {
        let what = format!("{} {} ({sent})", words.kind(attachment.kind), attachment.name);
        let pictured =
            attachment.kind == AttachmentKind::Document || layout.pictures.get(attachment.id).is_some();
        match &attachment.state {
            AttachmentState::Uploading { .. } => gaps.push(format!("{what}: {}.", words.not_arrived())),
            AttachmentState::Processing => gaps.push(format!("{what}: {}.", words.being_looked_at())),
            AttachmentState::Refused { reason } => {
                gaps.push(format!("{what}: {}. {reason}", words.not_readable()));
            }
            AttachmentState::Ready if !pictured => {
                gaps.push(format!("{what}: {}.", words.no_picture().to_lowercase()));
            }
            AttachmentState::Ready => {}
        }
    }
    gaps
}

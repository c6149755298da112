//! One attachment: its picture, its facts, the way to it. Never divided by the end of a sheet.

use std::rc::Rc;

use limpet_model::{Attachment, AttachmentKind, AttachmentState};

use crate::{
    layout::{FACT, LABEL, Layout, NAME, SMALL, STRONG, frame, place, text_mark},
    lines::Style,
    links::live,
    qr,
    sheet::{Ink, Mark, Piece},
    when,
};

/// White between the frame and what is in it.
const INSIDE: f32 = 9.0;
/// Side of the QR code.
const CODE: f32 = 58.0;
/// Where facts begin, beside what they are.
const INDENT: f32 = 40.0;
/// Lines of a file name or label that stand in the card; a label goes on below it.
const LABEL_LINES: usize = 6;

/// The card of an attachment, and below it the rest of a label that is too long for a card.
pub(crate) fn card(layout: &Layout<'_>, attachment: &Attachment, x: f32, width: f32) -> Vec<Piece> {
    let mut piece = Piece::default();
    let top = 5.0 + INSIDE;
    let inner = x + INSIDE;
    let picture = picture(layout, attachment, inner, top, &mut piece);
    let facts_x = if picture.0 > 0.0 { inner + picture.0 + 12.0 } else { inner };
    let right = x + width - INSIDE;
    let address = attachment.link.as_deref().and_then(live);
    let code =
        (attachment.kind == AttachmentKind::Clip).then_some(()).and(address.as_deref()).and_then(qr::modules);
    let facts_width = right - facts_x - if code.is_some() { CODE + 10.0 } else { 0.0 };
    let mut facts = Facts { layout, x: facts_x, width: facts_width, y: top - 2.0, marks: Vec::new() };
    let rest = facts.all(attachment, address.as_deref());
    let mut bottom = facts.y.max(picture.1);
    piece.marks.append(&mut facts.marks);
    if let (Some(modules), Some(address)) = (code, address) {
        let (x, y) = (right - CODE, top);
        piece.marks.push(Mark::Code { x, y, side: CODE, modules: Rc::new(modules) });
        piece.marks.push(Mark::Link { x, y, width: CODE, height: CODE, address });
        bottom = bottom.max(y + CODE);
    }
    piece.height = bottom + INSIDE + 5.0;
    piece.marks.extend(frame(x, 5.0, width, piece.height - 10.0, Ink::Grey(0.7)));
    if attachment.kind == AttachmentKind::Clip {
        piece.marks.push(Mark::Place { y: 0.0, title: attachment.name.clone(), depth: 1 });
    }
    let mut pieces = vec![piece];
    if !rest.is_empty() {
        pieces.extend(layout.paragraph(FACT, x, width, &rest));
    }
    pieces
}

/// Draws the picture with the label every picture carries; gives its width and where it ends.
fn picture(layout: &Layout<'_>, attachment: &Attachment, x: f32, y: f32, piece: &mut Piece) -> (f32, f32) {
    if attachment.kind == AttachmentKind::Document {
        return (0.0, 0.0);
    }
    let place = place(attachment.kind);
    let (width, height) = if let Some(shown) = layout.pictures.get(attachment.id) {
        let (width, height) = shown.within(place.0, place.1);
        piece.marks.push(Mark::Picture { x, y, width, height, id: attachment.id });
        if let Some(address) = attachment.link.as_deref().and_then(live) {
            piece.marks.push(Mark::Link { x, y, width, height, address });
        }
        (width, height)
    } else {
        let (width, height) = (112.0, 63.0);
        piece.marks.extend(frame(x, y, width, height, Ink::Grey(0.7)));
        let line = layout.one_line(SMALL, width - 8.0, layout.words.no_picture());
        piece.marks.push(text_mark(x + (width - line.width) / 2.0, y + height / 2.0 - 4.5, line));
        (width, height)
    };
    let column = width.max(112.0);
    let mut bottom = y + height + 3.0;
    for line in layout.lines(SMALL, column, &belongs_to(layout, attachment)).into_iter().take(5) {
        piece.marks.push(text_mark(x, bottom, line));
        bottom += SMALL.leading;
    }
    (column, bottom)
}

/// Patient, client, practice and day: what every picture must carry to stand on its own.
fn belongs_to(layout: &Layout<'_>, attachment: &Attachment) -> String {
    let input = layout.input;
    let taken = attachment.captured_at.map_or_else(
        || format!("{} {}", layout.words.filmed().to_lowercase(), layout.words.not_known()),
        |at| layout.when.day(at),
    );
    format!("{} · {} · {} · {taken}", input.patient.name, input.client.name, input.practice.name)
}

impl Layout<'_> {
    /// Where a still comes from: `from walk.mov at 0:12.433, frame 373`.
    pub(crate) fn taken_from(&self, still: &Attachment) -> String {
        let words = self.words;
        let Some(of) = &still.still_of else { return words.uncaptioned().to_owned() };
        let all = self.input.messages.iter().flat_map(|entry| &entry.attachments);
        let clip = all.filter(|other| other.id == of.clip).map(|clip| clip.name.as_str()).next();
        let (clip, at) = (clip.unwrap_or(words.a_clip()), when::moment(of.at));
        format!(
            "{} {clip} {} {at}, {} {}",
            words.clip_before(),
            words.at(),
            words.frame(),
            i64::from(of.frame) + 1
        )
    }
}

struct Facts<'a> {
    layout: &'a Layout<'a>,
    x: f32,
    width: f32,
    y: f32,
    marks: Vec<Mark>,
}

impl Facts<'_> {
    /// All facts; gives what of the label did not fit.
    fn all(&mut self, attachment: &Attachment, address: Option<&str>) -> String {
        let words = self.layout.words;
        self.lines(NAME, &attachment.name, 3);
        let rest = if attachment.caption.trim().is_empty() {
            String::new()
        } else {
            self.label(attachment.caption.trim())
        };
        self.lines(FACT, &kind(self.layout, attachment), 3);
        if attachment.kind == AttachmentKind::Still && attachment.still_of.is_some() {
            let from = self.layout.taken_from(attachment);
            self.lines(FACT, &from, 4);
        }
        let not_known = || words.not_known().to_owned();
        let when = &self.layout.when;
        if attachment.kind != AttachmentKind::Document {
            self.pair(words.filmed(), &attachment.captured_at.map_or_else(not_known, |at| when.full(at)));
        }
        let arrived = attachment.uploaded_at.map_or_else(not_known, |at| when.full(at));
        match &attachment.state {
            AttachmentState::Uploading { .. } => self.lines(STRONG, &sentence(words.not_arrived()), 4),
            AttachmentState::Processing => self.lines(STRONG, &sentence(words.being_looked_at()), 4),
            AttachmentState::Refused { reason } => {
                self.pair(words.arrived(), &arrived);
                self.lines(STRONG, &format!("{}. {reason}", sentence(words.not_readable())), 6);
            }
            AttachmentState::Ready => self.pair(words.arrived(), &arrived),
        }
        self.pair(words.size(), &words.file_size(attachment.bytes));
        if let Some(sha256) = &attachment.sha256 {
            let halves =
                sha256.char_indices().nth(32).map_or((sha256.as_str(), ""), |(at, _)| sha256.split_at(at));
            self.small_pair("SHA-256", &format!("{}\n{}", halves.0, halves.1), None);
        }
        match address {
            Some(address) => {
                let what =
                    if attachment.kind == AttachmentKind::Clip { words.watch() } else { words.open_link() };
                self.small_pair(what, address, Some(address));
            }
            None => self.lines(SMALL, words.no_link(), 1),
        }
        rest
    }

    fn lines(&mut self, style: Style, text: &str, most: usize) {
        for line in self.layout.lines(style, self.width, text).into_iter().take(most) {
            self.marks.push(text_mark(self.x, self.y, line));
            self.y += style.leading;
        }
    }

    /// The label as far as there is room for it; gives all of it when it is longer than that.
    fn label(&mut self, text: &str) -> String {
        let lines = self.layout.lines(FACT, self.width, text);
        if lines.len() <= LABEL_LINES {
            self.lines(FACT, text, LABEL_LINES);
            return String::new();
        }
        text.to_owned()
    }

    fn pair(&mut self, what: &str, text: &str) {
        self.labelled(FACT, what, text, None);
    }

    /// A long string that few read: a checksum, an address. An address can be opened.
    fn small_pair(&mut self, what: &str, text: &str, address: Option<&str>) {
        self.labelled(Style { leading: SMALL.leading + 0.5, ..SMALL }, what, text, address);
    }

    fn labelled(&mut self, style: Style, what: &str, text: &str, address: Option<&str>) {
        let as_label = Style { size: style.size, leading: style.leading, ..LABEL };
        let label = self.layout.one_line(as_label, self.width / 2.0, what);
        let indent = (label.width + 5.0).max(INDENT);
        self.marks.push(text_mark(self.x, self.y, label));
        let x = self.x + indent;
        for line in self.layout.lines(style, self.width - indent, text).into_iter().take(6) {
            if let Some(address) = address {
                let (y, width, height) = (self.y, line.width, style.leading);
                self.marks.push(Mark::Link { x, y, width, height, address: address.to_owned() });
            }
            self.marks.push(text_mark(x, self.y, line));
            self.y += style.leading;
        }
    }
}

/// `Clip, 0:41, 1080 × 1920 pixels, 1230 frames, with sound`.
fn kind(layout: &Layout<'_>, attachment: &Attachment) -> String {
    let words = layout.words;
    let mut parts = vec![words.kind(attachment.kind).to_owned()];
    if let Some(clip) = &attachment.clip {
        parts.push(when::length(clip.duration));
        parts.push(format!("{} × {} {}", clip.width, clip.height, words.pixels()));
        parts.push(format!("{} {}", words.whole(i64::from(clip.frames)), words.frames()));
        parts.push(if clip.audio { words.with_sound() } else { words.without_sound() }.to_owned());
    } else {
        parts.push(attachment.mime.clone());
    }
    parts.join(", ")
}

/// With a capital first letter.
fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

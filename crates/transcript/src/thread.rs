//! The conversation itself: every message with its author, role, time and delivery, and what was attached.
//!
//! **Invariant:** a note is printed only when the transcript was asked to hold notes, and cannot be taken for a
//! message: it has a bar, a shade and its own heading.

use limpet_model::{Audience, Author};
use limpet_wire::desk::ThreadMessage;

use crate::{
    card::card,
    layout::{BODY, FACT, HEADING, LABEL, Layout, NAME, rule, text_mark},
    sheet::{Ink, Mark, Piece},
};

/// Width of the margin that holds the times.
const GUTTER: f32 = 92.0;
/// White above and below the words of a note.
const NOTE_INSET: f32 = 4.0;
/// Later than this between writing and arriving is worth a line, milliseconds.
const LATE: i64 = 120_000;

impl<'a> Layout<'a> {
    /// What is printed: messages always, notes only when asked for.
    pub(crate) fn printed(&self) -> impl Iterator<Item = &'a ThreadMessage> {
        let notes = self.input.include_notes;
        // What is to be sent later has not been said.
        let said = self.input.messages.iter().filter(|entry| entry.message.due_at.is_none());
        said.filter(move |entry| notes || entry.message.audience == Audience::Everyone)
    }
}

/// The pieces of the thread.
pub(crate) fn thread(layout: &Layout<'_>) -> Vec<Piece> {
    let words = layout.words;
    let mut heading = Piece::tall(HEADING.leading + 3.0).after(22.0).keeping();
    heading.room = layout.height() / 4.0;
    heading.marks.push(text_mark(0.0, 0.0, layout.one_line(HEADING, layout.width(), words.conversation())));
    heading.marks.push(Mark::Place { y: 0.0, title: words.conversation().to_owned(), depth: 0 });
    let mut pieces = vec![heading, rule(layout.width(), 0.75, Ink::Accent).keeping()];
    let before = pieces.len();
    for entry in layout.printed() {
        pieces.extend(message(layout, entry));
    }
    if pieces.len() == before {
        pieces.extend(layout.paragraph(BODY, 0.0, layout.width(), words.no_messages()));
    }
    let end = layout.one_line(LABEL, layout.width(), words.end());
    pieces.push(rule(layout.width(), 0.75, Ink::Accent).after(16.0).keeping());
    pieces.push(Piece::tall(LABEL.leading).after(4.0).with(text_mark(0.0, 0.0, end)));
    pieces
}

fn message(layout: &Layout<'_>, entry: &ThreadMessage) -> Vec<Piece> {
    let note = entry.message.audience == Audience::Staff;
    let inset = if note { 8.0 } else { 0.0 };
    let (x, width) = (GUTTER + inset, layout.width() - GUTTER - 2.0 * inset);
    let words = layout.words;
    let mut pieces = vec![heading(layout, entry, x, width)];
    if entry.message.deleted_at.is_some() {
        pieces.extend(layout.paragraph(BODY, x, width, words.deleted()));
    } else if !entry.message.body.trim().is_empty() {
        pieces.extend(layout.paragraph(BODY, x, width, entry.message.body.trim_end()));
    }
    for attachment in &entry.attachments {
        pieces.extend(card(layout, attachment, x, width));
    }
    if note {
        inset_vertically(&mut pieces);
    }
    let beside = margin(layout, entry);
    let needed = beside.len() as f32 * FACT.leading;
    stand_beside(&mut pieces, beside, needed);
    if note {
        shade(&mut pieces, layout.width() - GUTTER);
    }
    if let Some(first) = pieces.first_mut() {
        first.before = 13.0;
    }
    pieces
}

/// Author and role, and that it is a note if it is one.
fn heading(layout: &Layout<'_>, entry: &ThreadMessage, x: f32, width: f32) -> Piece {
    let words = layout.words;
    let (name, role) = match entry.message.author {
        Author::Staff(id) => {
            let staff = layout.input.staff.iter().find(|staff| staff.id == id);
            (staff.map(|staff| staff.name.clone()), staff.map(|staff| words.role(staff.role)))
        }
        Author::Client(_) => (Some(layout.input.client.name.clone()), Some(words.client())),
        Author::System => (Some("Limpet".to_owned()), None),
    };
    let name = if entry.author.trim().is_empty() { name } else { Some(entry.author.clone()) };
    let name = name.unwrap_or_else(|| words.unknown_author().to_owned());
    let mut piece = Piece::tall(NAME.leading + 1.0).keeping();
    let line = layout.one_line(NAME, width * 0.6, &name);
    let mut end = x + line.width;
    piece.marks.push(text_mark(x, 0.0, line));
    let note = (entry.message.audience == Audience::Staff).then(|| words.note());
    let facts: Vec<&str> = role.into_iter().chain(note).collect();
    if !facts.is_empty() {
        end += 6.0;
        let style = crate::lines::Style { leading: NAME.leading, ..LABEL };
        piece.marks.push(text_mark(end, 0.4, layout.one_line(style, x + width - end, &facts.join(" · "))));
    }
    piece
}

/// The lines in the margin: day, time, delivery, and when it arrived if that was later.
fn margin(layout: &Layout<'_>, entry: &ThreadMessage) -> Vec<Mark> {
    let (message, words, when) = (&entry.message, layout.words, &layout.when);
    let mut texts = vec![when.day(message.sent_at), when.time(message.sent_at)];
    if message.received_at.since(message.sent_at) > LATE {
        let same_day = when.day(message.received_at) == when.day(message.sent_at);
        let at = if same_day { when.time(message.received_at) } else { when.full(message.received_at) };
        texts.push(format!("{} {at}", words.received()));
    }
    if let Some(at) = message.edited_at.filter(|_| message.deleted_at.is_none()) {
        texts.push(format!("{} {}", words.edited(), when.full(at)));
    }
    if message.author != Author::System && message.audience == Audience::Everyone {
        texts.push(words.delivery(&entry.delivery).to_owned());
    }
    let mut marks = Vec::new();
    for text in texts {
        for line in layout.lines(LABEL, GUTTER - 10.0, &text) {
            marks.push(text_mark(0.0, 1.5 + marks.len() as f32 * FACT.leading, line));
        }
    }
    marks
}

/// Puts the margin beside the pieces: they are at least as tall as it, and stay together as far as it reaches.
fn stand_beside(pieces: &mut [Piece], margin: Vec<Mark>, needed: f32) {
    let count = pieces.len();
    let mut tall = 0.0;
    for (index, piece) in pieces.iter_mut().enumerate() {
        tall += piece.before + piece.height;
        if tall < needed {
            if index + 1 < count {
                piece.keep = true;
            } else {
                piece.height += needed - tall;
            }
        }
    }
    if let Some(first) = pieces.first_mut() {
        first.marks.extend(margin);
    }
}

/// White above the first and below the last line of a note.
fn inset_vertically(pieces: &mut [Piece]) {
    if let Some(first) = pieces.first_mut() {
        first.height += NOTE_INSET;
        first.marks =
            std::mem::take(&mut first.marks).into_iter().map(|mark| mark.moved(0.0, NOTE_INSET)).collect();
    }
    if let Some(last) = pieces.last_mut() {
        last.height += NOTE_INSET;
    }
}

/// A bar and a shade behind every piece of a note.
fn shade(pieces: &mut [Piece], width: f32) {
    for piece in pieces {
        let height = piece.height;
        let bar = Mark::Block { x: GUTTER, y: 0.0, width: 2.5, height, ink: Ink::Grey(0.25) };
        let shade = Mark::Block { x: GUTTER, y: 0.0, width, height, ink: Ink::Grey(0.93) };
        piece.marks.splice(0..0, [shade, bar]);
    }
}

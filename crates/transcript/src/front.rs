//! Page one: letterhead, who and when, reason, summary and plan, stills, the way to the first clip.

use std::rc::Rc;

use limpet_model::{Attachment, AttachmentKind, Author, Role, StaffId, StaffMember};

use crate::{
    layout::{
        Column, FACT, FRONT, HEADING, LABEL, LETTERHEAD, LOGO, Layout, NAME, SMALL, STRONG, logo_id, rule,
        text_mark,
    },
    lines::Style,
    links::live,
    missing::missing,
    qr,
    sheet::{Ink, Mark, Piece},
    when,
};

/// Stills shown on page one.
const STILLS: usize = 3;
/// Side of the QR code, points.
const CODE: f32 = 68.0;
/// Width of the QR code and the words beside it.
const BESIDE: f32 = 168.0;

/// The pieces of page one.
pub(crate) fn front(layout: &Layout<'_>) -> Vec<Piece> {
    let mut pieces = letterhead(layout);
    pieces.push(rule(layout.width(), 1.5, Ink::Accent).after(6.0));
    pieces.extend(spaced(8.0, parties(layout)));
    pieces.push(rule(layout.width(), 0.5, Ink::Grey(0.6)).after(7.0));
    pieces.extend(spaced(7.0, course(layout)));
    pieces.push(rule(layout.width(), 0.75, Ink::Accent).after(8.0));
    pieces.extend(findings(layout));
    pieces.extend(gaps(layout));
    pieces.extend(stills(layout));
    pieces
}

fn spaced(before: f32, mut pieces: Vec<Piece>) -> Vec<Piece> {
    if let Some(first) = pieces.first_mut() {
        first.before = before;
    }
    pieces
}

fn letterhead(layout: &Layout<'_>) -> Vec<Piece> {
    let (input, words, width) = (layout.input, layout.words, layout.width());
    let right = 190.0;
    let logo = logo_id().and_then(|id| Some((id, layout.pictures.get(id)?.within(LOGO.0, LOGO.1))));
    let left = logo.map_or(0.0, |(_, (width, _))| width + 12.0);
    let notes =
        if input.include_notes { (STRONG, words.with_notes()) } else { (LABEL, words.without_notes()) };
    let mut pieces = layout.columns(&[
        Column {
            x: left,
            width: width - left - right - 16.0,
            leading: LETTERHEAD.leading,
            right: false,
            texts: vec![(LETTERHEAD, input.practice.name.clone())],
        },
        Column {
            x: width - right,
            width: right,
            leading: LETTERHEAD.leading,
            right: true,
            texts: vec![(NAME, words.title().to_owned())],
        },
    ]);
    if let Some(first) = pieces.first_mut() {
        first.marks.push(Mark::Place { y: 0.0, title: words.summary().to_owned(), depth: 0 });
    }
    let practice = &input.practice;
    let address = [&practice.address, &practice.phone, &practice.settings.letterhead];
    pieces.extend(layout.columns(&[
        Column {
            x: left,
            width: width - left - right - 16.0,
            leading: FACT.leading,
            right: false,
            texts: address.into_iter().filter(|t| !t.trim().is_empty()).map(|t| (FACT, t.clone())).collect(),
        },
        Column {
            x: width - right,
            width: right,
            leading: FACT.leading,
            right: true,
            texts: vec![
                (FACT, format!("{} {}", words.version(), input.version)),
                (FACT, format!("{} {}", words.made(), layout.when.full(input.generated_at))),
                (notes.0, notes.1.to_owned()),
            ],
        },
    ]));
    if let Some((id, (width, height))) = logo {
        let picture = Mark::Picture { x: 0.0, y: 0.0, width, height, id };
        keep_beside(&mut pieces, Piece::tall(height).with(picture));
    }
    pieces
}

fn parties(layout: &Layout<'_>) -> Vec<Piece> {
    let half = (layout.width() - 24.0) / 2.0;
    let column = |x, texts| Column { x, width: half, leading: 13.0, right: false, texts };
    layout.columns(&[column(0.0, client(layout)), column(half + 24.0, patient(layout))])
}

fn client(layout: &Layout<'_>) -> Vec<(Style, String)> {
    let (client, words) = (&layout.input.client, layout.words);
    let mut texts = vec![(LABEL, words.client().to_owned()), (NAME, client.name.clone())];
    for text in [&client.address, &client.phone, &client.email] {
        if !text.trim().is_empty() {
            texts.push((FACT, text.trim().to_owned()));
        }
    }
    if !client.pms_id.is_empty() {
        texts.push((FACT, format!("{} {}", words.record(), client.pms_id)));
    }
    texts
}

fn patient(layout: &Layout<'_>) -> Vec<(Style, String)> {
    let (patient, words) = (&layout.input.patient, layout.words);
    let mut texts = vec![(LABEL, words.patient().to_owned()), (NAME, patient.name.clone())];
    let joined = |parts: &[&str]| {
        let parts: Vec<&str> = parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty()).collect();
        parts.join(" · ")
    };
    let weight = patient.weight_kg.map(|kg| format!("{} kg", words.decimal(kg))).unwrap_or_default();
    let lines = [
        joined(&[&patient.species, &patient.breed]),
        joined(&[
            words.sex(patient.sex),
            &layout.when.age(&patient.born, layout.input.conversation.opened_at),
        ]),
        joined(&[&patient.colour, &weight]),
    ];
    texts.extend(lines.into_iter().filter(|line| !line.is_empty()).map(|line| (FACT, line)));
    if !patient.pms_id.is_empty() {
        texts.push((FACT, format!("{} {}", words.record(), patient.pms_id)));
    }
    if !patient.alert.trim().is_empty() {
        texts.push((STRONG, format!("{}: {}", words.alert(), patient.alert.trim())));
    }
    texts
}

fn course(layout: &Layout<'_>) -> Vec<Piece> {
    let (input, words, when) = (layout.input, layout.words, &layout.when);
    let conversation = &input.conversation;
    let ended = match &conversation.ending {
        Some(ending) => format!("{}, {} {}", when.full(ending.at), words.ended_by(), name(layout, ending.by)),
        None => words.still_open().to_owned(),
    };
    let rows = [
        (words.opened(), when.full(conversation.opened_at)),
        (words.ended(), ended),
        (words.staff(), staff(layout)),
        (words.times(), when.zone().to_owned()),
        (words.conversation(), conversation.id.to_string()),
    ];
    let beside = first_clip(layout);
    let label = 68.0;
    let width = layout.width() - label - beside.as_ref().map_or(0.0, |_| BESIDE + 12.0);
    let mut pieces = Vec::new();
    for (what, text) in rows {
        let column = |x, width, style, text| Column {
            x,
            width,
            leading: 12.5,
            right: false,
            texts: vec![(style, text)],
        };
        pieces.extend(
            layout.columns(&[column(0.0, label, LABEL, what.to_owned()), column(label, width, FACT, text)]),
        );
    }
    if let Some(beside) = beside {
        keep_beside(&mut pieces, beside);
    }
    pieces
}

/// Puts a piece beside others: they stay together as far as it reaches, and are at least as tall.
fn keep_beside(pieces: &mut [Piece], beside: Piece) {
    let mut tall = 0.0;
    let count = pieces.len();
    for (index, piece) in pieces.iter_mut().enumerate() {
        tall += piece.height;
        piece.keep = tall < beside.height && index + 1 < count;
        if index + 1 == count {
            piece.height += (beside.height - tall).max(0.0);
        }
    }
    if let Some(first) = pieces.first_mut() {
        first.marks.extend(beside.marks);
    }
}

fn name(layout: &Layout<'_>, id: StaffId) -> String {
    let found = layout.input.staff.iter().find(|staff| staff.id == id);
    found.map_or_else(|| layout.words.unknown_author().to_owned(), |staff| staff.name.clone())
}

/// Those who took part: whoever wrote what is printed, is assigned, or ended it; veterinarians first.
fn staff(layout: &Layout<'_>) -> String {
    let input = layout.input;
    let conversation = &input.conversation;
    let writer = |author: Author| if let Author::Staff(id) = author { Some(id) } else { None };
    let mut ids: Vec<StaffId> = layout.printed().filter_map(|entry| writer(entry.message.author)).collect();
    ids.extend(conversation.assignee);
    ids.extend(conversation.ending.as_ref().map(|ending| ending.by));
    let mut took_part: Vec<_> = input.staff.iter().filter(|staff| ids.contains(&staff.id)).collect();
    took_part.sort_by_key(|staff| staff.role != Role::Veterinarian);
    let named = |staff: &&StaffMember| format!("{} ({})", staff.name, layout.words.role(staff.role));
    let names: Vec<String> = took_part.iter().map(named).collect();
    if names.is_empty() { "–".to_owned() } else { names.join(", ") }
}

fn findings(layout: &Layout<'_>) -> Vec<Piece> {
    let (words, width) = (layout.words, layout.width());
    let mut pieces = Vec::new();
    let mut section = |what: &str, style: Style, text: &str| {
        pieces.push(labelled(layout, what));
        pieces.extend(layout.paragraph(style, 0.0, width, text));
    };
    let conversation = &layout.input.conversation;
    if !conversation.subject.trim().is_empty() {
        section(words.reason(), HEADING, conversation.subject.trim());
    }
    if let Some(ending) = &conversation.ending {
        let or = |text: &str, empty: &str| {
            if text.trim().is_empty() { empty.to_owned() } else { text.trim().to_owned() }
        };
        section(words.summary(), FRONT, &or(&ending.summary, words.no_summary()));
        section(words.plan(), FRONT, &or(&ending.plan, words.no_plan()));
    }
    pieces
}

fn labelled(layout: &Layout<'_>, what: &str) -> Piece {
    let line = layout.one_line(LABEL, layout.width(), what);
    Piece::tall(LABEL.leading + 1.0).after(10.0).keeping().with(text_mark(0.0, 0.0, line))
}

fn stills(layout: &Layout<'_>) -> Vec<Piece> {
    let all: Vec<&Attachment> = layout
        .printed()
        .flat_map(|entry| &entry.attachments)
        .filter(|a| a.kind == AttachmentKind::Still && layout.pictures.get(a.id).is_some())
        .collect();
    if all.is_empty() {
        return Vec::new();
    }
    let words = layout.words;
    let gap = 12.0;
    let place = (layout.width() - 2.0 * gap) / 3.0;
    let mut row = Piece::default();
    for (index, still) in all.iter().take(STILLS).enumerate() {
        let x = index as f32 * (place + gap);
        let Some(shown) = layout.pictures.get(still.id) else { continue };
        let (width, height) = shown.within(place, 150.0);
        row.marks.push(Mark::Picture { x, y: 0.0, width, height, id: still.id });
        let mut y = height + 4.0;
        let label =
            if still.caption.trim().is_empty() { layout.taken_from(still) } else { still.caption.clone() };
        for line in layout.lines(SMALL, place, &label).into_iter().take(4) {
            row.marks.push(text_mark(x, y, line));
            y += SMALL.leading;
        }
        row.height = row.height.max(y);
    }
    let heading = if all.len() > STILLS {
        format!("{} (1–{STILLS} {} {}; {})", words.stills(), words.of(), all.len(), words.stills_more())
    } else {
        words.stills().to_owned()
    };
    let mut heading = labelled(layout, &heading);
    heading.height += 2.0;
    vec![heading, row]
}

/// The way from paper to the first clip that can be watched, at the right edge.
fn first_clip(layout: &Layout<'_>) -> Option<Piece> {
    let words = layout.words;
    let mut clips = layout
        .printed()
        .flat_map(|entry| &entry.attachments)
        .filter(|attachment| attachment.kind == AttachmentKind::Clip);
    let (clip, address) = clips.find_map(|clip| Some((clip, live(clip.link.as_deref()?)?)))?;
    let modules = Rc::new(qr::modules(&address)?);
    let x = layout.width() - CODE;
    let mut piece = Piece::tall(CODE);
    piece.marks.push(Mark::Code { x, y: 0.0, side: CODE, modules });
    piece.marks.push(Mark::Link { x, y: 0.0, width: CODE, height: CODE, address });
    let length =
        clip.clip.as_ref().map(|facts| format!(", {}", when::length(facts.duration))).unwrap_or_default();
    let first = (STRONG, format!("{}{length}", words.first_clip()));
    let mut y = 0.0;
    for (style, text) in [first, (SMALL, words.point_camera().to_owned())] {
        for line in layout.lines(style, BESIDE - CODE - 10.0, &text) {
            piece.marks.push(text_mark(x - 10.0 - line.width, y, line));
            y += style.leading;
        }
    }
    Some(piece)
}

fn gaps(layout: &Layout<'_>) -> Vec<Piece> {
    let gaps = missing(layout);
    if gaps.is_empty() {
        return Vec::new();
    }
    let line = layout.one_line(STRONG, layout.width(), layout.words.missing());
    let mut pieces =
        vec![Piece::tall(STRONG.leading + 2.0).after(12.0).keeping().with(text_mark(0.0, 0.0, line))];
    for gap in gaps {
        pieces.extend(layout.paragraph(FACT, 0.0, layout.width(), &format!("– {gap}")));
    }
    pieces
}

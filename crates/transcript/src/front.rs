//! Page one: letterhead, who and when, reason, summary and plan, stills, the way to the first clip.

use std::rc::Rc;

use limpet_model::{Attachment, AttachmentKind, Role, StaffId};

use crate::{
    layout::{
        Column, FACT, FRONT, HEADING, LABEL, LETTERHEAD, Layout, NAME, SMALL, STRONG, rule, text_mark,
    },
    links::live,
    lines::Style,
    missing::missing,
    qr,
    sheet::{Ink, Mark, Piece},
    when,
};

/// Stills shown on page one.
const STILLS: usize = 3;
/// Side of the QR code, points.
const CODE: f32 = 84.0;

/// The pieces of page one.
pub(crate) fn front(layout: &Layout<'_>) -> Vec<Piece> {
    let mut pieces = letterhead(layout);
    pieces.push(rule(layout.width(), 1.5, Ink::Accent).after(6.0));
    pieces.extend(spaced(8.0, parties(layout)));
    pieces.push(rule(layout.width(), 0.5, Ink::Grey(0.6)).after(7.0));
    pieces.extend(spaced(7.0, course(layout)));
    pieces.push(rule(layout.width(), 0.75, Ink::Accent).after(8.0));
    pieces.extend(findings(layout));
    pieces.extend(stills(layout));
    pieces.extend(first_clip(layout));
    pieces.extend(gaps(layout));
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
    let notes = if input.include_notes { (STRONG, words.with_notes()) } else { (LABEL, words.without_notes()) };
    let mut pieces = layout.columns(&[
        Column {
            x: 0.0,
            width: width - right - 16.0,
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
    let address = [&input.practice.address, &input.practice.phone];
    pieces.extend(layout.columns(&[
        Column {
            x: 0.0,
            width: width - right - 16.0,
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
        joined(&[words.sex(patient.sex), &layout.when.age(&patient.born, layout.input.conversation.opened_at)]),
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
    let label = 76.0;
    let mut pieces = Vec::new();
    for (what, text) in rows {
        let column = |x, width, style, text| {
            Column { x, width, leading: 12.5, right: false, texts: vec![(style, text)] }
        };
        pieces.extend(layout.columns(&[
            column(0.0, label, LABEL, what.to_owned()),
            column(label, layout.width() - label, FACT, text),
        ]));
    }
    pieces
}

fn name(layout: &Layout<'_>, id: StaffId) -> String {
    let found = layout.input.staff.iter().find(|staff| staff.id == id);
    found.map_or_else(|| layout.words.unknown_author().to_owned(), |staff| staff.name.clone())
}

/// Those who took part: whoever wrote what is printed, is assigned, or ended it; veterinarians first.
fn staff(layout: &Layout<'_>) -> String {
    let input = layout.input;
    let conversation = &input.conversation;
    let mut ids: Vec<StaffId> = layout.printed().filter_map(|entry| entry.message.author.staff()).collect();
    ids.extend(conversation.assignee);
    ids.extend(conversation.ending.as_ref().map(|ending| ending.by));
    let mut took_part: Vec<_> = input.staff.iter().filter(|staff| ids.contains(&staff.id)).collect();
    took_part.sort_by_key(|staff| staff.role != Role::Veterinarian);
    let named = |staff: &&limpet_model::StaffMember| format!("{} ({})", staff.name, layout.words.role(staff.role));
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
        let or = |text: &str, empty: &str| if text.trim().is_empty() { empty.to_owned() } else { text.trim().to_owned() };
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
        let label = if still.caption.trim().is_empty() { layout.taken_from(still) } else { still.caption.clone() };
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

fn first_clip(layout: &Layout<'_>) -> Vec<Piece> {
    let words = layout.words;
    let found = layout
        .printed()
        .flat_map(|entry| &entry.attachments)
        .filter(|attachment| attachment.kind == AttachmentKind::Clip)
        .find_map(|attachment| Some((attachment, live(attachment.link.as_deref()?)?)));
    let Some((clip, address)) = found else { return Vec::new() };
    let Some(modules) = qr::modules(&address) else { return Vec::new() };
    let x = CODE + 10.0;
    let mut piece = Piece::tall(CODE);
    piece.marks.push(Mark::Code { x: 0.0, y: 0.0, side: CODE, modules: Rc::new(modules) });
    piece.marks.push(Mark::Link { x: 0.0, y: 0.0, width: CODE, height: CODE, address: address.clone() });
    let length = clip.clip.as_ref().map(|facts| format!(", {}", when::length(facts.duration))).unwrap_or_default();
    let taken = clip.captured_at.map(|at| format!(", {}", layout.when.full(at))).unwrap_or_default();
    let width = layout.width() - x;
    let mut y = 12.0;
    let mut put = |style: Style, text: &str, lines: usize, address: Option<&str>| {
        for line in layout.lines(style, width, text).into_iter().take(lines) {
            if let Some(address) = address {
                let (width, height) = (line.width, style.leading);
                piece.marks.push(Mark::Link { x, y, width, height, address: address.to_owned() });
            }
            piece.marks.push(text_mark(x, y, line));
            y += style.leading;
        }
    };
    put(NAME, &format!("{}{length}{taken}", words.first_clip()), 1, None);
    put(FACT, words.point_camera(), 1, None);
    put(SMALL, &address, 3, Some(&address));
    vec![piece.after(12.0)]
}

fn gaps(layout: &Layout<'_>) -> Vec<Piece> {
    let gaps = missing(layout);
    if gaps.is_empty() {
        return Vec::new();
    }
    let line = layout.one_line(STRONG, layout.width(), layout.words.missing());
    let mut pieces = vec![Piece::tall(STRONG.leading + 2.0).after(12.0).keeping().with(text_mark(0.0, 0.0, line))];
    for gap in gaps {
        pieces.extend(layout.paragraph(FACT, 0.0, layout.width(), &format!("– {gap}")));
    }
    pieces
}

//! Marks on a sheet become the operations of a PDF page.
//!
//! **Invariant:** the accent colour is only ever that of a block, that is, of a rule; text is black or grey.

use std::collections::BTreeMap;

use limpet_model::AttachmentId;
use printpdf::{
    Actions, BorderArray, Color, DictItem, Greyscale, LinkAnnotation, Op, PaintMode, PdfFontHandle, Point,
    Polygon, PolygonRing, Pt, Rect, Rgb, TextItem, WindingOrder, XObjectId, XObjectTransform,
};

use crate::{
    layout::{MARGIN, TOP},
    lines::{Line, Run},
    qr::Modules,
    sheet::{Ink, Mark, Sheet},
    typeset::font_id,
};

/// A deep teal.
const ACCENT: (f32, f32, f32) = (0.0, 0.36, 0.38);

/// The operations of one page. Marks are placed from the top left of the text area, PDF counts from the bottom.
pub(crate) fn operations(sheet: &Sheet, paper: (f32, f32)) -> Vec<Op> {
    let mut ops = Vec::new();
    let up = |y: f32| paper.1 - TOP - y;
    for mark in &sheet.marks {
        match mark {
            Mark::Text { x, y, line } => text(&mut ops, MARGIN + x, up(*y), line),
            Mark::Block { x, y, width, height, ink } => {
                let bars = [(MARGIN + x, up(y + height), *width, *height)];
                fill(&mut ops, *ink, &bars);
            }
            Mark::Picture { x, y, width, height, id } => ops.push(Op::UseXobject {
                id: picture_id(*id),
                transform: XObjectTransform {
                    translate_x: Some(Pt(MARGIN + x)),
                    translate_y: Some(Pt(up(y + height))),
                    scale_x: Some(*width),
                    scale_y: Some(*height),
                    no_auto_scale: true,
                    ..XObjectTransform::default()
                },
            }),
            Mark::Code { x, y, side, modules } => code(&mut ops, MARGIN + x, up(*y), *side, modules),
            Mark::Link { x, y, width, height, address } => {
                let area = Rect::from_xywh(Pt(MARGIN + x), Pt(up(y + height)), Pt(*width), Pt(*height));
                let border = BorderArray::Solid([0.0; 3]);
                let link = LinkAnnotation::new(area, Actions::uri(address.clone()), Some(border), None, None);
                ops.push(Op::LinkAnnotation { link });
            }
            Mark::Place { .. } => {}
        }
    }
    ops
}

/// Under which name the pages call a picture.
pub(crate) fn picture_id(id: AttachmentId) -> XObjectId {
    XObjectId(format!("P{}", id.to_string().replace('-', "")))
}

fn text(ops: &mut Vec<Op>, x: f32, y: f32, line: &Line) {
    if line.runs.is_empty() {
        return;
    }
    ops.push(Op::SetFillColor { col: grey(line.style.grey) });
    ops.push(Op::StartTextSection);
    ops.push(Op::SetTextCursor { pos: Point { x: Pt(x), y: Pt(y) } });
    let mut face = None;
    for run in &line.runs {
        if face != Some(run.face) {
            face = Some(run.face);
            let font = PdfFontHandle::External(font_id(run.face));
            ops.push(Op::SetFont { font, size: Pt(line.style.size) });
        }
        if let Some(written) = &run.written {
            ops.push(Op::BeginMarkedContentWithProperties {
                tag: "Span".to_owned(),
                properties: actual(written),
            });
            ops.push(Op::ShowText { items: items(run) });
            ops.push(Op::EndMarkedContentWithProperties);
        } else {
            ops.push(Op::ShowText { items: items(run) });
        }
    }
    ops.push(Op::EndTextSection);
}

/// Pieces of text with the distances between them; a PDF counts a distance to the left as positive.
fn items(run: &Run) -> Vec<TextItem> {
    let mut items = Vec::with_capacity(run.pieces.len() * 2);
    for (kern, piece) in &run.pieces {
        if *kern != 0 {
            items.push(TextItem::Offset(-(*kern as f32)));
        }
        items.push(TextItem::Text(piece.clone()));
    }
    items
}

/// What a viewer gives when the run is searched or copied.
fn actual(written: &str) -> DictItem {
    let utf16 = [0xFEFF].into_iter().chain(written.encode_utf16());
    let bytes = utf16.flat_map(u16::to_be_bytes).collect();
    DictItem::Dict { map: BTreeMap::from([("ActualText".to_owned(), DictItem::Bytes(bytes))]) }
}

/// A QR code as one filled shape, so that no hair line shows between its parts.
fn code(ops: &mut Vec<Op>, x: f32, top: f32, side: f32, modules: &Modules) {
    let module = side / modules.side.max(1) as f32;
    let bar = |(column, row, length): &(usize, usize, usize)| {
        let (left, below) = (x + *column as f32 * module, top - (*row + 1) as f32 * module);
        (left, below, *length as f32 * module, module)
    };
    let bars: Vec<_> = modules.bars.iter().map(bar).collect();
    fill(ops, Ink::Grey(0.0), &bars);
}

/// Fills boxes given as left, bottom, width and height.
fn fill(ops: &mut Vec<Op>, ink: Ink, bars: &[(f32, f32, f32, f32)]) {
    let col = match ink {
        Ink::Accent => Color::Rgb(Rgb { r: ACCENT.0, g: ACCENT.1, b: ACCENT.2, icc_profile: None }),
        Ink::Grey(share) => grey(share),
    };
    let ring = |(x, y, width, height): &(f32, f32, f32, f32)| {
        let corners = [(*x, *y), (x + width, *y), (x + width, y + height), (*x, y + height)];
        let point = |(x, y)| printpdf::LinePoint { p: Point { x: Pt(x), y: Pt(y) }, bezier: false };
        PolygonRing { points: corners.into_iter().map(point).collect() }
    };
    ops.push(Op::SetFillColor { col });
    ops.push(Op::DrawPolygon {
        polygon: Polygon {
            rings: bars.iter().map(ring).collect(),
            mode: PaintMode::Fill,
            winding_order: WindingOrder::NonZero,
        },
    });
}

fn grey(share: f32) -> Color {
    Color::Greyscale(Greyscale { percent: share, icc_profile: None })
}

//! Pieces of a transcript are put on sheets of paper, from the top.
//!
//! **Invariant:** a piece is never divided, and a piece that keeps with the next stands on the same sheet as
//! it, as long as both fit on one. Places are in points from the top left of the text area.

use std::rc::Rc;

use limpet_model::AttachmentId;

use crate::{lines::Line, qr::Modules};

/// Something drawn.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Mark {
    /// A line of text; `y` is its baseline.
    Text { x: f32, y: f32, line: Line },
    /// A filled box; `y` is its top.
    Block { x: f32, y: f32, width: f32, height: f32, ink: Ink },
    /// A picture.
    Picture { x: f32, y: f32, width: f32, height: f32, id: AttachmentId },
    /// A QR code.
    Code { x: f32, y: f32, side: f32, modules: Rc<Modules> },
    /// An area that opens an address.
    Link { x: f32, y: f32, width: f32, height: f32, address: String },
    /// A place that the outline leads to.
    Place { y: f32, title: String, depth: u8 },
}

/// What a box is filled with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Ink {
    /// The accent: for rules only.
    Accent,
    /// 0 is black, 1 is white.
    Grey(f32),
}

impl Mark {
    /// The same, elsewhere.
    pub(crate) fn moved(mut self, dx: f32, dy: f32) -> Self {
        match &mut self {
            Self::Text { x, y, .. }
            | Self::Block { x, y, .. }
            | Self::Picture { x, y, .. }
            | Self::Code { x, y, .. }
            | Self::Link { x, y, .. } => {
                *x += dx;
                *y += dy;
            }
            Self::Place { y, .. } => *y += dy,
        }
        self
    }
}

/// A part that is never divided.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Piece {
    /// White above it, points; none at the top of a sheet.
    pub(crate) before: f32,
    /// Points.
    pub(crate) height: f32,
    /// Whether it must not be the last on its sheet.
    pub(crate) keep: bool,
    /// Room it wants below its top, or it begins a new sheet. Points.
    pub(crate) room: f32,
    /// What is drawn, from its own top left.
    pub(crate) marks: Vec<Mark>,
}

impl Piece {
    /// A piece of this height that draws nothing yet.
    pub(crate) fn tall(height: f32) -> Self {
        Self { height, ..Self::default() }
    }

    /// With white above.
    pub(crate) fn after(mut self, before: f32) -> Self {
        self.before = before;
        self
    }

    /// Kept with the next.
    pub(crate) fn keeping(mut self) -> Self {
        self.keep = true;
        self
    }

    /// With a mark.
    pub(crate) fn with(mut self, mark: Mark) -> Self {
        self.marks.push(mark);
        self
    }
}

/// What stands on one sheet.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Sheet {
    pub(crate) marks: Vec<Mark>,
}

/// Puts pieces on sheets whose text area is `height` points tall. There is always one sheet.
pub(crate) fn fill(pieces: Vec<Piece>, height: f32) -> Vec<Sheet> {
    let mut sheets = vec![Sheet::default()];
    let mut used = 0.0_f32;
    let needs = needs(&pieces);
    for (piece, need) in pieces.into_iter().zip(needs) {
        let before = if used > 0.0 { piece.before } else { 0.0 };
        let wanted = need.min(height).max(piece.room.min(height));
        if used > 0.0 && used + before + wanted > height {
            sheets.push(Sheet::default());
            used = 0.0;
        } else {
            used += before;
        }
        if let Some(sheet) = sheets.last_mut() {
            sheet.marks.extend(piece.marks.into_iter().map(|mark| mark.moved(0.0, used)));
        }
        used += piece.height;
    }
    sheets
}

/// For every piece the height of it and of everything it keeps with.
fn needs(pieces: &[Piece]) -> Vec<f32> {
    let mut needs = Vec::with_capacity(pieces.len());
    let mut next = 0.0;
    for piece in pieces.iter().rev() {
        let need = piece.height + if piece.keep { next } else { 0.0 };
        needs.push(need);
        next = piece.before + need;
    }
    needs.reverse();
    needs
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn piece(height: f32, keep: bool) -> Piece {
        Piece {
            before: 2.0,
            height,
            keep,
            room: 0.0,
            marks: vec![Mark::Block { x: 0.0, y: 0.0, width: 1.0, height, ink: Ink::Accent }],
        }
    }

    fn tops(sheets: &[Sheet]) -> Vec<Vec<f32>> {
        let top = |mark: &Mark| if let Mark::Block { y, .. } = mark { *y } else { f32::NAN };
        sheets.iter().map(|sheet| sheet.marks.iter().map(top).collect()).collect()
    }

    #[test]
    fn a_heading_goes_with_what_it_heads() {
        let sheets = fill(vec![piece(80.0, false), piece(10.0, true), piece(20.0, false)], 100.0);
        assert_eq!(tops(&sheets), [vec![0.0], vec![0.0, 12.0]]);
    }

    #[test]
    fn what_keeps_together_but_fits_nowhere_is_laid_out_all_the_same() {
        let sheets = fill(vec![piece(60.0, true), piece(60.0, true), piece(60.0, false)], 100.0);
        assert_eq!(sheets.len(), 3);
    }

    #[test]
    fn a_part_that_wants_room_begins_a_sheet() {
        let mut part = piece(10.0, false);
        part.room = 50.0;
        assert_eq!(fill(vec![piece(60.0, false), part], 100.0).len(), 2);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_nothing_stands_below_the_sheet(
            parts in proptest::collection::vec((1.0f32..100.0, any::<bool>()), 0..60)
        ) {
            let sheets = fill(parts.iter().map(|(h, keep)| piece(*h, *keep)).collect(), 100.0);
            prop_assert_eq!(sheets.iter().map(|s| s.marks.len()).sum::<usize>(), parts.len());
            for mark in sheets.iter().flat_map(|s| &s.marks) {
                if let Mark::Block { y, height, .. } = mark {
                    prop_assert!(*y >= 0.0 && y + height <= 100.01);
                }
            }
        }
    }
}

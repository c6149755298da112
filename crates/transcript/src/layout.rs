//! What every part of a transcript is laid out with: the styles, the size of the paper, lines and columns.

use limpet_model::{AttachmentId, AttachmentKind};

use crate::{
    Transcript, TranscriptError,
    face::{FaceId, Faces},
    lines::{Line, Style, set, set_one},
    picture::Pictures,
    sheet::{Ink, Mark, Piece},
    when::When,
    words::Words,
};

const fn style(face: FaceId, size: f32, leading: f32, grey: f32) -> Style {
    Style { face, size, leading, grey }
}

/// The practice's name.
pub(crate) const LETTERHEAD: Style = style(FaceId::SemiBold, 18.0, 22.0, 0.0);
/// Headings, and the reason.
pub(crate) const HEADING: Style = style(FaceId::SemiBold, 13.0, 18.0, 0.0);
/// Summary and plan.
pub(crate) const FRONT: Style = style(FaceId::Regular, 11.0, 15.5, 0.0);
/// Messages.
pub(crate) const BODY: Style = style(FaceId::Regular, 10.5, 14.5, 0.0);
/// Names.
pub(crate) const NAME: Style = style(FaceId::SemiBold, 10.5, 14.5, 0.0);
/// Facts.
pub(crate) const FACT: Style = style(FaceId::Regular, 9.0, 12.0, 0.0);
/// Facts that must not be overlooked.
pub(crate) const STRONG: Style = style(FaceId::SemiBold, 9.0, 12.0, 0.0);
/// What a fact is.
pub(crate) const LABEL: Style = style(FaceId::Regular, 9.0, 12.0, 0.38);
/// Checksums, addresses, the label under a picture, footers.
pub(crate) const SMALL: Style = style(FaceId::Regular, 7.5, 9.5, 0.25);

/// White left and right of the text, points.
pub(crate) const MARGIN: f32 = 54.0;
/// White above the text.
pub(crate) const TOP: f32 = 56.0;
/// White below the text; the footer stands in it.
pub(crate) const BOTTOM: f32 = 62.0;

/// The largest place of a picture, points: stills are what is looked at, posters what is recognised.
pub(crate) fn place(kind: AttachmentKind) -> (f32, f32) {
    if kind == AttachmentKind::Still { (190.0, 170.0) } else { (150.0, 150.0) }
}

/// Everything the parts of a transcript are laid out with.
pub(crate) struct Layout<'a> {
    pub(crate) input: &'a Transcript,
    pub(crate) faces: Faces,
    pub(crate) pictures: Pictures,
    pub(crate) words: Words,
    pub(crate) when: When,
    /// Width and height of the paper, points.
    pub(crate) paper: (f32, f32),
}

/// The largest place of a logo, points.
pub(crate) const LOGO: (f32, f32) = (150.0, 48.0);

/// What the logo goes by among the pictures. No attachment has this id.
pub(crate) fn logo_id() -> Option<AttachmentId> {
    "00000000-0000-0000-0000-000000000000".parse().ok()
}

impl<'a> Layout<'a> {
    pub(crate) fn new(input: &'a Transcript) -> Result<Self, TranscriptError> {
        let words = Words(input.language);
        let mut pictures = Pictures::read(&input.pictures, |id| place(kind(input, id)));
        if let (Some(logo), Some(id)) = (&input.logo, logo_id()) {
            pictures = pictures.with(id, logo, LOGO);
        }
        Ok(Self {
            input,
            faces: Faces::read()?,
            pictures,
            words,
            when: When::new(&input.practice.time_zone, words),
            paper: paper(&input.practice.time_zone),
        })
    }

    /// Width of the text area.
    pub(crate) fn width(&self) -> f32 {
        self.paper.0 - 2.0 * MARGIN
    }

    /// Height of the text area.
    pub(crate) fn height(&self) -> f32 {
        self.paper.1 - TOP - BOTTOM
    }

    pub(crate) fn lines(&self, style: Style, width: f32, text: &str) -> Vec<Line> {
        set(&self.faces, style, width, text)
    }

    pub(crate) fn one_line(&self, style: Style, width: f32, text: &str) -> Line {
        set_one(&self.faces, style, width, text)
    }

    /// Text as pieces, a line each; neither its first nor its last line stands alone on a sheet.
    pub(crate) fn paragraph(&self, style: Style, x: f32, width: f32, text: &str) -> Vec<Piece> {
        let lines = self.lines(style, width, text);
        let count = lines.len();
        let piece = |(index, line): (usize, Line)| {
            let mut piece = Piece::tall(style.leading).with(text_mark(x, 0.0, line));
            piece.keep = count > 1 && (index == 0 || index + 2 == count);
            piece
        };
        lines.into_iter().enumerate().map(piece).collect()
    }

    /// Columns beside each other, row by row, so that even the longest can go on on the next sheet.
    pub(crate) fn columns(&self, columns: &[Column]) -> Vec<Piece> {
        let set: Vec<Vec<Mark>> = columns.iter().map(|column| column.marks(self)).collect();
        let leading = columns.iter().map(|column| column.leading).fold(0.0, f32::max);
        let rows = set.iter().map(Vec::len).max().unwrap_or(0);
        let row = |index: usize| Piece {
            marks: set.iter().filter_map(|marks| marks.get(index).cloned()).collect(),
            keep: index + 1 < rows.min(24),
            ..Piece::tall(leading)
        };
        (0..rows).map(row).collect()
    }
}

fn kind(input: &Transcript, id: AttachmentId) -> AttachmentKind {
    let mut all = input.messages.iter().flat_map(|entry| &entry.attachments);
    all.find(|attachment| attachment.id == id).map_or(AttachmentKind::Still, |attachment| attachment.kind)
}

/// A column of lines that share one leading.
pub(crate) struct Column {
    pub(crate) x: f32,
    pub(crate) width: f32,
    pub(crate) leading: f32,
    /// Whether its lines end at the right edge.
    pub(crate) right: bool,
    pub(crate) texts: Vec<(Style, String)>,
}

impl Column {
    fn marks(&self, layout: &Layout<'_>) -> Vec<Mark> {
        let mut marks = Vec::new();
        for (style, text) in &self.texts {
            let leading = Style { leading: self.leading, ..*style };
            for line in layout.lines(leading, self.width, text) {
                let x = if self.right { self.x + self.width - line.width } else { self.x };
                marks.push(text_mark(x, 0.0, line));
            }
        }
        marks
    }
}

/// A line whose leading begins at `top`.
pub(crate) fn text_mark(x: f32, top: f32, line: Line) -> Mark {
    let style = line.style;
    Mark::Text { x, y: top + style.leading / 2.0 + style.size * 0.34, line }
}

/// A horizontal rule as a piece.
pub(crate) fn rule(width: f32, thickness: f32, ink: Ink) -> Piece {
    Piece::tall(thickness).with(Mark::Block { x: 0.0, y: 0.0, width, height: thickness, ink })
}

/// A thin frame.
pub(crate) fn frame(x: f32, y: f32, width: f32, height: f32, ink: Ink) -> [Mark; 4] {
    let thin = 0.5;
    [
        Mark::Block { x, y, width, height: thin, ink },
        Mark::Block { x, y: y + height - thin, width, height: thin, ink },
        Mark::Block { x, y, width: thin, height, ink },
        Mark::Block { x: x + width - thin, y, width: thin, height, ink },
    ]
}

/// US Letter where printers hold Letter, A4 everywhere else: told from the practice's time zone.
fn paper(zone: &str) -> (f32, f32) {
    const A4_IN_AMERICA: [&str; 9] = [
        "America/Argentina",
        "America/Sao_Paulo",
        "America/Fortaleza",
        "America/Bahia",
        "America/Manaus",
        "America/Recife",
        "America/Lima",
        "America/Montevideo",
        "America/Asuncion",
    ];
    const LETTER: [&str; 5] = ["America/", "US/", "Canada/", "Pacific/Honolulu", "Asia/Manila"];
    let begins = |list: &[&str]| list.iter().any(|prefix| zone.starts_with(prefix));
    if begins(&LETTER) && !begins(&A4_IN_AMERICA) { (612.0, 792.0) } else { (595.28, 841.89) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paper_is_what_the_printer_holds() {
        assert_eq!(paper("America/New_York"), (612.0, 792.0));
        assert_eq!(paper("America/Argentina/Cordoba"), (595.28, 841.89));
        assert_eq!(paper("Europe/Madrid"), (595.28, 841.89));
    }
}

//! Typefaces as the PDF embeds them: only the glyphs that are used.
//!
//! **Invariant:** a glyph keeps its advance and its character, so that what is drawn is what was measured and
//! what is copied out of the PDF is what was written.

use std::collections::{BTreeMap, BTreeSet};

use printpdf::{FontId, FontMetrics, FontType, ParsedFont, PdfFont, PdfFontMetricsStub};
use subsetter::GlyphRemapper;

use crate::{
    TranscriptError,
    face::{FaceId, Faces},
    sheet::{Mark, Sheet},
};

/// The typefaces that the sheets use.
pub(crate) fn fonts(faces: &Faces, sheets: &[Sheet]) -> Result<BTreeMap<FontId, PdfFont>, TranscriptError> {
    let used = used(sheets);
    let mut fonts = BTreeMap::new();
    for id in FaceId::ALL {
        if let Some(characters) = used.get(&id) {
            fonts.insert(font_id(id), PdfFont::new(subset(faces, id, characters)?));
        }
    }
    Ok(fonts)
}

/// Under which name the pages call a typeface. With the tag that says it is a subset.
pub(crate) fn font_id(id: FaceId) -> FontId {
    FontId(format!("LIMPET+{}", id.name()))
}

fn used(sheets: &[Sheet]) -> BTreeMap<FaceId, BTreeSet<char>> {
    let mut used: BTreeMap<FaceId, BTreeSet<char>> = BTreeMap::new();
    for mark in sheets.iter().flat_map(|sheet| &sheet.marks) {
        if let Mark::Text { line, .. } = mark {
            for run in &line.runs {
                let characters = run.pieces.iter().flat_map(|(_, text)| text.chars());
                used.entry(run.face).or_default().extend(characters);
            }
        }
    }
    used
}

fn subset(faces: &Faces, id: FaceId, characters: &BTreeSet<char>) -> Result<ParsedFont, TranscriptError> {
    let face = faces.get(id);
    let mut remapper = GlyphRemapper::new();
    let mut codepoint_to_glyph = BTreeMap::new();
    let mut glyph_widths = BTreeMap::new();
    for character in characters {
        if let Some(glyph) = face.glyph(*character) {
            let kept = remapper.remap(glyph.0);
            codepoint_to_glyph.insert(u32::from(*character), kept);
            glyph_widths.insert(kept, face.tables.glyph_hor_advance(glyph).unwrap_or(0));
        }
    }
    let bytes =
        subsetter::subset(face.bytes, 0, &remapper).map_err(|_| TranscriptError::Typeface(id.name()))?;
    let tables = &face.tables;
    let bounds = tables.global_bounding_box();
    Ok(ParsedFont {
        original_bytes: bytes,
        font_index: 0,
        font_name: Some(id.name().to_owned()),
        codepoint_to_glyph,
        glyph_widths,
        units_per_em: tables.units_per_em(),
        font_metrics: FontMetrics { ascent: tables.ascender(), descent: tables.descender() },
        font_type: FontType::TrueType,
        pdf_font_metrics: PdfFontMetricsStub {
            units_per_em: tables.units_per_em(),
            x_min: bounds.x_min,
            y_min: bounds.y_min,
            x_max: bounds.x_max,
            y_max: bounds.y_max,
            caret_slope_rise: 1,
            caret_slope_run: 0,
            us_weight_class: tables.weight().to_number(),
        },
    })
}

//! The three typefaces of a transcript, and what layout needs to know of them.
//!
//! **Invariant:** an advance is the whole number of thousandths of an em that the PDF's width table will hold,
//! so that what is measured here is what a viewer draws.

use ttf_parser::{
    GlyphId,
    gpos::{PairAdjustment, PositioningSubtable},
    opentype_layout::LookupIndex,
};

use crate::TranscriptError;

/// Which typeface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum FaceId {
    /// For reading.
    Regular,
    /// For names and headings.
    SemiBold,
    /// Plainer, for the many characters the other two do not have.
    Wide,
}

impl FaceId {
    /// All of them, in the order in which they are embedded.
    pub(crate) const ALL: [Self; 3] = [Self::Regular, Self::SemiBold, Self::Wide];

    /// Its name in the PDF.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Regular => "AtkinsonHyperlegibleNext-Regular",
            Self::SemiBold => "AtkinsonHyperlegibleNext-SemiBold",
            Self::Wide => "DejaVuSans",
        }
    }

    fn bytes(self) -> &'static [u8] {
        match self {
            Self::Regular => include_bytes!("../../../assets/fonts/AtkinsonHyperlegibleNext-Regular.ttf"),
            Self::SemiBold => include_bytes!("../../../assets/fonts/AtkinsonHyperlegibleNext-SemiBold.ttf"),
            Self::Wide => include_bytes!("../../../assets/fonts/DejaVuSans.ttf"),
        }
    }
}

/// A typeface, read.
pub(crate) struct Face {
    pub(crate) bytes: &'static [u8],
    pub(crate) tables: ttf_parser::Face<'static>,
    kerning: Vec<LookupIndex>,
}

impl Face {
    fn read(id: FaceId) -> Result<Self, TranscriptError> {
        let bytes = id.bytes();
        let tables = ttf_parser::Face::parse(bytes, 0).map_err(|_| TranscriptError::Typeface(id.name()))?;
        let mut kerning = Vec::new();
        if let Some(gpos) = tables.tables().gpos {
            for feature in gpos.features {
                if feature.tag == ttf_parser::Tag::from_bytes(b"kern") {
                    kerning.extend(feature.lookup_indices);
                }
            }
        }
        kerning.sort_unstable();
        kerning.dedup();
        Ok(Self { bytes, tables, kerning })
    }

    /// The glyph of a character; `None` when the typeface has none.
    pub(crate) fn glyph(&self, character: char) -> Option<GlyphId> {
        self.tables.glyph_index(character).filter(|glyph| glyph.0 != 0)
    }

    /// Advance of a glyph in thousandths of an em, cut off as the width table of the PDF is.
    pub(crate) fn advance(&self, glyph: GlyphId) -> i32 {
        self.thousandths(i32::from(self.tables.glyph_hor_advance(glyph).unwrap_or(0)))
    }

    /// How much closer (negative) or farther two neighbours stand, in thousandths of an em.
    pub(crate) fn kern(&self, left: GlyphId, right: GlyphId) -> i32 {
        self.pair(left, right).map_or(0, |units| self.thousandths(i32::from(units)))
    }

    fn thousandths(&self, units: i32) -> i32 {
        units * 1000 / i32::from(self.tables.units_per_em()).max(1)
    }

    /// The first pair adjustment that covers both glyphs decides, as the OpenType specification has it.
    fn pair(&self, left: GlyphId, right: GlyphId) -> Option<i16> {
        let gpos = self.tables.tables().gpos?;
        for lookup in self.kerning.iter().filter_map(|index| gpos.lookups.get(*index)) {
            for subtable in lookup.subtables.into_iter::<PositioningSubtable<'_>>() {
                let PositioningSubtable::Pair(pair) = subtable else { continue };
                let Some(row) = pair.coverage().get(left) else { continue };
                match pair {
                    PairAdjustment::Format1 { sets, .. } => {
                        if let Some((first, _)) = sets.get(row).and_then(|set| set.get(right)) {
                            return Some(first.x_advance);
                        }
                    }
                    PairAdjustment::Format2 { classes, matrix, .. } => {
                        let classes = (classes.0.get(left), classes.1.get(right));
                        return matrix.get(classes).map(|(first, _)| first.x_advance);
                    }
                }
            }
        }
        None
    }
}

/// All typefaces.
pub(crate) struct Faces {
    regular: Face,
    semi_bold: Face,
    wide: Face,
}

impl Faces {
    /// Reads them. They are part of the program, so this fails only when the program is damaged.
    pub(crate) fn read() -> Result<Self, TranscriptError> {
        Ok(Self {
            regular: Face::read(FaceId::Regular)?,
            semi_bold: Face::read(FaceId::SemiBold)?,
            wide: Face::read(FaceId::Wide)?,
        })
    }

    /// One of them.
    pub(crate) fn get(&self, id: FaceId) -> &Face {
        match id {
            FaceId::Regular => &self.regular,
            FaceId::SemiBold => &self.semi_bold,
            FaceId::Wide => &self.wide,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_kerned_and_widths_are_the_fonts_own() {
        let faces = Faces::read().unwrap();
        let face = faces.get(FaceId::Regular);
        let glyph = |c| face.glyph(c).unwrap();
        assert!(face.kern(glyph('T'), glyph('o')) < 0, "T and o stand apart");
        assert_eq!(face.kern(glyph('n'), glyph('n')), 0);
        assert_eq!(face.advance(glyph('0')), 648);
        assert_eq!(face.glyph('漢'), None);
    }
}

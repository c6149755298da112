//! Text of any kind becomes atoms: the smallest pieces that are drawn and never divided.
//!
//! **Invariant:** nothing a person wrote is lost. What the typefaces cannot draw is shown in brackets, as a name
//! or a code point, and carries the original so that searching and copying still find it.

use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

use crate::face::{FaceId, Faces};

/// Longest name of an emoji that is shown in full.
const LONGEST_NAME: usize = 24;

/// The smallest piece of text that is drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Atom {
    pub(crate) face: FaceId,
    /// What is drawn, all of it in `face`.
    pub(crate) shown: String,
    /// What was written, where that differs from what is drawn.
    pub(crate) written: Option<String>,
    /// Thousandths of an em to the neighbour before.
    pub(crate) kern: i32,
    /// Width in thousandths of an em.
    pub(crate) advance: i32,
}

impl Atom {
    pub(crate) fn is_space(&self) -> bool {
        self.shown == " "
    }

    /// Whether a line may end after it even inside a word: where addresses and file names have their joints.
    pub(crate) fn is_joint(&self) -> bool {
        matches!(
            self.shown.as_str(),
            "/" | "-" | "_" | "." | "?" | "&" | "=" | "," | ";" | ":" | "@" | "–" | "—"
        )
    }
}

/// The paragraphs of a text: split where the writer pressed return, without characters that only steer.
pub(crate) fn paragraphs(text: &str) -> Vec<String> {
    let composed: String = text.nfc().collect();
    let mut paragraphs = vec![String::new()];
    let mut after_return = false;
    for character in composed.chars() {
        let line_end =
            matches!(character, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}');
        if line_end {
            if !(character == '\n' && after_return) {
                paragraphs.push(String::new());
            }
        } else if let Some(last) = paragraphs.last_mut() {
            match character {
                '\t' => last.push_str("    "),
                c if is_steering(c) => {}
                c if c.is_whitespace() => last.push(' '),
                c => last.push(c),
            }
        }
        after_return = character == '\r';
    }
    paragraphs
}

/// Characters that draw nothing themselves: controls, direction marks, invisible joints. The zero-width joiner
/// and the variation selectors stay, because emoji are told apart by them.
fn is_steering(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{ad}' | '\u{200b}' | '\u{200c}' | '\u{200e}' | '\u{200f}' | '\u{61c}')
        || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// The atoms of one paragraph. `face` is what it is set in where that face has the characters.
pub(crate) fn atoms(faces: &Faces, face: FaceId, paragraph: &str) -> Vec<Atom> {
    let mut atoms: Vec<Atom> = Vec::with_capacity(paragraph.len());
    for cluster in paragraph.graphemes(true) {
        let mut atom = atom(faces, face, cluster);
        if let Some(before) = atoms.last().filter(|before| before.face == atom.face) {
            atom.kern = kern_between(faces, before, &atom);
        }
        atoms.push(atom);
    }
    atoms
}

fn kern_between(faces: &Faces, before: &Atom, after: &Atom) -> i32 {
    let face = faces.get(after.face);
    let left = before.shown.chars().next_back().and_then(|c| face.glyph(c));
    let right = after.shown.chars().next().and_then(|c| face.glyph(c));
    left.zip(right).map_or(0, |(left, right)| face.kern(left, right))
}

fn atom(faces: &Faces, face: FaceId, cluster: &str) -> Atom {
    let plain: String = cluster.chars().filter(|c| !is_selector(*c)).collect();
    let pictorial = cluster.chars().any(|c| c >= '\u{1f000}' || c == '\u{fe0f}');
    if has_all(faces, face, &plain) {
        return drawn(faces, face, plain, None);
    }
    if !pictorial && has_all(faces, FaceId::Wide, &plain) {
        return drawn(faces, FaceId::Wide, plain, None);
    }
    drawn(faces, face, in_brackets(cluster), Some(cluster.to_owned()))
}

fn is_selector(character: char) -> bool {
    matches!(character, '\u{fe00}'..='\u{fe0f}' | '\u{200d}')
}

fn has_all(faces: &Faces, face: FaceId, text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| faces.get(face).glyph(c).is_some())
}

fn drawn(faces: &Faces, id: FaceId, shown: String, written: Option<String>) -> Atom {
    let face = faces.get(id);
    let advance = shown.chars().filter_map(|c| face.glyph(c)).map(|glyph| face.advance(glyph)).sum();
    Atom { face: id, shown, written, kern: 0, advance }
}

/// `[thumbs up]` for an emoji that has a name, `[U+6F22]` for everything else.
fn in_brackets(cluster: &str) -> String {
    if let Some(emoji) = emojis::get(cluster) {
        let name: Vec<char> = emoji.name().chars().filter(char::is_ascii).collect();
        return if name.len() > LONGEST_NAME {
            format!("[{}...]", name.iter().take(LONGEST_NAME).collect::<String>().trim_end())
        } else {
            format!("[{}]", name.iter().collect::<String>())
        };
    }
    let codes: Vec<String> = cluster.chars().take(4).map(|c| format!("U+{:04X}", u32::from(c))).collect();
    format!("[{}]", codes.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<(FaceId, String)> {
        let faces = Faces::read().unwrap();
        atoms(&faces, FaceId::Regular, text).into_iter().map(|a| (a.face, a.shown)).collect()
    }

    #[test]
    fn what_the_typefaces_lack_is_named_and_kept() {
        assert_eq!(shown("é"), [(FaceId::Regular, "é".into())]);
        assert_eq!(shown("Ж"), [(FaceId::Wide, "Ж".into())]);
        assert_eq!(shown("👍"), [(FaceId::Regular, "[thumbs up]".into())]);
        assert_eq!(shown("漢"), [(FaceId::Regular, "[U+6F22]".into())]);
        let faces = Faces::read().unwrap();
        let family = "👩‍👩‍👧";
        let atoms = atoms(&faces, FaceId::Regular, family);
        assert_eq!(atoms.len(), 1);
        assert_eq!(atoms[0].written.as_deref(), Some(family));
    }

    #[test]
    fn paragraphs_are_split_and_cleaned() {
        assert_eq!(paragraphs("a\r\nb\n\nc\td"), ["a", "b", "", "c    d"]);
        assert_eq!(paragraphs("e\u{301}\u{202e}x\u{0}"), ["éx"]);
    }
}

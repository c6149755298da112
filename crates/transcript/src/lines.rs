//! Breaking text into lines, and lines into runs of one typeface.
//!
//! **Invariant:** every atom of the text is in exactly one line, except spaces at which a line was broken, and
//! no line is wider than asked unless a single atom is.

use std::ops::Range;

use crate::{
    face::{FaceId, Faces},
    text::{Atom, atoms, paragraphs},
};

/// How a text is set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Style {
    pub(crate) face: FaceId,
    /// Points.
    pub(crate) size: f32,
    /// Distance of baselines, points.
    pub(crate) leading: f32,
    /// 0 is black, 1 is white.
    pub(crate) grey: f32,
}

/// Text in one typeface within a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) face: FaceId,
    /// Pieces of text, each with the thousandths of an em it moves away from the one before.
    pub(crate) pieces: Vec<(i32, String)>,
    /// What was written, where that differs from what is drawn.
    pub(crate) written: Option<String>,
}

/// One line, ready to be drawn.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Line {
    pub(crate) runs: Vec<Run>,
    pub(crate) style: Style,
    /// Points.
    pub(crate) width: f32,
}

/// Sets a text into lines no wider than `width` points. An empty paragraph is a line without runs.
pub(crate) fn set(faces: &Faces, style: Style, width: f32, text: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    for paragraph in paragraphs(text) {
        let atoms = atoms(faces, style.face, &paragraph);
        for range in break_lines(&atoms, width * 1000.0 / style.size) {
            lines.push(line(atoms.get(range).unwrap_or_default(), style));
        }
    }
    lines
}

/// Sets a text of which only one line is wanted; what does not fit is cut, and three points say so.
pub(crate) fn set_one(faces: &Faces, style: Style, width: f32, text: &str) -> Line {
    let joined = paragraphs(text).join(" ");
    let all = atoms(faces, style.face, &joined);
    let room = width * 1000.0 / style.size;
    if measure(&all) <= room {
        return line(&all, style);
    }
    let dots = atoms(faces, style.face, "...");
    let mut kept = all;
    while !kept.is_empty() && measure(&kept) + measure(&dots) > room {
        kept.pop();
    }
    kept.extend(dots);
    line(&kept, style)
}

/// Where lines begin and end. A line ends at a space; a word wider than the line ends at a joint in its last
/// third, or anywhere.
fn break_lines(atoms: &[Atom], room: f32) -> Vec<Range<usize>> {
    let mut lines = Vec::new();
    let mut start = 0;
    while let Some(rest) = atoms.get(start..).filter(|rest| !rest.is_empty()) {
        let fitting = fitting(rest, room);
        if fitting == rest.len() {
            lines.push(start..atoms.len());
            return lines;
        }
        let end = start + break_at(rest, fitting);
        lines.push(start..end);
        start = end + atoms.get(end..).unwrap_or_default().iter().take_while(|atom| atom.is_space()).count();
    }
    if lines.is_empty() {
        lines.push(0..0);
    }
    lines
}

/// How many atoms fit; at least one, so that every line makes progress.
fn fitting(atoms: &[Atom], room: f32) -> usize {
    let mut width = 0;
    for (index, atom) in atoms.iter().enumerate() {
        width += atom.advance + if index == 0 { 0 } else { atom.kern };
        if width as f32 > room {
            return index.max(1);
        }
    }
    atoms.len()
}

/// How many of the `fitting` atoms the line keeps.
fn break_at(atoms: &[Atom], fitting: usize) -> usize {
    if atoms.get(fitting).is_some_and(Atom::is_space) {
        return fitting;
    }
    let kept = atoms.get(..fitting).unwrap_or_default();
    let indent = kept.iter().take_while(|atom| atom.is_space()).count();
    if let Some(space) = kept.iter().rposition(Atom::is_space).filter(|space| *space >= indent.max(1)) {
        return space;
    }
    let joint = kept.iter().rposition(Atom::is_joint).map(|joint| joint + 1);
    joint.filter(|joint| joint * 3 >= fitting * 2 && *joint < atoms.len()).unwrap_or(fitting)
}

/// Width in thousandths of an em. The first atom of a line stands next to nothing.
fn measure(atoms: &[Atom]) -> f32 {
    let advance: i32 = atoms.iter().map(|atom| atom.advance).sum();
    let kern: i32 = atoms.iter().skip(1).map(|atom| atom.kern).sum();
    (advance + kern) as f32
}

fn line(atoms: &[Atom], style: Style) -> Line {
    let mut runs: Vec<Run> = Vec::new();
    for (index, atom) in atoms.iter().enumerate() {
        let kern = if index == 0 { 0 } else { atom.kern };
        let joins = |run: &&mut Run| run.face == atom.face && run.written.is_none() && atom.written.is_none();
        if let Some(run) = runs.last_mut().filter(joins) {
            match run.pieces.last_mut().filter(|_| kern == 0) {
                Some((_, piece)) => piece.push_str(&atom.shown),
                None => run.pieces.push((kern, atom.shown.clone())),
            }
        } else {
            runs.push(Run {
                face: atom.face,
                pieces: vec![(kern, atom.shown.clone())],
                written: atom.written.clone(),
            });
        }
    }
    Line { runs, style, width: measure(atoms) * style.size / 1000.0 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STYLE: Style = Style { face: FaceId::Regular, size: 10.0, leading: 14.0, grey: 0.0 };

    fn words(lines: &[Line]) -> Vec<String> {
        let text = |run: &Run| run.pieces.iter().map(|(_, piece)| piece.as_str()).collect::<String>();
        lines.iter().map(|line| line.runs.iter().map(text).collect()).collect()
    }

    #[test]
    fn lines_end_at_spaces_and_long_words_at_their_joints() {
        let faces = Faces::read().unwrap();
        assert_eq!(words(&set(&faces, STYLE, 70.0, "He limps after walks")), ["He limps after", "walks"]);
        let lines = words(&set(&faces, STYLE, 80.0, "https://clinic.example/m/abcdefghijkl"));
        assert_eq!(lines, ["https://clinic.", "example/m/", "abcdefghijkl"]);
        assert_eq!(words(&set(&faces, STYLE, 80.0, "a\n\nb")), ["a", "", "b"]);
    }

    #[test]
    fn one_line_is_cut_with_points() {
        let faces = Faces::read().unwrap();
        let line = set_one(&faces, STYLE, 60.0, "walking after\na very long rest");
        assert!(line.width <= 60.0);
        assert!(words(&[line])[0].ends_with("..."));
    }

    proptest! {
        #[test]
        fn no_text_is_lost_and_no_line_is_too_wide(text in "\\PC{0,200}", width in 20.0f32..300.0) {
            let faces = Faces::read().unwrap();
            let atoms = atoms(&faces, FaceId::Regular, &text);
            let room = width * 100.0;
            let lines = break_lines(&atoms, room);
            let mut next = 0;
            for range in &lines {
                prop_assert!(atoms[next..range.start].iter().all(Atom::is_space));
                prop_assert!(range.len() <= 1 || measure(&atoms[range.clone()]) <= room);
                prop_assert!(!range.is_empty() || atoms.is_empty());
                next = range.end;
            }
            prop_assert!(atoms[next..].iter().all(Atom::is_space));
        }
    }
}

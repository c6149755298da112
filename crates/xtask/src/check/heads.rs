//! A file is a room: its first line says what lives there.

use super::{Broken, Source};

/// Rust files that do not begin with `//!`.
pub fn broken(sources: &[Source]) -> Vec<Broken> {
    sources
        .iter()
        .filter(|source| source.is_one_of(&[".rs"]))
        .filter(|source| !source.text.lines().next().is_some_and(says_something))
        .map(|source| Broken::new(&source.path, "the first line says what lives here: `//! ...`"))
        .collect()
}

fn says_something(line: &str) -> bool {
    line.strip_prefix("//!").is_some_and(|words| words.trim().len() > 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_first_line_is_broken() {
        let good = Source::new("crates/a/src/lib.rs", "//! Everything about a.\n\nfn f() {}\n");
        let bad = Source::new("crates/a/build.rs", "fn main() {}\n");
        let mute = Source::new("crates/a/src/b.rs", "//!\nfn f() {}\n");
        let other = Source::new("ui/desk/src/a.ts", "const a = 1;\n");
        let files: Vec<_> = broken(&[good, bad, mute, other]).into_iter().map(|broken| broken.file).collect();
        assert_eq!(files, ["crates/a/build.rs", "crates/a/src/b.rs"]);
    }
}

//! No colour and no size outside the tokens file.

use super::{Broken, Source};

/// The one file that names colours and sizes.
const TOKENS: &str = "ui/shared/tokens.css";

/// Style sheets and `<style>` blocks that name one themselves.
pub fn broken(sources: &[Source]) -> Vec<Broken> {
    let mut broken = vec![];
    for source in sources.iter().filter(|source| source.path != TOKENS) {
        let styles = if source.is_one_of(&[".css"]) {
            vec![source.text.as_str()]
        } else if source.is_one_of(&[".svelte", ".html"]) {
            blocks(&source.text)
        } else {
            continue;
        };
        for style in styles {
            for value in named(&without_comments(style)) {
                broken.push(Broken::new(
                    &source.path,
                    format!("{value}: colours and sizes are named in {TOKENS}"),
                ));
            }
        }
    }
    broken
}

/// What stands inside `<style>` elements.
fn blocks(text: &str) -> Vec<&str> {
    text.split("<style").skip(1).filter_map(|rest| rest.split_once('>')?.1.split("</style").next()).collect()
}

fn without_comments(style: &str) -> String {
    let mut pieces = style.split("/*");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |kept, piece| kept + piece.split_once("*/").map_or("", |(_, after)| after))
}

/// Colours and lengths in the values of a style sheet. Conditions of `@media` and `@container` cannot hold a
/// token and are left alone.
fn named(style: &str) -> Vec<String> {
    style
        .split([';', '{', '}'])
        .filter(|part| !part.trim_start().starts_with('@'))
        .filter_map(|part| part.split_once(':'))
        .flat_map(|(_, value)| {
            value
                .split(|c: char| c.is_whitespace() || "(),/*".contains(c))
                .map(str::to_owned)
                .chain(functions(value))
        })
        .filter(|word| is_colour(word) || is_length(word))
        .collect()
}

fn functions(value: &str) -> Vec<String> {
    ["rgb(", "rgba(", "hsl(", "hsla(", "oklch(", "oklab(", "lab(", "lch(", "color("]
        .into_iter()
        .filter(|function| value.contains(function) && !value.contains(&format!("-{function}")))
        .map(|function| format!("{function}...)"))
        .collect()
}

fn is_colour(word: &str) -> bool {
    const NAMES: [&str; 12] = [
        "black", "white", "red", "green", "blue", "yellow", "orange", "gray", "grey", "teal", "silver",
        "navy",
    ];
    let hex = word.strip_prefix('#').is_some_and(|digits| {
        matches!(digits.len(), 3 | 4 | 6 | 8) && digits.chars().all(|c| c.is_ascii_hexdigit())
    });
    hex || NAMES.contains(&word) || word.ends_with("...)")
}

/// A number with a unit that is a size by itself. Nothing, and parts of something else, need no token.
fn is_length(word: &str) -> bool {
    ["px", "rem", "pt", "cm", "mm", "in"].into_iter().any(|unit| {
        word.strip_suffix(unit)
            .and_then(|number| number.parse::<f32>().ok())
            .is_some_and(|number| number != 0.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(path: &str, text: &str) -> usize {
        broken(&[Source::new(path, text)]).len()
    }

    #[test]
    fn colours_and_sizes_outside_the_tokens_are_broken() {
        for value in
            ["#fff", "#0b5c5a", "#00000080", "rgb(1 2 3 / 10%)", "white", "13px", "-1.5rem", "calc(4px + 1%)"]
        {
            assert_eq!(
                rules("ui/desk/src/A.svelte", &format!("<style>a {{ color: {value}; }}</style>")),
                1,
                "{value}"
            );
            assert_eq!(rules("ui/shared/base.css", &format!("a {{ margin: {value} }}")), 1, "{value}");
            assert_eq!(rules(TOKENS, &format!("a {{ color: {value}; }}")), 0, "{value}");
        }
    }

    #[test]
    fn tokens_shares_and_nothing_are_fine() {
        for value in [
            "var(--ink-1)",
            "0",
            "0px",
            "100%",
            "1fr",
            "50dvh",
            "66ch",
            "1.45",
            "url(#a)",
            "currentColor",
            "none",
            "color-mix(in srgb, var(--accent) 20%, transparent)",
            "minmax(0, 1fr)",
        ] {
            assert_eq!(rules("ui/shared/base.css", &format!("a:hover {{ b: {value} }}")), 0, "{value}");
        }
        assert_eq!(rules("ui/shared/base.css", "@media (max-width: 640px) { a { b: 0 } }"), 0);
        assert_eq!(rules("ui/shared/base.css", "/* #fff: 3px */ #abc a { b: 0 }"), 0);
        assert_eq!(rules("ui/desk/src/A.svelte", "<a href=\"#fff\">12px</a>"), 0);
    }
}

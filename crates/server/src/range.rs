//! One range of a whole, as RFC 9110 asks for it.

use std::ops::Range;

use axum::http::{HeaderMap, header};

/// What part of a thing is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// All of it.
    Whole,
    /// These bytes.
    Part(Range<u64>),
    /// Bytes that it does not have.
    Nothing,
}

/// Reads `Range` and `If-Range` against a thing of `length` bytes with this strong entity tag. A range that is
/// not understood, more than one range, and a range of an older version all mean the whole.
pub fn wanted(headers: &HeaderMap, length: u64, etag: &str) -> Wanted {
    let Some(text) = headers.get(header::RANGE).and_then(|value| value.to_str().ok()) else {
        return Wanted::Whole;
    };
    // A date in If-Range never matches: the thing is told apart by its tag alone.
    if headers.get(header::IF_RANGE).is_some_and(|value| value != etag) {
        return Wanted::Whole;
    }
    parse(text, length).unwrap_or(Wanted::Whole)
}

fn parse(text: &str, length: u64) -> Option<Wanted> {
    let (unit, spec) = text.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") || spec.contains(',') {
        return None;
    }
    let (first, last) = spec.trim().split_once('-')?;
    if first.is_empty() {
        let suffix = number(last)?;
        let start = length.saturating_sub(suffix);
        return Some(if start == length { Wanted::Nothing } else { Wanted::Part(start..length) });
    }
    let start = number(first)?;
    let end = if last.is_empty() { u64::MAX } else { number(last)? };
    if end < start {
        return None;
    }
    Some(if start >= length {
        Wanted::Nothing
    } else {
        Wanted::Part(start..end.saturating_add(1).min(length))
    })
}

/// Digits only: `parse` alone would take a sign.
fn number(text: &str) -> Option<u64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // More than fits is past every end.
    Some(text.parse().unwrap_or(u64::MAX))
}

/// Whether what the asker has is still current.
pub fn is_current(headers: &HeaderMap, etag: &str) -> bool {
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|tag| tag.trim() == "*" || tag.trim().trim_start_matches("W/") == etag)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn ranges_are_read_as_the_standard_says() {
        let cases = [
            ("bytes=0-0", Wanted::Part(0..1)),
            ("bytes=0-99", Wanted::Part(0..10)),
            ("bytes=9-", Wanted::Part(9..10)),
            ("bytes=-3", Wanted::Part(7..10)),
            ("bytes=-99", Wanted::Part(0..10)),
            ("bytes=10-", Wanted::Nothing),
            ("bytes=-0", Wanted::Nothing),
            ("bytes=99999999999999999999-", Wanted::Nothing),
            ("bytes=0-18446744073709551615", Wanted::Part(0..10)),
            ("bytes=5-4", Wanted::Whole),
            ("bytes=0-1,3-4", Wanted::Whole),
            ("bytes=a-b", Wanted::Whole),
            ("bytes=+1-2", Wanted::Whole),
            ("items=0-1", Wanted::Whole),
            ("bytes=-", Wanted::Whole),
        ];
        for (text, expected) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(header::RANGE, HeaderValue::from_static(text));
            assert_eq!(wanted(&headers, 10, "\"v1\""), expected, "{text}");
            headers.insert(header::IF_RANGE, HeaderValue::from_static("\"v0\""));
            assert_eq!(wanted(&headers, 10, "\"v1\""), Wanted::Whole, "{text} of an older version");
        }
    }

    #[test]
    fn nothing_has_no_part() {
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, HeaderValue::from_static("bytes=0-"));
        assert_eq!(wanted(&headers, 0, "\"v\""), Wanted::Nothing);
    }
}

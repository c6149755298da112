//! What may be set about a practice.

use std::collections::BTreeSet;

use jiff::{civil::Date, tz::TimeZone};
use limpet_model::{Hours, Known, Span, Template, UPLOAD_LIMIT, Wording, fill};
use limpet_wire::http::{MESSAGE_LIMIT, PracticeChange};

use super::{at_most, needed};
use crate::failure::{Answer, Problem};

/// Languages that anything is written in.
const LANGUAGES: usize = 20;
/// Spans of one day.
const SPANS: usize = 8;
/// Days that are unlike their weekday.
const DAYS: usize = 400;
/// Smallest limit of a file, bytes.
const LEAST_LIMIT: i64 = 1024 * 1024;
/// Most years that anything is kept.
const YEARS: u32 = 100;

/// A change of a practice.
pub fn check_practice(change: &PracticeChange) -> Answer<()> {
    change.name.as_deref().map_or(Ok(()), |name| needed("The practice's name", name, 200))?;
    at_most("The address", change.address.as_deref().unwrap_or_default(), 1000)?;
    at_most("The telephone number", change.phone.as_deref().unwrap_or_default(), 100)?;
    at_most("The letterhead", change.letterhead.as_deref().unwrap_or_default(), 1000)?;
    if let Some(name) = &change.time_zone
        && TimeZone::get(name).is_err()
    {
        return Err(Problem::invalid(
            "That is not a time zone. Write it like Europe/Madrid or America/New_York.",
        ));
    }
    for hours in [&change.hours, &change.chat_hours].into_iter().flatten() {
        check_hours(hours)?;
    }
    for (what, wording, most) in [
        ("The sentence for when nobody is there", &change.offline_words, 1000),
        ("The reply outside the hours", &change.away_words, 2000),
        ("The first reply", &change.first_words, 2000),
        ("The consent text", &change.consent, 20_000),
    ] {
        wording.as_ref().map_or(Ok(()), |wording| check_wording(what, wording, most))?;
    }
    if change.consent.as_ref().is_some_and(|words| words.values().all(|text| text.trim().is_empty())) {
        return Err(Problem::invalid("The consent text is missing."));
    }
    if change.upload_limit.is_some_and(|bytes| !(LEAST_LIMIT..=UPLOAD_LIMIT).contains(&bytes)) {
        let [least, most] = [LEAST_LIMIT, UPLOAD_LIMIT].map(|bytes| bytes / (1024 * 1024));
        return Err(Problem::invalid(format!("The largest file may be between {least} and {most} MB.")));
    }
    if change.retention_years.is_some_and(|years| years > YEARS) {
        return Err(Problem::invalid(format!(
            "Choose {YEARS} years at most, or 0 to keep everything for ever."
        )));
    }
    Ok(())
}

fn check_wording(what: &str, wording: &Wording, most: usize) -> Answer<()> {
    if wording.len() > LANGUAGES {
        return Err(Problem::invalid(format!("{what} is in too many languages: {LANGUAGES} at most.")));
    }
    wording.iter().try_for_each(|(language, text)| {
        check_language(language)?;
        at_most(what, text, most)
    })
}

/// A language tag: letters, then groups of letters and digits.
fn check_language(tag: &str) -> Answer<()> {
    let well = |part: &str| (1..=8).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphanumeric());
    let first = tag.split('-').next().unwrap_or_default();
    if tag.len() <= 35
        && tag.split('-').all(well)
        && first.len() >= 2
        && first.chars().all(|c| c.is_ascii_alphabetic())
    {
        return Ok(());
    }
    Err(Problem::invalid("That is not a language. Write it like en, es or es-MX."))
}

fn check_hours(hours: &Hours) -> Answer<()> {
    hours.week.iter().try_for_each(|spans| check_spans(spans))?;
    if hours.days.len() > DAYS {
        return Err(Problem::invalid(format!(
            "There are too many single days: {DAYS} at most. Remove old ones."
        )));
    }
    let mut dates = BTreeSet::new();
    for day in &hours.days {
        check_spans(&day.spans)?;
        if day.date.len() != 10 || day.date.parse::<Date>().is_err() {
            return Err(Problem::invalid("Write a day like 2026-12-24."));
        }
        if !dates.insert(day.date.as_str()) {
            return Err(Problem::invalid(format!("{} is there twice. Remove one of the two.", day.date)));
        }
    }
    Ok(())
}

fn check_spans(spans: &[Span]) -> Answer<()> {
    let mut sorted = spans.to_vec();
    sorted.sort_by_key(|span| span.from);
    let well = sorted.iter().all(|span| span.from < span.to && span.to <= 24 * 60);
    let apart = sorted.windows(2).all(|pair| matches!(pair, [one, two] if one.to <= two.from));
    if spans.len() > SPANS || !well || !apart {
        return Err(Problem::invalid(
            "Hours of a day have to begin before they end, end at midnight at the latest, and not overlap.",
        ));
    }
    Ok(())
}

/// A department or a tag.
pub fn check_listed(name: &str) -> Answer<()> {
    needed("The name", name, 100)
}

/// A template.
pub fn check_template(template: &Template) -> Answer<()> {
    needed("The title", &template.title, 200)?;
    needed("The text", &template.body, MESSAGE_LIMIT)?;
    check_language(&template.language)?;
    if template.tags.len() > super::TAGS_LIMIT {
        return Err(Problem::invalid(format!("A template has {} tags at most.", super::TAGS_LIMIT)));
    }
    match fill(&template.body, &Known::default()) {
        Ok(_) => Ok(()),
        Err(unknown) => {
            // Whatever stands between braces may be long.
            let name: String = unknown.0.chars().take(60).collect();
            let known = limpet_model::PLACEHOLDERS.map(|name| format!("{{{{{name}}}}}")).join(", ");
            Err(Problem::invalid(format!("There is no placeholder {{{{{name}}}}}. There are {known}.")))
        }
    }
}

#[cfg(test)]
mod tests {
    use limpet_model::Day;

    use super::*;

    fn span(from: u16, to: u16) -> Span {
        Span { from, to }
    }

    #[test]
    fn hours_of_a_day_are_apart_and_within_it() {
        let fits = |spans: &[Span]| check_spans(spans).is_ok();
        assert!(fits(&[]) && fits(&[span(0, 1440)]) && fits(&[span(840, 1020), span(540, 780)]));
        for bad in [
            vec![span(540, 540)],
            vec![span(600, 540)],
            vec![span(0, 1441)],
            vec![span(0, 600), span(599, 700)],
        ] {
            assert!(!fits(&bad), "{bad:?}");
        }
        let day = |date: &str| Day { date: date.into(), spans: Vec::new() };
        let days = |dates: &[&str]| {
            check_hours(&Hours { days: dates.iter().map(|date| day(date)).collect(), ..Hours::default() })
                .is_ok()
        };
        assert!(days(&["2026-12-24", "2026-12-25"]));
        assert!(!days(&["2026-12-24", "2026-12-24"]) && !days(&["2026-02-30"]) && !days(&["24.12.2026"]));
    }

    #[test]
    fn languages_are_tags() {
        for good in ["en", "es-MX", "zh-Hant-TW", "gsw"] {
            assert!(check_language(good).is_ok(), "{good}");
        }
        for bad in ["", "e", "en_US", "español", "en-", "12"] {
            assert!(check_language(bad).is_err(), "{bad}");
        }
    }
}

//! What may be set about a practice.

use std::collections::BTreeSet;

use jiff::{civil::Date, tz::TimeZone};
use limpet_model::{Hours, Known, Span, Template, UPLOAD_LIMIT, Wording, fill};
use limpet_wire::http::PracticeChange;

use crate::{
    failure::{Answer, Problem},
    limits::{
        ADDRESS, CONSENT, DAYS_LIMIT, ESCALATE_LIMIT, LABEL, LANGUAGES_LIMIT, LETTERHEAD, NAME,
        OFFLINE_WORDS, PHONE, REPLY, SPANS_LIMIT, TAGS_LIMIT, TEMPLATE, Text, UPLOAD_LIMIT_MINIMUM,
        YEARS_LIMIT,
    },
};

/// A change of a practice.
pub fn check_practice(change: &PracticeChange) -> Answer<()> {
    for (what, limit, text) in [
        ("The practice's name", NAME, &change.name),
        ("The address", ADDRESS, &change.address),
        ("The telephone number", PHONE, &change.phone),
        ("The letterhead", LETTERHEAD, &change.letterhead),
    ] {
        text.as_deref().map_or(Ok(()), |text| limit.check(what, text))?;
    }
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
    for (what, wording, limit) in [
        ("The sentence for when nobody is there", &change.offline_words, OFFLINE_WORDS),
        ("The reply outside the hours", &change.away_words, REPLY),
        ("The first reply", &change.first_words, REPLY),
        ("The consent text", &change.consent, CONSENT),
    ] {
        wording.as_ref().map_or(Ok(()), |wording| check_wording(what, wording, limit))?;
    }
    if change.consent.as_ref().is_some_and(Wording::is_empty) {
        return Err(Problem::invalid("The consent text is missing."));
    }
    if change.upload_limit.is_some_and(|bytes| !(UPLOAD_LIMIT_MINIMUM..=UPLOAD_LIMIT).contains(&bytes)) {
        let [least, most] = [UPLOAD_LIMIT_MINIMUM, UPLOAD_LIMIT].map(|bytes| bytes / (1024 * 1024));
        return Err(Problem::invalid(format!("The largest file may be between {least} and {most} MB.")));
    }
    if change.retention_years.is_some_and(|years| years > YEARS_LIMIT) {
        return Err(Problem::invalid(format!(
            "Choose {YEARS_LIMIT} years at most, or 0 to keep everything for ever."
        )));
    }
    if change.escalate_minutes.is_some_and(|minutes| minutes > ESCALATE_LIMIT) {
        return Err(Problem::invalid("Choose a week at most, 10080 minutes, or 0 to have nobody told."));
    }
    Ok(())
}

fn check_wording(what: &str, wording: &Wording, limit: Text) -> Answer<()> {
    if wording.len() > LANGUAGES_LIMIT {
        return Err(Problem::invalid(format!("{what} is in too many languages: {LANGUAGES_LIMIT} at most.")));
    }
    wording.iter().try_for_each(|(language, text)| {
        check_language(language)?;
        limit.check(what, text)
    })
}

/// A language tag, as [`crate::limits::LANGUAGE`] writes it.
fn check_language(tag: &str) -> Answer<()> {
    let well = |part: &str| (1..=8).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphanumeric());
    let first = tag.split('-').next().unwrap_or_default();
    if tag.split('-').count() <= 4
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
    if hours.days.len() > DAYS_LIMIT {
        return Err(Problem::invalid(format!(
            "There are too many single days: {DAYS_LIMIT} at most. Remove old ones."
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
    if !hours.days.is_empty() && hours.week.iter().all(Vec::is_empty) {
        // Hours that were never set mean always, and single days alone would go on meaning that.
        return Err(Problem::invalid("Write the hours of the week first, then the days that are unlike it."));
    }
    Ok(())
}

fn check_spans(spans: &[Span]) -> Answer<()> {
    let mut sorted = spans.to_vec();
    sorted.sort_by_key(|span| span.from);
    let well = sorted.iter().all(|span| span.from < span.to && span.to <= 24 * 60);
    let apart = sorted.windows(2).all(|pair| matches!(pair, [one, two] if one.to <= two.from));
    if spans.len() > SPANS_LIMIT || !well || !apart {
        return Err(Problem::invalid(
            "Hours of a day have to begin before they end, end at midnight at the latest, and not overlap.",
        ));
    }
    Ok(())
}

/// A department or a tag.
pub fn check_listed(name: &str) -> Answer<()> {
    LABEL.check("The name", name)
}

/// A template.
pub fn check_template(template: &Template) -> Answer<()> {
    NAME.check("The title", &template.title)?;
    TEMPLATE.check("The text", &template.body)?;
    check_language(&template.language)?;
    if template.tags.len() > TAGS_LIMIT {
        return Err(Problem::invalid(format!("A template has {TAGS_LIMIT} tags at most.")));
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
        let mut week: [Vec<Span>; 7] = Default::default();
        let alone = Hours { days: vec![day("2026-12-24")], week: week.clone() };
        assert!(check_hours(&alone).is_err(), "a week that was never set means always");
        week[0] = vec![span(540, 1020)];
        let days = |dates: &[&str]| {
            let days = dates.iter().map(|date| day(date)).collect();
            check_hours(&Hours { days, week: week.clone() }).is_ok()
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

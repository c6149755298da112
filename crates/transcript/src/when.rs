//! Times and ages, as the practice reads them.
//!
//! **Invariant:** every time says its distance from UTC; nothing here asks what time it is.

use jiff::{
    Timestamp, Unit, Zoned,
    civil::Date,
    tz::{TimeZone, TimeZoneDatabase},
};
use limpet_model::{Micros, Millis};

use crate::words::Words;

/// Times in one time zone.
pub(crate) struct When {
    zone: TimeZone,
    name: String,
    pub(crate) zone_known: bool,
    words: Words,
}

impl When {
    /// In the time zone of this IANA name, from the rules that are part of this program, so that the same
    /// transcript reads the same on every machine. UTC when there is no such zone.
    pub(crate) fn new(zone: &str, words: Words) -> Self {
        let found = TimeZoneDatabase::bundled().get(zone);
        let zone_known = found.is_ok();
        let name = if zone_known { zone.to_owned() } else { "UTC".to_owned() };
        Self { zone: found.unwrap_or(TimeZone::UTC), name, zone_known, words }
    }

    fn zoned(&self, at: Millis) -> Zoned {
        let clamped = at.0.clamp(Timestamp::MIN.as_second() * 1000, Timestamp::MAX.as_second() * 1000);
        Timestamp::from_millisecond(clamped).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(self.zone.clone())
    }

    /// `22 Nov 2026`.
    pub(crate) fn day(&self, at: Millis) -> String {
        let at = self.zoned(at);
        format!("{} {} {}", at.day(), self.words.month_name(at.month()), at.year())
    }

    /// `08:14 UTC+01:00`.
    pub(crate) fn time(&self, at: Millis) -> String {
        let at = self.zoned(at);
        let seconds = at.offset().seconds();
        let sign = if seconds < 0 { '-' } else { '+' };
        let minutes = seconds.abs() / 60;
        format!("{:02}:{:02} UTC{sign}{:02}:{:02}", at.hour(), at.minute(), minutes / 60, minutes % 60)
    }

    /// `22 Nov 2026, 08:14 UTC+01:00`.
    pub(crate) fn full(&self, at: Millis) -> String {
        format!("{}, {}", self.day(at), self.time(at))
    }

    /// The zone's IANA name.
    pub(crate) fn zone(&self) -> &str {
        &self.name
    }

    /// How old somebody born on `born` (`YYYY-MM-DD`, `YYYY-MM` or `YYYY`) is at a time, and when that was.
    /// What cannot be read as a date is given back as it is.
    pub(crate) fn age(&self, born: &str, at: Millis) -> String {
        let words = self.words;
        let born = born.trim();
        if born.is_empty() {
            return words.age_unknown().to_owned();
        }
        let birth = format!("{} {born}", words.born());
        let parts: Vec<Option<i16>> = born.split('-').map(|part| part.parse().ok()).collect();
        let today = self.zoned(at).date();
        let (date, exact) = match parts.as_slice() {
            [Some(year), Some(month), Some(day)] => (date(*year, *month, *day), true),
            [Some(year), Some(month)] => (date(*year, *month, 1), true),
            [Some(year)] => (date(*year, 1, 1), false),
            _ => (None, false),
        };
        let Some(age) =
            date.and_then(|date| today.since((Unit::Year, date)).ok()).filter(|age| !age.is_negative())
        else {
            return birth;
        };
        let (years, months) = (i64::from(age.get_years()), i64::from(age.get_months()));
        let text = if !exact {
            let turning = i64::from(today.year()) - i64::from(date.map_or(today.year(), Date::year));
            format!("~{}", count(turning, words.year(), words.years()))
        } else if years >= 2 {
            count(years, words.year(), words.years())
        } else if years * 12 + months >= 2 {
            count(years * 12 + months, words.month(), words.months())
        } else {
            let days = months * 30 + i64::from(age.get_days());
            count(days / 7, words.week(), words.weeks())
        };
        format!("{text} ({birth})")
    }
}

/// `1 year`, `2 years`.
fn count(number: i64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

fn date(year: i16, month: i16, day: i16) -> Option<Date> {
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// Length of a clip, to the nearest second: `0:41`, `1:02:03`.
pub(crate) fn length(duration: Micros) -> String {
    let seconds = (duration.0.max(0) + 500_000) / 1_000_000;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// A place in a clip, to the millisecond: `0:12.433`.
pub(crate) fn moment(at: Micros) -> String {
    let millis = (at.0.max(0) + 500) / 1000;
    let (minutes, seconds, millis) = (millis / 60_000, millis / 1000 % 60, millis % 1000);
    format!("{minutes}:{seconds:02}.{millis:03}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Language;

    /// 2026-11-22 07:14:00 UTC.
    const AT: Millis = Millis(1_795_331_640_000);

    #[test]
    fn times_carry_their_distance_from_utc() {
        let when = When::new("Europe/Madrid", Words(Language::Spanish));
        assert_eq!(when.full(AT), "22 nov 2026, 08:14 UTC+01:00");
        let when = When::new("America/St_Johns", Words(Language::English));
        assert_eq!(when.full(AT), "22 Nov 2026, 03:44 UTC-03:30");
        let when = When::new("Mars/Olympus", Words(Language::English));
        assert!(!when.zone_known);
        assert_eq!(when.full(AT), "22 Nov 2026, 07:14 UTC+00:00");
        assert_eq!(When::new("UTC", Words(Language::English)).day(Millis(i64::MAX)), "30 Dec 9999");
    }

    #[test]
    fn ages_are_as_exact_as_the_birth_date() {
        let when = When::new("UTC", Words(Language::English));
        assert_eq!(when.age("2017-07-04", AT), "9 years (born 2017-07-04)");
        assert_eq!(when.age("2025-09", AT), "14 months (born 2025-09)");
        assert_eq!(when.age("2026-10-20", AT), "4 weeks (born 2026-10-20)");
        assert_eq!(when.age("2020", AT), "~6 years (born 2020)");
        assert_eq!(when.age("", AT), "age not recorded");
        assert_eq!(when.age("last spring", AT), "born last spring");
        assert_eq!(when.age("2031-01-01", AT), "born 2031-01-01");
    }

    #[test]
    fn places_in_a_clip() {
        assert_eq!(length(Micros(41_400_000)), "0:41");
        assert_eq!(length(Micros(3_723_000_000)), "1:02:03");
        assert_eq!(moment(Micros(12_433_000)), "0:12.433");
    }
}

//! For how long things are kept: years of the calendar, in the practice's time zone.
//!
//! **Invariant:** what is to be kept longer is so at once; what is to be kept for less time is so after [`GRACE`], in
//! which whoever typed the wrong number can take it back. The same is true of a hold that is lifted.

use jiff::{Timestamp, ToSpan, Zoned, tz::TimeZone};
use limpet_model::{Millis, Practice, PracticeSettings, RetentionGrace};

use crate::hours::zone;

/// For how long everything is kept as before once less is to be kept, milliseconds.
pub const GRACE: i64 = 7 * 24 * 60 * 60 * 1000;
/// When in the night things are removed, hours.
const AT: i8 = 3;

/// What is old enough to be removed now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Of what happened last before this.
    pub cut: Millis,
    /// Of what is on no hold, nor was since this.
    pub free_since: Millis,
}

/// The years that the settings name; `None` is for ever.
fn wanted(settings: &PracticeSettings) -> Option<u32> {
    Some(settings.retention_years).filter(|years| *years > 0 && !settings.legal_hold)
}

/// For how many years conversations are kept at a moment; `None` is for ever.
pub fn in_force(settings: &PracticeSettings, now: Millis) -> Option<u32> {
    match settings.retention_grace {
        Some(grace) if now < grace.until && !settings.legal_hold => {
            Some(grace.years).filter(|years| *years > 0)
        }
        _ => wanted(settings),
    }
}

/// Settings are about to be changed: less is kept only after a while.
pub fn settle(before: &PracticeSettings, after: &mut PracticeSettings, now: Millis) {
    if wanted(before) == wanted(after) {
        return;
    }
    let was = in_force(before, now);
    let shorter = match (was, wanted(after)) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(was), Some(will)) => will < was,
    };
    after.retention_grace =
        shorter.then_some(RetentionGrace { years: was.unwrap_or(0), until: Millis(now.0 + GRACE) });
}

/// What may be removed of a practice now; `None` when nothing is.
pub fn bounds(practice: &Practice, now: Millis) -> Option<Bounds> {
    let years = in_force(&practice.settings, now)?;
    let today = local(&zone(&practice.time_zone), now)?.start_of_day().ok()?;
    let cut = today.checked_sub(i64::from(years).years()).ok()?.start_of_day().ok()?;
    Some(Bounds { cut: millis(&cut), free_since: Millis(now.0 - GRACE) })
}

/// The moment from which something may be removed that last changed at `last`.
pub fn due_at(practice: &Practice, last: Millis, years: u32) -> Option<Millis> {
    let day = local(&zone(&practice.time_zone), last)?.checked_add(i64::from(years).years()).ok()?;
    Some(millis(&day.tomorrow().ok()?.start_of_day().ok()?))
}

/// The next night's hour.
pub fn next_run(practice: &Practice, now: Millis) -> Millis {
    let night = || {
        let today = local(&zone(&practice.time_zone), now)?;
        let at = today.date().tomorrow().ok()?.at(AT, 0, 0, 0).to_zoned(today.time_zone().clone()).ok()?;
        Some(millis(&at))
    };
    night().unwrap_or(Millis(now.0 + 24 * 60 * 60 * 1000))
}

fn local(zone: &TimeZone, at: Millis) -> Option<Zoned> {
    Some(Timestamp::from_millisecond(at.0).ok()?.to_zoned(zone.clone()))
}

fn millis(at: &Zoned) -> Millis {
    Millis(at.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use limpet_model::PracticeId;

    use super::*;

    const DAY: i64 = 24 * 60 * 60 * 1000;

    fn practice(years: u32) -> Practice {
        let settings = PracticeSettings { retention_years: years, ..PracticeSettings::default() };
        Practice {
            id: PracticeId::new(),
            name: "Lapa".into(),
            address: String::new(),
            phone: String::new(),
            time_zone: "Europe/Madrid".into(),
            settings: Box::new(settings),
        }
    }

    fn at(text: &str) -> Millis {
        let zone = TimeZone::get("Europe/Madrid").unwrap();
        let local: jiff::civil::DateTime = text.parse().unwrap();
        millis(&local.to_zoned(zone).unwrap())
    }

    #[test]
    fn a_year_is_the_calendars_in_the_practices_zone() {
        let cut = |now: &str, years| bounds(&practice(years), at(now)).unwrap().cut;
        assert_eq!(cut("2026-11-29T13:00", 7), at("2019-11-29T00:00"));
        // A day that is not in the other year: kept for a day more rather than a day less.
        assert_eq!(cut("2024-02-29T09:00", 7), at("2017-02-28T00:00"));
        // Clocks were changed in between, and midnight is still midnight.
        assert_eq!(cut("2026-07-01T00:30", 1), at("2025-07-01T00:00"));
        assert_eq!(bounds(&practice(0), at("2026-11-29T13:00")), None);
        let held = Practice {
            settings: Box::new(PracticeSettings { legal_hold: true, ..PracticeSettings::default() }),
            ..practice(7)
        };
        assert_eq!(bounds(&held, at("2026-11-29T13:00")), None);
    }

    #[test]
    fn what_is_due_at_a_moment_is_before_the_cut_from_then_on() {
        for last in ["2024-02-29T00:00", "2024-02-29T23:59", "2023-12-31T12:00", "2025-03-30T02:30"] {
            for years in [1, 4, 7] {
                let (practice, last) = (practice(years), at(last));
                let due = due_at(&practice, last, years).unwrap();
                assert!(last < bounds(&practice, due).unwrap().cut, "{last:?} {years}");
                assert!(last >= bounds(&practice, Millis(due.0 - 1)).unwrap().cut, "{last:?} {years}");
            }
        }
        assert_eq!(next_run(&practice(7), at("2026-11-29T13:00")), at("2026-11-30T03:00"));
        assert_eq!(next_run(&practice(7), at("2026-11-29T02:00")), at("2026-11-30T03:00"));
    }

    #[test]
    fn less_is_kept_only_after_a_while_and_more_at_once() {
        let now = at("2026-11-29T13:00");
        let later = |days: i64| Millis(now.0 + days * DAY);
        let set = |before: &PracticeSettings, years, legal_hold, now| {
            let mut after = PracticeSettings { retention_years: years, legal_hold, ..before.clone() };
            settle(before, &mut after, now);
            after
        };
        let seven = PracticeSettings::default();
        let one = set(&seven, 1, false, now);
        assert_eq!(in_force(&one, now), Some(7));
        assert_eq!(in_force(&one, Millis(later(7).0 - 1)), Some(7));
        assert_eq!(in_force(&one, later(7)), Some(1));
        // Something else is changed meanwhile: the time goes on.
        assert_eq!(in_force(&set(&one, 1, false, later(6)), later(7)), Some(1));
        // Taken back in time: as if it had never been.
        let back = set(&one, 7, false, later(6));
        assert_eq!((in_force(&back, later(9)), back.retention_grace), (Some(7), None));
        // Better, but still less than was kept: it is time to think again.
        let two = set(&one, 2, false, later(6));
        assert_eq!((in_force(&two, later(12)), in_force(&two, later(13))), (Some(7), Some(2)));
        // More is more at once.
        assert_eq!(in_force(&set(&one, 9, false, later(8)), later(8)), Some(9));
        // For ever, and then not.
        let ever = set(&seven, 0, false, now);
        assert_eq!((in_force(&ever, now), ever.retention_grace), (None, None));
        let not = set(&ever, 5, false, now);
        assert_eq!((in_force(&not, later(6)), in_force(&not, later(7))), (None, Some(5)));
        // A hold on everything is one at once, also while something else is waited for; lifted, it holds for a while.
        let held = set(&one, 1, true, later(6));
        assert_eq!(in_force(&held, later(400)), None);
        let lifted = set(&held, 1, false, later(400));
        assert_eq!((in_force(&lifted, later(406)), in_force(&lifted, later(407))), (None, Some(1)));
    }
}

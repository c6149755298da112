//! Hours over the days on which clocks change, in zones that change them each in its own way.

use limpet_model::Day;
use proptest::prelude::*;

use super::*;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

/// An hour at the usual time, at midnight, half an hour, not at all.
const ZONES: [&str; 9] = [
    "Europe/Madrid",
    "America/New_York",
    "America/Havana",
    "Australia/Lord_Howe",
    "Africa/Cairo",
    "Asia/Beirut",
    "Pacific/Chatham",
    "America/Santiago",
    "UTC",
];

fn at(text: &str) -> Millis {
    Millis(text.parse::<Timestamp>().unwrap().as_millisecond())
}

fn every_day(from: u16, to: u16) -> Hours {
    Hours { week: std::array::from_fn(|_| vec![Span { from, to }]), days: Vec::new() }
}

#[test]
fn hours_are_the_practices_wall_time_in_summer_and_in_winter() {
    let (hours, madrid) = (every_day(9 * 60, 17 * 60), zone("Europe/Madrid"));
    for (time, open) in [
        ("2026-01-12T07:59:59Z", false),
        ("2026-01-12T08:00:00Z", true),
        ("2026-01-12T16:00:00Z", false),
        ("2026-07-13T06:59:59Z", false),
        ("2026-07-13T07:00:00Z", true),
        ("2026-07-13T15:00:00Z", false),
    ] {
        assert_eq!(is_open(&hours, &madrid, at(time)), open, "{time}");
    }
    assert_eq!(opens_next(&hours, &madrid, at("2026-01-12T16:00:00Z")), Some(at("2026-01-13T08:00:00Z")));
    // The night in which clocks go forward is an hour shorter.
    assert_eq!(opens_next(&hours, &madrid, at("2026-03-28T16:00:00Z")), Some(at("2026-03-29T07:00:00Z")));
}

#[test]
fn a_skipped_hour_is_never_open_and_a_repeated_one_twice() {
    let (hours, madrid) = (every_day(2 * 60 + 30, 3 * 60 + 30), zone("Europe/Madrid"));
    // Clocks go from 02:00 to 03:00, which is 01:00Z: it opens with that.
    assert_eq!(opens_next(&hours, &madrid, at("2026-03-29T00:00:00Z")), Some(at("2026-03-29T01:00:00Z")));
    // Back from 03:00 to 02:00: open from 02:30 on, closed at the second 02:00, open again.
    let autumn = |time| is_open(&hours, &madrid, at(time));
    assert!(
        autumn("2026-10-25T00:30:00Z") && !autumn("2026-10-25T01:00:00Z") && autumn("2026-10-25T01:30:00Z")
    );
    assert_eq!(opens_next(&hours, &madrid, at("2026-10-25T01:10:00Z")), Some(at("2026-10-25T01:30:00Z")));
    // Wholly within what is skipped: not that day.
    let skipped = every_day(2 * 60 + 10, 2 * 60 + 50);
    assert_eq!(opens_next(&skipped, &madrid, at("2026-03-29T00:00:00Z")), Some(at("2026-03-30T00:10:00Z")));
}

#[test]
fn a_day_by_its_date_goes_before_its_weekday() {
    let madrid = zone("Europe/Madrid");
    let mut hours = every_day(9 * 60, 17 * 60);
    hours.days.push(Day { date: "2026-01-06".into(), spans: Vec::new() });
    hours.days.push(Day { date: "2026-01-07".into(), spans: vec![Span { from: 600, to: 1440 }] });
    assert!(!is_open(&hours, &madrid, at("2026-01-06T10:00:00Z")));
    assert_eq!(opens_next(&hours, &madrid, at("2026-01-05T20:00:00Z")), Some(at("2026-01-07T09:00:00Z")));
    assert!(
        is_open(&hours, &madrid, at("2026-01-07T22:59:00Z"))
            && !is_open(&hours, &madrid, at("2026-01-07T23:00:00Z"))
    );
}

#[test]
fn hours_that_were_never_set_are_always_and_ones_that_never_come_are_never() {
    assert!(is_open(&Hours::default(), &TimeZone::UTC, Millis(0)));
    let mut once = Hours::default();
    once.days.push(Day { date: "2020-01-01".into(), spans: vec![Span { from: 0, to: 60 }] });
    assert_eq!(opens_next(&once, &TimeZone::UTC, at("2026-01-01T00:00:00Z")), None);
}

/// A time near one at which the clocks of a zone change.
fn near_a_change(zone: &TimeZone, change: usize, off: i64) -> Millis {
    let begin = "2026-01-01T00:00:00Z".parse::<Timestamp>().unwrap();
    let change = zone.following(begin).nth(change).map_or(begin, |change| change.timestamp());
    Millis(change.as_millisecond() + off * MINUTE)
}

fn some_hours() -> impl Strategy<Value = Hours> {
    let span = (0_u16..1440, 1_u16..600).prop_map(|(from, long)| Span {
        from: from / 5 * 5,
        to: (from / 5 * 5 + long / 5 * 5 + 5).min(1440),
    });
    let spans = proptest::collection::vec(span, 0..3);
    proptest::collection::vec(spans, 7).prop_map(|week| {
        let mut week = week.into_iter();
        Hours { week: std::array::from_fn(|_| week.next().unwrap_or_default()), days: Vec::new() }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn the_next_opening_is_the_first_minute_that_is_open(
        hours in some_hours(), place in 0..ZONES.len(), change in 0_usize..2, off in -3000_i64..3000,
    ) {
        prop_assume!(hours.are_set());
        let zone = zone(ZONES[place]);
        let now = near_a_change(&zone, change, off);
        let next = opens_next(&hours, &zone, now);
        let first = (0..8 * 24 * 60).map(|minute| Millis(now.0 + minute * MINUTE))
            .find(|minute| is_open(&hours, &zone, *minute));
        // Openings and changes fall on whole minutes, as `now` does.
        if let Some(first) = first {
            prop_assert_eq!(next, Some(first));
        }
        if let Some(next) = next {
            prop_assert!(is_open(&hours, &zone, next));
        }
    }

    #[test]
    fn every_hour_of_a_week_is_as_long_as_clocks_make_it(place in 0..ZONES.len(), change in 0_usize..2) {
        // Always open but for 03:10 to 03:40: closed for half an hour a day, more or less where clocks change then.
        let hours = Hours {
            week: std::array::from_fn(|_| vec![Span { from: 0, to: 190 }, Span { from: 220, to: 1440 }]),
            days: Vec::new(),
        };
        let zone = zone(ZONES[place]);
        let begin = near_a_change(&zone, change, -3 * 24 * 60);
        let closed = (0..7 * 24 * 60).filter(|minute| !is_open(&hours, &zone, Millis(begin.0 + minute * MINUTE))).count();
        prop_assert!((180..=240).contains(&closed), "{closed}");
        prop_assert!(opens_next(&hours, &zone, begin).is_some_and(|next| next.since(begin) <= 2 * HOUR));
    }
}

//! What a practice's hours mean at an instant.
//!
//! Hours are wall time. An hour that the clocks skip is never open; one that they go through twice is open twice.
//!
//! **Invariant:** at [`opens_next`] it is open, and between now and then it is not.

use jiff::{
    Timestamp, ToSpan,
    civil::{Date, DateTime},
    tz::{AmbiguousOffset, TimeZone},
};
use limpet_model::{Hours, Millis, Span};

/// How far ahead an opening is looked for, days: exceptions are written a year ahead.
const HORIZON: i64 = 400;

/// The time zone of this name; UTC for one that is not known any more.
pub fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap_or(TimeZone::UTC)
}

/// Whether it is open. Hours that were never set are always.
pub fn is_open(hours: &Hours, zone: &TimeZone, at: Millis) -> bool {
    if !hours.are_set() {
        return true;
    }
    let Some(local) = local(zone, at) else { return false };
    let minute = u16::from(local.hour().unsigned_abs()) * 60 + u16::from(local.minute().unsigned_abs());
    spans(hours, local.date()).iter().any(|span| (span.from..span.to).contains(&minute))
}

/// When it is open next, which is now if it is. `None` when it is not within 400 days.
pub fn opens_next(hours: &Hours, zone: &TimeZone, at: Millis) -> Option<Millis> {
    if is_open(hours, zone, at) {
        return Some(at);
    }
    let today = local(zone, at)?.date();
    let mut next: Option<Millis> = None;
    let mut consider = |candidate: Millis| {
        if candidate > at && next.is_none_or(|next| candidate < next) && is_open(hours, zone, candidate) {
            next = Some(candidate);
        }
        next
    };
    let mut last = HORIZON;
    for ahead in -1..=HORIZON {
        if ahead > last {
            break;
        }
        let Ok(date) = today.checked_add(ahead.days()) else { break };
        for span in spans(hours, date) {
            for instant in instants(zone, date, span.from) {
                if consider(instant).is_some() {
                    // Where clocks go back over midnight the day after may begin sooner.
                    last = last.min(ahead + 1);
                }
            }
        }
    }
    // A span that begins in an hour that is skipped opens with the hour after it.
    let from = Timestamp::from_millisecond(at.0).ok()?;
    for change in zone.following(from).take(4) {
        consider(Millis(change.timestamp().as_millisecond()));
    }
    next.filter(|next| next.since(at) <= HORIZON * 24 * 60 * 60 * 1000)
}

fn local(zone: &TimeZone, at: Millis) -> Option<DateTime> {
    Timestamp::from_millisecond(at.0).ok().map(|at| zone.to_datetime(at))
}

fn spans(hours: &Hours, date: Date) -> &[Span] {
    if !hours.days.is_empty() {
        let written = date.to_string();
        if let Some(day) = hours.days.iter().find(|day| day.date == written) {
            return &day.spans;
        }
    }
    let weekday = usize::try_from(date.weekday().to_monday_zero_offset()).unwrap_or_default();
    hours.week.get(weekday).map_or(&[], Vec::as_slice)
}

/// The instants at which clocks show this minute of a day: none, one or two.
fn instants(zone: &TimeZone, date: Date, minute: u16) -> Vec<Millis> {
    // Midnight at the end of a day begins no span.
    let (Ok(hour), Ok(rest)) = (i8::try_from(minute / 60), i8::try_from(minute % 60)) else {
        return Vec::new();
    };
    if hour > 23 {
        return Vec::new();
    }
    let wall = date.at(hour, rest, 0, 0);
    let offsets = match zone.to_ambiguous_timestamp(wall).offset() {
        AmbiguousOffset::Unambiguous { offset } => vec![offset],
        AmbiguousOffset::Gap { .. } => Vec::new(),
        AmbiguousOffset::Fold { before, after } => vec![before, after],
    };
    let instant = |offset: jiff::tz::Offset| offset.to_timestamp(wall).ok();
    offsets.into_iter().filter_map(instant).map(|at| Millis(at.as_millisecond())).collect()
}

#[cfg(test)]
mod tests;

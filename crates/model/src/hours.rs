//! Hours as a practice writes them on its door: wall time, in its own time zone.
//!
//! What they mean at an instant is the server's to say, which knows the time zones.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// From when to when, minutes of wall time after midnight. A night is two spans: one up to 1440, one from 0 of the next
/// day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Span {
    /// The first minute.
    pub from: u16,
    /// The minute after the last; 1440 is midnight.
    pub to: u16,
}

/// A day that is unlike its weekday: a holiday, a Saturday with other hours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Day {
    /// `YYYY-MM-DD`.
    pub date: String,
    /// When it is open; empty for closed.
    pub spans: Vec<Span>,
}

/// Hours of every weekday, and the days that are unlike theirs. Without any span they were never set, and that means
/// always.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Hours {
    /// Monday first.
    pub week: [Vec<Span>; 7],
    /// In any order.
    pub days: Vec<Day>,
}

impl Hours {
    /// Whether there are any.
    pub fn are_set(&self) -> bool {
        self.week.iter().any(|spans| !spans.is_empty()) || self.days.iter().any(|day| !day.spans.is_empty())
    }
}

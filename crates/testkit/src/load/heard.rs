//! What a listener hears, and which of what was written that covers.
//!
//! **Invariant:** an event covers every revision up to its own: a listener that was told of 9 has been told of 8.

use std::time::Duration;

use serde_json::{Value, json};

use super::spread::spread;

/// An event that reached a listener.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Heard {
    pub revision: i64,
    pub at: Duration,
}

/// A message that was taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Written {
    pub practice: usize,
    /// Which of the practice's conversations.
    pub talk: usize,
    pub revision: i64,
    pub due: Duration,
}

/// Somebody who listened.
#[derive(Debug)]
pub(super) struct Listener {
    pub practice: usize,
    /// A client's phone, which hears only of this conversation; else a desk, which hears of all.
    pub talk: Option<usize>,
    /// The stream ended by itself.
    pub lost: bool,
    pub heard: Vec<Heard>,
}

/// The revisions in a stream of events.
#[derive(Default)]
pub(super) struct Events {
    line: Vec<u8>,
}

impl Events {
    /// Those that end in this piece of the stream.
    pub(super) fn read(&mut self, piece: &[u8]) -> Vec<i64> {
        let mut found = Vec::new();
        for byte in piece {
            if *byte != b'\n' {
                self.line.push(*byte);
                continue;
            }
            let line = std::mem::take(&mut self.line);
            let data = std::str::from_utf8(&line).ok().and_then(|line| line.strip_prefix("data:"));
            found.extend(data.and_then(|data| data.trim().parse::<i64>().ok()));
        }
        found
    }
}

impl Listener {
    fn hears_of(&self, written: &Written) -> bool {
        self.practice == written.practice && self.talk.is_none_or(|talk| talk == written.talk)
    }

    /// When it first knew of a revision. Revisions only grow.
    fn knew(&self, revision: i64) -> Option<Duration> {
        let place = self.heard.partition_point(|heard| heard.revision < revision);
        self.heard.get(place).map(|heard| heard.at)
    }
}

/// How late listeners knew of what was written: each of each, and the last of each.
pub(super) fn lateness(written: &[Written], listeners: &[Listener]) -> Value {
    let (mut each, mut last, mut never) = (Vec::new(), Vec::new(), 0_usize);
    for message in written {
        let mut latest = None;
        for listener in listeners.iter().filter(|listener| listener.hears_of(message)) {
            match listener.knew(message.revision) {
                Some(at) => {
                    let late = at.saturating_sub(message.due).as_secs_f64() * 1000.0;
                    each.push(late);
                    latest = Some(latest.map_or(late, |latest: f64| latest.max(late)));
                }
                None => never += 1,
            }
        }
        last.extend(latest);
    }
    json!({ "write_to_listener_ms": spread(each), "write_to_last_listener_ms": spread(last), "never_heard": never })
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn listener(practice: usize, talk: Option<usize>, heard: &[(i64, u64)]) -> Listener {
        let heard = heard.iter().map(|(revision, at)| Heard { revision: *revision, at: ms(*at) }).collect();
        Listener { practice, talk, lost: false, heard }
    }

    #[test]
    fn events_are_read_however_the_stream_is_cut() {
        let stream = b"data: 7\n\n: \n\ndata: 12\n\ndata:13\n\n";
        for size in 1..stream.len() {
            let mut events = Events::default();
            let found: Vec<i64> = stream.chunks(size).flat_map(|piece| events.read(piece)).collect();
            assert_eq!(found, [7, 12, 13], "in pieces of {size}");
        }
        assert_eq!(Events::default().read(b"data: 7"), [0_i64; 0], "not all of it is here");
    }

    #[test]
    fn a_later_event_covers_what_was_written_before_it() {
        let desk = listener(0, None, &[(3, 10), (6, 40), (9, 90)]);
        assert_eq!([3, 4, 6, 9].map(|revision| desk.knew(revision)), [10, 40, 40, 90].map(|at| Some(ms(at))));
        assert_eq!(desk.knew(10), None);
    }

    #[test]
    fn a_write_is_matched_with_those_who_hear_of_it_from_the_time_it_was_due() {
        let write = |practice, talk, revision, due| Written { practice, talk, revision, due: ms(due) };
        let listeners = [
            listener(0, None, &[(1, 0), (3, 130)]),
            listener(0, Some(0), &[(1, 0), (2, 115)]),
            listener(0, Some(1), &[(1, 0), (3, 160)]),
            listener(1, None, &[(1, 0)]),
        ];
        // The desk misses number 2, and knows of it with 3. Nobody of the other practice hears of its own.
        let written = [write(0, 0, 2, 100), write(0, 1, 3, 110), write(1, 0, 2, 100)];
        let found = lateness(&written, &listeners);
        let each = &found["write_to_listener_ms"];
        assert_eq!(
            (each["count"].as_u64(), each["p50"].as_f64(), each["max"].as_f64()),
            (Some(4), Some(20.0), Some(50.0))
        );
        let last = &found["write_to_last_listener_ms"];
        assert_eq!(
            (last["count"].as_u64(), last["p50"].as_f64(), last["max"].as_f64()),
            (Some(2), Some(30.0), Some(50.0))
        );
        assert_eq!(found["never_heard"], 1);
    }
}

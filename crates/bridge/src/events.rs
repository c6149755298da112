//! `GET /events`: what happens in the desk, as server-sent events.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use limpet_wire::desk::DeskEvent;
use tokio_stream::wrappers::{BroadcastStream, IntervalStream, errors::BroadcastStreamRecvError};

use crate::{
    answer::{self, Answer},
    serve::Bridge,
};

/// Something is said this often, so that a line that was cut is noticed.
const BEAT: Duration = Duration::from_secs(15);

pub(crate) fn events(bridge: &Bridge) -> Answer {
    let happened = BroadcastStream::new(bridge.desk.events()).flat_map(|event| stream::iter(lines(&event)));
    let beats = IntervalStream::new(tokio::time::interval(BEAT)).map(|_| Bytes::from_static(b": here\n\n"));
    // The first beat comes at once, and with it the headers: the page knows that it is heard from now on.
    answer::events(stream::select(happened, beats).take_until(bridge.stop.clone().cancelled_owned()))
}

/// An event as it crosses the line. Who fell behind is told to ask for everything again.
fn lines(event: &Result<DeskEvent, BroadcastStreamRecvError>) -> Vec<Bytes> {
    let told: &[DeskEvent] = match event {
        Ok(event) => std::slice::from_ref(event),
        Err(BroadcastStreamRecvError::Lagged(_)) => &[DeskEvent::State, DeskEvent::Lists],
    };
    let line = |event| serde_json::to_string(event).map(|json| Bytes::from(format!("data: {json}\n\n")));
    told.iter().filter_map(|event| line(event).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line_and_a_gap_asks_for_everything() {
        assert_eq!(lines(&Ok(DeskEvent::Lists)), ["data: {\"kind\":\"lists\"}\n\n"]);
        let gap = lines(&Err(BroadcastStreamRecvError::Lagged(3)));
        assert_eq!(gap, ["data: {\"kind\":\"state\"}\n\n", "data: {\"kind\":\"lists\"}\n\n"]);
    }
}

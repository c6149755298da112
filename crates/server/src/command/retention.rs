//! `limpet-server practice retention`: what is kept for how long, what is on hold, and what goes when.

use anyhow::Context;
use limpet_model::{ConversationId, Millis, Practice, PracticeId};

use super::say;
use crate::{
    clock::Clock,
    hours::zone,
    progress::counted,
    retention::{Bounds, GRACE, due_at, in_force},
    store::Store,
};

/// How far ahead is looked, milliseconds.
const AHEAD: i64 = 30 * 24 * 60 * 60 * 1000;
/// Conversations asked for at once.
const PAGE: i64 = 500;

/// Prints it: first for how long, then a line for each conversation that goes within 30 days, or would if it were not on
/// hold: id, last activity, and when it goes.
pub(super) async fn show(store: &Store, id: PracticeId) -> anyhow::Result<()> {
    let now = Clock::system().now();
    let practice =
        store.practice(id).await?.with_context(|| format!("there is no practice with the id {id}"))?;
    let day = |at: Millis| {
        let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
        at.to_zoned(zone(&practice.time_zone)).strftime("%Y-%m-%d").to_string()
    };
    let settings = &practice.settings;
    say(&match (settings.legal_hold, settings.retention_years) {
        (true, _) => "everything is on hold: nothing is removed".to_owned(),
        (false, 0) => "kept for ever".to_owned(),
        (false, years) => format!("kept for {}", counted(years, "year")),
    })?;
    if let Some(grace) = settings.retention_grace.filter(|grace| now < grace.until) {
        let before = match grace.years {
            0 => "nothing is removed".to_owned(),
            1 => "1 year holds".to_owned(),
            years => format!("{years} years hold"),
        };
        say(&format!("until {} {before}, because that was changed lately", day(grace.until)))?;
    }
    for hold in store.holds(id, now).await? {
        let (kind, subject) = hold.of.words();
        let lifted = hold.lifted.map_or_else(String::new, |it| {
            format!("; lifted {}, holds until {}", day(it.at), day(Millis(it.at.0 + GRACE)))
        });
        say(&format!("{kind} {subject} is on hold since {}{lifted}", day(hold.at)))?;
    }
    let next = store.next_retention(id).await?;
    if let Some(next) = next {
        say(&format!("looked at next on {}", day(next)))?;
    }
    list(store, &practice, now, next.unwrap_or(Millis(now.0 + GRACE)), day).await
}

async fn list(
    store: &Store,
    practice: &Practice,
    now: Millis,
    next: Millis,
    day: impl Fn(Millis) -> String,
) -> anyhow::Result<()> {
    let then = Millis(now.0 + AHEAD);
    let Some(years) = in_force(&practice.settings, then) else { return Ok(()) };
    let Some(bounds) = crate::retention::bounds(practice, then) else { return Ok(()) };
    let bounds = Bounds { free_since: Millis(now.0 - GRACE), ..bounds };
    let grace = practice.settings.retention_grace.map_or(Millis(0), |grace| grace.until);
    let (mut count, mut held, mut after): (u64, u64, Option<ConversationId>) = (0, 0, None);
    loop {
        let page = store.ended_before(practice.id, bounds, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        for found in page {
            if found.held {
                held += 1;
                say(&format!("{}\t{}\ton hold", found.id, day(found.last)))?;
            } else {
                count += 1;
                let due = due_at(practice, found.last, years).unwrap_or(then).max(grace).max(next);
                say(&format!("{}\t{}\t{}", found.id, day(found.last), day(due)))?;
            }
        }
    }
    let go = if count == 1 { "goes" } else { "go" };
    let conversations = counted(count, "conversation");
    say(&format!("{conversations} {go} within 30 days; {held} would if not on hold"))
}

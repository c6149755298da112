//! Devices that listen, and messages that come at a fixed rate whatever the server does.

use std::{collections::HashMap, sync::Arc, time::Duration};

use anyhow::{Result, ensure};
use clap::Args;
use limpet_model::MessageId;
use limpet_wire::changes::Entity;
use reqwest::{Client as Http, Method, Response};
use serde_json::{Value, json};
use tokio::{
    sync::{Semaphore, watch},
    task::JoinSet,
    time::{Instant, sleep, sleep_until},
};

use super::{
    Target, at_once, fill,
    heard::{Events, Heard, Listener, Written, lateness},
    people::{self, Practice},
    spread::spread,
    usage::{cpu_between, used},
};
use crate::clinic::api::{Device, Session, heard};

/// Devices that begin to listen at the same time.
const OPENING: usize = 64;
/// How long to wait for what was written last.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many listen, and what is written.
#[derive(Args)]
pub struct Wanted {
    #[command(flatten)]
    target: Target,
    /// Listeners, spread evenly over all practices: in each, desks and clients' phones by turns.
    #[arg(long)]
    listeners: usize,
    /// Messages a second, spread evenly over all conversations: by the desk and by the client in turns.
    #[arg(long)]
    rate: usize,
    /// For so long.
    #[arg(long)]
    seconds: usize,
    /// Write for so many seconds before that, uncounted.
    #[arg(long, default_value_t = 5)]
    warm: usize,
    /// See what listening alone takes, for so many seconds.
    #[arg(long, default_value_t = 20)]
    idle: u64,
    /// Have every listener ask for what is new whenever it hears of it, as devices do, and count until it has that.
    #[arg(long)]
    follow: bool,
}

pub(super) async fn listen(wanted: Wanted) -> Result<Value> {
    let practices = people::read(&wanted.target.people)?;
    let (http, watched) = (Http::new(), &wanted.target.watched);
    let all_used = || used(watched);
    let (before, begun) = (all_used(), Instant::now());
    let (stop, stopped) = watch::channel(false);
    let (doors, mut streams) = (Arc::new(Doors::new()), JoinSet::new());
    for number in 0..wanted.listeners {
        let Some((practice, talk, session)) = seat(&practices, number) else { break };
        let device = Device::with(&http, &wanted.target.url, session.clone());
        let (doors, stopped, follow) = (doors.clone(), stopped.clone(), wanted.follow);
        streams.spawn(async move {
            let listener = Listener { practice, talk, lost: false, heard: Vec::new() };
            let stream = doors.open(&device).await?;
            follow_live(&device, stream, listener, begun, follow, stopped).await
        });
    }
    doors.passed.acquire_many(u32::try_from(streams.len())?).await?.forget();
    let (opened, opening_s) = (all_used(), begun.elapsed().as_secs_f64());
    sleep(Duration::from_secs(wanted.idle)).await;
    let (rested, writing) = (all_used(), Instant::now());

    let (warm, total) = (wanted.warm * wanted.rate, (wanted.warm + wanted.seconds) * wanted.rate);
    let (mut writers, mut done, mut warmed) = (JoinSet::new(), Vec::new(), all_used());
    for number in 0..total {
        let due = writing + Duration::from_secs_f64(number as f64 / wanted.rate as f64);
        sleep_until(due).await;
        if number == warm {
            warmed = all_used();
        }
        let (place, round) = (number % practices.len(), number / practices.len());
        let Some(practice) = practices.get(place) else { continue };
        let talk = round % practice.talks.len().max(1);
        let Some(found) = practice.talks.get(talk) else { continue };
        let session = if round.is_multiple_of(2) { &practice.desk } else { &found.phone };
        let device = Device::with(&http, &wanted.target.url, session.clone());
        let new = fill::message(found.conversation, number);
        writers.spawn(async move {
            let (id, begun) = (MessageId::new(), Instant::now());
            let sent = device.put(&format!("/v1/messages/{id}"), &new).await;
            let answered = sent.is_ok().then(Instant::now);
            Wrote { number, practice: place, talk, id, due, begun, answered }
        });
        while let Some(ended) = writers.try_join_next() {
            done.push(ended?);
        }
    }
    while let Some(ended) = writers.join_next().await {
        done.push(ended?);
    }
    let (after, wrote_s) = (all_used(), writing.elapsed().as_secs_f64() - wanted.warm as f64);
    sleep(PATIENCE).await;
    stop.send_replace(true);
    let listeners = streams.join_all().await.into_iter().collect::<Result<Vec<_>>>()?;

    let counted: Vec<&Wrote> = done.iter().filter(|wrote| wrote.number >= warm).collect();
    let failed = counted.iter().filter(|wrote| wrote.answered.is_none()).count();
    let written = with_revisions(&http, &wanted.target.url, &practices, &counted, begun).await?;
    let took = counted.iter().filter_map(|wrote| wrote.answered.map(|at| ms(at - wrote.due))).collect();
    let late = counted.iter().map(|wrote| ms(wrote.begun - wrote.due)).collect();
    let counted_from = writing - begun + Duration::from_secs_f64(wanted.warm as f64);
    let events =
        listeners.iter().flat_map(|listener| &listener.heard).filter(|heard| heard.at >= counted_from);
    let mut seen = json!({
        "listeners": listeners.len(),
        "lost": listeners.iter().filter(|listener| listener.lost).count(),
        "practices": practices.len(),
        "follow": wanted.follow,
        "events": events.count(),
        "opening": { "seconds": opening_s, "cpu_s": cpu_between(&before, &opened) },
        "idle": { "seconds": wanted.idle, "cpu_s": cpu_between(&opened, &rested) },
        "writing": {
            "seconds": wrote_s, "rate": wanted.rate, "messages": counted.len(), "failed": failed,
            "cpu_s": cpu_between(&warmed, &after),
        },
        "memory": { "before": before, "listening": opened, "after": after },
        "write_to_answer_ms": spread(took),
        "generator_late_ms": spread(late),
    });
    if let (Value::Object(seen), Value::Object(lateness)) = (&mut seen, lateness(&written, &listeners)) {
        seen.extend(lateness);
    }
    Ok(seen)
}

/// Where a listener belongs: in each practice a desk, the first client's phone, a desk, the next client's, and so on.
fn seat(practices: &[Practice], number: usize) -> Option<(usize, Option<usize>, &Session)> {
    let (place, turn) = (number % practices.len().max(1), number / practices.len().max(1));
    let practice = practices.get(place)?;
    let talk = (turn / 2) % practice.talks.len().max(1);
    Some(match practice.talks.get(talk).filter(|_| turn % 2 == 1) {
        Some(found) => (place, Some(talk), &found.phone),
        None => (place, None, &practice.desk),
    })
}

/// Lets a few begin to listen at a time, and knows when all have.
struct Doors {
    free: Semaphore,
    passed: Semaphore,
}

impl Doors {
    fn new() -> Self {
        Self { free: Semaphore::new(OPENING), passed: Semaphore::new(0) }
    }

    async fn open(&self, device: &Device) -> Result<Response> {
        let door = self.free.acquire().await?;
        let opened = heard(device.ask(Method::GET, "/v1/live")).await;
        drop(door);
        // Also whoever was not let in: the others would wait for it for ever.
        self.passed.add_permits(1);
        opened
    }
}

async fn follow_live(
    device: &Device,
    mut stream: Response,
    mut listener: Listener,
    begun: Instant,
    follow: bool,
    mut stopped: watch::Receiver<bool>,
) -> Result<Listener> {
    let (mut events, mut first, mut since) = (Events::default(), true, 0);
    loop {
        let piece = tokio::select! {
            piece = stream.chunk() => piece,
            _ = stopped.changed() => return Ok(listener),
        };
        let Ok(Some(piece)) = piece else {
            listener.lost = true;
            return Ok(listener);
        };
        for revision in events.read(&piece) {
            // What it heard while it was asking it has asked for already.
            let asks = follow && !std::mem::take(&mut first) && revision > since;
            let revision = if asks { device.changes(since).await?.revision.0 } else { revision };
            since = since.max(revision);
            listener.heard.push(Heard { revision, at: begun.elapsed() });
        }
    }
}

struct Wrote {
    number: usize,
    practice: usize,
    talk: usize,
    id: MessageId,
    due: Instant,
    begun: Instant,
    answered: Option<Instant>,
}

/// Asks the feed which revision each message got.
async fn with_revisions(
    http: &Http,
    url: &str,
    practices: &[Practice],
    wrote: &[&Wrote],
    begun: Instant,
) -> Result<Vec<Written>> {
    let desks = practices.iter().map(|practice| Device::with(http, url, practice.desk.clone()));
    let pages = at_once(8, desks, |desk| async move { desk.changed_since(0).await }).await?;
    let revisions: HashMap<MessageId, i64> = pages
        .into_iter()
        .flatten()
        .filter_map(|change| match change.entity {
            Entity::Message(message) => Some((message.id, change.revision.0)),
            _ => None,
        })
        .collect();
    let taken: Vec<&&Wrote> = wrote.iter().filter(|wrote| wrote.answered.is_some()).collect();
    let written: Vec<Written> = taken
        .iter()
        .filter_map(|wrote| {
            let revision = *revisions.get(&wrote.id)?;
            Some(Written { practice: wrote.practice, talk: wrote.talk, revision, due: wrote.due - begun })
        })
        .collect();
    ensure!(written.len() == taken.len(), "the feed lacks {} messages", taken.len() - written.len());
    Ok(written)
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

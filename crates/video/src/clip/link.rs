//! The parent's end of the two pipes: asks go out, ranges of the clip go out ([`ranges`], [`to_child`]), answers come
//! in.
//!
//! **Invariant:** a call returns when the child answers, ends, breaks the rules or says nothing for [`SILENCE`] while
//! it waits for nothing from us, and at the end of the time that it was given, if any. Nothing the child sends, and
//! nothing it leaves unread, makes the parent wait for longer or hold more than a few messages and what the caller has
//! asked for.

mod decoder;
mod ranges;
mod to_child;

use std::{
    collections::HashMap,
    io,
    process::{Child, ChildStdout},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::patience;
use crate::{
    ByteSink, ByteSource, VideoError,
    media::limits,
    pipe::{self, Ask, Body, Kind},
};
use decoder::Decoder;
pub use decoder::prepare;
use ranges::{Asked, Ranges};
use to_child::ToChild;

/// A child that says nothing for this long, while it waits for nothing from us, hangs.
const SILENCE: Duration = Duration::from_secs(20);
/// One running child.
#[derive(Debug)]
pub struct Link {
    shared: Arc<Shared>,
    next_ask: AtomicU32,
}

#[derive(Debug)]
struct Shared {
    child: Mutex<Child>,
    to_child: ToChild,
    waiting: Mutex<HashMap<u32, SyncSender<Event>>>,
    ended: AtomicBool,
    /// Who reads the clip for the child just now.
    readers: AtomicUsize,
    /// Why the last read failed that did.
    source_error: Mutex<Option<VideoError>>,
    started: Instant,
    heard_ms: AtomicU64,
}

#[derive(Debug)]
enum Event {
    Chunk(Vec<u8>),
    Write(u64, Vec<u8>),
    Done(Result<Value, VideoError>),
}

impl Link {
    /// Starts a child that reads `source`.
    pub fn start(source: Arc<dyn ByteSource>) -> Result<Self, VideoError> {
        Self::to(Decoder::start()?, source)
    }

    /// Has the child that is ready read `source`. `None` when there is none.
    pub fn ready(source: Arc<dyn ByteSource>) -> Result<Option<Self>, VideoError> {
        decoder::take_ready().map(|decoder| Self::to(decoder, source)).transpose()
    }

    fn to(decoder: Decoder, source: Arc<dyn ByteSource>) -> Result<Self, VideoError> {
        let Decoder { child, to_child, from_child } = decoder;
        let shared = Arc::new(Shared {
            child: Mutex::new(child),
            to_child: ToChild::default(),
            waiting: Mutex::default(),
            ended: AtomicBool::new(false),
            readers: AtomicUsize::new(0),
            source_error: Mutex::default(),
            started: Instant::now(),
            heard_ms: AtomicU64::new(0),
        });
        let link = Self { shared: Arc::clone(&shared), next_ask: AtomicU32::new(0) };
        let ranges = Ranges::start(&shared, to_child, source).map_err(VideoError::internal)?;
        thread::Builder::new()
            .name("clip answers".into())
            .spawn(move || shared.take_messages(from_child, &ranges))
            .map_err(VideoError::internal)?;
        Ok(link)
    }

    /// Asks and gathers all chunks of the answer, at most `limit` bytes.
    pub fn collect(&self, ask: &Ask, limit: usize) -> Result<(Value, Vec<u8>), VideoError> {
        self.collect_within(None, ask, limit)
    }

    /// As [`Self::collect`], and ends the child when it takes longer than this.
    pub fn collect_within(
        &self,
        most: Option<Duration>,
        ask: &Ask,
        limit: usize,
    ) -> Result<(Value, Vec<u8>), VideoError> {
        let mut all = Vec::new();
        let value = self.ask(ask, most, &mut |event| match event {
            Event::Chunk(chunk) if all.len() + chunk.len() <= limit => {
                all.extend_from_slice(&chunk);
                Ok(())
            }
            _ => Err(self.distrust()),
        })?;
        Ok((value, all))
    }

    /// Asks and hands over the answer chunk by chunk.
    pub fn each_chunk(
        &self,
        ask: &Ask,
        each: &mut dyn FnMut(&[u8]) -> Result<(), VideoError>,
    ) -> Result<Value, VideoError> {
        self.ask(ask, None, &mut |event| match event {
            Event::Chunk(bytes) => each(&bytes),
            _ => Err(self.distrust()),
        })
    }

    /// Asks and writes what comes to `sink`. When the sink fails, or it takes longer than this, the child is ended:
    /// nobody wants the rest.
    pub fn write_to(&self, most: Duration, ask: &Ask, sink: &mut dyn ByteSink) -> Result<(), VideoError> {
        self.ask(ask, Some(most), &mut |event| match event {
            Event::Write(offset, bytes) if offset.saturating_add(bytes.len() as u64) <= limits::RENDITION => {
                sink.write_at(offset, &bytes).map_err(|error| {
                    self.shared.end();
                    VideoError::bytes(&error)
                })
            }
            _ => Err(self.distrust()),
        })?;
        Ok(())
    }

    /// Whether the child is gone.
    pub fn has_ended(&self) -> bool {
        self.shared.ended.load(Ordering::Acquire)
    }

    /// Ends a child that breaks the rules.
    pub fn distrust(&self) -> VideoError {
        self.shared.break_off("it answered something impossible");
        VideoError::ChildEnded
    }

    fn ask(
        &self,
        ask: &Ask,
        most: Option<Duration>,
        each: &mut dyn FnMut(Event) -> Result<(), VideoError>,
    ) -> Result<Value, VideoError> {
        let id = self.next_ask.fetch_add(1, Ordering::Relaxed);
        let (answer, events) = sync_channel(16);
        lock(&self.shared.waiting).insert(id, answer);
        let outcome = self.shared.send_ask(id, ask).and_then(|()| self.follow(&events, most, each));
        lock(&self.shared.waiting).remove(&id);
        outcome
    }

    fn follow(
        &self,
        events: &Receiver<Event>,
        most: Option<Duration>,
        each: &mut dyn FnMut(Event) -> Result<(), VideoError>,
    ) -> Result<Value, VideoError> {
        self.shared.heard();
        let began = Instant::now();
        loop {
            if most.is_some_and(|most| began.elapsed() >= most) {
                self.shared.break_off("it took too long");
                return Err(patience::is_over());
            }
            match events.recv_timeout(Duration::from_millis(500)) {
                Ok(Event::Done(Err(error @ VideoError::Bytes(_)))) => {
                    // The child knows that a read of its own failed, and we know why.
                    return Err(lock(&self.shared.source_error).clone().unwrap_or(error));
                }
                Ok(Event::Done(outcome)) => return outcome,
                Ok(event) => each(event)?,
                Err(RecvTimeoutError::Timeout) if self.shared.silent() => {
                    self.shared.break_off("it fell silent");
                    return Err(VideoError::ChildEnded);
                }
                Err(RecvTimeoutError::Timeout) if self.shared.ended.load(Ordering::Acquire) => {
                    return Err(VideoError::ChildEnded);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(VideoError::ChildEnded),
            }
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.shared.end();
        // Reaps it; a killed child ends at once.
        let _ = lock(&self.shared.child).wait();
    }
}

impl Shared {
    fn send_ask(&self, id: u32, ask: &Ask) -> Result<(), VideoError> {
        let json = serde_json::to_vec(ask).map_err(VideoError::internal)?;
        self.to_child.put(Kind::Ask, [&id.to_le_bytes(), json.as_slice()].concat());
        Ok(())
    }

    fn take_messages(&self, mut from: ChildStdout, ranges: &Ranges) {
        loop {
            match pipe::receive(&mut from) {
                Ok(Some((kind, body))) => {
                    self.heard();
                    if self.take(kind, &body, ranges).is_err() {
                        return self.break_off("it broke the rules of the pipe");
                    }
                }
                Ok(None) => break,
                Err(error) => {
                    tracing::debug!(%error, "The pipe from a decoder broke");
                    break;
                }
            }
        }
        self.end();
    }

    fn take(&self, kind: Kind, body: &[u8], ranges: &Ranges) -> io::Result<()> {
        let mut body = Body(body);
        let event = match kind {
            Kind::Alive => return Ok(()),
            Kind::Read => {
                let (read, offset, len) = (body.u32()?, body.u64()?, body.u32()? as usize);
                if len > pipe::MOST_BYTES {
                    return Err(io::ErrorKind::InvalidInput.into());
                }
                return ranges.read(Asked { read, offset, len });
            }
            Kind::Want => {
                ranges.want(body.u64()?);
                return Ok(());
            }
            Kind::Chunk => (body.u32()?, Event::Chunk(body.rest().to_vec())),
            Kind::Write => (body.u32()?, Event::Write(body.u64()?, body.rest().to_vec())),
            Kind::Done => {
                (body.u32()?, Event::Done(serde_json::from_slice(body.rest()).map_err(io::Error::other)?))
            }
            Kind::Hello | Kind::Ask | Kind::Bytes | Kind::Arrived => {
                return Err(io::ErrorKind::InvalidInput.into());
            }
        };
        let (ask, event) = event;
        let waiting = lock(&self.waiting).get(&ask).cloned();
        if let Some(waiting) = waiting {
            // Gone when the caller has stopped listening; the rest of its answer is dropped here.
            let _ = waiting.send(event);
        }
        Ok(())
    }

    fn heard(&self) {
        self.heard_ms.store(self.now_ms(), Ordering::Release);
    }

    fn silent(&self) -> bool {
        let since = self.now_ms().saturating_sub(self.heard_ms.load(Ordering::Acquire));
        self.readers.load(Ordering::Acquire) == 0 && u128::from(since) > SILENCE.as_millis()
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn break_off(&self, why: &'static str) {
        tracing::warn!(why, "Ended a decoder");
        self.end();
    }

    /// Kills the child and lets every caller know.
    fn end(&self) {
        self.ended.store(true, Ordering::Release);
        // Already ended is as good.
        let _ = lock(&self.child).kill();
        self.to_child.close();
        lock(&self.waiting).clear();
    }
}

/// A panic elsewhere leaves nothing half done under these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

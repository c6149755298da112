//! The child's end of the two pipes.
//!
//! **Invariant:** one thread reads standard input and hands things on; it never waits for anybody. At the end of
//! standard input the process ends, whatever it is doing.

use std::{
    collections::HashMap,
    fs::File,
    io,
    ops::Range,
    process,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, AtomicU64, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::gone;
use crate::{
    ByteSource, VideoError,
    pipe::{self, Ask, Body, GREETING, Kind, MOST_BYTES},
};

/// Least time between two signs of life.
const ALIVE: Duration = Duration::from_secs(1);

/// The parent, as the child sees it.
pub struct Parent {
    out: Mutex<File>,
    reads: Arc<Mutex<HashMap<u32, Sender<Bytes>>>>,
    arrived: Arc<Arrivals>,
    next_read: AtomicU32,
    started: Instant,
    said_ms: AtomicU64,
}

/// An ask and its number.
pub type Asked = (u32, Ask);

/// What has arrived of the clip; `None` when all of it has.
#[derive(Default)]
struct Arrivals {
    now: Mutex<Option<Vec<Range<u64>>>>,
    changed: Condvar,
}

struct Bytes {
    failed: bool,
    bytes: Vec<u8>,
}

impl Parent {
    /// Says hello and starts to listen.
    pub fn greet() -> io::Result<(Self, Receiver<Asked>)> {
        let (mut from, out) = pipes()?;
        let reads: Arc<Mutex<HashMap<u32, Sender<Bytes>>>> = Arc::default();
        let (asks, asked) = channel();
        let arrived: Arc<Arrivals> = Arc::default();
        let (waiting, arriving) = (Arc::clone(&reads), Arc::clone(&arrived));
        thread::Builder::new().name("parent".into()).spawn(move || {
            while let Ok(Some((kind, body))) = pipe::receive(&mut from) {
                if take(kind, &body, &waiting, &arriving, &asks).is_none() {
                    break;
                }
            }
            process::exit(0);
        })?;
        let parent = Self {
            out: Mutex::new(out),
            reads,
            arrived,
            next_read: AtomicU32::new(0),
            started: Instant::now(),
            said_ms: AtomicU64::new(0),
        };
        parent.send(Kind::Hello, &[GREETING])?;
        Ok((parent, asked))
    }

    /// The next part of an answer.
    pub fn chunk(&self, ask: u32, bytes: &[u8]) -> Result<(), VideoError> {
        bytes
            .chunks(MOST_BYTES)
            .try_for_each(|part| self.send(Kind::Chunk, &[&ask.to_le_bytes(), part]))
            .map_err(gone)
    }

    /// A part of a rendition.
    pub fn write(&self, ask: u32, mut offset: u64, bytes: &[u8]) -> io::Result<()> {
        for part in bytes.chunks(MOST_BYTES) {
            self.send(Kind::Write, &[&ask.to_le_bytes(), &offset.to_le_bytes(), part])?;
            offset += part.len() as u64;
        }
        Ok(())
    }

    /// The end of an answer.
    pub fn done(&self, ask: u32, outcome: &Result<Value, VideoError>) -> io::Result<()> {
        let json = serde_json::to_vec(outcome)?;
        self.send(Kind::Done, &[&ask.to_le_bytes(), &json])
    }

    /// A sign of life, now and then, from work that says nothing else.
    pub fn alive(&self) {
        let now = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let said = self.said_ms.load(Ordering::Relaxed);
        if u128::from(now.saturating_sub(said)) >= ALIVE.as_millis() {
            // A parent that is gone ends this process through standard input.
            let _ = self.send(Kind::Alive, &[]);
        }
    }

    /// The clip of `len` bytes that the parent holds.
    pub fn clip(self: &Arc<Self>, len: u64) -> Arc<dyn ByteSource> {
        Arc::new(Remote { parent: Arc::clone(self), len })
    }

    fn send(&self, kind: Kind, body: &[&[u8]]) -> io::Result<()> {
        let now = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.said_ms.store(now, Ordering::Relaxed);
        pipe::send(&mut *lock(&self.out), kind, body)
    }
}

struct Remote {
    parent: Arc<Parent>,
    len: u64,
}

impl ByteSource for Remote {
    fn len(&self) -> io::Result<u64> {
        Ok(self.len)
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.len.saturating_sub(offset)).unwrap_or(MOST_BYTES);
        let len = buf.len().min(MOST_BYTES).min(most);
        if len == 0 {
            return Ok(0);
        }
        let read = self.parent.next_read.fetch_add(1, Ordering::Relaxed);
        let (answer, answered) = channel();
        lock(&self.parent.reads).insert(read, answer);
        let asked = u32::try_from(len).map_err(io::Error::other)?;
        self.parent.send(Kind::Read, &[&read.to_le_bytes(), &offset.to_le_bytes(), &asked.to_le_bytes()])?;
        let Bytes { failed, bytes } = answered.recv().map_err(io::Error::other)?;
        if failed {
            return Err(io::Error::other("the parent could not read the clip"));
        }
        let count = bytes.len().min(buf.len());
        if let (Some(to), Some(from)) = (buf.get_mut(..count), bytes.get(..count)) {
            to.copy_from_slice(from);
        }
        Ok(count)
    }

    fn arrived(&self) -> Option<Vec<Range<u64>>> {
        lock(&self.parent.arrived.now).clone()
    }

    fn wait_for_arrivals(&self, known: &[Range<u64>], most: Duration) -> Option<Vec<Range<u64>>> {
        let arrivals = &self.parent.arrived;
        let same = |now: &mut Option<Vec<Range<u64>>>| now.as_deref() == Some(known);
        let waited = arrivals.changed.wait_timeout_while(lock(&arrivals.now), most, same);
        waited.unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    fn want(&self, offset: u64) {
        // A parent that is gone ends this process through standard input.
        let _ = self.parent.send(Kind::Want, &[&offset.to_le_bytes()]);
    }
}

/// Hands a message on; `None` when it is not one that a parent sends.
fn take(
    kind: Kind,
    body: &[u8],
    reads: &Mutex<HashMap<u32, Sender<Bytes>>>,
    arrived: &Arrivals,
    asks: &Sender<Asked>,
) -> Option<()> {
    let mut body = Body(body);
    if kind == Kind::Arrived {
        let whole = body.u8().ok()? != 0;
        let mut ranges = Vec::new();
        while let Ok(start) = body.u64() {
            ranges.push(start..body.u64().ok()?);
        }
        *lock(&arrived.now) = (!whole).then_some(ranges);
        arrived.changed.notify_all();
        return Some(());
    }
    let id = body.u32().ok()?;
    match kind {
        Kind::Ask => asks.send((id, serde_json::from_slice(body.rest()).ok()?)).ok(),
        Kind::Bytes => {
            let failed = body.u8().ok()? != 0;
            let waiting = lock(reads).remove(&id)?;
            // Nobody waits when the reading thread has ended.
            let _ = waiting.send(Bytes { failed, bytes: body.rest().to_vec() });
            Some(())
        }
        _ => None,
    }
}

#[cfg(unix)]
fn pipes() -> io::Result<(File, File)> {
    use std::os::fd::AsFd;
    let from = io::stdin().as_fd().try_clone_to_owned()?;
    let to = io::stdout().as_fd().try_clone_to_owned()?;
    Ok((from.into(), to.into()))
}

#[cfg(windows)]
fn pipes() -> io::Result<(File, File)> {
    use std::os::windows::io::AsHandle;
    let from = io::stdin().as_handle().try_clone_to_owned()?;
    let to = io::stdout().as_handle().try_clone_to_owned()?;
    Ok((from.into(), to.into()))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

//! What goes to the child: asks, ranges of the clip, and word of what has arrived of it.
//!
//! **Invariant:** one thread writes to the pipe. Whoever has something for the child leaves it in the [`Outbox`] and
//! waits for nothing, but for the thread that reads the clip, which is at most [`MOST_RANGES`] ranges ahead.

use std::{
    collections::VecDeque,
    io,
    ops::Range,
    process::ChildStdin,
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::Ordering,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::Duration,
};

use super::{Shared, lock};
use crate::{
    ByteSource, VideoError,
    pipe::{self, Kind},
};

/// Ranges read and not yet taken by the child.
const MOST_RANGES: usize = 2;
/// How often to look what has arrived.
const LOOK: Duration = Duration::from_millis(200);

/// What a child asks of the clip.
pub enum Asked {
    /// Bytes.
    Range { read: u32, offset: u64, len: usize },
    /// To have fetched first what follows an offset.
    Want(u64),
}

/// Messages on their way to the child.
#[derive(Debug, Default)]
pub struct Outbox {
    inside: Mutex<Inside>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Inside {
    messages: VecDeque<(Kind, Vec<u8>)>,
    ranges: usize,
    closed: bool,
}

impl Outbox {
    /// Leaves a message.
    pub fn put(&self, kind: Kind, body: Vec<u8>) {
        let mut inside = lock(&self.inside);
        inside.ranges += usize::from(kind == Kind::Bytes);
        inside.messages.push_back((kind, body));
        self.changed.notify_all();
    }

    /// Nothing more goes out.
    pub fn close(&self) {
        lock(&self.inside).closed = true;
        self.changed.notify_all();
    }

    /// Waits until there is room for another range; false when closed.
    fn has_room(&self) -> bool {
        let mut inside = lock(&self.inside);
        while inside.ranges >= MOST_RANGES && !inside.closed {
            inside = self.changed.wait(inside).unwrap_or_else(PoisonError::into_inner);
        }
        !inside.closed
    }

    /// Waits for a message; `None` when closed.
    fn next(&self) -> Option<(Kind, Vec<u8>)> {
        let mut inside = lock(&self.inside);
        loop {
            if inside.closed {
                return None;
            }
            if let Some(message) = inside.messages.pop_front() {
                return Some(message);
            }
            inside = self.changed.wait(inside).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn written(&self, kind: Kind) {
        if kind == Kind::Bytes {
            lock(&self.inside).ranges -= 1;
            self.changed.notify_all();
        }
    }

    fn write_all(&self, mut to: ChildStdin) {
        while let Some((kind, body)) = self.next() {
            if pipe::send(&mut to, kind, &[&body]).is_err() {
                return;
            }
            self.written(kind);
        }
    }
}

/// Starts the threads that feed a child; what it asks for goes into the sender.
pub fn start(
    shared: &Arc<Shared>,
    to_child: ChildStdin,
    source: Arc<dyn ByteSource>,
) -> io::Result<SyncSender<Asked>> {
    // The queue is short: a child that asks for more ranges than it takes waits for the pipe.
    let (ranges, asked) = sync_channel(16);
    let spawn = |name: &str, run: Box<dyn FnOnce() + Send>| {
        thread::Builder::new().name(name.into()).spawn(run).map(drop)
    };
    if let Some(there) = source.arrived() {
        shared.outbox.put(Kind::Arrived, encode(Some(&there)));
        let (shared, source) = (Arc::clone(shared), Arc::clone(&source));
        spawn("clip arrives", Box::new(move || shared.tell_arrivals(&*source, there)))?;
    }
    let writes = Arc::clone(shared);
    spawn("clip pipe", Box::new(move || writes.outbox.write_all(to_child)))?;
    let reads = Arc::clone(shared);
    spawn("clip ranges", Box::new(move || reads.serve_ranges(&*source, &asked)))?;
    Ok(ranges)
}

impl Shared {
    fn serve_ranges(&self, source: &dyn ByteSource, asked: &Receiver<Asked>) {
        for asked in asked {
            let (read, offset, len) = match asked {
                Asked::Want(offset) => {
                    source.want(offset);
                    continue;
                }
                Asked::Range { read, offset, len } => (read, offset, len),
            };
            if !self.outbox.has_room() {
                return;
            }
            let mut body = read.to_le_bytes().to_vec();
            body.resize(5 + len, 0);
            self.reading.store(true, Ordering::Release);
            let got = fill(source, offset, body.get_mut(5..).unwrap_or_default());
            self.heard();
            self.reading.store(false, Ordering::Release);
            match got {
                Ok(count) => body.truncate(5 + count),
                Err(error) => {
                    *lock(&self.source_error) = Some(VideoError::bytes(&error));
                    body.truncate(4);
                    body.push(1);
                }
            }
            self.outbox.put(Kind::Bytes, body);
        }
    }

    /// Says what has arrived until all of it has.
    fn tell_arrivals(&self, source: &dyn ByteSource, mut told: Vec<Range<u64>>) {
        while !self.ended.load(Ordering::Acquire) {
            thread::sleep(LOOK);
            let now = source.arrived();
            if now.as_ref() == Some(&told) {
                continue;
            }
            self.outbox.put(Kind::Arrived, encode(now.as_deref()));
            let Some(now) = now else { return };
            told = now;
        }
    }
}

/// As it crosses the pipe. Ranges beyond what fits a message are left out: they are told when the gaps have closed.
fn encode(ranges: Option<&[Range<u64>]>) -> Vec<u8> {
    let most = ranges.unwrap_or_default().iter().take(pipe::MOST_BYTES / 16);
    let numbers = most.flat_map(|range| [range.start.to_le_bytes(), range.end.to_le_bytes()]).flatten();
    std::iter::once(u8::from(ranges.is_none())).chain(numbers).collect()
}

/// Reads until the buffer is full or the source is at its end.
fn fill(source: &dyn ByteSource, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let mut done = 0;
    while let Some(rest) = buffer.get_mut(done..).filter(|rest| !rest.is_empty()) {
        match source.read_at(offset + done as u64, rest) {
            Ok(0) => break,
            Ok(count) => done += count.min(rest.len()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

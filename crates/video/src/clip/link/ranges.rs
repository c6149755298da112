//! What a child asks of the clip, and word of what has arrived of it.
//!
//! What is here is read by one thread, in order. A range whose beginning has not arrived is put aside first, so that
//! whatever else is wanted of the clip goes on meanwhile: answers carry the number of what was asked.
//!
//! **Invariant:** at most [`MOST_WAITING`] ranges are put aside; a child that asks for more waits for itself. Nothing
//! is kept for a range that waits: its bytes are read once their beginning is here.

use std::{
    io,
    ops::Range,
    process::ChildStdin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
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

/// Ranges that may wait to be read. A child that asks for more than it takes waits for the pipe.
const MOST_ASKED: usize = 16;
/// Ranges that may wait for their bytes at one time. A child has five threads that read, each one range at a time.
const MOST_WAITING: usize = 8;
/// How often to look what has arrived, where the source cannot tell, and whether the child is still there.
const LOOK: Duration = Duration::from_millis(200);

/// Bytes that a child asks for.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// Its number.
    pub read: u32,
    /// Where they begin.
    pub offset: u64,
    /// How many, at most [`pipe::MOST_BYTES`].
    pub len: usize,
}

/// Takes what a child asks of the clip.
pub struct Ranges {
    shared: Arc<Shared>,
    source: Arc<dyn ByteSource>,
    to_read: SyncSender<Asked>,
    waiting: Arc<AtomicUsize>,
}

impl Ranges {
    /// Starts the threads that feed a child.
    pub fn start(
        shared: &Arc<Shared>,
        to_child: ChildStdin,
        source: Arc<dyn ByteSource>,
    ) -> io::Result<Self> {
        let (to_read, asked) = sync_channel(MOST_ASKED);
        if let Some(there) = source.arrived() {
            shared.to_child.put(Kind::Arrived, encode(Some(&there)));
            let (shared, source) = (Arc::clone(shared), Arc::clone(&source));
            spawn("clip arrives", move || shared.tell_arrivals(&*source, there))?;
        }
        let writes = Arc::clone(shared);
        spawn("clip pipe", move || writes.to_child.write_all(to_child))?;
        let (reads, from) = (Arc::clone(shared), Arc::clone(&source));
        spawn("clip ranges", move || reads.serve_ranges(&*from, &asked))?;
        Ok(Self { shared: Arc::clone(shared), source, to_read, waiting: Arc::default() })
    }

    /// Has a range read, once its beginning is here.
    pub fn read(&self, asked: Asked) -> io::Result<()> {
        if here(&*self.source, asked.offset) == 0 && self.put_aside(asked) {
            return Ok(());
        }
        self.to_read.send(asked).map_err(io::Error::other)
    }

    /// Has fetched first what follows an offset.
    pub fn want(&self, offset: u64) {
        self.source.want(offset);
    }

    /// False when too many wait already.
    fn put_aside(&self, asked: Asked) -> bool {
        let place = Place(Arc::clone(&self.waiting));
        if place.0.fetch_add(1, Ordering::AcqRel) >= MOST_WAITING {
            return false;
        }
        let (shared, source) = (Arc::clone(&self.shared), Arc::clone(&self.source));
        let to_read = self.to_read.clone();
        let wait = move || {
            let _place = place;
            match shared.reading(|| wait_for(&*source, asked.offset)) {
                // The thread that reads has ended with the child.
                Ok(()) => drop(to_read.send(asked)),
                // It keeps its place until the child has taken what it asked for before.
                Err(error) if shared.to_child.has_room() => shared.answer(asked, Err(error)),
                Err(_) => {}
            }
        };
        spawn("clip waits", wait).is_ok()
    }
}

/// One that waits; dropped when it does no more.
struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Shared {
    fn serve_ranges(&self, source: &dyn ByteSource, asked: &Receiver<Asked>) {
        for asked in asked {
            if !self.to_child.has_room() {
                return;
            }
            let mut bytes = vec![0; asked.len];
            let got = self.reading(|| fill(source, asked.offset, &mut bytes));
            self.answer(asked, got.map(|count| bytes.get(..count).unwrap_or_default()));
        }
    }

    fn answer(&self, asked: Asked, got: io::Result<&[u8]>) {
        let (failed, bytes) = match got {
            Ok(bytes) => (0, bytes),
            Err(error) => {
                *lock(&self.source_error) = Some(VideoError::bytes(&error));
                (1, &[][..])
            }
        };
        self.to_child.put(Kind::Bytes, [&asked.read.to_le_bytes()[..], &[failed], bytes].concat());
    }

    /// While the clip is read the child may be silent: it waits for us.
    fn reading<T>(&self, read: impl FnOnce() -> T) -> T {
        self.readers.fetch_add(1, Ordering::AcqRel);
        let got = read();
        self.heard();
        self.readers.fetch_sub(1, Ordering::AcqRel);
        got
    }

    /// Says what has arrived until all of it has.
    fn tell_arrivals(&self, source: &dyn ByteSource, mut told: Vec<Range<u64>>) {
        while !self.ended.load(Ordering::Acquire) {
            let now = source.wait_for_arrivals(&told, LOOK);
            if now.as_ref() == Some(&told) {
                continue;
            }
            self.to_child.put(Kind::Arrived, encode(now.as_deref()));
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

/// How many bytes from `offset` on are here.
fn here(source: &dyn ByteSource, offset: u64) -> u64 {
    let Some(ranges) = source.arrived() else { return u64::MAX };
    let run = ranges.iter().find(|range| range.contains(&offset));
    run.map_or(0, |range| range.end - offset)
}

/// Waits until the byte at `offset` is here, or the clip ends before it.
fn wait_for(source: &dyn ByteSource, offset: u64) -> io::Result<()> {
    loop {
        match source.read_at(offset, &mut [0]) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other.map(drop),
        }
    }
}

/// Reads what is here, until the buffer is full, the source is at its end or the next byte has not arrived. For the
/// first byte it waits. What was read before a failure is an answer.
fn fill(source: &dyn ByteSource, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let mut done = 0;
    while let Some(rest) = buffer.get_mut(done..).filter(|rest| !rest.is_empty()) {
        let at = offset.saturating_add(done as u64);
        let run = usize::try_from(here(source, at)).unwrap_or(usize::MAX);
        if run == 0 && done > 0 {
            break;
        }
        // Not across a hole: whoever wants what lies behind it asks for that.
        let most = if run == 0 { rest.len() } else { run.min(rest.len()) };
        match source.read_at(at, rest.get_mut(..most).unwrap_or_default()) {
            Ok(0) => break,
            Ok(count) => done += count.min(most),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) if done > 0 => break,
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().name(name.into()).spawn(run).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten bytes of which the middle has not arrived, and does not come.
    struct Hole;

    impl ByteSource for Hole {
        fn len(&self) -> io::Result<u64> {
            Ok(10)
        }

        fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
            let bytes: Vec<u8> = (0..10).collect();
            let end = if offset < 4 { 4 } else { 10 };
            if (4..6).contains(&offset) {
                return Err(io::Error::other("offline"));
            }
            bytes[..end].to_vec().read_at(offset, buf)
        }

        fn arrived(&self) -> Option<Vec<Range<u64>>> {
            Some(vec![0..4, 6..10])
        }
    }

    #[test]
    fn what_is_here_is_an_answer() {
        let mut buf = [0; 8];
        assert_eq!((fill(&Hole, 1, &mut buf).unwrap(), &buf[..3]), (3, &[1, 2, 3][..]));
        assert_eq!((fill(&Hole, 6, &mut buf).unwrap(), &buf[..4]), (4, &[6, 7, 8, 9][..]));
        assert_eq!(fill(&Hole, 10, &mut buf).unwrap(), 0);
        assert_eq!(fill(&Hole, 4, &mut buf).unwrap_err().to_string(), "offline");
    }

    #[test]
    fn a_source_that_fails_in_the_middle_gives_what_came_before() {
        struct Failing;
        impl ByteSource for Failing {
            fn len(&self) -> io::Result<u64> {
                Ok(10)
            }

            fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
                if offset >= 4 {
                    return Err(io::Error::other("the disk was pulled out"));
                }
                vec![7; 4].read_at(offset, buf)
            }
        }
        assert_eq!(fill(&Failing, 0, &mut [0; 8]).unwrap(), 4);
        assert!(fill(&Failing, 4, &mut [0; 8]).is_err());
    }
}

//! Clips of which some bytes have not arrived: what is there is shown exactly, what is not is said and fetched.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::{
    collections::BTreeSet,
    io,
    ops::Range,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use common::{
    generated,
    room::{PATIENCE, VIEW, Without, exact, long_clip, reference, show},
};
use limpet_testkit::clips::Kind;
use limpet_video::{ByteSource, FrameSocket, Length, MEMORY, Review, Seen, VideoError};
use limpet_wire::frames::ClipIndex;

const PIECE: u64 = 16 << 10;

/// A clip on its way. What somebody waits for arrives at once; the rest when the test says so.
struct Slow {
    bytes: Vec<u8>,
    here: Mutex<BTreeSet<u64>>,
    wanted: Mutex<Vec<u64>>,
}

impl Slow {
    fn new(bytes: Vec<u8>) -> Arc<Self> {
        Arc::new(Self { bytes, here: Mutex::default(), wanted: Mutex::default() })
    }

    fn arrive(&self, range: Range<u64>) {
        let end = range.end.min(self.bytes.len() as u64);
        self.here.lock().unwrap().extend(range.start / PIECE..end.div_ceil(PIECE));
    }

    /// Where the eye is, once that has been said.
    fn wanted(&self) -> u64 {
        let began = Instant::now();
        loop {
            if let Some(offset) = self.wanted.lock().unwrap().last() {
                return *offset;
            }
            assert!(began.elapsed() < PATIENCE, "nobody said where the eye is");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn here(&self) -> u64 {
        self.here.lock().unwrap().len() as u64 * PIECE
    }
}

impl ByteSource for Slow {
    fn len(&self) -> io::Result<u64> {
        Ok(self.bytes.len() as u64)
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        self.arrive(offset..offset + buf.len() as u64);
        self.bytes.read_at(offset, buf)
    }

    fn arrived(&self) -> Option<Vec<Range<u64>>> {
        let here = self.here.lock().unwrap();
        let mut ranges: Vec<Range<u64>> = Vec::new();
        for piece in here.iter() {
            let (start, end) = (piece * PIECE, ((piece + 1) * PIECE).min(self.bytes.len() as u64));
            match ranges.last_mut() {
                Some(last) if last.end == start => last.end = end,
                _ => ranges.push(start..end),
            }
        }
        let whole = 0..self.bytes.len() as u64;
        (ranges.as_slice() != std::slice::from_ref(&whole)).then_some(ranges)
    }

    fn want(&self, offset: u64) {
        self.wanted.lock().unwrap().push(offset);
    }
}

fn when_whole(socket: &FrameSocket) -> ClipIndex {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        if let Some(Seen::Ready { clip, whole: true }) = socket.next(PATIENCE).unwrap() {
            return clip;
        }
    }
    panic!("it never became whole");
}

#[test]
fn head_and_tail_are_enough_to_open_and_the_middle_comes_when_it_is_looked_at() {
    let dir = tempfile::tempdir().unwrap();
    let coding = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "30", "-bf", "2", "-pix_fmt", "yuv420p"];
    let path = long_clip(dir.path(), "tail.mp4", &coding);
    let right = reference(&common::open(&path), VIEW);
    let slow = Slow::new(std::fs::read(&path).unwrap());
    let review = Review::open(slow.clone(), MEMORY).unwrap();
    let mut socket = FrameSocket::connect(review.address()).unwrap();
    let clip = review.clip().unwrap();
    assert_eq!(clip.probe().frames, 600, "the table at the tail says it all");
    assert!(slow.here() * 4 < slow.bytes.len() as u64, "{} of {}", slow.here(), slow.bytes.len());

    // In the middle nothing is there, and that is said, and fetched from the right place.
    show(&mut socket, 1, 300);
    assert_eq!(exact(&socket, 1), Err(Without::Waits));
    let wanted = slow.wanted();
    let middle = slow.bytes.len() as u64 / 2;
    assert!(wanted.abs_diff(middle) < middle / 8, "{wanted} of {}", slow.bytes.len());
    assert!(clip.still(300).unwrap_err().to_string().contains("not arrived"));

    // When it comes the answer follows by itself, exact.
    slow.arrive(wanted..wanted + slow.bytes.len() as u64 / 8);
    let (header, md5) = exact(&socket, 1).expect("it has come");
    assert_eq!((header.frame, md5), (300, right[&300]));
    for (generation, frame) in (2..).zip([301, 310, 302]) {
        show(&mut socket, generation, frame);
        assert_eq!(exact(&socket, generation).expect("it is there").1, right[&frame], "{frame}");
    }
    assert!(clip.still(301).is_ok());

    // The rest arrives, and everything is as if it had always been there.
    slow.arrive(0..slow.bytes.len() as u64);
    let whole = when_whole(&socket);
    assert_eq!(&whole, common::open(&path).index());
    for (generation, frame) in (10..).zip([0, 599, 450, 449, 300]) {
        show(&mut socket, generation, frame);
        assert_eq!(exact(&socket, generation).unwrap().1, right[&frame], "{frame}");
    }
}

/// Most of a long clip is here, and a small part of it is waited for: that part is enough.
#[test]
fn what_is_waited_for_is_shown_as_soon_as_it_is_here() {
    let dir = tempfile::tempdir().unwrap();
    let coding = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "30", "-bf", "2", "-pix_fmt", "yuv420p"];
    let path = long_clip(dir.path(), "holes.mp4", &coding);
    let right = reference(&common::open(&path), VIEW);
    let slow = Slow::new(std::fs::read(&path).unwrap());
    let part = slow.bytes.len() as u64 / 20;
    slow.arrive(0..8 * part);
    slow.arrive(14 * part..slow.bytes.len() as u64);
    let review = Review::open(slow.clone(), MEMORY).unwrap();
    let mut socket = FrameSocket::connect(review.address()).unwrap();
    show(&mut socket, 1, 300);
    assert_eq!(exact(&socket, 1), Err(Without::Waits));
    let wanted = slow.wanted();
    slow.arrive(wanted..wanted + part / 4);
    assert_eq!(exact(&socket, 1).expect("it has come").1, right[&300]);
}

#[test]
fn a_clip_without_a_table_grows_from_its_front() {
    let path = generated(Kind::LiveWebm);
    let right = reference(&common::open(&path), VIEW);
    let slow = Slow::new(std::fs::read(&path).unwrap());
    let frames = u32::try_from(right.len()).unwrap();
    slow.arrive(0..slow.bytes.len() as u64 / 2);
    let review = Review::open(slow.clone(), MEMORY).unwrap();
    let mut socket = FrameSocket::connect(review.address()).unwrap();
    let known = u32::try_from(socket.clip().times.len()).unwrap();
    assert!(known > 3 && known < frames, "{known} of {frames}");
    let clip = review.clip().unwrap();
    let before = clip.length().unwrap();
    assert_eq!((clip.probe().frames, before.whole, before.duration), (known, false, clip.index().duration));
    assert!(clip.capture(frames - 1).is_err(), "nobody has seen it yet");
    show(&mut socket, 1, known - 2);
    assert_eq!(exact(&socket, 1).expect("it is there").1, right[&(known - 2)]);
    slow.arrive(0..slow.bytes.len() as u64);
    let whole = when_whole(&socket);
    assert_eq!(whole.times.len(), right.len());
    show(&mut socket, 2, frames - 1);
    assert_eq!(exact(&socket, 2).unwrap().1, right[&(frames - 1)]);

    // What is shown can be captured, with the time it is shown with, though the clip was known before.
    let all = common::open(&path);
    for frame in [known - 1, known, frames - 1] {
        let still = clip.capture(frame).unwrap();
        assert_eq!(still.at, whole.times[frame as usize], "{frame}");
        assert_eq!(still.picture, all.still(frame).unwrap(), "{frame}");
    }
    assert!(matches!(clip.capture(frames), Err(VideoError::NoSuchFrame { .. })));
    assert_eq!(clip.length().unwrap(), Length { duration: whole.duration, whole: true });
}

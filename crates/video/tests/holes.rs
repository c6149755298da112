//! Clips with holes that nothing fills by itself: what is here is shown, whatever else is waited for.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

mod common;

use std::{
    io,
    ops::Range,
    slice::from_ref,
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc::channel,
    },
    thread,
    time::{Duration, Instant},
};

use common::room::{PATIENCE, VIEW, Without, exact, long_clip, reference, show};
use limpet_testkit::in_time;
use limpet_video::{ByteSource, FrameSocket, MEMORY, Passage, Review, Speed, VideoError};

/// With B-frames: where they are decoded lies before where they are shown, and a seek must not end in a hole before it.
const CODING: [&str; 11] =
    ["-crf", "36", "-c:v", "libx264", "-preset", "ultrafast", "-g", "30", "-bf", "2", "-pix_fmt"];

/// A clip with holes. Reads wait until the test fills them, or fail while it is offline.
#[derive(Default)]
struct Holed {
    bytes: Vec<u8>,
    holes: Mutex<Vec<Range<u64>>>,
    filled: Condvar,
    offline: AtomicBool,
    /// What is here and cannot be read.
    broken: Mutex<Range<u64>>,
    /// Reads that wait.
    waiting: Mutex<Vec<u64>>,
    wanted: Mutex<Vec<u64>>,
}

impl Holed {
    fn new(bytes: Vec<u8>, holes: &[Range<u64>]) -> Arc<Self> {
        Arc::new(Self { bytes, holes: Mutex::new(holes.to_vec()), ..Self::default() })
    }

    fn fill(&self, range: &Range<u64>) {
        let mut holes = self.holes.lock().unwrap();
        let left =
            |hole: &Range<u64>| [hole.start..hole.end.min(range.start), hole.start.max(range.end)..hole.end];
        *holes = holes.iter().flat_map(left).filter(|hole| hole.start < hole.end).collect();
        self.filled.notify_all();
    }

    fn between(&self, holes: &[Range<u64>]) -> Option<Vec<Range<u64>>> {
        let ends = holes.iter().map(|hole| hole.start).chain([self.bytes.len() as u64]);
        let starts = [0].into_iter().chain(holes.iter().map(|hole| hole.end));
        let between = starts.zip(ends).map(|(start, end)| start..end).filter(|range| !range.is_empty());
        (!holes.is_empty()).then(|| between.collect())
    }

    fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let began = Instant::now();
        while !holds(self) {
            assert!(began.elapsed() < PATIENCE, "{what}");
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl ByteSource for Holed {
    fn len(&self) -> io::Result<u64> {
        Ok(self.bytes.len() as u64)
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        if self.broken.lock().unwrap().contains(&offset) {
            return Err(io::Error::other("this sector is bad"));
        }
        let mut holes = self.holes.lock().unwrap();
        while let Some(hole) = holes.iter().find(|hole| hole.contains(&offset)) {
            if self.offline.load(Ordering::Acquire) {
                return Err(io::Error::other(format!("there is no line to {}", hole.start)));
            }
            self.waiting.lock().unwrap().push(offset);
            holes = self.filled.wait(holes).unwrap();
        }
        let next = holes.iter().map(|hole| hole.start).filter(|start| *start > offset).min();
        let most = usize::try_from(next.map_or(u64::MAX, |next| next - offset)).unwrap_or(usize::MAX);
        let most = most.min(buf.len());
        self.bytes.read_at(offset, &mut buf[..most])
    }

    fn arrived(&self) -> Option<Vec<Range<u64>>> {
        self.between(&self.holes.lock().unwrap())
    }

    fn wait_for_arrivals(&self, known: &[Range<u64>], most: Duration) -> Option<Vec<Range<u64>>> {
        let holes = self.holes.lock().unwrap();
        drop(
            self.filled
                .wait_timeout_while(holes, most, |holes| self.between(holes).as_deref() == Some(known)),
        );
        self.arrived()
    }

    fn want(&self, offset: u64) {
        self.wanted.lock().unwrap().push(offset);
    }
}

/// Where the packets of a clip's pictures lie.
fn packets(path: &std::path::Path) -> Vec<Range<u64>> {
    let show = ["-v", "error", "-select_streams", "v", "-show_entries", "packet=pos,size", "-of", "csv=p=0"];
    let text = common::run("ffprobe", &[&show[..], &[path.to_str().unwrap()]].concat());
    let line = |line: &str| {
        let numbers: Vec<u64> = line.split(',').filter_map(|number| number.trim().parse().ok()).collect();
        let [size, at] = numbers[..] else { panic!("{line}") };
        at..at + size
    };
    String::from_utf8(text).unwrap().lines().map(line).collect()
}

/// A group of pictures is here to its last byte, and the next byte is not: less than what the decoder's reader takes at
/// a time lies between the frame and the hole.
#[test]
fn a_frame_just_before_a_hole_is_shown() {
    let dir = tempfile::tempdir().unwrap();
    let path = long_clip(dir.path(), "edge.mp4", &[&CODING[..], &["yuv420p"]].concat());
    let (right, packets) = (reference(&common::open(&path), VIEW), packets(&path));
    // Of the eleventh second: nothing behind it is here up to the last.
    let (edge, tail) = (packets[329].end, packets[570].start);
    assert!(packets[326].start + (128 << 10) > edge, "frames too large for this test");
    for offline in [false, true] {
        let clip = Holed::new(std::fs::read(&path).unwrap(), from_ref(&(edge..tail)));
        let review = Review::open(clip.clone(), MEMORY).unwrap();
        let mut socket = FrameSocket::connect(review.address()).unwrap();
        assert_eq!(socket.clip().times.len(), 600);
        clip.offline.store(offline, Ordering::Release);
        for (generation, frame) in (1..).zip([327, 300, 326, 310, 599]) {
            show(&mut socket, generation, frame);
            assert_eq!(exact(&socket, generation).expect("it is here").1, right[&frame], "{frame}");
        }
        let still = review.clip().unwrap().still(327);
        assert!(still.is_ok(), "{still:?}");
    }
}

/// Sound plays into a hole and waits for it. The hand goes on elsewhere, and where it looks is heard at once.
#[test]
fn one_who_waits_for_bytes_keeps_nobody_from_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    let sound = ["-f", "lavfi", "-i", "sine=duration=20"];
    let coding = [&sound[..], &CODING, &["yuv420p", "-c:a", "aac"]].concat();
    let path = long_clip(dir.path(), "sound.mp4", &coding);
    let (right, packets) = (reference(&common::open(&path), VIEW), packets(&path));
    let holes = vec![packets[150].start..packets[240].start, packets[450].start..packets[540].start];
    let clip = Holed::new(std::fs::read(&path).unwrap(), &holes);
    let review = Review::open(clip.clone(), MEMORY).unwrap();
    let mut socket = FrameSocket::connect(review.address()).unwrap();
    let room = Arc::new(review.clip().unwrap());
    let listens = Arc::clone(&room);
    let heard = thread::spawn(move || {
        let passage = Passage { hz: 48_000, from: 48_000 * 6, speed: Speed::of_rate(1.0) };
        listens.sound(passage, 0, 4800)
    });
    clip.until("sound waits", |clip| {
        clip.waiting.lock().unwrap().iter().any(|offset| holes[0].contains(offset))
    });
    for (generation, frame) in (1..).zip([330, 60, 0, 599, 400]) {
        show(&mut socket, generation, frame);
        assert_eq!(exact(&socket, generation).expect("it is here").1, right[&frame], "{frame}");
    }
    show(&mut socket, 9, 480);
    assert_eq!(exact(&socket, 9), Err(Without::Waits));
    clip.until("the eye is told", |clip| {
        clip.wanted.lock().unwrap().last().is_some_and(|offset| holes[1].contains(offset))
    });
    assert!(!heard.is_finished());
    for hole in &holes {
        clip.fill(hole);
    }
    assert_eq!(exact(&socket, 9).expect("it has come").1, right[&480]);
    assert!(!heard.join().unwrap().unwrap().is_empty());
}

/// Sound waits for its bytes alone: a still of what is here, and the length, are answered meanwhile.
#[test]
fn a_still_does_not_wait_for_sound() {
    let dir = tempfile::tempdir().unwrap();
    let sound = ["-f", "lavfi", "-i", "sine=duration=20"];
    let coding = [&sound[..], &CODING, &["yuv420p", "-c:a", "aac"]].concat();
    let path = long_clip(dir.path(), "sound.mp4", &coding);
    let (right, packets) = (common::open(&path).still(330).unwrap(), packets(&path));
    let hole = packets[150].start..packets[240].start;
    let clip = Holed::new(std::fs::read(&path).unwrap(), from_ref(&hole));
    let review = Review::open(clip.clone(), MEMORY).unwrap();
    let room = Arc::new(review.clip().unwrap());
    let passage = |second: i64| Passage { hz: 48_000, from: 48_000 * second, speed: Speed::of_rate(1.0) };
    let before = room.sound(passage(1), 0, 4800).unwrap();
    assert!(before.iter().any(|sample| *sample != [0; 2]));
    let listens = Arc::clone(&room);
    let heard = thread::spawn(move || listens.sound(passage(6), 0, 4800));
    clip.until("sound waits", |clip| clip.waiting.lock().unwrap().iter().any(|offset| hole.contains(offset)));
    let (says, said) = channel();
    let looks = Arc::clone(&room);
    thread::spawn(move || says.send((looks.still(330), looks.length())));
    let (still, length) = said.recv_timeout(PATIENCE / 4).expect("an answer while sound waits");
    assert!(still.unwrap() == right && length.is_ok_and(|length| !length.whole));
    assert!(!heard.is_finished());
    // A still of what is not here waits for nobody either.
    assert_eq!(room.still(200).unwrap_err(), VideoError::NotHere);
    clip.fill(&hole);
    let samples = heard.join().unwrap().unwrap();
    assert!(samples.iter().any(|sample| *sample != [0; 2]));
}

/// The hand runs into bytes that cannot be read. Who asks for something else meanwhile is not told that it failed.
#[test]
fn a_read_that_fails_is_said_only_of_what_it_was_for() {
    let dir = tempfile::tempdir().unwrap();
    let path = long_clip(dir.path(), "bad.mp4", &[&CODING[..], &["yuv420p"]].concat());
    let packets = packets(&path);
    let clip = Holed::new(std::fs::read(&path).unwrap(), &[]);
    let review = Review::open(clip.clone(), MEMORY).unwrap();
    let mut socket = FrameSocket::connect(review.address()).unwrap();
    let room = review.clip().unwrap();
    *clip.broken.lock().unwrap() = packets[240].start..packets[599].end;
    for (generation, frame) in (1..).zip(0..150) {
        show(&mut socket, generation, 300 + frame * 2);
        room.still(frame).unwrap_or_else(|error| panic!("{frame}: {error}"));
    }
    let error = room.still(500).unwrap_err().to_string();
    assert!(error.contains("this sector is bad"), "{error}");
}

/// What somebody waits for is shown when it comes, and not when somebody happens to look.
#[test]
fn what_arrives_is_told_at_once() {
    in_time(|| {
        let dir = tempfile::tempdir().unwrap();
        let path = long_clip(dir.path(), "soon.mp4", &[&CODING[..], &["yuv420p"]].concat());
        let packets = packets(&path);
        let seconds = |second: usize| packets[second * 30].start..packets[second * 30 + 29].end;
        let clip = Holed::new(std::fs::read(&path).unwrap(), from_ref(&(seconds(2).start..seconds(17).end)));
        let review = Review::open(clip.clone(), MEMORY).unwrap();
        let mut socket = FrameSocket::connect(review.address()).unwrap();
        assert_eq!(socket.clip().times.len(), 600);
        let mut took = Vec::new();
        for (generation, second) in (1..).zip([4, 6, 8, 10, 12, 14, 16]) {
            show(&mut socket, generation, u32::try_from(second * 30).unwrap());
            assert_eq!(exact(&socket, generation), Err(Without::Waits));
            // Long enough that everybody sleeps again.
            thread::sleep(Duration::from_millis(37 * second as u64));
            let came = Instant::now();
            clip.fill(&seconds(second));
            exact(&socket, generation).expect("it has come");
            took.push(came.elapsed());
        }
        took.sort_unstable();
        println!("shown after {took:?}");
        assert!(took[3] < Duration::from_millis(120), "{took:?}");
    });
}

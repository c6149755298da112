//! Decoder children that are killed, stop, or are no longer needed: an error at once, and a new one goes on.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use common::{
    generated, open,
    room::{drag, exact, show},
};
use limpet_testkit::clips::Kind;
use limpet_video::{ByteSource, FrameSocket, MEMORY, Review, VideoError, photo_poster};

/// The decoders that this thread started, and no other test's.
const CHILDREN: &str = "/proc/thread-self/children";

/// Sends a signal to each process that is listed there, and answers whether there was one.
fn signal(children: impl AsRef<Path>, signal: &str) -> io::Result<bool> {
    let children = std::fs::read_to_string(children)?;
    children.split_whitespace().for_each(|child| drop(common::run("kill", &[signal, child])));
    Ok(!children.trim().is_empty())
}

/// Kills the decoder of a clip as a crash would.
fn kill_children_of_this_thread() {
    assert!(signal(CHILDREN, "-9").unwrap());
}

#[test]
fn a_dead_child_is_an_error_and_a_new_one_opens() {
    let path = generated(Kind::BFrames);
    let clip = open(&path);
    assert!(clip.still(1).is_ok());
    kill_children_of_this_thread();
    assert_eq!(clip.still(2).unwrap_err(), VideoError::ChildEnded);
    assert_eq!(clip.still(2).unwrap_err(), VideoError::ChildEnded, "and stays one");
    drop(clip);
    assert!(open(&path).still(2).is_ok());
}

/// The hand is on the timeline when the decoder dies: the room hears of it at once, and the next one shows the frame
/// that was wanted.
#[test]
fn a_decoder_killed_in_mid_scrub_is_replaced_at_the_same_frame() {
    let bytes = std::fs::read(generated(Kind::OpenGop)).unwrap();
    let review = Review::open(Arc::new(bytes.clone()), MEMORY).unwrap();
    let mut socket = FrameSocket::connect(review.address()).unwrap();
    let clip = review.clip().unwrap();
    let last = clip.probe().frames - 1;
    let mut wanted = 0;
    for generation in 1..40 {
        wanted = last - generation % last;
        drag(&mut socket, generation, wanted);
        if generation == 30 {
            kill_children_of_this_thread();
            break;
        }
        std::thread::sleep(Duration::from_millis(16));
    }
    let died = Instant::now();
    while socket.next(Duration::from_secs(10)).is_ok_and(|seen| seen.is_some()) {}
    assert!(socket.next(Duration::from_secs(10)).is_err(), "the socket says that nobody is there");
    assert!(died.elapsed() < Duration::from_secs(5), "{:?}", died.elapsed());
    assert_eq!(clip.still(wanted).unwrap_err(), VideoError::ChildEnded);

    let review = Review::open(Arc::new(bytes), MEMORY).unwrap();
    let mut socket = FrameSocket::connect(review.address()).unwrap();
    show(&mut socket, 41, wanted);
    assert_eq!(exact(&socket, 41).unwrap().0.frame, wanted);
}

/// A child that is there and does nothing any more.
#[test]
fn a_decoder_that_falls_silent_is_ended() {
    let clip = open(&generated(Kind::OneFrame));
    assert!(signal(CHILDREN, "-STOP").unwrap());
    assert_eq!(clip.still(0).unwrap_err(), VideoError::ChildEnded);
    assert_eq!(clip.still(0).unwrap_err(), VideoError::ChildEnded);
}

/// Bytes at which the decoder of the thread that asks for them is killed.
struct Deadly(PathBuf);

impl ByteSource for Deadly {
    fn len(&self) -> io::Result<u64> {
        Ok(100)
    }

    fn read_at(&self, _: u64, _: &mut [u8]) -> io::Result<usize> {
        signal(&self.0, "-9").map(|_| 0)
    }
}

/// A photo has a decoder of its own: when that ends, trying again ends the next one.
#[test]
fn a_photo_at_which_the_decoder_ends_is_a_bad_photo() {
    let children = Path::new("/proc").join(std::fs::read_link("/proc/thread-self").unwrap()).join("children");
    let error = photo_poster(Arc::new(Deadly(children)), 100).unwrap_err();
    assert!(matches!(&error, VideoError::BadClip(text) if text.contains("stopped")), "{error:?}");
}

/// Nothing is left running when a clip is closed.
#[test]
fn closing_a_clip_ends_its_child() {
    let clip = open(&generated(Kind::OneFrame));
    let children = || std::fs::read_to_string(CHILDREN).unwrap();
    assert_ne!(children().trim(), "");
    drop(clip);
    assert_eq!(children().trim(), "");
}

//! The frame socket: who may come in, and what comes out.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use common::{
    generated, open,
    room::{PATIENCE, exact, long_clip, reference, show_at},
};
use limpet_testkit::clips::Kind;
use limpet_video::{ByteSource, FrameSocket, Review, Seen};
use limpet_wire::{
    Code,
    frames::{FrameHeader, FrameRequest, Matrix, Transfer},
};

/// The next picture; nothing else comes before it.
fn picture(socket: &FrameSocket) -> (FrameHeader, [u8; 16]) {
    loop {
        match socket.next(PATIENCE).unwrap() {
            Some(Seen::Picture { header, md5, .. }) => return (header, md5),
            Some(Seen::Tones) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn frames_come_exactly_at_view_size() {
    for kind in [Kind::OpenGop, Kind::EditList, Kind::Hlg, Kind::OddWebm] {
        let view = (320, 320);
        let clip = open(&generated(kind));
        let right = reference(&clip, view);
        assert_eq!(right.len(), clip.probe().frames as usize);
        let mut socket = FrameSocket::connect(&clip.serve_frames().unwrap()).unwrap();
        assert_eq!(socket.clip(), clip.index());
        let last = clip.probe().frames - 1;
        for (generation, frame) in (1..).zip([0, 1, 2, 1, last, last - 1, 31, 30, 29, 33, 0]) {
            show_at(&mut socket, generation, frame, view, false);
            let (header, md5) = picture(&socket);
            assert_eq!(
                (header.generation, header.frame, header.exact),
                (generation, frame, true),
                "{kind:?}"
            );
            assert_eq!(md5, right[&frame], "{kind:?} frame {frame}");
            assert!(header.width <= 320 && header.height <= 320 && header.width == 320, "{kind:?}");
            assert!(header.stride_y >= header.width && header.stride_uv >= header.width.div_ceil(2));
        }
    }
}

#[test]
fn the_header_says_what_the_numbers_mean() {
    let clip = open(&generated(Kind::Hlg));
    let mut socket = FrameSocket::connect(&clip.serve_frames().unwrap()).unwrap();
    show_at(&mut socket, 1, 3, (0, 0), false);
    let (header, _) = picture(&socket);
    assert_eq!((header.width, header.height), (1280, 720), "never enlarged, and 0 is no limit");
    assert_eq!((header.matrix, header.transfer, header.primaries), (Matrix::Bt2020, Transfer::Hlg, 9));
    assert!(!header.full_range);

    let clip = open(&generated(Kind::Rotated90));
    let mut socket = FrameSocket::connect(&clip.serve_frames().unwrap()).unwrap();
    show_at(&mut socket, 1, 0, (10_000, 10_000), false);
    let (header, _) = picture(&socket);
    assert_eq!((header.rotation, header.reflected), (clip.index().rotation, false));
    assert_eq!((header.width, header.height), (clip.index().width, clip.index().height));

    let clip = open(&generated(Kind::FullRange));
    let mut socket = FrameSocket::connect(&clip.serve_frames().unwrap()).unwrap();
    show_at(&mut socket, 1, 0, (0, 0), false);
    assert!(picture(&socket).0.full_range);
}

/// On the way to a frame that was jumped to, pictures are left out that nothing leans on. None of them is missed later.
#[test]
fn steps_after_jumps_are_the_right_frames() {
    for kind in [Kind::OpenGop, Kind::Hlg, Kind::EditList] {
        let view = (320, 320);
        let clip = open(&generated(kind));
        let right = reference(&clip, view);
        let last = clip.probe().frames - 1;
        for from in [7, 11, 14, last / 2, last - 15] {
            // No frame of another place is kept.
            let clip = open(&generated(kind));
            let mut socket = FrameSocket::connect(&clip.serve_frames().unwrap()).unwrap();
            let steps = [0, 1, 2, 3, 9, 10, 6, 5, 4, 13, 12];
            for (generation, step) in (1..).zip(steps) {
                let frame = (from + step).min(last);
                show_at(&mut socket, generation, frame, view, false);
                let (header, md5) = exact(&socket, generation).unwrap();
                assert_eq!((header.frame, md5), (frame, right[&frame]), "{kind:?}: {from} + {step}");
            }
        }
    }
}

/// A clip that nobody can read while the gate is shut.
struct Gated {
    bytes: Vec<u8>,
    shut: AtomicBool,
    waiting: AtomicU32,
}

impl ByteSource for Gated {
    fn len(&self) -> std::io::Result<u64> {
        ByteSource::len(&self.bytes)
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> std::io::Result<usize> {
        if self.shut.load(Ordering::Acquire) {
            self.waiting.fetch_add(1, Ordering::AcqRel);
            while self.shut.load(Ordering::Acquire) {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        self.bytes.read_at(offset, buf)
    }
}

#[test]
fn what_is_there_does_not_wait_for_what_is_being_decoded() {
    let bytes = std::fs::read(generated(Kind::Plain)).unwrap();
    let source = Arc::new(Gated { bytes, shut: AtomicBool::new(false), waiting: AtomicU32::new(0) });
    let full = (1920, 1080);
    // Room for a few frames.
    let review = Review::open(source.clone(), 24 << 20).unwrap();
    let mut socket = FrameSocket::connect(review.address()).unwrap();
    let last = review.clip().unwrap().probe().frames - 1;
    show_at(&mut socket, 1, 0, full, false);
    let first = exact(&socket, 1).unwrap();
    source.shut.store(true, Ordering::Release);
    show_at(&mut socket, 2, last, full, true);
    let began = Instant::now();
    while source.waiting.load(Ordering::Acquire) == 0 {
        assert!(began.elapsed() < PATIENCE, "nobody reads");
        std::thread::sleep(Duration::from_millis(1));
    }
    std::thread::sleep(Duration::from_millis(300));
    show_at(&mut socket, 3, 0, full, true);
    let again = exact(&socket, 3);
    source.shut.store(false, Ordering::Release);
    let again = again.expect("it was there");
    assert_eq!((again.0.frame, again.1), (0, first.1));
    show_at(&mut socket, 4, last, full, false);
    assert_eq!(exact(&socket, 4).unwrap().0.frame, last);
}

/// A drag: requests come faster than frames. The last one is answered exactly, nothing older comes after
/// anything newer, and every picture is the frame it says it is.
#[test]
fn the_newest_wins() {
    let view = (640, 360);
    let clip = open(&generated(Kind::OpenGop));
    let right = reference(&clip, view);
    let mut socket = FrameSocket::connect(&clip.serve_frames().unwrap()).unwrap();
    let frames = clip.probe().frames;
    for generation in 1..=300 {
        show_at(&mut socket, generation, generation * 37 % frames, view, true);
    }
    let mut newest = 0;
    loop {
        let (header, md5) = picture(&socket);
        assert!(header.generation >= newest, "generation {} after {newest}", header.generation);
        newest = header.generation;
        assert_eq!(md5, right[&header.frame]);
        if header.exact {
            assert_eq!(header.frame, header.generation * 37 % frames);
        }
        if (header.generation, header.exact) == (300, true) {
            break;
        }
    }
}

/// It is faster than the decoder, which would have to begin at the first frame again at every turn.
#[test]
fn a_hand_that_goes_to_and_fro_comes_to_see_the_whole_stretch() {
    let (dir, view) = (tempfile::tempdir().unwrap(), (320, 320));
    let clip = open(&long_clip(dir.path(), "one-key.mp4", &["-c:v", "libx264", "-g", "600"]));
    let right = reference(&clip, view);
    let mut socket = FrameSocket::connect(&clip.serve_frames().unwrap()).unwrap();
    // Where it will turn next is there already.
    show_at(&mut socket, 1, 400, view, true);
    exact(&socket, 1).unwrap();
    let (mut generation, mut well_seen) = (1_u32, HashSet::new());
    while well_seen.len() < 21 {
        // It takes a few hundred. One that begins again at every turn never comes there.
        assert!(generation < 4_000, "after 200 turns only {well_seen:?}");
        generation += 1;
        let frame = 300 + 5 * (generation % 40).abs_diff(20);
        show_at(&mut socket, generation, frame, view, true);
        while let Some(next) = socket.next(Duration::from_millis(5)).unwrap() {
            if let Seen::Picture { header, md5, .. } = next {
                assert_eq!(md5, right[&header.frame]);
                if header.generation == generation && header.frame.abs_diff(frame) <= 2 {
                    well_seen.insert(frame);
                }
            }
        }
    }
    // Then it rests, on a frame that may have been left out.
    show_at(&mut socket, generation + 1, 351, view, true);
    let (header, md5) = exact(&socket, generation + 1).unwrap();
    assert_eq!((header.frame, md5), (351, right[&351]));
}

#[test]
fn what_lies_before_an_eye_that_goes_on_is_decoded_once() {
    let (dir, view) = (tempfile::tempdir().unwrap(), (320, 320));
    let coding = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "600", "-sc_threshold", "0", "-bf", "0"];
    let clip = open(&long_clip(dir.path(), "one-key.mp4", &coding));
    let mut socket = FrameSocket::connect(&clip.serve_frames().unwrap()).unwrap();
    for (generation, frame) in (1..).zip(380..=420) {
        show_at(&mut socket, generation, frame, view, false);
        assert_eq!(exact(&socket, generation).unwrap().0.frame, frame);
    }
    let (max_width, max_height) = view;
    socket.show(&FrameRequest::Bring { generation: 41, frame: 500, max_width, max_height }).unwrap();
    assert_eq!(picture(&socket).0.frame, 500);
    // From the key frame on, and somewhat farther while this was asked. A second decoder would begin there, too: 420 more.
    let decoded = clip.usage().unwrap().decoded;
    assert!((501..850).contains(&decoded), "{decoded}");
}

#[test]
fn what_may_be_wanted_next_comes_ahead_and_what_the_window_holds_is_not_sent_again() {
    let (max_width, max_height) = (320, 320);
    let clip = open(&generated(Kind::OpenGop));
    let right = reference(&clip, (max_width, max_height));
    let mut socket = FrameSocket::connect(&clip.serve_frames().unwrap()).unwrap();
    let bring = |socket: &mut FrameSocket, generation, frame| {
        socket.show(&FrameRequest::Bring { generation, frame, max_width, max_height }).unwrap();
    };
    show_at(&mut socket, 1, 20, (max_width, max_height), false);
    let (header, _) = picture(&socket);
    assert_eq!((header.frame, header.exact, header.ahead), (20, true, false));
    let mut generation = 1;
    for frame in [21, 22, 21, 20, 19] {
        bring(&mut socket, generation, frame);
        let (header, md5) = picture(&socket);
        assert_eq!(
            (header.generation, header.frame, header.exact, header.ahead),
            (generation, frame, true, true)
        );
        assert_eq!(md5, right[&frame]);
        generation += 1;
        socket.show(&FrameRequest::See { generation, frame, max_width, max_height }).unwrap();
    }
    // Nothing came for what the window shows by itself, and nothing is brought for what is no longer the newest.
    bring(&mut socket, generation, clip.probe().frames);
    show_at(&mut socket, 99, 40, (max_width, max_height), false);
    bring(&mut socket, generation, 41);
    let (header, md5) = picture(&socket);
    assert_eq!((header.generation, header.frame, header.ahead), (99, 40, false));
    assert_eq!(md5, right[&40]);
    assert_eq!(socket.next(Duration::from_millis(300)).unwrap(), None);
}

/// When the eye has rested for a while, a hand that goes far away sees a small copy of the very frame it points at, and
/// then the frame.
#[test]
fn at_rest_there_are_sketches_of_the_whole_clip() {
    let path = generated(Kind::Plain);
    let full = (1920, 1080);
    let mut right = HashMap::new();
    let clip = open(&path);
    clip.sketches(&mut |hash| {
        right.insert(hash.frame, hash.md5.unwrap());
    })
    .unwrap();
    let last = clip.probe().frames - 1;
    assert_eq!(right.len(), last as usize + 1);
    let distinct: std::collections::HashSet<_> = right.values().collect();
    assert_eq!(distinct.len(), right.len(), "every sketch is another picture");
    let bytes = Arc::new(std::fs::read(path).unwrap());
    for target in [last, last / 2, 20, last - 20] {
        let (began, mut rest) = (Instant::now(), Duration::from_secs(1));
        loop {
            assert!(began.elapsed() < PATIENCE, "there is no sketch of frame {target}");
            // Room for a few frames at this size, and for a sketch of each. Another one each time: what was shown is kept.
            let review = Review::open(bytes.clone(), 24 << 20).unwrap();
            let mut socket = FrameSocket::connect(review.address()).unwrap();
            show_at(&mut socket, 1, if target > last / 2 { 0 } else { last }, full, false);
            exact(&socket, 1).unwrap();
            std::thread::sleep(rest);
            rest *= 2;
            show_at(&mut socket, 2, target, full, true);
            let (near, md5) = picture(&socket);
            if !near.exact {
                exact(&socket, 2).unwrap();
            }
            if !near.exact && near.frame == target && near.height == 540 {
                assert_eq!(md5, right[&target], "frame {target}");
                break;
            }
        }
    }
}

#[test]
fn a_frame_that_is_not_there_is_said() {
    let clip = open(&generated(Kind::OneFrame));
    let mut socket = FrameSocket::connect(&clip.serve_frames().unwrap()).unwrap();
    show_at(&mut socket, 5, 1, (0, 0), false);
    match socket.next(PATIENCE).unwrap() {
        Some(Seen::Failed { generation: 5, failure, .. }) => assert_eq!(failure.code, Code::Invalid),
        other => panic!("{other:?}"),
    }
    show_at(&mut socket, 6, 0, (0, 0), false);
    assert_eq!(picture(&socket).0.generation, 6, "the socket stays open");
}

#[test]
fn only_a_limpet_window_with_the_token_comes_in() {
    let clip = open(&generated(Kind::OneFrame));
    let address = clip.serve_frames().unwrap();
    assert_eq!(address, clip.serve_frames().unwrap(), "asking again gives the same");
    let (place, token) = address.split_once("?token=").unwrap();
    assert_eq!(token.len(), 64);
    assert!(FrameSocket::connect_from(&address, "tauri://localhost").is_ok());
    assert!(FrameSocket::connect_from(&address, "http://127.0.0.1:4321").is_ok());
    assert!(FrameSocket::connect_from(&address, "https://example.com").is_err(), "another site");
    assert!(FrameSocket::connect_from(&address, "null").is_err(), "a sandboxed frame");
    let wrong = format!("{place}?token={}", token.replace(|_: char| true, "0"));
    assert!(FrameSocket::connect(&wrong).is_err(), "another token");
    assert!(FrameSocket::connect(place).is_err(), "no token");
    let no_origin = tungstenite::connect(address.as_str());
    assert!(no_origin.is_err(), "no origin");
    assert!(FrameSocket::connect(&address).is_ok(), "and the window still comes in");
}

#[test]
fn two_windows_share_one_clip() {
    let clip = open(&generated(Kind::BFrames));
    let address = clip.serve_frames().unwrap();
    let mut first = FrameSocket::connect(&address).unwrap();
    show_at(&mut first, 1, 10, (320, 320), false);
    assert_eq!(picture(&first).0.frame, 10);
    let mut second = FrameSocket::connect(&address).unwrap();
    show_at(&mut second, 1, 11, (320, 320), false);
    assert_eq!(picture(&second).0.frame, 11);
    drop(first);
    show_at(&mut second, 2, 12, (320, 320), false);
    assert_eq!(picture(&second).0.frame, 12);
}

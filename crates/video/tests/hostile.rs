//! Files that are broken on purpose, and sources that fail. The parent gets an answer or a sentence, every time.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::{
    io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use common::{
    generated, noise,
    room::{Without, drag, exact},
};
use limpet_testkit::clips::{self, Bad, Kind};
use limpet_video::{
    ByteSource, Clip, FrameSocket, Order, Passage, PlainFile, Speed, VideoError, photo_poster,
};
use limpet_wire::{Code, Failure};

/// Does everything with a file that Limpet does with one.
fn everything(bytes: Vec<u8>) {
    let sentence = |error: VideoError| {
        assert_ne!(error, VideoError::ChildEnded, "the decoder fell over");
        let text = error.to_string();
        assert!(text.ends_with('.') && text.len() > 20, "{text}");
    };
    match Clip::open(Arc::new(bytes)) {
        Err(error) => sentence(error),
        Ok(clip) => {
            let last = clip.probe().frames - 1;
            clip.hashes(Order::Reverse, &mut |_| {}).unwrap_or_else(sentence);
            for frame in [0, last / 2, last] {
                clip.still(frame).map_or_else(sentence, drop);
            }
            clip.poster(64).map_or_else(sentence, drop);
            for (from, rate) in [(0, 1.0), (9600, 0.25), (30_000, 4.0), (-100, 0.1)] {
                let passage = Passage { hz: 48_000, from, speed: Speed::of_rate(rate) };
                clip.sound(passage, 0, 9600).map_or_else(sentence, drop);
            }
            let mut copy = Vec::new();
            clip.rendition(&mut copy).unwrap_or_else(sentence);
            scrub(&clip, &[0, last, last / 2, last / 2 + 1, 1, last.saturating_sub(1)]);
        }
    }
}

/// Shows frames as a review room does: each comes, or is said not to.
fn scrub(clip: &Clip, frames: &[u32]) {
    let mut socket = FrameSocket::connect(&clip.serve_frames().unwrap()).unwrap();
    for (generation, frame) in (1..).zip(frames) {
        drag(&mut socket, generation, *frame);
        match exact(&socket, generation) {
            Ok((header, _)) => assert_eq!(header.frame, *frame),
            Err(Without::Failed(failure)) => assert!(failure.message.ends_with('.'), "{failure:?}"),
            Err(Without::Waits) => panic!("all of it is here"),
        }
    }
}

fn small_clips() -> Vec<Vec<u8>> {
    let dir = tempfile::tempdir().unwrap();
    let source = "testsrc2=size=96x64:rate=25:duration=1";
    let kinds: [(&str, &[&str]); 4] = [
        ("a.mp4", &["-c:v", "libx264", "-bf", "2", "-movflags", "+faststart"]),
        ("b.mov", &["-c:v", "libx265", "-x265-params", "log-level=none:open-gop=1:keyint=10"]),
        ("c.webm", &["-c:v", "libvpx", "-g", "10"]),
        ("d.avi", &["-c:v", "mpeg4", "-bf", "1"]),
    ];
    kinds
        .iter()
        .map(|(name, coding)| {
            let path = dir.path().join(name);
            let sound = ["-f", "lavfi", "-i", "sine=duration=1"];
            let head = ["-v", "error", "-f", "lavfi", "-i", source];
            common::run("ffmpeg", &[&head[..], &sound, coding, &[path.to_str().unwrap()]].concat());
            std::fs::read(path).unwrap()
        })
        .collect()
}

#[test]
fn cut_off_anywhere() {
    for clip in small_clips() {
        for part in 0..12 {
            everything(clip[..clip.len() * part / 12].to_vec());
        }
    }
}

#[test]
fn with_flipped_bytes() {
    for (seed, clip) in (0..).zip(small_clips()) {
        for damage in [1, 8, 60] {
            let mut broken = clip.clone();
            let mut numbers = noise(seed * 100 + damage);
            for _ in 0..damage {
                let (Some(at), Some(value)) = (numbers.next(), numbers.next()) else { continue };
                let at = usize::try_from(at).unwrap() % broken.len();
                broken[at] = value.to_le_bytes()[0];
            }
            everything(broken);
        }
    }
}

/// The description of the tracks is where a few bytes do most.
#[test]
fn with_a_broken_description() {
    let clips = small_clips();
    let clip = &clips[0];
    let moov = clip.windows(4).position(|name| name == b"moov").unwrap();
    for seed in 0..40 {
        let mut broken = clip.clone();
        let mut numbers = noise(seed);
        for _ in 0..4 {
            let (Some(at), Some(value)) = (numbers.next(), numbers.next()) else { continue };
            broken[moov + usize::try_from(at).unwrap() % 900] = value.to_le_bytes()[0];
        }
        everything(broken);
    }
}

/// A header of sound that claims anything: there is sound or silence, and the pictures are as good as ever.
#[test]
fn with_absurd_sound() {
    let dir = tempfile::tempdir().unwrap();
    let source = ["-v", "error", "-f", "lavfi", "-i", "testsrc2=size=96x64:rate=25:duration=1"];
    let sound =
        ["-f", "lavfi", "-i", "sine=duration=1:sample_rate=48000", "-c:v", "mpeg4", "-c:a", "pcm_s16le"];
    let rates = [0, 1, 7, 4000, 767_999, 50_000_000, u32::MAX];
    let channels = [0, 3, 255, u16::MAX];
    let mut opened = 0;
    for name in ["a.avi", "a.mov"] {
        let path = dir.path().join(name);
        common::run("ffmpeg", &[&source[..], &sound, &[path.to_str().unwrap()]].concat());
        let whole = std::fs::read(path).unwrap();
        let find = |word: &[u8]| whole.windows(word.len()).position(|at| at == word).unwrap();
        // WAVEFORMATEX has the channels and then the rate; a sample entry has channels, and later the rate as 16.16.
        let (of_channels, of_rate) = match name {
            "a.avi" => (find(&[1, 0, 1, 0, 0x80, 0xbb, 0, 0]) + 2, find(&[1, 0, 1, 0, 0x80, 0xbb, 0, 0]) + 4),
            _ => (find(b"sowt") + 20, find(b"sowt") + 28),
        };
        for absurd in 0..rates.len() + channels.len() {
            let mut broken = whole.clone();
            if let Some(rate) = rates.get(absurd) {
                let bytes = if name == "a.avi" { rate.to_le_bytes() } else { rate.to_be_bytes() };
                broken[of_rate..of_rate + 4].copy_from_slice(&bytes);
            } else if let Some(count) = channels.get(absurd - rates.len()) {
                let bytes = if name == "a.avi" { count.to_le_bytes() } else { count.to_be_bytes() };
                broken[of_channels..of_channels + 2].copy_from_slice(&bytes);
            }
            let clip = match Clip::open(Arc::new(broken)) {
                Ok(clip) => clip,
                Err(VideoError::BadClip(_)) => continue,
                Err(error) => panic!("{name} {absurd}: {error}"),
            };
            opened += 1;
            for (from, rate) in [(0, 1.0), (9600, 0.1), (0, 4.0)] {
                let passage = Passage { hz: 192_000, from, speed: Speed::of_rate(rate) };
                let heard = clip.sound(passage, 0, 19_200).unwrap();
                assert!(heard.len() <= 19_200, "{name} {absurd}");
            }
            clip.still(3).unwrap();
        }
    }
    assert!(opened > 12, "FFmpeg itself refused all but {opened}");
}

#[test]
fn things_that_are_not_clips_say_what_they_are() {
    for (bad, words) in
        [(Bad::Empty, "empty"), (Bad::NoIndex, "cut off"), (Bad::Text, "not a video"), (Bad::Pdf, "PDF")]
    {
        let path = clips::make_bad(bad, &clips::cache_dir()).unwrap();
        let error = Clip::open(Arc::new(PlainFile::open(path).unwrap())).unwrap_err();
        let failure = Failure::from(error);
        assert_eq!(failure.code, Code::BadClip, "{bad:?}");
        assert!(failure.message.contains(words), "{bad:?}: {}", failure.message);
    }
    let error = Clip::open(Arc::new(Vec::new())).unwrap_err();
    assert!(matches!(error, VideoError::BadClip(_)));
    assert!(photo_poster(Arc::new(Vec::new()), 100).is_err());
}

#[test]
fn a_clip_that_was_cut_off_says_how_much_is_missing() {
    let open = |path: PathBuf| Clip::open(Arc::new(PlainFile::open(path).unwrap())).unwrap();
    let whole = open(generated(Kind::NoAudio)).probe().clone();
    let cut = open(clips::make_bad(Bad::CutShort, &clips::cache_dir()).unwrap()).probe().clone();
    assert!(cut.frames < whole.frames, "{} of {}", cut.frames, whole.frames);
    assert!((cut.duration_us + cut.missing_us).abs_diff(whole.duration_us) < 100_000, "{cut:?}");
    for kind in Kind::ALL {
        assert_eq!(open(generated(*kind)).probe().missing_us, 0, "{}", kind.name());
    }
}

/// A playlist names files and addresses; none of them is opened.
#[test]
fn a_playlist_opens_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let secret = dir.path().join("secret.mp4");
    std::fs::copy(generated(Kind::OneFrame), &secret).unwrap();
    let path = secret.display();
    for playlist in [
        format!("#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{path}\n#EXT-X-ENDLIST\n"),
        format!("#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile://{path}\n#EXT-X-ENDLIST\n"),
        format!("ffconcat version 1.0\nfile '{path}'\n"),
    ] {
        let error = Clip::open(Arc::new(playlist.into_bytes())).unwrap_err();
        assert!(matches!(error, VideoError::BadClip(_)), "{error}");
    }
}

/// A source that fails when told to.
struct Failing {
    bytes: Vec<u8>,
    failing: AtomicBool,
}

impl ByteSource for Failing {
    fn len(&self) -> io::Result<u64> {
        Ok(self.bytes.len() as u64)
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        if self.failing.load(Ordering::Acquire) {
            return Err(io::Error::other("the disk was pulled out"));
        }
        self.bytes.read_at(offset, buf)
    }
}

#[test]
fn a_failing_source_is_said_in_its_own_words() {
    let bytes = std::fs::read(generated(Kind::Plain)).unwrap();
    let source = Arc::new(Failing { bytes, failing: AtomicBool::new(true) });
    let error = Clip::open(source.clone()).unwrap_err();
    assert!(matches!(&error, VideoError::Bytes(text) if text.contains("pulled out")), "{error}");
    source.failing.store(false, Ordering::Release);
    let clip = Clip::open(source.clone()).unwrap();
    assert!(clip.still(3).is_ok());
    source.failing.store(true, Ordering::Release);
    let error = clip.rendition(&mut Vec::new()).unwrap_err();
    assert!(matches!(&error, VideoError::Bytes(text) if text.contains("pulled out")), "{error}");
    let error = clip.still(70).unwrap_err();
    assert!(matches!(&error, VideoError::Bytes(text) if text.contains("pulled out")), "{error}");
    source.failing.store(false, Ordering::Release);
    assert!(clip.still(70).is_ok(), "and works again once the source does");
    assert!(clip.still(3).is_ok());
}

/// What could not be read far away must not make the decoder believe that it still stands where it stood.
#[test]
fn frames_after_a_failed_read_are_the_right_ones() {
    for kind in [Kind::Plain, Kind::OpenGop, Kind::LiveWebm] {
        let bytes = std::fs::read(generated(kind)).unwrap();
        let right = Clip::open(Arc::new(bytes.clone())).unwrap();
        let source = Arc::new(Failing { bytes, failing: AtomicBool::new(false) });
        let clip = Clip::open(source.clone()).unwrap();
        let last = clip.probe().frames - 1;
        for (at, far) in [(last / 3, last), (last - 8, 2), (last / 2, last / 2 - 20)] {
            assert_eq!(clip.still(at).unwrap(), right.still(at).unwrap());
            source.failing.store(true, Ordering::Release);
            let error = clip.still(far);
            assert!(matches!(&error, Err(VideoError::Bytes(_)) | Ok(_)), "{}: {error:?}", kind.name());
            source.failing.store(false, Ordering::Release);
            for frame in [at + 1, at + 2, far] {
                assert_eq!(
                    clip.still(frame).unwrap(),
                    right.still(frame).unwrap(),
                    "{} {frame} after {at} and a failure at {far}",
                    kind.name()
                );
            }
        }
    }
}

/// A decoder that is alive and does not come to an end: no time is given to it here.
#[test]
fn a_clip_that_takes_too_long_is_refused_and_not_tried_again() {
    let path = generated(Kind::Plain);
    let open = || Arc::new(PlainFile::open(&path).unwrap());
    let refused = |error: VideoError| {
        assert!(matches!(&error, VideoError::TooLarge(text) if text.contains("shorter copy")), "{error:?}");
    };
    refused(Clip::open_within(open(), Duration::ZERO).unwrap_err());
    let clip = Clip::open_within(open(), Duration::from_secs(60)).unwrap();
    clip.rendition_within(&mut Vec::new(), Duration::from_secs(60)).unwrap();
    refused(clip.rendition_within(&mut Vec::new(), Duration::ZERO).unwrap_err());
    assert_eq!(clip.still(0).unwrap_err(), VideoError::ChildEnded, "nothing works on");
}

#[test]
fn a_clip_can_be_shared_between_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<Clip>();
}

/// Sizes and lengths that nothing in the file bears out, and some that it does.
#[test]
fn lying_headers_and_long_clips() {
    let dir = tempfile::tempdir().unwrap();
    let make = |name: &str, source: &str, coding: &[&str]| {
        let path = dir.path().join(name);
        let head = ["-v", "error", "-f", "lavfi", "-i", source];
        common::run("ffmpeg", &[&head[..], coding, &[path.to_str().unwrap()]].concat());
        std::fs::read(path).unwrap()
    };
    let small = "testsrc2=size=96x64:rate=25:duration=1";

    // The sample entry says 16384 x 16384.
    let mut huge = make("huge.mp4", small, &["-c:v", "libx264", "-pix_fmt", "yuv420p"]);
    let entry = huge.windows(4).rposition(|name| name == b"avc1").unwrap();
    huge[entry + 28..entry + 32].copy_from_slice(&[0x40, 0, 0x40, 0]);
    everything(huge);

    // The pictures themselves say so; the container does not.
    let mut jpegs = make("huge.mov", small, &["-c:v", "mjpeg", "-pix_fmt", "yuvj420p"]);
    for at in 0..jpegs.len() - 9 {
        if jpegs[at..at + 2] == [0xff, 0xc0] {
            jpegs[at + 5..at + 9].copy_from_slice(&[0x40, 0, 0x40, 0]);
        }
    }
    let refused = Clip::open(Arc::new(jpegs.clone())).and_then(|clip| clip.still(0));
    assert!(refused.is_err_and(|error| error.to_string().ends_with('.')));
    everything(jpegs);

    // Every length in it says ten hours; it holds a second.
    let mut long = make("long.mp4", small, &["-c:v", "libx264", "-pix_fmt", "yuv420p"]);
    for name in [b"mvhd", b"tkhd", b"mdhd"] {
        let at = long.windows(4).position(|four| four == name).unwrap();
        let (scale, length) = match name {
            b"tkhd" => (None, at + 24),
            _ => (Some(at + 16), at + 20),
        };
        let scale = scale.map_or(1000, |at| u32::from_be_bytes(long[at..at + 4].try_into().unwrap()));
        long[length..length + 4].copy_from_slice(&(scale * 36_000).to_be_bytes());
    }
    everything(long);

    // Ten hours for real, of which most frames last an hour, and ten hours of one frame a second.
    let hours = make(
        "hours.mp4",
        small,
        &["-vf", "setpts=N*3600/TB", "-fps_mode", "passthrough", "-frames:v", "11", "-c:v", "libx264"],
    );
    let clip = Clip::open(Arc::new(hours)).unwrap();
    assert_eq!(clip.probe().frames, 11);
    assert!(clip.probe().duration_us >= 36_000_000_000, "{:?}", clip.probe());
    scrub(&clip, &[10, 0, 5]);
    let seconds = make(
        "seconds.mp4",
        "testsrc2=size=32x32:rate=1:duration=36000",
        &["-c:v", "libx264", "-preset", "ultrafast", "-g", "250"],
    );
    let clip = Clip::open(Arc::new(seconds)).unwrap();
    assert_eq!((clip.probe().frames, clip.probe().duration_us), (36_000, 36_000_000_000));
    scrub(&clip, &[35_999, 0, 18_000, 17_999]);
    assert!(clip.usage().unwrap().peak_rss_bytes.is_none_or(|bytes| bytes < 400 << 20), "{:?}", clip.usage());
}

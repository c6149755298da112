//! Every displayed frame of every clip, in every order, is the frame that FFmpeg shows.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

mod common;

use std::{collections::HashMap, path::Path};

use common::{all_real, framemd5, generated, open};
use limpet_testkit::clips::Kind;
use limpet_video::{Clip, Order};

fn hex(md5: [u8; 16]) -> String {
    format!("{:032x}", u128::from_be_bytes(md5))
}

/// Visits all frames in an order and returns the hashes by frame number.
fn visit(clip: &Clip, order: Order) -> Vec<String> {
    let mut visited = Vec::new();
    let mut by_frame = HashMap::new();
    clip.hashes(order, &mut |hash| {
        visited.push(hash.frame);
        by_frame.insert(hash.frame, hash.md5.map_or("damaged".to_owned(), hex));
    })
    .unwrap();
    assert_eq!(visited, order.frames(clip.probe().frames), "the order");
    (0..clip.probe().frames).map(|frame| by_frame.remove(&frame).unwrap()).collect()
}

fn equal(path: &Path) {
    let expected = framemd5(path);
    let clip = open(path);
    assert_eq!(clip.probe().frames as usize, expected.len(), "frames of {}", path.display());
    for order in [Order::Forward, Order::Reverse, Order::Shuffle { seed: 3 }] {
        assert_eq!(visit(&clip, order), expected, "{order:?} of {}", path.display());
    }
    let times = &clip.index().times;
    assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "times of {}", path.display());
    assert_eq!(times.first().map(|time| time.0), Some(0));
    assert!(clip.index().duration >= *times.last().unwrap());
}

macro_rules! generated_clips {
    ($($name:ident: $kind:ident;)*) => {
        $(#[test] fn $name() { equal(&generated(Kind::$kind)); })*
    };
}

generated_clips! {
    b_frames: BFrames;
    edit_list: EditList;
    vfr: Vfr;
    rotated_90: Rotated90;
    rotated_180: Rotated180;
    rotated_270: Rotated270;
    reflected: Reflected;
    reflected_rotated: ReflectedRotated;
    open_gop_hevc: OpenGop;
    ten_bit_hlg: Hlg;
    webm_without_cues: LiveWebm;
    no_audio: NoAudio;
    one_frame: OneFrame;
    odd_size_444: OddFine;
    odd_size_webm: OddWebm;
    full_range: FullRange;
    ten_bit_422: TenBit422;
    iphone: Iphone;
}

#[test]
fn real_phone_clips() {
    for path in all_real() {
        equal(&path);
    }
}

/// Containers and codecs in which a packet is not a picture are indexed by decoding.
#[test]
fn packets_that_are_not_pictures() {
    let dir = tempfile::tempdir().unwrap();
    let source = "testsrc2=size=176x144:rate=25:duration=2";
    let kinds: [(&str, &[&str]); 8] = [
        ("reordered.avi", &["-c:v", "mpeg4", "-bf", "2", "-g", "12"]),
        // An empty picture after each key frame, flagged as one itself.
        ("packed.avi", &["-c:v", "libxvid", "-bf", "2", "-g", "12"]),
        ("reordered264.avi", &["-c:v", "libx264", "-bf", "3", "-g", "12"]),
        ("oldest.mpg", &["-c:v", "mpeg1video", "-bf", "2", "-g", "12"]),
        ("stream.ts", &["-c:v", "libx264", "-bf", "3", "-g", "12"]),
        ("old.mpg", &["-c:v", "mpeg2video", "-bf", "2", "-g", "12"]),
        ("fields.ts", &["-c:v", "libx264", "-flags", "+ilme+ildct", "-x264-params", "tff=1", "-g", "12"]),
        ("motion.avi", &["-c:v", "mjpeg"]),
    ];
    for (name, coding) in kinds {
        let path = dir.path().join(name);
        let path_text = path.to_str().unwrap();
        let head = ["-v", "error", "-y", "-f", "lavfi", "-i", source];
        common::run("ffmpeg", &[&head, coding, &[path_text]].concat());
        equal(&path);
        // Where packets are pictures, every one stays as long.
        assert!(!open(&path).probe().vfr || name == "packed.avi", "{name}");
        // Nothing of it is lost on the way to the browser.
        let copy = dir.path().join("copy.mp4");
        open(&path).rendition(&mut std::fs::File::create(&copy).unwrap()).unwrap();
        assert_eq!(open(&copy).probe().frames, open(&path).probe().frames, "{name}");
    }
}

/// Boxes of an MP4 that are missing or lie: without `stss` every picture claims to be a key frame, without `ctts`
/// every picture claims to be shown when it is decoded.
#[test]
fn containers_that_lie_about_pictures() {
    let dir = tempfile::tempdir().unwrap();
    let source = "testsrc2=size=176x144:rate=25:duration=2";
    let kinds: [(&str, &[u8; 4], &[&str]); 4] = [
        ("keys.mp4", b"stss", &["-c:v", "mpeg4", "-bf", "2", "-g", "12"]),
        ("keys.3gp", b"stss", &["-c:v", "h263", "-g", "12"]),
        ("times.mp4", b"ctts", &["-c:v", "libx264", "-bf", "3", "-g", "12"]),
        ("keys264.mp4", b"stss", &["-c:v", "libx264", "-bf", "3", "-g", "12"]),
    ];
    for (name, hidden, coding) in kinds {
        let path = dir.path().join(name);
        let head = ["-v", "error", "-y", "-f", "lavfi", "-i", source];
        common::run("ffmpeg", &[&head, coding, &[path.to_str().unwrap()]].concat());
        let mut bytes = std::fs::read(&path).unwrap();
        let at = bytes.windows(4).rposition(|name| name == hidden).unwrap();
        bytes[at..at + 4].copy_from_slice(b"free");
        std::fs::write(&path, bytes).unwrap();
        equal(&path);
    }
}

/// Two recordings in one file, the second of which begins anew.
#[test]
fn two_recordings_in_one_file() {
    let dir = tempfile::tempdir().unwrap();
    let mut both = Vec::new();
    for (name, source) in [("a.ts", "testsrc2"), ("b.ts", "testsrc")] {
        let path = dir.path().join(name);
        let source = format!("{source}=size=176x144:rate=25:duration=2");
        let coding =
            ["-c:v", "libx264", "-bf", "2", "-g", "12", "-pix_fmt", "yuv420p", path.to_str().unwrap()];
        common::run("ffmpeg", &[&["-v", "error", "-y", "-f", "lavfi", "-i", &source][..], &coding].concat());
        both.extend(std::fs::read(&path).unwrap());
    }
    let path = dir.path().join("both.ts");
    std::fs::write(&path, both).unwrap();
    equal(&path);
}

/// H.264 with open groups of pictures, and one that never comes back to a key frame.
#[test]
fn rare_key_frames() {
    let dir = tempfile::tempdir().unwrap();
    let source = "testsrc2=size=176x144:rate=25:duration=4";
    let kinds: [(&str, &str); 3] = [
        ("open.mp4", "open-gop=1:keyint=20:min-keyint=20:bframes=3:scenecut=0"),
        ("refresh.mp4", "intra-refresh=1:keyint=20"),
        ("endless.mkv", "keyint=infinite:bframes=3"),
    ];
    for (name, parameters) in kinds {
        let path = dir.path().join(name);
        let head = ["-v", "error", "-y", "-f", "lavfi", "-i", source, "-c:v", "libx264", "-x264-params"];
        common::run("ffmpeg", &[&head[..], &[parameters, path.to_str().unwrap()]].concat());
        equal(&path);
    }
}

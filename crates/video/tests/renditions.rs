//! The copy that browsers play: standard range, upright, head first, with the clip's own times.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

mod common;

use std::{io, path::Path};

use common::{generated, open, run};
use limpet_testkit::clips::{Kind, numbers_by_ffmpeg};
use limpet_video::{ByteSink, VideoError};

/// Makes the rendition of a clip in a file.
fn rendition(clip: &Path, dir: &Path) -> std::path::PathBuf {
    let path = dir.join("rendition.mp4");
    let mut file = std::fs::File::create(&path).unwrap();
    open(clip).rendition(&mut file).unwrap();
    path
}

/// One value of `ffprobe` a line.
fn probe(path: &Path, stream: &str, entries: &str) -> Vec<String> {
    let arguments = [
        "-v",
        "error",
        "-select_streams",
        stream,
        "-show_entries",
        entries,
        "-of",
        "default=nw=1:nk=1",
        path.to_str().unwrap(),
    ];
    let text = String::from_utf8(run("ffprobe", &arguments)).unwrap();
    text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// Names of the boxes at the top of an MP4.
fn boxes(path: &Path) -> Vec<String> {
    let bytes = std::fs::read(path).unwrap();
    let mut names = Vec::new();
    let mut at = 0;
    while at + 8 <= bytes.len() {
        let len = u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        names.push(String::from_utf8_lossy(&bytes[at + 4..at + 8]).into_owned());
        at += if len < 8 { bytes.len() } else { len };
    }
    names
}

#[test]
fn every_kind_of_clip_becomes_one_that_browsers_play() {
    for kind in [
        Kind::BFrames,
        Kind::EditList,
        Kind::Vfr,
        Kind::Rotated90,
        Kind::ReflectedRotated,
        Kind::LiveWebm,
        Kind::Hlg,
    ] {
        let dir = tempfile::tempdir().unwrap();
        let original = generated(kind);
        let clip = open(&original);
        let (width, height) = (clip.probe().shown_width, clip.probe().shown_height);
        let copy = rendition(&original, dir.path());

        let picture =
            probe(&copy, "v:0", "stream=codec_name,width,height,pix_fmt,color_range,color_transfer");
        let expected = ["h264", &width.to_string(), &height.to_string(), "yuv420p", "tv"];
        assert_eq!(picture[..5], expected, "{kind:?}");
        assert!(!["arib-std-b67", "smpte2084"].contains(&picture[5].as_str()), "{kind:?}: {}", picture[5]);
        assert_eq!(probe(&copy, "a:0", "stream=codec_name,sample_rate"), ["aac", "48000"], "{kind:?}");
        assert!(probe(&copy, "v:0", "stream_side_data=rotation").is_empty(), "{kind:?}");

        let names = boxes(&copy);
        let place = |name: &str| names.iter().position(|found| found == name).unwrap();
        assert!(place("moov") < place("mdat"), "{kind:?}: {names:?}");

        let times: Vec<f64> =
            probe(&copy, "v:0", "frame=pts_time").iter().map(|time| time.parse().unwrap()).collect();
        let own: Vec<f64> = clip.index().times.iter().map(|time| time.0 as f64 / 1e6).collect();
        assert_eq!(times.len(), own.len(), "{kind:?}");
        let worst = times.iter().zip(&own).map(|(a, b)| (a - times[0] - b).abs()).fold(0.0, f64::max);
        assert!(worst < 0.0011 && times[0].abs() < 0.0011, "{kind:?}: {worst} {}", times[0]);

        // Upright, whole and in order: the numbers in the pictures say so.
        let side = |side: u32| u16::try_from(side).unwrap();
        let numbers = numbers_by_ffmpeg(&copy, (side(width), side(height))).unwrap();
        let skipped = kind.recipe().skip;
        let expected: Vec<_> = (skipped..kind.recipe().frames).map(Some).collect();
        assert_eq!(numbers, expected, "{kind:?}");

        let sound: f64 = probe(&copy, "a:0", "stream=duration")[0].parse().unwrap();
        let length = clip.index().duration.0 as f64 / 1e6;
        assert!((sound - length).abs() < 0.3, "{kind:?}: {sound} s of sound for {length} s");
    }
}

#[test]
fn large_clips_shrink_and_silent_ones_stay_silent() {
    let dir = tempfile::tempdir().unwrap();
    let copy = rendition(&generated(Kind::Uhd), dir.path());
    assert_eq!(probe(&copy, "v:0", "stream=width,height"), ["1920", "1080"]);
    assert!(probe(&copy, "a:0", "stream=codec_name").is_empty());
    let copy = rendition(&generated(Kind::OddFine), dir.path());
    assert_eq!(probe(&copy, "v:0", "stream=width,height"), ["640", "358"]);
    let copy = rendition(&generated(Kind::OneFrame), dir.path());
    assert_eq!(probe(&copy, "v:0", "stream=nb_frames"), ["1"]);
}

#[test]
fn real_phone_clips_become_playable() {
    for original in common::all_real() {
        let dir = tempfile::tempdir().unwrap();
        let copy = rendition(&original, dir.path());
        let probed = open(&original);
        let frames: usize = probe(&copy, "v:0", "stream=nb_frames")[0].parse().unwrap();
        assert_eq!(frames, probed.probe().frames as usize, "{}", original.display());
        assert_eq!(probe(&copy, "v:0", "stream=codec_name,pix_fmt"), ["h264", "yuv420p"]);
        assert_eq!(
            probe(&copy, "a:0", "stream=codec_name").len(),
            usize::from(probed.probe().audio.is_some())
        );
    }
}

/// A sink without room.
struct Full(u64);

impl ByteSink for Full {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        if offset + bytes.len() as u64 > self.0 {
            return Err(io::Error::new(io::ErrorKind::StorageFull, "no space left"));
        }
        Ok(())
    }
}

#[test]
fn a_full_disk_is_said() {
    let clip = open(&generated(Kind::BFrames));
    match clip.rendition(&mut Full(1000)) {
        Err(VideoError::Bytes(sentence)) => assert!(sentence.contains("no space left"), "{sentence}"),
        other => panic!("{other:?}"),
    }
}

/// Sound that no encoder takes, that changes its kind in the middle, or that claims to come ten minutes later: the
/// pictures are written all the same, and the sound is no longer than they are.
#[test]
fn bad_sound_never_costs_the_pictures() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let pictures = ["-f", "lavfi", "-i", "testsrc2=size=96x64:rate=25:duration=2"];
    let make = |sound: &[&str], coding: &[&str], name: &str| {
        let out = path(name);
        let fixed = ["-c:v", "libx264", "-pix_fmt", "yuv420p"];
        run("ffmpeg", &[&["-v", "error", "-y"], &pictures[..], sound, &fixed, coding, &[&out]].concat());
        out
    };
    let tone = |extra: &'static str| ["-f", "lavfi", "-i", extra];
    let nan = make(
        &tone("aevalsrc='if(between(n,4000,4010),0/0,0.1*sin(n/20))':d=2:s=48000"),
        &["-c:a", "pcm_f32le"],
        "nan.mkv",
    );
    let late = make(
        &[&tone("sine=d=2")[..], &["-af", "asetpts='if(lt(T,1),PTS,PTS+600/TB)'"]].concat(),
        &["-c:a", "aac"],
        "late.mkv",
    );
    let long = make(&tone("sine=d=60"), &["-c:a", "aac"], "long.mkv");
    let first = make(&tone("sine=d=2:r=44100"), &["-c:a", "aac", "-ac", "1"], "first.ts");
    let second = make(&tone("sine=d=2:r=48000"), &["-c:a", "aac", "-ac", "2"], "second.ts");
    let changed = path("changed.ts");
    let both = [std::fs::read(first).unwrap(), std::fs::read(second).unwrap()].concat();
    std::fs::write(&changed, both).unwrap();
    for clip in [nan, late, long, changed] {
        let clip = Path::new(&clip);
        let copy = rendition(clip, dir.path());
        assert_eq!(open(&copy).probe().frames, open(clip).probe().frames, "{}", clip.display());
        let kept = if clip.ends_with("late.mkv") { 0.9 } else { 1.9 };
        let lasts = |stream| probe(&copy, stream, "stream=duration")[0].parse::<f64>().unwrap();
        assert!(
            (kept..=lasts("v:0") + 0.1).contains(&lasts("a:0")),
            "{}: {} {}",
            clip.display(),
            lasts("a:0"),
            lasts("v:0")
        );
    }
}

//! Every generated clip, decoded by the `ffmpeg` program: the numbers that come out are the numbers that were
//! drawn, in order, and what the file says about itself is what its recipe asked for.
#![expect(clippy::unwrap_used, reason = "a test that panics says where")]

use std::{collections::HashSet, fs, process::Command};

use limpet_testkit::clips::{self, Bad, Container, Kind, Timing};
use serde_json::Value;

fn probe(kind: Kind) -> Value {
    let clip = clips::make(kind, &clips::cache_dir()).unwrap();
    let output = Command::new("ffprobe")
        .args([
            "-v",
            "error",
            "-count_packets",
            "-show_format",
            "-show_streams",
            "-show_packets",
            "-of",
            "json",
        ])
        .arg(clip)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn video(probe: &Value) -> &Value {
    probe["streams"].as_array().unwrap().iter().find(|s| s["codec_type"] == "video").unwrap()
}

fn reads_back(kind: Kind) {
    let recipe = kind.recipe();
    let clip = clips::make(kind, &clips::cache_dir()).unwrap();
    let read = clips::numbers_by_ffmpeg(&clip, recipe.size).unwrap();
    let drawn: Vec<_> = recipe.numbers().into_iter().map(Some).collect();
    assert_eq!(read, drawn, "{}", kind.name());
}

#[test]
fn every_clip_shows_the_frames_that_were_drawn() {
    for &kind in Kind::ALL {
        reads_back(kind);
    }
}

#[test]
fn the_number_is_that_of_the_picture_and_not_of_its_place() {
    let recipe = Kind::EditList.recipe();
    let clip = clips::make(Kind::EditList, &clips::cache_dir()).unwrap();
    let first =
        clips::pictures_by_ffmpeg(&clip, (640, 360)).unwrap().first().and_then(clips::Picture::number);
    assert_eq!(first, Some(recipe.skip));
    assert_ne!(recipe.skip, 0);
}

#[test]
fn a_turned_clip_is_stored_turned() {
    for &kind in Kind::ALL {
        let recipe = kind.recipe();
        let probe = probe(kind);
        let stored = (video(&probe)["width"].as_u64().unwrap(), video(&probe)["height"].as_u64().unwrap());
        let (width, height) = (u64::from(recipe.size.0), u64::from(recipe.size.1));
        let (degrees, _) = recipe.turn.degrees();
        let expected = if degrees % 180 == 90 { (height, width) } else { (width, height) };
        assert_eq!(stored, expected, "{}", kind.name());
        let matrix = video(&probe)["side_data_list"]
            .as_array()
            .is_some_and(|all| all.iter().any(|side| side["side_data_type"] == "Display Matrix"));
        assert_eq!(matrix, recipe.turn.degrees() != (0, false), "{}", kind.name());
    }
}

#[test]
fn an_edit_list_hides_packets_that_are_there() {
    for kind in [Kind::EditList, Kind::Iphone] {
        let recipe = kind.recipe();
        let probe = probe(kind);
        let index = &video(&probe)["index"];
        let packets: Vec<_> =
            probe["packets"].as_array().unwrap().iter().filter(|p| &p["stream_index"] == index).collect();
        let hidden = packets.iter().filter(|p| p["flags"].as_str().unwrap().contains('D')).count();
        assert_eq!(packets.len(), usize::from(recipe.frames), "{}", kind.name());
        assert_eq!(hidden, usize::from(recipe.skip), "{}", kind.name());
    }
}

#[test]
fn phone_timing_has_two_durations() {
    for kind in [Kind::Vfr, Kind::Iphone] {
        assert_eq!(kind.recipe().timing, Timing::Phone);
        let probe = probe(kind);
        let index = &video(&probe)["index"];
        let mut times: Vec<f64> = probe["packets"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|p| &p["stream_index"] == index)
            .map(|p| p["pts_time"].as_str().unwrap().parse().unwrap())
            .collect();
        times.sort_by(f64::total_cmp);
        let steps: HashSet<_> = times.windows(2).map(|w| format!("{:.0}", (w[1] - w[0]) * 1000.0)).collect();
        assert_eq!(steps, HashSet::from(["33".to_owned(), "67".to_owned()]), "{}", kind.name());
    }
}

#[test]
fn colours_are_tagged() {
    let hlg = probe(Kind::Iphone);
    assert_eq!(video(&hlg)["color_transfer"], "arib-std-b67");
    assert_eq!(video(&hlg)["color_primaries"], "bt2020");
    assert_eq!(video(&hlg)["pix_fmt"], "yuv420p10le");
    let full = probe(Kind::FullRange);
    assert_eq!(video(&full)["color_range"], "pc");
    assert_eq!(video(&probe(Kind::TenBit422))["pix_fmt"], "yuv422p10le");
}

#[test]
fn a_live_webm_has_neither_duration_nor_cues() {
    assert_eq!(Kind::LiveWebm.recipe().container, Container::WebmLive);
    assert!(probe(Kind::LiveWebm)["format"]["duration"].is_null());
    let bytes = fs::read(clips::make(Kind::LiveWebm, &clips::cache_dir()).unwrap()).unwrap();
    assert!(!bytes.windows(4).any(|id| id == [0x1C, 0x53, 0xBB, 0x6B]), "a Cues element");
}

#[test]
fn open_groups_lean_on_the_one_before() {
    // A leading picture stands after its key frame in the file and before it on the screen.
    let probe = probe(Kind::OpenGop);
    let index = &video(&probe)["index"];
    let mut key = None;
    let mut leading = 0;
    for packet in probe["packets"].as_array().unwrap().iter().filter(|p| &p["stream_index"] == index) {
        let pts = packet["pts"].as_i64().unwrap();
        if packet["flags"].as_str().unwrap().contains('K') {
            key = Some(pts);
        } else if key.is_some_and(|key| pts < key) {
            leading += 1;
        }
    }
    assert!(leading > 0);
}

#[test]
fn a_clip_is_made_once() {
    let dir = tempfile::tempdir().unwrap();
    let first = clips::make(Kind::OneFrame, dir.path()).unwrap();
    let written = fs::metadata(&first).unwrap().modified().unwrap();
    let second = clips::make(Kind::OneFrame, dir.path()).unwrap();
    assert_eq!(first, second);
    assert_eq!(fs::metadata(&second).unwrap().modified().unwrap(), written);
    let names = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(names.filter(|name| !name.to_string_lossy().ends_with(".lock")).count(), 1);
}

#[test]
fn bad_clips_are_bad_in_their_own_way() {
    let dir = clips::cache_dir();
    let size = |bad| fs::metadata(clips::make_bad(bad, &dir).unwrap()).unwrap().len();
    assert_eq!(size(Bad::Empty), 0);
    assert!(size(Bad::TooLarge) > 200 * 1024 * 1024);
    let readable = |bad| {
        clips::numbers_by_ffmpeg(&clips::make_bad(bad, &dir).unwrap(), (640, 360))
            .is_ok_and(|numbers| !numbers.is_empty())
    };
    assert!(readable(Bad::TooLarge));
    assert!(readable(Bad::CutShort));
    for bad in [Bad::Empty, Bad::NoIndex, Bad::Text, Bad::Pdf] {
        assert!(!readable(bad), "{}", bad.name());
    }
}

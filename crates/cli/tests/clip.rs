//! The commands about one clip, run as a person or a script runs them.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use limpet_testkit::clips::{self, Bad, Kind};
use serde_json::Value;

fn cli(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_limpet-cli")).args(arguments).output().unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn generated(kind: Kind) -> PathBuf {
    clips::make(kind, &clips::cache_dir()).unwrap()
}

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn probe_prints_what_the_clip_is() {
    let probe = json(&cli(&["probe", text(&generated(Kind::Iphone))]));
    for (key, value) in [
        ("container", "mov".into()),
        ("codec", "hevc".into()),
        ("width", 1920.into()),
        ("height", 1080.into()),
        ("rotation", 90.into()),
        ("reflected", false.into()),
        ("vfr", true.into()),
        ("transfer", "hlg".into()),
        ("range", "limited".into()),
        ("audio", "aac".into()),
    ] as [(&str, Value); 10]
    {
        assert_eq!(probe[key], value, "{key}");
    }
    assert!(probe["packets"].as_u64() > probe["frames"].as_u64(), "the edit list hides some");
    assert!(probe["duration_us"].as_i64().unwrap() > 2_000_000);
    let silent = json(&cli(&["probe", text(&generated(Kind::NoAudio))]));
    assert_eq!(silent["audio"], Value::Null);
}

/// Of a motion photo, the moving part is what these commands are about.
#[test]
fn a_motion_photo_is_a_clip() {
    let dir = tempfile::tempdir().unwrap();
    let clip = generated(Kind::BFrames);
    let still = clips::make_still(&Kind::Demo.recipe(), 12, &clips::cache_dir()).unwrap();
    let [photo, plain] = ["motion.jpg", "plain.jpg"].map(|name| dir.path().join(name));
    let jpeg = std::fs::read(still).unwrap();
    std::fs::write(&photo, [jpeg.clone(), std::fs::read(&clip).unwrap()].concat()).unwrap();
    std::fs::write(&plain, jpeg).unwrap();
    for command in ["probe", "frames"] {
        let [of_photo, of_clip] = [&photo, &clip].map(|path| cli(&[command, text(path)]));
        assert!(of_photo.status.success(), "{}", String::from_utf8_lossy(&of_photo.stderr));
        assert_eq!(of_photo.stdout, of_clip.stdout, "{command}");
    }
    let error = String::from_utf8(cli(&["probe", text(&plain)]).stderr).unwrap();
    assert!(error.contains("photo, not a video"), "{error}");
}

/// Two cameras in one file: the larger picture is the clip, the other can be asked for.
#[test]
fn every_track_can_be_reviewed() {
    let dir = tempfile::tempdir().unwrap();
    let [both, cover] = ["both.mp4", "cover.jpg"].map(|name| dir.path().join(name));
    let ffmpeg = |arguments: &str, file: &Path| {
        let arguments = arguments.split(' ').chain([text(file)]);
        let output = Command::new("ffmpeg").args(["-v", "error"]).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    ffmpeg("-f lavfi -i testsrc2=size=64x48 -frames:v 1", &cover);
    let cover = text(&cover);
    ffmpeg(
        &format!(
            "-f lavfi -i testsrc2=size=160x96:rate=25:duration=1 -f lavfi -i testsrc=size=320x240:rate=10:duration=2 -i \
             {cover} -map 2 -map 0 -map 1 -c:v libx264 -c:v:0 mjpeg -disposition:v:0 attached_pic \
             -disposition:v:1 default -disposition:v:2 default"
        ),
        &both,
    );
    let probe = json(&cli(&["probe", text(&both)]));
    assert_eq!((&probe["width"], &probe["frames"]), (&320.into(), &20.into()));
    let tracks = probe["tracks"].as_array().unwrap();
    let facts = |of: &str| tracks.iter().map(|track| track[of].clone()).collect::<Vec<_>>();
    assert_eq!(facts("width"), [160, 320], "the cover is no track");
    assert_eq!(facts("chosen"), [false, true]);
    assert_eq!(facts("codec"), ["h264", "h264"]);
    assert_eq!(facts("duration_us"), [1_000_000, 2_000_000]);
    for track in facts("stream") {
        let number = track.to_string();
        let output = cli(&["frames", text(&both), "--track", &number, "--order", "reverse"]);
        let mut hashes: Vec<String> = String::from_utf8(output.stdout)
            .unwrap()
            .lines()
            .map(|line| line.split_once('\t').unwrap().1.to_owned())
            .collect();
        hashes.reverse();
        let expected = ffmpeg(
            &format!("-i {} -map 0:{number} -vsync passthrough -f framemd5", text(&both)),
            Path::new("-"),
        );
        let expected: Vec<String> = String::from_utf8(expected)
            .unwrap()
            .lines()
            .filter(|line| !line.starts_with('#'))
            .map(|line| line.rsplit(',').next().unwrap().trim().to_owned())
            .collect();
        assert!(expected.len() >= 20 && hashes == expected, "{number}: {hashes:?} {expected:?}");
    }
    let none = cli(&["frames", text(&both), "--track", "9"]);
    assert!(String::from_utf8(none.stderr).unwrap().contains("no video track 9"));
}

#[test]
fn frames_come_in_the_order_asked_for() {
    let clip = generated(Kind::EditList);
    let lines = |arguments: &[&str]| {
        let output = cli(&[&["frames", text(&clip)], arguments].concat());
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let forward = lines(&[]);
    let mut reverse = lines(&["--order", "reverse"]);
    let shuffled = lines(&["--order", "shuffle", "--seed", "5"]);
    assert_eq!(shuffled, lines(&["--order", "shuffle", "--seed", "5"]));
    assert_ne!(shuffled, forward);
    reverse.reverse();
    assert_eq!(reverse, forward);
    let time = |line: &String| line.split_once('\t').unwrap().0.parse::<i64>().unwrap();
    let mut sorted = shuffled.clone();
    sorted.sort_by_key(time);
    assert_eq!(sorted, forward);
    assert!(forward.iter().all(|line| line.split_once('\t').unwrap().1.len() == 32));
    assert_eq!(forward.len(), 64);
}

#[test]
fn a_still_is_the_frame_shown_at_that_time() {
    let dir = tempfile::tempdir().unwrap();
    let clip = generated(Kind::Rotated90);
    let picture = dir.path().join("still.png");
    // Frame 6 of 30 a second begins at 200 000 us; until 233 333 it is the one shown.
    for (at, frame) in [("200000", 6), ("199999", 5), ("233332", 6), ("-5", 0), ("99999999", 39)] {
        let output = cli(&["still", text(&clip), "--at-us", at, "-o", text(&picture)]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let rgb = image::open(&picture).unwrap().into_rgb8();
        let (width, height) = (rgb.width() as usize, rgb.height() as usize);
        assert_eq!(
            clips::read_number(clips::Rgb { width, height, bytes: rgb.as_raw() }),
            Some(frame),
            "{at}"
        );
    }
    // Neither the clip nor a file of another kind is replaced.
    let copy = dir.path().join("clip.mp4");
    std::fs::copy(&clip, &copy).unwrap();
    let same = dir.path().join("same.png");
    std::os::unix::fs::symlink(&copy, &same).unwrap();
    for output in [&copy, &same] {
        let refused = cli(&["still", text(&copy), "--at-us", "0", "-o", text(output)]);
        assert_eq!(refused.status.code(), Some(1), "{}", output.display());
    }
    assert!(std::fs::read(&copy).unwrap() == std::fs::read(&clip).unwrap());
    let nowhere = dir.path().join("no/such/folder.png");
    let output = cli(&["still", text(&clip), "--at-us", "0", "-o", text(&nowhere)]);
    assert_eq!(output.status.code(), Some(1));
}

/// The program that everybody has reads the file, and hears in it what it hears in the clip.
#[test]
fn sound_is_written_as_it_is_played() {
    let dir = tempfile::tempdir().unwrap();
    // Times of a transport stream do not begin at zero.
    let clip = dir.path().join("clip.ts");
    let made = Command::new("ffmpeg")
        .args(["-v", "quiet", "-f", "lavfi", "-i", "testsrc2=size=96x64:rate=25:duration=2"])
        .args([
            "-f",
            "lavfi",
            "-i",
            "aevalsrc=0.4*sin(500*t*t):s=48000:d=2",
            "-c:v",
            "libx264",
            "-c:a",
            "aac",
        ])
        .arg(&clip)
        .status();
    assert!(made.unwrap().success());
    let start_us = json(&cli(&["probe", text(&clip)]))["start_us"].as_i64().unwrap();
    assert!(start_us > 1_000_000, "{start_us}");
    let from_us = (start_us + 500_000).to_string();
    let ffmpeg = |arguments: &[&str]| {
        let output = Command::new("ffmpeg").args(["-v", "quiet"]).args(arguments).output().unwrap();
        assert!(output.status.success());
        output.stdout
    };
    for (rate, bytes) in [("1", 192_000), ("0.5", 384_000), ("4", 48_000)] {
        let wav = dir.path().join("sound.wav");
        let raw = dir.path().join("sound.raw");
        for file in [&wav, &raw] {
            let from =
                ["sound", text(&clip), "--from-us", &from_us, "--length-us", "1000000", "--rate", rate];
            let output = cli(&[&from[..], &["-o", text(file)]].concat());
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        let raw = std::fs::read(raw).unwrap();
        assert_eq!(raw.len(), bytes);
        assert!(ffmpeg(&["-i", text(&wav), "-f", "s16le", "-"]) == raw, "the WAV holds the same");
        if rate == "1" {
            let start = format!(
                "atrim=start={}:duration=1,aformat=channel_layouts=stereo",
                (start_us + 500_000) as f64 / 1e6
            );
            let right =
                ffmpeg(&["-copyts", "-i", text(&clip), "-map", "0:a", "-af", &start, "-f", "s16le", "-"]);
            let numbers = |bytes: &[u8]| -> Vec<f64> {
                bytes
                    .chunks_exact(2)
                    .map(|two| f64::from(i16::from_le_bytes(two.try_into().unwrap())))
                    .collect()
            };
            let (right, got) = (numbers(&right), numbers(&raw));
            let off: f64 = right.iter().zip(&got).map(|(right, got)| (right - got).powi(2)).sum();
            let all: f64 = right.iter().map(|right| right.powi(2)).sum();
            assert!(right.len() == got.len() && off * 1e4 < all, "{off} of {all}");
        }
    }
    let silent = cli(&["sound", text(&generated(Kind::NoAudio)), "-o", text(&dir.path().join("none.wav"))]);
    assert_eq!(silent.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&silent.stderr).contains("no sound"));
    for wrong in [["--rate", "9"], ["--hz", "1"], ["--from-us", "99000000"], ["-o", "sound.mp3"]] {
        let out = dir.path().join("x.raw");
        let arguments = [&["sound", text(&clip)], &wrong[..]].concat();
        let named = if wrong[0] == "-o" { arguments } else { [&arguments[..], &["-o", text(&out)]].concat() };
        assert_eq!(cli(&named).status.code(), Some(1), "{wrong:?}");
    }
}

/// The decoder dies half-way: what was there before is still there, and no half of the new.
#[cfg(target_os = "linux")]
#[test]
fn half_a_sound_never_stands_under_its_name() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("sound.wav");
    std::fs::write(&place, b"what was there").unwrap();
    let clip = generated(Kind::Demo);
    // Far more than can be written as long as this test takes.
    let long = ["--length-us", "100000000", "--rate", "0.1", "--hz", "192000"];
    let mut running = Command::new(env!("CARGO_BIN_EXE_limpet-cli"))
        .args([&["sound", text(&clip)], &long[..], &["-o", text(&place)]].concat())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let files = || std::fs::read_dir(dir.path()).unwrap().map(|file| file.unwrap());
    while !files().any(|file| file.metadata().unwrap().len() > 1_000_000) {
        assert!(running.try_wait().unwrap().is_none(), "it is still at it");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let id = running.id();
    let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
    assert!(Command::new("kill").arg("-9").args(children.split_whitespace()).status().unwrap().success());
    assert_eq!(running.wait().unwrap().code(), Some(1));
    assert!(std::fs::read(&place).unwrap() == b"what was there");
    assert_eq!(files().count(), 1, "nothing is left beside it");
}

/// A drag and single steps: no picture is wrong, none comes after a newer one, the last one settles.
#[test]
fn a_trace_shows_nothing_wrong_and_nothing_late() {
    let dir = tempfile::tempdir().unwrap();
    let trace = dir.path().join("trace.json");
    let moments: Vec<Value> =
        (0..40).map(|n| serde_json::json!({"t_ms": n * 10, "pts_us": n * 7 % 75 * 33_334})).collect();
    std::fs::write(&trace, serde_json::to_string(&moments).unwrap()).unwrap();
    for settle in [false, true] {
        let clip = generated(Kind::BFrames);
        let mut arguments = vec!["trace", text(&clip), text(&trace), "--view", "320x240"];
        arguments.extend(settle.then_some("--settle"));
        let report = json(&cli(&arguments));
        assert_eq!((&report["late"], &report["wrong"]), (&0.into(), &0.into()), "{report}");
        let entries = report["entries"].as_array().unwrap();
        assert_eq!(entries.len(), 40);
        assert!(entries[39]["exact_ms"].as_f64().is_some(), "the last one settles");
        if settle {
            assert!(entries.iter().all(|entry| entry["superseded"] == false), "{report}");
        }
        assert!(report["decoded"].as_u64().unwrap() > 0);
        if cfg!(target_os = "linux") {
            assert!(report["peak_rss_bytes"].as_u64().unwrap() > 1 << 20);
            assert!(report["cpu_ms"].as_u64().is_some());
        }
    }
}

/// One sentence on standard error, nothing on standard output, exit code 1.
#[test]
fn bad_input_is_one_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("missing.mp4");
    let bad = |bad| clips::make_bad(bad, &clips::cache_dir()).unwrap();
    for (path, words) in [
        (bad(Bad::Empty), "empty"),
        (bad(Bad::Text), "not a video"),
        (bad(Bad::Pdf), "PDF"),
        (bad(Bad::NoIndex), "cut off"),
        (missing, "no file"),
        (dir.path().to_owned(), "folder"),
    ] {
        for arguments in [vec!["probe", text(&path)], vec!["frames", text(&path), "--order", "reverse"]] {
            let output = cli(&arguments);
            let error = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(1), "{words}: {error}");
            assert!(output.stdout.is_empty(), "{words}");
            assert!(error.contains(words) && error.trim_end().ends_with('.'), "{words}: {error}");
            assert_eq!(error.trim_end().lines().count(), 1, "{error}");
        }
    }
}

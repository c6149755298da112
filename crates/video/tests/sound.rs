//! The sound of a clip is the sound that FFmpeg hears, at the time at which it belongs, at every speed.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a test that cannot go on has failed, and sounds are seconds long"
)]

mod common;

use std::path::Path;

use common::{
    generated, open, real, run,
    sound::{HZ, by_ffmpeg, from, hear, loudness, middle, onset, pitch, snr},
};
use limpet_testkit::clips::Kind;
use limpet_video::{Clip, Passage, Sample, Speed};

const SPEEDS: [f64; 8] = [0.1, 0.125, 0.25, 0.5, 0.8, 1.5, 2.0, 4.0];

/// Sound from several places equals what FFmpeg has there, `lag` samples to either side at most.
fn equal(path: &Path, hz: u32, least: f64, lag: usize) {
    let clip = open(path);
    let right = by_ffmpeg(path, clip.probe().start_us, hz);
    let length = clip.probe().duration_us as f64 / 1e6;
    for start in [0.0, 0.1, 0.321, 0.5, 1.234_567, length * 0.8] {
        let passage = Passage { hz, from: (start * f64::from(hz)).round() as i64, speed: Speed::AS_RECORDED };
        let first = usize::try_from(passage.from).unwrap();
        let count = right.len().min(first + hz as usize).saturating_sub(first + lag);
        if count == 0 {
            continue;
        }
        let got = hear(&clip, passage, 0, count);
        let lags = first.saturating_sub(lag)..=first + lag;
        let db = lags.map(|at| snr(&right[at..at + count], &got)).fold(f64::MIN, f64::max);
        let what = format!("{} at {start:.3} s, {hz} Hz", path.file_name().unwrap().to_string_lossy());
        println!("{what}: {db:.1} dB");
        assert!(db >= least, "{what}: {db:.1} dB");
    }
}

/// Encoders at low rates have decoders make noise of their own, so even FFmpeg is not equal to itself after a seek.
#[test]
fn as_ffmpeg_decodes_it() {
    for kind in [Kind::Plain, Kind::BFrames, Kind::EditList] {
        equal(&generated(kind), HZ, 50.0, 0);
    }
    // Times in WebM are whole milliseconds: after a seek sound lies as exactly as they do.
    for kind in [Kind::LiveWebm, Kind::OddWebm] {
        equal(&generated(kind), HZ, 50.0, HZ as usize / 1000);
    }
    equal(&generated(Kind::BFrames), 44_100, 50.0, 0);
}

/// Where times in the file and its samples do not agree, ours go by the times more closely.
#[test]
fn as_ffmpeg_decodes_real_phone_clips() {
    let names = [
        "sample_edit_list.mp4",
        "sample_android_slow_motion.mp4",
        "portrait_4k60.mp4",
        "nasa_13013_rotated.mp4",
    ];
    for path in real(&names) {
        if open(&path).has_sound() {
            equal(&path, HZ, 50.0, HZ as usize / 50);
        }
    }
}

#[test]
fn parts_are_the_whole() {
    let dir = tempfile::tempdir().unwrap();
    let noise = "anoisesrc=duration=3:seed=3:sample_rate=44100";
    let clip = with_sound(dir.path(), "noise.mov", noise, &["-c:a", "pcm_s16le"]);
    for (rate, returns) in [(1.0, true), (0.5, false)] {
        let passage = from(0.7, rate);
        let whole = hear(&clip, passage, 0, 60_000);
        let mut parts = Vec::new();
        let mut sizes = [1, 480, 7, 6000, 1024].into_iter().cycle();
        while parts.len() < whole.len() {
            let most = sizes.next().unwrap().min(whole.len() - parts.len());
            parts.extend(hear(&clip, passage, parts.len() as u64, most));
        }
        assert!(parts == whole, "at {rate}");
        // One who comes back to a place hears the same there, as far as the stretching allows.
        hear(&clip, from(2.0, 2.0), 0, 1000);
        let again = hear(&clip, passage, 48_000, 12_000);
        if returns {
            let db = snr(&whole[48_000..], &again);
            println!("coming back: {db:.1} dB");
            assert!(db > 60.0, "{db:.1} dB");
        }
    }
}

/// A clip with this sound, by the ffmpeg program.
fn with_sound(dir: &Path, name: &str, sound: &str, more: &[&str]) -> Clip {
    let path = dir.join(name);
    let picture = "testsrc2=size=96x64:rate=30:duration=3";
    let head = ["-v", "error", "-y", "-f", "lavfi", "-i", picture];
    let tail = ["-f", "lavfi"];
    let sound = ["-i", sound, "-c:v", "mpeg4", "-g", "15"];
    let (before, after): (Vec<&str>, Vec<&str>) = if more.first() == Some(&"-itsoffset") {
        (more[..2].to_vec(), more[2..].to_vec())
    } else {
        (vec![], more.to_vec())
    };
    run("ffmpeg", &[&head[..], &tail, &before, &sound, &after, &[path.to_str().unwrap()]].concat());
    open(&path)
}

#[test]
fn slower_and_faster_keep_the_pitch() {
    let dir = tempfile::tempdir().unwrap();
    let clip = with_sound(
        dir.path(),
        "a.mov",
        "sine=frequency=440:sample_rate=44100:duration=3",
        &["-c:a", "pcm_s16le"],
    );
    for hz in [HZ, 44_100] {
        for rate in SPEEDS {
            let passage = Passage { hz, from: 0, speed: Speed::of_rate(rate) };
            // Half a second more than there is.
            let count = (3.0 / rate * f64::from(hz)) as usize;
            let sound = hear(&clip, passage, 0, count + hz as usize / 2);
            let middle = &sound[count / 10..count - count / 10];
            let got = pitch(middle, hz);
            assert!((got - 440.0).abs() < 2.0, "{rate} at {hz} Hz: {got:.2} Hz");
            let end = sound.iter().rposition(|sample| sample[0].unsigned_abs() > 300).unwrap();
            let off = (end as f64 - count as f64) / f64::from(hz) * rate;
            println!("{rate} at {hz} Hz: {got:.3} Hz, ends {:+.1} ms of the clip off", off * 1000.0);
            assert!(off.abs() < 0.05, "{rate} at {hz} Hz ends {off:+.3} s off");
            // Loud all the way: no holes.
            let quiet = middle.chunks_exact(hz as usize / 50).map(loudness).fold(f64::MAX, f64::min);
            assert!(quiet > 0.5 * loudness(middle), "{rate} at {hz} Hz: {quiet}");
        }
    }
}

/// A beep at a known time is heard at that time, wherever one begins and however fast one goes.
#[test]
fn events_keep_their_time() {
    let dir = tempfile::tempdir().unwrap();
    let beep = |rate: u32| format!("aevalsrc='if(between(t,1.5,1.6),0.5*sin(2000*PI*t),0)':s={rate}:d=3");
    let kinds: [(&str, u32, &[&str]); 6] = [
        ("pcm.mov", 48_000, &["-c:a", "pcm_s16le"]),
        ("pcm44.mov", 44_100, &["-c:a", "pcm_s16le"]),
        ("aac.mp4", 44_100, &["-c:a", "aac"]),
        ("opus.mkv", 48_000, &["-c:a", "libopus"]),
        ("mp3.avi", 44_100, &["-c:a", "libmp3lame"]),
        ("late.ts", 48_000, &["-c:a", "aac", "-c:v", "libx264", "-bf", "2"]),
    ];
    for (name, rate, coding) in kinds {
        let clip = with_sound(dir.path(), name, &beep(rate), coding);
        let right = by_ffmpeg(&dir.path().join(name), clip.probe().start_us, HZ);
        let right = onset(&right).unwrap() as f64 / f64::from(HZ);
        // Not every container can say how long an encoder's run-up is.
        let run_up = if name == "mp3.avi" { 0.03 } else { 0.01 };
        assert!((right - 1.5).abs() < run_up, "{name}: {right}");
        for start in [0.0, 0.7, 1.1, 1.45] {
            let first = onset(&hear(&clip, from(start, 1.0), 0, 96_000)).unwrap();
            let off = first as f64 / f64::from(HZ) + start - right;
            println!("{name} from {start}: {:+.2} ms", off * 1000.0);
            assert!(off.abs() < 0.0015, "{name} from {start}: {off:+.4} s");
        }
    }
    let clip = with_sound(dir.path(), "pcm.mov", &beep(48_000), &["-c:a", "pcm_s16le"]);
    for rate in SPEEDS {
        for start in [0.5, 1.0, 1.3] {
            let sound = hear(&clip, from(start, rate), 0, ((2.0 - start) / rate * f64::from(HZ)) as usize);
            let clip_time = |at: f64| at / f64::from(HZ) * rate + start;
            let early = clip_time(onset(&sound).unwrap() as f64) - 1.5;
            let off = clip_time(middle(&sound)) - 1.55;
            println!(
                "at {rate}: begins {:+.1} ms, its middle {:+.1} ms of the clip off",
                early * 1e3,
                off * 1e3
            );
            // Stretching blends windows of 43 ms: a beginning is softened, its place stays.
            assert!(early.abs() < 0.04_f64.max(0.015 * rate), "at {rate} from {start}: {early:+.4} s");
            assert!(off.abs() < 0.016_f64.max(0.008 * rate), "at {rate} from {start}: {off:+.4} s");
        }
    }
}

#[test]
fn where_there_is_no_sound_it_is_silent() {
    let dir = tempfile::tempdir().unwrap();
    let tone = "sine=frequency=440:sample_rate=48000:duration=3";
    let quiet = |sound: &[Sample]| sound.iter().all(|sample| *sample == [0, 0]);
    let at = |seconds: f64| (seconds * f64::from(HZ)) as usize;

    let late =
        with_sound(dir.path(), "late.mkv", tone, &["-itsoffset", "0.7", "-c:a", "pcm_s16le", "-t", "2"]);
    let sound = hear(&late, from(0.0, 1.0), 0, at(3.0));
    let begins = sound.iter().position(|sample| *sample != [0, 0]).unwrap();
    assert!(begins.abs_diff(at(0.7)) < 100, "begins at {begins}");
    let ends = sound.iter().rposition(|sample| *sample != [0, 0]).unwrap();
    assert!(ends > at(1.9) && quiet(&sound[ends + 1..]), "ends at {ends}");

    let gap = "sine=frequency=440:sample_rate=48000:duration=3,aselect='not(between(t,1,1.5))'";
    let gap = with_sound(dir.path(), "gap.mkv", gap, &["-c:a", "pcm_s16le"]);
    for (start, rate) in [(0.0, 1.0), (0.0, 2.0), (0.4, 0.5), (1.2, 1.0)] {
        let passage = from(start, rate);
        let place = |seconds: f64| at((seconds - start).max(0.0) / rate);
        let sound = hear(&gap, passage, 0, place(2.5));
        assert!(quiet(&sound[place(1.08)..place(1.42)]), "the gap, from {start} at {rate}");
        assert!(loudness(&sound[place(1.6)..place(2.4)]) > 500.0, "after the gap, from {start} at {rate}");
    }

    let mute = open(&generated(Kind::NoAudio));
    assert!(!mute.has_sound());
    assert!(quiet(&hear(&mute, from(0.0, 1.0), 0, 48_000)));
    // Before the first frame and long after the last.
    let clip = open(&generated(Kind::BFrames));
    assert!(quiet(&hear(&clip, from(-5.0, 1.0), 0, 48_000)));
    assert!(quiet(&hear(&clip, from(500.0, 0.1), 0, 48_000)));
    assert!(quiet(&hear(
        &clip,
        Passage { hz: 1, from: i64::MIN, speed: Speed::of_rate(4.0) },
        u64::MAX - 999,
        480
    )));
}

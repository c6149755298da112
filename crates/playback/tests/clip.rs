//! A real clip in a real decoder child, on a device that ALSA makes of a file.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

mod common;

use std::{path::Path, process::Command, sync::Arc, time::Instant};

use common::{HZ, TO_FILE, clock, from, player, seconds, wait, with_alsa};
use limpet_playback::{Outlet, Wanted};
use limpet_testkit::clips::{self, Kind};
use limpet_video::{Clip, PlainFile, Speed};
use limpet_wire::sound::Silence;

fn open(kind: Kind) -> (std::path::PathBuf, Arc<Clip>) {
    let path = clips::make(kind, &clips::cache_dir()).unwrap();
    let clip = Clip::open(Arc::new(PlainFile::open(&path).unwrap())).unwrap();
    (path, Arc::new(clip))
}

/// Left samples that the device was given.
fn given(file: &Path) -> Vec<f64> {
    let bytes = std::fs::read(file).unwrap();
    bytes.chunks_exact(8).map(|both| f64::from(f32::from_ne_bytes(both[..4].try_into().unwrap()))).collect()
}

/// Left samples that the ffmpeg program decodes.
fn by_ffmpeg(clip: &Path) -> Vec<f64> {
    let filter = format!("aresample={HZ}:async=1:first_pts=0,aformat=sample_fmts=s16:channel_layouts=stereo");
    let output = Command::new("ffmpeg")
        .args(["-v", "quiet", "-copyts", "-i", clip.to_str().unwrap(), "-map", "0:a:0", "-af", &filter])
        .args(["-f", "s16le", "-"])
        .output()
        .unwrap();
    let left = |both: &[u8]| f64::from(i16::from_le_bytes(both[..2].try_into().unwrap())) / 32768.0;
    output.stdout.chunks_exact(4).map(left).collect()
}

#[test]
fn the_device_is_given_what_ffmpeg_decodes() {
    let Some(folder) = with_alsa("the_device_is_given_what_ffmpeg_decodes", TO_FILE) else { return };
    let (path, clip) = open(Kind::Plain);
    let (player, _) = player(&clip, Outlet::Device);
    for turn in 0..3 {
        let asked = Instant::now();
        player.play(from(0.5));
        println!("start {turn} took {:?}", asked.elapsed());
        wait(800);
        let stopped = player.stop();
        let given = given(&folder.join("out.raw"));
        let end = given.iter().rposition(|sample| *sample != 0.0).unwrap();
        let right = &by_ffmpeg(&path)[HZ as usize / 2..][..end];
        let signal: f64 = right.iter().map(|right| right.powi(2)).sum();
        let noise: f64 = right.iter().zip(&given).map(|(right, given)| (right - given).powi(2)).sum();
        let db = 10.0 * (signal / noise).log10();
        println!("{end} samples, {db:.1} dB, stopped at {stopped:?}");
        assert!(end as f64 / f64::from(HZ) > 0.75 && db > 50.0, "{end} samples, {db:.1} dB");
    }
}

#[test]
fn a_killed_child_ends_the_sound_and_not_the_clock() {
    let Some(folder) = with_alsa("a_killed_child_ends_the_sound_and_not_the_clock", TO_FILE) else { return };
    let (_, clip) = open(Kind::Long);
    let (player, told) = player(&clip, Outlet::Device);
    let first = player.play(Wanted { speed: Speed::of_rate(0.5), ..from(2.0) });
    let began = Instant::now();
    wait(300);
    let children = std::fs::read_to_string("/proc/thread-self/children").unwrap();
    for child in children.split_whitespace() {
        assert!(Command::new("kill").args(["-9", child]).status().unwrap().success());
    }
    wait(1200);
    let clock = clock(&told);
    assert_eq!((clock.playing, clock.silent), (true, Some(Silence::Decoder)), "{children}");
    let off = seconds(clock) - seconds(first) - began.elapsed().as_secs_f64() / 2.0;
    assert!(off.abs() < 0.05, "{off:+.3} s");
    let stopped = player.stop();
    assert!(!stopped.playing && stopped.at >= clock.at);
    let given = given(&folder.join("out.raw"));
    assert!(given[..HZ as usize / 4].iter().any(|sample| sample.abs() > 0.01), "there was sound");
    assert!(given[given.len() - HZ as usize / 4..].iter().all(|sample| *sample == 0.0), "and then none");
}

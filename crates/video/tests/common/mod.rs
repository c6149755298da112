//! Clips to test with, and the `ffmpeg` program as the oracle.
#![allow(dead_code, reason = "each test program uses a part of it")]

pub mod colours;
pub mod heic;
pub mod room;
pub mod sound;

use std::{
    env,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use limpet_testkit::clips::{self, Kind};
use limpet_video::{Clip, PlainFile};

/// The generated clip of a kind.
pub fn generated(kind: Kind) -> PathBuf {
    clips::make(kind, &clips::cache_dir()).expect("the clip is made")
}

/// Those of these real phone clips that are here: `LIMPET_REAL_CLIPS`, which `script/env` sets, is their folder.
pub fn real(names: &[&str]) -> Vec<PathBuf> {
    let folder = env::var_os("LIMPET_REAL_CLIPS").map(PathBuf::from).filter(|folder| folder.is_dir());
    let here = |name: &&str| folder.as_ref().map(|folder| folder.join(name)).filter(|path| path.is_file());
    let here: Vec<PathBuf> = names.iter().filter_map(here).collect();
    if here.is_empty() {
        // Not by `eprintln`: what that says in a test that passes is not shown.
        let _ = writeln!(io::stderr(), "skipped: no real clips");
    }
    here
}

/// All real phone clips that are here.
pub fn all_real() -> Vec<PathBuf> {
    real(&[
        "cursed-vfr.mp4",
        "discard_first_keyframe.mp4",
        "dolbyVision-hdr.MOV",
        "nasa_13013_rotated.mp4",
        "portrait_4k60.mp4",
        "sample_android_slow_motion.mp4",
        "sample_edit_list.mp4",
        "sample_with_color_info.mp4",
    ])
}

/// Opens a clip.
pub fn open(path: &Path) -> Clip {
    let file = PlainFile::open(path).expect("the file opens");
    Clip::open(Arc::new(file)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Runs a program to its end and gives what it printed.
pub fn run(program: &str, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(program).args(arguments).output().unwrap_or_else(|e| panic!("{program}: {e}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {errors}");
    output.stdout
}

/// The hash of every frame that FFmpeg shows, in order.
pub fn framemd5(path: &Path) -> Vec<String> {
    let path = path.to_str().expect("a path in UTF-8");
    let arguments = [
        "-v",
        "quiet",
        "-noautorotate",
        "-i",
        path,
        "-map",
        "0:v:0",
        "-vsync",
        "passthrough",
        "-f",
        "framemd5",
        "-",
    ];
    let text = String::from_utf8(run("ffmpeg", &arguments)).expect("text");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.rsplit(',').next()).map(|hash| hash.trim().to_owned()).collect()
}

/// The upright pictures that FFmpeg shows, RGB, of this size.
pub fn upright_rgb(path: &Path, filter: &str, (width, height): (u32, u32)) -> Vec<Vec<u8>> {
    let path = path.to_str().expect("a path in UTF-8");
    let arguments = [
        "-v",
        "quiet",
        "-i",
        path,
        "-map",
        "0:v:0",
        "-vsync",
        "passthrough",
        "-vf",
        filter,
        "-pix_fmt",
        "rgb24",
        "-f",
        "rawvideo",
        "-",
    ];
    let bytes = run("ffmpeg", &arguments);
    bytes.chunks_exact(width as usize * height as usize * 3).map(<[u8]>::to_vec).collect()
}

/// Peak signal to noise ratio of two pictures, dB.
pub fn psnr(a: &[u8], b: &[u8]) -> f64 {
    assert_eq!(a.len(), b.len(), "pictures of different size");
    let sum: f64 = a.iter().zip(b).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum();
    let mean = sum / a.len() as f64;
    if mean == 0.0 { 100.0 } else { 10.0 * (255.0_f64.powi(2) / mean).log10() }
}

/// Numbers that look random and are the same every time.
pub fn noise(seed: u64) -> impl Iterator<Item = u64> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    })
}

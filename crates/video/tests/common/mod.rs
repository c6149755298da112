//! Clips to test with, and the `ffmpeg` program as the oracle.
#![allow(dead_code, reason = "each test program uses a part of it")]

pub mod colours;
pub mod heic;
pub mod room;
pub mod sound;

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use limpet_testkit::clips::{self, Kind};
use limpet_video::{Clip, FrameSocket, PlainFile};
use limpet_wire::frames::FrameRequest;

/// The generated clip of a kind.
pub fn generated(kind: Kind) -> PathBuf {
    clips::make(kind, &clips::cache_dir()).expect("the clip is made")
}

/// A real phone clip, where the folder with them is present.
pub fn shared(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/clips").join(name);
    let present = path.is_file();
    if !present {
        println!("skipped {name}: the folder with real clips is not here");
    }
    present.then_some(path)
}

/// All real phone clips that are present.
pub fn all_shared() -> Vec<PathBuf> {
    [
        "cursed-vfr.mp4",
        "discard_first_keyframe.mp4",
        "dolbyVision-hdr.MOV",
        "nasa_13013_rotated.mp4",
        "portrait_4k60.mp4",
        "sample_android_slow_motion.mp4",
        "sample_edit_list.mp4",
        "sample_with_color_info.mp4",
    ]
    .into_iter()
    .filter_map(shared)
    .collect()
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

/// Asks for a frame, small, and for one near it meanwhile.
pub fn show(socket: &mut FrameSocket, generation: u32, frame: u32) {
    let request = FrameRequest::Show { generation, frame, max_width: 320, max_height: 320, near_first: true };
    socket.show(&request).expect("the socket is there");
}

//! Colours and shapes, measured against the ffmpeg program and its zscale (zimg). What each test measures is printed,
//! `cargo test --test colour -- --nocapture` shows it.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a test that cannot go on has failed; levels are between 0 and 1"
)]

mod common;

use std::{io::Write as _, path::Path, process::Stdio};

use common::{generated, open, psnr, upright_rgb};
use limpet_testkit::clips::Kind;
use limpet_video::tonemap::{self, BT2020, Table};
use limpet_wire::frames::Transfer;

/// How ffmpeg's scaler makes the best of chroma; by default it makes the fastest.
const FINE: &str = "scale=flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp";
/// Sides of a picture of signals.
const SIDE: usize = 72;

/// Colours of all kinds, and greys from black to white.
fn signals() -> Vec<[f64; 3]> {
    let part = |i: usize, by: usize| (i * by % 4093) as f64 / 4092.0;
    let colours = (0..SIDE * SIDE - SIDE).map(|i| [part(i, 37), part(i, 1009), part(i, 2741)]);
    colours.chain((0..SIDE).map(|i| [i as f64 / (SIDE - 1) as f64; 3])).collect()
}

/// Runs R'G'B' in floating point through a filter of ffmpeg's.
fn zscale(colours: &[[f64; 3]], filter: &str) -> Vec<[f64; 3]> {
    let plane = |at: usize| colours.iter().flat_map(move |rgb| (rgb[at] as f32).to_le_bytes());
    let raw: Vec<u8> = plane(1).chain(plane(2)).chain(plane(0)).collect();
    let size = format!("{SIDE}x{SIDE}");
    let float = ["-f", "rawvideo", "-pix_fmt", "gbrpf32le", "-s", &size, "-i", "-", "-vf", filter];
    let mut ffmpeg = std::process::Command::new("ffmpeg")
        .args(["-v", "error"])
        .args(float)
        .args(["-pix_fmt", "gbrpf32le", "-f", "rawvideo", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = ffmpeg.stdin.take().unwrap();
    std::thread::spawn(move || stdin.write_all(&raw).unwrap());
    let out = ffmpeg.wait_with_output().unwrap().stdout;
    let values: Vec<f64> =
        out.chunks_exact(4).map(|four| f64::from(f32::from_le_bytes(four.try_into().unwrap()))).collect();
    assert_eq!(values.len(), 3 * colours.len(), "{filter}");
    let [g, b, r] = [0, 1, 2].map(|plane| &values[plane * colours.len()..]);
    (0..colours.len()).map(|i| [r[i], g[i], b[i]]).collect()
}

/// What our text says, with zimg doing everything but the highlights: to light by the transfer function, and from
/// light relative to white to the screen.
fn by_zscale(transfer: Transfer, colours: &[[f64; 3]]) -> Vec<[f64; 3]> {
    let name = if transfer == Transfer::Hlg { "arib-std-b67" } else { "smpte2084" };
    let same = "min=gbr:m=gbr:rin=full:r=full";
    let light = zscale(colours, &format!("zscale={same}:tin={name}:t=linear:pin=bt2020:p=bt2020:npl=203"));
    let light: Vec<[f64; 3]> = light
        .into_iter()
        .map(|rgb| if transfer == Transfer::Hlg { by_luminance(rgb) } else { rgb })
        .collect();
    let mapped: Vec<[f64; 3]> = light.into_iter().map(tonemap::highlights).collect();
    zscale(&mapped, &format!("zscale={same}:tin=linear:t=iec61966-2-1:pin=bt2020:p=bt709"))
}

/// zimg applies the OOTF of HLG to each component by itself; BT.2100 applies it to the luminance. For grey both are the
/// same. This takes the one back and applies the other.
fn by_luminance(light: [f64; 3]) -> [f64; 3] {
    let peak = 1000.0 / 203.0;
    let scene = light.map(|v: f64| (v.max(0.0) / peak).powf(1.0 / 1.2));
    let luminance = 0.2627 * scene[0] + 0.6780 * scene[1] + 0.0593 * scene[2];
    scene.map(|v| peak * luminance.powf(0.2) * v)
}

/// Mean and worst difference, in levels of 8 bits.
fn off(got: &[[f64; 3]], right: &[[f64; 3]]) -> (f64, f64) {
    let each = got.iter().flatten().zip(right.iter().flatten());
    let each = each.map(|(got, right)| (got - right.clamp(0.0, 1.0)).abs() * 255.0);
    let (mut sum, mut worst, mut count) = (0.0, 0.0_f64, 0.0);
    for off in each {
        (sum, worst, count) = (sum + off, worst.max(off), count + 1.0);
    }
    (sum / count, worst)
}

#[test]
fn the_tone_map_is_what_zscale_makes_of_its_text() {
    let colours = signals();
    for transfer in [Transfer::Hlg, Transfer::Pq] {
        let right = by_zscale(transfer, &colours);
        let exact: Vec<[f64; 3]> = colours.iter().map(|rgb| tonemap::map(transfer, BT2020, *rgb)).collect();
        let (mean, worst) = off(&exact, &right);
        println!("{transfer:?} formulas: mean {mean:.4}, worst {worst:.3} levels");
        assert!(mean < 0.02 && worst < 0.5, "{transfer:?} formulas: mean {mean:.4}, worst {worst:.3} levels");

        // The table of the glass and of stills, between its nodes. Saturated colours outside BT.709 are cut off at
        // nothing, where the screen's curve is steep: there it is farthest off.
        let table = Table::new(transfer, BT2020);
        let looked_up: Vec<[f64; 3]> = colours
            .iter()
            .map(|rgb| table.at(rgb.map(|v| (v * 65535.0).round() as u16)).map(|v| f64::from(v) / 255.0))
            .collect();
        let (mean, worst) = off(&looked_up, &right);
        let greys = colours.len() - SIDE;
        let (grey_mean, grey_worst) = off(&looked_up[greys..], &right[greys..]);
        println!(
            "{transfer:?} table: mean {mean:.3}, worst {worst:.2}; greys {grey_mean:.3}, {grey_worst:.2} levels"
        );
        assert!(mean < 0.5 && worst < 45.0, "{transfer:?} table: mean {mean:.3}, worst {worst:.2} levels");
        assert!(grey_worst < 1.5, "{transfer:?} greys: {grey_worst:.2} levels");
    }
}

fn encoded(dir: &Path, name: &str, arguments: &[&str]) -> std::path::PathBuf {
    let path = dir.join(name);
    common::run("ffmpeg", &[&["-v", "error"], arguments, &[path.to_str().unwrap()]].concat());
    path
}

/// Every kind of samples that phones and cameras write: the still is ffmpeg's picture.
#[test]
fn stills_have_the_colours_that_ffmpeg_gives_them() {
    let dir = tempfile::tempdir().unwrap();
    let source = "testsrc2=size=640x360:rate=25:duration=0.2,gblur=sigma=2";
    let limited = |matrix: &str| format!("scale=out_color_matrix={matrix}:out_range=tv");
    let full = |matrix: &str| format!("scale=out_color_matrix={matrix}:out_range=pc");
    for (name, filter, format, matrix, range, least) in [
        ("420-709", limited("bt709"), "yuv420p", "bt709", "tv", 40.0),
        ("420-601", limited("bt601"), "yuv420p", "smpte170m", "tv", 40.0),
        ("420-2020", limited("bt2020"), "yuv420p", "bt2020nc", "tv", 40.0),
        ("420-full", full("bt709"), "yuv420p", "bt709", "pc", 40.0),
        ("422", limited("bt709"), "yuv422p", "bt709", "tv", 40.0),
        ("444", limited("bt709"), "yuv444p", "bt709", "tv", 45.0),
        ("420-10", limited("bt709"), "yuv420p10le", "bt709", "tv", 40.0),
        ("422-10", limited("bt709"), "yuv422p10le", "bt709", "tv", 40.0),
        ("444-10", limited("bt709"), "yuv444p10le", "bt709", "tv", 45.0),
    ] {
        let x264 = ["-c:v", "libx264", "-crf", "10", "-pix_fmt", format, "-colorspace", matrix];
        let tags = ["-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", range];
        let head = ["-f", "lavfi", "-i", source, "-vf", &filter];
        let path = encoded(dir.path(), &format!("{name}.mp4"), &[&head[..], &x264, &tags].concat());
        let still = open(&path).still(3).unwrap();
        let right = &upright_rgb(&path, FINE, (640, 360))[3];
        let alike = psnr(&still.rgb, right);
        println!("{name}: {alike:.1} dB");
        assert!(alike > least, "{name}: {alike:.1} dB");
    }
    for kind in [Kind::OddFine, Kind::OddWebm, Kind::TenBit422] {
        let path = generated(kind);
        let clip = open(&path);
        let size = (clip.probe().shown_width, clip.probe().shown_height);
        let alike = psnr(&clip.still(4).unwrap().rgb, &upright_rgb(&path, "null", size)[4]);
        println!("{kind:?}: {alike:.1} dB");
        assert!(alike > 33.0, "{kind:?}: {alike:.1} dB");
    }
}

/// The eight ways a phone can be held and mirrored, as display matrices of the same pictures.
#[test]
fn all_eight_orientations_stand_as_ffmpeg_turns_them() {
    let dir = tempfile::tempdir().unwrap();
    let source = "testsrc2=size=320x180:rate=25:duration=0.2";
    let path = encoded(
        dir.path(),
        "plain.mp4",
        &["-f", "lavfi", "-i", source, "-c:v", "libx264", "-pix_fmt", "yuv420p"],
    );
    let plain = std::fs::read(path).unwrap();
    let matrix = plain.windows(4).position(|name| name == b"tkhd").unwrap() + 44;
    for (a, b, c, d) in [
        (1, 0, 0, 1),
        (0, 1, -1, 0),
        (-1, 0, 0, -1),
        (0, -1, 1, 0),
        (-1, 0, 0, 1),
        (1, 0, 0, -1),
        (0, 1, 1, 0),
        (0, -1, -1, 0),
    ] {
        let mut turned = plain.clone();
        let (width, height) = (320_i32 << 16, 180_i32 << 16);
        let (x, y) = (if a + c < 0 { width.max(0) } else { 0 }, if b + d < 0 { height } else { 0 });
        let one = 1_i32 << 16;
        for (at, value) in [a * one, b * one, 0, c * one, d * one, 0, x, y, 1 << 30].into_iter().enumerate() {
            turned[matrix + at * 4..matrix + at * 4 + 4].copy_from_slice(&value.to_be_bytes());
        }
        let path = dir.path().join("turned.mp4");
        std::fs::write(&path, turned).unwrap();
        let size = if a == 0 { (180, 320) } else { (320, 180) };
        let clip = open(&path);
        assert_eq!((clip.probe().shown_width, clip.probe().shown_height), size);
        let alike = psnr(&clip.still(2).unwrap().rgb, &upright_rgb(&path, FINE, size)[2]);
        println!("{a} {b} {c} {d}: {alike:.1} dB");
        assert!(alike > 33.0, "{a} {b} {c} {d}: {alike:.1} dB");
    }
}

/// Pixels that are not square: stretched as ffmpeg stretches them.
#[test]
fn stretched_pixels_are_where_ffmpeg_puts_them() {
    let dir = tempfile::tempdir().unwrap();
    for (sar, size) in [("16/15", (384, 288)), ("3/4", (360, 384)), ("40/33", (436, 288))] {
        let source = "testsrc2=size=360x288:rate=25:duration=0.2,gblur=sigma=1";
        let filter = format!("setsar={sar}");
        let path = encoded(
            dir.path(),
            "sar.mp4",
            &["-y", "-f", "lavfi", "-i", source, "-vf", &filter, "-c:v", "libx264", "-pix_fmt", "yuv420p"],
        );
        let still = open(&path).still(1).unwrap();
        assert_eq!((still.width, still.height), size);
        let by = format!("scale={}:{}:flags=bicubic+accurate_rnd+full_chroma_int,setsar=1", size.0, size.1);
        let alike = psnr(&still.rgb, &upright_rgb(&path, &by, size)[1]);
        println!("{sar}: {alike:.1} dB");
        assert!(alike > 38.0, "{sar}: {alike:.1} dB");
    }
}

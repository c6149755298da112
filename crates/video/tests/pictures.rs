//! Stills, posters and photos look as the person who filmed meant them.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::sync::Arc;

use common::{generated, open, psnr, upright_rgb};
use limpet_testkit::clips::{self, Kind, Rgb, read_number};
use limpet_video::{Order, Picture, photo_poster};

fn number(picture: &Picture) -> Option<u16> {
    read_number(Rgb { width: picture.width as usize, height: picture.height as usize, bytes: &picture.rgb })
}

/// Every rotation and mirroring: the picture stands as FFmpeg turns it, and the number in it can be read.
#[test]
fn stills_stand_upright() {
    for kind in [
        Kind::BFrames,
        Kind::Rotated90,
        Kind::Rotated180,
        Kind::Rotated270,
        Kind::Reflected,
        Kind::ReflectedRotated,
        Kind::FullRange,
    ] {
        let path = generated(kind);
        let clip = open(&path);
        let size = (clip.probe().shown_width, clip.probe().shown_height);
        let expected = upright_rgb(&path, "null", size);
        for frame in [0, 17, clip.probe().frames - 1] {
            let still = clip.still(frame).unwrap();
            assert_eq!((still.width, still.height), size);
            let alike = psnr(&still.rgb, &expected[frame as usize]);
            assert!(alike > 33.0, "{kind:?} frame {frame}: {alike:.1} dB");
            assert_eq!(number(&still).map(u32::from), Some(frame), "{kind:?}");
        }
    }
}

#[test]
fn stills_of_real_clips_stand_upright() {
    for (name, frame) in [("nasa_13013_rotated.mp4", 5), ("portrait_4k60.mp4", 9)] {
        let [path] = &common::real(&[name])[..] else { continue };
        let clip = open(path);
        let size = (clip.probe().shown_width, clip.probe().shown_height);
        let alike = psnr(&clip.still(frame).unwrap().rgb, &upright_rgb(path, "null", size)[frame as usize]);
        assert!(alike > 33.0, "{name}: {alike:.1} dB");
    }
}

/// High dynamic range becomes standard range: grey stays grey, nothing is as flat as the raw signal, and white
/// is bright.
#[test]
fn stills_of_hdr_clips_are_in_standard_range() {
    let path = generated(Kind::Hlg);
    let clip = open(&path);
    let still = clip.still(20).unwrap();
    let brightest = still.rgb.iter().copied().max().unwrap();
    let darkest = still.rgb.iter().copied().min().unwrap();
    assert!(brightest > 200 && darkest < 40, "{darkest}..{brightest}");
    // The reference: zimg's HLG to linear light and our own curve is tested in tonemap; here only the place of
    // things is compared, so the raw signal does, and must differ.
    let raw = &upright_rgb(&path, "null", (1280, 720))[20];
    let alike = psnr(&still.rgb, raw);
    assert!((12.0..32.0).contains(&alike), "{alike:.1} dB from the raw signal");
}

#[test]
fn stretched_pixels_become_square() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("dv.mp4");
    let path_text = path.to_str().unwrap();
    let source = "testsrc2=size=360x288:rate=25:duration=0.2";
    let arguments =
        ["-v", "error", "-f", "lavfi", "-i", source, "-vf", "setsar=16/15", "-c:v", "libx264", path_text];
    common::run("ffmpeg", &arguments);
    let clip = open(&path);
    assert_eq!((clip.probe().width, clip.probe().shown_width), (360, 384));
    let still = clip.still(0).unwrap();
    assert_eq!((still.width, still.height), (384, 288));
}

#[test]
fn posters_fit_and_never_grow() {
    let clip = open(&generated(Kind::Rotated270));
    for (side, size) in [(160, (90, 160)), (4000, (360, 640))] {
        let jpeg = clip.poster(side).unwrap();
        let picture = image_of(&jpeg);
        assert_eq!((picture.width, picture.height), size);
    }
}

#[test]
fn asking_past_the_end_says_how_many_there_are() {
    let clip = open(&generated(Kind::OneFrame));
    let error = clip.still(1).unwrap_err().to_string();
    assert!(error.contains("no frame 1") && error.contains("it has 1"), "{error}");
    assert!(clip.still(0).is_ok());
    let mut frames = 0;
    clip.hashes(Order::Reverse, &mut |_| frames += 1).unwrap();
    assert_eq!(frames, 1);
}

#[test]
fn photos_are_turned_and_shrunk() {
    let dir = tempfile::tempdir().unwrap();
    let plain = dir.path().join("plain.jpg");
    let arguments = ["-v", "error", "-f", "lavfi", "-i", "testsrc2=size=400x200", "-frames:v", "1"];
    common::run("ffmpeg", &[&arguments[..], &[plain.to_str().unwrap()]].concat());
    let jpeg = std::fs::read(&plain).unwrap();
    let poster = photo_poster(Arc::new(jpeg.clone()), 100).unwrap();
    assert_eq!((poster.width, poster.height), (100, 50));
    assert_eq!(image_of(&poster.jpeg).width, 100);

    // The same photo taken with the phone upright: an EXIF orientation of 6.
    let exif = b"\xff\xe1\x00\x22Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let turned = [&jpeg[..2], exif, &jpeg[2..]].concat();
    let poster = photo_poster(Arc::new(turned), 100).unwrap();
    assert_eq!((poster.width, poster.height), (50, 100));

    let error = photo_poster(Arc::new(b"not a photo".to_vec()), 100).unwrap_err().to_string();
    assert!(error.contains("not a photo"), "{error}");
}

#[test]
fn a_photo_from_the_generator_keeps_its_look() {
    let photo = clips::make_still(&Kind::Demo.recipe(), 12, &clips::cache_dir()).unwrap();
    let poster = photo_poster(Arc::new(std::fs::read(photo).unwrap()), 8000).unwrap();
    assert_eq!(number(&image_of(&poster.jpeg)), Some(12));
}

fn image_of(jpeg: &[u8]) -> Picture {
    let picture = image::load_from_memory(jpeg).unwrap().into_rgb8();
    Picture { width: picture.width(), height: picture.height(), rgb: picture.into_raw() }
}

//! Photos of every kind come out upright and in the colours they were taken in.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

mod common;

use std::{io::Cursor, sync::Arc};

use common::{
    colours::{HEIGHT, P3, WIDTH, display_p3, middles, patches},
    heic::{Heic, Pixels, boxed, nclx},
    psnr,
};
use image::{
    ExtendedColorType, ImageEncoder, RgbImage,
    codecs::{jpeg::JpegEncoder, png::PngEncoder, webp::WebPEncoder},
    imageops,
};
use limpet_testkit::clips::{self, Kind, Rgb, read_number};
use limpet_video::{Clip, Order, Part, PlainFile, VideoError, photo_motion, photo_poster};

fn shown(photo: Vec<u8>) -> RgbImage {
    let poster = photo_poster(Arc::new(photo), 8192).unwrap();
    let picture = image::load_from_memory(&poster.jpeg).unwrap().into_rgb8();
    assert_eq!((picture.width(), picture.height()), (poster.width, poster.height));
    picture
}

/// A photo with the number 12 in it.
fn photo() -> RgbImage {
    let path = clips::make_still(&Kind::Demo.recipe(), 12, &clips::cache_dir()).unwrap();
    image::open(path).unwrap().into_rgb8()
}

fn heic(how: &Heic, photo: &RgbImage) -> Vec<u8> {
    how.write(&Pixels { width: photo.width(), height: photo.height(), rgb: photo, deep: false })
}

#[test]
fn a_heic_is_what_was_put_in() {
    let photo = photo();
    let picture = shown(heic(&Heic { properties: vec![nclx(1, 13, 1)], ..Heic::default() }, &photo));
    assert!(psnr(&picture, &photo) > 38.0, "{:.1} dB", psnr(&picture, &photo));
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    assert_eq!(read_number(Rgb { width, height, bytes: &picture }), Some(12));
}

#[test]
fn a_heic_of_another_program_is_read() {
    let picture = shown(clips::HEIC.to_vec());
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    assert_eq!((width, height), (480, 270));
    assert_eq!(read_number(Rgb { width, height, bytes: &picture }), Some(12));
}

/// Phones cut their pictures into pieces and say colours and rotation of the whole.
#[test]
fn a_grid_is_one_picture() {
    let photo = imageops::thumbnail(&photo(), 512, 256);
    let properties = vec![nclx(1, 13, 1), boxed("irot", &[&[3]])];
    let picture =
        shown(heic(&Heic { properties, grid: Some((4, 2)), exif: Some(6), ..Heic::default() }, &photo));
    let expected = imageops::rotate90(&photo);
    assert_eq!(picture.dimensions(), (256, 512));
    assert!(psnr(&picture, &expected) > 34.0, "{:.1} dB", psnr(&picture, &expected));
}

type Turn = fn(&RgbImage) -> RgbImage;

/// The file's own properties turn it. EXIF says the same again on every phone, and must not turn it twice.
#[test]
fn a_heic_is_turned_once() {
    let photo = imageops::thumbnail(&photo(), 160, 96);
    // irot counts quarters of a turn to the left; imir 0 swaps top and bottom, 1 left and right.
    let turns: [(&str, u8, Turn); 6] = [
        ("irot", 0, RgbImage::clone),
        ("irot", 1, |photo| imageops::rotate270(photo)),
        ("irot", 2, |photo| imageops::rotate180(photo)),
        ("irot", 3, |photo| imageops::rotate90(photo)),
        ("imir", 0, |photo| imageops::flip_vertical(photo)),
        ("imir", 1, |photo| imageops::flip_horizontal(photo)),
    ];
    for (name, value, turn) in turns {
        for exif in [None, Some(1), Some(6), Some(8)] {
            let properties = vec![nclx(1, 13, 1), boxed(name, &[&[value]])];
            let picture = shown(heic(&Heic { properties, exif, ..Heic::default() }, &photo));
            let expected = turn(&photo);
            assert_eq!(picture.dimensions(), expected.dimensions());
            let alike = psnr(&picture, &expected);
            assert!(alike > 30.0, "{name} {value} {exif:?}: {alike:.1} dB");
        }
    }
}

#[test]
fn a_real_heic_stands_upright() {
    let [path] = &common::real(&["gradient_rotated.heic"])[..] else { return };
    let poster = photo_poster(Arc::new(PlainFile::open(path).unwrap()), 8192).unwrap();
    assert_eq!((poster.width, poster.height), (720, 1280));
}

/// EXIF turns JPEG, PNG and WebP, each once, in all eight ways.
#[test]
fn exif_turns_the_other_kinds() {
    let photo = imageops::thumbnail(&photo(), 160, 96);
    let tiff = |orientation| {
        [&b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0"[..], &[orientation], &[0; 6]].concat()
    };
    for orientation in 1..=8 {
        let mut expected = image::DynamicImage::ImageRgb8(photo.clone());
        expected.apply_orientation(image::metadata::Orientation::from_exif(orientation).unwrap());
        let expected = expected.into_rgb8();
        for (kind, file) in coded(&photo, None, Some(tiff(orientation))) {
            let picture = shown(file);
            assert_eq!(picture.dimensions(), expected.dimensions(), "{kind} {orientation}");
            let alike = psnr(&picture, &expected);
            assert!(alike > 29.0, "{kind} {orientation}: {alike:.1} dB");
        }
    }
}

/// The same picture as JPEG, PNG and WebP.
fn coded(photo: &RgbImage, icc: Option<Vec<u8>>, exif: Option<Vec<u8>>) -> [(&'static str, Vec<u8>); 3] {
    fn write(mut encoder: impl ImageEncoder, photo: &RgbImage, icc: Option<Vec<u8>>, exif: Option<Vec<u8>>) {
        if let Some(icc) = icc {
            encoder.set_icc_profile(icc).unwrap();
        }
        if let Some(exif) = exif {
            encoder.set_exif_metadata(exif).unwrap();
        }
        encoder.write_image(photo, photo.width(), photo.height(), ExtendedColorType::Rgb8).unwrap();
    }
    let [mut jpeg, mut png, mut webp] = [const { Vec::new() }; 3];
    write(JpegEncoder::new_with_quality(&mut jpeg, 100), photo, icc.clone(), exif.clone());
    write(PngEncoder::new(&mut png), photo, icc.clone(), exif.clone());
    write(WebPEncoder::new_lossless(&mut webp), photo, icc, exif);
    [("JPEG", jpeg), ("PNG", png), ("WebP", webp)]
}

fn p3_photo() -> RgbImage {
    RgbImage::from_raw(WIDTH, HEIGHT, patches()).unwrap()
}

/// At most three levels off: one for what went in, and two for the JPEG that comes out.
fn assert_srgb(what: &str, photo: Vec<u8>) {
    let picture = shown(photo);
    for (got, (p3, srgb)) in middles(&picture, WIDTH).into_iter().zip(P3) {
        let off = got.iter().zip(srgb).map(|(a, b)| a.abs_diff(b)).max().unwrap();
        assert!(off <= 3, "{what}: {p3:?} became {got:?} instead of {srgb:?}");
    }
}

#[test]
fn display_p3_becomes_srgb_whatever_says_so() {
    let photo = p3_photo();
    for (kind, file) in coded(&photo, Some(display_p3()), None) {
        assert_srgb(kind, file);
    }
    let profile = boxed("colr", &[b"prof", &display_p3()]);
    let says = [
        ("prof", vec![profile.clone(), nclx(2, 2, 1)]),
        // As some cameras have it: the numbers are for the matrix alone.
        ("prof and nclx", vec![profile, nclx(1, 13, 1)]),
        ("nclx", vec![nclx(12, 13, 1)]),
    ];
    for (what, properties) in says {
        assert_srgb(what, heic(&Heic { properties, ..Heic::default() }, &photo));
    }
    let [_, (_, png), _] = coded(&photo, None, None);
    assert_srgb("cICP", with_cicp(&png, [12, 13, 0, 1]));
}

#[test]
fn without_a_profile_or_with_a_broken_one_it_is_srgb() {
    let photo = p3_photo();
    let plain = coded(&photo, None, None).into_iter();
    let broken = coded(&photo, Some(b"this is no profile".to_vec()), None).into_iter();
    let heic = heic(&Heic { properties: vec![nclx(1, 13, 1)], ..Heic::default() }, &photo);
    for (kind, file) in plain.chain(broken).chain([("HEIC", heic)]) {
        for (got, (stored, _)) in middles(&shown(file), WIDTH).into_iter().zip(P3) {
            let off = got.iter().zip(stored).map(|(a, b)| a.abs_diff(b)).max().unwrap();
            assert!(off <= 3, "{kind}: {stored:?} became {got:?}");
        }
    }
}

/// Of 10 bits, in the curve of an HDR photo: as our tone map has it for clips.
#[test]
fn hdr_photos_are_in_standard_range() {
    use limpet_video::tonemap;
    use limpet_wire::frames::Transfer;
    // The second as some cameras have it, with a profile for those who do not know the numbers.
    let profile = boxed("colr", &[b"prof", &display_p3()]);
    for (transfer, number, profile) in [(Transfer::Pq, 16, None), (Transfer::Hlg, 18, Some(profile))] {
        let levels = (0..8_u16).map(|n| n * 6553).map(|v| [v + 6553, v + 3276, v]);
        let signals: Vec<[f64; 3]> = levels.clone().map(|rgb| rgb.map(|v| f64::from(v) / 65535.0)).collect();
        let row: Vec<u8> = levels.flat_map(|rgb| rgb.map(u16::to_le_bytes).concat().repeat(32)).collect();
        let pixels = Pixels { width: WIDTH, height: HEIGHT, rgb: &row.repeat(32), deep: true };
        let properties = profile.into_iter().chain([nclx(9, number, 1)]).collect();
        let picture = shown(Heic { properties, ..Heic::default() }.write(&pixels));
        for (got, signal) in middles(&picture, WIDTH).into_iter().zip(signals) {
            let expected = tonemap::map(transfer, tonemap::BT2020, signal).map(|v| v * 255.0);
            let off = got.iter().zip(expected).map(|(a, b)| (f64::from(*a) - b).abs()).fold(0.0, f64::max);
            assert!(off < 6.0, "{transfer:?} {signal:?}: {got:?} instead of {expected:?}");
        }
    }
}

/// Ten bits, in standard range: not brighter or darker than eight.
#[test]
fn a_heic_of_ten_bits_is_like_one_of_eight() {
    let photo = photo();
    let deep: Vec<u8> = photo.iter().flat_map(|v| [*v, *v]).collect();
    let pixels = Pixels { width: photo.width(), height: photo.height(), rgb: &deep, deep: true };
    let picture = shown(Heic { properties: vec![nclx(1, 13, 1)], ..Heic::default() }.write(&pixels));
    assert!(psnr(&picture, &photo) > 38.0, "{:.1} dB", psnr(&picture, &photo));
}

/// What is transparent is white, what is half transparent half as strong.
#[test]
fn alpha_stands_on_white() {
    let photo = RgbImage::from_pixel(96, 32, image::Rgb([200, 40, 0]));
    let alpha: Vec<u8> = [[255; 32], [128; 32], [0; 32]].concat().repeat(32);
    let expected = [[200, 40, 0], [227, 147, 127], [255, 255, 255]];
    let mut rgba = image::RgbaImage::new(96, 32);
    for (pixel, alpha) in rgba.pixels_mut().zip(&alpha) {
        *pixel = image::Rgba([200, 40, 0, *alpha]);
    }
    let mut png = Cursor::new(Vec::new());
    rgba.write_to(&mut png, image::ImageFormat::Png).unwrap();
    let mut multiplied = photo.clone();
    for (pixel, alpha) in multiplied.pixels_mut().zip(&alpha) {
        pixel.0 = pixel.0.map(|v| u8::try_from(u16::from(v) * u16::from(*alpha) / 255).unwrap());
    }
    let mut how = Heic { properties: vec![nclx(1, 13, 1)], alpha: Some(alpha), ..Heic::default() };
    let plain = heic(&how, &photo);
    how.premultiplied = true;
    let files = [("HEIC", plain), ("multiplied", heic(&how, &multiplied)), ("PNG", png.into_inner())];
    for (kind, file) in files {
        for (got, expected) in middles(&shown(file), 96).into_iter().zip(expected) {
            let off = got.iter().zip(expected).map(|(a, b)| a.abs_diff(b)).max().unwrap();
            assert!(off <= 3, "{kind}: {got:?} instead of {expected:?}");
        }
    }
}

/// Photos with a clip in them as Google, Samsung and HEIC writers have it: the photo is shown as ever, and the clip is
/// the one that was put in.
#[test]
fn a_motion_photo_is_split() {
    let photo = imageops::thumbnail(&photo(), 160, 96);
    let [(_, jpeg), (_, png), _] = coded(&photo, None, None);
    let heic = heic(&Heic { properties: vec![nclx(1, 13, 1)], ..Heic::default() }, &photo);
    let mp4 = std::fs::read(common::generated(Kind::OneFrame)).unwrap();
    let hashes = |clip: &Clip| {
        let mut all = Vec::new();
        clip.hashes(Order::Forward, &mut |frame| all.push(frame)).unwrap();
        all
    };
    let expected = hashes(&common::open(&common::generated(Kind::OneFrame)));
    let trailer = b"\0\0\x30\x0a\x11\0\0\0SEFH\x6b\0\0\0\x01\0\0\0SEFT";
    for (maker, before, after) in [
        ("Google", jpeg.clone(), &b""[..]),
        ("Samsung", [&jpeg[..], b"\0\0\x30\x0a\x10\0\0\0MotionPhoto_DataMotionPhoto_Data"].concat(), trailer),
        ("HEIC", [&heic[..], &(u32::try_from(mp4.len() + 8).unwrap()).to_be_bytes(), b"mpvd"].concat(), b""),
    ] {
        let file = [&before, &mp4[..], after].concat();
        let picture = shown(file.clone());
        assert_eq!(picture, shown(before.clone()), "{maker}");
        let range = photo_motion(Arc::new(file.clone())).unwrap().unwrap();
        assert_eq!(range, before.len() as u64..(before.len() + mp4.len()) as u64, "{maker}");
        let clip = Clip::open(Arc::new(Part::new(Arc::new(file), range))).unwrap();
        assert_eq!(hashes(&clip), expected, "{maker}");
    }
    for without in [jpeg, heic, png.clone(), mp4.clone(), [png, mp4].concat()] {
        assert_eq!(photo_motion(Arc::new(without)).unwrap(), None);
    }
    assert!(photo_motion(Arc::new(Vec::new())).is_err());
}

#[test]
fn what_cannot_be_shown_says_what_to_do() {
    let avif = b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf\0\0\0\0".to_vec();
    let other = {
        let mut file = heic(&Heic::default(), &photo());
        let kind = file.windows(4).position(|name| name == b"hvc1").unwrap();
        file[kind..kind + 4].copy_from_slice(b"av01");
        file
    };
    for (file, words) in [
        (avif, ["AVIF", "as JPEG"]),
        (other, ["HEIC", "as JPEG"]),
        (b"text".to_vec(), ["not a photo", "original"]),
    ] {
        let error = photo_poster(Arc::new(file), 100).unwrap_err();
        let VideoError::BadClip(text) = &error else { panic!("{error}") };
        assert!(words.iter().all(|word| text.contains(word)) && text.ends_with('.'), "{text}");
    }
}

/// A PNG that says in numbers what its colours are.
fn with_cicp(png: &[u8], numbers: [u8; 4]) -> Vec<u8> {
    let chunk = [&b"cICP"[..], &numbers].concat();
    let crc = !chunk.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| crc >> 1 ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    });
    // After the signature and IHDR.
    [&png[..33], &4_u32.to_be_bytes(), &chunk, &crc.to_be_bytes(), &png[33..]].concat()
}

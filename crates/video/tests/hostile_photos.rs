//! Photos that are broken on purpose or lie. The parent gets a picture or a sentence, every time.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use common::{
    colours::display_p3,
    heic::{Heic, Pixels, Place, boxed, nclx},
    noise,
};
use image::{ImageFormat, RgbImage};
use limpet_video::{VideoError, photo_motion, photo_poster};

/// Shows a photo, or says in a sentence why not.
fn look(photo: Vec<u8>) -> Option<VideoError> {
    if photo.len().is_multiple_of(4) {
        let _ = photo_motion(Arc::new(photo.clone())).unwrap();
    }
    let error = photo_poster(Arc::new(photo), 256).err()?;
    assert!(matches!(error, VideoError::BadClip(_) | VideoError::TooLarge(_)), "{error}");
    let text = error.to_string();
    assert!(text.ends_with('.') && text.len() > 20, "{text}");
    Some(error)
}

fn photo() -> RgbImage {
    RgbImage::from_fn(128, 64, |x, y| image::Rgb([x * 2, y * 4, x * y].map(|v| v.to_le_bytes()[0])))
}

fn heic(how: &Heic) -> Vec<u8> {
    how.write(&Pixels { width: 128, height: 64, rgb: &photo(), deep: false })
}

/// With everything that phones put into one.
fn rich() -> Heic {
    let properties = vec![boxed("colr", &[b"prof", &display_p3()]), nclx(12, 13, 1), boxed("irot", &[&[3]])];
    Heic { properties, exif: Some(6), grid: Some((2, 1)), ..Heic::default() }
}

fn photos() -> Vec<Vec<u8>> {
    let plain = [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP].map(|format| {
        let mut file = std::io::Cursor::new(Vec::new());
        photo().write_to(&mut file, format).unwrap();
        file.into_inner()
    });
    let alpha = Heic { alpha: Some(vec![128; 128 * 64]), ..Heic::default() };
    [heic(&rich()), heic(&alpha)].into_iter().chain(plain).collect()
}

#[test]
fn cut_off_anywhere() {
    for photo in photos() {
        assert_eq!(look(photo.clone()), None);
        for part in 0..24 {
            let _ = look([&photo[..photo.len() * part / 24], if part == 0 { b"x" } else { &[] }].concat());
        }
    }
    let whole = heic(&rich());
    for missing in [1, 100, whole.len() / 2] {
        let error = look(whole[..whole.len() - missing].to_vec()).unwrap().to_string();
        assert!(error.contains("cut off") && error.contains("sent again"), "{missing}: {error}");
    }
}

#[test]
fn with_flipped_bytes() {
    for (seed, photo) in (0..).zip(photos()) {
        for damage in [1, 4, 40] {
            for again in 0..8 {
                let mut broken = photo.clone();
                let mut numbers = noise(seed * 1000 + damage * 10 + again);
                for _ in 0..damage {
                    let (Some(at), Some(value)) = (numbers.next(), numbers.next()) else { continue };
                    let at = usize::try_from(at).unwrap() % broken.len();
                    broken[at] = value.to_le_bytes()[0];
                }
                let _ = look(broken);
            }
        }
    }
}

/// The boxes before the picture are where a few bytes do most.
#[test]
fn with_a_broken_description() {
    let whole = heic(&rich());
    let end = whole.windows(4).position(|name| name == b"mdat").unwrap();
    for seed in 0..120 {
        let mut broken = whole.clone();
        let mut numbers = noise(seed);
        for _ in 0..3 {
            let (Some(at), Some(value)) = (numbers.next(), numbers.next()) else { continue };
            broken[usize::try_from(at).unwrap() % end] = value.to_le_bytes()[0];
        }
        let _ = look(broken);
    }
}

#[test]
fn a_size_that_is_a_lie_is_not_believed() {
    for (ispe, words) in [
        ((60_000, 60_000), "60000 by 60000"),
        ((16_000, 16_000), "16000 by 16000"),
        ((u32::MAX, u32::MAX), "no picture size"),
        ((8_000, 8_000), "damaged"),
        ((16, 16), "larger than Limpet can show"),
        ((0, 64), "damaged"),
    ] {
        let error = look(heic(&Heic { ispe: Some(ispe), ..Heic::default() }));
        let text = error.map_or("it was shown".into(), |error| error.to_string());
        assert!(text.contains(words), "{ispe:?}: {text}");
    }
    for side in [60_000, 16_000] {
        let error = look(heic(&Heic { ispe: Some((side, side)), grid: Some((2, 1)), ..Heic::default() }));
        assert!(matches!(error, Some(VideoError::TooLarge(_))), "{side}: {error:?}");
    }
}

/// A picture made of itself, and one made of more pieces than any phone makes.
#[test]
fn pictures_of_pictures_end() {
    let mut itself = heic(&rich());
    let dimg = itself.windows(4).position(|name| name == b"dimg").unwrap();
    // From, count, then the pieces: the first is the whole.
    itself[dimg + 8..dimg + 10].copy_from_slice(&[0, 1]);
    assert!(look(itself).is_some());
    let mut many = heic(&rich());
    let mdat = many.windows(4).position(|name| name == b"mdat").unwrap();
    many[mdat + 6..mdat + 8].copy_from_slice(&[255, 255]);
    assert!(look(many).is_some());
}

/// The first parameter set is right, and a second one with its number claims as much as a decoder takes: in the record,
/// among the units of the picture, and in every piece of one.
#[test]
fn a_second_set_that_claims_more_is_found_before_anything_is_decoded() {
    for place in [Place::Record, Place::Picture] {
        for grid in [None, Some((2, 1))] {
            for claimed in [(16_384, 16_384), (8_192, 8_192), (32_768, 64)] {
                let liar = Heic { second: Some((place, claimed)), grid, ..Heic::default() };
                let error = look(heic(&liar));
                assert!(matches!(error, Some(VideoError::TooLarge(_))), "{claimed:?}: {error:?}");
            }
            let honest = Heic { second: Some((place, (128, 64))), ..Heic::default() };
            assert_eq!(look(heic(&honest)), None);
        }
    }
}

/// One large piece again and again, of which a part is seen: there is little to read and no end of work.
#[test]
fn a_grid_of_more_than_can_be_seen_is_not_decoded() {
    let how = |columns, rows| Heic { grid: Some((1, 1)), repeated: Some((columns, rows)), ..Heic::default() };
    assert_eq!(look(heic(&how(3, 2))), None);
    let large = RgbImage::new(4096, 4096);
    let whole = how(5, 5).write(&Pixels { width: 4096, height: 4096, rgb: &large, deep: false });
    let began = Instant::now();
    let error = look(whole);
    assert!(matches!(error, Some(VideoError::TooLarge(_))), "{error:?}");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

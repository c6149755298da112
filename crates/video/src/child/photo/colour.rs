//! From the colours a photo was stored in to sRGB.
//!
//! **Invariant:** a photo that says nothing, or something that cannot be understood, is taken for sRGB; colours that
//! sRGB does not have are clipped.

use image::{DynamicImage, RgbImage};
use limpet_wire::frames::Transfer;
use moxcms::{
    CicpColorPrimaries, CicpProfile, ColorProfile, DataColorSpace, Layout, MatrixCoefficients,
    TransferCharacteristics, TransformOptions,
};

use crate::{VideoError, media::colour, tonemap};

/// What a file says of its colours.
#[derive(Debug)]
pub enum Colours {
    /// Nothing: sRGB.
    Ordinary,
    /// An ICC profile.
    Profile(Vec<u8>),
    /// Numbers of ITU-T H.273, as in `nclx` and `cICP`.
    Numbers {
        /// Colour primaries.
        primaries: u8,
        /// Transfer characteristics.
        transfer: u8,
    },
}

impl Colours {
    /// Whether ordinary screens cannot show it as it is, for it is brighter.
    pub fn is_high_range(&self) -> bool {
        matches!(self, Self::Numbers { transfer, .. } if colour::transfer_of(u32::from(*transfer)) != Transfer::Sdr)
    }
}

/// How to get to sRGB.
enum Way {
    Same,
    Profile(Box<ColorProfile>),
    /// High dynamic range, as clips have it.
    ToneMap(Transfer, u8),
}

/// The photo in sRGB.
pub fn to_srgb(photo: DynamicImage, colours: Colours) -> Result<RgbImage, VideoError> {
    match way(colours) {
        Way::Same => Ok(photo.into_rgb8()),
        Way::ToneMap(transfer, primaries) => {
            let table = tonemap::Table::new(transfer, primaries);
            let photo = photo.into_rgb16();
            Ok(RgbImage::from_fn(photo.width(), photo.height(), |x, y| {
                image::Rgb(table.at(photo.get_pixel(x, y).0))
            }))
        }
        Way::Profile(profile) => {
            let options = TransformOptions::default();
            let srgb = ColorProfile::new_srgb();
            let Ok(transform) = profile.create_transform_16bit(Layout::Rgb, &srgb, Layout::Rgb, options)
            else {
                return Ok(photo.into_rgb8());
            };
            let photo = photo.into_rgb16();
            let (width, height) = photo.dimensions();
            let mut out = vec![0; photo.as_raw().len()];
            transform.transform(photo.as_raw(), &mut out).map_err(VideoError::internal)?;
            // 65535 -> 255, rounded.
            let out = out.into_iter().map(|v| u8::try_from((u32::from(v) + 128) / 257).unwrap_or(u8::MAX));
            RgbImage::from_raw(width, height, out.collect())
                .ok_or_else(|| VideoError::internal("a photo lost pixels"))
        }
    }
}

fn way(colours: Colours) -> Way {
    match colours {
        Colours::Ordinary => Way::Same,
        Colours::Numbers { primaries, transfer } => by_numbers(primaries, transfer),
        Colours::Profile(icc) => {
            let Ok(profile) = ColorProfile::new_from_slice(&icc) else { return Way::Same };
            if profile.color_space != DataColorSpace::Rgb {
                return Way::Same;
            }
            match profile
                .cicp
                .as_ref()
                .map(|cicp| by_numbers(cicp.color_primaries as u8, cicp.transfer_characteristics as u8))
            {
                Some(way @ Way::ToneMap(..)) => way,
                _ => Way::Profile(Box::new(profile)),
            }
        }
    }
}

/// Every standard-range curve is taken for sRGB's, as in clips: that is how cameras mean it.
fn by_numbers(primaries: u8, transfer: u8) -> Way {
    let primaries = colour::primaries_of(u32::from(primaries));
    match colour::transfer_of(u32::from(transfer)) {
        Transfer::Sdr if primaries == tonemap::BT709 => Way::Same,
        Transfer::Sdr => Way::Profile(Box::new(ColorProfile::new_from_cicp(CicpProfile {
            color_primaries: if primaries == tonemap::BT2020 {
                CicpColorPrimaries::Bt2020
            } else {
                CicpColorPrimaries::Smpte432
            },
            transfer_characteristics: TransferCharacteristics::Srgb,
            matrix_coefficients: MatrixCoefficients::Identity,
            full_range: true,
        }))),
        hdr => Way::ToneMap(hdr, primaries),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn becomes(colours: Colours, pixel: [u8; 3]) -> [u8; 3] {
        let photo = DynamicImage::ImageRgb8(RgbImage::from_pixel(1, 1, image::Rgb(pixel)));
        to_srgb(photo, colours).unwrap().get_pixel(0, 0).0
    }

    /// Worked out from the chromaticities, outside this program. Also tried with a profile in `tests/photos.rs`.
    #[test]
    fn known_colours_are_within_one_level() {
        for (primaries, pixel, expected) in [
            (12, [255, 0, 0], [255, 0, 0]),
            (12, [200, 100, 50], [215, 93, 31]),
            (12, [60, 120, 60], [30, 122, 52]),
            (12, [40, 80, 200], [22, 81, 208]),
            (12, [180, 140, 120], [188, 138, 117]),
            (12, [255, 255, 255], [255, 255, 255]),
            (9, [200, 100, 50], [241, 76, 29]),
            (9, [180, 140, 120], [202, 134, 116]),
            (9, [128, 128, 128], [128, 128, 128]),
            (1, [200, 100, 50], [200, 100, 50]),
            (2, [200, 100, 50], [200, 100, 50]),
            (255, [200, 100, 50], [200, 100, 50]),
        ] {
            let numbers = Colours::Numbers { primaries, transfer: 13 };
            let got = becomes(numbers, pixel);
            let off = got.iter().zip(expected).map(|(a, b)| a.abs_diff(b)).max().unwrap();
            assert!(off <= 1, "{primaries} {pixel:?}: {got:?} instead of {expected:?}");
        }
        let adobe = ColorProfile::new_adobe_rgb().encode().unwrap();
        let got = becomes(Colours::Profile(adobe), [180, 140, 120]);
        assert!(got.iter().zip([195, 141, 120]).all(|(a, b)| a.abs_diff(b) <= 1), "Adobe RGB: {got:?}");
    }

    #[test]
    fn a_profile_that_says_pq_is_tone_mapped() {
        let profile = ColorProfile::new_bt2020_pq();
        assert!(matches!(way(Colours::Profile(profile.encode().unwrap())), Way::ToneMap(Transfer::Pq, 9)));
        assert!(matches!(way(Colours::Profile(b"none".to_vec())), Way::Same));
        let grey = ColorProfile::new_gray_with_gamma(2.2).encode().unwrap();
        assert!(matches!(way(Colours::Profile(grey)), Way::Same));
    }
}

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

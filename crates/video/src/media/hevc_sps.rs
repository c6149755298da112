//! How large a picture an HEVC sequence parameter set claims: that much its decoder allocates and works through.
//!
//! Source: ITU-T H.265 7.3.1.1, 7.3.2.2.1, 7.3.3, 9.2; ISO/IEC 14496-15 8.3.3.1.
//!
//! **Invariant:** any bytes are accepted, in time that grows with their number. A set that cannot be understood is an
//! error, never a small picture.

use super::bits::Bits;

/// Kind of a NAL unit that is a sequence parameter set.
const SPS: u8 = 33;
/// Bytes before the arrays of an `hvcC` record.
const BEFORE_ARRAYS: usize = 22;

/// A set that breaks off before it has said how large its pictures are.
#[derive(Debug, PartialEq, Eq)]
pub struct Unclear;

/// Width and height that every set in an `hvcC` record claims.
pub fn in_record(record: &[u8]) -> Result<Vec<(u32, u32)>, Unclear> {
    let mut sizes = Vec::new();
    let Some((arrays, mut rest)) = record.get(BEFORE_ARRAYS..).and_then(<[u8]>::split_first) else {
        return Ok(sizes);
    };
    for _ in 0..*arrays {
        let [_, high, low, after @ ..] = rest else { break };
        rest = after;
        for _ in 0..u16::from_be_bytes([*high, *low]) {
            let Some((unit, after)) = split(rest, 2) else { return Ok(sizes) };
            sizes.extend(of_unit(unit)?);
            rest = after;
        }
    }
    Ok(sizes)
}

/// Width and height that every set among the units of a coded picture claims. Each unit stands after its length in
/// four bytes, whatever the record says: libheif reads them so.
pub fn in_picture(mut data: &[u8]) -> Result<Vec<(u32, u32)>, Unclear> {
    let mut sizes = Vec::new();
    while let Some((unit, rest)) = split(data, 4) {
        sizes.extend(of_unit(unit)?);
        data = rest;
    }
    Ok(sizes)
}

/// A unit after its length, as much of it as is there.
fn split(data: &[u8], bytes: usize) -> Option<(&[u8], &[u8])> {
    let (length, rest) = data.split_at_checked(bytes)?;
    let length = length.iter().fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte));
    Some(rest.split_at(length.min(rest.len())))
}

/// `None` when it is no set. Those of layers above the first are left out, as decoders do.
fn of_unit(unit: &[u8]) -> Result<Option<(u32, u32)>, Unclear> {
    let [first, second, ..] = unit else { return Ok(None) };
    let layer = (first & 1) << 5 | second >> 3;
    if first >> 1 & 0x3f != SPS || layer != 0 {
        return Ok(None);
    }
    size(unit).map(Some).ok_or(Unclear)
}

fn size(unit: &[u8]) -> Option<(u32, u32)> {
    let mut bits = Bits::new(unit);
    bits.skip(16 + 4)?;
    let sub_layers = bits.take(3)?;
    bits.skip(1)?;
    profile_and_levels(&mut bits, sub_layers)?;
    let _id = bits.number()?;
    let chroma = bits.number()?;
    if chroma == 3 {
        bits.skip(1)?;
    }
    Some((bits.number()?, bits.number()?))
}

/// `profile_tier_level`, with what it says of so many sub-layers.
fn profile_and_levels(bits: &mut Bits<'_>, sub_layers: u32) -> Option<()> {
    bits.skip(88)?;
    bits.skip(8)?;
    let mut said = Vec::new();
    for _ in 0..sub_layers {
        said.push((bits.take(1)?, bits.take(1)?));
    }
    if sub_layers > 0 {
        bits.skip(2 * (8 - sub_layers))?;
    }
    for (profile, level) in said {
        bits.skip(88 * profile + 8 * level)?;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes a set: `sub_layers` of which each says its profile and level.
    fn set(sub_layers: u32, chroma: u32, (width, height): (u32, u32)) -> Vec<u8> {
        let mut bits = Vec::new();
        let mut put = |value: u64, count: u32| bits.extend((0..count).rev().map(|at| value >> at & 1 == 1));
        put(u64::from(SPS) << 9 | 1, 16);
        put(u64::from(sub_layers) << 1 | 1, 8);
        put(0, 64);
        put(0, 32);
        put((1 << (2 * sub_layers)) - 1, 2 * sub_layers);
        if sub_layers > 0 {
            put(0, 2 * (8 - sub_layers));
        }
        (0..2 * sub_layers).for_each(|_| put(0x55, 48));
        let numbers = [0, chroma, width, height];
        for number in numbers.into_iter().take(2).map(u64::from) {
            put(number + 1, 2 * (number + 1).ilog2() + 1);
        }
        if chroma == 3 {
            put(0, 1);
        }
        for number in numbers.into_iter().skip(2).map(u64::from) {
            put(number + 1, 2 * (number + 1).ilog2() + 1);
        }
        put(1, 1);
        let bytes = bits.chunks(8).map(|eight| {
            eight.iter().enumerate().fold(0_u8, |byte, (at, bit)| byte | u8::from(*bit) << (7 - at))
        });
        let mut unit = Vec::new();
        for byte in bytes {
            if byte <= 3 && unit.ends_with(&[0, 0]) {
                unit.push(3);
            }
            unit.push(byte);
        }
        unit
    }

    fn record(units: &[Vec<u8>]) -> Vec<u8> {
        let count = u8::try_from(units.len()).unwrap();
        let arrays = units.iter().flat_map(|unit| {
            let len = u16::try_from(unit.len()).unwrap().to_be_bytes();
            [&[0x80 | unit[0] >> 1, 0, 1], &len[..], unit].concat()
        });
        [0; BEFORE_ARRAYS].into_iter().chain([count]).chain(arrays).collect()
    }

    #[test]
    fn every_set_says_its_size() {
        let sizes = [(64, 48), (16_384, 16_384), (u32::MAX - 1, 1), (0, 0)];
        for (sub_layers, chroma) in [(0, 1), (1, 3), (6, 0)] {
            let units: Vec<Vec<u8>> = sizes.iter().map(|size| set(sub_layers, chroma, *size)).collect();
            assert_eq!(in_record(&record(&units)).unwrap(), sizes);
            let picture =
                |unit: &Vec<u8>| [&u32::try_from(unit.len()).unwrap().to_be_bytes()[..], unit].concat();
            let data: Vec<u8> = units.iter().flat_map(picture).collect();
            assert_eq!(in_picture(&data).unwrap(), sizes);
        }
    }

    #[test]
    fn what_is_no_set_says_nothing_and_half_a_set_is_an_error() {
        let whole = set(0, 1, (64, 48));
        assert_eq!(in_record(&record(&[vec![32 << 1, 1], vec![34 << 1, 1, 7]])).unwrap(), []);
        assert_eq!(in_record(&[]).unwrap(), []);
        assert_eq!(in_record(&record(&[whole[..12].to_vec()])), Err(Unclear));
        let mut layer = whole;
        layer[1] |= 8;
        assert_eq!(in_record(&record(&[layer])).unwrap(), []);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_accepted(data: Vec<u8>) {
            let _ = in_record(&data);
            let _ = in_picture(&data);
            let _ = in_picture(&[&[0, 0, 1, 0, SPS << 1, 1][..], &data].concat());
            let _ = in_record(&record(&[[&[SPS << 1, 1][..], &data].concat()]));
        }
    }
}

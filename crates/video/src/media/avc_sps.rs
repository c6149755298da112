//! What an H.264 clip says of its pictures before any of them is decoded.
//!
//! Source: ITU-T H.264 7.3.2.1.1, E.1.1, E.1.2, table E-1; ISO/IEC 14496-15 5.3.3.1.2.
//!
//! **Invariant:** what is said here is what FFmpeg's decoder says once it has decoded a picture. Where that is not
//! certain nothing is said.

use super::bits::Bits;

/// What a sequence parameter set says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sps {
    /// Width and height as shown, pixels.
    pub size: (u32, u32),
    /// Sample aspect ratio, 0:1 when unknown.
    pub sar: (i32, i32),
    /// Range (1 limited, 2 full), and the H.273 number of the transfer function, if it says so.
    pub range: Option<u32>,
    /// See `range`.
    pub transfer: Option<u32>,
    /// How many pictures are held back to put them in order, if it says so.
    pub reorders: Option<u32>,
}

/// Profiles that say how their colours are sampled, as far as FFmpeg reads it.
const HIGH: [u32; 11] = [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 144];
/// More pictures cannot be held back.
const MOST_REORDERS: u32 = 16;
/// No pictures lean on later ones.
const BASELINE: u32 = 66;
/// Order of output is order of decoding.
const IN_ORDER: u32 = 2;
/// Sample aspect ratios by number.
const RATIOS: [(i32, i32); 17] = [
    (0, 1),
    (1, 1),
    (12, 11),
    (10, 11),
    (16, 11),
    (40, 33),
    (24, 11),
    (20, 11),
    (32, 11),
    (80, 33),
    (18, 11),
    (15, 11),
    (64, 33),
    (160, 99),
    (4, 3),
    (3, 2),
    (2, 1),
];
/// A ratio that is written out.
const WRITTEN_OUT: u32 = 255;

/// What the one set of an `avcC` record says. `None` when there are several, or one that is not understood.
pub fn in_record(record: &[u8]) -> Option<Sps> {
    let [1, _, _, _, _, count, high, low, rest @ ..] = record else { return None };
    let unit = rest.get(..usize::from(u16::from_be_bytes([*high, *low])))?;
    (count & 0x1f == 1 && unit.first()? & 0x1f == 7).then(|| read(unit))?
}

fn read(unit: &[u8]) -> Option<Sps> {
    let mut bits = Bits::new(unit);
    bits.skip(8)?;
    let profile = bits.take(8)?;
    bits.skip(16)?;
    let _id = bits.number()?;
    let chroma = if HIGH.contains(&profile) { sampling(&mut bits)? } else { 1 };
    let _frame_numbers = bits.number()?;
    let order = bits.number()?;
    match order {
        0 => drop(bits.number()?),
        1 => {
            bits.skip(1)?;
            bits.signed()?;
            bits.signed()?;
            let cycle = bits.number()?;
            (0..cycle).try_for_each(|_| bits.signed().map(drop))?;
        }
        _ => {}
    }
    let _references = bits.number()?;
    bits.skip(1)?;
    let (columns, rows) = (bits.number()?, bits.number()?);
    let fields = bits.bit()? == 0;
    bits.skip(u32::from(fields) + 1)?;
    let mut crop = [0; 4];
    if bits.bit()? == 1 {
        for side in &mut crop {
            *side = bits.number()?;
        }
    }
    let in_order = profile == BASELINE || order == IN_ORDER;
    let mut sps = Sps {
        size: size((columns, rows), fields, chroma, crop)?,
        sar: (0, 1),
        range: None,
        transfer: None,
        reorders: in_order.then_some(0),
    };
    if bits.bit()? == 1 {
        usability(&mut bits, &mut sps)?;
    }
    Some(sps)
}

/// How colours are sampled; whatever else stands between.
fn sampling(bits: &mut Bits<'_>) -> Option<u32> {
    let chroma = bits.number()?;
    bits.skip(u32::from(chroma == 3))?;
    let _depths = (bits.number()?, bits.number()?);
    bits.skip(1)?;
    if bits.bit()? == 1 {
        for list in 0..if chroma == 3 { 12 } else { 8 } {
            if bits.bit()? == 1 {
                scaling_list(bits, if list < 6 { 16 } else { 64 })?;
            }
        }
    }
    Some(chroma)
}

fn scaling_list(bits: &mut Bits<'_>, length: u32) -> Option<()> {
    let (mut last, mut next) = (8_i64, 8_i64);
    for _ in 0..length {
        if next != 0 {
            next = (last + bits.signed()?).rem_euclid(256);
        }
        last = if next == 0 { last } else { next };
    }
    Some(())
}

fn size((columns, rows): (u32, u32), fields: bool, chroma: u32, crop: [u32; 4]) -> Option<(u32, u32)> {
    let [left, right, top, bottom] = crop;
    let doubled = u32::from(fields) + 1;
    let wide = if matches!(chroma, 1 | 2) { 2 } else { 1 };
    let high = if chroma == 1 { 2 } else { 1 } * doubled;
    let side = |blocks: u32, times: u32, crop: u32, unit: u32| {
        let whole = blocks.checked_add(1)?.checked_mul(16 * times)?;
        whole.checked_sub(crop.checked_mul(unit)?).filter(|side| *side > 0)
    };
    Some((
        side(columns, 1, left.checked_add(right)?, wide)?,
        side(rows, doubled, top.checked_add(bottom)?, high)?,
    ))
}

/// Video usability information.
fn usability(bits: &mut Bits<'_>, sps: &mut Sps) -> Option<()> {
    if bits.bit()? == 1 {
        let ratio = bits.take(8)?;
        sps.sar = if ratio == WRITTEN_OUT {
            (i32::try_from(bits.take(16)?).ok()?, i32::try_from(bits.take(16)?).ok()?)
        } else {
            *RATIOS.get(ratio as usize)?
        };
    }
    if bits.bit()? == 1 {
        bits.skip(1)?;
    }
    if bits.bit()? == 1 {
        bits.skip(3)?;
        sps.range = Some(bits.bit()? + 1);
        if bits.bit()? == 1 {
            bits.skip(8)?;
            sps.transfer = Some(bits.take(8)?);
            bits.skip(8)?;
        }
    }
    if bits.bit()? == 1 {
        let _places = (bits.number()?, bits.number()?);
    }
    if bits.bit()? == 1 {
        bits.skip(65)?;
    }
    let mut buffered = false;
    for _ in 0..2 {
        if bits.bit()? == 1 {
            buffered = true;
            buffers(bits)?;
        }
    }
    bits.skip(u32::from(buffered) + 1)?;
    if bits.bit()? == 1 {
        bits.skip(1)?;
        for _ in 0..4 {
            bits.number()?;
        }
        sps.reorders = Some(bits.number().filter(|pictures| *pictures <= MOST_REORDERS)?);
    }
    Some(())
}

/// Parameters of the hypothetical reference decoder.
fn buffers(bits: &mut Bits<'_>) -> Option<()> {
    let count = bits.number()?.checked_add(1)?;
    bits.skip(8)?;
    for _ in 0..count {
        let _rate_and_size = (bits.number()?, bits.number()?);
        bits.skip(1)?;
    }
    bits.skip(20)
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn any_bytes_are_accepted(unit: Vec<u8>, profile in 0..HIGH.len()) {
            let _ = in_record(&unit);
            let profile = u8::try_from(HIGH[profile]).unwrap();
            let unit = [&[0x67, profile, 0, 40][..], &unit].concat();
            let [high, low] = u16::try_from(unit.len()).unwrap().to_be_bytes();
            let _ = in_record(&[&[1, profile, 0, 40, 0xff, 0xe1, high, low][..], &unit].concat());
        }
    }
}

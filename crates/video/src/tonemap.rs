//! From high dynamic range to what an ordinary screen shows: the exact formulas, and a table made from them.
//!
//! The same table serves stills, posters and renditions here and the shader of the review room, so all of them
//! show the same picture. Input is the non-linear R'G'B' signal after the Y'CbCr matrix, 0..1 a component;
//! output is R'G'B' for an sRGB screen. Step by step, per pixel:
//!
//! 1. **To light.** HLG (ITU-R BT.2100): `E = E'^2 / 3` up to `E' = 1/2`, else `(exp((E' - c) / a) + b) / 12`
//!    with `a = 0.17883277, b = 0.28466892, c = 0.55991073`; then the display's OOTF for a nominal peak of
//!    1000 cd/m2: `nits = 1000 * Y^0.2 * E` with `Y = 0.2627 R + 0.6780 G + 0.0593 B`.
//!    PQ (SMPTE ST 2084): `nits = 10000 * (max(E'^(1/m2) - c1, 0) / (c2 - c3 * E'^(1/m2)))^(1/m1)`.
//!    Any standard-range curve: the sRGB curve, already relative to white.
//! 2. **Relative to white**: `x = nits / 203`, the reference white of ITU-R BT.2408.
//! 3. **Highlights** (HLG and PQ only): on `m = max(R, G, B)`, unchanged up to the knee `k = 0.5`; above it,
//!    with `t = (m - k) / (1 - k)` and `T = (1000/203 - k) / (1 - k)`, Reinhard's extended operator:
//!    `m' = k + (1 - k) * t * (1 + t / T^2) / (1 + t)`, at most 1. All three are scaled by `m' / m`, which keeps
//!    the hue. Reference white lands at 0.75 (225 of 255), the 1000 cd/m2 peak at 1.
//! 4. **To BT.709 primaries** with the linear matrix of the source's primaries, clipped to 0..1.
//! 5. **To the screen** with the sRGB curve (IEC 61966-2-1).
//!
//! Read the table between the four nodes of a tetrahedron: between all eight of a cube, as graphics hardware
//! does by itself, bright grey comes out up to 3 of 255 too dark.
//!
//! **Invariant:** grey stays grey, black stays black, and brighter never becomes darker.

use limpet_wire::frames::Transfer;

/// Samples along each edge of the table.
pub const EDGE: usize = 33;

const REFERENCE_WHITE: f64 = 203.0;
const PEAK: f64 = 1000.0;
const KNEE: f64 = 0.5;

/// ITU-T H.273 number of BT.709's primaries.
pub const BT709: u8 = 1;
/// ITU-T H.273 number of BT.2020's primaries.
pub const BT2020: u8 = 9;
/// ITU-T H.273 number of Display P3's primaries.
pub const DISPLAY_P3: u8 = 12;

/// What every signal becomes: sampled where [`EDGE`] planes of each component meet.
pub struct Table(Vec<[u16; 3]>);

impl Table {
    /// For signals of this kind.
    pub fn new(transfer: Transfer, primaries: u8) -> Self {
        let nodes = nodes().map(|rgb| map(transfer, primaries, rgb));
        Self(nodes.map(|rgb| rgb.map(|v| to_level(v, 65535.0))).collect())
    }

    /// As 33 x 33 x 33 RGB8, red fastest, then green, then blue: what `texImage3D` takes.
    pub fn bytes(&self) -> Vec<u8> {
        self.0.iter().flatten().map(|level| byte(u64::from(*level))).collect()
    }

    /// Between the four nodes of the tetrahedron a signal lies in, in proportion. Unlike between all eight of its cube,
    /// grey is made of grey nodes alone and keeps its brightness.
    pub fn at(&self, signal: [u16; 3]) -> [u8; 3] {
        const STEPS: u64 = EDGE as u64 - 1;
        const WHOLE: u64 = 65535;
        let mut axes = [(0, 1), (0, EDGE), (0, EDGE * EDGE)];
        let mut at = 0;
        for ((weight, step), value) in axes.iter_mut().zip(signal) {
            let scaled = u64::from(value) * STEPS;
            let node = (scaled / WHOLE).min(STEPS - 1);
            *weight = scaled - node * WHOLE;
            at += usize::try_from(node).unwrap_or(0) * *step;
        }
        // From the nearest corner to the farthest, along the axis with most of the way to go first.
        axes.sort_unstable_by(|a, b| b.cmp(a));
        let mut sum = [0; 3];
        let mut left = WHOLE;
        for (weight, step) in axes.into_iter().chain([(0, 0)]) {
            let node = self.0.get(at).copied().unwrap_or_default();
            for (sum, value) in sum.iter_mut().zip(node) {
                *sum += (left - weight) * u64::from(value);
            }
            left = weight;
            at += step;
        }
        sum.map(|v| byte(v / WHOLE))
    }
}

/// 16 bits to 8, rounded.
fn byte(level: u64) -> u8 {
    u8::try_from((level + 128) / 257).unwrap_or(u8::MAX)
}

fn nodes() -> impl Iterator<Item = [f64; 3]> {
    let at = |i: usize| i as f64 / (EDGE - 1) as f64;
    (0..EDGE.pow(3)).map(move |i| [at(i % EDGE), at(i / EDGE % EDGE), at(i / (EDGE * EDGE))])
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the range first")]
fn to_level(value: f64, top: f64) -> u16 {
    (value.clamp(0.0, 1.0) * top).round() as u16
}

/// One pixel through all five steps.
pub fn map(transfer: Transfer, primaries: u8, signal: [f64; 3]) -> [f64; 3] {
    let light = match transfer {
        Transfer::Hlg => highlights(hlg_nits(signal).map(|nits| nits / REFERENCE_WHITE)),
        Transfer::Pq => highlights(signal.map(pq_nits).map(|nits| nits / REFERENCE_WHITE)),
        Transfer::Sdr => signal.map(srgb_to_light),
    };
    to_bt709(primaries, light).map(|v| light_to_srgb(v.clamp(0.0, 1.0)))
}

fn hlg_nits(signal: [f64; 3]) -> [f64; 3] {
    const A: f64 = 0.178_832_77;
    const B: f64 = 0.284_668_92;
    const C: f64 = 0.559_910_73;
    let scene = signal.map(|v| if v <= 0.5 { v * v / 3.0 } else { (((v - C) / A).exp() + B) / 12.0 });
    let [r, g, b] = scene;
    let luminance = 0.2627 * r + 0.6780 * g + 0.0593 * b;
    scene.map(|v| PEAK * luminance.powf(0.2) * v)
}

fn pq_nits(signal: f64) -> f64 {
    const M1: f64 = 2610.0 / 16384.0;
    const M2: f64 = 2523.0 / 4096.0 * 128.0;
    const C1: f64 = 3424.0 / 4096.0;
    const C2: f64 = 2413.0 / 4096.0 * 32.0;
    const C3: f64 = 2392.0 / 4096.0 * 32.0;
    let root = signal.max(0.0).powf(1.0 / M2);
    10_000.0 * ((root - C1).max(0.0) / (C2 - C3 * root)).powf(1.0 / M1)
}

/// Step 3.
pub fn highlights(light: [f64; 3]) -> [f64; 3] {
    let brightest = light.into_iter().fold(0.0, f64::max);
    if brightest <= KNEE {
        return light;
    }
    let t = (brightest - KNEE) / (1.0 - KNEE);
    let top = (PEAK / REFERENCE_WHITE - KNEE) / (1.0 - KNEE);
    let mapped = KNEE + (1.0 - KNEE) * t * (1.0 + t / (top * top)) / (1.0 + t);
    light.map(|v| v * mapped.min(1.0) / brightest)
}

/// Linear matrices, from the chromaticities in ITU-T H.273 with a D65 white.
fn to_bt709(primaries: u8, [r, g, b]: [f64; 3]) -> [f64; 3] {
    let rows = match primaries {
        BT2020 => [
            [1.660_491, -0.587_641, -0.072_850],
            [-0.124_550, 1.132_900, -0.008_349],
            [-0.018_151, -0.100_579, 1.118_730],
        ],
        DISPLAY_P3 => {
            [[1.224_940, -0.224_940, 0.0], [-0.042_057, 1.042_057, 0.0], [-0.019_638, -0.078_636, 1.098_274]]
        }
        _ => return [r, g, b],
    };
    rows.map(|[x, y, z]| x * r + y * g + z * b)
}

fn srgb_to_light(v: f64) -> f64 {
    if v <= 0.040_45 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
}

fn light_to_srgb(v: f64) -> f64 {
    if v <= 0.003_130_8 { v * 12.92 } else { 1.055 * v.powf(1.0 / 2.4) - 0.055 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY: [(Transfer, u8); 5] = [
        (Transfer::Hlg, BT2020),
        (Transfer::Pq, BT2020),
        (Transfer::Hlg, BT709),
        (Transfer::Sdr, DISPLAY_P3),
        (Transfer::Sdr, BT709),
    ];

    #[test]
    fn grey_stays_grey_and_brighter_stays_brighter() {
        for (transfer, primaries) in EVERY {
            let mut before = -1.0;
            for step in 0..=200 {
                let v = f64::from(step) / 200.0;
                let [r, g, b] = map(transfer, primaries, [v; 3]);
                assert!(
                    (r - g).abs() < 1e-4 && (g - b).abs() < 1e-4,
                    "{transfer:?} {primaries} {v}: {r} {g} {b}"
                );
                assert!(g >= before - 1e-9, "{transfer:?} {primaries} {v}");
                before = g;
            }
            assert!(map(transfer, primaries, [0.0; 3])[0].abs() < 1e-6);
            assert!((before - 1.0).abs() < 1e-3, "{transfer:?} {primaries}: {before}");
        }
    }

    #[test]
    fn reference_white_lands_where_the_text_says() {
        // 75 % HLG and 58.07 % PQ are 203 cd/m2 (BT.2408, table 1).
        for (transfer, signal) in [(Transfer::Hlg, 0.75), (Transfer::Pq, 0.5807)] {
            let [_, g, _] = map(transfer, BT2020, [signal; 3]);
            assert!((g * 255.0 - 225.0).abs() < 1.5, "{transfer:?}: {}", g * 255.0);
        }
    }

    #[test]
    fn standard_range_is_left_alone() {
        let table = Table::new(Transfer::Sdr, BT709).bytes();
        assert_eq!(table.len(), EDGE.pow(3) * 3);
        let last_red = (EDGE - 1) * 3;
        assert_eq!(table[last_red..last_red + 3], [255, 0, 0]);
        assert_eq!(table[16 * 3], 128);
    }

    #[test]
    fn the_table_agrees_with_the_formulas_between_its_nodes() {
        for transfer in [Transfer::Hlg, Transfer::Pq] {
            let table = Table::new(transfer, BT2020);
            let (mut worst, mut sum, mut count) = (0.0_f64, 0.0, 0.0);
            for i in 0..16384_u32 {
                let signal =
                    [i * 37 % 4096, i * 101 % 4096, i % 4096].map(|v| u16::try_from(v * 16).unwrap());
                let exact = map(transfer, BT2020, signal.map(|v| f64::from(v) / 65535.0));
                for (got, exact) in table.at(signal).into_iter().zip(exact) {
                    let off = (f64::from(got) - exact * 255.0).abs();
                    (sum, count) = (sum + off, count + 1.0);
                    // Colours outside BT.709 are cut off at nothing, where the screen's curve is steep.
                    if (0.1..0.999).contains(&exact) {
                        worst = worst.max(off);
                    }
                }
            }
            assert!(worst < 20.0 && sum / count < 0.8, "{transfer:?}: {worst} {}", sum / count);
            for v in 0..=255_u16 {
                let exact = map(transfer, BT2020, [f64::from(v) / 255.0; 3]);
                let grey = f64::from(table.at([v * 257; 3])[1]);
                assert!(
                    (grey - exact[1] * 255.0).abs() < 1.5,
                    "{transfer:?} grey {v}: {grey} {}",
                    exact[1] * 255.0
                );
            }
        }
        let plain = Table::new(Transfer::Sdr, BT709);
        for v in 0..=255_u16 {
            let got = plain.at([v * 257, 0, 65535]);
            assert_eq!(got, [u8::try_from(v).unwrap(), 0, 255]);
        }
    }
}

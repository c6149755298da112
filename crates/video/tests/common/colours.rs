//! Patches of known colours, and a profile that says they are Display P3.
#![expect(clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

/// Display P3, and the same colour in sRGB: worked out from the chromaticities (SMPTE EG 432-1, IEC 61966-2-1), both
/// with sRGB's curve, clipped.
pub const P3: [([u8; 3], [u8; 3]); 8] = [
    ([255, 0, 0], [255, 0, 0]),
    ([0, 255, 0], [0, 255, 0]),
    ([255, 255, 255], [255, 255, 255]),
    ([128, 128, 128], [128, 128, 128]),
    ([200, 100, 50], [215, 93, 31]),
    ([60, 120, 60], [30, 122, 52]),
    ([40, 80, 200], [22, 81, 208]),
    ([180, 140, 120], [188, 138, 117]),
];

/// Side of a patch, pixels: the blocks of every codec fit.
const SIDE: u32 = 32;
/// Size of the picture with the patches: eight side by side.
pub const WIDTH: u32 = SIDE * 8;
/// Its height.
pub const HEIGHT: u32 = SIDE;

/// The patches side by side, RGB.
pub fn patches() -> Vec<u8> {
    let patch = |x: u32| P3[(x / SIDE) as usize].0;
    (0..HEIGHT).flat_map(|_| (0..WIDTH).flat_map(patch)).collect()
}

/// The colour in the middle of each patch, of a picture of this width.
pub fn middles(rgb: &[u8], width: u32) -> Vec<[u8; 3]> {
    let at = |n: u32| ((HEIGHT / 2 * width + n * SIDE + SIDE / 2) * 3) as usize;
    (0..width / SIDE).map(|n| [rgb[at(n)], rgb[at(n) + 1], rgb[at(n) + 2]]).collect()
}

/// An ICC profile for Display P3 with sRGB's curve.
///
/// Source: ICC.1:2022 7.2 (header), 10.18 (`para`), 10.31 (`XYZ `); colorants adapted to D50 as in Apple's profile.
pub fn display_p3() -> Vec<u8> {
    #[expect(clippy::cast_possible_truncation, reason = "all of them are below ten")]
    let fixed = |v: f64| ((v * 65536.0).round() as i32).to_be_bytes();
    let xyz = |v: [f64; 3]| [&b"XYZ \0\0\0\0"[..], &v.map(fixed).concat()].concat();
    let curve = [2.4, 1.0 / 1.055, 0.055 / 1.055, 1.0 / 12.92, 0.04045].map(fixed).concat();
    let curve = [&b"para\0\0\0\0\0\x03\0\0"[..], &curve].concat();
    let tags: [(&[u8; 4], Vec<u8>); 7] = [
        (b"wtpt", xyz([0.96419, 1.0, 0.82489])),
        (b"rXYZ", xyz([0.51512, 0.2412, -0.00105])),
        (b"gXYZ", xyz([0.29198, 0.69225, 0.04189])),
        (b"bXYZ", xyz([0.1571, 0.06657, 0.78407])),
        (b"rTRC", curve.clone()),
        (b"gTRC", curve.clone()),
        (b"bTRC", curve),
    ];
    let number = |v: usize| u32::try_from(v).expect("short").to_be_bytes();
    let mut table = number(tags.len()).to_vec();
    let mut data = Vec::new();
    for (name, body) in &tags {
        table.extend([&name[..], &number(132 + tags.len() * 12 + data.len()), &number(body.len())].concat());
        data.extend(body);
    }
    let size = number(128 + table.len() + data.len());
    let mut head = [&size[..], b"\0\0\0\0\x04\x20\0\0mntrRGB XYZ ", &[0; 12], b"acsp"].concat();
    head.resize(68, 0);
    head.extend([0.96419, 1.0, 0.82489].map(fixed).concat());
    head.resize(128, 0);
    [head, table, data].concat()
}

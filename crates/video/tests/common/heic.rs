//! Writes HEIC files, so that tests decide about every box: the pictures are coded by the `ffmpeg` program.
//!
//! Source: ISO/IEC 23008-12 (items and their properties), ISO/IEC 14496-15 8.3.3 (`hvcC`).
#![expect(clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use std::{
    io::Write,
    process::{Command, Stdio},
    thread,
};

/// A picture to be coded.
pub struct Pixels<'a> {
    pub width: u32,
    pub height: u32,
    /// R, G, B, of 8 bits each, or of 16 in little endian.
    pub rgb: &'a [u8],
    pub deep: bool,
}

/// How a HEIC file says things.
#[derive(Default)]
pub struct Heic {
    /// Boxes like `irot`, with their headers, that belong to the picture.
    pub properties: Vec<Vec<u8>>,
    /// Size that `ispe` claims, where it lies.
    pub ispe: Option<(u32, u32)>,
    /// Grey picture in the role of the alpha plane.
    pub alpha: Option<Vec<u8>>,
    /// Whether colours were multiplied with it.
    pub premultiplied: bool,
    /// An EXIF orientation.
    pub exif: Option<u8>,
    /// Cut into this many columns and rows, as phones do. Width and height can be divided by them.
    pub grid: Option<(u32, u32)>,
    /// A second parameter set with the number of the first, which claims another size.
    pub second: Option<(Place, (u32, u32))>,
    /// The first piece of a grid this often, in columns and rows, instead of all of them.
    pub repeated: Option<(u32, u32)>,
}

/// Where parameter sets may stand.
#[derive(Clone, Copy)]
pub enum Place {
    /// In the record, before the picture.
    Record,
    /// Among the units of the picture.
    Picture,
}

/// A box.
pub fn boxed(name: &str, parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    [&number(body.len() + 8), name.as_bytes(), &body].concat()
}

/// `colr` with numbers of H.273, full range.
pub fn nclx(primaries: u8, transfer: u8, matrix: u8) -> Vec<u8> {
    boxed("colr", &[b"nclx", &[0, primaries, 0, transfer, 0, matrix, 0x80]])
}

fn number(v: usize) -> [u8; 4] {
    u32::try_from(v).expect("short").to_be_bytes()
}

fn ispe(width: u32, height: u32) -> Vec<u8> {
    boxed("ispe", &[&[0; 4], &width.to_be_bytes(), &height.to_be_bytes()])
}

/// One item of a file: its number, kind, bytes and properties.
struct Item {
    id: u16,
    kind: &'static [u8; 4],
    data: Vec<u8>,
    properties: Vec<Vec<u8>>,
}

const MAIN: u16 = 1;

impl Heic {
    /// The file.
    pub fn write(&self, picture: &Pixels<'_>) -> Vec<u8> {
        let (width, height) = self.ispe.unwrap_or((picture.width, picture.height));
        let mut main =
            Item { id: MAIN, kind: b"hvc1", data: Vec::new(), properties: vec![ispe(width, height)] };
        let mut others = Vec::new();
        let mut references = Vec::new();
        let refers = |kind: &str, from: u16, to: &[u16]| {
            let to: Vec<u8> = to.iter().flat_map(|id| id.to_be_bytes()).collect();
            let count = u16::try_from(to.len() / 2).expect("few").to_be_bytes();
            boxed(kind, &[&from.to_be_bytes(), &count, &to])
        };
        if let Some((columns, rows)) = self.grid {
            let mut coded = tiles(picture, columns, rows);
            let mut cut = (columns, rows);
            if let Some(repeated) = self.repeated {
                cut = repeated;
                coded = vec![coded.swap_remove(0); (cut.0 * cut.1) as usize];
            }
            let item = |(id, (coded, w, h)): (u16, (Coded, u32, u32))| {
                let coded = coded.with(self.second);
                let properties = vec![coded.hvcc(), ispe(w, h)];
                Item { id, kind: b"hvc1", data: coded.data, properties }
            };
            let tiles: Vec<Item> = (100..).zip(coded).map(item).collect();
            main.kind = b"grid";
            let short = |v: u32| u16::try_from(v).expect("short").to_be_bytes();
            let cut = [cut.1, cut.0].map(|v| u8::try_from(v - 1).expect("few"));
            main.data = [&[0, 0], &cut[..], &short(width), &short(height)].concat();
            references.push(refers("dimg", MAIN, &tiles.iter().map(|tile| tile.id).collect::<Vec<_>>()));
            others.extend(tiles);
        } else {
            let coded = Coded::new(picture).with(self.second);
            main.properties.push(coded.hvcc());
            main.data = coded.data;
        }
        main.properties.extend(self.properties.iter().cloned());
        if let Some(grey) = &self.alpha {
            let rgb: Vec<u8> = grey.iter().flat_map(|v| [*v; 3]).collect();
            let coded = Coded::new(&Pixels { rgb: &rgb, deep: false, ..*picture });
            let role = boxed("auxC", &[&[0; 4], b"urn:mpeg:hevc:2015:auxid:1\0"]);
            let properties = vec![coded.hvcc(), ispe(picture.width, picture.height), role];
            others.push(Item { id: 2, kind: b"hvc1", data: coded.data, properties });
            references.push(refers("auxl", 2, &[MAIN]));
            if self.premultiplied {
                references.push(refers("prem", MAIN, &[2]));
            }
        }
        if let Some(orientation) = self.exif {
            let tiff = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0";
            let data = [b"\0\0\0\x06Exif\0\0", &tiff[..], &[orientation], b"\0\0\0\0\0\0"].concat();
            others.push(Item { id: 3, kind: b"Exif", data, properties: Vec::new() });
            references.push(refers("cdsc", 3, &[MAIN]));
        }
        others.insert(0, main);
        file(&others, &references.concat())
    }
}

fn file(items: &[Item], references: &[u8]) -> Vec<u8> {
    let count = u16::try_from(items.len()).expect("few").to_be_bytes();
    let info =
        |item: &Item| boxed("infe", &[&[2, 0, 0, 0], &item.id.to_be_bytes(), &[0, 0], item.kind, &[0]]);
    let infos: Vec<u8> = items.iter().flat_map(info).collect();
    // Properties are numbered from one in the order in which they stand.
    let mut numbers = 1_u8..;
    let mut associations = Vec::new();
    for item in items {
        associations.extend(item.id.to_be_bytes());
        associations.push(u8::try_from(item.properties.len()).expect("few"));
        associations.extend(numbers.by_ref().take(item.properties.len()));
    }
    let properties: Vec<u8> = items.iter().flat_map(|item| item.properties.concat()).collect();
    let meta = |mut at: usize| {
        let mut places = Vec::new();
        for item in items {
            let place = [&item.id.to_be_bytes()[..], &[0, 0, 0, 1], &number(at), &number(item.data.len())];
            places.extend(place.concat());
            at += item.data.len();
        }
        let parts = [
            boxed("hdlr", &[&[0; 8], b"pict", &[0; 13]]),
            boxed("pitm", &[&[0; 4], &MAIN.to_be_bytes()]),
            boxed("iloc", &[&[0; 4], &[0x44, 0], &count, &places]),
            boxed("iinf", &[&[0; 4], &count, &infos]),
            boxed("iref", &[&[0; 4], references]),
            boxed(
                "iprp",
                &[
                    &boxed("ipco", &[&properties]),
                    &boxed("ipma", &[&[0; 4], &number(items.len()), &associations]),
                ],
            ),
        ];
        boxed("meta", &[&[0; 4], &parts.concat()])
    };
    let data: Vec<u8> = items.iter().flat_map(|item| item.data.clone()).collect();
    let ftyp = boxed("ftyp", &[b"heic\0\0\0\0mif1heic"]);
    let at = ftyp.len() + meta(0).len() + 8;
    [ftyp, meta(at), boxed("mdat", &[&data])].concat()
}

/// The pieces row by row, and their size.
fn tiles(picture: &Pixels<'_>, columns: u32, rows: u32) -> Vec<(Coded, u32, u32)> {
    let (width, height) = (picture.width / columns, picture.height / rows);
    let bytes = if picture.deep { 6 } else { 3 };
    let line = (picture.width * bytes) as usize;
    let tile = |n: u32| {
        let (left, top) = ((n % columns * width * bytes) as usize, (n / columns * height) as usize);
        let rows = picture.rgb.chunks(line).skip(top).take(height as usize);
        let rgb: Vec<u8> =
            rows.flat_map(|row| &row[left..left + (width * bytes) as usize]).copied().collect();
        (Coded::new(&Pixels { width, height, rgb: &rgb, deep: picture.deep }), width, height)
    };
    (0..columns * rows).map(tile).collect()
}

/// A picture in HEVC, without loss.
#[derive(Clone)]
struct Coded {
    /// Parameter sets: of the video, the sequence, the picture.
    sets: Vec<Vec<u8>>,
    data: Vec<u8>,
    deep: bool,
}

impl Coded {
    fn new(picture: &Pixels<'_>) -> Self {
        let stream = hevc(picture);
        let (mut sets, mut data) = (Vec::new(), Vec::new());
        for unit in units(&stream) {
            match unit[0] >> 1 & 0x3f {
                32..=34 => sets.push(unit.to_vec()),
                0..=31 => {
                    data.extend(number(unit.len()));
                    data.extend(unit);
                }
                _ => {}
            }
        }
        Self { sets, data, deep: picture.deep }
    }

    fn with(mut self, second: Option<(Place, (u32, u32))>) -> Self {
        let Some((place, size)) = second else { return self };
        let mut sets = self.sets.clone();
        let pps = sets.pop().expect("the last one");
        let sps = resized(sets.last().expect("before it"), size);
        match place {
            Place::Record => self = Self { sets: [sets, vec![sps, pps]].concat(), ..self },
            Place::Picture => {
                let units = [sps, pps].map(|unit| [&number(unit.len())[..], &unit].concat());
                self.data = [units.concat(), self.data].concat();
            }
        }
        self
    }

    fn hvcc(&self) -> Vec<u8> {
        let array = |unit: &Vec<u8>| {
            let len = u16::try_from(unit.len()).expect("short").to_be_bytes();
            [&[0x80 | unit[0] >> 1, 0, 1], &len[..], unit].concat()
        };
        let arrays: Vec<u8> = self.sets.iter().flat_map(array).collect();
        let profile = plain(&self.sets[1]);
        let depth = if self.deep { 2 } else { 0 };
        let format = [0xf0, 0, 0xfc, 0xfc | 3, 0xf8 | depth, 0xf8 | depth, 0, 0, 0x0f];
        let count = u8::try_from(self.sets.len()).expect("few");
        boxed("hvcC", &[&[1], &profile[3..15], &format, &[count], &arrays])
    }
}

/// A parameter set that says everything its model says, but for the size.
fn resized(sps: &[u8], (width, height): (u32, u32)) -> Vec<u8> {
    let bits: Vec<bool> =
        plain(sps).iter().flat_map(|byte| (0..8).rev().map(move |at| byte >> at & 1 == 1)).collect();
    let after = |at: usize| at + 2 * bits[at..].iter().take_while(|bit| !**bit).count() + 1;
    // The head, what is said of profiles, the number of the set, and the kind of its colours: 4:4:4, with a flag.
    let before = after(after(16 + 8 + 96)) + 1;
    let rest = after(after(before));
    let end = bits.iter().rposition(|bit| *bit).expect("a last one") + 1;
    let mut out = bits[..before].to_vec();
    for side in [width, height] {
        let count = (side + 1).ilog2();
        out.extend((0..count).map(|_| false));
        out.extend((0..=count).rev().map(|at| (side + 1) >> at & 1 == 1));
    }
    out.extend(&bits[rest..end]);
    let mut unit: Vec<u8> = Vec::new();
    for eight in out.chunks(8) {
        let byte = eight.iter().enumerate().fold(0_u8, |byte, (at, bit)| byte | u8::from(*bit) << (7 - at));
        if byte <= 3 && unit.ends_with(&[0, 0]) {
            unit.push(3);
        }
        unit.push(byte);
    }
    unit
}

/// One frame as a byte stream: 4:4:4, BT.709 matrix, full range, 8 or 10 bits.
fn hevc(picture: &Pixels<'_>) -> Vec<u8> {
    let size = format!("{}x{}", picture.width, picture.height);
    let (from, to) = if picture.deep { ("rgb48le", "yuv444p10le") } else { ("rgb24", "yuv444p") };
    let x265 = "lossless=1:log-level=none:info=0:aud=0:range=full:colormatrix=bt709";
    let mut ffmpeg = Command::new("ffmpeg")
        .args(["-v", "error", "-f", "rawvideo", "-pix_fmt", from, "-s", &size, "-i", "-", "-frames:v", "1"])
        .args(["-vf", "scale=out_color_matrix=bt709:out_range=full:flags=accurate_rnd+full_chroma_int"])
        .args(["-pix_fmt", to, "-c:v", "libx265", "-x265-params", x265, "-f", "hevc", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("ffmpeg runs");
    let mut input = ffmpeg.stdin.take().expect("piped");
    let rgb = picture.rgb.to_vec();
    let feed = thread::spawn(move || input.write_all(&rgb));
    let output = ffmpeg.wait_with_output().expect("ffmpeg ends");
    feed.join().expect("no panic").expect("ffmpeg reads");
    assert!(output.status.success());
    output.stdout
}

/// The NAL units between start codes.
fn units(stream: &[u8]) -> Vec<&[u8]> {
    let starts: Vec<usize> =
        (0..stream.len()).filter(|at| stream[*at..].starts_with(&[0, 0, 1])).map(|at| at + 3).collect();
    let ends = starts.iter().skip(1).map(|next| next - 3).chain([stream.len()]);
    let unit = |(start, end): (&usize, usize)| {
        let mut unit = &stream[*start..end];
        while let [rest @ .., 0] = unit {
            unit = rest;
        }
        unit
    };
    starts.iter().zip(ends).map(unit).collect()
}

/// Without the bytes that keep start codes out.
fn plain(unit: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::with_capacity(unit.len());
    let mut zeros = 0;
    for byte in unit {
        if zeros >= 2 && *byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if *byte == 0 { zeros + 1 } else { 0 };
        out.push(*byte);
    }
    out
}

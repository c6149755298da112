//! What decoding a HEIC would cost by its own words, added up before anything of it is decoded.
//!
//! libheif compares one sequence parameter set of a picture with the size that the file says, and older decoders take
//! no limits: another set, in the record or among the coded units, makes them allocate and work for whatever it claims.
//! And a picture can be put together from as many others as one likes, each as large as may be.
//!
//! **Invariant:** no real photo is refused: what phones store claims the size that it has, and uses each byte once.

use std::collections::{HashMap, HashSet};

use libheif_rs::{HeifContext, ItemId};

use super::{damaged, items::Items, too_large};
use crate::{
    VideoError,
    media::{boxes::Head, hevc_sps, limits},
};

/// How much larger than the picture a set may be.
const LARGER: u64 = 4;
/// So many pixels cost nothing, however small the picture: thumbnails have large neighbours.
const SMALL: u64 = 16 << 20;
/// All pixels that are decoded for one picture: its pieces reach over its edges, and it has an alpha plane.
const WORK: u64 = 4 * limits::PIXELS;
/// Bytes of coded pictures that are looked at. Each byte of a real file belongs to one.
const BYTES: usize = 256 << 20;
/// Pictures made of pictures made of pictures.
const DEPTH: u32 = 8;

/// Whether it can be decoded at a bearable cost; `main` is the picture that is shown.
pub fn check(bytes: &[u8], context: &HeifContext<'_>, main: ItemId) -> Result<(), VideoError> {
    // Its parameter sets lie elsewhere, and nobody writes it.
    if inside(bytes, *b"mini").next().is_some() {
        return Err(super::unsupported());
    }
    let items = Items::read(bytes).ok_or_else(damaged)?;
    let most = area(context, main).saturating_mul(LARGER).clamp(SMALL, limits::PIXELS);
    let fits = |sizes: Result<Vec<(u32, u32)>, hevc_sps::Unclear>| {
        let sizes = sizes.map_err(|_| damaged())?;
        let small = |(width, height): &(u32, u32)| {
            *width <= limits::SIDE
                && *height <= limits::SIDE
                && u64::from(*width) * u64::from(*height) <= most
        };
        if sizes.iter().all(small) { Ok(()) } else { Err(too_large()) }
    };
    for record in records(bytes) {
        fits(hevc_sps::in_record(record))?;
    }
    let all = items.all();
    let mut looked_at = 0;
    for item in all.iter().filter(|item| &items.kind(**item) == b"hvc1") {
        let sizes = items.with_data(*item, |data| {
            looked_at += data.len();
            hevc_sps::in_picture(data)
        });
        fits(sizes)?;
        if looked_at > BYTES {
            return Err(too_large());
        }
    }
    // What is laid over the picture or goes with it is decoded as well.
    let with = all.iter().filter(|item| items.named(**item).iter().any(|named| named.items.contains(&main)));
    let mut work = Work { context, items: &items, known: HashMap::new(), open: HashSet::new() };
    let sum = with.fold(work.of(main, DEPTH), |sum, item| sum.saturating_add(work.of(*item, DEPTH)));
    if sum > WORK { Err(too_large()) } else { Ok(()) }
}

/// Pixels of a picture by the file's own words, not turned and not cropped.
fn area(context: &HeifContext<'_>, item: ItemId) -> u64 {
    context.image_handle(item).map_or(0, |picture| {
        let side = |side: i32| u64::try_from(side).unwrap_or(0);
        side(picture.ispe_width()) * side(picture.ispe_height())
    })
}

struct Work<'a> {
    context: &'a HeifContext<'a>,
    items: &'a Items<'a>,
    known: HashMap<ItemId, u64>,
    /// Those that are being added up: libheif finds circles by itself.
    open: HashSet<ItemId>,
}

impl Work<'_> {
    /// Pixels that are decoded for an item.
    fn of(&mut self, item: ItemId, depth: u32) -> u64 {
        if let Some(known) = self.known.get(&item) {
            return *known;
        }
        if depth == 0 || !self.open.insert(item) {
            return 0;
        }
        let named = self.items.named(item);
        let pieces = named.iter().filter(|named| &named.kind == b"dimg").flat_map(|named| &named.items);
        let pieces = pieces.fold(None, |sum: Option<u64>, piece| {
            Some(sum.unwrap_or(0).saturating_add(self.of(*piece, depth - 1)))
        });
        let work = pieces.unwrap_or_else(|| area(self.context, item));
        self.open.remove(&item);
        self.known.insert(item, work);
        work
    }
}

/// The `hvcC` records of the items.
///
/// Source: ISO/IEC 23008-12 9.3.1, ISO/IEC 14496-12 4.2.
fn records(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let metas = inside(bytes, *b"meta").filter_map(|meta| meta.get(4..));
    let properties = metas.flat_map(|meta| inside(meta, *b"iprp")).flat_map(|iprp| inside(iprp, *b"ipco"));
    properties.flat_map(|ipco| inside(ipco, *b"hvcC"))
}

/// What is in the boxes of this name, one after another.
fn inside(mut bytes: &[u8], name: [u8; 4]) -> impl Iterator<Item = &[u8]> {
    let boxes = std::iter::from_fn(move || {
        let head = Head::read(bytes)?;
        let rest = bytes.get(usize::try_from(head.len).ok()?..)?;
        let len = head.size.map_or(Some(rest.len()), |size| usize::try_from(size - head.len).ok())?;
        bytes = rest.get(len..).unwrap_or_default();
        Some((head.name, rest.get(..len.min(rest.len()))?))
    });
    boxes.filter(move |(found, _)| *found == name).map(|(_, body)| body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxed(name: &str, body: &[u8]) -> Vec<u8> {
        let size = u32::try_from(body.len() + 8).unwrap();
        [&size.to_be_bytes(), name.as_bytes(), body].concat()
    }

    #[test]
    fn records_are_found_however_their_boxes_are_written() {
        let long = [&[0, 0, 0, 1][..], b"hvcC", &18_u64.to_be_bytes(), b"bb"].concat();
        let last = [&[0; 4][..], b"hvcCccc"].concat();
        let ipco = boxed("ipco", &[boxed("hvcC", b"a"), boxed("ispe", b"hvcC"), long, last].concat());
        let meta = boxed("meta", &[vec![0; 4], boxed("iprp", &ipco)].concat());
        let file = [boxed("ftyp", b"heic"), meta.clone(), boxed("mdat", &meta)].concat();
        assert_eq!(records(&file).collect::<Vec<_>>(), [&b"a"[..], b"bb", b"ccc"]);
        assert_eq!(records(&file[..file.len() / 4]).count(), 0);
    }
}

//! Indexes of whole clips: however one is made, it is the same.

use std::{collections::HashMap, path::PathBuf, sync::Arc};

use limpet_testkit::clips::{self, Kind};

use super::{pass::Sparing, *};
use crate::{
    ByteSource, PlainFile,
    media::{avc_sps, colour},
};

fn sample(pts: i64, clean: bool, hidden: bool) -> Sample {
    Sample {
        pts,
        timed: true,
        dts: pts,
        pos: pts * 10,
        size: 1,
        duration: 0,
        clean,
        hidden,
        seen: true,
        frame: None,
    }
}

fn index(samples: &[(i64, bool, bool)]) -> Index {
    let samples = samples.iter().map(|(pts, clean, hidden)| sample(*pts, *clean, *hidden)).collect();
    Index::of_samples(samples, Timebase { num: 1, den: 10 })
}

#[test]
fn leading_pictures_start_one_key_frame_earlier() {
    // Decoding order: key 0, 2, 1; then an open GOP: key 5 with 3 and 4 shown before it, then 6.
    let index = index(&[
        (0, true, false),
        (2, false, false),
        (1, false, false),
        (5, true, false),
        (3, false, false),
        (4, false, false),
        (6, false, false),
    ]);
    let starts: Vec<usize> = index.frames.iter().map(|shown| shown.start).collect();
    assert_eq!(starts, [0, 0, 0, 0, 0, 3, 3]);
    assert_eq!(index.keys(), [0, 5]);
    let order: Vec<usize> = index.frames.iter().map(|shown| shown.sample).collect();
    assert_eq!(order, [0, 2, 1, 4, 5, 3, 6]);
}

#[test]
fn hidden_packets_have_no_number_and_time_starts_at_the_first_shown() {
    let index = index(&[(-2, true, true), (-1, false, true), (1, false, false), (2, false, false)]);
    assert_eq!(index.frames.len(), 2);
    assert_eq!(index.samples.first().and_then(|sample| sample.frame), None);
    assert_eq!(index.times(), [Micros(0), Micros(100_000)]);
    assert_eq!(index.container_time(0), Micros(100_000));
    assert_eq!(index.keys(), [] as [u32; 0]);
    assert_eq!(index.duration(), Micros(200_000));
    assert!(!index.vfr());
}

#[test]
fn frames_that_stay_longer_make_it_variable() {
    assert!(!index(&[(0, true, false), (33, false, false), (67, false, false)]).vfr());
    assert!(index(&[(0, true, false), (33, false, false), (99, false, false)]).vfr());
}

/// MP4 and QuickTime clips of every kind, and the real ones where they are.
fn clips() -> Vec<PathBuf> {
    let made = Kind::ALL.iter().map(|kind| clips::make(*kind, &clips::cache_dir()).unwrap());
    let real = std::env::var_os("LIMPET_REAL_CLIPS").map(|folder| std::fs::read_dir(folder).unwrap());
    let real = real.into_iter().flatten().map(|file| file.unwrap().path());
    let is_mp4 = |path: &PathBuf| {
        path.extension().is_some_and(|it| it.eq_ignore_ascii_case("mp4") || it.eq_ignore_ascii_case("mov"))
    };
    made.chain(real).filter(is_mp4).collect()
}

/// Everything that is known of a clip when it was opened and read one way.
fn known(mut demuxer: Demuxer, is_sparing: bool) -> Option<(String, Vec<Sample>)> {
    let mut scan = Scan::new(&demuxer.track);
    if is_sparing {
        let sparing = Sparing::of(&demuxer, &scan)?;
        pass::glance_through(&mut demuxer, &sparing, &mut scan, None, &mut || {}).unwrap();
    } else {
        pass::read_through(&mut demuxer, &mut scan, None, &mut || {}).unwrap();
    }
    let mut track = demuxer.track.clone();
    // Of how many pictures are held back only counts whether any are; of the format nothing but its range.
    track.facts.delay = track.facts.delay.min(1);
    let format = raw::pixel_format(std::mem::replace(&mut track.facts.pixel_format, 0));
    let range = colour::range_of(std::mem::replace(&mut track.facts.range, 0), format);
    track.facts.end = demuxer.end();
    let order = (scan.trusted, scan.packed, scan.leans_on_later, scan.tells_leaves());
    Some((format!("{track:?} {range:?} {order:?}"), scan.samples))
}

#[test]
fn however_a_clip_is_opened_and_read_the_same_is_known_of_it() {
    let mut compared: HashMap<(&str, bool), u32> = HashMap::new();
    for clip in clips() {
        let source: Arc<dyn ByteSource> = Arc::new(PlainFile::open(&clip).unwrap());
        let open = || Demuxer::open(Arc::clone(&source), None);
        let of_pictures = || Demuxer::of_pictures(Arc::clone(&source), None).unwrap();
        let Ok(well) = open() else { continue };
        let well = known(well, false).unwrap();
        let (codec, is_brief) = (of_pictures().track.codec.name(), of_pictures().is_brief());
        for other in [known(of_pictures(), false), known(open().unwrap(), true), known(of_pictures(), true)] {
            let Some(other) = other else { continue };
            assert!(other == well, "{}\n{}\n{}", clip.display(), other.0, well.0);
            *compared.entry((codec, is_brief)).or_default() += 1;
        }
    }
    for (codec, least) in [("h264", 30), ("hevc", 6)] {
        let count = compared.get(&(codec, true)).copied().unwrap_or(0);
        assert!(count >= least, "{compared:?}");
    }
}

/// B-frames of which neither the container nor the codec says that they are put in order, and no sound.
#[test]
fn an_order_that_nobody_tells_is_found_by_decoding() {
    let clip = std::fs::read(clips::make(Kind::BFrames, &clips::cache_dir()).unwrap()).unwrap();
    let right = build(&clip);
    let mut silent = clip;
    let find = |clip: &[u8], name: &[u8; 4]| clip.windows(4).position(|part| part == name);
    let times = find(&silent, b"ctts").unwrap();
    silent[times..times + 4].copy_from_slice(b"free");
    if let Some(sound) = find(&silent, b"soun") {
        let track = silent[..sound].windows(4).rposition(|part| part == b"trak").unwrap();
        silent[track..track + 4].copy_from_slice(b"free");
    }
    let record = find(&silent, b"avcC").unwrap() + 4;
    let says = |clip: &[u8]| avc_sps::in_record(&clip[record..]);
    let before = says(&silent).unwrap();
    assert!(before.reorders.is_some_and(|pictures| pictures > 0));
    // The bit that says that there is more to say.
    let quiet = (record * 8 + 12 * 8..record * 8 + 64 * 8).map(|bit| {
        let mut clip = silent.clone();
        clip[bit / 8] ^= 1 << (7 - bit % 8);
        clip
    });
    let quiet = quiet
        .filter(|clip| says(clip).is_some_and(|says| says.size == before.size && says.reorders.is_none()))
        .find(|clip| says(clip).is_some_and(|says| says.sar == (0, 1) && says.range.is_none()))
        .unwrap();
    let found = build(&quiet);
    let order = |index: &Index| index.frames.iter().map(|shown| shown.sample).collect::<Vec<_>>();
    assert_ne!(order(&right), (0..right.samples.len()).collect::<Vec<_>>());
    // FFmpeg loses some while it finds out how many it has to hold back.
    let mut rest = order(&right).into_iter();
    assert!(order(&found).iter().all(|shown| rest.any(|next| next == *shown)), "{:?}", order(&found));
    assert!(found.count() * 10 > right.count() * 9);
}

fn build(clip: &[u8]) -> Index {
    let source: Arc<dyn ByteSource> = Arc::new(clip.to_vec());
    Index::build(&mut Demuxer::of_pictures(source, None).unwrap(), None, &mut || {}).unwrap()
}

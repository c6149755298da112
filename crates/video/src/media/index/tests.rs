use std::{path::PathBuf, sync::Arc};

use limpet_testkit::clips::{self, Kind};

use super::*;
use crate::PlainFile;

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
fn known(mut demuxer: Demuxer, sparing: bool) -> Option<(String, Vec<Sample>)> {
    let mut scan = Scan::new(&demuxer.track);
    if sparing {
        let glance = scan.glance()?;
        let packets = boxes::packets(demuxer.source())?;
        demuxer.leave_out(&packets);
        glance_through(&mut demuxer, glance, &mut scan, None, &mut || {}).unwrap();
    } else {
        read_through(&mut demuxer, &mut scan, None, &mut || {}).unwrap();
    }
    let mut track = demuxer.track.clone();
    // The rest of a number says more only after decoding; only whether there is one counts. Of the format nothing
    // but the range counts, and that is asked for.
    track.facts.delay = track.facts.delay.min(1);
    let format = raw::pixel_format(std::mem::replace(&mut track.facts.pixel_format, 0));
    let range = crate::media::colour::range_of(std::mem::replace(&mut track.facts.range, 0), format);
    track.facts.end = demuxer.end();
    let order = (scan.trusted, scan.packed, scan.tells_leaves());
    Some((format!("{track:?} {range:?} {order:?}"), scan.samples))
}

#[test]
fn a_glance_at_a_clip_that_was_opened_quickly_sees_all_that_reading_it_does() {
    let mut compared = std::collections::HashMap::new();
    for clip in clips() {
        let source: Arc<dyn crate::ByteSource> = Arc::new(PlainFile::open(&clip).unwrap());
        let Ok(well) = Demuxer::open(Arc::clone(&source), None) else { continue };
        let well = known(well, false).unwrap();
        let quick = Demuxer::of_pictures(source, None).unwrap();
        let (codec, brief) = (quick.track.codec, quick.is_brief());
        let Some(quick) = known(quick, true) else { continue };
        assert!(quick == well, "{}\n{}\n{}", clip.display(), quick.0, well.0);
        *compared.entry((codec.name(), brief)).or_insert(0) += 1;
    }
    for (codec, least) in [("h264", 10), ("hevc", 2)] {
        let count = compared.get(&(codec, true)).copied().unwrap_or(0);
        assert!(count >= least, "{compared:?}");
    }
}

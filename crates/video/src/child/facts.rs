//! What the child says about a clip it has opened.

use ffmpeg_next::format::Pixel;
use limpet_model::Micros;
use limpet_wire::frames::{ClipIndex, Transfer};

use crate::{
    Probe, VideoError,
    media::{colour, demuxer::Track, index::Index, raw},
};

/// Facts for `limpet-cli probe` and the server.
pub fn probe(track: &Track, index: &Index) -> Result<Probe, VideoError> {
    let (width, height) = track.size();
    let (shown_width, shown_height) = track.shown_size();
    let format: Option<Pixel> = raw::pixel_format(track.facts.pixel_format);
    let transfer = match colour::transfer_of(track.facts.transfer) {
        Transfer::Hlg => "hlg",
        Transfer::Pq => "pq",
        Transfer::Sdr => "sdr",
    };
    Ok(Probe {
        container: track.container.clone(),
        codec: track.codec.name().into(),
        width,
        height,
        rotation: track.orientation.rotation,
        reflected: track.orientation.reflected,
        frames: index.count(),
        packets: u32::try_from(index.samples.len()).map_err(VideoError::internal)?,
        duration_us: index.duration().0,
        start_us: index.container_time(0).0,
        missing_us: index.cut_off().0,
        vfr: index.vfr(),
        transfer: transfer.into(),
        range: colour::range_of(track.facts.range, format),
        audio: track.audio.map(|(_, codec)| codec.name().into()),
        shown_width,
        shown_height,
        tracks: track.all.clone(),
    })
}

/// Facts for the review room. Of a clip that is still arriving nothing counts as missing.
pub fn describe(track: &Track, index: &Index, whole: bool) -> ClipIndex {
    let (width, height) = track.size();
    let (sar_num, sar_den) = track.sar();
    ClipIndex {
        width,
        height,
        sar_num,
        sar_den,
        rotation: track.orientation.rotation,
        reflected: track.orientation.reflected,
        timebase: track.timebase,
        times: index.times(),
        keys: index.keys(),
        duration: index.duration(),
        missing: if whole { index.cut_off() } else { Micros(0) },
        vfr: index.vfr(),
    }
}

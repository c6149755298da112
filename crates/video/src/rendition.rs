//! The copy of a clip that browsers play: H.264 and AAC in MP4, head first, upright, standard range.
//!
//! **Invariant:** frame times are the clip's own, counted from its first shown frame; none is added, and only
//! damaged ones are left out. Nothing touches a disk: bytes go out as they are made, and the head, for which
//! room was left at the front, is written last.

mod file;
mod picture;
mod sound;

use limpet_model::Timebase;

use crate::{
    VideoError,
    media::{
        demuxer::Demuxer,
        index::Index,
        reader::{Fresh, Reader},
    },
    render::{Renderer, fit},
};
use file::{Mp4, Write};
use picture::PictureEncoder;
use sound::Sound;

/// Writes the rendition of the clip that `reader` reads from its start; `sound` is the same clip opened again.
/// `tick` is called now and then while work goes on.
pub fn write(
    mut reader: Reader,
    mut sound: Demuxer,
    out: Box<Write>,
    tick: &mut dyn FnMut(),
) -> Result<(), VideoError> {
    let track = reader.demuxer().track.clone();
    let index = reader.index().clone();
    let times = Times { timebase: track.timebase, zero: index.frames.first().map_or(0, |shown| shown.pts) };
    let mut renderer = Renderer::new(&track);
    let (width, height) = fit(renderer.shown(), 1920, 1080);
    let size = (even(width), even(height));

    // The encoder is opened for the first picture, whose colours it has to name.
    let mut encoder: Option<PictureEncoder> = None;
    let mut out = Some(out);
    let mut mp4 = None;
    let mut voice = None;
    let mut last = None;
    while let Some(Fresh { sample, picture: decoded, .. }) = reader.next_picture(&mut || false)? {
        tick();
        let Some(frame) = index.samples.get(sample).and_then(|sample| sample.frame) else { continue };
        // Times in a file must grow; a frame at the time of the one before it comes a tick later.
        let pts = times.of(&index, frame);
        let pts = last.map_or(pts, |last: i64| pts.max(last + 1));
        last = Some(pts);
        let (upright, colour) = renderer.video(&decoded, size)?;
        if let Some(out) = out.take() {
            let opened = PictureEncoder::open(size, track.timebase, &index, colour)?;
            let length = index.duration().0 as f64 / 1e6;
            voice = Sound::open(&mut sound, times.zero_seconds(), length)?;
            mp4 = Some(Mp4::start(out, &opened, voice.as_ref(), &index)?);
            encoder = Some(opened);
        }
        let (Some(encoder), Some(mp4)) = (&mut encoder, &mut mp4) else { continue };
        encoder.encode(&upright, pts, times.duration(&index, frame))?;
        drain(encoder, mp4, voice.as_mut(), &mut sound, tick)?;
    }
    let (Some(mut encoder), Some(mut mp4)) = (encoder, mp4) else {
        return Err(VideoError::BadClip(
            "None of the pictures in this clip can be decoded, so there is no copy to play.".into(),
        ));
    };
    encoder.finish()?;
    drain(&mut encoder, &mut mp4, voice.as_mut(), &mut sound, tick)?;
    if let Some(voice) = &mut voice {
        voice.write_until(f64::INFINITY, &mut sound, &mut mp4, tick)?;
    }
    mp4.finish()
}

/// Writes the pictures that are ready, and the sound up to each.
fn drain(
    encoder: &mut PictureEncoder,
    mp4: &mut Mp4,
    mut voice: Option<&mut Sound>,
    sound: &mut Demuxer,
    tick: &mut dyn FnMut(),
) -> Result<(), VideoError> {
    while let Some(packet) = encoder.next_packet() {
        if let Some(voice) = voice.as_deref_mut() {
            voice.write_until(encoder.seconds(&packet), sound, mp4, tick)?;
        }
        mp4.write_picture(packet)?;
    }
    Ok(())
}

/// Times of the rendition: ticks of the clip, from its first shown frame.
struct Times {
    timebase: Timebase,
    zero: i64,
}

impl Times {
    fn of(&self, index: &Index, frame: u32) -> i64 {
        index.frames.get(frame as usize).map_or(0, |shown| shown.pts.saturating_sub(self.zero))
    }

    fn duration(&self, index: &Index, frame: u32) -> i64 {
        let own = index.frames.get(frame as usize).and_then(|shown| index.samples.get(shown.sample));
        let own = own.map_or(1, |sample| sample.duration.max(1));
        let next = index.frames.get(frame as usize + 1).map(|next| next.pts.saturating_sub(self.zero));
        next.map_or(own, |next| next.saturating_sub(self.of(index, frame)).max(1))
    }

    fn zero_seconds(&self) -> f64 {
        self.zero as f64 * f64::from(self.timebase.num) / f64::from(self.timebase.den.max(1))
    }
}

/// H.264 with 4:2:0 colour wants even sides.
fn even(side: u32) -> u32 {
    (side & !1).max(2)
}

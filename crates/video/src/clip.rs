//! A handle on one decoder child with one clip open.
//!
//! **Invariant:** what a child says is as untrusted as the clip it reads. Every answer has a limit that the
//! parent worked out itself, sizes are checked before they are used, and a child that breaks the rules or falls
//! silent is killed.

mod link;
mod patience;
mod program;
mod sound;

use std::{sync::Arc, time::Duration};

use limpet_model::{Micros, Pts};
use limpet_wire::frames::ClipIndex;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use crate::pipe::Length;
use crate::{
    ByteSink, ByteSource, Order, Picture, Probe, VideoError,
    media::limits,
    pipe::{Ask, Size, Taken},
};
pub use link::{Link, prepare};
pub use program::{HIDDEN_ARGUMENT, decode_with};

/// Bytes of pictures that a room keeps when nobody says otherwise.
pub const MEMORY: u64 = 384 << 20;
/// Longest side of a poster that is ever made.
const POSTER_SIDE: u32 = 4096;

/// One clip, open in a child of its own. Calls block; dropping it ends the child.
#[derive(Debug)]
pub struct Clip {
    link: Arc<Link>,
    /// Length in bytes, and the track that was asked for.
    what: (u64, Option<usize>),
    probe: Probe,
    index: ClipIndex,
}

/// What a child says about a clip that it has opened.
#[derive(Debug, Serialize, Deserialize)]
pub struct Opened {
    pub probe: Probe,
    pub index: ClipIndex,
}

/// A frame as a person sees it: full resolution, upright, square pixels, standard range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Still {
    /// What it shows.
    pub picture: Picture,
    /// Its time from the start of the clip, by the index that it was decoded by.
    pub at: Micros,
}

/// A frame and the hash of its picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameHash {
    /// Frame number in display order, from zero.
    pub frame: u32,
    /// Its time in the container's own time.
    pub time: Micros,
    /// Its time in the ticks of the clip's timebase.
    pub pts: Pts,
    /// MD5 of the picture; `None` when the frame is damaged and nothing can be decoded for it.
    pub md5: Option<[u8; 16]>,
}

/// What a child has used since it was started. `None` where the platform does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Processor time of all its threads, milliseconds.
    pub cpu_ms: Option<u64>,
    /// Most memory it had resident, bytes.
    pub peak_rss_bytes: Option<u64>,
    /// Pictures that came out of its decoders for frames, the same one as often as it did.
    pub decoded: u64,
}

impl Clip {
    /// Starts a child, opens the clip in it and indexes it by demuxing. Of a file with several tracks of pictures the
    /// main one is opened; the others are in [`Probe::tracks`].
    ///
    /// # Errors `BadClip` when it is not a clip that can be read, `TooLarge` when it is over a limit or takes too long,
    /// `Bytes` when the source fails, `ChildEnded` when the clip makes the decoder crash or hang.
    pub fn open(source: Arc<dyn ByteSource>) -> Result<Self, VideoError> {
        Self::open_one(source, None, None)
    }

    /// As [`Clip::open`], and gives up after this long, whatever the clip is.
    ///
    /// # Errors
    /// As [`Clip::open`].
    pub fn open_within(source: Arc<dyn ByteSource>, most: Duration) -> Result<Self, VideoError> {
        Self::open_one(source, None, Some(most))
    }

    /// Opens another track than the main one: `track` is the stream's number, as in [`Probe::tracks`].
    ///
    /// # Errors
    /// As [`Clip::open`], and `BadClip` when there is no such track.
    pub fn open_track(source: Arc<dyn ByteSource>, track: usize) -> Result<Self, VideoError> {
        Self::open_one(source, Some(track), None)
    }

    fn open_one(
        source: Arc<dyn ByteSource>,
        track: Option<usize>,
        most: Option<Duration>,
    ) -> Result<Self, VideoError> {
        let len = length(&*source)?;
        let most = most.unwrap_or(patience::to_open(len));
        Self::ask(Arc::new(Link::start(source)?), (len, track), Some(most), &Ask::Open { len, track })
    }

    fn ask(
        link: Arc<Link>,
        what: (u64, Option<usize>),
        most: Option<Duration>,
        ask: &Ask,
    ) -> Result<Self, VideoError> {
        let (_, json) = link.collect_within(most, ask, limits::INDEX_JSON)?;
        let Opened { probe, index } = serde_json::from_slice(&json).map_err(|_| link.distrust())?;
        let agrees = index.times.len() == probe.frames as usize
            && !index.times.is_empty()
            && matches!(index.rotation, 0 | 90 | 180 | 270)
            && limits::picture(index.width, index.height).is_ok()
            && index.keys.iter().all(|key| *key < probe.frames);
        if !agrees {
            return Err(link.distrust());
        }
        Ok(Self { link, what, probe, index })
    }

    /// Facts about the clip; serialises as what `limpet-cli probe` prints.
    pub fn probe(&self) -> &Probe {
        &self.probe
    }

    /// What stepping, scrubbing and drawing need.
    pub fn index(&self) -> &ClipIndex {
        &self.index
    }

    /// The frame shown at a time from the start of the clip: the last one that has begun.
    pub fn frame_at(&self, time: Micros) -> u32 {
        let begun = self.index.times.partition_point(|begins| *begins <= time);
        u32::try_from(begun.saturating_sub(1)).unwrap_or(u32::MAX)
    }

    /// Has the child serve the frame socket and returns its address, token included. Asking again returns the
    /// same address.
    pub fn serve_frames(&self) -> Result<String, VideoError> {
        self.link.serve(self.what, MEMORY)
    }

    /// A frame as a person sees it: full resolution, upright, square pixels, standard range.
    pub fn still(&self, frame: u32) -> Result<Picture, VideoError> {
        self.capture(frame).map(|still| still.picture)
    }

    /// A frame and its time. Of a clip that is still arriving the child may know more than [`Self::index`] does: what
    /// it knows by now counts, as it does on the frame socket.
    pub fn capture(&self, frame: u32) -> Result<Still, VideoError> {
        let (picture, value) = self.link.shown(&Ask::Still { frame }, limits::SIDE)?;
        let Taken { at, .. } = serde_json::from_value(value).map_err(|_| self.link.distrust())?;
        Ok(Still { picture, at })
    }

    /// How long the clip is by what is known of it by now.
    pub fn length(&self) -> Result<Length, VideoError> {
        let (length, _) = self.link.collect(&Ask::Length, 0)?;
        serde_json::from_value(length).map_err(|_| self.link.distrust())
    }

    /// A JPEG to show in place of the clip, its longest side at most `max_side` pixels, never enlarged.
    pub fn poster(&self, max_side: u32) -> Result<Vec<u8>, VideoError> {
        let max_side = max_side.clamp(16, POSTER_SIDE);
        self.link.picture(&Ask::Poster { max_side }, max_side)?.to_jpeg(85)
    }

    /// Writes a copy that browsers play: H.264 and AAC in MP4, head first, upright, standard range, at most
    /// 1920 by 1080. Frame times are those of the clip.
    ///
    /// # Errors `TooLarge` when it takes many times as long as the clip, after which the child is gone; `Bytes` when
    /// the source or the sink fails.
    pub fn rendition(&self, sink: &mut dyn ByteSink) -> Result<(), VideoError> {
        self.rendition_within(sink, patience::to_render(self.probe.duration_us))
    }

    /// As [`Clip::rendition`], and gives up after this long, whatever the clip is.
    ///
    /// # Errors
    /// As [`Clip::rendition`].
    pub fn rendition_within(&self, sink: &mut dyn ByteSink, most: Duration) -> Result<(), VideoError> {
        self.link.write_to(most, &Ask::Rendition, sink)
    }

    /// Visits every frame in an order through the review engine and hands over the MD5 of its picture in its
    /// native pixel format, planes packed without padding, before scaling: what FFmpeg's framemd5 hashes.
    pub fn hashes(&self, order: Order, each: &mut dyn FnMut(FrameHash)) -> Result<(), VideoError> {
        self.link.hashes(&Ask::Hashes { order }, self.probe.frames, each)
    }

    /// The MD5 of every frame as the frame socket sends its planes for that view size, decoded from the start
    /// to the end without a seek or a cache: what answers of the socket are checked against.
    pub fn views(
        &self,
        max_width: u32,
        max_height: u32,
        each: &mut dyn FnMut(FrameHash),
    ) -> Result<(), VideoError> {
        self.link.hashes(&Ask::Views { max_width, max_height }, self.probe.frames, each)
    }

    /// The same for the small copies that the frame socket sends while a hand moves.
    pub fn sketches(&self, each: &mut dyn FnMut(FrameHash)) -> Result<(), VideoError> {
        self.link.hashes(&Ask::Sketches, self.probe.frames, each)
    }

    /// What the child has used so far.
    pub fn usage(&self) -> Result<Usage, VideoError> {
        let (usage, _) = self.link.collect(&Ask::Usage, 0)?;
        serde_json::from_value(usage).map_err(|_| self.link.distrust())
    }
}

/// A clip whose frame socket is served before the clip is known: pictures come as soon as there are any.
#[derive(Debug)]
pub struct Review {
    link: Arc<Link>,
    len: u64,
    address: String,
}

impl Review {
    /// Starts a child and has it serve the frame socket, and keep so many bytes of pictures. That it is no clip is said
    /// on the socket, and by [`Self::clip`].
    pub fn open(source: Arc<dyn ByteSource>, memory: u64) -> Result<Self, VideoError> {
        let len = length(&*source)?;
        // One that was ready may have died while nobody looked.
        if let Some(ready) = Link::ready(Arc::clone(&source))? {
            match Self::within(ready, len, memory) {
                Err(VideoError::ChildEnded) => {}
                review => return review,
            }
        }
        Self::within(Link::start(source)?, len, memory)
    }

    fn within(link: Link, len: u64, memory: u64) -> Result<Self, VideoError> {
        let address = link.serve((len, None), memory)?;
        Ok(Self { link: Arc::new(link), len, address })
    }

    /// The address of the frame socket, token included.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Whether the child is gone.
    pub fn has_ended(&self) -> bool {
        self.link.has_ended()
    }

    /// The clip, once it is indexed. The socket goes on. The child ends when both are dropped.
    ///
    /// # Errors
    /// As for [`Clip::open`].
    pub fn clip(&self) -> Result<Clip, VideoError> {
        // A person waits for it and can go, and its bytes may still be on their way.
        Clip::ask(Arc::clone(&self.link), (self.len, None), None, &Ask::Facts)
    }
}

fn length(source: &dyn ByteSource) -> Result<u64, VideoError> {
    let len = source.len().map_err(|error| VideoError::bytes(&error))?;
    if len == 0 {
        return Err(VideoError::BadClip(
            "This file is empty: it has no bytes. It has to be sent again.".into(),
        ));
    }
    Ok(len)
}

impl Link {
    fn serve(&self, (len, track): (u64, Option<usize>), memory: u64) -> Result<String, VideoError> {
        let (address, _) = self.collect(&Ask::Serve { len, track, memory }, 0)?;
        let address: String = serde_json::from_value(address).map_err(|_| self.distrust())?;
        if !address.starts_with("ws://127.0.0.1:") {
            return Err(self.distrust());
        }
        Ok(address)
    }

    /// Asks for a picture, no side of it longer than `max_side`.
    pub(crate) fn picture(&self, ask: &Ask, max_side: u32) -> Result<Picture, VideoError> {
        self.shown(ask, max_side).map(|(picture, _)| picture)
    }

    /// A picture, and what was said with it.
    fn shown(&self, ask: &Ask, max_side: u32) -> Result<(Picture, Value), VideoError> {
        let most = usize::try_from(u64::from(max_side).pow(2).min(limits::PIXELS) * 3).unwrap_or(usize::MAX);
        let (value, rgb) = self.collect(ask, most)?;
        let Size { width, height } = Size::deserialize(&value).map_err(|_| self.distrust())?;
        let fits = (1..=max_side).contains(&width) && (1..=max_side).contains(&height);
        if !fits || rgb.len() as u64 != u64::from(width) * u64::from(height) * 3 {
            return Err(self.distrust());
        }
        Ok((Picture { width, height, rgb }, value))
    }

    fn hashes(&self, ask: &Ask, frames: u32, each: &mut dyn FnMut(FrameHash)) -> Result<(), VideoError> {
        let mut left = u64::from(frames);
        self.each_chunk(ask, &mut |chunk| {
            let record = FrameHash::decode(chunk).filter(|hash| hash.frame < frames && left > 0);
            let Some(record) = record else { return Err(self.distrust()) };
            left -= 1;
            each(record);
            Ok(())
        })?;
        Ok(())
    }
}

impl FrameHash {
    /// As it crosses the pipe: u32 frame, i64 microseconds, i64 pts, then the hash or nothing.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(36);
        out.extend_from_slice(&self.frame.to_le_bytes());
        out.extend_from_slice(&self.time.0.to_le_bytes());
        out.extend_from_slice(&self.pts.0.to_le_bytes());
        out.extend_from_slice(self.md5.as_ref().map_or(&[], <[u8; 16]>::as_slice));
        out
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (frame, rest) = bytes.split_first_chunk()?;
        let (time, rest) = rest.split_first_chunk()?;
        let (pts, rest) = rest.split_first_chunk()?;
        let md5 = if rest.is_empty() { None } else { Some(rest.try_into().ok()?) };
        Some(Self {
            frame: u32::from_le_bytes(*frame),
            time: Micros(i64::from_le_bytes(*time)),
            pts: Pts(i64::from_le_bytes(*pts)),
            md5,
        })
    }
}

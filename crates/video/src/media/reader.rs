//! Demuxer and decoder in step: packets in, pictures out, each with the packet it came from.
//!
//! Every packet goes to the decoder with its place in the index instead of its time, so a picture that comes
//! out names its packet, whatever the container's times are worth.
//!
//! **Invariant:** `at` is the packet that goes to the decoder next. Every packet is recognised as that one before it
//! goes, so a container whose seek lands elsewhere is noticed and read from further back. Where that fails the reader
//! stands nowhere, and nothing comes out before it has been rewound.

use std::sync::Arc;

use ffmpeg_next::{Dictionary, Error, Packet, codec, codec::discard::Discard, decoder, error::EAGAIN, frame};

use super::{demuxer::Demuxer, index::Index, limits};
use crate::{
    VideoError,
    child::{usage, watch::Watched},
};

/// Two hide the latency of one another; more only make a step wait.
const THREADS: &str = "2";
/// With that many threads the decoder complains about a packet so many packets later.
const LATE: usize = 2;
/// Packets passed over on the way to one before it is asked whether to give up.
const LOOK: usize = 64;

/// A picture that came out of the decoder.
pub struct Fresh {
    /// Its packet.
    pub sample: usize,
    /// The picture.
    pub picture: frame::Video,
    /// Whether the decoder had to make up a part of it, or of a picture it may lean on.
    pub hurt: bool,
}

/// Reads pictures of one clip, forward from any packet.
pub struct Reader {
    demuxer: Demuxer,
    decoder: decoder::Video,
    watched: Watched,
    index: Arc<Index>,
    packet: Packet,
    /// Whether `packet` is the one at `at`, read and not yet decoded.
    held: bool,
    at: usize,
    from: usize,
    /// Pictures that nothing leans on are left out before this packet.
    sparse_until: usize,
    /// And may have been left out before this one, since decoding began.
    hurried_to: usize,
    /// A damaged packet that what comes now may lean on.
    hurt_at: Option<usize>,
    drained: bool,
    /// Nothing is decoded after this packet: its picture comes sooner, and then nothing more.
    last: Option<usize>,
    /// Whether the bytes gave out before the last packet; the demuxer is of no more use then.
    cut_short: bool,
}

impl Reader {
    /// From the first packet of a demuxer that has not been read from.
    pub fn new(demuxer: Demuxer, index: Arc<Index>) -> Result<Self, VideoError> {
        let decoder = open_decoder(&demuxer)?;
        Ok(Self {
            demuxer,
            decoder,
            watched: Watched::new(),
            index,
            packet: Packet::empty(),
            held: false,
            at: 0,
            from: 0,
            sparse_until: 0,
            hurried_to: 0,
            hurt_at: None,
            drained: false,
            last: None,
            cut_short: false,
        })
    }

    /// From a demuxer that has been read from.
    pub fn after(demuxer: Demuxer, index: Arc<Index>) -> Result<Self, VideoError> {
        let mut reader = Self::new(demuxer, index)?;
        reader.lose_place();
        Ok(reader)
    }

    /// The index it reads by.
    pub fn index(&self) -> &Arc<Index> {
        &self.index
    }

    /// The demuxer, for what the index does not hold.
    pub fn demuxer(&self) -> &Demuxer {
        &self.demuxer
    }

    /// The packet that goes in next.
    pub fn at(&self) -> usize {
        self.at
    }

    /// The packet that decoding began at.
    pub fn from(&self) -> usize {
        self.from
    }

    /// The packet before which pictures may have been left out since decoding began.
    pub fn hurried_to(&self) -> usize {
        self.hurried_to
    }

    /// Reads by another index of the same clip from now on, and from nowhere: rewind next.
    pub fn read_by(&mut self, index: Arc<Index>) {
        self.index = index;
        self.lose_place();
    }

    /// Leaves out, up to a packet, the pictures that no other leans on, where the clip tells which they are. The
    /// picture of that packet is exact all the same, and comes sooner.
    pub fn hurry_to(&mut self, sample: usize) {
        if self.index.tells_leaves() {
            self.sparse_until = sample;
            self.hurried_to = self.hurried_to.max(if sample > self.at { sample } else { 0 });
        }
    }

    /// Decodes nothing after a packet, so that its picture does not wait for others. Going on takes a rewind.
    pub fn end_after(&mut self, sample: usize) {
        self.last = Some(sample);
    }

    /// Goes to a packet and starts decoding there. `over` is asked now and then whether to give up.
    ///
    /// # Errors
    /// `Superseded` when given up. After any error it stands nowhere: rewind again.
    pub fn rewind_to(&mut self, sample: usize, over: &mut dyn FnMut() -> bool) -> Result<(), VideoError> {
        self.decoder.flush();
        self.drained = false;
        (self.sparse_until, self.hurried_to) = (0, 0);
        self.hurt_at = None;
        self.last = None;
        if self.cut_short || self.at != sample {
            self.lose_place();
            if self.cut_short {
                self.demuxer = self.demuxer.reopen()?;
                self.cut_short = false;
            }
            self.reach(sample, over)?;
        }
        self.from = sample;
        Ok(())
    }

    /// The next picture in the decoder's order. `None` at the end. Before each packet `over` is asked whether to give
    /// up.
    ///
    /// # Errors
    /// `Superseded` when given up: the next call goes on where this one stopped.
    pub fn next_picture(&mut self, over: &mut dyn FnMut() -> bool) -> Result<Option<Fresh>, VideoError> {
        let mut picture = frame::Video::empty();
        loop {
            let busy = self.watched.begin();
            let received = self.decoder.receive_frame(&mut picture);
            drop(busy);
            match received {
                Ok(()) => {
                    usage::count_decoded();
                    let sample = picture.pts().and_then(|at| usize::try_from(at).ok());
                    if let Some(sample) = sample.filter(|at| *at < self.index.samples.len()) {
                        limits::picture(picture.width(), picture.height())?;
                        return Ok(Some(self.look_at(sample, picture)));
                    }
                }
                Err(Error::Other { errno: EAGAIN }) if over() => return Err(VideoError::Superseded),
                Err(Error::Other { errno: EAGAIN }) => self.feed()?,
                Err(Error::Eof) => return Ok(None),
                // A damaged picture. The decoder has taken it out; what comes after may be whole.
                Err(_) if self.drained => return Ok(None),
                Err(_) => {
                    self.note_damage(self.at.saturating_sub(LATE));
                    self.feed()?;
                }
            }
        }
    }

    fn look_at(&mut self, sample: usize, picture: frame::Video) -> Fresh {
        if picture.is_corrupt() || picture.has_decode_errors() {
            self.note_damage(sample);
        }
        let shown =
            self.index.samples.get(sample).and_then(|sample| self.index.frames.get(sample.frame? as usize));
        let start = shown.map_or(0, |shown| shown.start);
        let hurt = self.hurt_at.is_some_and(|at| (start..=sample).contains(&at));
        Fresh { sample, picture, hurt }
    }

    /// Keeps the first damage since the last packet that decoding can start at.
    fn note_damage(&mut self, at: usize) {
        let upto = self.index.samples.get(..=at).unwrap_or_default();
        let group = upto.iter().rposition(|sample| sample.clean).unwrap_or(0);
        if self.hurt_at.is_none_or(|known| known < group) {
            self.hurt_at = Some(at);
        }
    }

    fn feed(&mut self) -> Result<(), VideoError> {
        // What has not arrived yet counts as the end: going on from here takes a rewind.
        let arrived = self.index.samples.get(self.at).is_none_or(|sample| sample.seen)
            && self.last.is_none_or(|last| self.at <= last);
        if !self.held && arrived && !self.read_picture() {
            self.drained = true;
            if self.at < self.index.samples.len() {
                self.cut_short = true;
                return Err(unread());
            }
            // Refused only when it was already told.
            let _ = self.decoder.send_eof();
            return Ok(());
        }
        if !arrived {
            self.drained = true;
            let _ = self.decoder.send_eof();
            return Ok(());
        }
        if !self.index.is_at(&self.packet, self.at) {
            self.lose_place();
            return Err(VideoError::BadClip(
                "This clip reads differently each time; the file is damaged. The original clip is needed."
                    .into(),
            ));
        }
        let sparse = self.at < self.sparse_until;
        self.decoder.skip_frame(if sparse { Discard::NonReference } else { Discard::Default });
        let place = i64::try_from(self.at).ok();
        self.packet.set_pts(place);
        self.packet.set_dts(place);
        // What a damaged packet does to the decoder shows in what comes out.
        let busy = self.watched.begin();
        let sent = self.decoder.send_packet(&self.packet);
        drop(busy);
        if sent.is_err() {
            self.note_damage(self.at.saturating_sub(LATE));
        }
        self.held = false;
        self.at += 1;
        Ok(())
    }

    fn lose_place(&mut self) {
        self.held = false;
        self.at = self.index.samples.len();
        self.from = self.at;
    }

    /// Moves the demuxer so that `sample` is in hand: by the container's seek where that lands at or before it,
    /// otherwise from the start.
    fn reach(&mut self, sample: usize, over: &mut dyn FnMut() -> bool) -> Result<(), VideoError> {
        // MP4 seeks by presentation times, others by decoding times, and all by their own idea of key frames: each try
        // aims earlier.
        let upto = self.index.samples.get(..=sample).unwrap_or_default();
        let keys = upto.iter().rev().filter(|packet| packet.clean).take(3).map(|packet| packet.dts);
        let shown = upto.last().map(|packet| packet.pts);
        let aims: Vec<i64> = shown.into_iter().chain(keys).collect();
        for time in aims {
            if self.demuxer.seek_before(time) && self.advance_to(sample, None, over)? {
                return Ok(());
            }
        }
        self.demuxer = self.demuxer.reopen()?;
        if self.index.holes_before(sample) {
            return Err(unread());
        }
        if self.advance_to(sample, Some(0), over)? {
            return Ok(());
        }
        Err(VideoError::BadClip(
            "A part of this clip cannot be found again; the file is damaged. The original clip is needed."
                .into(),
        ))
    }

    /// Reads on until `sample` is in hand; false when it does not come. `next` is the place of the next packet where
    /// that is known; where it is not, the first packet that is recognised tells.
    fn advance_to(
        &mut self,
        sample: usize,
        mut next: Option<usize>,
        over: &mut dyn FnMut() -> bool,
    ) -> Result<bool, VideoError> {
        self.held = false;
        let mut read = 0_usize;
        while self.read_picture() {
            read += 1;
            if read.is_multiple_of(LOOK) && over() {
                return Err(VideoError::Superseded);
            }
            match next.or_else(|| self.index.locate(&self.packet)) {
                Some(here) if here > sample || !self.index.is_at(&self.packet, here) => return Ok(false),
                Some(here) if here == sample => {
                    self.at = sample;
                    self.held = true;
                    return Ok(true);
                }
                Some(here) => next = Some(here + 1),
                None => {}
            }
        }
        Ok(false)
    }

    fn read_picture(&mut self) -> bool {
        while self.demuxer.read(&mut self.packet) {
            if self.packet.stream() == self.demuxer.track.stream && self.packet.size() > 0 {
                return true;
            }
        }
        false
    }
}

fn unread() -> VideoError {
    VideoError::Bytes("A part of this clip could not be read just now. Try again.".into())
}

fn open_decoder(demuxer: &Demuxer) -> Result<decoder::Video, VideoError> {
    let track = &demuxer.track;
    let parameters = demuxer.parameters(track.stream).ok_or_else(VideoError::not_a_clip)?;
    let codec = codec::decoder::find(track.codec).ok_or_else(VideoError::not_a_clip)?;
    let context = codec::Context::from_parameters(parameters).map_err(|_| VideoError::not_a_clip())?;
    let mut options = Dictionary::new();
    options.set("threads", THREADS);
    options.set("thread_type", "frame");
    options.set("max_pixels", &limits::PIXELS.to_string());
    context
        .decoder()
        .open_as_with(codec, options)
        .and_then(codec::decoder::Opened::video)
        .map_err(|_| VideoError::not_a_clip())
}

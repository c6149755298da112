//! Opens a container on a byte source and chooses the track to review.
//!
//! **Invariant:** only the container and codec readers named here can ever run. The others of FFmpeg include
//! playlists and references that open files and addresses, and readers nobody tests against hostile files.

use std::{collections::HashSet, ops::Range, sync::Arc};

use ffmpeg_next::{
    Dictionary, Error, Packet, codec,
    codec::packet::side_data,
    format::{self, context},
    log, media,
};
use limpet_model::Timebase;

use super::{Stream, avc_sps, holes::Holes, limits, raw, raw::StreamFacts, tracks};
use crate::{ByteSource, Orientation, StillBrand, TrackFacts, VideoError};

/// What phones, cameras, messengers and browsers make.
const CONTAINERS: &str = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,flv,asf,ogg";
const CODECS: &str = "hevc,vp8,vp9,libvpx-vp9,libvpx,libdav1d,libaom-av1,av1,mjpeg,mpeg4,h263,mpeg1video,\
    mpeg2video,prores,wmv1,wmv2,wmv3,vc1,theora,aac,aac_latm,mp3float,mp3,mp2float,mp2,opus,libopus,vorbis,\
    libvorbis,flac,alac,ac3,eac3,amrnb,amrwb,libopencore_amrnb,libopencore_amrwb,pcm_s16le,pcm_s16be,pcm_s24le,\
    pcm_s24be,pcm_s32le,pcm_s32be,pcm_f32le,pcm_u8,pcm_s8,pcm_alaw,pcm_mulaw,adpcm_ima_wav,adpcm_ms,wmav1,\
    wmav2,wmapro";
/// Another, which FFmpeg decodes a picture of to know its format.
const AVC: &str = "h264";
/// Bytes that FFmpeg asks for at a time. Larger means fewer trips through the pipe, smaller less waste.
const READ_SIZE: usize = 128 << 10;

/// An open container and its main video track.
pub struct Demuxer {
    input: context::Input,
    source: Arc<dyn ByteSource>,
    /// The same, as FFmpeg reads it.
    read: Arc<Holes>,
    /// The track to review.
    pub track: Track,
    looks: Looks,
}

/// How much FFmpeg looks into the tracks of a container that it opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Looks {
    /// Until it knows them, decoding pictures for it.
    Well,
    /// At what the container says.
    Briefly,
}

impl Looks {
    fn options(self) -> Dictionary<'static> {
        let mut options = Dictionary::new();
        options.set("format_whitelist", CONTAINERS);
        options.set("protocol_whitelist", "");
        options.set("max_streams", "64");
        match self {
            Self::Well => options.set("codec_whitelist", &format!("{AVC},{CODECS}")),
            Self::Briefly => {
                options.set("codec_whitelist", CODECS);
                options.set("probesize", "32");
                options.set("fpsprobesize", "0");
            }
        }
        options
    }
}

/// The main video track, and what goes with it.
#[derive(Debug, Clone)]
pub struct Track {
    /// Number of the stream in the container.
    pub stream: usize,
    /// Seconds per tick.
    pub timebase: Timebase,
    /// `mp4`, `mov`, `webm`, ..
    pub container: String,
    /// Video codec.
    pub codec: codec::Id,
    /// What the container says of the picture.
    pub facts: StreamFacts,
    /// How it stands upright.
    pub orientation: Orientation,
    /// Sound, if there is any that can be decoded: number of the stream and codec.
    pub audio: Option<(usize, codec::Id)>,
    /// Every track of pictures that the file has, this one too.
    pub all: Vec<TrackFacts>,
}

impl Demuxer {
    /// Opens the container for the track with this number, or for the main one.
    pub fn open(source: Arc<dyn ByteSource>, wanted: Option<usize>) -> Result<Self, VideoError> {
        Self::with(source, wanted, Looks::Well)
    }

    /// The same for who wants no sound. Quicker where the container says of its pictures what FFmpeg decodes one for.
    pub fn of_pictures(source: Arc<dyn ByteSource>, wanted: Option<usize>) -> Result<Self, VideoError> {
        if is_mp4(&*source)
            && let Ok(brief) = Self::with(Arc::clone(&source), wanted, Looks::Briefly)
            && let Some(track) = brief.track.described()
        {
            return Ok(Self { track, ..brief });
        }
        Self::open(source, wanted)
    }

    fn with(source: Arc<dyn ByteSource>, wanted: Option<usize>, looks: Looks) -> Result<Self, VideoError> {
        quiet();
        // To FFmpeg a read that fails looks like the end of the clip.
        let read = Arc::new(Holes::new(Arc::clone(&source)));
        let stream = Stream::new(Arc::clone(&read) as Arc<dyn ByteSource>)
            .map_err(|error| VideoError::bytes(&error))?;
        let io = context::StreamIo::from_read_seek_with_capacity(stream, READ_SIZE)
            .map_err(VideoError::internal)?;
        let input = format::input_from_stream(io, None, Some(looks.options()));
        let mut input = input.map_err(|error| match error {
            Error::Other { errno } if errno == ffmpeg_next::error::ENOMEM => too_greedy(),
            _ if read.take_failure() => unread(),
            _ => not_readable(&*source),
        })?;
        let track = Track::find(&input, &*source, wanted)?;
        raw::read_only(&mut input, &[track.stream]);
        Ok(Self { input, source, read, track, looks })
    }

    /// The same clip, opened afresh.
    pub fn reopen(&self) -> Result<Self, VideoError> {
        let wanted = Some(self.track.stream);
        match self.looks {
            Looks::Well => Self::open(Arc::clone(&self.source), wanted),
            Looks::Briefly => Self::of_pictures(Arc::clone(&self.source), wanted),
        }
    }

    /// Whether it was opened by what the container says alone.
    #[cfg(test)]
    pub fn is_brief(&self) -> bool {
        self.looks == Looks::Briefly
    }

    /// The clip's bytes.
    pub fn source(&self) -> &dyn ByteSource {
        &*self.source
    }

    /// Has packets come with their places alone from here on: these ranges, in which nothing but packets lies, are
    /// zeros and cost nothing.
    pub fn leave_out(&mut self, packets: &[Range<u64>]) {
        self.read.pretend(packets);
    }

    /// How many packets the container's table lists so far, and how many bytes they take.
    pub fn listed(&mut self) -> (usize, u64) {
        raw::listed(&mut self.input, self.track.stream)
    }

    /// Where the track ends by what the container says, ticks. Certain once every packet has been read.
    pub fn end(&self) -> Option<i64> {
        raw::stream_facts(&self.input, self.track.stream).and_then(|facts| facts.end)
    }

    /// Has the sound come, and no pictures.
    pub fn only_audio(&mut self) {
        let wanted: Vec<usize> = self.track.audio.into_iter().map(|(stream, _)| stream).collect();
        raw::read_only(&mut self.input, &wanted);
    }

    /// The next packet of the wanted streams; false at the end, or where the file breaks off.
    pub fn read(&mut self, packet: &mut Packet) -> bool {
        loop {
            match packet.read(&mut self.input) {
                Ok(()) => return true,
                Err(Error::Other { errno }) if errno == ffmpeg_next::error::EAGAIN => {}
                Err(_) => return false,
            }
        }
    }

    /// Moves to a key frame at or before `dts`, if the container can.
    pub fn seek_before(&mut self, dts: i64) -> bool {
        raw::seek_before(&mut self.input, self.track.stream, dts)
    }

    /// Where the packets lie that the container's own table calls key frames.
    pub fn key_positions(&mut self) -> HashSet<i64> {
        raw::key_positions(&mut self.input, self.track.stream).into_iter().collect()
    }

    /// Moves to where a stream can be decoded from, at or before a time in its ticks, if the container can.
    pub fn seek_stream_before(&mut self, stream: usize, ticks: i64) -> bool {
        raw::seek_before(&mut self.input, stream, ticks)
    }

    /// Codec parameters of a stream.
    pub fn parameters(&self, stream: usize) -> Option<codec::Parameters> {
        self.input.stream(stream).map(|stream| stream.parameters())
    }

    /// Seconds per tick of a stream.
    pub fn timebase(&self, stream: usize) -> Option<Timebase> {
        self.input.stream(stream).map(|stream| timebase(&stream))
    }
}

impl Track {
    /// The same, when what the container says of the tracks is all there is to know of them.
    fn described(mut self) -> Option<Self> {
        // Which of them is the clip depends on their sizes.
        if self.all.iter().any(|track| track.readable && (track.width == 0 || track.height == 0)) {
            return None;
        }
        match self.codec {
            codec::Id::HEVC => (self.facts.pixel_format >= 0).then_some(self),
            // Others keep what they say of their pictures among these.
            codec::Id::H264 if self.facts.tag == u32::from_le_bytes(*b"avc1") => {
                let says =
                    avc_sps::in_record(&self.facts.extradata).filter(|says| says.size == self.size())?;
                if self.facts.sar.0 == 0 {
                    self.facts.sar = says.sar;
                }
                self.facts.range = says.range.unwrap_or(self.facts.range);
                self.facts.transfer = says.transfer.unwrap_or(self.facts.transfer);
                // How many pictures are held back, where nothing says it, only decoding tells.
                self.facts.delay = self.facts.delay.max(i32::try_from(says.reorders?).ok()?);
                Some(self)
            }
            _ => None,
        }
    }

    fn find(
        input: &context::Input,
        source: &dyn ByteSource,
        wanted: Option<usize>,
    ) -> Result<Self, VideoError> {
        let mut all = tracks::all(input, readable);
        let chosen = match wanted {
            Some(number) => all.iter_mut().find(|track| track.stream == number),
            None => tracks::main(&mut all),
        };
        let stream = chosen.and_then(|track| {
            track.chosen = true;
            input.stream(track.stream)
        });
        let stream = stream.ok_or_else(|| {
            VideoError::BadClip(match wanted {
                Some(number) => format!("This file has no video track {number}. Choose one that it has."),
                None => "This file has no video in it, only sound or data.".into(),
            })
        })?;
        let codec = stream.parameters().id();
        if !readable(codec) {
            return Err(VideoError::BadClip(format!(
                "This clip is coded as {}, which Limpet does not read. It is needed as MP4 (H.264 or HEVC).",
                codec.name()
            )));
        }
        let index = stream.index();
        let facts = raw::stream_facts(input, index).unwrap_or_default();
        let (width, height) = (facts.width.max(0).unsigned_abs(), facts.height.max(0).unsigned_abs());
        limits::picture(width, height)?;
        let timebase = timebase(&stream);
        if timebase.num <= 0 || timebase.den <= 0 {
            return Err(VideoError::not_a_clip());
        }
        Ok(Self {
            stream: index,
            timebase,
            container: container(input, source),
            codec,
            facts,
            orientation: orientation(&stream),
            audio: audio(input),
            all,
        })
    }

    /// Stored width and height, pixels.
    pub fn size(&self) -> (u32, u32) {
        (self.facts.width.max(1).unsigned_abs(), self.facts.height.max(1).unsigned_abs())
    }

    /// Sample aspect ratio, 1:1 where the file says nothing believable.
    pub fn sar(&self) -> (u32, u32) {
        match self.facts.sar {
            (num, den) if num > 0 && den > 0 && num / den < 10 && den / num < 10 => {
                (num.unsigned_abs(), den.unsigned_abs())
            }
            _ => (1, 1),
        }
    }

    /// Size as a person sees it: square pixels, upright. Pixels are only ever stretched.
    pub fn shown_size(&self) -> (u32, u32) {
        let (width, height) = self.size();
        let (num, den) = self.sar();
        let stretch = |side: u32, by: u32, of: u32| {
            let side = (u64::from(side) * u64::from(by) + u64::from(of) / 2) / u64::from(of.max(1));
            u32::try_from(side).unwrap_or(u32::MAX).clamp(1, limits::SIDE)
        };
        let (width, height) =
            if num >= den { (stretch(width, num, den), height) } else { (width, stretch(height, den, num)) };
        self.orientation.size(width, height)
    }
}

fn timebase(stream: &format::stream::Stream<'_>) -> Timebase {
    let rational = stream.time_base();
    Timebase { num: rational.numerator(), den: rational.denominator() }
}

fn orientation(stream: &format::stream::Stream<'_>) -> Orientation {
    let matrix = stream.side_data().find(|data| data.kind() == side_data::Type::DisplayMatrix);
    let Some(matrix) = matrix else { return Orientation::default() };
    let mut numbers = [0; 9];
    for (number, bytes) in numbers.iter_mut().zip(matrix.data().chunks_exact(4)) {
        *number = bytes.try_into().map_or(0, i32::from_ne_bytes);
    }
    Orientation::from_matrix(numbers)
}

fn audio(input: &context::Input) -> Option<(usize, codec::Id)> {
    input
        .streams()
        .map(|stream| (stream.index(), stream.parameters().medium(), stream.parameters().id()))
        .find(|(_, medium, codec)| *medium == media::Type::Audio && readable(*codec))
        .map(|(index, _, codec)| (index, codec))
}

fn readable(codec: codec::Id) -> bool {
    let wanted = |name: &str| CODECS.split(',').chain([AVC]).any(|known| known == name);
    codec::decoder::find(codec).is_some_and(|decoder| wanted(decoder.name()))
}

/// One word for the container. FFmpeg's names are families: the brand and the document type tell them apart.
fn container(input: &context::Input, source: &dyn ByteSource) -> String {
    let format = input.format();
    let family = format.name();
    if family.starts_with("mov,") {
        let brand = input.metadata();
        return if brand.get("major_brand").is_none_or(|brand| brand.starts_with("qt")) {
            "mov"
        } else {
            "mp4"
        }
        .into();
    }
    if family.starts_with("matroska,") {
        let mut head = [0; 64];
        let len = source.read_at(0, &mut head).unwrap_or(0);
        let webm = head.get(..len).unwrap_or_default().windows(4).any(|word| word == b"webm");
        return if webm { "webm" } else { "matroska" }.into();
    }
    family.split(',').next().unwrap_or(family).into()
}

/// Whether a file begins as MP4 and QuickTime do.
fn is_mp4(source: &dyn ByteSource) -> bool {
    let mut head = [0; 8];
    matches!(source.read_at(0, &mut head), Ok(8)) && head.ends_with(b"ftyp")
}

/// FFmpeg is silent unless somebody debugs it: what it says of a broken clip is no sentence for a person.
fn quiet() {
    let wanted = std::env::var("RUST_LOG").is_ok_and(|filter| filter.contains("ffmpeg"));
    log::set_level(if wanted { log::Level::Verbose } else { log::Level::Quiet });
}

fn unread() -> VideoError {
    VideoError::Bytes("The bytes of this clip could not be read. Try again.".into())
}

fn too_greedy() -> VideoError {
    VideoError::TooLarge(
        "This clip needs more memory than Limpet gives to one clip. A smaller copy is needed.".into(),
    )
}

/// Says what a file that is no clip looks like, where that helps.
fn not_readable(source: &dyn ByteSource) -> VideoError {
    let mut head = [0; 64];
    let len = source.read_at(0, &mut head).unwrap_or(0);
    let head = head.get(..len).unwrap_or_default();
    let sentence = match head {
        [b'%', b'P', b'D', b'F', ..] => "This file is a PDF document, not a video. Send it as a document.",
        [0xff, 0xd8, 0xff, ..] | [0x89, b'P', b'N', b'G', ..] => {
            "This file is a photo, not a video. Send it as a photo."
        }
        _ if StillBrand::of(head).is_some() => "This file is a photo, not a video. Send it as a photo.",
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => {
            "This video is cut off: its description is missing, usually because the copy was not finished. It \
             has to be sent again."
        }
        _ => {
            "This file is not a video that Limpet can read, or it is badly damaged. The original clip is needed."
        }
    };
    VideoError::BadClip(sentence.into())
}

//! Sound to AAC, 48 kHz, mono or stereo.
//!
//! **Invariant:** sound starts with the first shown frame and ends with the last: what was recorded before and after
//! is cut, a gap is filled with silence. Damaged sound never keeps the pictures from being written: it ends there.

use ffmpeg_next::{
    Dictionary, Packet, Rational, channel_layout::ChannelLayout, codec, decoder, encoder, filter,
};
use ffmpeg_next::{format::Sample, format::sample::Type, frame};

use super::file::Mp4;
use crate::{VideoError, media::demuxer::Demuxer};

const RATE: i32 = 48_000;
/// Samples a channel in one AAC frame.
const FRAME: usize = 1024;

/// From a clip's sound to AAC packets.
pub struct Sound {
    stream: usize,
    timebase: Rational,
    decoder: decoder::Audio,
    encoder: encoder::audio::Encoder,
    layout: ChannelLayout,
    graph: Option<filter::Graph>,
    /// Ticks of the source at the first shown frame.
    zero: i64,
    /// How long the pictures last, seconds.
    length: f64,
    /// Samples a channel that the encoder has been given.
    samples: i64,
    written: f64,
    ended: bool,
}

impl Sound {
    /// `None` when there is no sound that can be decoded.
    pub fn open(demuxer: &mut Demuxer, zero_seconds: f64, length: f64) -> Result<Option<Self>, VideoError> {
        let Some((stream, codec)) = demuxer.track.audio else { return Ok(None) };
        demuxer.only_audio();
        let (Some(parameters), Some(timebase)) = (demuxer.parameters(stream), demuxer.timebase(stream))
        else {
            return Ok(None);
        };
        let timebase = Rational::new(timebase.num, timebase.den.max(1));
        let Some(reader) = codec::decoder::find(codec) else { return Ok(None) };
        let opened = codec::Context::from_parameters(parameters).and_then(|context| {
            let mut decoder = context.decoder();
            decoder.set_packet_time_base(timebase);
            decoder.open_as(reader)?.audio()
        });
        let Ok(decoder) = opened else { return Ok(None) };
        if decoder.rate() == 0 || decoder.channels() == 0 {
            return Ok(None);
        }
        let layout = if decoder.channels() == 1 { ChannelLayout::MONO } else { ChannelLayout::STEREO };
        let encoder = open_encoder(layout)?;
        #[expect(clippy::cast_possible_truncation, reason = "saturates; such a time is not in any clip")]
        let zero = (zero_seconds / f64::from(timebase)).round() as i64;
        Ok(Some(Self {
            stream,
            timebase,
            decoder,
            encoder,
            layout,
            graph: None,
            zero,
            length,
            samples: 0,
            written: 0.0,
            ended: false,
        }))
    }

    /// The encoder, for the description of its stream.
    pub fn context(&self) -> &encoder::audio::Encoder {
        &self.encoder
    }

    /// Seconds per tick of its packets.
    pub fn timebase() -> Rational {
        Rational::new(1, RATE)
    }

    /// Writes sound up to a time.
    pub fn write_until(
        &mut self,
        seconds: f64,
        demuxer: &mut Demuxer,
        mp4: &mut Mp4,
        tick: &mut dyn FnMut(),
    ) -> Result<(), VideoError> {
        let mut packet = Packet::empty();
        while !self.ended && self.written < seconds {
            tick();
            if demuxer.read(&mut packet) {
                if packet.stream() == self.stream && self.decoder.send_packet(&packet).is_ok() {
                    self.filter_decoded();
                }
            } else {
                self.ended = true;
                if self.decoder.send_eof().is_ok() {
                    self.filter_decoded();
                }
                if let Some(mut source) = self.graph.as_mut().and_then(|graph| graph.get("in")) {
                    // An empty graph has nothing to flush.
                    let _ = source.source().flush();
                }
            }
            self.encode_filtered(mp4)?;
        }
        Ok(())
    }

    fn filter_decoded(&mut self) {
        let mut decoded = frame::Audio::empty();
        while self.decoder.receive_frame(&mut decoded).is_ok() {
            let Some(pts) = decoded.timestamp() else { continue };
            let pts = pts.saturating_sub(self.zero);
            // Nobody needs silence up to a time that the pictures never reach.
            if pts as f64 * f64::from(self.timebase) >= self.length {
                continue;
            }
            decoded.set_pts(Some(pts));
            if self.graph.is_none() {
                self.graph = graph(&decoded, self.timebase, self.layout, self.samples);
            }
            let source = self.graph.as_mut().and_then(|graph| graph.get("in"));
            if source.is_none_or(|mut source| source.source().add(&decoded).is_err()) {
                // The sound changed its kind in the middle; a new graph takes it from here.
                self.graph = None;
            }
        }
    }

    fn encode_filtered(&mut self, mp4: &mut Mp4) -> Result<(), VideoError> {
        let mut filtered = frame::Audio::empty();
        loop {
            let sink = self.graph.as_mut().and_then(|graph| graph.get("out"));
            if sink.is_none_or(|mut sink| sink.sink().frame(&mut filtered).is_err()) {
                break;
            }
            if self.encoder.send_frame(&filtered).is_err() {
                self.ended = true;
                break;
            }
            self.samples += i64::try_from(filtered.samples()).unwrap_or(0);
            self.write_encoded(mp4)?;
        }
        if self.ended {
            // Refused only when it has been told before.
            let _ = self.encoder.send_eof();
            self.write_encoded(mp4)?;
        }
        Ok(())
    }

    fn write_encoded(&mut self, mp4: &mut Mp4) -> Result<(), VideoError> {
        let mut packet = Packet::empty();
        while self.encoder.receive_packet(&mut packet).is_ok() {
            self.written = packet.pts().unwrap_or(0) as f64 / f64::from(RATE);
            mp4.write_sound(std::mem::replace(&mut packet, Packet::empty()))?;
        }
        Ok(())
    }
}

fn open_encoder(layout: ChannelLayout) -> Result<encoder::audio::Encoder, VideoError> {
    let codec =
        encoder::find_by_name("aac").ok_or_else(|| VideoError::internal("this FFmpeg has no AAC encoder"))?;
    let mut audio = codec::Context::new_with_codec(codec).encoder().audio().map_err(VideoError::internal)?;
    audio.set_rate(RATE);
    audio.set_channel_layout(layout);
    audio.set_format(Sample::F32(Type::Planar));
    audio.set_bit_rate(if layout.channels() == 1 { 96_000 } else { 128_000 });
    audio.set_time_base(Sound::timebase());
    audio.set_flags(codec::Flags::GLOBAL_HEADER);
    audio.open_as_with(codec, Dictionary::new()).map_err(VideoError::internal)
}

/// Decoded sound in, frames for the encoder out, from the sample `first` on without gaps. Whole numbers on the way:
/// they cannot hold what no encoder takes.
fn graph(
    decoded: &frame::Audio,
    timebase: Rational,
    layout: ChannelLayout,
    first: i64,
) -> Option<filter::Graph> {
    let channels = match decoded.channel_layout().bits() {
        0 => format!("channels={}", decoded.channels()),
        bits => format!("channel_layout=0x{bits:x}"),
    };
    let source = format!(
        "time_base={}/{}:sample_rate={}:sample_fmt={}:{channels}",
        timebase.numerator(),
        timebase.denominator(),
        decoded.rate(),
        decoded.format().name(),
    );
    let name = if layout.channels() == 1 { "mono" } else { "stereo" };
    let chain = format!(
        "aformat=sample_fmts=s16|s16p,aresample={RATE}:async=1:first_pts={first},\
         aformat=sample_fmts=fltp:sample_rates={RATE}:channel_layouts={name},asetnsamples=n={FRAME}:p=0"
    );
    let mut graph = filter::Graph::new();
    graph.add(&filter::find("abuffer")?, "in", &source).ok()?;
    graph.add(&filter::find("abuffersink")?, "out", "").ok()?;
    graph.output("in", 0).ok()?.input("out", 0).ok()?.parse(&chain).ok()?;
    graph.validate().ok()?;
    Some(graph)
}

//! Pictures to H.264, with what the installed FFmpeg and this machine offer.
//!
//! **Invariant:** picture times go in and come out in the clip's own ticks.

use std::collections::HashMap;

use ffmpeg_next::{Dictionary, Packet, Rational, codec, color, encoder, format::Pixel, frame};
use limpet_model::Timebase;

use crate::{
    VideoError,
    media::{colour::Colour, index::Index},
    render::Upright,
};

/// Encoders in order of preference, and their options. Installers ship an FFmpeg without x264.
const ENCODERS: [(&str, &[(&str, &str)]); 5] = [
    ("libx264", &[("preset", "veryfast"), ("crf", "22")]),
    ("h264_videotoolbox", &[("allow_sw", "1")]),
    ("h264_mf", &[]),
    ("libopenh264", &[]),
    ("h264_nvenc", &[]),
];
/// A key frame at least this often, frames: a browser that seeks decodes from there.
const KEY_EVERY: u32 = 60;

/// An open H.264 encoder.
pub struct PictureEncoder {
    encoder: encoder::video::Encoder,
    picture: frame::Video,
    timebase: Rational,
    durations: HashMap<i64, i64>,
}

impl PictureEncoder {
    /// Opens the first encoder that this machine has.
    pub fn open(
        size: (u32, u32),
        timebase: Timebase,
        index: &Index,
        colour: Colour,
    ) -> Result<Self, VideoError> {
        let timebase = Rational::new(timebase.num, timebase.den);
        let encoder = ENCODERS
            .iter()
            .find_map(|(name, options)| open(name, options, size, timebase, index, colour))
            .ok_or_else(|| {
                VideoError::internal(
                    "this FFmpeg has no H.264 encoder (libx264, libopenh264 or one of the platform's)",
                )
            })?;
        let picture = frame::Video::new(Pixel::YUV420P, size.0, size.1);
        Ok(Self { encoder, picture, timebase, durations: HashMap::new() })
    }

    /// The encoder, for the description of its stream.
    pub fn context(&self) -> &encoder::video::Encoder {
        &self.encoder
    }

    /// Seconds per tick of its packets.
    pub fn timebase(&self) -> Rational {
        self.timebase
    }

    /// Takes a picture and its time and length in ticks.
    pub fn encode(&mut self, upright: &Upright, pts: i64, duration: i64) -> Result<(), VideoError> {
        // The encoder may still hold the planes of the last one.
        let mut picture = frame::Video::new(Pixel::YUV420P, self.picture.width(), self.picture.height());
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        if (upright.width, upright.height) != (width, height) {
            return Err(VideoError::internal("a picture of another size"));
        }
        for (number, plane) in upright.planes.iter().enumerate() {
            let width = if number == 0 { width } else { width.div_ceil(2) };
            let stride = picture.stride(number);
            let rows = picture.data_mut(number).chunks_exact_mut(stride).zip(plane.chunks_exact(width));
            rows.for_each(|(to, from)| {
                if let Some(to) = to.get_mut(..width) {
                    to.copy_from_slice(from);
                }
            });
        }
        picture.set_pts(Some(pts));
        self.durations.insert(pts, duration);
        self.encoder.send_frame(&picture).map_err(VideoError::internal)?;
        self.picture = picture;
        Ok(())
    }

    /// No more pictures come.
    pub fn finish(&mut self) -> Result<(), VideoError> {
        self.encoder.send_eof().map_err(VideoError::internal)
    }

    /// A packet that is ready.
    pub fn next_packet(&mut self) -> Option<Packet> {
        let mut packet = Packet::empty();
        self.encoder.receive_packet(&mut packet).ok()?;
        if let Some(duration) = packet.pts().and_then(|pts| self.durations.remove(&pts)) {
            packet.set_duration(duration);
        }
        Some(packet)
    }

    /// When a packet is decoded, seconds.
    pub fn seconds(&self, packet: &Packet) -> f64 {
        packet.dts().unwrap_or(0) as f64 * f64::from(self.timebase)
    }
}

fn open(
    name: &str,
    options: &[(&str, &str)],
    (width, height): (u32, u32),
    timebase: Rational,
    index: &Index,
    colour: Colour,
) -> Option<encoder::video::Encoder> {
    let codec = encoder::find_by_name(name)?;
    let mut video = codec::Context::new_with_codec(codec).encoder().video().ok()?;
    video.set_width(width);
    video.set_height(height);
    video.set_format(Pixel::YUV420P);
    video.set_time_base(timebase);
    video.set_gop(KEY_EVERY);
    video.set_flags(codec::Flags::GLOBAL_HEADER);
    let (space, primaries, transfer) = if colour.matrix == 6 {
        (color::Space::SMPTE170M, color::Primaries::SMPTE170M, color::TransferCharacteristic::SMPTE170M)
    } else {
        (color::Space::BT709, color::Primaries::BT709, color::TransferCharacteristic::BT709)
    };
    video.set_colorspace(space);
    video.set_color_primaries(primaries);
    video.set_color_transfer_characteristic(transfer);
    video.set_color_range(color::Range::MPEG);
    let seconds = (index.duration().0.max(1)) as f64 / 1e6;
    let rate = (f64::from(index.count()) / seconds).clamp(1.0, 240.0);
    video.set_frame_rate(Some(Rational::from(rate)));
    if name != "libx264" {
        // These have no constant quality mode in common: a tenth of a bit for each pixel.
        let bits = f64::from(width) * f64::from(height) * rate * 0.1;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped first")]
        video.set_bit_rate(bits.clamp(500_000.0, 12_000_000.0) as usize);
    }
    let mut dictionary = Dictionary::new();
    for (key, value) in options {
        dictionary.set(key, value);
    }
    video.open_as_with(codec, dictionary).ok()
}

//! The MP4 file around pictures and sound.
//!
//! **Invariant:** the head stands before the media. Room for it is worked out beforehand from the number of
//! frames, generously: what is left over becomes a `free` box.

use std::io::{self, Seek, SeekFrom};

use ffmpeg_next::{Dictionary, Packet, Rational, format, format::context};

use super::{picture::PictureEncoder, sound::Sound};
use crate::{VideoError, media::index::Index};

/// Writes bytes at an offset.
pub type Write = dyn FnMut(u64, &[u8]) -> io::Result<()> + Send;

/// Bytes of head for each picture: its time, offset, size, place in a chunk, and whether it is a key frame.
const HEAD_PER_PICTURE: u64 = 48;
/// Bytes of head for each AAC frame.
const HEAD_PER_SOUND: u64 = 32;
/// Bytes of head without any.
const HEAD: u64 = 64 << 10;

/// An MP4 that is being written.
pub struct Mp4 {
    output: context::Output,
    picture_ticks: (Rational, Rational),
    sound_ticks: (Rational, Rational),
}

impl Mp4 {
    /// Writes what stands first.
    pub fn start(
        out: Box<Write>,
        picture: &PictureEncoder,
        sound: Option<&Sound>,
        index: &Index,
    ) -> Result<Self, VideoError> {
        let target = Target { out, at: 0, len: 0 };
        let io = context::StreamIo::from_write_seek_with_capacity(target, 256 << 10)
            .map_err(VideoError::internal)?;
        let mut output = format::output_to_stream(io, None, Some("mp4")).map_err(VideoError::internal)?;
        output
            .add_stream_with(picture.context())
            .map_err(VideoError::internal)?
            .set_time_base(picture.timebase());
        if let Some(sound) = sound {
            output
                .add_stream_with(sound.context())
                .map_err(VideoError::internal)?
                .set_time_base(Sound::timebase());
        }
        let seconds = u64::try_from(index.duration().0).unwrap_or(0) / 1_000_000 + 60;
        let sounds = if sound.is_some() { seconds * 48_000 / 1024 } else { 0 };
        let room = HEAD + u64::from(index.count()) * HEAD_PER_PICTURE + sounds * HEAD_PER_SOUND;
        let mut options = Dictionary::new();
        options.set("moov_size", &room.to_string());
        output.write_header_with(options).map_err(VideoError::internal)?;
        let ticks = |stream: usize, own: Rational| {
            (own, output.stream(stream).map_or(own, |stream| stream.time_base()))
        };
        let (picture_ticks, sound_ticks) = (ticks(0, picture.timebase()), ticks(1, Sound::timebase()));
        Ok(Self { output, picture_ticks, sound_ticks })
    }

    /// Writes a packet of pictures.
    pub fn write_picture(&mut self, packet: Packet) -> Result<(), VideoError> {
        self.write(packet, 0, self.picture_ticks)
    }

    /// Writes a packet of sound.
    pub fn write_sound(&mut self, packet: Packet) -> Result<(), VideoError> {
        self.write(packet, 1, self.sound_ticks)
    }

    /// Writes the head.
    pub fn finish(mut self) -> Result<(), VideoError> {
        self.output.write_trailer().map_err(VideoError::internal)
    }

    fn write(
        &mut self,
        mut packet: Packet,
        stream: usize,
        (own, file): (Rational, Rational),
    ) -> Result<(), VideoError> {
        packet.rescale_ts(own, file);
        packet.set_stream(stream);
        packet.set_position(-1);
        packet.write_interleaved(&mut self.output).map_err(VideoError::internal)
    }
}

/// The parent, as a file.
struct Target {
    out: Box<Write>,
    at: u64,
    len: u64,
}

impl io::Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (self.out)(self.at, bytes)?;
        self.at += bytes.len() as u64;
        self.len = self.len.max(self.at);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Target {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.len.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

//! The sound of a clip, decoded: samples as the file has them, each with its place.
//!
//! **Invariant:** a place is counted in samples at the sound's own rate from the first shown frame. After a seek
//! nothing comes out wrong from the time that was asked for on; what comes before it may. No piece is longer than
//! [`LONGEST_FRAME`], whatever a file claims.

use ffmpeg_next::{Packet, Rational, codec, decoder, frame};
use limpet_model::{Pts, Timebase};

use super::demuxer::Demuxer;

/// Before the time asked for, so that a decoder has settled: MP3 leans on packets before, Opus wants 80 ms.
const SETTLES: f64 = 0.3;
/// Further back, where a container overshoots.
const FURTHER_BACK: [f64; 3] = [0.0, 2.0, 10.0];
/// Sample rates that are believed.
const RATES: std::ops::RangeInclusive<u32> = 1_000..=384_000;
/// Longest piece of sound that is taken from a decoder at once, seconds.
const LONGEST_FRAME: u32 = 10;
/// Most samples in it.
const MOST_SAMPLES: u64 = 1 << 20;

/// Decodes the sound of a clip from anywhere.
pub struct Tape {
    demuxer: Demuxer,
    stream: usize,
    timebase: Timebase,
    decoder: decoder::Audio,
    /// The first shown frame.
    zero: (Pts, Timebase),
    /// Time of the first packet, ticks.
    first: Option<i64>,
    /// Read, and not yet decoded.
    pending: Option<Packet>,
    ended: bool,
}

/// A piece of sound.
pub struct Take {
    /// Place of its first sample.
    pub at: i64,
    /// The samples.
    pub frame: frame::Audio,
}

impl Tape {
    /// `None` when there is no sound that can be decoded.
    pub fn open(mut demuxer: Demuxer, zero: Pts) -> Option<Self> {
        let (stream, codec) = demuxer.track.audio?;
        let zero = (zero, demuxer.track.timebase);
        demuxer.only_audio();
        let (parameters, timebase) = (demuxer.parameters(stream)?, demuxer.timebase(stream)?);
        let reader = codec::decoder::find(codec)?;
        let mut decoder = codec::Context::from_parameters(parameters).ok()?.decoder();
        decoder.set_packet_time_base(Rational::new(timebase.num, timebase.den.max(1)));
        let decoder = decoder.open_as(reader).ok()?.audio().ok()?;
        let mut tape =
            Self { demuxer, stream, timebase, decoder, zero, first: None, pending: None, ended: false };
        tape.pending = tape.read();
        tape.first = tape.pending.as_ref().and_then(time);
        Some(tape)
    }

    /// Goes to where everything from this time on comes out right.
    pub fn seek(&mut self, seconds: f64) {
        let (zero, base) = self.zero;
        let zero = zero.0 as f64 * f64::from(base.num) / f64::from(base.den.max(1));
        let tick = f64::from(self.timebase.num) / f64::from(self.timebase.den.max(1));
        self.ended = false;
        for back in FURTHER_BACK {
            #[expect(clippy::cast_possible_truncation, reason = "saturates; such a time is not in any clip")]
            let wanted = ((seconds - SETTLES - back + zero) / tick).floor() as i64;
            if !self.demuxer.seek_stream_before(self.stream, wanted.max(self.first.unwrap_or(wanted))) {
                break;
            }
            self.decoder.flush();
            self.pending = self.read();
            let at = self.pending.as_ref().and_then(time);
            if at.is_some_and(|at| at <= wanted || self.first.is_some_and(|first| at <= first)) {
                return;
            }
        }
        // From the start it is right wherever one wants to go.
        if let Ok(mut demuxer) = self.demuxer.reopen() {
            demuxer.only_audio();
            self.demuxer = demuxer;
            self.decoder.flush();
            self.pending = self.read();
        }
    }

    /// The next piece; `None` at the end.
    pub fn next(&mut self) -> Option<Take> {
        let mut decoded = frame::Audio::empty();
        loop {
            if self.decoder.receive_frame(&mut decoded).is_ok() {
                match self.place(&decoded) {
                    Some(at) => return Some(Take { at, frame: decoded }),
                    None => continue,
                }
            }
            if self.ended {
                return None;
            }
            if let Some(packet) = self.pending.take().or_else(|| self.read()) {
                // What cannot be decoded is a gap.
                let _ = self.decoder.send_packet(&packet);
            } else {
                self.ended = true;
                if self.decoder.send_eof().is_err() {
                    return None;
                }
            }
        }
    }

    fn read(&mut self) -> Option<Packet> {
        let mut packet = Packet::empty();
        while self.demuxer.read(&mut packet) {
            if packet.stream() == self.stream {
                return Some(packet);
            }
        }
        None
    }

    /// Where a piece belongs; `None` when it has no place, or is not one to believe.
    fn place(&self, decoded: &frame::Audio) -> Option<i64> {
        let (rate, samples) = (decoded.rate(), u64::try_from(decoded.samples()).ok()?);
        let believable = RATES.contains(&rate)
            && (1..=u64::from(rate * LONGEST_FRAME)).contains(&samples)
            && samples <= MOST_SAMPLES
            && (1..=64).contains(&decoded.channels());
        let (zero, base) = self.zero;
        let [num, den] = [self.timebase.num, self.timebase.den.max(1)].map(i128::from);
        let [zero_num, zero_den] = [base.num, base.den.max(1)].map(i128::from);
        // Both times over one denominator, in samples, rounded to nearest.
        let ticks = i128::from(decoded.timestamp()?) * num * zero_den - i128::from(zero.0) * zero_num * den;
        let over = den * zero_den;
        let at = ticks.checked_mul(i128::from(rate))?.checked_add(over / 2)?.div_euclid(over);
        i64::try_from(at).ok().filter(|at| believable && at.unsigned_abs() < 1 << 50)
    }
}

fn time(packet: &Packet) -> Option<i64> {
    packet.pts().or(packet.dts())
}

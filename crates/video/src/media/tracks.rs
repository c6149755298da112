//! The tracks of pictures in a file, and which of them is the clip.
//!
//! Phones put more than one into a file: both cameras, a small copy, the moving part of a photo in two resolutions.
//!
//! **Invariant:** a picture attached to sound is no track, and a track that can be read comes before one that cannot.

use std::cmp::Reverse;

use ffmpeg_next::{codec, format::context, format::stream::Disposition, media};

use super::raw;
use crate::TrackFacts;

/// All of them, none chosen.
pub fn all(input: &context::Input, readable: fn(codec::Id) -> bool) -> Vec<TrackFacts> {
    let streams = input.streams().filter(|stream| {
        stream.parameters().medium() == media::Type::Video
            && !stream.disposition().contains(Disposition::ATTACHED_PIC)
    });
    streams
        .map(|stream| {
            let facts = raw::stream_facts(input, stream.index()).unwrap_or_default();
            let base = stream.time_base();
            let ticks = i128::from(stream.duration().max(0)) * 1_000_000 * i128::from(base.numerator());
            let codec = stream.parameters().id();
            TrackFacts {
                stream: stream.index(),
                codec: codec.name().into(),
                readable: readable(codec),
                width: facts.width.max(0).unsigned_abs(),
                height: facts.height.max(0).unsigned_abs(),
                duration_us: i64::try_from(ticks / i128::from(base.denominator().max(1))).unwrap_or(i64::MAX),
                default: stream.disposition().contains(Disposition::DEFAULT),
                chosen: false,
            }
        })
        .collect()
}

/// The one that the file says is shown by default; among several or none of those the one with the most pixels, then
/// the longest, then the first.
pub fn main(all: &mut [TrackFacts]) -> Option<&mut TrackFacts> {
    all.iter_mut().max_by_key(|track| {
        let pixels = u64::from(track.width) * u64::from(track.height);
        (track.readable, track.default, pixels, track.duration_us, Reverse(track.stream))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(tracks: [(bool, bool, u32, i64); 3]) -> Option<usize> {
        let mut all = Vec::new();
        for (stream, (readable, default, width, duration_us)) in tracks.into_iter().enumerate() {
            let codec = String::new();
            all.push(TrackFacts {
                stream,
                codec,
                readable,
                width,
                height: 10,
                duration_us,
                default,
                chosen: false,
            });
        }
        main(&mut all).map(|track| track.stream)
    }

    #[test]
    fn the_main_track_is_what_the_file_means() {
        let track = (true, true, 100, 5);
        assert_eq!(chosen([track, track, track]), Some(0), "the first of equals");
        assert_eq!(chosen([track, (true, false, 900, 5), track]), Some(0), "default before large");
        assert_eq!(chosen([track, (true, true, 900, 5), track]), Some(1), "large among defaults");
        assert_eq!(chosen([track, track, (true, true, 100, 6)]), Some(2), "long among equals");
        assert_eq!(chosen([(false, true, 900, 9), (true, false, 100, 5), (false, true, 100, 5)]), Some(1));
        assert_eq!(main(&mut []), None);
    }
}
